//! Stripe fails: whatever call it fails at, and however, the work is done once, and what was not done is done later.

use chargly_fake_stripe::{Command, Fault};
use serde_json::Value;

use super::shop::{Ordered, Shop};

/// A second within which an answer has to come is waited for; the others are answered at once.
const FAULTS: [Fault; 5] =
    [Fault::Status(500), Fault::Status(429), Fault::Status(409), Fault::Close, Fault::Hang];
/// How often something is asked before it is given up.
const ATTEMPTS: usize = 3;

async fn inject(shop: &Shop, method: &str, path: &str, fault: Fault, times: usize) {
    for _ in 0..times {
        let command = Command::Inject { fault, method: Some(method.to_owned()), path: Some(path.to_owned()) };
        shop.fake.control(command).await.expect("always");
    }
}

/// Objects of a kind that Stripe has made: ids count up from one.
fn made(shop: &Shop, prefix: &str) -> usize {
    (1..).take_while(|count| shop.fake.object(&format!("{prefix}_{count:06}")).is_some()).count()
}

fn asked(shop: &Shop, method: &str, path: &str) -> Vec<Value> {
    let is_it = |request: &Value| {
        request["method"] == method && request["path"].as_str().is_some_and(|asked| asked.starts_with(path))
    };
    shop.fake.requests().into_iter().filter(is_it).collect()
}

#[tokio::test]
async fn session_is_made_once_whatever_went_wrong_at_first() {
    for fault in FAULTS {
        let shop = Shop::open().await;
        inject(&shop, "POST", "/v1/checkout/sessions", fault, 1).await;
        let order = shop.order("user_42", "k").await;
        let keys: Vec<_> = asked(&shop, "POST", "/v1/checkout/sessions")
            .iter()
            .map(|request| request["idempotency_key"].clone())
            .collect();
        assert!(keys.iter().all(|key| *key == order.order), "{fault:?}: {keys:?}");
        assert_eq!(made(&shop, "cs_test"), 1, "{fault:?}");
        shop.fake.pay(&order.session).await.expect("an open session");
        shop.deliver().await;
        assert_eq!(shop.world.available("user_42").await, "547", "{fault:?}");
    }
}

#[tokio::test]
async fn call_that_failed_for_good_is_gone_on_with_under_the_same_key() {
    for fault in [Fault::Status(500), Fault::Status(429), Fault::Status(409), Fault::Close] {
        let shop = Shop::open().await;
        inject(&shop, "POST", "/v1/checkout/sessions", fault, ATTEMPTS).await;
        let failed = shop.ask_for_checkout("user_42", "k").await.expect(503);
        assert_eq!(failed.code(), "payment_provider_unavailable");
        let first = shop.ask_for_checkout("user_42", "k").await.expect(200);
        let again = shop.ask_for_checkout("user_42", "k").await.expect(200);
        assert_eq!(again.bytes, first.bytes, "{fault:?}");
        assert_eq!(made(&shop, "cs_test"), 1, "{fault:?}");
        let orders = shop.world.get("/v1/orders").await.expect(200).json();
        assert_eq!(orders["data"].as_array().map(Vec::len), Some(1), "{fault:?}");
    }
}

