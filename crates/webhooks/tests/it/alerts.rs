//! Low balances, empty wallets, credits that lapse: told once each, also across restarts.

use chargly_engine::ledger::{Credits, KeyNo, Policy};

use crate::receiver::{Received, Receiver};
use crate::world::{START_MS, World};

const DAY_MS: i64 = 24 * 3_600_000;

fn levels(received: &[Received]) -> Vec<String> {
    received
        .iter()
        .map(|one| if one.kind() == "wallet.empty" { "empty".into() } else { one.data("levelPercent") })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_level_is_told_once_also_across_a_restart_and_again_after_a_top_up() {
    let (world, receiver) = (World::start().await, Receiver::taking_all().await);
    world.endpoint(&receiver, &["wallet.low_balance", "wallet.empty"]).await;
    world.grant("ada", 100).await;
    world.meter_credits("ada", 50).await;
    receiver.wait_for_messages(1).await;
    let world = world.restart().await;
    world.meter_credits("ada", 10).await;
    world.meter_credits("ada", 20).await;
    world.meter_credits("ada", 20).await;
    receiver.wait_for_messages(4).await;
    world.grant("ada", 100).await;
    world.meter_credits("ada", 60).await;
    let received = receiver.wait_for_messages(5).await;
    assert_eq!(levels(&received), ["50", "20", "0", "empty", "50"]);
    let first = &received[0];
    assert_eq!(
        (first.data("by"), first.data("level"), first.data("of")),
        ("level".into(), "50".into(), "100".into())
    );
    assert_eq!((first.data("balance"), first.data("customerId")), ("50".into(), "ada".into()));
    world.let_things_happen().await;
    assert_eq!(receiver.wait_for_messages(5).await.len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn wallet_that_had_its_credits_before_anybody_asked_is_measured_by_what_it_had_then() {
    let (world, receiver) = (World::start().await, Receiver::taking_all().await);
    world.grant("ada", 1_000).await;
    world.meter_credits("ada", 800).await;
    world.endpoint(&receiver, &["wallet.low_balance"]).await;
    world.meter_credits("ada", 50).await;
    world.meter_credits("ada", 50).await;
    assert_eq!(levels(&receiver.wait_for(1).await), ["50"]);
    assert_eq!(receiver.received()[0].data("of"), "200");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_told_long_ago_says_nothing_after_nobody_wanted_to_know_for_a_while() {
    let (world, receiver) = (World::start().await, Receiver::taking_all().await);
    let endpoint = world.endpoint(&receiver, &["wallet.low_balance"]).await;
    world.grant("ada", 100).await;
    world.meter_credits("ada", 50).await;
    receiver.wait_for(1).await;
    world.hooks.disable(&endpoint).await.expect("disabled");
    // Nobody sees this top-up.
    world.grant("ada", 950).await;
    world.hooks.enable(&endpoint).await.expect("enabled");
    world.meter_credits("ada", 500).await;
    let received = receiver.wait_for(2).await;
    assert_eq!(
        (levels(&received), received[1].data("of")),
        (vec!["50".to_owned(), "50".to_owned()], "1000".to_owned())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn empty_is_at_nothing_left_and_in_debt_and_is_told_once() {
    let (world, receiver) = (World::start().await, Receiver::taking_all().await);
    world.endpoint(&receiver, &["wallet.empty"]).await;
    world.grant("ada", 10).await;
    let limit = Credits::whole(100).expect("in range");
    world.env.set_policy(KeyNo::SYSTEM, "ada".into(), Policy::Overdraft { limit }).await.expect("set");
    for _ in 0..3 {
        world.meter("ada").await;
    }
    let received = receiver.wait_for(1).await;
    assert_eq!(received[0].data("balance"), "0");
    world.let_things_happen().await;
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn lots_that_lapse_are_told_thirty_seven_and_one_day_before() {
    let (world, receiver) = (World::start().await, Receiver::taking_all().await);
    world.grant_until("ada", 50, START_MS + 31 * DAY_MS).await;
    world.grant_until("bob", 50, START_MS + 300 * DAY_MS).await;
    world.endpoint(&receiver, &["credits.expiring"]).await;
    world.let_things_happen().await;
    assert!(receiver.received().is_empty());
    for (passing, days) in [(DAY_MS, "30"), (23 * DAY_MS, "7"), (6 * DAY_MS, "1")] {
        world.advance(passing);
        let told = receiver.received().len();
        let received = receiver.wait_for(told + 1).await;
        let last = &received[told];
        assert_eq!((last.data("days").as_str(), last.data("credits").as_str()), (days, "50"));
        assert!(last.data("grantId").starts_with("grt_") && last.data("customerId") == "ada");
        world.advance(3_600_000);
        world.let_things_happen().await;
        assert_eq!(receiver.received().len(), told + 1, "once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wallet_that_is_empty_in_a_few_days_at_its_pace_is_told_by_days() {
    let (world, receiver) = (World::start().await, Receiver::taking_all().await);
    world.grant("ada", 1_000).await;
    for _ in 0..10 {
        world.meter_credits("ada", 50).await;
        world.advance(DAY_MS);
    }
    // 500 are left at 50 a day.
    world.endpoint(&receiver, &["wallet.low_balance"]).await;
    world.let_things_happen().await;
    for _ in 0..4 {
        world.meter_credits("ada", 50).await;
        world.advance(DAY_MS);
    }
    let received = receiver.wait_for(1).await;
    let by_days: Vec<_> = received.iter().filter(|one| one.data("by") == "days").collect();
    assert_eq!(by_days.len(), 1, "{received:#?}");
    assert_eq!((by_days[0].data("levelDays").as_str(), by_days[0].data("customerId").as_str()), ("7", "ada"));
    let days: f64 = by_days[0].data("daysToEmpty").parse().expect("a number");
    assert!((5.0..=7.0).contains(&days), "{days}");
}
