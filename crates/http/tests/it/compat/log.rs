//! `POST /api/usage/log`: it attaches once, to the right charge, and never charges.

use serde_json::{Value, json};

use super::{Client, refused};
use crate::world::{Got, World};

const PATH: &str = "/api/usage/log";
const MINUTE_MS: i64 = 60_000;

async fn consumed(client: &Client<'_>) -> String {
    let body = json!({"userId": "user_42", "source": "image.generate", "amount": 12});
    client.post("/api/wallet/consume", &body).await.expect(200).text("/transactionId")
}

fn log(metadata: &Value) -> Value {
    json!({"userId": "user_42", "featureKey": "image.generate", "creditsCharged": 12, "metadata": metadata})
}

async fn logged(client: &Client<'_>, metadata: Value) -> String {
    client.post(PATH, &log(&metadata)).await.expect(200).text("/id")
}

async fn event(world: &World, id: &str) -> Value {
    world.get(&format!("/v1/events/{id}")).await.expect(200).json()
}

#[tokio::test]
async fn first_log_attaches_and_the_second_records_use_of_no_credits() {
    let world = World::start().await;
    let client = Client::of(&world);
    let charge = consumed(&client).await;
    assert_eq!(event(&world, &charge).await["properties"], Value::Null);
    assert_eq!(logged(&client, json!({"size": "1024", "model": "dall-e-3"})).await, charge);
    let shown = event(&world, &charge).await;
    assert_eq!(shown["properties"], json!({"model": "dall-e-3", "size": "1024"}));
    assert_eq!(shown["credits"], 12);

    let second = logged(&client, json!({"size": "512"})).await;
    assert_ne!(second, charge);
    let shown = event(&world, &second).await;
    assert_eq!((&shown["credits"], &shown["quantity"]), (&json!(0), &json!(1)));
    assert_eq!((&shown["price_version"], &shown["revenue"]["amount"]), (&Value::Null, &json!("0")));
    assert_eq!(shown["properties"], json!({"size": "512"}));
    assert_eq!(client.balance("user_42").await, "988");

    let listed = world.get("/v1/events?customer=user_42").await.expect(200).json();
    let properties: Vec<&Value> =
        listed["data"].as_array().expect("events").iter().map(|event| &event["properties"]).collect();
    assert_eq!(properties, [&json!({"size": "512"}), &json!({"model": "dall-e-3", "size": "1024"})]);
    // What was recorded by a log is no charge for another one.
    assert_ne!(logged(&client, Value::Null).await, second);
    assert_ne!(logged(&client, Value::Null).await, second);
}