#[tokio::test]
async fn session_that_nobody_heard_of_is_made_anew_after_the_settings_have_changed() {
    let shop = Shop::open().await;
    inject(&shop, "POST", "/v1/checkout/sessions", Fault::Close, ATTEMPTS).await;
    shop.ask_for_checkout("user_42", "k").await.expect(503);
    shop.world.put("/v1/settings", r#"{"checkout":{"promotion_codes":true}}"#).await.expect(200);
    let first = shop.ask_for_checkout("user_42", "k").await.expect(200);
    let order = Ordered::of(&first);
    assert_eq!(shop.fake.object(&order.session).expect("a session")["allow_promotion_codes"], true);
    assert_eq!(shop.ask_for_checkout("user_42", "k").await.expect(200).bytes, first.bytes);
    assert_eq!(made(&shop, "cs_test"), 2, "and nobody was sent to the other");
    shop.fake.pay(&order.session).await.expect("an open session");
    shop.deliver().await;
    assert_eq!(shop.world.available("user_42").await, "547");
}

#[tokio::test]
async fn notice_whose_order_cannot_be_asked_about_is_kept_and_followed_later() {
    for path in ["/v1/checkout/sessions/", "/v1/payment_intents/", "/v1/disputes"] {
        for fault in FAULTS {
            let mut shop = Shop::open().await;
            let order = shop.order("user_42", "k").await;
            shop.fake.pay(&order.session).await.expect("an open session");
            inject(&shop, "GET", path, fault, 1).await;
            shop.deliver().await;
            assert_eq!(shop.world.available("user_42").await, "547", "{path} {fault:?}: asked again at once");
            if fault == Fault::Hang {
                continue;
            }
            shop.refund_by_hand(&order, 400, false).await;
            // Two notices tell of it, and neither can be followed now.
            inject(&shop, "GET", path, fault, 2 * ATTEMPTS).await;
            shop.deliver().await;
            assert_eq!(shop.world.available("user_42").await, "547", "{path} {fault:?}: not known yet");
            shop.pass(2);
            shop.sweep().await;
            assert_eq!(shop.world.available("user_42").await, "347", "{path} {fault:?}");
            let left = shop.world.get("/v1/payment-notices?state=received").await.expect(200).json();
            assert_eq!(left["data"], Value::Array(Vec::new()), "{path} {fault:?}");
        }
    }
}

#[tokio::test]
async fn page_of_a_buyer_whose_payment_cannot_be_asked_about_says_that_it_is_awaited() {
    for path in ["/v1/checkout/sessions/", "/v1/payment_intents/", "/v1/disputes"] {
        let shop = Shop::open().await;
        let order = shop.order("user_42", "k").await;
        shop.fake.pay(&order.session).await.expect("an open session");
        inject(&shop, "GET", path, Fault::Status(500), ATTEMPTS).await;
        shop.return_to(&order).await.expect(200);
        assert_eq!(shop.order_now(&order).await["status"], "created", "{path}");
        let refresh = format!("/v1/checkouts/{}/refresh", order.checkout);
        inject(&shop, "GET", path, Fault::Status(500), ATTEMPTS).await;
        let failed = shop.world.post(&refresh, "").await.expect(503);
        assert_eq!(failed.code(), "payment_provider_unavailable", "{path}");
        assert_eq!(shop.world.post(&refresh, "").await.expect(200).text("/status"), "paid", "{path}");
    }
}

#[tokio::test]
async fn refund_is_paid_once_whatever_went_wrong() {
    for (method, path) in [("GET", "/v1/refunds"), ("POST", "/v1/refunds")] {
        for fault in FAULTS {
            let mut shop = Shop::open().await;
            let order = shop.paid().await;
            let refund = r#"{"credits":200,"idempotency_key":"r"}"#;
            let times = if fault == Fault::Hang { 1 } else { ATTEMPTS };
            inject(&shop, method, path, fault, times).await;
            let first = shop.refund(&order, refund).await.expect(200);
            assert_eq!(shop.world.available("user_42").await, "347", "{method} {fault:?}: at once");
            shop.sweep().await;
            shop.pass(2);
            shop.sweep().await;
            let now = shop.order_now(&order).await;
            assert_eq!(now["refund"], Value::Null, "{method} {fault:?}");
            assert_eq!(now["payment"]["refunded"], "4", "{method} {fault:?}");
            assert_eq!(made(&shop, "re"), 1, "{method} {fault:?}");
            let again = shop.refund(&order, refund).await.expect(200);
            assert_eq!(again.bytes, first.bytes, "{method} {fault:?}");
            shop.deliver().await;
            assert_eq!(shop.world.available("user_42").await, "347", "{method} {fault:?}");
            assert_eq!(made(&shop, "re"), 1, "{method} {fault:?}");
        }
    }
}

#[tokio::test]
async fn missed_notices_that_cannot_be_listed_now_are_listed_later() {
    for fault in FAULTS {
        let mut shop = Shop::open().await;
        let order = shop.paid().await;
        shop.refund_by_hand(&order, 400, false).await;
        shop.drop_notices().await;
        let times = if fault == Fault::Hang { 1 } else { ATTEMPTS };
        inject(&shop, "GET", "/v1/events", fault, times).await;
        let passed = shop.sweep.pass(&shop.world.test).await;
        assert_eq!(passed.is_err(), fault != Fault::Hang, "{passed:?}");
        shop.sweep().await;
        assert_eq!(shop.world.available("user_42").await, "347", "{fault:?}");
    }
}
