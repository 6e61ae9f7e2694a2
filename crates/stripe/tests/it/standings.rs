//! Everything that an order can stand at, as the stand-in makes it happen.

use chargly_engine::payments::{
    OrderName, PaymentProvider as _, PaymentSeen, PaymentStanding, ReturnsStanding, Standing,
};
use chargly_fake_stripe::{Command, DisputeMove, Method, Presentment};

use crate::{Pair, named, new_refund, usd};

async fn standing(pair: &Pair, order: &OrderName) -> Standing {
    pair.stripe.standing(order).await.expect("a standing")
}

fn paying(session: &str, method: Method, tax: i64, discount: i64) -> Command {
    Command::Pay { session: session.to_owned(), method, tax, discount, presentment: None }
}

/// Dollars.
fn returns(refunded: &str, withdrawn: &str, disputed: &str) -> ReturnsStanding {
    ReturnsStanding {
        refunded_nano: usd(refunded).nano,
        withdrawn_nano: usd(withdrawn).nano,
        disputed_nano: usd(disputed).nano,
    }
}

#[tokio::test]
async fn order_that_nobody_paid_is_open_and_then_expired() {
    let pair = Pair::start().await;
    let order = named("ord_1", &pair.checkout("ord_1").await.reference);
    assert_eq!(standing(&pair, &order).await.payment, PaymentStanding::Open);
    let declined = Command::Fail { session: order.reference.clone().expect("a reference") };
    pair.fake.control(declined).await.expect("a declined card");
    assert_eq!(standing(&pair, &order).await.payment, PaymentStanding::Open);
    pair.fake.advance(3_600);
    assert_eq!(standing(&pair, &order).await.payment, PaymentStanding::Expired);
}

#[tokio::test]
async fn order_paid_by_card_is_paid_in_its_own_currency() {
    let pair = Pair::start().await;
    let reference = pair.checkout("ord_1").await.reference;
    let presentment = Some(Presentment { currency: "eur".to_owned(), amount: 1_840 });
    let pay = Command::Pay {
        session: reference.clone(),
        method: Method::Card,
        tax: 380,
        discount: 500,
        presentment,
    };
    pair.fake.control(pay).await.expect("an open checkout");
    let seen = PaymentSeen {
        subtotal: usd("20"),
        discount_nano: usd("5").nano,
        tax_nano: usd("3.80").nano,
        total_nano: usd("18.80").nano,
        payment: "pi_000001".to_owned(),
        is_live: false,
    };
    let expected = Standing { payment: PaymentStanding::Paid(seen), returns: ReturnsStanding::default() };
    assert_eq!(standing(&pair, &named("ord_1", &reference)).await, expected);
    let by_payment =
        OrderName { order: "ord_1".to_owned(), reference: None, payment: Some("pi_000001".to_owned()) };
    assert_eq!(standing(&pair, &by_payment).await, expected);
}

#[tokio::test]
async fn order_with_nothing_left_to_pay_is_paid_without_a_payment() {
    let pair = Pair::start().await;
    let reference = pair.checkout("ord_1").await.reference;
    pair.fake.control(paying(&reference, Method::Card, 0, 2_000)).await.expect("an open checkout");
    let PaymentStanding::Paid(seen) = standing(&pair, &named("ord_1", &reference)).await.payment else {
        panic!("it is paid");
    };
    assert_eq!((seen.payment.as_str(), seen.total_nano, seen.subtotal), ("", 0, usd("20")));
}

#[tokio::test]
async fn bank_debit_is_pending_until_its_money_comes() {
    let pair = Pair::start().await;
    let reference = pair.checkout("ord_1").await.reference;
    let order = named("ord_1", &reference);
    pair.fake.control(paying(&reference, Method::BankDebit, 0, 0)).await.expect("an open checkout");
    assert_eq!(standing(&pair, &order).await.payment, PaymentStanding::Pending);
    pair.fake.control(Command::Settle { session: reference }).await.expect("a debit on its way");
    assert!(matches!(standing(&pair, &order).await.payment, PaymentStanding::Paid(_)));
}

