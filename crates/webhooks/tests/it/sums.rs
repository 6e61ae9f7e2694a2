//! Debits of a second told together.

use crate::receiver::{Received, Receiver};
use crate::world::World;

const TYPES: [&str; 4] = ["wallet.credited", "wallet.debited", "balance.updated", "wallet.low_balance"];

fn told(received: &[Received]) -> Vec<(String, String, String)> {
    received.iter().map(|one| (one.kind(), one.data("credits"), one.data("balance"))).collect()
}

fn row(kind: &str, credits: &str, balance: &str) -> (String, String, String) {
    (kind.to_owned(), credits.to_owned(), balance.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn debits_of_a_second_are_one_message_after_it_and_each_for_who_wants_each() {
    let (world, sums, each) =
        (World::start().await, Receiver::taking_all().await, Receiver::taking_all().await);
    world.grant("ada", 1_000).await;
    world.summing_endpoint(&sums, &["wallet.debited"]).await;
    world.endpoint(&each, &["wallet.debited"]).await;
    for _ in 0..5 {
        world.meter("ada").await;
        world.advance(100);
    }
    each.wait_for(5).await;
    assert!(sums.received().is_empty(), "its second is not over");
    world.advance(500);
    world.meter("ada").await;
    world.caught_up().await;
    world.advance(2_000);
    let received = sums.wait_for(2).await;
    assert_eq!(told(&received), [row("wallet.debited", "50", "950"), row("wallet.debited", "10", "940")]);
    assert_eq!((received[0].data("facts"), received[1].data("facts")), ("5".to_owned(), "1".to_owned()));
    assert_ne!(received[0].id(), each.received()[0].id(), "a sum is another message than its first fact");
}

#[tokio::test(flavor = "multi_thread")]
async fn sum_ends_where_something_else_of_the_wallet_is_told() {
    let (world, receiver) = (World::start().await, Receiver::taking_all().await);
    world.grant("ada", 1_000).await;
    world.summing_endpoint(&receiver, &["wallet.credited", "wallet.debited"]).await;
    world.meter("ada").await;
    world.meter("ada").await;
    world.grant("ada", 100).await;
    world.meter("ada").await;
    world.caught_up().await;
    world.advance(2_000);
    let received = receiver.wait_for(3).await;
    let expected = [
        row("wallet.debited", "20", "980"),
        row("wallet.credited", "100", "1080"),
        row("wallet.debited", "10", "1070"),
    ];
    assert_eq!(told(&received), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_credit_is_in_exactly_one_sum_across_restarts() {
    let (mut world, receiver) = (World::start().await, Receiver::taking_all().await);
    world.grant("ada", 10_000).await;
    world.summing_endpoint(&receiver, &TYPES[..3]).await;
    for round in 0..12 {
        world.meter("ada").await;
        world.advance(150);
        if round % 4 == 1 {
            world = world.restart().await;
        }
    }
    world.advance(5_000);
    // What was under way when a server ended is sent again: the same message.
    let of_kind = |kind: &str| {
        let mut once: Vec<Received> = Vec::new();
        for one in receiver.received().into_iter().filter(|one| one.kind() == kind) {
            match once.iter().find(|known| known.id() == one.id()) {
                Some(known) => assert_eq!(known.body, one.body),
                None => once.push(one),
            }
        }
        once
    };
    let is_last = |kind: &str| of_kind(kind).last().is_some_and(|one| one.data("balance") == "9880");
    while !(is_last("wallet.debited") && is_last("balance.updated")) {
        world.let_things_happen().await;
    }
    world.let_things_happen().await;
    for kind in ["wallet.debited", "balance.updated"] {
        let of_kind = of_kind(kind);
        let sum: i64 =
            of_kind.iter().map(|one| one.data("credits").parse::<i64>().expect("whole").abs()).sum();
        assert_eq!(sum, 120, "{of_kind:#?}");
    }
}
