//! `/v1/rate-cards`

use serde_json::{Value, json};

use crate::world::{Got, World};

async fn publish(world: &World, model: &str, rate: &str) -> Got {
    let card = json!({"note": "because", "entries": [
        {"provider": "acme", "model": model, "rates": [{"unit": "images", "rate": rate}]}]});
    world.post("/v1/rate-cards", &card.to_string()).await.expect(200)
}

/// `model rate` of each model in the answer.
fn rates_of(got: &Got) -> Vec<String> {
    let json = got.json();
    let models = json["data"].as_array().expect("a list");
    let each = models.iter().map(|model| {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        format!("{} {}", text(&model["model"]), text(&model["rates"][0]["rate"]))
    });
    each.collect()
}

#[tokio::test]
async fn cards_are_listed_newest_first_page_by_page() {
    let world = World::start().await;
    for model in ["a", "b", "c"] {
        publish(&world, model, "1").await;
    }
    let first = world.get("/v1/rate-cards?limit=2").await.expect(200);
    assert_eq!((first.number("/data/0/card"), first.number("/data/1/card")), ("3".into(), "2".into()));
    assert_eq!(
        (first.text("/data/0/source"), first.text("/data/0/note")),
        ("manual".into(), "because".into())
    );
    assert_eq!(first.number("/data/0/models"), "1");
    let next = first.text("/next_cursor");
    let rest = world.get(&format!("/v1/rate-cards?limit=2&cursor={next}")).await.expect(200);
    assert_eq!(rest.number("/data/0/card"), "1");
    assert!(rest.json()["next_cursor"].is_null());
}

#[tokio::test]
async fn models_have_the_rates_in_force_and_a_card_without_rates_ends_them() {
    let world = World::start().await;
    publish(&world, "a", "1").await;
    publish(&world, "b", "0.000000000001").await;
    publish(&world, "a", "2.5").await;
    let rates =
        async |query: &str| rates_of(&world.get(&format!("/v1/rate-cards/models?{query}")).await.expect(200));
    assert_eq!(rates("").await, ["a 2.5", "b 0.000000000001"]);
    assert_eq!(rates("provider=acme&model=b").await, ["b 0.000000000001"]);
    assert_eq!(rates("provider=other").await, Vec::<String>::new());
    assert_eq!(rates("at=2026-11-23T09:59:59Z").await, Vec::<String>::new(), "before the first card");
    let end = r#"{"entries":[{"provider":"acme","model":"a","rates":[]}]}"#;
    world.post("/v1/rate-cards", end).await.expect(200);
    assert_eq!(rates("").await, ["b 0.000000000001"]);
}

#[tokio::test]
async fn pages_of_models_stand_still_while_a_card_is_published() {
    let world = World::start().await;
    for model in ["b", "d", "f"] {
        publish(&world, model, "1").await;
    }
    let first = world.get("/v1/rate-cards/models?limit=1").await.expect(200);
    publish(&world, "a", "1").await;
    publish(&world, "d", "9").await;
    let next = first.text("/next_cursor");
    let second = world.get(&format!("/v1/rate-cards/models?limit=1&cursor={next}")).await.expect(200);
    assert_eq!((rates_of(&first), rates_of(&second)), (vec!["b 1".to_owned()], vec!["d 1".to_owned()]));
    let next = second.text("/next_cursor");
    let third = world.get(&format!("/v1/rate-cards/models?limit=1&cursor={next}")).await.expect(200);
    assert_eq!(rates_of(&third), ["f 1"]);
    assert!(third.json()["next_cursor"].is_null());
    world.get(&format!("/v1/rate-cards/models?provider=acme&cursor={next}")).await.expect(400);
}

