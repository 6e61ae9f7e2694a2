//! Tools that move credits: what they answer, what they leave behind, and what keeps an agent from spending twice.

use serde_json::{Value, json};

use crate::world::World;

fn event(key: &str) -> Value {
    json!({"customerId": "user_42", "event": "image.generate", "idempotencyKey": key})
}

#[tokio::test]
async fn shapes_are_those_of_the_contract() {
    let world = World::start().await;
    let fields = |value: &Value| {
        let mut names: Vec<String> = value.as_object().expect("an object").keys().cloned().collect();
        names.sort();
        names.join(" ")
    };
    let metered = world.tool("chargly.meter_event", event("k1")).await;
    assert_eq!(fields(&metered), "deductedCredits eventId idempotencyKey remainingBalance success");
    assert_eq!(metered["deductedCredits"], 12);
    assert_eq!(metered["remainingBalance"], 88);
    assert_eq!(metered["idempotencyKey"], "k1");
    let wallet = world.tool("chargly.get_wallet", json!({"customerId": "user_42"})).await;
    assert_eq!(fields(&wallet), "balance customerId unit walletId");
    assert_eq!((&wallet["balance"], &wallet["unit"]), (&json!(88), &json!("credits")));
    let packs = world.tool("chargly.list_credit_packs", json!({})).await;
    let expected = json!({"items": [{"id": "starter_500", "name": "Starter", "credits": 500, "price": 1000}], "currency": "usd"});
    assert_eq!(packs, expected);
    let args = json!({"customerId": "user_42", "creditPackId": "starter_500"});
    let checkout = world.tool("chargly.create_checkout", args).await;
    assert_eq!(fields(&checkout), "checkoutId checkoutUrl credits");
    assert_eq!(checkout["credits"], 500);
    let rule = world.tool("chargly.get_pricing_rule", json!({"feature": "image.generate"})).await;
    assert_eq!(fields(&rule), "enabled feature id inWords minimumCredits multiplier version");
    assert_eq!((&rule["multiplier"], &rule["minimumCredits"]), (&json!(0), &json!(12)));
}

#[tokio::test]
async fn customer_never_seen_has_nothing_and_no_wallet_yet() {
    let world = World::start().await;
    let wallet = world.tool("chargly.get_wallet", json!({"customerId": "nobody/../x y"})).await;
    assert_eq!(wallet, json!({"customerId": "nobody/../x y", "balance": 0, "unit": "credits"}));
}

#[tokio::test]
async fn same_key_charges_once_and_is_answered_alike() {
    let world = World::start().await;
    let first = world.tool("chargly.meter_event", event("k1")).await;
    assert_eq!(world.tool("chargly.meter_event", event("k1")).await, first);
    assert_eq!(world.stands("user_42").await, (json!(88), 2));
    let other = json!({"customerId": "user_42", "event": "image.generate", "idempotencyKey": "k1", "metadata": {"a": 1}});
    let problem = world.refused("chargly.meter_event", other).await;
    assert_eq!(problem["code"], "idempotency_conflict");
    assert_eq!(world.stands("user_42").await, (json!(88), 2));
}

#[tokio::test]
async fn missing_key_becomes_a_fresh_one_that_makes_a_repeat_safe() {
    let world = World::start().await;
    let args = json!({"customerId": "user_42", "event": "image.generate"});
    let first = world.tool("chargly.meter_event", args.clone()).await;
    let second = world.tool("chargly.meter_event", args).await;
    assert_ne!(first["idempotencyKey"], second["idempotencyKey"]);
    let again =
        world.tool("chargly.meter_event", event(first["idempotencyKey"].as_str().expect("a key"))).await;
    assert_eq!(again, first);
    assert_eq!(world.stands("user_42").await, (json!(76), 3));
}

#[tokio::test]
async fn refusal_is_the_body_of_the_http_problem() {
    let world = World::start().await;
    world.tool("chargly.meter_event", event("spent")).await;
    let body = r#"{"customer":"poor","event":"image.generate","idempotency_key":"k"}"#;
    let over_http = world.http_any("POST", "/v1/events", body).await;
    let args = json!({"customerId": "poor", "event": "image.generate", "idempotencyKey": "k"});
    let over_mcp = world.refused("chargly.meter_event", args).await;
    // A refusal is final for its key: the second door gives the first one's answer.
    assert_eq!(over_mcp, over_http.json());
    assert_eq!(over_mcp["code"], "insufficient_credits");
    assert_eq!(over_mcp["retryable"], false);
    assert_eq!(over_mcp["shortfall"], 12);
    assert_eq!(over_mcp["checkout_hint"]["smallest_covering_pack"]["code"], "starter_500");
}

