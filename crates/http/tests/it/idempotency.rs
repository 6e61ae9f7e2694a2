//! The same key: the same answer, byte for byte; another request: a conflict that names the field.

use axum::body::Body;

use crate::world::World;

const EVENT: &str = r#"{"event":"image.generate","customer":"user_42","idempotency_key":"k","quantity":2,
    "properties":{"b":1,"a":2},"cost":{"amount":"0.04","currency":"usd"},"occurred_at":"2026-11-23T10:00:00Z"}"#;

#[tokio::test]
async fn accepted_event_is_replayed_byte_for_byte_even_after_a_restart() {
    let world = World::start().await;
    let first = world.post("/v1/events", EVENT).await.expect(200);
    world.meter("user_42", "other").await.expect(200);
    let again = world.post("/v1/events", EVENT).await.expect(200);
    assert!(again.is_replay() && !first.is_replay());
    assert_eq!(again.bytes, first.bytes);
    assert_eq!(again.position(), first.position());
    let world = world.restart().await;
    let again = world.post("/v1/events", EVENT).await.expect(200);
    assert!(again.is_replay());
    assert_eq!(again.bytes, first.bytes);
    assert_eq!(world.available("user_42").await, "976");
}

#[tokio::test]
async fn refused_event_stays_refused_byte_for_byte_even_when_the_wallet_could_pay() {
    let world = World::start().await;
    let first = world.meter("poor", "k").await.expect(402);
    world.grant("poor", "100").await;
    let again = world.meter("poor", "k").await.expect(402);
    assert!(again.is_replay() && !first.is_replay());
    assert_eq!(again.bytes, first.bytes);
    let world = world.restart().await;
    let again = world.meter("poor", "k").await.expect(402);
    assert_eq!(again.bytes, first.bytes);
    world.meter("poor", "k2").await.expect(200);
}

#[tokio::test]
async fn error_that_does_not_bind_leaves_its_key_free() {
    let world = World::start().await;
    let body = r#"{"event":"later","customer":"user_42","idempotency_key":"k"}"#;
    world.post("/v1/events", body).await.expect(422);
    world.put("/v1/event-types/later", r#"{"credits":1}"#).await.expect(200);
    let got = world.post("/v1/events", body).await.expect(200);
    assert!(!got.is_replay());
}

#[tokio::test]
async fn same_request_written_otherwise_is_the_same() {
    let world = World::start().await;
    let first = world.post("/v1/events", EVENT).await.expect(200);
    for body in [
        EVENT.replace(r#""quantity":2"#, r#""quantity":2.000000"#),
        EVENT.replace(r#""quantity":2"#, r#""quantity":0.2e1"#),
        EVENT.replace("0.04", "0.040"),
        EVENT.replace(r#"{"b":1,"a":2}"#, r#"{ "a":2 , "b":1 }"#),
        EVENT.replace("10:00:00Z", "12:00:00+02:00"),
        EVENT.replace("usd", "USD"),
        EVENT.replace(r#""image.generate""#, r#""image.generat\u0065""#),
        EVENT.replace(r#","quantity""#, r#","if_insufficient":"refuse","quantity""#),
    ] {
        let got = world.post("/v1/events", &body).await.expect(200);
        assert!(got.is_replay(), "{body}");
        assert_eq!(got.bytes, first.bytes);
    }
}

#[tokio::test]
async fn other_request_under_the_same_key_conflicts_on_the_field() {
    let world = World::start().await;
    world.put("/v1/event-types/other", r#"{"credits":1}"#).await.expect(200);
    world.post("/v1/events", EVENT).await.expect(200);
    for (from, to, field, first, now) in [
        ("image.generate", "other", "event", "image.generate", "other"),
        (r#""quantity":2"#, r#""quantity":3"#, "quantity", "2", "3"),
        ("0.04", "0.05", "cost", "0.04 usd", "0.05 usd"),
        (r#""b":1"#, r#""b":2"#, "properties", r#"{"a":2,"b":1}"#, r#"{"a":2,"b":2}"#),
        (
            r#""quantity":2"#,
            r#""quantity":2,"if_insufficient":"record""#,
            "if_insufficient",
            "refuse",
            "record",
        ),
    ] {
        let got = world.post("/v1/events", &EVENT.replace(from, to)).await.expect(409);
        assert_eq!((got.code(), got.text("/field")), ("idempotency_conflict".into(), field.into()));
        assert_eq!((got.text("/first"), got.text("/now")), (first.into(), now.into()));
    }
    let got = world.post("/v1/events", &EVENT.replace("10:00:00Z", "10:00:01Z")).await.expect(409);
    assert_eq!(got.text("/field"), "occurred_at");
    let hold = r#"{"event":"image.generate","customer":"user_42","idempotency_key":"k"}"#;
    let got = world.post("/v1/holds", hold).await.expect(409);
    assert_eq!((got.text("/field"), got.text("/now")), ("operation".into(), "place_hold".into()));
}

#[tokio::test]
async fn same_key_of_another_customer_or_environment_is_another_key() {
    let world = World::start().await;
    world.grant("b", "100").await;
    world.meter("user_42", "k").await.expect(200);
    assert!(!world.meter("b", "k").await.expect(200).is_replay());
    world
        .ask("PUT", "/v1/event-types/image.generate", Some(&world.live_key), r#"{"credits":0}"#)
        .await
        .expect(200);
    let body = r#"{"event":"image.generate","customer":"user_42","idempotency_key":"k"}"#;
    let got = world.ask("POST", "/v1/events", Some(&world.live_key), body).await.expect(200);
    assert!(!got.is_replay());
}

#[tokio::test]
async fn key_in_the_header_is_the_key_in_the_body() {
    let world = World::start().await;
    let send = async |header: &str, body: &str| {
        let request = world.request("POST", "/v1/events").header("idempotency-key", header);
        world.send(request.body(Body::from(body.to_owned())).expect("a request")).await
    };
    let bare = r#"{"event":"image.generate","customer":"user_42"}"#;
    let keyed = r#"{"event":"image.generate","customer":"user_42","idempotency_key":"k"}"#;
    let first = send("k", bare).await.expect(200);
    assert_eq!(send("k", keyed).await.expect(200).bytes, first.bytes);
    assert!(world.post("/v1/events", keyed).await.expect(200).is_replay());
    assert_eq!(send("j", keyed).await.expect(400).fields(), ["idempotency_key"]);
    assert_eq!(send("a b", bare).await.expect(400).fields(), ["Idempotency-Key"]);
}
