//! How an environment is connected to who takes payments, and the test of that: by whom, in which words, without a secret.

use chargly_engine::ledger::Scope;
use chargly_fake_stripe::{Fault, Options};
use serde_json::json;

use super::shop::{SECRETS, Shop};
use crate::world::{Got, START_MS, World};

const TEST: &str = "/v1/payment-providers/stripe/test";

#[track_caller]
fn has_no_secret(got: &Got) {
    let text = String::from_utf8_lossy(&got.bytes).into_owned();
    assert!(!text.contains("sk_test_fake") && SECRETS.iter().all(|secret| !text.contains(secret)), "{text}");
}

#[tokio::test]
async fn providers_are_told_with_the_address_of_their_notices_and_the_last_of_them() {
    let shop = Shop::open().await;
    let first = shop.world.get("/v1/payment-providers").await.expect(200);
    has_no_secret(&first);
    let stripe = first.json()["data"][0].clone();
    assert_eq!(stripe["provider"], "stripe");
    assert_eq!((stripe["takes_orders"].clone(), stripe["mode"].clone()), (json!(true), json!("test")));
    assert_eq!(stripe["address"], shop.fake.base_url());
    assert_eq!(stripe["api_version"], chargly_stripe::STRIPE_VERSION);
    assert_eq!(
        stripe["webhook"],
        json!({"path": "/v1/stripe/webhook", "url": "https://billing.example.com/v1/stripe/webhook",
            "has_secret": true, "last_notice_at": null})
    );
    assert_eq!(first.json()["data"][1]["provider"], "sandbox");
    assert!(first.json()["data"][1]["webhook"].is_null());

    let order = shop.order("user_42", "k").await;
    shop.fake.pay(&order.session).await.expect("an open session");
    shop.fake.deliver().await;
    let then = shop.world.get("/v1/payment-providers").await.expect(200);
    assert_eq!(then.text("/data/0/webhook/last_notice_at"), chargly_api::time::show(START_MS).to_string());
}

#[tokio::test]
async fn connection_is_tested_by_asking_once_and_told_in_a_word() {
    let shop = Shop::open().await;
    let good = shop.world.post(TEST, "").await.expect(200);
    assert_eq!((good.text("/verdict"), good.text("/said")), ("good".into(), String::new()));
    has_no_secret(&good);
    shop.fake.inject(Fault::Status(500));
    let asked = shop.fake.requests().len();
    let ill = shop.world.post(TEST, "{}").await.expect(200);
    assert_eq!(ill.text("/verdict"), "unreachable");
    assert!(ill.text("/said").starts_with("it answered 500"), "{ill:?}");
    assert_eq!(shop.fake.requests().len(), asked);
    let sandbox = shop.world.post("/v1/payment-providers/sandbox/test", "").await.expect(200);
    assert_eq!(sandbox.text("/verdict"), "good");
    assert_eq!(
        shop.world.post("/v1/payment-providers/paypal/test", "").await.expect(404).code(),
        "not_found"
    );
    assert_eq!(shop.world.post(TEST, r#"{"key":"x"}"#).await.expect(400).fields(), ["key"]);
}

#[tokio::test]
async fn key_that_stripe_does_not_know_is_told_so() {
    let shop = Shop::open_with(Options { secret_key: "sk_test_another".into(), ..Options::default() }).await;
    let refused = shop.world.post(TEST, "").await.expect(200);
    assert_eq!(refused.text("/verdict"), "key_refused");
    has_no_secret(&refused);
}

#[tokio::test]
async fn testing_takes_a_key_that_may_grant_and_nothing_is_connected_where_nothing_is_sold() {
    let world = World::start().await;
    let reader = world.key_with(&[Scope::Read]).await;
    world.ask("GET", "/v1/payment-providers", Some(&reader), "").await.expect(200);
    world.ask("POST", "/v1/payment-providers/sandbox/test", Some(&reader), "").await.expect(403);
    let live = world.ask("GET", "/v1/payment-providers", Some(&world.live_key), "").await.expect(200);
    assert_eq!(live.json(), json!({"paused": false, "data": []}));
}