#[tokio::test]
async fn of_several_charges_each_is_told_of_once() {
    let world = World::start().await;
    world.put("/v1/event-types/agent.run", r#"{"caller_set_credits":true}"#).await.expect(200);
    let client = Client::of(&world);
    let mut charges = Vec::new();
    for amount in [5, 7, 7] {
        let body = json!({"userId": "user_42", "source": "agent.run", "amount": amount});
        charges.push(client.post("/api/wallet/consume", &body).await.expect(200).text("/transactionId"));
    }
    // Charges of another event, of another customer, and that came with properties are not meant.
    consumed(&client).await;
    world.grant("other", "100").await;
    let other = json!({"userId": "other", "source": "agent.run", "amount": 5});
    client.post("/api/wallet/consume", &other).await.expect(200);
    let told = r#"{"event":"agent.run","customer":"user_42","credits":5,"properties":{"a":1}}"#;
    world.post("/v1/events", told).await.expect(200);

    let at = async |credits: Value| {
        let body = json!({"userId": "user_42", "featureKey": "agent.run", "creditsCharged": credits});
        client.post(PATH, &body).await.expect(200).text("/id")
    };
    assert_eq!(at(json!(5)).await, charges[0], "the latest of so many credits");
    assert_eq!(at(json!(6)).await, charges[2], "where there is none, the latest");
    assert_eq!(at(Value::Null).await, charges[1], "the latest that is left");
    assert!(!charges.contains(&at(Value::Null).await));
}

#[tokio::test]
async fn charge_is_told_of_for_a_quarter_of_an_hour() {
    for (minutes, attaches) in [(15, true), (16, false)] {
        let world = World::start().await;
        let client = Client::of(&world);
        let charge = consumed(&client).await;
        world.clock.advance(minutes * MINUTE_MS);
        assert_eq!(logged(&client, json!({"a": 1})).await == charge, attaches, "{minutes} minutes");
    }
}

#[tokio::test]
async fn charge_is_looked_for_among_the_newest_facts_of_a_wallet() {
    let max = chargly_engine::LOGGED_AMONG_FACTS_MAX;
    for (between, attaches) in [(max - 1, true), (max, false)] {
        let world = World::start().await;
        world.put("/v1/event-types/chat.reply", r#"{"credits":0}"#).await.expect(200);
        let client = Client::of(&world);
        let charge = consumed(&client).await;
        let one = r#"{"event":"chat.reply","customer":"user_42"}"#;
        let batch = format!("[{}]", vec![one; between].join(","));
        world.post("/v1/events/batch", &batch).await.expect(200);
        assert_eq!(logged(&client, json!({"a": 1})).await == charge, attaches, "{between} between");
    }
}

#[tokio::test]
async fn what_was_told_of_is_known_after_a_restart() {
    let world = World::start().await;
    let client = Client::of(&world);
    let (first, second) = (consumed(&client).await, consumed(&client).await);
    assert_eq!(logged(&client, json!({"a": 1})).await, second);
    let world = world.restart().await;
    let client = Client::of(&world);
    assert_eq!(event(&world, &second).await["properties"], json!({"a": 1}));
    assert_eq!(logged(&client, json!({"b": 2})).await, first);
    assert_ne!(logged(&client, json!({"c": 3})).await, first);
}

#[tokio::test]
async fn logs_at_one_time_never_share_a_charge() {
    let world = World::start().await;
    let client = Client::of(&world);
    let mut charges = Vec::new();
    for _ in 0..8 {
        charges.push(consumed(&client).await);
    }
    let bodies: Vec<Value> = (0..12).map(|n| log(&json!({"n": n}))).collect();
    let calls = bodies.iter().map(|body| client.post(PATH, body));
    let answers: Vec<Got> = futures_util::future::join_all(calls).await;
    let mut ids: Vec<String> = answers.into_iter().map(|got| got.expect(200).text("/id")).collect();
    for (n, id) in ids.iter().enumerate() {
        assert_eq!(event(&world, id).await["properties"], json!({"n": n}));
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 12, "no two are about the same");
    assert!(charges.iter().all(|charge| ids.contains(charge)));
    assert_eq!(client.balance("user_42").await, "904");
}

#[tokio::test]
async fn retries_get_the_first_answer_whether_it_attached_or_recorded() {
    let world = World::start().await;
    let client = Client::of(&world);
    let charge = consumed(&client).await;
    let body = log(&json!({"a": 1}));
    let attached = client.post_with(PATH, Some("k"), &body).await.expect(200);
    assert_eq!(attached.text("/id"), charge);
    let recorded = client.post_with(PATH, Some("k2"), &body).await.expect(200);
    // A charge that is there by now changes nothing about what the keys were bound to.
    let newest = consumed(&client).await;
    for (key, first) in [("k", &attached), ("k2", &recorded)] {
        let again = client.post_with(PATH, Some(key), &body).await.expect(200);
        assert!(again.is_replay());
        assert_eq!(again.bytes, first.bytes);
    }
    assert_eq!(logged(&client, json!({"b": 1})).await, newest);
    let again = client.post_with(PATH, Some("k"), &body).await.expect(200);
    assert_eq!(again.bytes, attached.bytes, "with no charge left to attach to");
    for key in ["k", "k2"] {
        let other = client.post_with(PATH, Some(key), &log(&json!({"a": 2}))).await;
        refused(&other, 409, "idempotency_conflict");
    }
    client
        .post_with(
            "/api/wallet/consume",
            Some("spent"),
            &json!({"userId": "user_42", "source": "image.generate"}),
        )
        .await
        .expect(200);
    refused(&client.post_with(PATH, Some("spent"), &body).await, 409, "idempotency_conflict");
}

#[tokio::test]
async fn use_is_recorded_for_whoever_has_no_credits_or_is_frozen() {
    let world = World::start().await;
    let client = Client::of(&world);
    let body = json!({"userId": "nobody", "featureKey": "image.generate"});
    let id = client.post(PATH, &body).await.expect(200).text("/id");
    assert_eq!(event(&world, &id).await["customer"], "nobody");
    world.post("/v1/customers/nobody/wallet/freeze", r#"{"reason":"unpaid"}"#).await.expect(200);
    let position = client.post(PATH, &body).await.expect(200).position();
    assert_eq!(client.balance("nobody").await, "0");
    let path = format!("/v1/revenue?interval=total&min_position={position}");
    let revenue = world.get(&path).await.expect(200).json();
    assert_eq!(revenue["totals"]["recognised"], "0", "{revenue}");
    let usage = world.get("/v1/usage?interval=total&group_by=event").await.expect(200).json();
    assert_eq!((&usage["totals"]["events"], &usage["totals"]["credits_used"]), (&json!(2), &json!(0)));
    let unknown = json!({"userId": "nobody", "featureKey": "no.such", "creditsCharged": 3});
    refused(&client.post(PATH, &unknown).await, 422, "unknown_event_type");
    world.post("/v1/event-types/image.generate/archive", "").await.expect(200);
    refused(&client.post(PATH, &body).await, 422, "event_type_archived");
}

#[tokio::test]
async fn metadata_told_later_moves_the_figures_of_declared_dimensions() {
    let world = World::start().await;
    world.put("/v1/event-types/art.make", r#"{"credits":12,"dimensions":["model"]}"#).await.expect(200);
    let client = Client::of(&world);
    let figures = async |got: Got| {
        let position = got.position();
        let path =
            format!("/v1/revenue?interval=total&event=art.make&group_by=model&min_position={position}");
        let found = world.get(&path).await.expect(200).json();
        let rows = found["data"].as_array().expect("rows").iter();
        let figures = ["dimension_value", "credits_used", "recognised"];
        rows.map(|row| figures.map(|name| row[name].to_string())).collect::<Vec<_>>()
    };
    let row = |model: &str, credits: &str, revenue: &str| {
        [format!("{model:?}"), credits.to_owned(), format!("{revenue:?}")]
    };
    let consume = json!({"userId": "user_42", "source": "art.make", "amount": 12});
    let charge = client.post("/api/wallet/consume", &consume).await.expect(200).text("/transactionId");
    client.post("/api/wallet/consume", &consume).await.expect(200);
    let cost = r#"{"cost":{"amount":"0.04","currency":"usd"}}"#;
    let got = world.post(&format!("/v1/events/{charge}/cost"), cost).await.expect(200);
    assert_eq!(figures(got).await, [row("", "24", "0.48")]);
    let tell = async |model: &str| {
        let body = json!({"userId": "user_42", "featureKey": "art.make", "metadata": {"model": model}});
        client.post(PATH, &body).await.expect(200)
    };
    let got = tell("dall-e-3").await;
    let (told, moved) = (got.text("/id"), [row("", "12", "0.24"), row("dall-e-3", "12", "0.24")]);
    assert_eq!(figures(got).await, moved);
    // What had become of the other event since stays where it was counted, and so does the event.
    let got = tell("other").await;
    assert_eq!(got.text("/id"), charge);
    assert_eq!(figures(got).await, moved);
    // What becomes of an event later is found where its figures are now.
    let got = world.post(&format!("/v1/events/{told}/reverse"), r#"{"reason":"spoilt"}"#).await.expect(200);
    assert_eq!(figures(got).await, [row("", "12", "0.24"), row("dall-e-3", "0", "0")]);
}

#[tokio::test]
async fn erasing_a_customer_erases_what_was_told_later() {
    let world = World::start().await;
    let client = Client::of(&world);
    let charge = consumed(&client).await;
    logged(&client, json!({"prompt": "my house"})).await;
    world.ask("DELETE", "/v1/customers/user_42", Some(&world.key), "").await.expect(200);
    assert_eq!(event(&world, &charge).await["properties"], Value::Null);
}

#[tokio::test]
async fn metadata_have_the_limits_of_properties() {
    let world = World::start().await;
    let client = Client::of(&world);
    let many: serde_json::Map<String, Value> = (0..33).map(|n| (format!("k{n}"), json!(n))).collect();
    for wrong in [json!("text"), json!([1]), Value::Object(many), json!({"a": "x".repeat(4_096)})] {
        let message = refused(&client.post(PATH, &log(&wrong)).await, 400, "invalid_request");
        assert!(message.starts_with("metadata"), "{message}");
    }
}
