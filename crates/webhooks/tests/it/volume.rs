//! Much that waits: memory and the time of picking do not grow with it. `--ignored` tells figures.

use std::time::Instant;

use chargly_webhooks::ops::{Derivation, EndpointNo, NewMessage, OpsError};

use crate::receiver::{Reaction, Receiver};
use crate::world::{World, event};

/// Puts so many messages of so many wallets for an endpoint.
fn put(
    tx: &mut Derivation<'_>,
    endpoint: EndpointNo,
    (count, wallets): (u32, u32),
    due_ms: i64,
) -> Result<(), OpsError> {
    for number in 0..count {
        let id = format!("msg_{number:023}");
        let body = format!(
            "{{\"type\":\"wallet.debited\",\"data\":{{\"id\":\"{id}\",\"padding\":\"{:200}\"}}}}",
            ""
        );
        let message = NewMessage {
            id: &id,
            kind: "wallet.debited",
            wallet: Some(number % wallets),
            at_ms: due_ms,
            body: &body,
            window: None,
            due_ms,
        };
        tx.put(&message, &[endpoint])?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn picking_looks_at_as_many_rows_as_it_takes_however_many_wait() {
    let (world, receiver) = (World::start().await, Receiver::start(|_, _| Reaction::Hang).await);
    let endpoint = world.endpoint(&receiver, &["wallet.debited"]).await;
    world.hooks.disable(&endpoint).await.expect("disabled");
    let ops = world.hooks.ops();
    ops.derive(|tx| put(tx, endpoint.number, (2_000, 500), 0)).expect("put");
    let due = ops.due_lanes(endpoint.number, 1, 16).expect("lanes");
    assert_eq!(due.len(), 16);
    assert!(ops.due_lanes(endpoint.number, -1, 16).expect("lanes").is_empty());
    // By the indexes that the tables were laid out for: nothing is sorted, and no table is gone through.
    let plan = ops.picking_plan().expect("a plan");
    assert!(plan.iter().all(|step| step.starts_with("SEARCH") && step.contains("USING")), "{plan:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "figures, not a test: run with --release --ignored --nocapture"]
#[expect(clippy::disallowed_methods, clippy::print_stdout, reason = "it measures, and tells")]
async fn figures_of_a_hundred_thousand_that_wait() {
    let (world, receiver) = (World::start().await, Receiver::taking_all().await);
    let endpoint = world.endpoint(&receiver, &["wallet.debited"]).await;
    world.hooks.disable(&endpoint).await.expect("disabled");
    let ops = world.hooks.ops();
    let before_kib = memory_kib();
    let (count, wallets) = (100_000, 100_000);
    let began = Instant::now();
    ops.derive(|tx| put(tx, endpoint.number, (count, wallets), 0)).expect("put");
    println!("put {count} deliveries of {wallets} wallets in {:?}", began.elapsed());
    let began = Instant::now();
    for _ in 0..1_000 {
        let due = ops.due_lanes(endpoint.number, 1, 32).expect("lanes");
        ops.head(endpoint.number, due[0].lane).expect("a head");
    }
    println!("picking 32 lanes and a head: {:?} each", began.elapsed() / 1_000);
    let began = Instant::now();
    world.hooks.enable(&endpoint).await.expect("enabled");
    receiver.wait_for(5_000).await;
    println!("sent 5,000 of them in {:?}", began.elapsed());
    println!("memory: {before_kib} KiB before, {} KiB after", memory_kib());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "figures, not a test: run with --release --ignored --nocapture"]
#[expect(clippy::disallowed_methods, clippy::print_stdout, reason = "it measures, and tells")]
async fn figures_of_deriving() {
    let (world, receiver) = (World::start().await, Receiver::start(|_, _| Reaction::Hang).await);
    for customer in 0..100 {
        world.grant(&format!("customer-{customer}"), 100_000_000).await;
    }
    let types = ["wallet.debited", "wallet.low_balance"];
    for (name, sums) in [("each", false), ("per second", true)] {
        let endpoint = match sums {
            false => world.endpoint(&receiver, &types).await,
            true => world.summing_endpoint(&receiver, &types).await,
        };
        let from = world.hooks.ops().cursor().expect("a cursor").next;
        let head = world.env.tail().committed().next.0;
        let began = Instant::now();
        for _ in 0..10 {
            let events = (0..5_000).map(|number| event(&format!("customer-{}", number % 100))).collect();
            world.env.meter(chargly_engine::ledger::KeyNo::SYSTEM, events).await;
        }
        let metered = began.elapsed();
        while world.hooks.ops().cursor().expect("a cursor").next < world.env.tail().committed().next.0 {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        println!(
            "{name}: 50,000 events metered in {metered:?}, told in {:?} (from {from}, head {head})",
            began.elapsed()
        );
        world.hooks.disable(&endpoint).await.expect("disabled");
    }
}

fn memory_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default()
}
