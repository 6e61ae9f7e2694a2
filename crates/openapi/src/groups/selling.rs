//! Selling credits: packs, checkouts, orders, and the pages that buyers see.

use chargly_ledger::{PACK_CODE_BYTES_MAX, PACK_VALID_DAYS_MAX};

use crate::schema::Field;
use crate::vocabulary::*;

/// How asking a payment provider can fail.
const PROVIDER: &[chargly_api::ErrorCode] =
    &[PaymentsNotSetUp, PaymentProviderRefused, PaymentProviderUnavailable];

pub(super) fn group() -> Group {
    let (checkout_id, order_id) = ("The checkout.", "The order.");
    Group {
        name: "Selling credits",
        about: "Packs, checkouts and orders. A checkout and its order are one thing with two names, `chk_…` and \
                `ord_…`. *Test* has a pay page of its own, the sandbox, until it is connected to Stripe; *live* sells \
                nothing before that.",
        operations: vec![
            get("/v1/packs", "list_credit_packs", "List credit packs")
                .about("What is for sale, by `order`, then by code. All packs fit one page.")
                .needs(Scope::Read)
                .flag("all", "`true` to have the retired ones, too, behind the others.")
                .gives(page_of(named("Pack")), sample!("list_credit_packs")),
            get("/v1/packs/{code}", "get_credit_pack", "Get a credit pack")
                .about("A pack as it is now, with all its `versions`, the newest first.")
                .needs(Scope::Read)
                .path("code", text(), "The pack.")
                .gives(
                    gives(pack().into_iter().chain([must("versions", list(named("Pack")), "The newest first.")])),
                    sample!("get_credit_pack"),
                )
                .fails(&[NotFound]),
            put("/v1/packs/{code}", "put_credit_pack", "Make or change a credit pack")
                .about(
                    "Makes a pack, or publishes another version of it. The whole is sent; what is left out goes back to \
                     its default. Orders keep the version that they were placed with. The same once more changes \
                     nothing, and a retired pack stays retired. There may be 100 packs.",
                )
                .needs(Scope::Prices)
                .path(
                    "code",
                    code(PACK_CODE_BYTES_MAX, "^[a-z0-9_-]+$"),
                    "1–64 characters of `a-z`, `0-9`, `-` and `_`.",
                )
                .takes(
                    takes([
                        must("name", words_of_people(LABEL_BYTES_MAX), "What buyers call it."),
                        must("credits", some_credits(), "How many are paid for, more than 0."),
                        must(
                            "price",
                            money_taken(),
                            "What it costs before discount and tax, in the project's currency and in whole coins of it.",
                        ),
                        may("bonus_credits", credits_taken(), "How many come on top, at the same price."),
                        may(
                            "audience",
                            words_or_none(DESCRIPTION_BYTES_MAX),
                            "Who it is for, a sentence; Stripe's pay page shows it.",
                        ),
                        may("discount_line", words_or_none(LABEL_BYTES_MAX), "What is saved, one plain line."),
                        may(
                            "order",
                            within(-i64::from(i32::MAX), i32::MAX as usize),
                            "Where it stands, lower first; 0 if left out.",
                        ),
                        may("valid_days", valid_days(), "For how many days its credits are good; for ever if left out."),
                    ]),
                    r#"{"name":"Team","audience":"For a team.","credits":10000,"bonus_credits":500,"price":{"amount":"140","currency":"usd"},"order":3,"valid_days":365}"#,
                )
                .writes()
                .gives(named("Pack"), sample!("put_credit_pack")),
            post("/v1/packs/{code}/retire", "retire_credit_pack", "Retire a credit pack")
                .about(
                    "Takes a pack off the shelf, by a version that is not `active`. Orders that were placed can still \
                     be paid.",
                )
                .needs(Scope::Prices)
                .path("code", text(), "The pack.")
                .takes_nothing()
                .writes()
                .gives(named("Pack"), sample!("retire_credit_pack"))
                .fails(&[NotFound]),
            post("/v1/packs/{code}/restore", "restore_credit_pack", "Put a credit pack back")
                .about("As it was last, by another version.")
                .needs(Scope::Prices)
                .path("code", text(), "The pack.")
                .takes_nothing()
                .writes()
                .gives(named("Pack"), sample!("restore_credit_pack"))
                .fails(&[NotFound]),
            post("/v1/checkouts", "create_checkout", "Create a checkout")
                .about(
                    "Orders a pack for a customer, and answers where it is paid. What it costs comes from the pack, \
                     never from the caller. An address is good for a day at most. A repeat under the same key gets the \
                     same checkout.",
                )
                .needs(Scope::Meter)
                .takes(
                    takes([
                        must("customer", customer(), "Your own id of the customer."),
                        must("pack", text(), "The code of a pack for sale."),
                        may(
                            "success_url",
                            prose(URL_BYTES_MAX),
                            "Where the buyer is sent on to; a page of ours if left out. Its origin has to be among the \
                             `redirect_origins` of the settings; in *test* addresses of this machine are allowed, too.",
                        ),
                        may("cancel_url", prose(URL_BYTES_MAX), "The same for a buyer who gave up."),
                    ]),
                    r#"{"customer":"buyer_1","pack":"starter_500","idempotency_key":"cart-7731"}"#,
                )
                .keyed()
                .gives(
                    gives([
                        must("id", id("chk_"), ""),
                        must("order", id("ord_"), ""),
                        must("customer", text(), ""),
                        must("pack", text().or_null(), "The code."),
                        must("credits", credits(), "Bonus included."),
                        must("price", money(), "Before discount and tax."),
                        must("provider", text(), "`sandbox` or `stripe`."),
                        must("status", words(&["created"]), ""),
                        must("url", text().or_null(), "Where it is paid."),
                        must("expires_at", instant().or_null(), "Until when."),
                        must("created_at", instant(), ""),
                    ]),
                    sample!("create_checkout"),
                )
                .fails(PROVIDER)
                .fails(&[NotFound, TooManyOrders]),
            get("/v1/checkouts/{id}", "get_checkout", "Get a checkout")
                .about("How a checkout stands, as it is known here.")
                .needs(Scope::Read)
                .of("chk_", checkout_id)
                .gives(named("Checkout"), sample!("get_checkout")),
            post("/v1/checkouts/{id}/refresh", "refresh_checkout", "Refresh a checkout")
                .about(
                    "The same, after the provider was asked: for a success page that is opened before any notice has \
                     come. Where `status` is `paid`, the credits are in the wallet.",
                )
                .needs(Scope::Meter)
                .of("chk_", checkout_id)
                .takes_nothing()
                .gives(named("Checkout"), sample!("refresh_checkout"))
                .fails(PROVIDER),
            get("/v1/orders", "list_orders", "List orders")
                .about("Newest first. With a `status` a page may be short, and have a cursor.")
                .needs(Scope::Read)
                .query("customer", customer(), "Of this customer.")
                .query("status", order_status(), "Only these.")
                .paged()
                .asked("?customer=buyer_1")
                .gives(page_of(named("Order")), sample!("list_orders")),
            get("/v1/orders/{id}", "get_order", "Get an order")
                .about("An order, with what came for it and what of that went back.")
                .needs(Scope::Read)
                .of("ord_", order_id)
                .gives(named("Order"), sample!("get_order")),
            post("/v1/orders/{id}/refund", "refund_order", "Refund unused credits")
                .about(
                    "Pays unused credits of an order back. They are set aside at once, and leave the wallet when the \
                     provider has refunded; what it cannot be told now, it is told later. The amount is the credits' \
                     share of what the buyer paid, tax included, rounded down to a whole coin.",
                )
                .needs(Scope::Grant)
                .of("ord_", order_id)
                .may_take(
                    takes([
                        may("credits", some_credits(), "How many; all that are unused if left out."),
                        may("reason", reason(), "Why."),
                    ]),
                    r#"{"credits":300,"reason":"not needed any more","idempotency_key":"refund-7731"}"#,
                )
                .keyed()
                .gives(
                    gives([
                        must("id", id("rfd_"), ""),
                        must("order", id("ord_"), "What came of it stands there."),
                        must("customer", text(), ""),
                        must("status", words(&["started"]), ""),
                        must("credits", credits(), ""),
                        must("amount", money(), ""),
                        must("balance", balance(), "With the credits set aside."),
                        must("recorded_at", instant(), ""),
                    ]),
                    sample!("refund_order"),
                )
                .fails(PROVIDER)
                .fails(&[OrderNotPaid, RefundExceedsUnused, RefundGoesOn, NothingToRefund]),
            post("/v1/orders/{id}/release", "release_order", "Release an order that is held")
                .about(
                    "Accepts what came for an order that is `held`, and hands its credits out, at what was really paid. \
                     One held for `no_room` stays held until its wallet has room. Any other order stays as it is.",
                )
                .needs(Scope::Grant)
                .of("ord_", order_id)
                .takes_nothing()
                .gives(named("Order"), sample!("release_order"))
                .fails(PROVIDER),
            get("/v1/payment-providers", "list_payment_providers", "List who takes payments")
                .about(
                    "How this environment is connected: the provider of new orders first, then those that look after \
                     earlier ones; none where nothing can be sold. No secret is in it.",
                )
                .needs(Scope::Read)
                .gives(
                    gives([
                        must("paused", boolean(), "True after a restore, until `chargly resume-effects`."),
                        must(
                            "data",
                            list(gives([
                                must("provider", words(&["sandbox", "stripe"]), ""),
                                must("takes_orders", boolean(), "True for the one that new orders go to."),
                                must("mode", words(&["test", "live"]), "Whether it is for real money."),
                                must("address", text().or_null(), "Where it is; null for one within this server."),
                                must("api_version", text().or_null(), "The version of its API that is spoken."),
                                must(
                                    "webhook",
                                    gives([
                                        must("path", text(), ""),
                                        must("url", text(), "What to enter at the provider."),
                                        must("has_secret", boolean(), "Without one no notice is believed."),
                                        must("last_notice_at", instant().or_null(), "When its newest notice came in."),
                                    ])
                                    .or_null(),
                                    "Where it tells what happened; null where it tells nothing.",
                                ),
                            ])),
                            "",
                        ),
                    ]),
                    sample!("list_payment_providers"),
                ),
            post("/v1/payment-providers/{provider}/test", "test_payment_provider", "Test the connection to a provider")
                .about("Asks it once for something that changes nothing.")
                .needs(Scope::Grant)
                .path("provider", text(), "As the list names it.")
                .takes_nothing()
                .gives(
                    gives([
                        must("provider", text(), ""),
                        must(
                            "verdict",
                            words(&[
                                "good",
                                "key_refused",
                                "not_allowed",
                                "other_mode",
                                "unreachable",
                                "not_understood",
                            ]),
                            "`key_refused`: it does not know the key; `not_allowed`: a restricted key lacks a permission; \
                             `other_mode`: it speaks of the other kind of money.",
                        ),
                        must("said", text(), "In the provider's words or ours; empty where there is nothing to say."),
                        must("at", instant(), ""),
                    ]),
                    sample!("test_payment_provider"),
                )
                .fails(&[NotFound, Unavailable]),
            get("/v1/payment-notices", "list_payment_notices", "List what the payment provider told")
                .about("Newest first, with what became of each.")
                .needs(Scope::Admin)
                .query("state", words(&["received", "done", "parked", "failed"]), "Only these.")
                .paged()
                .asked("?state=parked")
                .gives(
                    page_of(gives([
                        must("id", text(), "In the provider's words."),
                        must("provider", text(), ""),
                        must("kind", text(), "In the provider's words."),
                        must("order", text().or_null(), "Where it names one itself."),
                        must(
                            "state",
                            words(&["received", "done", "parked", "failed"]),
                            "`received`: to be followed; `parked`: nobody here knows what it is about; `failed`: given \
                             up after some three days.",
                        ),
                        must("note", text(), "Why, in a sentence."),
                        must("tries", count(), ""),
                        must("live", boolean(), ""),
                        must("created_at", instant(), ""),
                        must("received_at", instant(), ""),
                        must("body", text(), "With what was known of card, account and buyer cut out."),
                    ])),
                    sample!("list_payment_notices"),
                )
                .fails(&[PaymentsNotSetUp]),
            post("/v1/stripe/webhook", "stripe_webhook", "Take a notice of Stripe")
                .about(
                    "Where Stripe tells what happened, for both environments: the signature over the raw body says \
                     which one is meant. 200 means that the notice is kept and will be followed, whatever happens to \
                     this server.",
                )
                .proven()
                .header("Stripe-Signature", text(), "Stripe's signature over the raw body.", true)
                .takes_as("application/json", any_object().with("additionalProperties", true), None)
                .gives(
                    gives([
                        must("received", boolean(), "Always true."),
                        must("state", words(&["done", "parked", "received"]), "What became of it."),
                    ]),
                    sample!("stripe_webhook"),
                )
                .fails(&[PaymentsNotSetUp, TooLarge, RequestTimeout, Overloaded, Internal]),
            page("/checkout/{environment}/{token}", "checkout_page", "The page that a buyer comes back to")
                .about(
                    "At whatever provider: it asks that provider, for 8 seconds at most, then sends the buyer on to the \
                     `success_url` or `cancel_url` of the checkout, or says itself what came of it. The token is the \
                     checkout's id and a proof that only this server can make. Whatever else stands behind the question \
                     mark is left alone.",
                )
                .query("canceled", text(), "With any value, the buyer gave up.")
                .query("stay", text(), "With any value, sends nobody on, and does not look again by itself.")
                .shows(200, "text/html", "What came of it.", None)
                .shows(303, "text/plain", "On to the shop's own page, in `Location`.", None),
            page("/sandbox/{environment}/{token}", "sandbox_page", "The sandbox's pay page")
                .about("Labelled as one on which no money moves.")
                .shows(200, "text/html", "The page.", None),
            post("/sandbox/{environment}/{token}", "press_in_sandbox", "Press a button of the sandbox")
                .about(
                    "Goes on to the page that says what came of that. A button that says nothing new changes nothing.",
                )
                .proven()
                .path("environment", text(), "`test`.")
                .path("token", text(), "The proof.")
                .takes_as(
                    "application/x-www-form-urlencoded",
                    takes([must(
                        "action",
                        words(&["pay", "decline", "pay_later", "arrive", "fail"]),
                        "`arrive` and `fail` for an order that is `pending`, the others for one that is `created`.",
                    )]),
                    None,
                )
                .shows(303, "text/plain", "On to what came of it, in `Location`.", None)
                .fails(&[UnsupportedMediaType, TooLarge, RequestTimeout, Overloaded, Internal]),
        ],
        schemas: schemas(),
    }
}