#[tokio::test]
async fn same_operation_leaves_the_same_ledger_through_either_door() {
    let (left, right) = (World::start().await, World::start().await);
    left.http(
        "POST",
        "/v1/events",
        r#"{"customer":"user_42","event":"image.generate","idempotency_key":"a","properties":{"model":"m"}}"#,
    )
    .await;
    let hold = left
        .http(
            "POST",
            "/v1/holds",
            r#"{"customer":"user_42","event":"image.generate","quantity":2,"idempotency_key":"b"}"#,
        )
        .await;
    let path = format!("/v1/holds/{}/capture", hold["id"].as_str().expect("an id"));
    left.http("POST", &path, r#"{"quantity":1}"#).await;

    let metered = json!({"customerId": "user_42", "event": "image.generate", "idempotencyKey": "a", "metadata": {"model": "m"}});
    right.tool("chargly.meter_event", metered).await;
    let args =
        json!({"customerId": "user_42", "event": "image.generate", "quantity": 2, "idempotencyKey": "b"});
    let hold = right.tool("chargly.place_hold", args).await;
    right.tool("chargly.capture_hold", json!({"holdId": hold["holdId"], "quantity": 1})).await;

    for path in
        ["/v1/customers/user_42/wallet", "/v1/customers/user_42/ledger", "/v1/events?customer=user_42"]
    {
        let (one, other) = (left.http("GET", path, "").await, right.http("GET", path, "").await);
        assert_eq!(without_ids(&one), without_ids(&other), "{path}");
    }
}

/// Ids are sealed with a number of their own; everything else has to be equal.
fn without_ids(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), without_ids(value))).collect()
        }
        Value::Array(items) => items.iter().map(without_ids).collect(),
        Value::String(text) => match text.split_once('_') {
            Some((kind, _)) if kind.len() == 3 => kind.into(),
            _ => value.clone(),
        },
        other => other.clone(),
    }
}

#[tokio::test]
async fn holds_are_captured_in_steps_and_voided() {
    let world = World::start().await;
    let args =
        json!({"customerId": "user_42", "event": "image.generate", "credits": 40, "expiresInSeconds": 600});
    let hold = world.tool("chargly.place_hold", args).await;
    assert_eq!((&hold["heldCredits"], &hold["remainingBalance"]), (&json!(40), &json!(60)));
    let step = json!({"holdId": hold["holdId"], "credits": 10, "final": false});
    for still in [30, 20] {
        // Without a key each step is a step of its own.
        let captured = world.tool("chargly.capture_hold", step.clone()).await;
        assert_eq!((&captured["stillHeldCredits"], &captured["ended"]), (&json!(still), &json!(false)));
    }
    let above = world.refused("chargly.capture_hold", json!({"holdId": hold["holdId"], "credits": 99})).await;
    assert_eq!(above["code"], "capture_exceeds_hold");
    let voided = json!({"holdId": hold["holdId"], "idempotencyKey": "v"});
    let voided = world.tool("chargly.void_hold", voided).await;
    assert_eq!((&voided["releasedCredits"], &voided["remainingBalance"]), (&json!(20), &json!(80)));
    let again =
        world.refused("chargly.capture_hold", json!({"holdId": hold["holdId"], "idempotencyKey": "w"})).await;
    assert_eq!((&again["code"], &again["state"]), (&json!("hold_not_open"), &json!("voided")));
}

#[tokio::test]
async fn end_of_a_hold_without_a_key_is_safe_to_repeat() {
    let world = World::start().await;
    let args = json!({"customerId": "user_42", "event": "image.generate"});
    let hold = world.tool("chargly.place_hold", args).await;
    let capture = json!({"holdId": hold["holdId"]});
    let first = world.tool("chargly.capture_hold", capture.clone()).await;
    assert_eq!(first["idempotencyKey"], hold["holdId"]);
    assert_eq!(world.tool("chargly.capture_hold", capture).await, first);
    assert_eq!(world.stands("user_42").await, (json!(88), 2));
}

#[tokio::test]
async fn quote_and_reports_change_nothing() {
    let world = World::start().await;
    world.tool("chargly.meter_event", event("k")).await;
    let before = world.stands("user_42").await;
    let quote =
        world.tool("chargly.quote", json!({"customerId": "user_42", "event": "image.generate"})).await;
    assert_eq!((&quote["credits"], &quote["accepted"]), (&json!(12), &json!(true)));
    assert_eq!(quote.get("refusal"), None);
    let quote = world.tool("chargly.quote", json!({"customerId": "poor", "event": "image.generate"})).await;
    assert_eq!(
        (&quote["accepted"], &quote["refusal"]["code"]),
        (&json!(false), &json!("insufficient_credits"))
    );
    // Figures follow the journal at their own pace.
    let body = r#"{"customer":"else","event":"image.generate"}"#;
    let refused = world.http_any("POST", "/v1/events", body).await;
    let position = refused.headers["chargly-position"].to_str().expect("ASCII");
    world.http("GET", &format!("/v1/usage?min_position={position}"), "").await;
    let args = json!({"customerId": "user_42", "interval": "total", "groupBy": "event"});
    let usage = world.tool("chargly.get_usage", args).await;
    assert_eq!(usage["data"][0]["event"], "image.generate");
    let history =
        world.tool("chargly.list_wallet_history", json!({"customerId": "user_42", "limit": 1})).await;
    assert_eq!(history["items"][0]["balanceAfter"], 88);
    assert_eq!(history["items"][0]["credits"], -12);
    let cursor = &history["nextCursor"];
    let next = json!({"customerId": "user_42", "limit": 1, "cursor": cursor});
    let next = world.tool("chargly.list_wallet_history", next).await;
    assert_eq!(next["items"][0]["credits"], 100);
    let last = json!({"customerId": "user_42", "limit": 1, "cursor": next["nextCursor"]});
    let last = world.tool("chargly.list_wallet_history", last).await;
    assert_eq!(last, json!({"items": []}));
    assert_eq!(world.stands("user_42").await, before);
}