#[tokio::test]
async fn bad_cards_name_their_fields_and_leave_no_trace() {
    let world = World::start().await;
    let one = |rate: &str| format!(r#"{{"entries":[{{"provider":"a","model":"b","rates":[{rate}]}}]}}"#);
    for (body, fields) in [
        ("{}".to_owned(), vec!["entries"]),
        (r#"{"entries":[]}"#.to_owned(), vec!["entries"]),
        (r#"{"entries":[1]}"#.to_owned(), vec!["entries[0]"]),
        (
            r#"{"entries":[{}]}"#.to_owned(),
            vec!["entries[0].provider", "entries[0].model", "entries[0].rates"],
        ),
        (one(r#"{"unit":"tokens","rate":"1"}"#), vec!["entries[0].rates[0].unit"]),
        (one(r#"{"unit":"images","rate":1}"#), vec!["entries[0].rates[0].rate"]),
        (one(r#"{"unit":"images","rate":"-1"}"#), vec!["entries[0].rates[0].rate"]),
        (one(r#"{"unit":"images","rate":"0.0000000000001"}"#), vec!["entries[0].rates[0].rate"]),
        (one(r#"{"unit":"images","rate":"1","above":5}"#), vec!["entries[0].rates[0].above"]),
        (
            one(r#"{"unit":"images","rate":"1","above_input_tokens":0}"#),
            vec!["entries[0].rates[0].above_input_tokens"],
        ),
        (one(r#"{"unit":"images","rate":"1"},{"unit":"images","rate":"2"}"#), vec!["entries[0].rates"]),
    ] {
        assert_eq!(world.post("/v1/rate-cards", &body).await.expect(400).fields(), fields, "{body}");
    }
    assert_eq!(world.get("/v1/rate-cards").await.json()["data"], json!([]));
}

/// A list of one model for each number, at that rate.
fn list(models: &[(usize, &str)]) -> String {
    let each = models.iter().map(|(n, rate)| {
        format!(r#""m{n}": {{"litellm_provider": "acme", "input_cost_per_token": {rate}, "input_cost_per_pixel": 1}}"#)
    });
    format!("{{{}}}", each.collect::<Vec<_>>().join(","))
}

async fn import(world: &World, list: &str, more: Value) -> Got {
    let mut body = json!({"list": list, "list_version": "1.2.3"});
    body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    world.post("/v1/rate-cards/import", &body.to_string()).await
}

#[tokio::test]
async fn imported_list_is_published_once_and_then_only_what_changed() {
    let world = World::start().await;
    let first: Vec<_> = (0..250).map(|n| (n, "2.5e-06")).collect();
    let dry = import(&world, &list(&first), json!({"dry_run": true})).await.expect(200);
    assert_eq!((dry.number("/report/added"), dry.json()["cards"].clone()), ("250".into(), json!([])));
    assert_eq!(world.get("/v1/rate-cards").await.json()["data"], json!([]), "a dry run publishes nothing");

    let got = import(&world, &list(&first), json!({})).await.expect(200);
    assert_eq!(got.json()["cards"], json!([1, 2]));
    assert_eq!(got.text("/source"), "litellm 1.2.3");
    assert_eq!(got.json()["report"]["skipped"][0]["count"], 250);
    assert!(!got.position().is_empty());
    let model = world.get("/v1/rate-cards/models?provider=acme&model=m249").await.expect(200);
    assert_eq!(rates_of(&model), ["m249 0.0000025"]);

    let again = import(&world, &list(&first), json!({})).await.expect(200);
    assert_eq!((again.json()["cards"].clone(), again.number("/report/unchanged")), (json!([]), "250".into()));

    let mut second = first[1..].to_vec();
    second[4].1 = "3e-06";
    let changed = import(&world, &list(&second), json!({"providers": ["acme"]})).await.expect(200);
    assert_eq!(changed.json()["cards"], json!([3]));
    let report = &changed.json()["report"];
    assert_eq!(report["changed"].as_array().map(Vec::len), Some(1));
    assert_eq!(report["changed"][0]["before"][0]["rate"], "0.0000025");
    assert_eq!(report["changed"][0]["after"][0]["rate"], "0.000003");
    assert_eq!(report["gone"], json!([{"provider": "acme", "model": "m0"}]));
    let kept = world.get("/v1/rate-cards/models?provider=acme&model=m0").await.expect(200);
    assert_eq!(rates_of(&kept), ["m0 0.0000025"]);
}

#[tokio::test]
async fn what_is_no_list_is_refused() {
    let world = World::start().await;
    for list in ["", "hello", "{}", "{\"a\":", "[{}]"] {
        assert_eq!(import(&world, list, json!({})).await.expect(400).fields(), ["list"], "{list}");
    }
    let named = vec!["a"; chargly_api::limits::IMPORT_PROVIDERS_MAX + 1];
    let got = import(&world, &list(&[(1, "1e-06")]), json!({"providers": named})).await;
    assert_eq!(got.expect(400).fields(), ["providers"]);
    import(&world, &list(&[(1, "1e-06")]), json!({"providers": &named[1..]})).await.expect(200);
}

/// Meters an event of a model with so many input tokens, or another unit.
async fn used(world: &World, model: &str, usage: &str) -> String {
    let body = format!(
        r#"{{"event":"image.generate","customer":"user_42","cost":{{"provider":"acme","model":"{model}",{usage}}}}}"#
    );
    world.post("/v1/events", &body).await.expect(200).text("/id")
}

#[tokio::test]
async fn dry_run_tells_what_the_rates_would_have_made_of_the_use_of_late() {
    let world = World::start().await;
    import(&world, &list(&[(0, "1e-06"), (1, "2e-06")]), json!({})).await.expect(200);
    let untouched = import(&world, &list(&[(0, "1e-06")]), json!({"dry_run": true})).await.expect(200);
    assert!(untouched.json()["effect"].is_null(), "nothing would change");

    let third = r#""input_tokens":333"#;
    used(&world, "m0", r#""input_tokens":1000"#).await;
    used(&world, "m0", third).await;
    used(&world, "m0", r#""images":1"#).await;
    used(&world, "m1", r#""input_tokens":1000"#).await;
    used(&world, "m2", r#""input_tokens":500"#).await;
    // What is said later takes the place of what was said first; what was reported is of no model.
    let corrected = used(&world, "m0", r#""input_tokens":7000"#).await;
    let reported = used(&world, "m0", r#""input_tokens":7000"#).await;
    let set = async |id: &str, cost: &str| {
        let body = format!(r#"{{"cost":{cost}}}"#);
        world.post(&format!("/v1/events/{id}/cost"), &body).await.expect(200);
    };
    set(&corrected, r#"{"provider":"acme","model":"m0","input_tokens":2000}"#).await;
    set(&corrected, r#"{"provider":"acme","model":"m0","input_tokens":1000}"#).await;
    set(&reported, r#"{"amount":"0.5","currency":"usd"}"#).await;

    let next = list(&[(0, "1.5e-06"), (1, "2e-06"), (2, "1e-06"), (3, "1e-06")]);
    let dry = import(&world, &next, json!({"dry_run": true})).await.expect(200);
    assert_eq!(dry.json()["report"]["new"][0]["model"], "m2");
    assert_eq!(
        dry.json()["report"]["new"][0]["rates"],
        json!([{"unit": "input_tokens", "rate": "0.000001"}])
    );
    let effect = dry.json()["effect"].clone();
    // 2,333 tokens at 1 and at 1.5 millionths of a dollar.
    for (field, expected) in [
        ("complete", json!(true)),
        ("events", json!(3)),
        ("cost_now", json!("0.002333")),
        ("cost_then", json!("0.0034995")),
        ("margin_change", json!("-0.0011665")),
        ("newly_priced", json!(1)),
        ("newly_priced_cost", json!("0.0005")),
        ("no_longer_priced", json!(0)),
        ("unpriced", json!(1)),
        ("unused_models", json!(1)),
        ("upper_bound", json!(true)),
        // Two events of a known rate besides: 0.002 of m1, 0.5 reported.
        ("cost", json!("0.504333")),
    ] {
        assert_eq!(effect[field], expected, "{field} in {effect}");
    }
    let models: Vec<_> = effect["models"].as_array().expect("a list").iter().map(|m| &m["model"]).collect();
    assert_eq!(models, ["m0", "m2"]);
    // 7 events × 12 credits × $0.02 = $1.68.
    let shares = ["recognised", "gross_margin", "gross_margin_then"].map(|field| effect[field].clone());
    assert_eq!(shares, ["1.68", "0.6998", "0.6991"].map(Value::from));

    // A month later nobody has used anything of late.
    world.clock.advance(31 * 24 * 3_600_000);
    let later = import(&world, &next, json!({"dry_run": true})).await.expect(200);
    assert_eq!(
        (later.number("/effect/events"), later.number("/effect/unused_models")),
        ("0".into(), "3".into())
    );
    assert!(later.json()["effect"]["gross_margin"].is_null());

    let done = import(&world, &next, json!({})).await.expect(200);
    assert!(done.json()["effect"].is_null(), "what is done is done");
}
