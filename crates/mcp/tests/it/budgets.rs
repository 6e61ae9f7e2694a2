//! A key with a budget at the tools' door: what an agent spends there is gone at the other door, too.

use serde_json::{Value, json};

use crate::world::{Got, World};

/// Makes a key that may spend 30 credits a day.
async fn agent(world: &World, more: &str) -> String {
    let body =
        format!(r#"{{"label":"agent","scopes":["meter","read"],"budget":{{"credits_per_day":30}}{more}}}"#);
    let made = world.http("POST", "/v1/keys", &body).await;
    made["secret"].as_str().expect("a secret").to_owned()
}

/// Asks a tool with the agent's key; it has to succeed.
async fn tool(world: &World, key: &str, name: &str, args: Value) -> Value {
    let result = world.result(key, name, args).await;
    assert_eq!(result["isError"], false, "{name}: {result}");
    result["structuredContent"].clone()
}

/// Calls a route with the agent's key.
async fn http(world: &World, key: &str, path: &str, body: &str) -> Got {
    let request = axum::http::Request::builder().method("POST").uri(path);
    let request = request.header("authorization", format!("Bearer {key}"));
    world.send(request.body(axum::body::Body::from(body.to_owned())).expect("a request")).await
}

fn event(key: &str) -> Value {
    json!({"customerId": "user_42", "event": "image.generate", "idempotencyKey": key})
}

#[tokio::test]
async fn an_agent_spends_its_budget_and_no_more_through_either_door() {
    let world = World::start().await;
    let key = agent(&world, "").await;
    for name in ["a", "b"] {
        let metered = tool(&world, &key, "chargly.meter_event", event(name)).await;
        assert_eq!(metered["deductedCredits"], 12);
    }
    let refused = world.refused_with(&key, "chargly.meter_event", event("c")).await;
    assert_eq!(
        (&refused["code"], &refused["status"], &refused["retryable"]),
        (&json!("budget_exceeded"), &json!(402), &json!(false))
    );
    for (fact, expected) in [
        ("budget", json!("key")),
        ("limit", json!(30)),
        ("spent", json!(24)),
        ("left", json!(6)),
        ("required", json!(12)),
        ("renews_at", json!("2026-11-24T00:00:00.000Z")),
        ("retry_with", json!("new_key")),
        ("customer", json!("user_42")),
    ] {
        assert_eq!(refused[fact], expected, "{fact}");
    }
    let detail = refused["detail"].as_str().expect("a sentence");
    for said in [
        "6 are left",
        "Nothing was charged",
        "2026-11-24T00:00:00.000Z",
        "new idempotency key",
        "larger budget",
    ] {
        assert!(detail.contains(said), "{said:?} is not in {detail:?}");
    }
    assert_eq!(world.stands("user_42").await, (json!(76), 3));

    // The other door gives the same answer under the same key, and refuses others as well.
    let body = r#"{"customer":"user_42","event":"image.generate","idempotency_key":"c"}"#;
    let over_http = http(&world, &key, "/v1/events", body).await;
    assert_eq!(over_http.status, 402);
    assert_eq!(over_http.json(), refused);
    let other = http(&world, &key, "/v1/events", &body.replace("\"c\"", "\"d\"")).await;
    assert_eq!(other.json()["code"], "budget_exceeded");
    assert_eq!(world.stands("user_42").await, (json!(76), 3));
    // So does a batch, and whoever has no budget goes on.
    let batch =
        http(&world, &key, "/v1/events/batch", r#"[{"customer":"user_42","event":"image.generate"}]"#).await;
    assert_eq!(batch.json()["results"][0]["error"]["code"], "budget_exceeded");
    world.tool("chargly.meter_event", event("e")).await;
}

#[tokio::test]
async fn a_hold_takes_of_the_budget_and_giving_it_up_gives_that_back() {
    let world = World::start().await;
    let key = agent(&world, "").await;
    let one = json!({"customerId": "user_42", "event": "image.generate"});
    let hold = tool(&world, &key, "chargly.place_hold", one.clone()).await;
    tool(&world, &key, "chargly.place_hold", one.clone()).await;
    assert_eq!(world.refused_with(&key, "chargly.place_hold", one.clone()).await["code"], "budget_exceeded");
    let quote = tool(&world, &key, "chargly.quote", one.clone()).await;
    assert_eq!((&quote["accepted"], &quote["refusal"]["code"]), (&json!(false), &json!("budget_exceeded")));
    tool(&world, &key, "chargly.void_hold", json!({"holdId": hold["holdId"]})).await;
    assert_eq!(tool(&world, &key, "chargly.quote", one).await["accepted"], true);
}

#[tokio::test]
async fn an_agent_chooses_amounts_only_where_that_was_granted() {
    let world = World::start().await;
    world.http("PUT", "/v1/event-types/tool", r#"{"label":"Tool","caller_set_credits":true}"#).await;
    let args = json!({"customerId": "user_42", "event": "tool", "credits": 1, "idempotencyKey": "k"});
    let kept = agent(&world, "").await;
    let refused = world.refused_with(&kept, "chargly.meter_event", args.clone()).await;
    assert_eq!(
        (&refused["code"], &refused["required_permission"]),
        (&json!("forbidden"), &json!("may_set_credits"))
    );
    let granted = agent(&world, r#","may_set_credits":true"#).await;
    assert_eq!(tool(&world, &granted, "chargly.meter_event", args).await["deductedCredits"], 1);
}
