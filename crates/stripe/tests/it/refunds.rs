//! Refunds: once for one id, never more than there is.

use chargly_engine::payments::{NewRefund, OrderName, PaymentProvider as _, ProviderError};
use chargly_fake_stripe::Command;

use crate::{Pair, named, new_refund, usd};

fn refunded(pair: &Pair) -> i64 {
    pair.fake.object("ch_000001").expect("the charge")["amount_refunded"].as_i64().expect("an amount")
}

#[tokio::test]
async fn refund_carries_its_order_and_is_made_once() {
    let pair = Pair::start().await;
    let order = pair.paid("ord_1").await;
    for _ in 0..3 {
        pair.stripe.refund(&new_refund(&order, "rfd_1", "5")).await.expect("a refund");
    }
    assert_eq!(refunded(&pair), 500);
    assert_eq!(pair.fake.object("re_000001").expect("the refund")["metadata"]["order_id"], "ord_1");
    pair.stripe.refund(&new_refund(&order, "rfd_2", "5")).await.expect("another refund");
    assert_eq!(refunded(&pair), 1_000);
}

#[tokio::test]
async fn refund_is_made_once_even_after_stripe_has_forgotten_its_key() {
    let pair = Pair::start().await;
    let order = pair.paid("ord_1").await;
    pair.stripe.refund(&new_refund(&order, "rfd_1", "5")).await.expect("a refund");
    pair.fake.control(Command::ForgetKeys {}).await.expect("always");
    pair.stripe.refund(&new_refund(&order, "rfd_1", "5")).await.expect("the same refund");
    assert_eq!(refunded(&pair), 500);
}

#[tokio::test]
async fn refund_finds_the_payment_by_the_checkout() {
    let pair = Pair::start().await;
    let reference = pair.paid("ord_1").await.reference.expect("a reference");
    pair.stripe.refund(&new_refund(&named("ord_1", &reference), "rfd_1", "20")).await.expect("a refund");
    assert_eq!(refunded(&pair), 2_000);
}

#[tokio::test]
async fn refund_of_what_was_paid_back_already_is_no_error() {
    let pair = Pair::start().await;
    let order = pair.paid("ord_1").await;
    let payment = order.payment.clone().expect("a payment");
    pair.fake.control(Command::Refund { payment, amount: None, is_pending: false }).await.expect("by hand");
    pair.stripe.refund(&new_refund(&order, "rfd_1", "5")).await.expect("nothing left to do");
    assert_eq!(refunded(&pair), 2_000);
}

#[tokio::test]
async fn refund_of_more_than_is_left_is_refused() {
    let pair = Pair::start().await;
    let order = pair.paid("ord_1").await;
    let refused = pair.stripe.refund(&new_refund(&order, "rfd_1", "20.01")).await;
    assert!(matches!(refused, Err(ProviderError::Refused { .. })), "{refused:?}");
    let fraction = NewRefund { amount: usd("0.001"), ..new_refund(&order, "rfd_2", "1") };
    assert!(matches!(pair.stripe.refund(&fraction).await, Err(ProviderError::Refused { .. })));
    assert_eq!(refunded(&pair), 0);
}

#[tokio::test]
async fn refund_of_what_was_never_paid_is_unknown() {
    let pair = Pair::start().await;
    let order = named("ord_1", &pair.checkout("ord_1").await.reference);
    let nameless = OrderName { reference: None, ..order.clone() };
    for order in [order, nameless] {
        let refused = pair.stripe.refund(&new_refund(&order, "rfd_1", "5")).await;
        assert!(matches!(refused, Err(ProviderError::Unknown { .. })), "{refused:?}");
    }
}
