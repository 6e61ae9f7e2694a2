//! Checkouts: started once, traced everywhere, ended.

use chargly_engine::payments::{About, CheckoutTerms, NewCheckout, PaymentProvider as _, ProviderError};
use chargly_stripe::STRIPE_VERSION;

use crate::{NOON_MS, Pair, named, new_checkout};

#[tokio::test]
async fn checkout_is_started_with_the_order_s_own_price_and_id() {
    let pair = Pair::start().await;
    let started = pair.checkout("ord_1").await;
    let session = pair.fake.object(&started.reference).expect("the session");
    assert_eq!(session["amount_subtotal"], 2_000);
    assert_eq!(session["currency"], "usd");
    assert_eq!(session["client_reference_id"], "ord_1");
    assert_eq!(session["metadata"]["order_id"], "ord_1");
    assert_eq!(session["url"], started.url.as_str());
    assert_eq!(started.expires_at_ms, NOON_MS + 3_600_000);
}

#[tokio::test]
async fn every_request_names_the_pinned_version() {
    let pair = Pair::start().await;
    pair.paid("ord_1").await;
    pair.stripe.check().await.expect("a good key");
    for request in pair.fake.requests() {
        assert_eq!(request["version"], STRIPE_VERSION);
    }
}

#[tokio::test]
async fn same_order_again_is_the_same_checkout() {
    let pair = Pair::start().await;
    let first = pair.checkout("ord_1").await;
    assert_eq!(pair.checkout("ord_1").await, first);
    assert_ne!(pair.checkout("ord_2").await.reference, first.reference);
}

#[tokio::test]
async fn same_order_in_other_words_is_a_checkout_of_its_own_and_the_same_one_again() {
    let pair = Pair::start().await;
    let first = pair.checkout("ord_1").await;
    let terms = CheckoutTerms { promotion_codes: true, ..CheckoutTerms::default() };
    let changed = NewCheckout { terms, ..new_checkout("ord_1") };
    let second = pair.stripe.start(&changed).await.expect("a checkout");
    assert_ne!(second.reference, first.reference);
    assert_eq!(pair.stripe.start(&changed).await, Ok(second));
    assert_eq!(pair.checkout("ord_1").await, first);
}

#[tokio::test]
async fn terms_of_the_operator_are_set_on_the_session() {
    let pair = Pair::start().await;
    let terms = CheckoutTerms { automatic_tax: true, invoices: true, promotion_codes: true };
    let started =
        pair.stripe.start(&NewCheckout { terms, ..new_checkout("ord_1") }).await.expect("a checkout");
    let session = pair.fake.object(&started.reference).expect("the session");
    assert_eq!(session["automatic_tax"]["enabled"], true);
    assert_eq!(session["invoice_creation"]["enabled"], true);
    assert_eq!(session["allow_promotion_codes"], true);
}

#[tokio::test]
async fn end_outside_of_what_stripe_takes_is_moved_into_it() {
    let pair = Pair::start().await;
    for (order, expires_at_ms) in [("ord_1", NOON_MS + 1), ("ord_2", NOON_MS + 7 * 86_400_000)] {
        let checkout = NewCheckout { expires_at_ms, ..new_checkout(order) };
        pair.stripe.start(&checkout).await.expect("a checkout");
    }
}

#[tokio::test]
async fn ended_checkout_cannot_be_paid_and_a_paid_one_cannot_be_ended() {
    let pair = Pair::start().await;
    let ended = pair.checkout("ord_1").await.reference;
    pair.stripe.expire(&ended).await.expect("an open checkout");
    assert!(pair.fake.pay(&ended).await.is_err());
    let paid = pair.paid("ord_2").await;
    let refused = pair.stripe.expire(&paid.reference.expect("a reference")).await;
    assert!(matches!(refused, Err(ProviderError::Refused { .. })), "{refused:?}");
}

#[tokio::test]
async fn order_is_found_by_payment_and_by_charge() {
    let pair = Pair::start().await;
    let payment = pair.paid("ord_1").await.payment.expect("a payment");
    let charge = pair.fake.object(&payment).expect("the payment")["latest_charge"].clone();
    let charge = charge.as_str().expect("a charge").to_owned();
    for (about, expected) in [
        (About::Order("ord_9".to_owned()), Some("ord_9")),
        (About::Payment(payment), Some("ord_1")),
        (About::Charge(charge), Some("ord_1")),
        (About::Payment("pi_unknown".to_owned()), None),
        (About::Charge("ch_unknown".to_owned()), None),
        (About::Payment("../events".to_owned()), None),
        (About::Nothing, None),
    ] {
        assert_eq!(pair.stripe.order_of(&about).await, Ok(expected.map(str::to_owned)), "{about:?}");
    }
}

#[tokio::test]
async fn checkout_of_another_order_does_not_stand_for_this_one() {
    let pair = Pair::start().await;
    let other = pair.paid("ord_2").await;
    let reference = other.reference.expect("a reference");
    let standing = pair.stripe.standing(&named("ord_1", &reference)).await;
    assert_eq!(standing, Err(ProviderError::Unknown { what: "checkout of this order".to_owned() }));
}

#[tokio::test]
async fn checkout_that_stripe_does_not_know_is_unknown() {
    let pair = Pair::start().await;
    for reference in ["cs_test_unknown", "", "..", "a/b", "a?b"] {
        let standing = pair.stripe.standing(&named("ord_1", reference)).await;
        assert_eq!(standing, Err(ProviderError::Unknown { what: "checkout".to_owned() }), "{reference}");
    }
}
