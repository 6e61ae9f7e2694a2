//! How long the questions of the pages take on a large views file, made of generated events.
//!
//! `cargo run --release -p chargly-views --example questions -- <directory> <thousands of events> <wallets> <days>`
//!
//! The file is made where it is absent, and kept, so that a second run asks only. Events are evenly scattered over wallets,
//! types and days, which is the worst case: nearly every event has a row of its own.
#![expect(clippy::print_stdout, clippy::float_arithmetic, reason = "its purpose is to measure and to say so")]

use std::path::Path;
use std::time::{Duration, Instant};

use chargly_ledger::{
    Balance, Charge, Credits, Currency, Draw, EventTypeNo, Fact, Header, IfInsufficient, KeyNo, LotNo,
    MeterRequest, Millis, Money, Origin, Position, PriceNo, Quantity, WalletEvent, WalletFact, WalletNo,
};
use chargly_views::{By, FiguresQuery, Interval, Ranking, Views};

/// Event types in use, each with one price version.
const EVENT_TYPES: u32 = 10;
/// When the first event was recorded: 2026-01-01T00:00Z.
const BEGIN_MS: i64 = 1_767_225_600_000;
const DAY_MS: i64 = 86_400_000;
/// How often each question is asked; the median is shown.
const ROUNDS: usize = 11;
/// Facts in a chunk of the journal, about 64 KiB.
const CHUNK_FACTS: u32 = 500;

const USAGE: &str = "usage: questions <directory> <thousands of events> <wallets> <days>";

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [dir, thousands, wallets, days] = arguments.as_slice() else { return Err(USAGE.into()) };
    let (events, wallets) = (thousands.parse::<u32>()? * 1_000, wallets.parse::<u32>()?);
    let days: i64 = days.parse()?;
    std::fs::create_dir_all(dir)?;
    let views = Views::open(Path::new(dir))?;
    if views.next() == Position(0) {
        fill(&views, events, wallets, days)?;
    }
    let query = |interval, by: &[By], wallet| FiguresQuery {
        from: Millis(BEGIN_MS),
        to: Millis(BEGIN_MS + days * DAY_MS),
        interval,
        by: by.to_vec(),
        event_type: None,
        price: None,
        wallet,
        dimension: None,
    };
    ask("usage by day and event type", || {
        Ok(views.figures(&query(Interval::Day, &[By::EventType], None))?.rows.len())
    })?;
    ask("margin by event type", || {
        Ok(views.figures(&query(Interval::Total, &[By::EventType], None))?.rows.len())
    })?;
    ask("one customer's days", || {
        let wallet = Some(WalletNo(wallets / 3));
        Ok(views.figures(&query(Interval::Day, &[By::EventType], wallet))?.rows.len())
    })?;
    for ranking in [Ranking::Revenue, Ranking::Contribution] {
        ask(&format!("top 50 customers by {ranking:?}"), || {
            Ok(views.top_wallets(&query(Interval::Total, &[], None), ranking, 50, None)?.rows.len())
        })?;
    }
    Ok(())
}

fn ask(what: &str, mut question: impl FnMut() -> Result<usize>) -> Result<()> {
    let (mut rows, mut took) = (0, Vec::new());
    for _ in 0..ROUNDS {
        let begin = now();
        rows = question()?;
        took.push(now() - begin);
    }
    let first = took[0];
    took.sort();
    println!("{what}: {rows} rows, {:.1?} ({first:.1?} at first)", took[ROUNDS / 2]);
    Ok(())
}

fn fill(views: &Views, events: u32, wallets: u32, days: i64) -> Result<()> {
    let (mut folding, mut flushing) = (Duration::ZERO, Duration::ZERO);
    for chunk in 0..events / CHUNK_FACTS {
        let numbers = chunk * CHUNK_FACTS..(chunk + 1) * CHUNK_FACTS;
        let at = Millis(BEGIN_MS + days * DAY_MS / i64::from(events) * i64::from(numbers.start));
        let made: Vec<(Position, Vec<u8>)> =
            numbers.map(|n| (Position(n.into()), metered(n, wallets).encode())).collect();
        let begin = now();
        views.fold_encoded(at, made.iter().map(|(position, bytes)| (*position, bytes.as_slice())))?;
        let folded = now();
        if views.should_flush() {
            views.flush()?;
        }
        (folding, flushing) = (folding + (folded - begin), flushing + (now() - folded));
    }
    let begin = now();
    views.flush()?;
    flushing += now() - begin;
    println!(
        "{events} events: {:.2} M/s folded, {:.2} M/s with what was written",
        f64::from(events) / folding.as_secs_f64() / 1e6,
        f64::from(events) / (folding + flushing).as_secs_f64() / 1e6,
    );
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a program that measures")]
fn now() -> Instant {
    Instant::now()
}

fn metered(n: u32, wallets: u32) -> Fact {
    // Multiplicative hashes scatter wallets and types, as callers do.
    let wallet = WalletNo(n.wrapping_mul(2_654_435_761) % wallets);
    let event_type = (n.wrapping_mul(2_246_822_519) >> 8) % EVENT_TYPES;
    let credits = Credits::from_micro(1_000_000 * i64::from(n % 13 + 1));
    let request = MeterRequest {
        event_type: EventTypeNo(event_type),
        quantity: Quantity::ONE,
        credits: None,
        cost: (!n.is_multiple_of(4)).then_some(Money { nano: 1_234_567, currency: Currency::USD }),
        occurred_at: None,
        if_insufficient: IfInsufficient::Refuse,
    };
    let charge = Charge {
        price: Some(PriceNo(event_type)),
        credits,
        draws: [Draw { lot: LotNo(n % 3), credits, revenue_nano: 4 * credits.micro() }].into_iter().collect(),
        debt: Credits::ZERO,
        uncharged: Credits::ZERO,
    };
    let origin = Origin { actor: KeyNo(1), key: None };
    let header = Header { origin, wallet, previous: None, after: Balance::default() };
    Fact::Wallet(WalletFact { header, event: WalletEvent::Metered { request, charge, facets: None } })
}
