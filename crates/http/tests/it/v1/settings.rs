//! `/v1/settings`: read, changed as a whole, checked field by field.

use crate::world::World;

#[tokio::test]
async fn settings_begin_with_defaults_and_are_put_as_a_whole() {
    let world = World::start().await;
    let got = world.get("/v1/settings").await.expect(200);
    assert_eq!(
        got.json(),
        serde_json::json!({"currency":"usd","time_zone":"UTC","target_margin":"0.6","credit_value":null})
    );
    let body = r#"{"time_zone":"Europe/Berlin","target_margin":"0.6525","credit_value":"0.02"}"#;
    let put = world.put("/v1/settings", body).await.expect(200);
    assert!(!put.position().is_empty());
    let got = world.get("/v1/settings").await.expect(200);
    assert_eq!(got.bytes, put.bytes);
    assert_eq!(got.text("/time_zone"), "Europe/Berlin");
    assert_eq!(got.text("/target_margin"), "0.6525");
    assert_eq!(got.text("/credit_value"), "0.02");
    let audit = world.get("/v1/audit").await.expect(200);
    assert_eq!(audit.text("/data/0/type"), "settings_changed");
    assert_eq!(audit.text("/data/0/time_zone"), "Europe/Berlin");

    let got = world.put("/v1/settings", r#"{"target_margin":0.5}"#).await.expect(200);
    assert_eq!(got.text("/time_zone"), "UTC", "what is left out goes back to its default");
    assert_eq!(got.text("/target_margin"), "0.5");
    assert!(got.json()["credit_value"].is_null());
}

#[tokio::test]
async fn every_wrong_setting_is_named_and_nothing_is_changed() {
    let world = World::start().await;
    let before = world.test.tail().committed();
    for (body, fields) in [
        (r#"{"time_zone":"Mars/Olympus"}"#, vec!["time_zone"]),
        (r#"{"time_zone":""}"#, vec!["time_zone"]),
        (
            r#"{"time_zone":1,"target_margin":"1","credit_value":"0"}"#,
            vec!["time_zone", "target_margin", "credit_value"],
        ),
        (r#"{"target_margin":"0.00001"}"#, vec!["target_margin"]),
        (r#"{"target_margin":-0.1}"#, vec!["target_margin"]),
        (r#"{"target_margin":true}"#, vec!["target_margin"]),
        (r#"{"credit_value":0.02}"#, vec!["credit_value"]),
        (r#"{"credit_value":"-1"}"#, vec!["credit_value"]),
        (r#"{"currency":"eur"}"#, vec!["currency"]),
    ] {
        assert_eq!(world.put("/v1/settings", body).await.expect(400).fields(), fields, "{body}");
    }
    assert_eq!(world.test.tail().committed(), before);
    // The largest and the smallest that are in range.
    for target in ["0", "0.9999"] {
        let body = format!(r#"{{"target_margin":"{target}"}}"#);
        assert_eq!(world.put("/v1/settings", &body).await.expect(200).text("/target_margin"), target);
    }
}
