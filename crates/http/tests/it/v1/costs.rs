//! What an event cost: as sent, computed, estimated, missing, and set later.

use chargly_engine::ledger::Scope;

use crate::world::{Got, World};

/// With a card: reading, writing, half of both in a batch, twice of reading above 1,000 tokens.
async fn with_card() -> World {
    let world = World::start().await;
    let card = r#"{"source":"price page","entries":[{"provider":"acme","model":"writer-1","rates":[
        {"unit":"input_tokens","rate":"0.0000025"},
        {"unit":"cached_input_tokens","rate":"0.00000025"},
        {"unit":"output_tokens","rate":"0.00001"},
        {"unit":"input_tokens","rate":"0.000005","above_input_tokens":1000},
        {"unit":"input_tokens","rate":"0.00000125","batch":true},
        {"unit":"output_tokens","rate":"0.000005","batch":true}]}]}"#;
    assert_eq!(world.post("/v1/rate-cards", card).await.expect(200).number("/card"), "1");
    world
}

/// Meters an event with this cost, and reads it back.
async fn metered(world: &World, cost: &str) -> Got {
    let body = format!(r#"{{"event":"image.generate","customer":"user_42","cost":{cost}}}"#);
    let id = world.post("/v1/events", &body).await.expect(200).text("/id");
    world.get(&format!("/v1/events/{id}")).await.expect(200)
}

/// `amount source`, as the event tells it.
fn cost_of(event: &Got) -> String {
    let cost = &event.json()["cost"];
    format!("{} {}", cost["amount"].as_str().unwrap_or("none"), cost["source"].as_str().unwrap_or_default())
}

#[tokio::test]
async fn cost_is_computed_from_the_rate_card_in_force() {
    let world = with_card().await;
    let of = |usage: &str| format!(r#"{{"provider":"acme","model":"writer-1",{usage}}}"#);
    for (usage, expected) in [
        // 300 × 0.0000025 + 512 × 0.00000025 + 164 × 0.00001
        (r#""input_tokens":812,"cached_input_tokens":512,"output_tokens":164"#, "0.002518 rate_card"),
        (r#""input_tokens":1000"#, "0.0025 rate_card"),
        (r#""input_tokens":1001"#, "0.005005 rate_card"),
        (r#""input_tokens":1000,"output_tokens":100,"batch":true"#, "0.00175 rate_card"),
        (r#""input_tokens":0"#, "0 rate_card"),
        // The card has no rate for images.
        (r#""images":1"#, "none missing"),
    ] {
        assert_eq!(cost_of(&metered(&world, &of(usage)).await), expected, "{usage}");
    }
    let event = metered(&world, &of(r#""input_tokens":812,"batch":true"#)).await;
    assert_eq!(event.number("/cost/card"), "1");
    assert_eq!(
        event.json()["usage"],
        serde_json::json!({"provider": "acme", "model": "writer-1", "batch": true, "input_tokens": 812})
    );
}

#[tokio::test]
async fn missing_cost_is_told_as_missing_and_never_as_nothing() {
    let world = with_card().await;
    let unknown = r#"{"provider":"acme","model":"nobody","input_tokens":9}"#;
    let event = metered(&world, unknown).await;
    assert_eq!(cost_of(&event), "none missing");
    assert!(event.json()["cost"]["amount"].is_null());
    let id = world.meter("user_42", "k").await.text("/id");
    assert_eq!(cost_of(&world.get(&format!("/v1/events/{id}")).await), "none missing");
    world.put("/v1/event-types/image.generate", r#"{"estimated_cost":"0.03"}"#).await.expect(200);
    assert_eq!(cost_of(&metered(&world, unknown).await), "0.03 estimated");
    assert_eq!(cost_of(&metered(&world, r#"{"amount":"0.05","currency":"usd"}"#).await), "0.05 reported");
    assert_eq!(
        cost_of(&world.get(&format!("/v1/events/{id}")).await),
        "none missing",
        "what was recorded stays"
    );
}

#[tokio::test]
async fn occurred_at_picks_the_rates() {
    let world = with_card().await;
    let card = r#"{"effective_at":"2026-11-20T00:00:00Z","entries":[{"provider":"acme","model":"writer-1",
        "rates":[{"unit":"input_tokens","rate":"0.1"}]}]}"#;
    world.post("/v1/rate-cards", card).await.expect(200);
    for (at, expected) in [
        ("2026-11-19T23:59:59Z", "none missing"),
        ("2026-11-20T00:00:00Z", "0.1 rate_card"),
        ("2026-11-23T10:00:00Z", "0.0000025 rate_card"),
    ] {
        let body = format!(
            r#"{{"event":"image.generate","customer":"user_42","occurred_at":"{at}",
                "cost":{{"provider":"acme","model":"writer-1","input_tokens":1}}}}"#
        );
        let id = world.post("/v1/events", &body).await.expect(200).text("/id");
        assert_eq!(cost_of(&world.get(&format!("/v1/events/{id}")).await), expected, "{at}");
    }
}

#[tokio::test]
async fn captured_hold_has_the_cost_of_its_usage() {
    let world = with_card().await;
    let hold =
        world.post("/v1/holds", r#"{"event":"image.generate","customer":"user_42"}"#).await.text("/id");
    let body = r#"{"cost":{"provider":"acme","model":"writer-1","output_tokens":50}}"#;
    let id = world.post(&format!("/v1/holds/{hold}/capture"), body).await.expect(200).text("/id");
    assert_eq!(cost_of(&world.get(&format!("/v1/events/{id}")).await), "0.0005 rate_card");
}

#[tokio::test]
async fn cost_that_comes_later_replaces_the_first_and_both_are_told() {
    let world = with_card().await;
    let id = world.meter("user_42", "k").await.text("/id");
    let path = format!("/v1/events/{id}/cost");
    let set =
        world.post(&path, r#"{"cost":{"amount":"0.04","currency":"usd"},"idempotency_key":"c1"}"#).await;
    let set = set.expect(200);
    assert_eq!((set.text("/event_id"), set.text("/cost/amount")), (id.clone(), "0.04".into()));
    assert_eq!((set.text("/cost/source"), set.text("/before/source")), ("reported".into(), "missing".into()));
    let usage = r#"{"cost":{"provider":"acme","model":"writer-1","output_tokens":1},"reason":"recount"}"#;
    let again = world.post(&path, usage).await.expect(200);
    assert_eq!((again.text("/before/amount"), again.text("/cost/amount")), ("0.04".into(), "0.00001".into()));
    let world = world.restart().await;
    let event = world.get(&format!("/v1/events/{id}")).await.expect(200);
    assert_eq!(cost_of(&event), "0.00001 rate_card");
    assert_eq!(event.text("/cost/first/source"), "missing");
    assert_eq!((event.number("/credits"), world.available("user_42").await), ("12".into(), "988".into()));

    let replay =
        world.post(&path, r#"{"cost":{"amount":"0.04","currency":"usd"},"idempotency_key":"c1"}"#).await;
    assert!(replay.is_replay());
    assert_eq!(replay.bytes, set.bytes);
    let other =
        world.post(&path, r#"{"cost":{"amount":"0.05","currency":"usd"},"idempotency_key":"c1"}"#).await;
    assert_eq!(other.expect(409).text("/field"), "cost");
}

#[tokio::test]
async fn cost_that_says_nothing_is_refused_and_changes_nothing() {
    let world = with_card().await;
    let id = world.meter("user_42", "k").await.text("/id");
    let path = format!("/v1/events/{id}/cost");
    for (body, field) in [
        ("{}", "cost"),
        (r#"{"cost":null}"#, "cost"),
        (r#"{"cost":{"provider":"acme","model":"nobody","input_tokens":9}}"#, "cost.model"),
        (r#"{"cost":{"provider":"acme","model":"writer-1","images":9}}"#, "cost.images"),
        (r#"{"cost":{"amount":"1","currency":"eur"}}"#, "cost.currency"),
    ] {
        assert_eq!(world.post(&path, body).await.expect(400).fields(), [field], "{body}");
    }
    assert_eq!(cost_of(&world.get(&format!("/v1/events/{id}")).await), "none missing");
    let meter_only = world.key_with(&[Scope::Meter]).await;
    let body = r#"{"cost":{"amount":"1","currency":"usd"}}"#;
    world.ask("POST", &path, Some(&meter_only), body).await.expect(200);
}
