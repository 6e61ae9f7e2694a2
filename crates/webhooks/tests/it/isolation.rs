//! What does not hold up what: endpoints each other, wallets each other. What may not be reached at all.

use std::time::Duration;

use chargly_webhooks::RETRIES_MS;
use chargly_webhooks::ops::DeliveryState;

use crate::receiver::{Reaction, Receiver};
use crate::world::{World, count, open, options, start};

const TYPES: [&str; 2] = ["wallet.credited", "wallet.debited"];

#[tokio::test(flavor = "multi_thread")]
async fn endpoint_that_hangs_or_fails_holds_up_no_other() {
    let world = World::start().await;
    let hanging = Receiver::start(|_, _| Reaction::Hang).await;
    let failing = Receiver::start(|_, _| Reaction::Answer(503, "", "")).await;
    let live = Receiver::taking_all().await;
    for receiver in [&hanging, &failing, &live] {
        world.endpoint(receiver, &TYPES).await;
    }
    for customer in 0..40 {
        world.grant(&format!("customer-{customer}"), 100).await;
    }
    // The one that hangs takes longer for its first message than this waits.
    tokio::time::timeout(Duration::from_secs(20), live.wait_for(40)).await.expect("in time");
    assert!(hanging.received().len() <= chargly_webhooks::SENDS_AT_ONCE_MAX * 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn timeout_is_told_in_the_log_and_the_next_wallet_goes_on() {
    let react = |one: &crate::receiver::Received, _: usize| match one.data("customerId").as_str() {
        "ada" => Reaction::Hang,
        _ => Reaction::OK,
    };
    let (world, receiver) = (World::impatient().await, Receiver::start(react).await);
    let endpoint = world.endpoint(&receiver, &TYPES).await;
    world.grant("ada", 100).await;
    world.grant("bob", 100).await;
    let is_over =
        |log: &[chargly_webhooks::ops::LoggedDelivery]| log.len() == 2 && log.iter().all(|one| one.tries > 0);
    let log = world.wait_for(&endpoint, is_over).await;
    assert_eq!(log[0].attempts[0].result, "timeout");
    assert_eq!(log[1].state, DeliveryState::Delivered);
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_a_wallet_arrive_in_order_also_when_some_fail_and_other_wallets_do_not_wait() {
    let failed_once = std::sync::Mutex::new(std::collections::HashSet::new());
    // Every other message of ada fails once.
    let react = move |one: &crate::receiver::Received, _: usize| {
        let fails = one.data("customerId") == "ada" && one.data("balance").ends_with("80");
        let is_first = failed_once.lock().expect("no panic").insert(one.id().to_owned());
        if fails && is_first { Reaction::Answer(500, "", "") } else { Reaction::OK }
    };
    let (world, receiver) = (World::start().await, Receiver::start(react).await);
    let endpoint = world.endpoint(&receiver, &TYPES).await;
    for customer in ["ada", "bob"] {
        world.grant(customer, 300).await;
        for _ in 0..25 {
            world.meter(customer).await;
        }
    }
    let of = |customer: &str| {
        let received = receiver.received().into_iter().filter(|one| one.data("customerId") == customer);
        received.map(|one| one.data("balance").parse::<i64>().expect("whole")).collect::<Vec<_>>()
    };
    let all_of_bob = world.wait_for(&endpoint, |log| count(log, DeliveryState::Delivered) >= 26 + 2).await;
    assert_eq!(of("bob").len(), 26, "{all_of_bob:#?}");
    assert_eq!(of("ada"), [300, 290, 280], "it waits for the one that failed");
    for _ in 0..3 {
        world.advance(RETRIES_MS[1] * 2);
        world.let_things_happen().await;
    }
    world.wait_for(&endpoint, |log| count(log, DeliveryState::Delivered) == 52).await;
    let mut balances = of("ada");
    assert!(balances.is_sorted_by(|a, b| a >= b), "{balances:?}");
    balances.dedup();
    assert_eq!(balances.len(), 26);
}

#[tokio::test(flavor = "multi_thread")]
async fn private_addresses_are_not_called_unless_the_operator_says_so_whatever_the_name() {
    let (world, receiver) = (World::start().await, Receiver::taking_all().await);
    let by_address = world.endpoint(&receiver, &TYPES).await;
    // The name leads to this machine; TLS would come only after the connection.
    let named = receiver.url.replace("http://127.0.0.1", "https://localhost");
    let (by_name, _) =
        world.hooks.create(crate::world::asked(&named, &TYPES, Default::default())).await.expect("made");
    let World { env, hooks, clock, dir } = &world;
    hooks.close().await;
    env.close();
    let env = open(dir.path(), clock);
    let mut strict = options();
    strict.allow_private = false;
    let hooks = start(&env, strict).expect("started");
    let world = World {
        env,
        hooks,
        clock: std::sync::Arc::clone(clock),
        dir: tempfile::tempdir().expect("a directory"),
    };
    world.grant("ada", 100).await;
    for endpoint in [&by_address, &by_name] {
        let log = world.wait_for_attempts(endpoint, 1).await;
        assert_eq!(
            (log[0].attempts[0].status, log[0].attempts[0].result.as_str()),
            (None, "forbidden_address")
        );
    }
    assert!(receiver.received().is_empty());
    world.hooks.close().await;
}
