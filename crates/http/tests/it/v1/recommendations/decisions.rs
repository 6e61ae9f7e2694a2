//! Apply, reject, roll back: once, by name, with a key.

use chargly_engine::ledger::{Guardrail, GuardrailRule, Scope};
use serde_json::json;

use super::{DAY_MS, PATH, advice, recorded, selling_replies, watched};

#[tokio::test]
async fn applying_publishes_exactly_what_was_proposed() {
    let world = selling_replies().await;
    let id = recorded(&world, advice(&world, "chat.reply")).await;
    let body = r#"{"reason":"Costs rose","idempotency_key":"k"}"#;
    let got = world.post(&format!("{PATH}/{id}/apply"), body).await.expect(200);
    let shown = got.json();
    assert_eq!((&shown["id"], &shown["status"]), (&json!(id), &json!("applied")));
    assert_eq!((&shown["version"], &shown["in_words"]), (&json!(2), &json!("5 credits")));
    assert_eq!(shown["effective_at"], "2026-11-23T10:00:00.000Z");
    assert!(!got.position().is_empty());

    let prices = world.get("/v1/event-types/chat.reply/prices").await.json();
    assert_eq!(prices["data"][0]["id"], shown["price_version"]);
    assert_eq!(
        (&prices["data"][0]["note"], &prices["data"][0]["state"]),
        (&json!("Costs rose"), &json!("in_force"))
    );
    let one = world.get(&format!("{PATH}/{id}")).await.json();
    assert_eq!((&one["status"], &one["version_to"]), (&json!("applied"), &json!(2)));
    assert_eq!(one["decision"]["what"], "applied");
    assert_eq!(one["decision"]["reason"], "Costs rose");
    assert_eq!(one["review_at"], "2026-12-24T10:00:00.000Z");

    let again = world.post(&format!("{PATH}/{id}/apply"), body).await.expect(200);
    assert!(again.is_replay());
    assert_eq!(again.bytes, got.bytes);
    let other = world.post(&format!("{PATH}/{id}/apply"), r#"{"idempotency_key":"k2"}"#).await.expect(409);
    assert_eq!(other.code(), "recommendation_not_open");
    assert_eq!(other.text("/recommendation_status"), "applied");
}

#[tokio::test]
async fn with_notice_it_is_accepted_first_and_applied_when_its_day_comes() {
    let world = selling_replies().await;
    let id = recorded(&world, advice(&world, "chat.reply")).await;
    let got = world.post(&format!("{PATH}/{id}/apply"), r#"{"notice_days":14}"#).await.expect(200);
    assert_eq!(
        (got.text("/status"), got.text("/effective_at")),
        ("accepted".into(), "2026-12-07T10:00:00.000Z".into())
    );
    let status = async || world.get(&format!("{PATH}/{id}")).await.text("/status");
    assert_eq!(status().await, "accepted");
    world.clock.advance(14 * DAY_MS);
    assert_eq!(status().await, "applied");
}

#[tokio::test]
async fn a_shock_for_many_wants_a_notice_to_be_chosen() {
    let world = selling_replies().await;
    let mut one = advice(&world, "chat.reply");
    one.guardrails =
        vec![Guardrail { rule: GuardrailRule::BillShock, is_kept: false, value: 3_100, limit: 2_500 }];
    let id = recorded(&world, one).await;
    assert_eq!(world.get(&format!("{PATH}/{id}")).await.json()["notice_required"], true);
    let got = world.post(&format!("{PATH}/{id}/apply"), "{}").await.expect(400);
    assert_eq!(got.fields(), ["notice_days"]);
    world.post(&format!("{PATH}/{id}/apply"), r#"{"notice_days":0}"#).await.expect(200);
}

#[tokio::test]
async fn what_is_only_watched_cannot_be_applied() {
    let world = selling_replies().await;
    let id = recorded(&world, watched(&world, "chat.reply")).await;
    let got = world.post(&format!("{PATH}/{id}/apply"), "{}").await.expect(409);
    assert_eq!(got.code(), "recommendation_not_applicable");
    world.post(&format!("{PATH}/{id}/reject"), "{}").await.expect(200);
}

#[tokio::test]
async fn another_price_in_between_makes_it_expire() {
    let world = selling_replies().await;
    let id = recorded(&world, advice(&world, "chat.reply")).await;
    let price = r#"{"rule":{"type":"flat","credits":6},"note":"by hand"}"#;
    world.post("/v1/event-types/chat.reply/prices", price).await.expect(200);
    let one = world.get(&format!("{PATH}/{id}")).await.json();
    assert_eq!((&one["status"], &one["decision"]["what"]), (&json!("expired"), &json!("overtaken")));
    let got = world.post(&format!("{PATH}/{id}/apply"), "{}").await.expect(409);
    assert_eq!(got.text("/recommendation_status"), "expired");
}

#[tokio::test]
async fn after_two_weeks_it_is_too_old() {
    let world = selling_replies().await;
    let id = recorded(&world, advice(&world, "chat.reply")).await;
    world.clock.advance(14 * DAY_MS);
    assert_eq!(world.get(&format!("{PATH}/{id}")).await.text("/status"), "expired");
    world.post(&format!("{PATH}/{id}/apply"), "{}").await.expect(409);
    world.post(&format!("{PATH}/{id}/reject"), "{}").await.expect(409);
}

#[tokio::test]
async fn rejecting_keeps_who_when_and_why() {
    let world = selling_replies().await;
    let id = recorded(&world, advice(&world, "chat.reply")).await;
    let body = r#"{"reason":"A launch is near","idempotency_key":"no"}"#;
    let got = world.post(&format!("{PATH}/{id}/reject"), body).await.expect(200);
    assert_eq!(
        got.json(),
        json!({"id": id, "status": "rejected", "at": "2026-11-23T10:00:00.000Z", "reason": "A launch is near"})
    );
    let again = world.post(&format!("{PATH}/{id}/reject"), body).await.expect(200);
    assert!(again.is_replay());
    assert_eq!(again.bytes, got.bytes);
    let differs = r#"{"reason":"Another","idempotency_key":"no"}"#;
    let conflict = world.post(&format!("{PATH}/{id}/reject"), differs).await.expect(409);
    assert_eq!(conflict.code(), "idempotency_conflict");
    let decision = world.get(&format!("{PATH}/{id}")).await.json()["decision"].clone();
    assert_eq!((&decision["what"], &decision["reason"]), (&json!("rejected"), &json!("A launch is near")));
    assert!(decision["by"].as_str().is_some_and(|by| by.starts_with("key_")), "{decision}");
    world.post(&format!("{PATH}/{id}/apply"), "{}").await.expect(409);
}

#[tokio::test]
async fn rolling_back_publishes_the_price_before_again() {
    let world = selling_replies().await;
    let id = recorded(&world, advice(&world, "chat.reply")).await;
    let path = format!("{PATH}/{id}/roll-back");
    assert_eq!(world.post(&path, "{}").await.expect(409).code(), "recommendation_not_open");
    world.post(&format!("{PATH}/{id}/apply"), "{}").await.expect(200);
    let body = r#"{"reason":"Too loud","idempotency_key":"back"}"#;
    let got = world.post(&path, body).await.expect(200);
    let shown = got.json();
    assert_eq!(
        (&shown["rolled_back"], &shown["version"], &shown["in_words"]),
        (&json!(true), &json!(3), &json!("4 credits"))
    );
    assert_eq!(world.post(&path, body).await.expect(200).bytes, got.bytes);
    let one = world.get(&format!("{PATH}/{id}")).await.json();
    assert_eq!((&one["status"], &one["rolled_back"]["version"]), (&json!("applied"), &json!(3)));
}

#[tokio::test]
async fn every_wrong_field_is_named_and_nothing_is_done() {
    let world = selling_replies().await;
    let id = recorded(&world, advice(&world, "chat.reply")).await;
    let before = world.test.tail().committed();
    for (verb, body, fields) in [
        ("apply", r#"{"notice_days":-1}"#, vec!["notice_days"]),
        ("apply", r#"{"notice_days":366}"#, vec!["notice_days"]),
        ("apply", r#"{"notice_days":1.5,"reason":7}"#, vec!["notice_days", "reason"]),
        ("apply", r#"{"effective_at":"soon"}"#, vec!["effective_at"]),
        ("apply", r#"{"notice_days":1,"effective_at":"2026-12-01T00:00:00Z"}"#, vec!["effective_at"]),
        ("apply", r#"{"credits":5}"#, vec!["credits"]),
        ("reject", r#"{"note":"no"}"#, vec!["note"]),
        ("reject", r#"{"reason":""}"#, vec!["reason"]),
        ("roll-back", r#"{"reason":"x","notice_days":1}"#, vec!["notice_days"]),
    ] {
        let got = world.post(&format!("{PATH}/{id}/{verb}"), body).await.expect(400);
        assert_eq!(got.fields(), fields, "{verb} {body}");
    }
    assert_eq!(world.test.tail().committed(), before);
    let reader = world.key_with(&[Scope::Read, Scope::Admin]).await;
    for verb in ["apply", "reject", "roll-back"] {
        let path = format!("{PATH}/{id}/{verb}");
        assert_eq!(world.ask("POST", &path, Some(&reader), "{}").await.expect(403).code(), "forbidden");
    }
}

#[tokio::test]
async fn a_day_on_which_prices_stay_is_no_day_to_begin() {
    let world = selling_replies().await;
    let settings =
        r#"{"advice":{"blackouts":[{"from":"2026-11-20T00:00:00Z","to":"2026-12-01T00:00:00Z"}]}}"#;
    world.put("/v1/settings", settings).await.expect(200);
    let id = recorded(&world, advice(&world, "chat.reply")).await;
    let got = world.post(&format!("{PATH}/{id}/apply"), "{}").await.expect(400);
    assert_eq!(got.fields(), ["notice_days"]);
    world.post(&format!("{PATH}/{id}/apply"), r#"{"notice_days":14}"#).await.expect(200);
}
