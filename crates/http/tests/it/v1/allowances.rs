//! `/v1/customers/{customer}/allowances`, and the welcome grant: credits that nobody pays for.

use serde_json::{Value, json};

use crate::world::World;

const PATH: &str = "/v1/customers/user_7/allowances/free_daily";
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

async fn lots(world: &World, customer: &str) -> Vec<Value> {
    let wallet = world.get(&format!("/v1/customers/{customer}/wallet")).await.expect(200).json();
    wallet["lots"].as_array().expect("a list").clone()
}

#[tokio::test]
async fn allowance_comes_every_period_and_carries_over_what_was_agreed() {
    for (rollover, events, expected) in [
        (json!({}), 0, 100),
        (json!({"max": 50}), 0, 150),
        (json!({"max": 50}), 8, 104),
        (json!({"min": 30, "max": 50}), 8, 130),
    ] {
        let world = World::start().await;
        let body = json!({"credits": 100, "period": "day", "rollover": rollover, "idempotency_key": "k"});
        let first = world.put(PATH, &body.to_string()).await.expect(200);
        assert_eq!(world.available("user_7").await, "100");
        for event in 0..events {
            world.meter("user_7", &format!("spent-{event}")).await.expect(200);
        }
        let again = world.put(PATH, &body.to_string()).await.expect(200);
        assert!(again.is_replay());
        assert_eq!(again.bytes, first.bytes);
        world.clock.advance(DAY_MS);
        // Whatever is metered next finds the wallet as it is then.
        world.meter("user_7", "next").await.expect(200);
        assert_eq!(world.available("user_7").await, (expected - 12).to_string(), "{rollover}, {events}");
    }
}

#[tokio::test]
async fn allowance_that_was_ended_comes_no_more() {
    let world = World::start().await;
    world.put(PATH, r#"{"credits":100,"period":"day"}"#).await.expect(200);
    world.ask("DELETE", PATH, Some(&world.key), "").await.expect(200);
    assert_eq!(world.available("user_7").await, "100", "what was given stays until its time");
    world.clock.advance(DAY_MS);
    world.meter("user_7", "next").await.expect(402);
    let list = world.get("/v1/customers/user_7/allowances").await.expect(200).json();
    assert_eq!(list["data"], json!([]));
    world.ask("DELETE", PATH, Some(&world.key), "").await.expect(404);
}

#[tokio::test]
async fn every_wrong_field_of_an_allowance_is_named() {
    let world = World::start().await;
    for (body, field) in [
        (json!({"period": "day"}), "credits"),
        (json!({"credits": 0, "period": "day"}), "credits"),
        (json!({"credits": 1}), "period"),
        (json!({"credits": 1, "period": "year"}), "period"),
        (json!({"credits": 1, "period": "day", "rollover": {"min": 2, "max": 1}}), "rollover"),
        (json!({"credits": 1, "period": "day", "rollover": {"least": 2}}), "rollover.least"),
        (json!({"credits": 1, "period": "day", "scope": ["no.such"]}), "scope"),
    ] {
        let got = world.put(PATH, &body.to_string()).await;
        let named = if got.status == 400 { got.fields() } else { vec![format!("{}", got.status)] };
        assert_eq!(named, [field], "{body}");
    }
    assert_eq!(world.available("user_7").await, "0");
}

#[tokio::test]
async fn welcome_grant_comes_once_to_whoever_is_new() {
    let world = World::start().await;
    let settings = r#"{"welcome_grant":{"credits":30,"valid_days":7}}"#;
    world.put("/v1/settings", settings).await.expect(200);
    let meter = async |customer: &str, key: &str| world.meter(customer, key).await.status.as_u16();
    for (key, status) in [("a", 200), ("b", 200), ("c", 402)] {
        assert_eq!(meter("newcomer", key).await, status, "{key}");
    }
    let lots_of_newcomer = lots(&world, "newcomer").await;
    assert_eq!(lots_of_newcomer.len(), 1);
    let lot = &lots_of_newcomer[0];
    assert_eq!((&lot["credits"], &lot["kind"]), (&json!(30), &json!("promotional")));
    assert_eq!(lot["expires_at"], "2026-11-30T10:00:00.000Z");
    assert_eq!(lots(&world, "user_42").await.len(), 1, "who was here before gets none");
    world.clock.advance(7 * DAY_MS);
    world.put("/v1/settings", "{}").await.expect(200);
    assert_eq!(meter("newcomer", "d").await, 402, "its time is over");
    assert_eq!(meter("another", "a").await, 402, "nobody is welcomed any more");
    let world = world.restart().await;
    assert!(world.meter("newcomer", "a").await.expect(200).is_replay());
}
