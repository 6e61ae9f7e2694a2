//! `POST /v1/events/batch`

use axum::body::Body;

use crate::world::{Got, World};

fn event(customer: &str, key: &str) -> String {
    format!(r#"{{"event":"image.generate","customer":"{customer}","idempotency_key":"{key}"}}"#)
}

fn counts(got: &Got) -> (String, String, String) {
    (got.number("/accepted"), got.number("/refused"), got.number("/replayed"))
}

fn of(accepted: &str, refused: &str, replayed: &str) -> (String, String, String) {
    (accepted.into(), refused.into(), replayed.into())
}

#[tokio::test]
async fn every_item_has_its_answer_in_order_and_is_counted_once() {
    let world = World::start().await;
    let items = [
        event("user_42", "a"),
        event("poor", "a"),
        r#"{"event":"nothing","customer":"user_42"}"#.to_owned(),
        event("user_42", "a"),
        r#"{"event":"image.generate","customer":"user_42","quantity":0}"#.to_owned(),
        "7".to_owned(),
        event("user_42", "b"),
        r#"{"event":"image.generate","customer":"user_42","idempotency_key":"a","quantity":2}"#.to_owned(),
    ];
    let got = world.post("/v1/events/batch", &format!("[{}]", items.join(","))).await.expect(200);
    assert_eq!(counts(&got), of("2", "5", "1"));
    let json = got.json();
    let said: Vec<String> = json["results"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|item| item.pointer("/error/code").unwrap_or(&item["credits"]).to_string())
        .collect();
    let expected = [
        "12",
        "\"insufficient_credits\"",
        "\"unknown_event_type\"",
        "12",
        "\"invalid_request\"",
        "\"invalid_request\"",
        "12",
        "\"idempotency_conflict\"",
    ];
    assert_eq!(said, expected);
    assert_eq!(json["results"][0], json["results"][3]);
    assert_eq!(json["results"][4]["error"]["errors"][0]["field"], "events[4].quantity");
    assert_eq!(world.available("user_42").await, "976");
    assert!(got.headers.contains_key("chargly-position"));
}

#[tokio::test]
async fn batch_may_be_an_array_an_object_or_lines() {
    let world = World::start().await;
    let array = format!("[{},{}]", event("user_42", "1"), event("user_42", "2"));
    let object = format!(r#"{{"events":{array}}}"#);
    let lines = format!("{}\n\n{}\r\n", event("user_42", "1"), event("user_42", "2"));
    let first = world.post("/v1/events/batch", &array).await.expect(200);
    assert_eq!(counts(&first), of("2", "0", "0"));
    let again = world.post("/v1/events/batch", &object).await.expect(200);
    assert_eq!(counts(&again), of("0", "0", "2"));
    let request = world.request("POST", "/v1/events/batch").header("content-type", "application/x-ndjson");
    let again = world.send(request.body(Body::from(lines)).expect("a request")).await.expect(200);
    assert_eq!(counts(&again), of("0", "0", "2"));
    assert_eq!(again.json()["results"], first.json()["results"]);
}

#[tokio::test]
async fn atomic_batch_is_all_or_none() {
    let world = World::start().await;
    world.grant("c", "30").await;
    let item = r#"{"event":"image.generate","customer":"c"}"#;
    let batch = |n: usize, key: &str| {
        format!(r#"{{"events":[{}],"atomic":true,"idempotency_key":"{key}"}}"#, vec![item; n].join(","))
    };
    let refused = world.post("/v1/events/batch", &batch(3, "x")).await.expect(402);
    assert_eq!((refused.code(), refused.number("/index")), ("insufficient_credits".into(), "2".into()));
    assert_eq!(world.available("c").await, "30");
    let again = world.post("/v1/events/batch", &batch(3, "x")).await.expect(402);
    assert!(again.is_replay());
    assert_eq!(again.bytes, refused.bytes);
    let accepted = world.post("/v1/events/batch", &batch(2, "y")).await.expect(200);
    assert_eq!(counts(&accepted), of("2", "0", "0"));
    assert_eq!(world.available("c").await, "6");
    let again = world.post("/v1/events/batch", &batch(2, "y")).await.expect(200);
    assert!(again.is_replay());
    assert_eq!(again.bytes, accepted.bytes);
    let other = world.post("/v1/events/batch", &batch(1, "y")).await.expect(409);
    assert_eq!((other.code(), other.text("/field")), ("idempotency_conflict".into(), "events".into()));
}

#[tokio::test]
async fn atomic_batch_of_two_customers_or_with_keys_of_items_is_refused() {
    let world = World::start().await;
    let body = format!(r#"{{"events":[{},{}],"atomic":true}}"#, event("a", "1"), event("b", "2"));
    let got = world.post("/v1/events/batch", &body).await.expect(400);
    assert_eq!(
        got.fields(),
        ["events[0].idempotency_key", "events[1].idempotency_key", "events[1].customer"]
    );
    let got = world
        .post("/v1/events/batch", r#"{"events":[{"event":"nothing","customer":"a"}],"atomic":true}"#)
        .await;
    assert_eq!(got.expect(422).code(), "unknown_event_type");
}

#[tokio::test]
async fn key_for_a_batch_that_is_not_atomic_is_refused() {
    let world = World::start().await;
    let body = format!(r#"{{"events":[{}],"idempotency_key":"x"}}"#, event("user_42", "1"));
    assert_eq!(world.post("/v1/events/batch", &body).await.expect(400).fields(), ["idempotency_key"]);
    assert_eq!(world.available("user_42").await, "1000");
}

#[tokio::test]
async fn batches_hold_their_limits_on_both_sides() {
    let world = World::start().await;
    world.put("/v1/event-types/f", r#"{"credits":0}"#).await.expect(200);
    let item = r#"{"event":"f","customer":"user_42"}"#;
    let array = |n: usize| format!("[{}]", vec![item; n].join(","));
    for (n, status) in [(0, 400), (1, 200), (9_999, 200), (10_000, 200), (10_001, 413)] {
        let got = world.post("/v1/events/batch", &array(n)).await.expect(status);
        match status {
            200 => assert_eq!(got.number("/accepted"), n.to_string()),
            413 => assert_eq!((got.code(), got.number("/limit")), ("too_large".into(), "10000".into())),
            _ => assert_eq!(got.fields(), ["events"]),
        }
    }
    for (n, status) in [(999, 200), (1_000, 200), (1_001, 413)] {
        let body = format!(r#"{{"events":{},"atomic":true}}"#, array(n));
        world.post("/v1/events/batch", &body).await.expect(status);
    }
}

#[tokio::test]
async fn form_of_a_batch_that_is_wrong_is_refused_as_a_whole() {
    let world = World::start().await;
    for (body, fields) in [
        ("[1", vec!["body"]),
        ("", vec!["body"]),
        ("7", vec!["body"]),
        ("{}", vec!["events"]),
        (r#"{"events":7}"#, vec!["events"]),
        (r#"{"events":[7],"atomc":true}"#, vec!["atomc"]),
        (r#"{"events":[7],"atomic":true}"#, vec!["events[0]"]),
    ] {
        assert_eq!(world.post("/v1/events/batch", body).await.expect(400).fields(), fields, "{body}");
    }
}
