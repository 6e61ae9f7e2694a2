//! `/v1/customers/{customer}/wallet` and its ledger

use crate::world::{START_MS, World};

#[tokio::test]
async fn wallet_shows_lots_in_burn_order() {
    let world = World::start().await;
    let body = r#"{"credits":50,"kind":"promotional","expires_at":"2026-12-01T00:00:00Z","scope":["image.generate"]}"#;
    world.post("/v1/customers/user_42/grants", body).await.expect(200);
    let got = world.get("/v1/customers/user_42/wallet").await.expect(200);
    assert_eq!(got.number("/posted"), "1050");
    assert_eq!((got.text("/lots/0/kind"), got.text("/lots/1/kind")), ("promotional".into(), "paid".into()));
    assert_eq!(got.text("/lots/1/price/amount"), "20");
    assert_eq!(got.text("/lots/0/scope/0"), "image.generate");
    assert_eq!((got.text("/policy"), got.text("/unit")), ("strict".into(), "credits".into()));
}

#[tokio::test]
async fn policy_decides_what_happens_when_credits_run_out() {
    let world = World::start().await;
    let path = "/v1/customers/c/wallet/policy";
    let got = world.put(path, r#"{"policy":"overdraft","limit":20}"#).await.expect(200);
    assert_eq!((got.text("/policy"), got.number("/limit")), ("overdraft".into(), "20".into()));
    world.meter("c", "1").await.expect(200);
    world.meter("c", "2").await.expect(402);
    world.put(path, r#"{"policy":"record_only"}"#).await.expect(200);
    let got = world.meter("c", "3").await.expect(200);
    assert_eq!(got.number("/uncharged"), "12");
    world.put(path, r#"{"policy":"strict"}"#).await.expect(200);
    world.meter("c", "4").await.expect(402);
    for (body, field) in [
        (r#"{"policy":"overdraft"}"#, "limit"),
        (r#"{"policy":"overdraft","limit":0}"#, "limit"),
        (r#"{"policy":"strict","limit":1}"#, "limit"),
        (r#"{"policy":"loose"}"#, "policy"),
        ("{}", "policy"),
    ] {
        assert_eq!(world.put(path, body).await.expect(400).fields(), [field], "{body}");
    }
}

#[tokio::test]
async fn frozen_wallet_refuses_until_it_is_thawed() {
    let world = World::start().await;
    let got = world.post("/v1/customers/user_42/wallet/freeze", r#"{"reason":"dispute"}"#).await.expect(200);
    assert_eq!(got.json()["frozen"], true);
    let got = world.meter("user_42", "1").await.expect(403);
    assert_eq!(got.code(), "wallet_frozen");
    world.post("/v1/customers/user_42/wallet/thaw", "").await.expect(200);
    world.meter("user_42", "1").await.expect(403);
    world.meter("user_42", "2").await.expect(200);
    assert_eq!(world.post("/v1/customers/user_42/wallet/freeze", "{}").await.fields(), ["reason"]);
}

#[tokio::test]
async fn ledger_runs_backwards_with_the_balance_after_each_line() {
    let world = World::start().await;
    let event = world.meter("user_42", "1").await.text("/id");
    world.post(&format!("/v1/events/{event}/reverse"), r#"{"reason":"blurred"}"#).await.expect(200);
    let got = world.get("/v1/customers/user_42/ledger").await.expect(200);
    let json = got.json();
    let lines: Vec<String> = json["data"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|l| format!("{} {} {} {}", l["kind"], l["label"], l["credits"], l["balance_after"]))
        .collect();
    assert_eq!(
        lines,
        [
            r#""reversal" "Reversal: blurred" 12 1000"#,
            r#""charge" "Image" -12 988"#,
            r#""grant" "Credits bought" 1000 1000"#,
        ]
    );
    assert_eq!(json["data"][0]["event_id"], event.as_str());
    assert_eq!(json["data"][1]["event_id"], event.as_str());
    assert_eq!(
        world.get("/v1/customers/stranger/ledger").await.expect(200).json()["data"],
        serde_json::json!([])
    );
}

#[tokio::test]
async fn balance_as_of_an_earlier_instant_is_what_it_was() {
    let world = World::start().await;
    world.clock.advance(60_000);
    world.meter("user_42", "1").await.expect(200);
    world.clock.advance(60_000);
    let at = |text: &str| format!("/v1/customers/user_42/wallet?as_of={text}");
    assert_eq!(START_MS, 1_795_428_000_000);
    for (when, posted) in
        [("2026-11-23T10:00:30Z", "1000"), ("2026-11-23T10:01:30Z", "988"), ("2026-11-22T10:00:00Z", "0")]
    {
        assert_eq!(world.get(&at(when)).await.expect(200).number("/posted"), posted, "{when}");
    }
    assert_eq!(world.get(&at("2026-11-23T11:00:00Z")).await.expect(400).fields(), ["as_of"]);
    assert_eq!(world.get(&at("yesterday")).await.expect(400).fields(), ["as_of"]);
}
