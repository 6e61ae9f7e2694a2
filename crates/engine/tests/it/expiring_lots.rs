//! Which lots are told to expire: those with credits that would lapse, of every wallet, in slices.

use std::sync::Arc;

use chargly_engine::ledger::{GrantRequest, KeyNo, Millis, WalletNo};
use chargly_engine::{Environment, HoldTerms, ManualClock, OpenOptions, create};

use crate::fixtures::{credits, event, event_type, lot};
use crate::world::NOON;

const HOUR_MS: i64 = 3_600_000;

#[tokio::test]
async fn lots_with_free_credits_that_expire_before_a_time_are_told_with_whose_they_are() {
    let dir = tempfile::tempdir().expect("a directory");
    let options = || OpenOptions::new(Arc::new(ManualClock::at(NOON)), "0.0.0-test");
    create(dir.path(), "test", [7; 32], options()).expect("created");
    let env = Environment::open(dir.path(), options()).expect("opens");
    env.define_event_type(KeyNo::SYSTEM, event_type("chat.reply", 10)).await.expect("defined");
    let grant = async |customer: &str, whole, hours: Option<i64>| {
        let expires_at = hours.map(|hours| Millis(NOON + hours * HOUR_MS));
        let request = GrantRequest { expires_at, ..lot(whole) };
        env.grant(KeyNo::SYSTEM, customer.into(), request, None, None).await.expect("granted").id
    };
    let soon = grant("ada", 30, Some(1)).await;
    grant("ada", 40, Some(9)).await;
    grant("bob", 50, None).await;
    grant("cleo", 10, Some(1)).await;
    let held = grant("dora", 25, Some(1)).await;
    env.meter_one(KeyNo::SYSTEM, event("cleo", "chat.reply", None)).await.expect("used up");
    let terms = HoldTerms {
        customer: "dora".into(),
        event: "chat.reply".into(),
        quantity: None,
        credits: None,
        expires_in_s: None,
        key: None,
    };
    env.place_hold(KeyNo::SYSTEM, terms).await.expect("held");

    let found = env.expiring_lots(WalletNo(0), Millis(NOON + 2 * HOUR_MS)).await.expect("told");
    let told: Vec<_> = found.lots.iter().map(|one| (one.customer.as_str(), one.lot, one.credits)).collect();
    assert_eq!(told, [("ada", soon, credits(30)), ("dora", held, credits(15))], "what is held stays good");
    assert_eq!((found.lots[0].available, found.next), (credits(70), None));
    let at_the_hour = env.expiring_lots(WalletNo(0), Millis(NOON + HOUR_MS)).await.expect("told");
    assert!(at_the_hour.lots.is_empty(), "before, not at");
    let rest = env.expiring_lots(WalletNo(1), Millis(NOON + 10 * HOUR_MS)).await.expect("told");
    assert_eq!(rest.lots.len(), 1);
    env.close();
}
