//! What is said to Stripe to start a checkout.
//!
//! The words follow from the order, the settings and our own address, never from the time at which it is asked: Stripe
//! gives the first answer again to the same words under the same key, and refuses other ones.

use chargly_engine::payments::{NewCheckout, ProviderError};
use sha2::{Digest as _, Sha256};

use crate::client::Params;
use crate::minor::to_minor;
use crate::objects::ORDER_FIELD;

/// How long Stripe lets a checkout be open, in milliseconds: half an hour to a day, of which five minutes are kept on
/// either side, for clocks that differ and for asking again.
const OPEN_MIN_MS: i64 = 35 * 60 * 1_000;
const OPEN_MAX_MS: i64 = (24 * 60 - 5) * 60 * 1_000;

/// Parameters of `POST /v1/checkout/sessions`.
pub(crate) fn session_params(checkout: &NewCheckout) -> Result<Params, ProviderError> {
    let NewCheckout { order, title, description, price, success_url, cancel_url, terms, .. } = checkout;
    let item = |name: &str| format!("line_items[0]{name}");
    let mut params: Params = Vec::new();
    let mut say = |name: String, value: &str| params.push((name, value.to_owned()));
    say("mode".to_owned(), "payment");
    say("client_reference_id".to_owned(), order);
    say(format!("metadata[{ORDER_FIELD}]"), order);
    // On the payment too, so that what is told of its charge, refunds and disputes can be traced.
    say(format!("payment_intent_data[metadata][{ORDER_FIELD}]"), order);
    say(item("[quantity]"), "1");
    say(item("[price_data][currency]"), price.currency.as_str());
    say(item("[price_data][unit_amount]"), &to_minor(*price)?.to_string());
    say(item("[price_data][product_data][name]"), title);
    if !description.is_empty() {
        say(item("[price_data][product_data][description]"), description);
    }
    say("success_url".to_owned(), success_url);
    say("cancel_url".to_owned(), cancel_url);
    say("expires_at".to_owned(), &expires_at_s(checkout).to_string());
    if terms.automatic_tax {
        say("automatic_tax[enabled]".to_owned(), "true");
        // On top of the price, whatever the account's default: the subtotal has to be what the order was sold for.
        say(item("[price_data][tax_behavior]"), "exclusive");
    }
    if terms.invoices {
        say("invoice_creation[enabled]".to_owned(), "true");
    }
    if terms.promotion_codes {
        say("allow_promotion_codes".to_owned(), "true");
    }
    Ok(params)
}

/// The key of a checkout in other words than the ones that the order's own key stands for.
pub(crate) fn key_of_words(checkout: &NewCheckout, params: &Params) -> String {
    let mut words = Sha256::new();
    for (name, value) in params {
        words.update(format!("{name}={value}\n"));
    }
    let hex: String = words.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{hex}", checkout.order)
}

fn expires_at_s(checkout: &NewCheckout) -> i64 {
    let open_ms = checkout.expires_at_ms.saturating_sub(checkout.placed_at_ms);
    checkout.placed_at_ms.saturating_add(open_ms.clamp(OPEN_MIN_MS, OPEN_MAX_MS)) / 1_000
}

#[cfg(test)]
mod tests {
    use chargly_engine::ledger::{Currency, Money};
    use chargly_engine::payments::CheckoutTerms;

    use super::*;

    const MINUTE_MS: i64 = 60_000;
    const NOON_MS: i64 = 1_800_000_000_000;

    fn checkout(terms: CheckoutTerms) -> NewCheckout {
        NewCheckout {
            order: "ord_1".to_owned(),
            title: "Power: 4,000 credits".to_owned(),
            description: String::new(),
            price: Money::parse("60", Currency::USD).expect("an amount"),
            success_url: "https://shop.example/thanks?session={CHECKOUT_SESSION_ID}".to_owned(),
            cancel_url: "https://shop.example/".to_owned(),
            placed_at_ms: NOON_MS,
            expires_at_ms: NOON_MS + 60 * MINUTE_MS,
            terms,
        }
    }

    fn said(checkout: &NewCheckout) -> Vec<String> {
        let params = session_params(checkout).expect("whole cents");
        params.iter().map(|(name, value)| format!("{name}={value}")).collect()
    }

    #[test]
    fn checkout_says_the_order_s_own_price_and_its_id_in_all_places() {
        assert_eq!(
            said(&checkout(CheckoutTerms::default())),
            [
                "mode=payment",
                "client_reference_id=ord_1",
                "metadata[order_id]=ord_1",
                "payment_intent_data[metadata][order_id]=ord_1",
                "line_items[0][quantity]=1",
                "line_items[0][price_data][currency]=usd",
                "line_items[0][price_data][unit_amount]=6000",
                "line_items[0][price_data][product_data][name]=Power: 4,000 credits",
                "success_url=https://shop.example/thanks?session={CHECKOUT_SESSION_ID}",
                "cancel_url=https://shop.example/",
                "expires_at=1800003600",
            ]
        );
    }

    #[test]
    fn terms_are_passed_on() {
        let terms = CheckoutTerms { automatic_tax: true, invoices: true, promotion_codes: true };
        let all = said(&NewCheckout { description: "Never expire".to_owned(), ..checkout(terms) });
        for expected in [
            "automatic_tax[enabled]=true",
            "line_items[0][price_data][tax_behavior]=exclusive",
            "invoice_creation[enabled]=true",
            "allow_promotion_codes=true",
            "line_items[0][price_data][product_data][description]=Never expire",
        ] {
            assert!(all.iter().any(|said| said == expected), "{expected}");
        }
    }

    #[test]
    fn end_is_kept_within_what_stripe_takes() {
        for (minutes, expected) in [(-5, 35), (0, 35), (35, 35), (36, 36), (1_435, 1_435), (10_000, 1_435)] {
            let expires_at_ms = NOON_MS + minutes * MINUTE_MS;
            let checkout = NewCheckout { expires_at_ms, ..checkout(CheckoutTerms::default()) };
            assert_eq!(expires_at_s(&checkout) - NOON_MS / 1_000, expected * 60, "{minutes}");
        }
    }

    #[test]
    fn price_of_fractions_of_a_cent_is_refused() {
        let price = Money::parse("0.005", Currency::USD).expect("an amount");
        let checkout = NewCheckout { price, ..checkout(CheckoutTerms::default()) };
        assert!(matches!(session_params(&checkout), Err(ProviderError::Refused { .. })));
    }
}
