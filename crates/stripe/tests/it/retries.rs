//! What fails on the way: asked again where that may help, and done once all the same.

use std::time::Duration;

use chargly_engine::payments::{PaymentProvider as _, ProviderError};
use chargly_fake_stripe::{FakeStripe, Fault};
use chargly_stripe::{Patience, Stripe};
use serde_json::Value;

use crate::{Pair, config, new_checkout, new_refund, patience};

fn inject(pair: &Pair, faults: &[Fault]) {
    for fault in faults {
        pair.fake.inject(*fault);
    }
}

#[tokio::test]
async fn what_may_pass_is_asked_again() {
    for faults in [
        &[Fault::Status(500)][..],
        &[Fault::Status(503)],
        &[Fault::Status(429)],
        &[Fault::Status(409)],
        &[Fault::Close],
        &[Fault::Status(500), Fault::Close, Fault::Status(429)],
    ] {
        let pair = Pair::start().await;
        inject(&pair, faults);
        let started = pair.stripe.start(&new_checkout("ord_1")).await.expect("at last");
        assert_eq!(started.reference, "cs_test_000001", "{faults:?}");
        assert!(pair.fake.object("cs_test_000002").is_none(), "{faults:?}");
    }
}

#[tokio::test]
async fn lost_answer_does_not_refund_twice() {
    let pair = Pair::start().await;
    let order = pair.paid("ord_1").await;
    pair.fake.inject_into_post(Fault::Close);
    pair.fake.inject_into_post(Fault::Close);
    pair.stripe.refund(&new_refund(&order, "rfd_1", "5")).await.expect("at last");
    let keys: Vec<Value> = pair
        .fake
        .requests()
        .iter()
        .filter(|asked| asked["path"] == "/v1/refunds" && asked["method"] == "POST")
        .map(|asked| asked["idempotency_key"].clone())
        .collect();
    assert_eq!(keys, ["rfd_1", "rfd_1", "rfd_1"], "two answers were lost");
    assert_eq!(pair.fake.object("ch_000001").expect("the charge")["amount_refunded"], 500);
    assert!(pair.fake.object("re_000002").is_none());
}

#[tokio::test]
async fn what_will_not_pass_is_asked_once() {
    for status in [400, 401, 403, 404] {
        let pair = Pair::start().await;
        inject(&pair, &[Fault::Status(status)]);
        let refused = pair.stripe.start(&new_checkout("ord_1")).await;
        assert!(matches!(refused, Err(ProviderError::Refused { .. })), "{status}: {refused:?}");
        assert!(pair.fake.requests().is_empty(), "{status}");
    }
}

#[tokio::test]
async fn asking_again_ends() {
    let pair = Pair::start().await;
    inject(&pair, &[Fault::Status(503); 4]);
    let refused = pair.stripe.start(&new_checkout("ord_1")).await;
    assert!(
        matches!(&refused, Err(ProviderError::Unavailable { why }) if why.contains("503")),
        "{refused:?}"
    );
    pair.stripe.start(&new_checkout("ord_1")).await.expect("all four faults were met");
}

#[tokio::test]
async fn server_that_does_not_answer_is_given_up_and_asked_again() {
    let fake = FakeStripe::start().await.expect("a free port");
    let short = Patience { timeout: Duration::from_millis(300), attempts: 2, ..patience() };
    let stripe = Stripe::new(&config(fake.base_url())).expect("a good configuration").with_patience(short);
    for expected in [true, false] {
        let hangs = if expected { 1 } else { 2 };
        for _ in 0..hangs {
            fake.inject(Fault::Hang);
        }
        let checked = stripe.check().await;
        match expected {
            true => assert_eq!(checked, Ok(())),
            false => assert!(matches!(checked, Err(ProviderError::Unavailable { .. })), "{checked:?}"),
        }
    }
}

#[tokio::test]
async fn server_that_is_not_there_is_unavailable() {
    let gone = FakeStripe::start().await.expect("a free port").base_url().to_owned();
    let stripe = Stripe::new(&config(&gone)).expect("a good configuration").with_patience(patience());
    let checked = stripe.check().await;
    assert!(matches!(checked, Err(ProviderError::Unavailable { .. })), "{checked:?}");
}
