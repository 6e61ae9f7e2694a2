//! What a reviewer should see: whole bodies, with ids and times of this run put out of sight.

use serde_json::{Value, json};

use crate::world::{PUBLIC_URL, World};

const PREFIXES: [&str; 14] = [
    "evt_", "wal_", "grt_", "hld_", "ent_", "prv_", "key_", "cur_", "sk_test_", "ord_", "pck_", "rfd_",
    "alw_", "sandbox_",
];

/// Ids, positions and secrets are of this run alone; times stand.
fn redacted(mut value: Value) -> Value {
    fn walk(value: &mut Value) {
        match value {
            Value::String(text) => {
                for prefix in PREFIXES {
                    if text.starts_with(prefix) {
                        *text = format!("{prefix}…");
                    }
                }
                if let Some((page, _)) = text.split_once("chk_") {
                    *text = format!("{page}chk_…");
                }
            }
            Value::Array(items) => items.iter_mut().for_each(walk),
            Value::Object(fields) => {
                if let Some(hint) = fields.get_mut("hint") {
                    *hint = json!("…");
                }
                fields.values_mut().for_each(walk);
            }
            _ => {}
        }
    }
    walk(&mut value);
    value
}

#[tokio::test]
async fn bodies_of_the_main_path() {
    let world = World::start().await;
    let metered = world
        .post(
            "/v1/events",
            r#"{"event":"image.generate","customer":"user_42","idempotency_key":"req-8842",
                "properties":{"model":"dall-e-3"},"cost":{"amount":"0.04","currency":"usd"}}"#,
        )
        .await
        .expect(200);
    let event = world.get(&format!("/v1/events/{}", metered.text("/id"))).await.expect(200);
    let hold =
        world.post("/v1/holds", r#"{"event":"image.generate","customer":"user_42"}"#).await.expect(200);
    let wallet = world.get("/v1/customers/user_42/wallet").await.expect(200);
    let ledger = world.get("/v1/customers/user_42/ledger").await.expect(200);
    let captured = world.post(&format!("/v1/holds/{}/capture", hold.text("/id")), "").await.expect(200);
    let reverse = format!("/v1/events/{}/reverse", metered.text("/id"));
    let reversed = world.post(&reverse, r#"{"reason":"blurred"}"#).await.expect(200);
    let refused = world.meter("poor", "k").await.expect(402);
    let invalid = world.post("/v1/events", r#"{"event":"image.generate","quantity":0}"#).await.expect(400);
    let key = world.post("/v1/keys", r#"{"label":"backend","scopes":["meter"]}"#).await.expect(200);
    for (name, got) in [
        ("event_metered", metered),
        ("event", event),
        ("hold_placed", hold),
        ("hold_captured", captured),
        ("wallet", wallet),
        ("ledger", ledger),
        ("event_reversed", reversed),
        ("insufficient_credits", refused),
        ("invalid_request", invalid),
        ("key_created", key),
    ] {
        insta::assert_json_snapshot!(name, redacted(got.json()));
    }
}

#[tokio::test]
async fn bodies_of_the_catalogue() {
    let world = World::start().await;
    let event_type = world.get("/v1/event-types/image.generate").await.expect(200);
    let prices = world.get("/v1/event-types/image.generate/prices").await.expect(200);
    let grant = world.grant("a", "5").await;
    let audit = world.get("/v1/audit?limit=3").await.expect(200);
    let quote = world.post("/v1/quote", r#"{"event":"image.generate","customer":"a"}"#).await.expect(200);
    for (name, got) in [
        ("event_type", event_type),
        ("prices", prices),
        ("granted", grant),
        ("audit", audit),
        ("quote", quote),
    ] {
        insta::assert_json_snapshot!(name, redacted(got.json()));
    }
}

#[tokio::test]
async fn bodies_of_a_purchase() {
    let world = World::start().await;
    let hungry = world.meter("user_7", "before").await.expect(402);
    let power = r#"{"name":"Power","audience":"For teams","credits":4000,"bonus_credits":200,
        "price":{"amount":"60","currency":"usd"},"discount_line":"Save 25 %","order":3,"valid_days":365}"#;
    let put = world.put("/v1/packs/power_4000", power).await.expect(200);
    let packs = world.get("/v1/packs").await.expect(200);
    let pack = world.get("/v1/packs/power_4000").await.expect(200);
    let hinted = world.meter("user_7", "after").await.expect(402);
    let body = r#"{"customer":"user_7","pack":"power_4000","success_url":"http://localhost/thanks",
        "idempotency_key":"k"}"#;
    let checkout = world.post("/v1/checkouts", body).await.expect(200);
    let order = format!("/v1/orders/{}", checkout.text("/order"));
    let placed = world.get(&order).await.expect(200);
    press_pay(&world, &checkout.text("/url")).await;
    let refreshed = format!("/v1/checkouts/{}/refresh", checkout.text("/id"));
    let refreshed = world.post(&refreshed, "").await.expect(200);
    let refund = r#"{"credits":1200,"reason":"bought too many"}"#;
    let refund = world.post(&format!("{order}/refund"), refund).await.expect(200);
    let refunded = world.get(&order).await.expect(200);
    let too_much = world.post(&format!("{order}/refund"), r#"{"credits":3001}"#).await.expect(409);
    let wallet = world.get("/v1/customers/user_7/wallet").await.expect(200);
    let ledger = world.get("/v1/customers/user_7/ledger").await.expect(200);
    assert!(hungry.json().get("checkout_hint").is_none(), "nothing is for sale yet");
    for (name, got) in [
        ("pack_put", put),
        ("packs", packs),
        ("pack", pack),
        ("insufficient_credits_with_hint", hinted),
        ("checkout_created", checkout),
        ("order_placed", placed),
        ("checkout_paid", refreshed),
        ("refund_started", refund),
        ("order_refunded", refunded),
        ("refund_exceeds_unused", too_much),
        ("wallet_after_purchase", wallet),
        ("ledger_after_purchase", ledger),
    ] {
        insta::assert_json_snapshot!(name, redacted(got.json()));
    }
}

/// Presses "pay" on the sandbox's page.
async fn press_pay(world: &World, url: &str) {
    let path = url.strip_prefix(PUBLIC_URL).expect("an address of ours");
    let press = axum::http::Request::builder().method("POST").uri(path);
    let press = press.header("content-type", "application/x-www-form-urlencoded");
    world.send(press.body("action=pay".into()).expect("a request")).await.expect(303);
}

#[tokio::test]
async fn bodies_of_allowances() {
    let world = World::start().await;
    let body = r#"{"credits":100,"period":"month","rollover":{"max":50},"priority":-1,
        "scope":["image.generate"],"idempotency_key":"k"}"#;
    let set = world.put("/v1/customers/user_7/allowances/free_monthly", body).await.expect(200);
    let list = world.get("/v1/customers/user_7/allowances").await.expect(200);
    let ended =
        world.ask("DELETE", "/v1/customers/user_7/allowances/free_monthly", Some(&world.key), "").await;
    for (name, got) in [("allowance_set", set), ("allowances", list), ("allowance_ended", ended.expect(200))]
    {
        insta::assert_json_snapshot!(name, redacted(got.json()));
    }
}
