//! `/v1/price-simulations`

use std::time::Duration;

use crate::world::{Got, World};

const PATH: &str = "/v1/price-simulations";

/// Asks for a simulation of all there is, and waits for its end.
async fn simulated(world: &World, rules: &str) -> Got {
    let body =
        format!(r#"{{"from":"2026-01-01T00:00:00Z","to":"2027-01-01T00:00:00Z","rules":{rules},"draws":3}}"#);
    let asked = world.post(PATH, &body).await.expect(202);
    let path = format!("{PATH}/{}", asked.text("/id"));
    for _ in 0..500 {
        let got = world.get(&path).await.expect(200);
        if !["queued", "running"].contains(&got.text("/status").as_str()) {
            return got;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("not finished after ten seconds")
}

#[tokio::test]
async fn a_higher_price_is_shown_beside_what_happened() {
    let world = World::start().await;
    world.meter("user_42", "1").await.expect(200);
    world.meter("user_42", "2").await.expect(200);
    let rules = r#"[{"event":"image.generate","rule":{"type":"flat","credits":18}}]"#;
    let got = simulated(&world, rules).await;
    assert_eq!(got.text("/status"), "done");
    assert_eq!(got.number("/result/happened/credits_used"), "24");
    assert_eq!(got.number("/result/static/credits_used"), "36");
    assert_eq!(
        (got.text("/result/happened/revenue"), got.text("/result/static/revenue")),
        ("0.48".into(), "0.72".into())
    );
    assert_eq!(got.text("/result/replenishing/cash"), "20");
    assert_eq!(got.number("/result/elastic/draws"), "3");
    assert_eq!(got.number("/result/bill_shock/p50_bp"), "5000");
    assert_eq!(got.number("/result/event_types/0/same_usage_after"), "36");
    assert_eq!(got.json()["result"]["self_test_differences"], serde_json::Value::Null);

    let path = format!("{PATH}/{}/customers", got.text("/id"));
    let list = world.get(&path).await.expect(200);
    assert_eq!(
        (list.text("/data/0/customer"), list.number("/data/0/change_bp")),
        ("user_42".into(), "5000".into())
    );
    let table = world.get(&format!("{path}?format=csv")).await.expect(200);
    assert_eq!(table.headers["content-type"], "text/csv; charset=utf-8; header=present");
    let table = String::from_utf8(table.bytes).expect("text");
    assert_eq!(
        table,
        "customer,credits_before,credits_after,change_bp,ran_out,would_run_out\r\nuser_42,24,36,5000,,\r\n"
    );
    world.get(&format!("{path}?format=xml")).await.expect(400);
}

#[tokio::test]
async fn no_rules_at_all_are_the_self_test() {
    let world = World::start().await;
    world.meter("user_42", "1").await.expect(200);
    let hold = r#"{"event":"image.generate","customer":"user_42","credits":100}"#;
    let hold = world.post("/v1/holds", hold).await.expect(200).text("/id");
    world.post(&format!("/v1/holds/{hold}/capture"), r#"{"credits":7.5}"#).await.expect(200);
    let got = simulated(&world, "[]").await;
    assert_eq!(got.number("/result/self_test_differences"), "0");
    assert_eq!(got.number("/result/static/credits_used"), "19.5");
}

#[tokio::test]
async fn what_the_compatibility_surface_recorded_comes_out_as_it_was() {
    let world = World::start().await;
    let consume = r#"{"userId":"user_42","source":"image.generate","amount":12}"#;
    let log = r#"{"userId":"user_42","featureKey":"image.generate","metadata":{"a":1}}"#;
    for _ in 0..2 {
        world.post("/api/wallet/consume", consume).await.expect(200);
        // One attaches, one records use.
        world.post("/api/usage/log", log).await.expect(200);
        world.post("/api/usage/log", log).await.expect(200);
        let unknown = r#"{"userId":"user_42","source":"video.render","amount":5}"#;
        world.post("/api/wallet/consume", unknown).await.expect(200);
    }
    world.post("/v1/customers/user_42/wallet/freeze", r#"{"reason":"x"}"#).await.expect(200);
    world.post("/api/usage/log", log).await.expect(200);
    world.post("/api/wallet/consume", consume).await.expect(403);
    let got = simulated(&world, "[]").await;
    assert_eq!(got.number("/result/self_test_differences"), "0");
    // An amount that was the price is the price's, and follows a proposed one.
    let got = simulated(&world, r#"[{"event":"image.generate","rule":{"type":"flat","credits":18}}]"#).await;
    assert_eq!(got.number("/result/happened/credits_used"), "34");
    assert_eq!(got.number("/result/static/credits_used"), "46");
}

#[tokio::test]
async fn a_simulation_that_is_over_stays_as_it_is_when_it_is_cancelled() {
    let world = World::start().await;
    let got = simulated(&world, "[]").await;
    let path = format!("{PATH}/{}", got.text("/id"));
    let after = world.ask("DELETE", &path, Some(&world.key), "").await.expect(200);
    assert_eq!(after.text("/status"), "done");
    world.get(&format!("{PATH}/sim_0")).await.expect(404);
    world.ask("GET", &path, Some(&world.live_key), "").await.expect(404);
}

#[tokio::test]
async fn what_is_wrong_with_a_proposal_is_named_by_its_field() {
    let world = World::start().await;
    let with = |rules: &str| {
        format!(r#"{{"from":"2026-01-01T00:00:00Z","to":"2026-02-01T00:00:00Z","rules":{rules}}}"#)
    };
    let flat = r#"{"event":"image.generate","rule":{"type":"flat","credits":1}}"#;
    for (body, fields) in [
        ("{}".to_owned(), vec!["from", "to", "rules"]),
        (with("{}"), vec!["rules"]),
        (with(r#"[{"event":"unknown","rule":{"type":"flat","credits":1}}]"#), vec!["rules[0].event"]),
        (with(r#"[{"event":"image.generate","rule":{"type":"flat"}}]"#), vec!["rules[0].rule.credits"]),
        (with(&format!("[{flat},{flat}]")), vec!["rules[1].event"]),
        (
            r#"{"from":"2026-02-01T00:00:00Z","to":"2026-01-01T00:00:00Z","rules":[],"draws":101,"modes":["x"]}"#
                .to_owned(),
            vec!["to", "modes", "draws"],
        ),
    ] {
        assert_eq!(world.post(PATH, &body).await.expect(400).fields(), fields, "{body}");
    }
}

#[tokio::test]
async fn a_rule_looks_at_what_was_recorded_of_each_event() {
    let world = World::start().await;
    for (key, more) in [
        ("1", r#""properties":{"size":"large"}"#),
        ("2", r#""properties":{"size":"small"},"cost":{"amount":"0.0042","currency":"usd"}"#),
        ("3", r#""quantity":2"#),
    ] {
        let event =
            format!(r#"{{"event":"image.generate","customer":"user_42","idempotency_key":"{key}",{more}}}"#);
        world.post("/v1/events", &event).await.expect(200);
    }
    let by_size = r#"[{"event":"image.generate","rule":{"type":"by_dimension",
        "rows":[{"when":{"size":"large"},"rule":{"type":"flat","credits":50}}],
        "default":{"type":"flat","credits":7}}}]"#;
    let got = simulated(&world, by_size).await;
    assert_eq!(got.number("/result/static/credits_used"), "64");

    // A thousand credits a dollar, to a whole credit upwards; where nobody knows the cost, the price stays.
    let by_cost =
        r#"[{"event":"image.generate","rule":{"type":"cost_plus","multiplier":"1000","minimum":3}}]"#;
    let got = simulated(&world, by_cost).await;
    assert_eq!(got.number("/result/static/credits_used"), "29");
    assert_eq!(got.number("/result/static/unpriced"), "2");
}
