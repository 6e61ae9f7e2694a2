//! Looking for advice.

use std::time::Duration;

use serde_json::{Value, json};

use super::{PATH, selling_replies};
use crate::world::World;

async fn looked(world: &World, body: &str) -> Value {
    let asked = world.post(&format!("{PATH}/look"), body).await.expect(202);
    let id = asked.text("/id");
    for _ in 0..500 {
        let got = world.get(&format!("{PATH}/look")).await.expect(200).json();
        assert_eq!(got["id"], json!(id));
        if !matches!(got["status"].as_str(), Some("queued" | "running")) {
            return got;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("not finished after ten seconds")
}

#[tokio::test]
async fn nothing_was_looked_for_before_somebody_asks() {
    let world = selling_replies().await;
    let got = world.get(&format!("{PATH}/look")).await.expect(200).json();
    assert_eq!((&got["status"], &got["id"], &got["result"]), (&json!("none"), &Value::Null, &Value::Null));
    assert_eq!(got["last_recorded"], Value::Null);
}

#[tokio::test]
async fn a_look_says_what_it_saw_and_is_recorded() {
    let world = selling_replies().await;
    let body = r#"{"event":"chat.reply","customer":"user_42","cost":{"amount":"0.0042","currency":"usd"}}"#;
    world.post("/v1/events", body).await.expect(200);
    let got = looked(&world, r#"{"seed":42}"#).await;
    assert_eq!(
        (&got["status"], &got["seed"], &got["dry_run"]),
        (&json!("done"), &json!(42), &json!(false)),
        "{got}"
    );
    assert!(got["result"]["cut_off"].is_number() && got["result"]["as_of"].is_string(), "{got}");
    assert_eq!(got["result"]["drafts"], json!([]));
    assert_eq!(got["last_recorded"]["seed"], json!(42));
    assert!(got["result"]["watched"].is_array());
}

#[tokio::test]
async fn a_dry_look_records_nothing() {
    let world = selling_replies().await;
    let before = world.test.tail().committed();
    let got = looked(&world, r#"{"dry_run":true}"#).await;
    assert_eq!((&got["status"], &got["dry_run"]), (&json!("done"), &json!(true)), "{got}");
    assert_eq!((&got["result"]["made"], &got["last_recorded"]), (&json!([]), &Value::Null));
    assert_eq!(world.test.tail().committed(), before);
}

#[tokio::test]
async fn a_wrong_field_of_a_look_is_named() {
    let world = selling_replies().await;
    for (body, fields) in [
        (r#"{"seed":-1}"#, vec!["seed"]),
        (r#"{"seed":9007199254740993}"#, vec!["seed"]),
        (r#"{"seed":"1","dry_run":1}"#, vec!["seed", "dry_run"]),
        (r#"{"event":"chat.reply"}"#, vec!["event"]),
    ] {
        assert_eq!(world.post(&format!("{PATH}/look"), body).await.expect(400).fields(), fields, "{body}");
    }
}
