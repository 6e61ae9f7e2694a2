//! `/v1/keys/{id}/budget`, and what a key with a budget is answered. Worlds begin at 10:00 UTC; a picture costs 12.

use crate::world::{Got, World};

/// Makes a key for an agent and gives its id and secret.
async fn agent(world: &World, limits: &str) -> (String, String) {
    let body = format!(r#"{{"label":"agent","scopes":["meter","read","record"]{limits}}}"#);
    let made = world.post("/v1/keys", &body).await.expect(200);
    (made.text("/id"), made.text("/secret"))
}

async fn meter(world: &World, secret: &str, customer: &str, key: &str) -> Got {
    let body = format!(r#"{{"event":"image.generate","customer":"{customer}","idempotency_key":"{key}"}}"#);
    world.ask("POST", "/v1/events", Some(secret), &body).await
}

#[tokio::test]
async fn a_call_beyond_the_budget_is_refused_with_what_a_caller_needs_and_charges_nothing() {
    let world = World::start().await;
    let (_, secret) = agent(&world, r#","budget":{"credits_per_day":20}"#).await;
    meter(&world, &secret, "user_42", "1").await.expect(200);
    let got = meter(&world, &secret, "user_42", "2").await.expect(402);
    assert_eq!(
        got.json(),
        serde_json::json!({
            "type": "urn:chargly:error:budget_exceeded",
            "title": "The key's budget of this day does not have it",
            "status": 402,
            "detail": "12 credits are required and 8 are left of the budget of this API key, which is 20 a day. Nothing \
                was charged. Stop, and try again after 2026-11-24T00:00:00.000Z with a new idempotency key, or ask whoever \
                gave you this key for a larger budget; more credits in the wallet do not help.",
            "code": "budget_exceeded",
            "instance": "/v1/events",
            "retryable": false,
            "renews_at": "2026-11-24T00:00:00.000Z",
            "budget": "key",
            "limit": 20,
            "spent": 12,
            "left": 8,
            "required": 12,
            "customer": "user_42",
            "retry_with": "new_key",
        })
    );
    assert_eq!(world.available("user_42").await, "988");
    meter(&world, &world.key, "user_42", "3").await.expect(200);
}

#[tokio::test]
async fn a_refusal_is_final_for_its_key_after_the_day_turned_and_after_a_restart() {
    let mut world = World::start().await;
    let (id, secret) = agent(&world, r#","budget":{"credits_per_customer_per_day":12}"#).await;
    meter(&world, &secret, "user_42", "1").await.expect(200);
    let first = meter(&world, &secret, "user_42", "2").await.expect(402);
    assert_eq!((first.text("/budget"), first.number("/left")), ("customer".into(), "0".into()));
    world = world.restart().await;
    let again = meter(&world, &secret, "user_42", "2").await.expect(402);
    assert!(again.is_replay());
    assert_eq!(again.bytes, first.bytes);
    assert_eq!(meter(&world, &secret, "user_42", "3").await.expect(402).number("/spent"), "12");
    world.clock.advance(14 * 60 * 60 * 1_000);
    let again = meter(&world, &secret, "user_42", "2").await.expect(402);
    assert_eq!(again.bytes, first.bytes);
    meter(&world, &secret, "user_42", "4").await.expect(200);
    let keys = world.get("/v1/keys").await.expect(200).json();
    let budget = keys["data"].as_array().expect("a list").iter().find(|key| key["id"] == id.as_str());
    assert_eq!(
        budget.expect("the key")["budget"],
        serde_json::json!({
            "credits_per_day": null,
            "credits_per_customer_per_day": 12,
            "spent_today": 12,
            "left_today": null,
            "customers_today": 1,
            "renews_at": "2026-11-25T00:00:00.000Z",
        })
    );
}

#[tokio::test]
async fn a_budget_is_set_shown_kept_at_rotation_and_taken_away() {
    let world = World::start().await;
    let (id, secret) = agent(&world, "").await;
    let path = format!("/v1/keys/{id}/budget");
    let set = world.put(&path, r#"{"credits_per_day":30.5}"#).await.expect(200);
    assert_eq!((set.number("/budget/credits_per_day"), set.text("/id")), ("30.5".into(), id.clone()));
    assert_eq!(set.json()["may_set_credits"], true, "that is chosen when a key is made");
    meter(&world, &secret, "user_42", "1").await.expect(200);
    let rotated = world.post(&format!("/v1/keys/{id}/rotate"), r#"{"overlap_s":60}"#).await.expect(200);
    assert_eq!(rotated.number("/budget/spent_today"), "12");
    assert_eq!(rotated.number("/budget/left_today"), "18.5");
    let new = rotated.text("/secret");
    meter(&world, &new, "user_42", "2").await.expect(200);
    for secret in [&secret, &new] {
        assert_eq!(meter(&world, secret, "user_42", secret).await.expect(402).number("/left"), "6.5");
    }
    let got = world.ask("DELETE", &path, Some(&world.key), "").await.expect(200);
    assert!(got.json()["budget"].is_null());
    meter(&world, &new, "user_42", "3").await.expect(200);
    let audit = world.get("/v1/audit?limit=3").await.expect(200);
    let kinds: Vec<_> = (0..3).map(|at| audit.text(&format!("/data/{at}/type"))).collect();
    assert_eq!(kinds, ["key_budget_set", "key_revoked", "key_created"]);
    assert!(audit.json()["data"][0]["budget"].is_null());
    assert_eq!(audit.number("/data/2/budget/credits_per_day"), "30.5");
    assert_eq!(audit.text("/data/0/actor/label"), "admin");
}

#[tokio::test]
async fn a_key_with_a_budget_chooses_no_credits_unless_it_was_made_so() {
    let world = World::start().await;
    world.put("/v1/event-types/tool", r#"{"label":"Tool","caller_set_credits":true}"#).await.expect(200);
    let (_, kept) = agent(&world, r#","budget":{"credits_per_day":100}"#).await;
    let (_, free) = agent(&world, r#","budget":{"credits_per_day":100},"may_set_credits":true"#).await;
    let (_, bound) = agent(&world, r#","may_set_credits":false"#).await;
    let event = r#"{"event":"tool","customer":"user_42","credits":5}"#;
    let hold = r#"{"event":"image.generate","customer":"user_42"}"#;
    let placed = world.ask("POST", "/v1/holds", Some(&kept), hold).await.expect(200).text("/id");
    let batch = format!("[{event}]");
    for (path, body) in [
        ("/v1/events", event),
        ("/v1/quote", event),
        ("/v1/events/batch", &format!(r#"{{"atomic":true,"idempotency_key":"b","events":{batch}}}"#)),
        ("/v1/holds", r#"{"event":"image.generate","customer":"user_42","credits":5}"#),
        (&format!("/v1/holds/{placed}/increase"), r#"{"credits":5}"#),
        (&format!("/v1/holds/{placed}/capture"), r#"{"credits":5}"#),
    ] {
        for secret in [&kept, &bound] {
            let got = world.ask("POST", path, Some(secret), body).await.expect(403);
            assert_eq!(
                (got.code(), got.text("/required_permission")),
                ("forbidden".into(), "may_set_credits".into())
            );
        }
    }
    let got = world.ask("POST", "/v1/events/batch", Some(&kept), &batch).await.expect(200);
    assert_eq!(got.text("/results/0/error/code"), "forbidden");
    world.ask("POST", "/v1/events", Some(&free), event).await.expect(200);
    world.ask("POST", "/v1/events", Some(&world.key), event).await.expect(200);
    world.ask("POST", &format!("/v1/holds/{placed}/capture"), Some(&kept), "").await.expect(200);
}

#[tokio::test]
async fn a_batch_is_charged_as_far_as_the_budget_reaches_and_an_atomic_one_not_at_all() {
    let world = World::start().await;
    let (_, secret) = agent(&world, r#","budget":{"credits_per_day":30}"#).await;
    let events = |of: &str, count: usize| {
        let event =
            |n| format!(r#"{{"event":"image.generate","customer":"user_42","idempotency_key":"{of}{n}"}}"#);
        (0..count).map(event).collect::<Vec<_>>().join(",")
    };
    let one = r#"{"event":"image.generate","customer":"user_42"}"#;
    let atomic = format!(r#"{{"atomic":true,"idempotency_key":"a","events":[{one},{one},{one}]}}"#);
    let got = world.ask("POST", "/v1/events/batch", Some(&secret), &atomic).await.expect(402);
    assert_eq!(
        (got.code(), got.number("/index"), got.number("/spent")),
        ("budget_exceeded".into(), "2".into(), "24".into())
    );
    assert_eq!(world.available("user_42").await, "1000");
    let batch = format!("[{}]", events("b", 4));
    let got = world.ask("POST", "/v1/events/batch", Some(&secret), &batch).await.expect(200);
    assert_eq!((got.number("/accepted"), got.number("/refused")), ("2".into(), "2".into()));
    assert_eq!(got.text("/results/2/error/code"), "budget_exceeded");
    assert_eq!(world.available("user_42").await, "976");
    let again = world.ask("POST", "/v1/events/batch", Some(&secret), &atomic).await.expect(402);
    assert_eq!(again.number("/spent"), "24", "replayed as it was told first");
}

#[tokio::test]
async fn a_quote_looks_at_the_budget_and_a_hold_gives_it_back() {
    let world = World::start().await;
    let (_, secret) = agent(&world, r#","budget":{"credits_per_day":20}"#).await;
    let event = r#"{"event":"image.generate","customer":"user_42"}"#;
    let quote = async || world.ask("POST", "/v1/quote", Some(&secret), event).await.expect(200);
    assert_eq!(quote().await.json()["accepted"], true);
    let hold = world.ask("POST", "/v1/holds", Some(&secret), event).await.expect(200).text("/id");
    let got = quote().await;
    assert_eq!(got.json()["accepted"], false);
    assert_eq!(
        (got.text("/refusal/code"), got.number("/refusal/left")),
        ("budget_exceeded".into(), "8".into())
    );
    let admin = world.post("/v1/quote", event).await.expect(200);
    assert_eq!(admin.json()["accepted"], true, "another key has no such budget");
    world.ask("POST", &format!("/v1/holds/{hold}/void"), Some(&secret), "").await.expect(200);
    assert_eq!(quote().await.json()["accepted"], true);
}

#[tokio::test]
async fn a_budget_with_wrong_fields_names_each() {
    let world = World::start().await;
    let (id, _) = agent(&world, "").await;
    for (body, fields) in [
        ("{}", vec!["body"]),
        (
            r#"{"credits_per_day":-1,"credits_per_customer_per_day":"5"}"#,
            vec!["credits_per_day", "credits_per_customer_per_day"],
        ),
        (r#"{"credits_per_day":8000000001}"#, vec!["credits_per_day"]),
        (r#"{"credits_per_week":1,"credits_per_day":1}"#, vec!["credits_per_week"]),
    ] {
        let got = world.put(&format!("/v1/keys/{id}/budget"), body).await.expect(400);
        assert_eq!(got.fields(), fields, "{body}");
    }
    for (limits, fields) in [
        (r#","budget":{}"#, vec!["budget"]),
        (r#","budget":5"#, vec!["budget"]),
        (
            r#","budget":{"credits_per_day":true},"may_set_credits":1"#,
            vec!["budget.credits_per_day", "may_set_credits"],
        ),
    ] {
        let body = format!(r#"{{"label":"agent","scopes":["meter"]{limits}}}"#);
        assert_eq!(world.post("/v1/keys", &body).await.expect(400).fields(), fields, "{body}");
    }
    world.put("/v1/keys/key_00000000000000000000/budget", r#"{"credits_per_day":1}"#).await.expect(404);
}
