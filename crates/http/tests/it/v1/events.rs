//! `/v1/events`

use chargly_engine::ledger::Scope;

use crate::world::World;

#[tokio::test]
async fn event_is_priced_deducted_and_answered() {
    let world = World::start().await;
    let body = r#"{"event":"image.generate","customer":"user_42","idempotency_key":"req-8842","quantity":1,
        "properties":{"model":"dall-e-3","size":"1024"},"cost":{"amount":"0.04","currency":"usd"},
        "occurred_at":"2026-11-23T10:00:00Z"}"#;
    let got = world.post("/v1/events", body).await.expect(200);
    assert_eq!(got.number("/credits"), "12");
    assert_eq!(got.number("/balance/posted"), "988");
    assert!(!got.is_replay());
    let event = world.get(&format!("/v1/events/{}", got.text("/id"))).await.expect(200);
    assert_eq!(event.text("/cost/amount"), "0.04");
    assert_eq!(event.text("/revenue/amount"), "0.24");
    assert_eq!(event.json()["properties"]["size"], "1024");
    assert_eq!(event.json()["lots"][0]["credits"], 12);
    assert_eq!(event.text("/price_version"), got.text("/price_version"));
}

#[tokio::test]
async fn event_that_the_wallet_cannot_pay_is_refused_with_what_is_missing() {
    let world = World::start().await;
    world.grant("poor", "5").await;
    let got = world.meter("poor", "k").await.expect(402);
    assert_eq!(got.code(), "insufficient_credits");
    assert_eq!((got.number("/required"), got.number("/available")), ("12".into(), "5".into()));
    assert_eq!(got.number("/shortfall"), "7");
    assert_eq!((got.text("/customer"), got.text("/retry_with")), ("poor".into(), "new_key".into()));
    assert_eq!(got.headers["content-type"], "application/problem+json");
    assert_eq!(world.available("poor").await, "5");
}

#[tokio::test]
async fn customer_never_seen_has_nothing_and_is_refused() {
    let world = World::start().await;
    assert_eq!(world.available("stranger").await, "0");
    world.meter("stranger", "k").await.expect(402);
}

