//! What a customer has, how it came to be, and how to get more.

use serde_json::{Value, json};

use super::{CURSOR, CUSTOMER_IN_BODY, CUSTOMER_IN_PATH, KEY_ONCE, LIMIT};
use crate::present::{at, camel, hundred_times, list, number, object, page, schema, text};
use crate::tool::{Effect, Field, Shape, To, Tool};

pub(super) static GET_WALLET: Tool = Tool {
    name: "chargly.get_wallet",
    title: "Read a balance",
    description: "Reads how many credits a customer can spend now. Costs nothing. Use it before you decide to spend, \
        or when a person asks what is left. balance is what is available: what is set aside by holds is not in it. A \
        customer never seen has 0, and no walletId yet.",
    method: "GET",
    path: "/v1/customers/{customer}/wallet",
    scope: "read",
    effect: Effect::Reads,
    fields: &[CUSTOMER_IN_PATH],
    output: || {
        let fields = [
            ("customerId", text("The customer")),
            ("walletId", text("The wallet's id; absent for a customer never seen")),
            ("balance", number("Credits that can be spent now")),
            ("unit", text("credits")),
        ];
        schema(fields, &["customerId", "balance", "unit"])
    },
    present: |answer, _| {
        Ok(object([
            ("customerId", at(answer, "/customer")),
            ("walletId", at(answer, "/wallet_id")),
            ("balance", at(answer, "/available")),
            ("unit", at(answer, "/unit")),
        ]))
    },
};

pub(super) static LIST_WALLET_HISTORY: Tool = Tool {
    name: "chargly.list_wallet_history",
    title: "Read a wallet's history",
    description: "Lists what moved a customer's balance, newest first: charges, purchases, expiries, reversals, each \
        with the balance after it. Costs nothing. Use it to explain a balance to a person. For sums over time use \
        chargly.get_usage.",
    method: "GET",
    path: "/v1/customers/{customer}/ledger",
    scope: "read",
    effect: Effect::Reads,
    fields: &[CUSTOMER_IN_PATH, LIMIT, CURSOR],
    output: || {
        let fields = [
            ("id", text("The line's id")),
            ("at", text("When, RFC 3339 in UTC")),
            ("kind", text("charge, capture, grant, expiry, void, reversal or refund")),
            ("label", text("What it was, in words for the customer")),
            ("credits", number("Credits, negative where they were taken")),
            ("balanceAfter", number("The balance after it")),
            ("eventId", text("The event that it belongs to")),
            ("grantId", text("The credits that came in or went")),
            ("orderId", text("The purchase that it belongs to")),
        ];
        page(&schema(fields, &["id", "at", "kind", "label", "credits", "balanceAfter"]))
    },
    present: |answer, _| Ok(list(answer, camel)),
};

pub(super) static LIST_CREDIT_PACKS: Tool = Tool {
    name: "chargly.list_credit_packs",
    title: "List credit packs",
    description: "Lists the packs of credits that customers can buy, in the order in which they are shown. Costs \
        nothing. Use it when a wallet falls short, to choose a pack for chargly.create_checkout. price is in whole \
        cents of currency. The list is empty where nothing is for sale.",
    method: "GET",
    path: "/v1/packs",
    scope: "read",
    effect: Effect::Reads,
    fields: &[],
    output: || {
        let fields = [
            ("id", text("The pack's id, for creditPackId of chargly.create_checkout")),
            ("name", text("What it is called")),
            ("credits", number("Credits that the buyer gets, with any bonus")),
            ("price", number("The price in cents")),
        ];
        let item = schema(fields, &["id", "name", "credits", "price"]);
        let items = json!({"type": "array", "items": item});
        schema([("items", items), ("currency", text("The currency of the prices, like usd"))], &["items"])
    },
    present: |answer, _| {
        let mut packs = list(answer, pack);
        if let Some(currency) = answer.pointer("/data/0/price/currency") {
            packs["currency"] = currency.clone();
        }
        Ok(packs)
    },
};

/// Sold by its code: the id of the HTTP door is one version's, and ends with the next.
fn pack(pack: &Value) -> Value {
    object([
        ("id", at(pack, "/code")),
        ("name", at(pack, "/name")),
        ("credits", sum(&pack["credits"], &pack["bonus_credits"])),
        ("price", hundred_times(&pack["price"]["amount"])),
    ])
}

/// Credits of a pack with its bonus: two decimals with up to six places, added by their digits.
fn sum(credits: &Value, bonus: &Value) -> Value {
    let micro = |decimal: &Value| {
        let text = decimal.to_string();
        let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
        format!("{whole}{part:0<6}").parse::<u64>().ok()
    };
    let sum = micro(credits).zip(micro(bonus)).and_then(|(credits, bonus)| credits.checked_add(bonus));
    let Some(sum) = sum else { return credits.clone() };
    let shown = format!("{}.{:06}", sum / 1_000_000, sum % 1_000_000);
    serde_json::from_str(shown.trim_end_matches('0').trim_end_matches('.')).unwrap_or_default()
}

pub(super) static CREATE_CHECKOUT: Tool = Tool {
    name: "chargly.create_checkout",
    title: "Make an address where a pack is paid",
    description: "Opens a purchase of a credit pack for a customer and gives the address where a person pays. It \
        takes no money and adds no credits by itself: show checkoutUrl to the person, who decides and pays there. The \
        credits come in when the payment has arrived; chargly.get_wallet shows them. Choose the pack by \
        chargly.list_credit_packs. The address is good for a day. Fails with not_found (no such pack), \
        payments_not_set_up, payment_provider_refused or payment_provider_unavailable.",
    method: "POST",
    path: "/v1/checkouts",
    scope: "meter",
    effect: Effect::Adds,
    fields: &[
        CUSTOMER_IN_BODY,
        Field::required(
            "creditPackId",
            To::Body("pack"),
            Shape::Text(64),
            "The pack's id, as chargly.list_credit_packs gives it",
        ),
        Field::optional(
            "successUrl",
            To::Body("success_url"),
            Shape::Text(2_000),
            "Where the buyer goes after paying; a page of the server if left out",
        ),
        Field::optional(
            "cancelUrl",
            To::Body("cancel_url"),
            Shape::Text(2_000),
            "Where the buyer goes after giving up",
        ),
        KEY_ONCE,
    ],
    output: || {
        let fields = [
            ("checkoutId", text("The checkout's id")),
            ("checkoutUrl", text("Where the person pays")),
            ("credits", number("Credits that come in once it is paid")),
        ];
        schema(fields, &["checkoutId", "checkoutUrl", "credits"])
    },
    present: |answer, _| {
        Ok(object([
            ("checkoutId", at(answer, "/id")),
            ("checkoutUrl", at(answer, "/url")),
            ("credits", at(answer, "/credits")),
        ]))
    },
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credits_of_a_pack_count_its_bonus() {
        for (credits, bonus, expected) in
            [("500", "0", "500"), ("500", "25", "525"), ("0.5", "0.25", "0.75"), ("0.5", "0.5", "1")]
        {
            let value = |text: &str| serde_json::from_str(text).expect("a number");
            assert_eq!(sum(&value(credits), &value(bonus)).to_string(), expected);
        }
        let pack = pack(&json!({"code": "a", "name": "A", "credits": 5, "bonus_credits": 1,
            "price": {"amount": "9.99", "currency": "usd"}}));
        assert_eq!(pack, json!({"id": "a", "name": "A", "credits": 6, "price": 999}));
    }
}