fn page(path: &'static str, id: &'static str, summary: &'static str) -> crate::operation::Operation {
    get(path, id, summary)
        .proven()
        .path("environment", text(), "`test` or `live`.")
        .path("token", text(), "The proof.")
        .fails(&[Internal, Overloaded])
}

fn order_status() -> Schema {
    words(&["created", "pending", "expired", "failed", "held", "paid"])
}

pub(crate) fn valid_days() -> Schema {
    within(1, PACK_VALID_DAYS_MAX as usize)
}

fn pack() -> Vec<Field> {
    vec![
        must("id", id("pck_"), "Of this version."),
        must("code", text(), ""),
        must("version", count(), ""),
        must("name", text(), ""),
        must("audience", text(), ""),
        must("credits", credits(), ""),
        must("bonus_credits", credits(), ""),
        must("price", money(), ""),
        must("discount_line", text(), ""),
        must("order", whole(), ""),
        must("valid_days", count().or_null(), "Null: for ever."),
        must("active", boolean(), "Whether it is for sale."),
        must("published_at", instant(), ""),
    ]
}

fn order() -> Vec<Field> {
    vec![
        must("customer", text(), ""),
        must("pack", text().or_null(), "The code."),
        must("pack_version", id("pck_").or_null(), ""),
        must("credits", credits(), "Bonus included."),
        must("price", money(), "Before discount and tax."),
        must("provider", text(), "`sandbox` or `stripe`."),
        must(
            "status",
            order_status(),
            "`created`; `pending`, the money is on its way; `expired` and `failed`, it will not come; `held`, it came \
             and waits for a person; `paid`, the credits are in the wallet, and stays so when it is refunded.",
        ),
        must("held_because", words(&["amount", "currency", "no_room"]).or_null(), ""),
        must(
            "payment",
            gives([
                must("subtotal", decimal(), ""),
                must("discount", decimal(), ""),
                must("tax", decimal(), ""),
                must("total", decimal(), ""),
                must("refunded", decimal(), "Of the total, so far."),
                must("withdrawn", decimal(), "Of the total, taken by disputes."),
                must("disputed", decimal(), "Of the total, under dispute and not taken."),
                must("currency", currency(), ""),
                must("reference", text(), "What the provider calls it."),
            ])
            .or_null(),
            "Null until money came.",
        ),
        must("grant_id", id("grt_").or_null(), "The lot of its credits."),
        must("credits_left", credits(), "What is left in it."),
        must("credits_refundable", credits(), "What of that is free."),
        must(
            "reclaimed",
            gives([
                must("credits_taken_back", credits(), "From the lot."),
                must("credits_lapsed", credits(), "Which had lapsed before."),
                must("credits_owed", credits(), ""),
                must("credits_uncollectable", credits(), ""),
                must("credits_set_aside", credits(), "For a dispute or a refund that goes on."),
            ]),
            "What followed money back.",
        ),
        must(
            "refund",
            gives([must("id", id("rfd_"), ""), must("credits", credits(), ""), must("amount", money(), "")])
                .or_null(),
            "The refund of yours that goes on.",
        ),
        must("placed_at", instant(), ""),
        must("changed_at", instant(), ""),
    ]
}

fn schemas() -> Vec<(&'static str, Schema)> {
    let checkout = [must("id", id("chk_"), ""), must("order", id("ord_"), "")];
    vec![
        ("Pack", gives(pack()).about("A version of a credit pack.")),
        (
            "Order",
            gives([must("id", id("ord_"), "")].into_iter().chain(order()))
                .about("An order of a credit pack."),
        ),
        (
            "Checkout",
            gives(checkout.into_iter().chain(order())).about("A checkout: its order under another name."),
        ),
    ]
}
