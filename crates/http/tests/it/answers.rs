//! What a reviewer should see: whole bodies, with ids and times of this run put out of sight.

use serde_json::{Value, json};

use crate::world::World;

/// Ids, positions and secrets are of this run alone; times stand.
fn redacted(mut value: Value) -> Value {
    fn walk(value: &mut Value) {
        match value {
            Value::String(text) => {
                for prefix in ["evt_", "wal_", "grt_", "hld_", "ent_", "prv_", "key_", "cur_", "sk_test_"] {
                    if text.starts_with(prefix) {
                        *text = format!("{prefix}…");
                    }
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
