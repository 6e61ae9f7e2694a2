//! How many events a second the engine alone takes, without HTTP: `cargo run --release -p chargly-engine --example
//! throughput`. For profiling; the published figures come from `chargly bench`.
#![expect(
    clippy::print_stdout,
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "prints rates"
)]
#![expect(clippy::disallowed_methods, reason = "measures time")]

use std::sync::Arc;
use std::time::Instant;

use chargly_engine::ledger::{
    Credits, EventTypeRequest, GrantKind, GrantRequest, IfInsufficient, KeyNo, Quantity,
};
use chargly_engine::{Environment, MeterEvent, OpenOptions, Properties, SystemClock, create};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CUSTOMERS: usize = 10_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<usize> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    let (batch, clients, events) = match arguments[..] {
        [batch, clients, events] => (batch, clients, events),
        _ => (1_000, 4, 1_000_000),
    };
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?
        .block_on(run(batch, clients, events))
}

async fn run(batch: usize, clients: usize, events: usize) -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let options = || OpenOptions::new(Arc::new(SystemClock::start()), "0.0.0-example");
    create(dir.path(), "test", [7; 32], options())?;
    let env = Environment::open(dir.path(), options())?;
    let chat = EventTypeRequest {
        name: "chat.reply".into(),
        label: "Chat reply".into(),
        description: "".into(),
        caller_set_credits: false,
        dimensions: Vec::new(),
        archived: false,
        estimated_cost_nano: None,
        first_price: Credits::whole(1),
    };
    env.define_event_type(KeyNo::SYSTEM, chat).await?;
    let lot = GrantRequest {
        credits: Credits::whole(1_000_000).unwrap_or_default(),
        kind: GrantKind::Promotional,
        price: None,
        priority: 0,
        effective_at: None,
        expires_at: None,
        scope: Vec::new(),
    };
    let started = Instant::now();
    for c in 0..CUSTOMERS / 100 {
        let tasks: Vec<_> = (0..100)
            .map(|i| {
                let (env, lot) = (Arc::clone(&env), lot.clone());
                tokio::spawn(async move {
                    env.grant(KeyNo::SYSTEM, customer(c * 100 + i), lot, None, None).await.is_ok()
                })
            })
            .collect();
        for task in tasks {
            assert!(task.await?);
        }
    }
    println!("{CUSTOMERS} grants in {:?}", started.elapsed());
    let started = Instant::now();
    let tasks: Vec<_> = (0..clients)
        .map(|client| {
            let env = Arc::clone(&env);
            tokio::spawn(async move {
                let mut n = client * 1_000_000_007;
                for _ in 0..events / clients / batch {
                    let events = (0..batch)
                        .map(|_| {
                            n = n
                                .wrapping_mul(6_364_136_223_846_793_005)
                                .wrapping_add(1_442_695_040_888_963_407);
                            event(customer((n >> 33) % CUSTOMERS), n)
                        })
                        .collect();
                    let outcomes = env.meter(KeyNo::SYSTEM, events).await;
                    assert!(outcomes.iter().all(Result::is_ok));
                }
            })
        })
        .collect();
    for task in tasks {
        task.await?;
    }
    let elapsed = started.elapsed();
    println!("{events} events in {elapsed:?}: {:.0} events/s", events as f64 / elapsed.as_secs_f64());
    env.close();
    for entry in std::fs::read_dir(dir.path())? {
        let entry = entry?;
        println!("{:>12} {}", entry.metadata()?.len(), entry.file_name().display());
    }
    Ok(())
}

fn customer(number: usize) -> compact_str::CompactString {
    compact_str::format_compact!("customer_{number:06}")
}

fn event(customer: compact_str::CompactString, key: usize) -> MeterEvent {
    MeterEvent {
        customer,
        event: "chat.reply".into(),
        quantity: Quantity::ONE,
        credits: None,
        cost: None,
        usage: None,
        occurred_at: None,
        if_insufficient: IfInsufficient::Refuse,
        properties: Some(Properties {
            canonical: r#"{"model":"gpt-4o","tokens":812}"#.into(),
            ..Properties::default()
        }),
        key: Some(compact_str::format_compact!("req-{key:020}")),
    }
}