#[tokio::test]
async fn unknown_event_type_suggests_the_nearest() {
    let world = World::start().await;
    let got = world.post("/v1/events", r#"{"event":"image.genrate","customer":"user_42"}"#).await.expect(422);
    assert_eq!(got.code(), "unknown_event_type");
    assert_eq!(got.text("/did_you_mean"), "image.generate");
}

#[tokio::test]
async fn event_type_without_a_price_or_archived_is_refused() {
    let world = World::start().await;
    world.put("/v1/event-types/free", "{}").await.expect(200);
    let got = world.post("/v1/events", r#"{"event":"free","customer":"a"}"#).await.expect(422);
    assert_eq!((got.code(), got.text("/event")), ("no_active_price".into(), "free".into()));
    world.post("/v1/event-types/image.generate/archive", "").await.expect(200);
    let got = world.meter("user_42", "k").await.expect(422);
    assert_eq!(got.code(), "event_type_archived");
    world.post("/v1/event-types/image.generate/unarchive", "").await.expect(200);
    world.meter("user_42", "k").await.expect(200);
}

#[tokio::test]
async fn finished_work_is_recorded_as_debt_where_the_key_may() {
    let world = World::start().await;
    let body =
        r#"{"event":"image.generate","customer":"late","if_insufficient":"record","idempotency_key":"k"}"#;
    let meter_only = world.key_with(&[Scope::Meter]).await;
    let got = world.ask("POST", "/v1/events", Some(&meter_only), body).await.expect(403);
    assert_eq!(got.text("/required_scope"), "record");
    let got = world.post("/v1/events", body).await.expect(200);
    assert_eq!((got.number("/debt"), got.number("/balance/available")), ("12".into(), "-12".into()));
}

#[tokio::test]
async fn credits_by_the_caller_need_an_event_type_that_lets_them() {
    let world = World::start().await;
    let body = r#"{"event":"image.generate","customer":"user_42","credits":1}"#;
    assert_eq!(world.post("/v1/events", body).await.expect(400).fields(), ["credits"]);
    world.put("/v1/event-types/open", r#"{"caller_set_credits":true}"#).await.expect(200);
    let body = r#"{"event":"open","customer":"user_42","credits":0.000001}"#;
    let got = world.post("/v1/events", body).await.expect(200);
    assert_eq!(got.json()["price_version"], serde_json::Value::Null);
    assert_eq!(got.number("/balance/posted"), "999.999999");
}

#[tokio::test]
async fn reversal_gives_credits_back_and_no_more_than_there_are() {
    let world = World::start().await;
    let event = world.meter("user_42", "k").await.text("/id");
    let path = format!("/v1/events/{event}/reverse");
    let got = world.post(&path, r#"{"credits":5,"reason":"bad image"}"#).await.expect(200);
    assert_eq!((got.number("/credits"), got.number("/balance/posted")), ("5".into(), "993".into()));
    let got = world.post(&path, r#"{"credits":8,"reason":"again"}"#).await.expect(409);
    assert_eq!((got.code(), got.number("/left")), ("already_reversed".into(), "7".into()));
    let got = world.post(&path, r#"{"reason":"the rest"}"#).await.expect(200);
    assert_eq!(got.number("/credits"), "7");
    assert_eq!(world.get(&format!("/v1/events/{event}")).await.number("/reversed"), "12");
    assert_eq!(world.available("user_42").await, "1000");
}

#[tokio::test]
async fn quote_tells_the_price_and_changes_nothing() {
    let world = World::start().await;
    let before = world.test.tail().committed();
    let body = r#"{"event":"image.generate","customer":"user_42"}"#;
    let got = world.post("/v1/quote", body).await.expect(200);
    assert_eq!((got.number("/credits"), got.json()["accepted"].clone()), ("12".into(), true.into()));
    let body = r#"{"event":"image.generate","customer":"stranger"}"#;
    let got = world.post("/v1/quote", body).await.expect(200);
    assert_eq!(got.json()["accepted"], false);
    assert_eq!(got.text("/refusal/code"), "insufficient_credits");
    assert_eq!(world.test.tail().committed(), before);
}

#[tokio::test]
async fn read_that_asks_for_a_write_sees_it() {
    let world = World::start().await;
    let written = world.meter("user_42", "k").await.expect(200).position();
    let got = world.get(&format!("/v1/customers/user_42/wallet?min_position={written}")).await.expect(200);
    assert_eq!(got.number("/posted"), "988");
    let lost = world.get("/v1/customers/user_42/wallet?min_position=99.1").await.expect(410);
    assert_eq!(lost.code(), "gone");
    assert_eq!(world.get("/v1/customers/a/wallet?min_position=1").await.fields(), ["min_position"]);
}

#[tokio::test(start_paused = true)]
async fn read_of_a_position_that_does_not_come_says_to_try_again() {
    let world = World::start().await;
    let next = world.test.tail().committed();
    let path = format!("/v1/customers/user_42/wallet?min_position={}.{}", next.epoch, next.next.0);
    let got = world.get(&path).await.expect(503);
    assert_eq!((got.code(), got.json()["retryable"].clone()), ("unavailable".into(), true.into()));
}

#[tokio::test]
async fn revenue_of_an_event_follows_settlements_and_reversals() {
    let world = World::empty().await;
    world.put("/v1/event-types/image.generate", r#"{"credits":12}"#).await.expect(200);
    let late = r#"{"event":"image.generate","customer":"ada","if_insufficient":"record"}"#;
    let path = format!("/v1/events/{}", world.post("/v1/events", late).await.expect(200).text("/id"));
    assert_eq!(world.get(&path).await.expect(200).text("/revenue/amount"), "0", "all of it is owed");
    let lot = r#"{"credits":100,"kind":"paid","price":{"amount":"5","currency":"usd"}}"#;
    world.post("/v1/customers/ada/grants", lot).await.expect(200);
    assert_eq!(world.get(&path).await.expect(200).text("/revenue/amount"), "0.6", "the lot paid it");
    world.post(&format!("{path}/reverse"), r#"{"credits":6,"reason":"half"}"#).await.expect(200);
    assert_eq!(
        world.get(&path).await.expect(200).text("/revenue/amount"),
        "0.3",
        "half of it was given back"
    );
    let listed = world.get("/v1/events?customer=ada").await.expect(200);
    assert_eq!(listed.text("/data/0/revenue/amount"), "0.3");
}

#[tokio::test]
async fn revenue_of_an_event_may_pass_the_largest_single_amount() {
    let world = World::empty().await;
    world.put("/v1/event-types/image.generate", r#"{"credits":12}"#).await.expect(200);
    let late = r#"{"event":"image.generate","customer":"ada","if_insufficient":"record"}"#;
    let path = format!("/v1/events/{}", world.post("/v1/events", late).await.expect(200).text("/id"));
    let lot = r#"{"credits":6,"kind":"paid","price":{"amount":"9000000000","currency":"usd"}}"#;
    for _ in 0..2 {
        world.post("/v1/customers/ada/grants", lot).await.expect(200);
    }
    assert_eq!(world.get(&path).await.expect(200).text("/revenue/amount"), "18000000000");
    let two_lots = r#"{"event":"image.generate","customer":"grace"}"#;
    for _ in 0..2 {
        world.post("/v1/customers/grace/grants", lot).await.expect(200);
    }
    let path = format!("/v1/events/{}", world.post("/v1/events", two_lots).await.expect(200).text("/id"));
    assert_eq!(world.get(&path).await.expect(200).text("/revenue/amount"), "18000000000");
}

#[tokio::test]
async fn history_has_all_that_happened_to_an_event_with_its_lines_and_nothing_else() {
    let world = World::start().await;
    let body =
        r#"{"event":"image.generate","customer":"late","if_insufficient":"record","idempotency_key":"k"}"#;
    let id = world.post("/v1/events", body).await.expect(200).text("/id");
    let of = |what: &str| format!("/v1/events/{id}/{what}");
    world.post(&of("cost"), r#"{"cost":{"amount":"0.04","currency":"usd"}}"#).await.expect(200);
    world.grant("late", "100").await;
    world.meter("late", "another").await.expect(200);
    world.meter("user_42", "other").await.expect(200);
    world.post(&of("reverse"), r#"{"reason":"blurred","credits":5}"#).await.expect(200);

    let got = world.get(&of("history")).await.expect(200);
    let json = got.json();
    assert_eq!((got.text("/event_id"), &json["complete"]), (id.clone(), &serde_json::json!(true)));
    let told: Vec<String> = json["data"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|fact| {
            let entries = fact["entries"].as_array().expect("a list");
            let lines = entries.iter().map(|line| format!("{} → {}", line["credits"], line["balance_after"]));
            format!("{} {}", fact["type"].as_str().expect("a text"), lines.collect::<Vec<_>>().join(", "))
        })
        .collect();
    // 12 owed, 100 granted of which 12 settle it, 12 for another event, 5 of the first given back.
    assert_eq!(told, ["metered -12 → -12", "cost_set ", "granted 100 → 88", "reversed 5 → 81"]);
    assert_eq!(got.text("/data/1/cost"), "0.04");
    assert_eq!(got.text("/data/3/reason"), "blurred");
    for nothing in ["evt_0000000000000000000", "grt_1", "x"] {
        let missing = world.get(&format!("/v1/events/{nothing}/history")).await.expect(404);
        assert_eq!(missing.code(), "not_found");
    }
}
