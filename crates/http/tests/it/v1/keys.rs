//! `/v1/keys` and the audit log

use crate::world::World;

#[tokio::test]
async fn new_key_works_and_its_secret_is_shown_once() {
    let world = World::start().await;
    let made = world.post("/v1/keys", r#"{"label":"backend","scopes":["meter","read"]}"#).await.expect(200);
    let secret = made.text("/secret");
    assert!(secret.starts_with("sk_test_"));
    world.ask("GET", "/v1/customers/a/wallet", Some(&secret), "").await.expect(200);
    world.ask("GET", "/v1/keys", Some(&secret), "").await.expect(403);
    let list = world.get("/v1/keys").await.expect(200);
    assert!(!String::from_utf8(list.bytes.clone()).expect("UTF-8").contains(&secret));
    assert_eq!(list.text("/data/1/hint"), secret[secret.len() - 4..]);
}

#[tokio::test]
async fn revoked_key_is_dead_when_the_revocation_is_answered() {
    let world = World::start().await;
    let made = world.post("/v1/keys", r#"{"label":"backend","scopes":["read"]}"#).await.expect(200);
    let (id, secret) = (made.text("/id"), made.text("/secret"));
    world.ask("GET", "/v1/customers/a/wallet", Some(&secret), "").await.expect(200);
    let got = world.ask("DELETE", &format!("/v1/keys/{id}"), Some(&world.key), "").await.expect(200);
    assert_eq!(got.text("/state"), "revoked");
    world.ask("GET", "/v1/customers/a/wallet", Some(&secret), "").await.expect(401);
}

#[tokio::test]
async fn rotated_key_overlaps_with_the_new_one_and_then_ends() {
    let world = World::start().await;
    let made = world.post("/v1/keys", r#"{"label":"backend","scopes":["read"]}"#).await.expect(200);
    let path = format!("/v1/keys/{}/rotate", made.text("/id"));
    let new = world.post(&path, r#"{"overlap_s":60}"#).await.expect(200).text("/secret");
    let old = made.text("/secret");
    let ask = async |secret: &str| {
        world.ask("GET", "/v1/customers/a/wallet", Some(secret), "").await.status.as_u16()
    };
    assert_eq!((ask(&old).await, ask(&new).await), (200, 200));
    assert_eq!(world.get("/v1/keys").await.text("/data/1/ends_at"), "2026-11-23T10:01:00.000Z");
    world.clock.advance(60_000);
    assert_eq!((ask(&old).await, ask(&new).await), (401, 200));
    world.post(&path, "{}").await.expect(410);
}

#[tokio::test]
async fn key_with_wrong_fields_names_each() {
    let world = World::start().await;
    for (body, fields) in [
        ("{}", vec!["label", "scopes"]),
        (r#"{"label":" ","scopes":[]}"#, vec!["label", "scopes"]),
        (r#"{"label":"a","scopes":["all"]}"#, vec!["scopes"]),
        (r#"{"label":"a","scopes":"read"}"#, vec!["scopes"]),
    ] {
        assert_eq!(world.post("/v1/keys", body).await.expect(400).fields(), fields, "{body}");
    }
}

#[tokio::test]
async fn audit_log_names_who_did_what_and_leaves_metering_out() {
    let world = World::start().await;
    world.meter("user_42", "k").await.expect(200);
    world.post("/v1/customers/user_42/wallet/freeze", r#"{"reason":"dispute"}"#).await.expect(200);
    let got = world.get("/v1/audit").await.expect(200);
    let json = got.json();
    let kinds: Vec<_> = json["data"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|f| f["type"].as_str().expect("a type"))
        .collect();
    assert_eq!(
        kinds,
        [
            "frozen",
            "granted",
            "price_published",
            "event_type_defined",
            "key_created",
            "epoch_started",
            "environment_created"
        ]
    );
    assert_eq!(
        (got.text("/data/0/reason"), got.text("/data/0/actor/label")),
        ("dispute".into(), "admin".into())
    );
    assert_eq!(got.text("/data/1/customer"), "user_42");
    assert!(json["data"][4]["actor"].is_null());
}
