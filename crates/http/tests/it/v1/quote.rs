//! `/v1/quote` with rules that are not published

use crate::world::World;

const TIERED: &str = r#""rule":{"type":"tiered","tiers":[{"up_to":10,"credits":1},{"credits":0.25}]}"#;
const BY_MODEL: &str = r#""rule":{"type":"by_dimension","rows":[{"when":{"model":"big"},"rule":{"type":"cost_plus","multiplier":"1000"}}],"default":{"type":"flat","credits":8}}"#;

#[tokio::test]
async fn rule_is_tried_on_samples_beside_the_price_in_force() {
    let world = World::start().await;
    let body = format!(
        r#"{{"event":"image.generate",{TIERED},"grid":"credit","rounding":"up",
            "samples":[{{}},{{"quantity":11}},{{"quantity":30}}]}}"#
    );
    let got = world.post("/v1/quote", &body).await.expect(200);
    assert_eq!(got.text("/in_words"), "12 credits");
    let words = "1 credit each for the first 10, then 0.25 credits each, rounded up to a whole credit";
    assert_eq!(got.text("/proposed/in_words"), words);
    for (index, proposed) in ["1", "11", "15"].into_iter().enumerate() {
        assert_eq!(got.number(&format!("/samples/{index}/credits")), "12");
        assert_eq!(got.number(&format!("/samples/{index}/proposed")), proposed);
    }
    let prices = world.get("/v1/event-types/image.generate/prices").await.expect(200).json();
    assert_eq!(prices["data"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn samples_without_a_rule_are_priced_by_the_version_in_force() {
    let world = World::start().await;
    world.put("/v1/event-types/new", "{}").await.expect(200);
    for (event, credits) in [("image.generate", serde_json::json!(12)), ("new", serde_json::Value::Null)] {
        let body = format!(r#"{{"event":"{event}","samples":[{{}}]}}"#);
        let got = world.post("/v1/quote", &body).await.expect(200).json();
        assert_eq!(got["proposed"], serde_json::Value::Null);
        assert_eq!(got["samples"], serde_json::json!([{"credits": credits, "proposed": null}]));
    }
    let unknown = r#"{"event":"image.generat","samples":[{}]}"#;
    assert_eq!(world.post("/v1/quote", unknown).await.expect(422).text("/did_you_mean"), "image.generate");
}

#[tokio::test]
async fn sample_that_is_wrong_is_named_by_its_index() {
    let world = World::start().await;
    let ask = |samples: &str| format!(r#"{{"event":"image.generate",{BY_MODEL},"samples":{samples}}}"#);
    for (samples, fields) in [
        (
            r#"[{"quantity":1},{"quantity":0,"cost":{"amount":4,"currency":"usd"}}]"#,
            vec!["samples[1].quantity", "samples[1].cost.amount"],
        ),
        (r#"[{"customer":"a"},7]"#, vec!["samples[0].customer", "samples[1]"]),
        (r#"[{},{"cost":{"amount":"4","currency":"eur"}}]"#, vec!["samples[1].cost.currency"]),
        ("7", vec!["samples"]),
    ] {
        let got = world.post("/v1/quote", &ask(samples)).await.expect(400);
        assert_eq!(got.fields(), fields, "{samples}");
    }
    let got = world.post("/v1/quote", &ask(r#"[{},{"properties":{"model":"big"}}]"#)).await.expect(422);
    assert_eq!((got.code(), got.text("/field")), ("cost_required".into(), "samples[1].cost".into()));
    let got = world
        .post(
            "/v1/quote",
            &ask(r#"[{"properties":{"model":"big"},"cost":{"amount":"0.0042","currency":"usd"}}]"#),
        )
        .await
        .expect(200);
    assert_eq!(got.number("/samples/0/proposed"), "5");
    let wrong = r#"{"event":"image.generate","rule":{"type":"tiered","tiers":[]},"samples":[]}"#;
    assert_eq!(world.post("/v1/quote", wrong).await.expect(400).fields(), ["rule.tiers"]);
}

#[tokio::test]
async fn samples_of_one_quote_hold_their_limit_on_both_sides() {
    let world = World::start().await;
    let body =
        |count: usize| format!(r#"{{"event":"image.generate","samples":[{}]}}"#, vec!["{}"; count].join(","));
    world.post("/v1/quote", &body(100)).await.expect(200);
    assert_eq!(world.post("/v1/quote", &body(101)).await.expect(400).fields(), ["samples"]);
}

#[tokio::test]
async fn quote_of_a_customer_says_what_a_proposed_rule_would_charge() {
    let world = World::start().await;
    let body = format!(r#"{{"event":"image.generate","customer":"user_42","quantity":11,{TIERED}}}"#);
    let got = world.post("/v1/quote", &body).await.expect(200);
    assert_eq!((got.number("/credits"), got.number("/proposed_credits")), ("12".into(), "10.25".into()));
    assert!(got.json()["accepted"].as_bool().is_some());
}