#[tokio::test]
async fn bank_debit_whose_money_does_not_come_has_failed() {
    let pair = Pair::start().await;
    let reference = pair.checkout("ord_1").await.reference;
    let order = named("ord_1", &reference);
    pair.fake.control(paying(&reference, Method::BankDebit, 0, 0)).await.expect("an open checkout");
    pair.fake.control(Command::Fail { session: reference }).await.expect("a debit on its way");
    assert_eq!(standing(&pair, &order).await.payment, PaymentStanding::Failed);
}

#[tokio::test]
async fn refunds_add_up_and_a_failed_one_counts_no_longer() {
    let pair = Pair::start().await;
    let order = pair.paid("ord_1").await;
    pair.stripe.refund(&new_refund(&order, "rfd_1", "8")).await.expect("a refund");
    assert_eq!(standing(&pair, &order).await.returns, returns("8", "0", "0"));
    let payment = order.payment.clone().expect("a payment");
    let refund = Command::Refund { payment, amount: Some(200), is_pending: true };
    let refund = pair.fake.control(refund).await.expect("a refund by hand");
    assert_eq!(standing(&pair, &order).await.returns, returns("10", "0", "0"));
    let refund = refund["id"].as_str().expect("an id").to_owned();
    pair.fake.control(Command::FailRefund { refund }).await.expect("a pending refund");
    assert_eq!(standing(&pair, &order).await.returns, returns("8", "0", "0"));
}

/// A dispute's life: what happens, and how the order stands after each step.
async fn dispute(
    is_inquiry: bool,
    amount: Option<i64>,
    opened: ReturnsStanding,
    steps: &[(DisputeMove, ReturnsStanding)],
) {
    let pair = Pair::start().await;
    let order = pair.paid("ord_1").await;
    let payment = order.payment.clone().expect("a payment");
    let dispute =
        pair.fake.control(Command::Dispute { payment, amount, is_inquiry }).await.expect("a dispute");
    assert_eq!(standing(&pair, &order).await.returns, opened, "opened");
    for (to, expected) in steps {
        let dispute = dispute["id"].as_str().expect("an id").to_owned();
        pair.fake.control(Command::MoveDispute { dispute, to: *to }).await.expect("a step that can be");
        assert_eq!(standing(&pair, &order).await.returns, *expected, "{to:?}");
    }
}

#[tokio::test]
async fn dispute_that_is_won_gives_everything_back() {
    dispute(
        false,
        None,
        returns("0", "0", "20"),
        &[
            (DisputeMove::Withdraw, returns("0", "20", "0")),
            (DisputeMove::Review, returns("0", "20", "0")),
            (DisputeMove::Win, returns("0", "0", "0")),
        ],
    )
    .await;
}

#[tokio::test]
async fn dispute_that_is_lost_keeps_what_it_took() {
    dispute(
        false,
        Some(500),
        returns("0", "0", "5"),
        &[(DisputeMove::Withdraw, returns("0", "5", "0")), (DisputeMove::Lose, returns("0", "5", "0"))],
    )
    .await;
}

#[tokio::test]
async fn inquiry_takes_no_money_unless_it_becomes_a_dispute() {
    let disputed = returns("0", "0", "20");
    dispute(
        true,
        None,
        disputed,
        &[(DisputeMove::Review, disputed), (DisputeMove::CloseInquiry, returns("0", "0", "0"))],
    )
    .await;
    dispute(
        true,
        None,
        disputed,
        &[
            (DisputeMove::Escalate, disputed),
            (DisputeMove::Withdraw, returns("0", "20", "0")),
            (DisputeMove::Reinstate, disputed),
            (DisputeMove::Prevent, returns("0", "0", "0")),
        ],
    )
    .await;
}
