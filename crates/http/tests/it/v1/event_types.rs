//! `/v1/event-types` and prices

use crate::world::World;

#[tokio::test]
async fn definition_replaces_all_but_the_name_and_keeps_the_price() {
    let world = World::start().await;
    let path = "/v1/event-types/image.generate";
    let got =
        world.put(path, r#"{"label":"Picture","dimensions":["model"],"description":"One picture"}"#).await;
    let got = got.expect(200);
    assert_eq!((got.text("/label"), got.text("/dimensions/0")), ("Picture".into(), "model".into()));
    assert_eq!(got.number("/price/rule/credits"), "12");
    assert_eq!(world.get(path).await.expect(200).bytes, got.bytes);
    let list = world.get("/v1/event-types").await.expect(200);
    assert_eq!(list.text("/data/0/name"), "image.generate");
    world.get("/v1/event-types/nothing").await.expect(404);
}

#[tokio::test]
async fn per_unit_price_counts_a_property() {
    let world = World::start().await;
    world.put("/v1/event-types/chat", "{}").await.expect(200);
    let rule = r#"{"rule":{"type":"per_unit","base":1,"credits":0.01,"of":"properties.tokens","minimum":2,"maximum":50},
        "grid":"credit","rounding":"up","note":"First"}"#;
    let got = world.post("/v1/event-types/chat/prices", rule).await.expect(200);
    assert_eq!((got.number("/version"), got.text("/rule/of")), ("1".into(), "properties.tokens".into()));
    let meter = |tokens: &str| {
        format!(r#"{{"event":"chat","customer":"user_42","properties":{{"tokens":{tokens}}}}}"#)
    };
    for (tokens, credits) in [("812", "10"), ("1", "2"), ("100000", "50"), ("812.5", "10")] {
        let got = world.post("/v1/events", &meter(tokens)).await.expect(200);
        assert_eq!(got.number("/credits"), credits, "{tokens}");
    }
    for tokens in ["\"812\"", "-1", "null", "{}"] {
        let got = world.post("/v1/events", &meter(tokens)).await.expect(400);
        assert_eq!(got.fields(), ["properties.tokens"], "{tokens}");
    }
}

#[tokio::test]
async fn price_versions_are_kept_and_the_newest_is_in_force() {
    let world = World::start().await;
    let path = "/v1/event-types/image.generate/prices";
    let first = world.get(path).await.expect(200).text("/data/0/id");
    let body = |replaces: &str, credits: &str| {
        format!(r#"{{"rule":{{"type":"flat","credits":{credits}}},"note":"Up","replaces":"{replaces}"}}"#)
    };
    let got = world.post(path, &body(&first, "15")).await.expect(200);
    assert_eq!(got.number("/version"), "2");
    let stale = world.post(path, &body(&first, "16")).await.expect(409);
    assert_eq!((stale.code(), stale.text("/latest")), ("version_superseded".into(), got.text("/id")));
    assert_eq!(world.meter("user_42", "k").await.number("/credits"), "15");
    let later = r#"{"rule":{"type":"flat","credits":9},"note":"Sale","effective_at":"2026-11-24T00:00:00Z"}"#;
    world.post(path, later).await.expect(200);
    assert_eq!(world.meter("user_42", "k2").await.number("/credits"), "15");
    let list = world.get(path).await.expect(200).json();
    let states: Vec<_> =
        list["data"].as_array().expect("a list").iter().map(|p| p["state"].clone()).collect();
    assert_eq!(states, ["scheduled", "in_force", "superseded"]);
}

#[tokio::test]
async fn price_under_a_key_is_published_once() {
    let world = World::start().await;
    let path = "/v1/event-types/image.generate/prices";
    let body = r#"{"rule":{"type":"flat","credits":9},"note":"Sale","idempotency_key":"p1"}"#;
    let first = world.post(path, body).await.expect(200);
    let again = world.post(path, body).await.expect(200);
    assert!(again.is_replay());
    assert_eq!(again.bytes, first.bytes);
    let other = world.post(path, &body.replace('9', "8")).await.expect(409);
    assert_eq!((other.code(), other.text("/field")), ("idempotency_conflict".into(), "rule".into()));
}

#[tokio::test]
async fn price_refused_under_a_key_stays_refused() {
    let world = World::start().await;
    let path = "/v1/event-types/image.generate/prices";
    let first = world.get(path).await.expect(200).text("/data/0/id");
    world.post(path, r#"{"rule":{"type":"flat","credits":9},"note":"Sale"}"#).await.expect(200);
    let body = format!(
        r#"{{"rule":{{"type":"flat","credits":8}},"note":"Stale","replaces":"{first}","idempotency_key":"p"}}"#
    );
    let refused = world.post(path, &body).await.expect(409);
    assert_eq!(refused.code(), "version_superseded");
    world.post(path, r#"{"rule":{"type":"flat","credits":7},"note":"Later"}"#).await.expect(200);
    let again = world.post(path, &body).await.expect(409);
    assert!(again.is_replay());
    assert_eq!(again.bytes, refused.bytes);
}

#[tokio::test]
async fn rule_with_wrong_fields_names_each() {
    let world = World::start().await;
    for (rule, fields) in [
        (r#"{"type":"flat"}"#, vec!["rule.credits"]),
        (r#"{"type":"flat","credits":-1}"#, vec!["rule.credits"]),
        (r#"{"type":"flat","credits":1,"base":2}"#, vec!["rule.base"]),
        (r#"{"type":"volume","credits":1}"#, vec!["rule.type"]),
        (r#"{"type":"tiered","credits":1}"#, vec!["rule.tiers", "rule.credits"]),
        (
            r#"{"type":"tiered","tiers":[{"up_to":0,"credits":1},{"credit":2}]}"#,
            vec!["rule.tiers[0].up_to", "rule.tiers[1].credits", "rule.tiers[1].credit"],
        ),
        (r#"{"type":"tiered","tiers":[{"credits":1},{"credits":2}]}"#, vec!["rule.tiers[0].up_to"]),
        (r#"{"type":"tiered","tiers":[3]}"#, vec!["rule.tiers[0]"]),
        (r#"{"type":"by_dimension","rows":[]}"#, vec!["rule.default"]),
        (
            r#"{"type":"by_dimension","rows":[{"when":{"a":[1]},"rule":{"type":"flat"}},{"rule":{"type":"by_dimension"}}],"default":7}"#,
            vec![
                "rule.rows[0].when",
                "rule.rows[0].rule.credits",
                "rule.rows[1].when",
                "rule.rows[1].rule.type",
                "rule.default",
            ],
        ),
        (r#"{"type":"cost_plus","multiplier":"0"}"#, vec!["rule.multiplier"]),
        (
            r#"{"type":"cost_plus","multiplier":"1/0","rate_card":0}"#,
            vec!["rule.multiplier", "rule.rate_card"],
        ),
        (r#"{"type":"cost_plus","multiplier":"1","rate_card":9}"#, vec!["rule.rate_card"]),
        (r#"{"type":"cost_plus","target_margin":"1"}"#, vec!["rule.target_margin", "rule.credit_value"]),
        (
            r#"{"type":"cost_plus","multiplier":"1","target_margin":"0.5","credit_value":"0"}"#,
            vec!["rule.multiplier", "rule.credit_value"],
        ),
        (r#"{"type":"per_unit","credits":"1","of":"tokens"}"#, vec!["rule.credits", "rule.of"]),
        (r#"{"type":"per_unit","credits":1,"minimum":5,"maximum":4}"#, vec!["rule.minimum"]),
        (r#""flat""#, vec!["rule"]),
        ("null", vec!["rule"]),
    ] {
        let body = format!(r#"{{"rule":{rule},"note":"x"}}"#);
        let got = world.post("/v1/event-types/image.generate/prices", &body).await.expect(400);
        assert_eq!(got.fields(), fields, "{rule}");
    }
    let body = r#"{"rule":{"type":"flat","credits":1},"grid":"cent","rounding":"odd","effective_at":"2026-11-01T00:00:00Z"}"#;
    let got = world.post("/v1/event-types/image.generate/prices", body).await.expect(400);
    assert_eq!(got.fields(), ["grid", "rounding", "note"]);
}

#[tokio::test]
async fn event_type_with_wrong_fields_names_each() {
    let world = World::start().await;
    for (name, body, fields) in [
        ("Image", "{}", vec!["name"]),
        ("a..b", "{}", vec!["name"]),
        ("a", r#"{"label":""}"#, vec!["label"]),
        ("a", r#"{"dimensions":["a","b","c","d","e"]}"#, vec!["dimensions"]),
        ("a", r#"{"dimensions":["a","a"]}"#, vec!["dimensions"]),
        ("a", r#"{"caller_set_credits":1,"credit":1}"#, vec!["caller_set_credits", "credit"]),
        ("image.generate", r#"{"credits":13}"#, vec!["credits"]),
    ] {
        let got = world.put(&format!("/v1/event-types/{name}"), body).await.expect(400);
        assert_eq!(got.fields(), fields, "{body}");
    }
    world.put("/v1/event-types/a", r#"{"dimensions":["a","b","c","d"]}"#).await.expect(200);
}

#[tokio::test]
async fn every_rule_is_published_shown_in_words_and_charged() {
    let world = World::start().await;
    let path = "/v1/event-types/image.generate/prices";
    let usd = |amount: &str| format!(r#""cost":{{"amount":"{amount}","currency":"usd"}}"#);
    for (terms, words, event, credits) in [
        (
            r#""rule":{"type":"tiered","tiers":[{"up_to":100,"credits":1},{"credits":0.5}]}"#,
            "1 credit each for the first 100, then 0.5 credits each",
            r#""quantity":101"#.to_owned(),
            "100.5",
        ),
        (
            r#""rule":{"type":"by_dimension","rows":[{"when":{"model":"gpt-4o","size":1024},"rule":{"type":"flat","credits":12}}],"default":{"type":"flat","credits":8}}"#,
            "12 credits when model is gpt-4o and size is 1024; otherwise 8 credits",
            r#""properties":{"model":"gpt-4o","size":"1024"}"#.to_owned(),
            "12",
        ),
        (
            r#""rule":{"type":"cost_plus","target_margin":"0.75","credit_value":"0.004","minimum":3}"#,
            "the provider's cost × 1,000, rounded up to a whole credit, at least 3 credits",
            usd("0.0042"),
            "5",
        ),
        (
            r#""rule":{"type":"cost_plus","multiplier":"2000/3"},"grid":"micro_credit""#,
            "the provider's cost × 2,000/3",
            usd("0.0042"),
            "2.8",
        ),
    ] {
        let got = world.post(path, &format!(r#"{{{terms},"note":"x"}}"#)).await.expect(200);
        assert_eq!(got.text("/in_words"), words);
        let event = format!(r#"{{"event":"image.generate","customer":"user_42",{event}}}"#);
        assert_eq!(world.post("/v1/events", &event).await.expect(200).number("/credits"), credits, "{terms}");
        assert_eq!(world.post("/v1/quote", &event).await.expect(200).text("/in_words"), words);
    }
    let bare = r#"{"event":"image.generate","customer":"user_42"}"#;
    assert_eq!(world.post("/v1/events", bare).await.expect(422).code(), "cost_required");
    let down = r#"{"rule":{"type":"cost_plus","multiplier":"1"},"rounding":"down","note":"x"}"#;
    assert_eq!(world.post(path, down).await.expect(400).fields(), ["rounding"]);
}

#[tokio::test]
async fn earlier_version_is_copied_by_its_number_or_id() {
    let world = World::start().await;
    let path = "/v1/event-types/image.generate/prices";
    let first = world.get(path).await.expect(200).text("/data/0/id");
    world
        .post(path, r#"{"rule":{"type":"flat","credits":20},"note":"Up","rounding":"up"}"#)
        .await
        .expect(200);
    let back = world.post(path, r#"{"copy_of":1,"note":"Back"}"#).await.expect(200);
    assert_eq!((back.number("/version"), back.number("/rule/credits")), ("3".into(), "12".into()));
    assert_eq!(world.meter("user_42", "k").await.number("/credits"), "12");
    let up = world.post(path, r#"{"copy_of":2,"note":"Up again","idempotency_key":"u"}"#).await.expect(200);
    assert_eq!((up.number("/rule/credits"), up.text("/rounding")), ("20".into(), "up".into()));
    assert!(world.post(path, r#"{"copy_of":2,"note":"Up again","idempotency_key":"u"}"#).await.is_replay());
    let by_id = format!(r#"{{"copy_of":"{first}","note":"Back","replaces":"{first}"}}"#);
    assert_eq!(world.post(path, &by_id).await.expect(409).code(), "version_superseded");
    world.post(path, &by_id.replace(&format!(r#","replaces":"{first}""#), "")).await.expect(200);
    for (body, fields) in [
        (r#"{"copy_of":9,"note":"x"}"#, vec!["copy_of"]),
        (r#"{"copy_of":"prv_nothing","note":"x"}"#, vec!["copy_of"]),
        (
            r#"{"copy_of":1,"rule":{"type":"flat","credits":1},"grid":"credit","note":"x"}"#,
            vec!["rule", "grid"],
        ),
    ] {
        assert_eq!(world.post(path, body).await.expect(400).fields(), fields, "{body}");
    }
}
