//! How long a look takes, step by step, over a journal that is made for it. Measures and asserts nothing: `cargo test
//! --release -p chargly-engine --lib advice::speed -- --ignored --nocapture`. `CHARGLY_LOOK_EVENTS` says how many events
//! (10 millions), `CHARGLY_LOOK_DIR` where the journal is kept for the next time.
#![expect(clippy::print_stdout, reason = "prints how long it took")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use chargly_journal::SqliteJournal;
use chargly_ledger::{
    Credits, Currency, EventTypeNo, EventTypeRequest, GrantKind, GrantRequest, IfInsufficient, KeyNo, Millis,
    Money, Quantity, Recommendation,
};
use chargly_views::Zone;

use super::drafts::draft;
use super::scan::{calendar, scan};
use super::tries::{Ground, LIMITS, Pace, try_all};
use super::{LookRequest, LookStatus};
use crate::clock::{Clock, ManualClock, SystemClock};
use crate::environment::{Environment, OpenOptions, create};
use crate::usecases::MeterEvent;
use crate::usecases::past::{Past, Watch};

const NOON: i64 = 1_800_000_000_000;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
const DAYS: i64 = 90;
const CUSTOMERS: u64 = 1_000;
const TYPES: u64 = 20;
const BATCH: u64 = 2_000;
const SYSTEM: KeyNo = KeyNo::SYSTEM;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

/// Skewed, so that some customers use much more than others.
fn event(n: u64) -> MeterEvent {
    let mixed = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407) >> 20;
    let customer = (mixed % CUSTOMERS) * ((mixed >> 11) % CUSTOMERS) / CUSTOMERS;
    MeterEvent {
        customer: format!("customer_{customer:05}").into(),
        event: format!("type.{:02}", (mixed >> 23) % TYPES).into(),
        quantity: Quantity::ONE,
        credits: None,
        cost: Some(Money {
            nano: 2_000_000 + i64::try_from(n % 1_000).unwrap_or(0) * 1_000,
            currency: Currency::USD,
        }),
        usage: None,
        occurred_at: None,
        if_insufficient: IfInsufficient::Refuse,
        properties: None,
        key: None,
    }
}

async fn make(dir: &Path, events: u64) {
    let clock = Arc::new(ManualClock::at(NOON));
    let options = || OpenOptions::new(Arc::clone(&clock) as Arc<dyn Clock>, "0.0.0-test");
    create(dir, "test", [7; 32], options()).expect("created");
    let env = Environment::open(dir, options()).expect("opens");
    for of in 0..TYPES {
        let request = EventTypeRequest {
            name: format!("type.{of:02}").into(),
            label: "Type".into(),
            description: "".into(),
            caller_set_credits: false,
            dimensions: Vec::new(),
            archived: false,
            estimated_cost_nano: None,
            first_price: Credits::whole(4),
        };
        env.define_event_type(SYSTEM, request).await.expect("defined");
    }
    for customer in 0..CUSTOMERS {
        let lot = GrantRequest {
            credits: Credits::whole(1_000_000_000).expect("in range"),
            kind: GrantKind::Paid,
            price: Some(Money { nano: 9_000_000_000_000_000, currency: Currency::USD }),
            priority: 0,
            effective_at: None,
            expires_at: None,
            scope: Vec::new(),
        };
        env.grant(SYSTEM, format!("customer_{customer:05}").into(), lot, None, None).await.expect("granted");
    }
    let batches = events / BATCH;
    for batch in 0..batches {
        let events = (0..BATCH).map(|n| event(batch * BATCH + n)).collect();
        for outcome in env.meter(SYSTEM, events).await {
            outcome.expect("charged");
        }
        clock.advance(DAYS * DAY_MS / i64::try_from(batches).expect("few"));
    }
    env.close();
}

fn proposal(of: u16, from: Millis) -> Recommendation {
    draft(EventTypeNo(of.into()), 5, (from, Millis(NOON + DAYS * DAY_MS)))
}

