//! `/v1/settings`: read, changed as a whole, checked field by field.

use serde_json::{Value, json};

use crate::world::World;

#[tokio::test]
async fn settings_begin_with_defaults_and_are_put_as_a_whole() {
    let world = World::start().await;
    let got = world.get("/v1/settings").await.expect(200);
    assert_eq!(
        got.json(),
        serde_json::json!({
            "currency": "usd",
            "time_zone": "UTC",
            "target_margin": "0.6",
            "credit_value": null,
            "welcome_grant": null,
            "refund_shortfall": "debt",
            "dispute_shortfall": "debt_and_freeze",
            "checkout": {"automatic_tax": false, "invoices": false, "promotion_codes": false},
            "redirect_origins": [],
        })
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
async fn settings_of_sales_are_shown_as_they_were_put() {
    let world = World::start().await;
    for body in [
        json!({"welcome_grant": {"credits": 100, "valid_days": 30}}),
        json!({"welcome_grant": {"credits": 0.5, "valid_days": null}}),
        json!({"refund_shortfall": "uncollectable", "dispute_shortfall": "debt"}),
        json!({"refund_shortfall": "debt_and_freeze", "dispute_shortfall": "uncollectable"}),
        json!({"checkout": {"automatic_tax": true, "invoices": false, "promotion_codes": true}}),
        json!({"redirect_origins": ["http://localhost:3000", "https://shop.example"]}),
    ] {
        let put = world.put("/v1/settings", &body.to_string()).await.expect(200);
        let got = world.get("/v1/settings").await.expect(200);
        assert_eq!(got.bytes, put.bytes);
        for (name, value) in body.as_object().expect("fields") {
            assert_eq!(got.json()[name], *value);
        }
        let again = world.put("/v1/settings", &got_without_currency(&got.json())).await.expect(200);
        assert_eq!(again.bytes, got.bytes, "what is shown can be put back");
    }
    let spelled = json!({"redirect_origins": ["HTTPS://Shop.example/", "https://shop.example"]});
    let got = world.put("/v1/settings", &spelled.to_string()).await.expect(200);
    assert_eq!(got.json()["redirect_origins"], json!(["https://shop.example"]), "in one spelling, once");
}

/// The currency is fixed when a project begins.
fn got_without_currency(shown: &Value) -> String {
    let mut fields = shown.clone();
    fields.as_object_mut().expect("fields").remove("currency");
    fields.to_string()
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
        (
            r#"{"refund_shortfall":"forgive","dispute_shortfall":true}"#,
            vec!["refund_shortfall", "dispute_shortfall"],
        ),
        (r#"{"welcome_grant":{"credits":0}}"#, vec!["welcome_grant.credits"]),
        (r#"{"welcome_grant":{"valid_days":1}}"#, vec!["welcome_grant.credits"]),
        (r#"{"welcome_grant":{"credits":1,"valid_days":0}}"#, vec!["welcome_grant.valid_days"]),
        (r#"{"welcome_grant":{"credits":1,"valid_days":3651}}"#, vec!["welcome_grant.valid_days"]),
        (r#"{"checkout":{"automatic_tax":"yes"}}"#, vec!["checkout.automatic_tax"]),
        (r#"{"checkout":{"tax":true}}"#, vec!["checkout.tax"]),
        (r#"{"redirect_origins":["https://shop.example/thanks"]}"#, vec!["redirect_origins"]),
        (r#"{"redirect_origins":["javascript:alert(1)"]}"#, vec!["redirect_origins"]),
        (r#"{"redirect_origins":["https://user@shop.example"]}"#, vec!["redirect_origins"]),
        (r#"{"redirect_origins":["*"]}"#, vec!["redirect_origins"]),
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
