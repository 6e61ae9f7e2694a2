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
            "advice": {
                "weekly": true,
                "objective": "target_margin",
                "margin_floor": "0.4",
                "dead_band": "0.02",
                "step_limit": "0.2",
                "live_changes": 2,
                "notice_days": 0,
                "elasticity": {"centre": "-0.7", "scale": "0.6"},
                "blackouts": [],
            },
            "compat_creates_event_types": false,
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
async fn settings_of_advice_are_shown_as_they_were_put() {
    let world = World::start().await;
    let advice = json!({
        "weekly": false,
        "objective": "profit",
        "margin_floor": "0.35",
        "dead_band": "0.03",
        "step_limit": "1",
        "live_changes": 1,
        "notice_days": 30,
        "elasticity": {"centre": "-1.2", "scale": "0.5"},
        "blackouts": [
            {"from": "2026-11-20T00:00:00.000Z", "to": "2026-12-01T00:00:00.000Z"},
            {"from": "2026-12-20T00:00:00.000Z", "to": "2027-01-06T00:00:00.000Z"},
        ],
    });
    let put = world.put("/v1/settings", &json!({ "advice": advice }).to_string()).await.expect(200);
    assert_eq!(put.json()["advice"], advice);
    let again = world.put("/v1/settings", &got_without_currency(&put.json())).await.expect(200);
    assert_eq!(again.bytes, put.bytes, "what is shown can be put back");
    // What is left out of the object has its default too, and numbers are read like decimals.
    let some = json!({"advice": {"margin_floor": 0.5, "elasticity": {"centre": -1}}});
    let got = world.put("/v1/settings", &some.to_string()).await.expect(200).json();
    assert_eq!((&got["advice"]["margin_floor"], &got["advice"]["weekly"]), (&json!("0.5"), &json!(true)));
    assert_eq!(got["advice"]["elasticity"], json!({"centre": "-1", "scale": "0.6"}));
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
        (
            r#"{"advice":{"weekly":1,"objective":"growth","margin_floor":"1","dead_band":-1,"step_limit":0}}"#,
            vec![
                "advice.weekly",
                "advice.objective",
                "advice.margin_floor",
                "advice.dead_band",
                "advice.step_limit",
            ],
        ),
        (r#"{"advice":{"step_limit":"1.01"}}"#, vec!["advice.step_limit"]),
        (
            r#"{"advice":{"live_changes":101,"notice_days":366,"floor":1}}"#,
            vec!["advice.live_changes", "advice.notice_days", "advice.floor"],
        ),
        (r#"{"advice":{"live_changes":0}}"#, vec!["advice.live_changes"]),
        (r#"{"advice":{"elasticity":{"centre":"0.1"}}}"#, vec!["advice.elasticity.centre"]),
        (r#"{"advice":{"elasticity":{"centre":"-5.1"}}}"#, vec!["advice.elasticity.centre"]),
        (r#"{"advice":{"elasticity":{"scale":"0.05"}}}"#, vec!["advice.elasticity.scale"]),
        (r#"{"advice":{"elasticity":{"centre":"low"}}}"#, vec!["advice.elasticity.centre"]),
        (r#"{"advice":{"blackouts":[{"from":"2026-12-01T00:00:00Z"}]}}"#, vec!["advice.blackouts"]),
        (
            r#"{"advice":{"blackouts":[{"from":"2026-12-01T00:00:00Z","to":"2026-12-01T00:00:00Z"}]}}"#,
            vec!["advice.blackouts"],
        ),
        (r#"{"advice":{"blackouts":[7]}}"#, vec!["advice.blackouts"]),
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
