//! `/v1/holds`

use crate::world::{Got, World};

async fn place(world: &World, body: &str) -> Got {
    world
        .post("/v1/holds", &format!(r#"{{"event":"image.generate","customer":"user_42"{body}}}"#))
        .await
        .expect(200)
}

#[tokio::test]
async fn capture_charges_what_was_used_and_releases_the_rest() {
    let world = World::start().await;
    let hold = place(&world, r#","credits":100"#).await;
    assert_eq!(hold.number("/balance/available"), "900");
    let path = format!("/v1/holds/{}", hold.text("/id"));
    assert_eq!(world.get(&path).await.expect(200).text("/state"), "open");
    let body = r#"{"credits":30,"cost":{"amount":"0.1","currency":"usd"}}"#;
    let got = world.post(&format!("{path}/capture"), body).await.expect(200);
    assert_eq!((got.number("/credits"), got.number("/balance/available")), ("30".into(), "970".into()));
    assert_eq!(got.text("/customer"), "user_42");
    assert_eq!(got.text("/hold_id"), hold.text("/id"));
    let event = world.get(&format!("/v1/events/{}", got.text("/id"))).await.expect(200);
    assert_eq!(event.text("/hold_id"), hold.text("/id"));
    let ended = world.get(&path).await.expect(200);
    assert_eq!((ended.text("/state"), ended.number("/credits")), ("captured".into(), "0".into()));
}

#[tokio::test]
async fn capture_under_the_holds_own_key_is_replayed_not_repeated() {
    let world = World::start().await;
    let hold = place(&world, "").await.text("/id");
    let path = format!("/v1/holds/{hold}/capture");
    let first = world.post(&path, "").await.expect(200);
    let again = world.post(&path, "{}").await.expect(200);
    assert!(again.is_replay() && !first.is_replay());
    assert_eq!(again.bytes, first.bytes);
    assert_eq!(world.available("user_42").await, "988");
    let void = world.post(&format!("/v1/holds/{hold}/void"), "").await.expect(409);
    assert_eq!((void.code(), void.text("/field")), ("idempotency_conflict".into(), "operation".into()));
    let void = world.post(&format!("/v1/holds/{hold}/void"), r#"{"idempotency_key":"v"}"#).await.expect(409);
    assert_eq!((void.code(), void.text("/state")), ("hold_not_open".into(), "captured".into()));
}

#[tokio::test]
async fn capture_above_held_amount_is_refused() {
    let world = World::start().await;
    let hold = place(&world, r#","credits":10"#).await.text("/id");
    let path = format!("/v1/holds/{hold}/capture");
    let got = world.post(&path, r#"{"credits":11}"#).await.expect(409);
    assert_eq!((got.code(), got.number("/held")), ("capture_exceeds_hold".into(), "10".into()));
    let got = world.post(&path, r#"{"credits":11,"idempotency_key":"2","if_insufficient":"record"}"#).await;
    assert_eq!(got.expect(200).number("/balance/available"), "989");
}

#[tokio::test]
async fn steps_of_a_capture_bring_keys_of_their_own() {
    let world = World::start().await;
    let hold = place(&world, r#","credits":10"#).await.text("/id");
    let path = format!("/v1/holds/{hold}/capture");
    assert_eq!(world.post(&path, r#"{"credits":4,"final":false}"#).await.fields(), ["idempotency_key"]);
    let body = r#"{"credits":4,"final":false,"idempotency_key":"s1"}"#;
    let got = world.post(&path, body).await.expect(200);
    assert_eq!((got.number("/still_held"), got.json()["ended"].clone()), ("6".into(), false.into()));
    world.post(&path, r#"{"credits":4,"idempotency_key":"s2"}"#).await.expect(200);
    assert_eq!(world.available("user_42").await, "992");
}

#[tokio::test]
async fn hold_is_increased_extended_and_voided() {
    let world = World::start().await;
    let placed = place(&world, r#","quantity":2,"expires_in_s":60"#).await;
    assert_eq!(placed.text("/expires_at"), "2026-11-23T10:01:00.000Z");
    let path = format!("/v1/holds/{}", placed.text("/id"));
    let got = world.post(&format!("{path}/increase"), r#"{"credits":8}"#).await.expect(200);
    assert_eq!((got.number("/increased_by"), got.number("/balance/held")), ("8".into(), "20".into()));
    let got = world.post(&format!("{path}/extend"), r#"{"expires_in_s":120}"#).await.expect(200);
    assert_eq!(got.text("/expires_at"), "2026-11-23T10:02:00.000Z");
    let got = world.post(&format!("{path}/void"), "").await.expect(200);
    assert_eq!((got.number("/released"), got.number("/balance/available")), ("20".into(), "1000".into()));
    assert_eq!(world.get(&path).await.text("/state"), "voided");
    for (verb, body) in [("increase", r#"{"credits":1}"#), ("extend", r#"{"expires_in_s":1}"#)] {
        let got = world.post(&format!("{path}/{verb}"), body).await.expect(409);
        assert_eq!(got.code(), "hold_not_open", "{verb}");
    }
}

#[tokio::test]
async fn hold_lapses_by_time() {
    let world = World::start().await;
    let path = format!("/v1/holds/{}", place(&world, r#","expires_in_s":60"#).await.text("/id"));
    world.clock.advance(61_000);
    let got = world.post(&format!("{path}/capture"), "").await.expect(409);
    assert_eq!((got.code(), got.text("/state")), ("hold_not_open".into(), "expired".into()));
    let got = world.get(&path).await.expect(200);
    assert_eq!(
        (got.text("/state"), got.text("/ended_at")),
        ("expired".into(), "2026-11-23T10:01:00.000Z".into())
    );
    assert_eq!(world.available("user_42").await, "1000");
}

#[tokio::test]
async fn hold_with_wrong_fields_names_each() {
    let world = World::start().await;
    for (body, fields) in [
        ("{}", vec!["event", "customer"]),
        (r#"{"event":"image.generate","customer":"a","quantity":1,"credits":1}"#, vec!["credits"]),
        (r#"{"event":"image.generate","customer":"a","expires_in_s":0}"#, vec!["expires_in_s"]),
        (r#"{"event":"image.generate","customer":"a","expires_in_s":2592001}"#, vec!["expires_in_s"]),
    ] {
        assert_eq!(world.post("/v1/holds", body).await.expect(400).fields(), fields, "{body}");
    }
    let body = r#"{"event":"image.generate","customer":"user_42","expires_in_s":2592000}"#;
    world.post("/v1/holds", body).await.expect(200);
}