fn peak_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<u64>().ok()).unwrap_or(0) / 1_024
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures: takes minutes, asserts nothing"]
async fn seconds_of_each_step() {
    let events = number("CHARGLY_LOOK_EVENTS").unwrap_or(10_000_000);
    let own = tempfile::tempdir().expect("a directory");
    let dir = std::env::var_os("CHARGLY_LOOK_DIR").map_or_else(|| own.path().join("test"), PathBuf::from);
    let real = SystemClock::start();
    if !dir.exists() {
        let begun = real.monotonic_ms();
        make(&dir, events).await;
        println!("{events} events made in {} ms", real.monotonic_ms() - begun);
    }
    let clock = Arc::new(ManualClock::at(NOON + DAYS * DAY_MS));
    let options = OpenOptions::new(Arc::clone(&clock) as Arc<dyn Clock>, "0.0.0-test");
    let env = Environment::open(&dir, options).expect("opens");
    println!("open: {} MB at most so far", peak_mb());
    let (stop, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let traffic = number("CHARGLY_LOOK_TRAFFIC").map(|a_second| {
        let (env, stop, sent) = (Arc::clone(&env), Arc::clone(&stop), Arc::clone(&sent));
        tokio::spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                let n = sent.fetch_add(100, Ordering::Relaxed);
                drop(env.meter(SYSTEM, (0..100).map(|more| event(n + more)).collect()).await);
                tokio::time::sleep(std::time::Duration::from_micros(100_000_000 / a_second.max(1))).await;
            }
        })
    });
    let steps = Arc::clone(&env);
    let measured = tokio::task::spawn_blocking(move || measure(&steps, &real));
    let real = measured.await.expect("measured");
    let begun = real.monotonic_ms();
    let job = env.look_for_advice(LookRequest { seed: 1, is_dry: true });
    while matches!(job.status(), LookStatus::Queued | LookStatus::Running) {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let took_ms = real.monotonic_ms() - begun;
    if let LookStatus::Done(looked) = job.status() {
        println!("a whole look: {took_ms} ms, {} recommendations", looked.advice.recommendations.len());
    }
    stop.store(true, Ordering::Relaxed);
    if let Some(traffic) = traffic {
        traffic.await.expect("sent");
        println!("{} events of live traffic meanwhile", sent.load(Ordering::Relaxed));
    }
    println!("{} MB at most", peak_mb());
    env.close();
}

fn measure(env: &Arc<Environment>, real: &SystemClock) -> SystemClock {
    let watch = Watch::default();
    let breathe = || std::thread::sleep(std::time::Duration::from_micros(500));
    let mut reader = SqliteJournal::reader_in(env.dir());
    let mut past = Past::new(reader.as_mut(), &watch, &breathe);
    let cut_off = env.tail().committed().next;
    let as_of = Millis(NOON + DAYS * DAY_MS);
    let begun = real.monotonic_ms();
    let scanned = scan(&mut past, calendar(&Zone::utc(), as_of), cut_off).expect("scanned");
    println!("scan of {}: {} ms, {} MB at most", cut_off.0, real.monotonic_ms() - begun, peak_mb());
    for cards in [1, 6, 20] {
        let begun = real.monotonic_ms();
        let from = as_of.plus(-28 * DAY_MS);
        let made: Vec<_> = (0..cards).map(|of| proposal(of, from)).collect();
        let ground = Ground {
            catalogue: &scanned.catalogue,
            wallets: scanned.wallets,
            end: (cut_off.0, as_of),
            seed: 1,
            limits: LIMITS,
        };
        let pace = Pace { watch: &watch, breathe: &breathe };
        let found = try_all(&mut past, &ground, &made, pace).expect("tried");
        let first = found[0].as_ref().expect("proposed");
        let (took, runs) = (real.monotonic_ms() - begun, u64::from(first.draws) + 3);
        println!(
            "{cards} proposals: {took} ms, {} facts each, one customer in {}, {} draws, {} MB at most",
            first.facts / runs,
            first.one_in,
            first.draws,
            peak_mb()
        );
    }
    SystemClock::start()
}
