//! `POST /api/wallet/consume`: which amounts are taken, and what becomes of events that nobody defined.

use serde_json::{Value, json};

use super::{Client, refused};
use crate::world::World;

const PATH: &str = "/api/wallet/consume";

fn consume(source: &str, amount: &str) -> Value {
    let amount: Value = amount.parse().unwrap_or_default();
    json!({"userId": "user_42", "source": source, "amount": amount})
}

#[tokio::test]
async fn amount_is_the_price_or_the_callers_to_set() {
    let world = World::start().await;
    world.put("/v1/event-types/agent.run", r#"{"caller_set_credits":true}"#).await.expect(200);
    world.put("/v1/event-types/chat.reply", r#"{"credits":0.5}"#).await.expect(200);
    world.put("/v1/event-types/unpriced", "{}").await.expect(200);
    let client = Client::of(&world);
    for (source, amount, charged) in [
        ("image.generate", "12", Ok("12")),
        ("image.generate", "12.000000", Ok("12")),
        ("image.generate", "null", Ok("12")),
        ("image.generate", "11.999999", Err((400, "invalid_request"))),
        ("image.generate", "0", Err((400, "invalid_request"))),
        ("chat.reply", "0.5", Ok("0.5")),
        ("agent.run", "7.25", Ok("7.25")),
        ("agent.run", "0", Ok("0")),
        ("agent.run", "null", Err((422, "no_active_price"))),
        ("unpriced", "null", Err((422, "no_active_price"))),
        ("unpriced", "5", Err((400, "invalid_request"))),
        ("agent.run", "-1", Err((400, "invalid_request"))),
        ("agent.run", "100000", Err((400, "insufficient_balance"))),
        ("no.such", "null", Err((422, "unknown_event_type"))),
    ] {
        let before = client.balance("user_42").await;
        let got = client.post(PATH, &consume(source, amount)).await;
        match charged {
            Ok(charged) => {
                assert_eq!(got.expect(200).number("/creditsCharged"), charged, "{source} {amount}");
            }
            Err((status, code)) => {
                let message = refused(&got, status, code);
                if code == "invalid_request" {
                    assert!(message.starts_with("amount "), "{source} {amount}: {message}");
                }
                assert_eq!(client.balance("user_42").await, before, "{source} {amount}");
            }
        }
    }
}

#[tokio::test]
async fn agents_key_takes_the_price_and_no_other_amount_within_its_budget() {
    let world = World::start().await;
    world.put("/v1/event-types/agent.run", r#"{"caller_set_credits":true}"#).await.expect(200);
    let body = r#"{"label":"agent","scopes":["meter","read"],"budget":{"credits_per_day":20}}"#;
    let key = world.post("/v1/keys", body).await.expect(200).text("/secret");
    let client = Client::with_key(&world, &key);
    for (source, amount, answered) in [
        ("agent.run", "7", Err((403, "forbidden"))),
        ("image.generate", "11", Err((403, "forbidden"))),
        ("no.such", "7", Err((403, "forbidden"))),
        ("image.generate", "12", Ok("12")),
        ("image.generate", "12", Err((402, "budget_exceeded"))),
        ("image.generate", "null", Err((402, "budget_exceeded"))),
    ] {
        let before = client.balance("user_42").await;
        let got = client.post(PATH, &consume(source, amount)).await;
        match answered {
            Ok(charged) => assert_eq!(got.expect(200).number("/creditsCharged"), charged),
            Err((status, code)) => {
                refused(&got, status, code);
                assert_eq!(client.balance("user_42").await, before, "{source} {amount}");
            }
        }
    }
}

#[tokio::test]
async fn a_retry_is_answered_as_before_whatever_the_price_has_become() {
    let world = World::start().await;
    let client = Client::of(&world);
    let body = consume("image.generate", "12");
    let first = client.post_with(PATH, Some("k"), &body).await.expect(200);
    let price = r#"{"rule":{"type":"flat","credits":15},"note":"dearer"}"#;
    world.post("/v1/event-types/image.generate/prices", price).await.expect(200);
    let again = client.post_with(PATH, Some("k"), &body).await.expect(200);
    assert_eq!(again.bytes, first.bytes);
    let other = client.post_with(PATH, Some("k"), &consume("image.generate", "15")).await;
    refused(&other, 409, "idempotency_conflict");
    refused(&client.post_with(PATH, Some("k2"), &body).await, 400, "invalid_request");
    client.post_with(PATH, Some("k2"), &consume("image.generate", "15")).await.expect(200);
}

#[tokio::test]
async fn key_in_the_body_is_a_key_too() {
    let world = World::start().await;
    let client = Client::of(&world);
    let mut body = consume("image.generate", "12");
    for name in ["idempotencyKey", "idempotency_key"] {
        body[name] = json!(name);
        let first = client.post(PATH, &body).await.expect(200);
        let again = client.post(PATH, &body).await.expect(200);
        assert!(again.is_replay());
        assert_eq!(again.bytes, first.bytes);
        let differs = client.post_with(PATH, Some("another"), &body).await;
        assert!(refused(&differs, 400, "invalid_request").contains(name));
        body.as_object_mut().expect("an object").remove(name);
    }
    assert_eq!(client.balance("user_42").await, "976");
}

#[tokio::test]
async fn unknown_event_with_an_amount_becomes_a_type_in_test() {
    let world = World::start().await;
    let client = Client::of(&world);
    let got = client.post(PATH, &consume("video.hd_render", "40")).await.expect(200);
    assert_eq!(got.number("/creditsCharged"), "40");
    let made = world.get("/v1/event-types/video.hd_render").await.expect(200).json();
    assert_eq!(
        (&made["label"], &made["caller_set_credits"], &made["price"]),
        (&json!("Video hd render"), &json!(true), &Value::Null)
    );
    client.post(PATH, &consume("video.hd_render", "3")).await.expect(200);
    let message = refused(&client.post(PATH, &consume("Video Render", "40")).await, 400, "invalid_request");
    assert!(message.starts_with("source "), "{message}");
    world.get("/v1/event-types/image.generate").await.expect(200);
}

#[tokio::test]
async fn unknown_event_becomes_a_type_in_live_only_where_the_settings_say_so() {
    let world = World::start().await;
    let client = Client::live(&world);
    let live = |method, path, body| world.ask(method, path, Some(&world.live_key), body);
    let grant = r#"{"credits":100,"kind":"promotional"}"#;
    live("POST", "/v1/customers/user_42/grants", grant).await.expect(200);
    let body = consume("video.render", "40");
    refused(&client.post_with(PATH, Some("k"), &body).await, 422, "unknown_event_type");
    live("GET", "/v1/event-types/video.render", "").await.expect(404);

    let settings = live("PUT", "/v1/settings", r#"{"compat_creates_event_types":true}"#).await.expect(200);
    assert_eq!(settings.json()["compat_creates_event_types"], true);
    // That it was unknown bound nothing.
    let got = client.post_with(PATH, Some("k"), &body).await.expect(200);
    assert_eq!(got.number("/balanceAfter"), "60");

    live("PUT", "/v1/settings", "{}").await.expect(200);
    refused(&client.post(PATH, &consume("video.upscale", "1")).await, 422, "unknown_event_type");
    client.post(PATH, &body).await.expect(200);
}

#[tokio::test]
async fn many_at_once_make_one_type_and_overwrite_none() {
    let world = World::start().await;
    let client = Client::of(&world);
    let body = consume("burst.event", "1");
    let calls = (0..16).map(|_| client.post(PATH, &body));
    for got in futures_util::future::join_all(calls).await {
        got.expect(200);
    }
    let audit = world.get("/v1/audit?limit=1000").await.expect(200).json();
    let made = audit["data"].as_array().expect("facts").iter().filter(|fact| fact["event"] == "burst.event");
    assert_eq!(made.filter(|fact| fact["type"] == "event_type_defined").count(), 1);
    assert_eq!(client.balance("user_42").await, "984");
}
