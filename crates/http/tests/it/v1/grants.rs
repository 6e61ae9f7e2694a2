//! Grants

use crate::world::World;

#[tokio::test]
async fn grant_that_waits_for_its_day_does_not_count_yet() {
    let world = World::start().await;
    let body = r#"{"credits":10,"kind":"promotional","effective_at":"2026-11-24T00:00:00Z"}"#;
    let got = world.post("/v1/customers/a/grants", body).await.expect(200);
    assert_eq!((got.text("/status"), got.number("/balance/posted")), ("pending".into(), "0".into()));
}

#[tokio::test]
async fn grant_settles_debt_first() {
    let world = World::start().await;
    let body = r#"{"event":"image.generate","customer":"a","if_insufficient":"record"}"#;
    world.post("/v1/events", body).await.expect(200);
    let got = world.grant("a", "20").await;
    assert_eq!((got.number("/debt_settled"), got.number("/balance/available")), ("12".into(), "8".into()));
}

#[tokio::test]
async fn void_takes_back_what_is_left_and_only_once() {
    let world = World::start().await;
    let grant = world.grant("a", "20").await.text("/id");
    world.meter("a", "1").await.expect(200);
    let path = format!("/v1/grants/{grant}/void");
    let got = world.post(&path, r#"{"reason":"refunded","idempotency_key":"v1"}"#).await.expect(200);
    assert_eq!((got.number("/credits"), got.number("/balance/posted")), ("8".into(), "0".into()));
    assert_eq!(world.post(&path, "{}").await.expect(409).code(), "grant_not_open");
    let again = world.post(&path, r#"{"reason":"refunded","idempotency_key":"v1"}"#).await.expect(200);
    assert!(again.is_replay());
    assert_eq!(again.bytes, got.bytes);
}

#[tokio::test]
async fn grant_with_wrong_fields_names_each() {
    let world = World::start().await;
    for (body, fields) in [
        (r#"{}"#, vec!["credits", "kind"]),
        (r#"{"credits":0,"kind":"paid"}"#, vec!["credits"]),
        (r#"{"credits":-1,"kind":"gift"}"#, vec!["credits", "kind"]),
        (r#"{"credits":1,"kind":"promotional","price":{"amount":"1","currency":"usd"}}"#, vec!["price"]),
        (
            r#"{"credits":1,"kind":"paid","price":{"amount":1,"currency":"dollar"}}"#,
            vec!["price.amount", "price.currency"],
        ),
        (r#"{"credits":1,"kind":"paid","price":{"amount":"1","currency":"eur"}}"#, vec!["price.currency"]),
        (r#"{"credits":1,"kind":"paid","expires_at":"2026-11-01T00:00:00Z"}"#, vec!["expires_at"]),
        (r#"{"credits":1,"kind":"paid","scope":["nothing"]}"#, vec!["scope"]),
        (r#"{"credits":1,"kind":"paid","priority":1.5}"#, vec!["priority"]),
        (r#"{"credits":1,"kind":"paid","priority":1000001}"#, vec!["priority"]),
    ] {
        assert_eq!(world.post("/v1/customers/a/grants", body).await.expect(400).fields(), fields, "{body}");
    }
    assert_eq!(world.available("a").await, "0");
}
