//! What the views cost: one kind of work per run, so that `perf stat` can count its instructions.
//!
//! `cargo run --release -p chargly-views --example fold_speed -- <work> <wallets> <millions of facts> <facts per flush>`
//!
//! Work is `decode` (whole facts, as the journal has them), `metered` (only what the views need of them), `fold` (facts
//! already read) or `both`, which is what a running server does. Wallets are evenly scattered, which is the worst case:
//! real traffic comes back to the same wallets.
#![expect(clippy::print_stdout, clippy::float_arithmetic, reason = "its purpose is to measure and to say so")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use chargly_ledger::{
    Balance, Charge, Credits, Currency, Draw, EventTypeNo, Fact, Header, IfInsufficient, KeyHash, KeyNo,
    LotNo, MeterRequest, Millis, Money, Origin, Position, PriceNo, Quantity, WalletEvent, WalletFact,
    WalletNo,
};
use chargly_views::Views;

/// Facts made before the clock starts, and folded again and again.
const DISTINCT_FACTS: u32 = 1 << 16;
/// Event types in use, each with one price version.
const EVENT_TYPES: u32 = 5;
/// Facts in a chunk of the journal, about 64 KiB.
const CHUNK_FACTS: u32 = 500;
/// When the first fact was recorded: 2026-01-01T10:00Z.
const BEGIN_MS: i64 = 1_767_261_600_000;

const USAGE: &str =
    "usage: fold_speed <decode|metered|fold|both> <wallets> <millions of facts> <facts per flush>";

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [work, wallets, millions, facts_per_flush] = arguments.as_slice() else {
        return Err(USAGE.into());
    };
    let (wallets, facts): (u32, u32) = (wallets.parse()?, millions.parse::<u32>()? * 1_000_000);
    let facts_per_flush: u32 = facts_per_flush.parse()?;
    let made: Vec<Fact> = (0..DISTINCT_FACTS).map(|n| metered(n, wallets)).collect();
    let encoded: Vec<Vec<u8>> = made.iter().map(Fact::encode).collect();
    let dir = std::env::temp_dir().join(format!("chargly-fold-speed-{}", std::process::id()));
    std::fs::create_dir_all(&dir)?;
    let mut views = Views::open(&dir)?;
    let (mut flushing, mut flushes) = (Duration::ZERO, 0u32);
    let begin = now();
    for chunk in 0..facts / CHUNK_FACTS {
        let numbers = chunk * CHUNK_FACTS..(chunk + 1) * CHUNK_FACTS;
        // 10,000 facts a second by the journal's time.
        let at = Millis(BEGIN_MS + i64::from(numbers.start / 10));
        let read = numbers.clone().map(|i| (i, black_box(&encoded[(i % DISTINCT_FACTS) as usize])));
        match work.as_str() {
            "decode" => {
                for (_, bytes) in read {
                    black_box(Fact::decode(bytes)?);
                }
            }
            "metered" => {
                for (_, bytes) in read {
                    black_box(Fact::decode_metered(bytes)?);
                }
            }
            "fold" => {
                for i in numbers.clone() {
                    views.fold(Position(i.into()), at, black_box(&made[(i % DISTINCT_FACTS) as usize]))?;
                }
            }
            "both" => {
                views.fold_encoded(at, read.map(|(i, bytes)| (Position(i.into()), bytes.as_slice())))?;
            }
            _ => return Err(USAGE.into()),
        }
        if views.should_flush() || numbers.end.is_multiple_of(facts_per_flush) {
            let before = now();
            views.flush()?;
            (flushing, flushes) = (flushing + (now() - before), flushes + 1);
        }
    }
    let working = now() - begin - flushing;
    println!(
        "{work}, {wallets} wallets: {:.2} M facts/s; {flushes} flushes took {flushing:.1?}; {:.2} B written per fact",
        f64::from(facts) / working.as_secs_f64() / 1e6,
        written_bytes()? / f64::from(facts),
    );
    std::fs::remove_dir_all(&dir)?;
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a program that measures")]
fn now() -> Instant {
    Instant::now()
}

/// What this process has handed to the file system so far, as Linux counts it.
fn written_bytes() -> Result<f64> {
    let counts = std::fs::read_to_string("/proc/self/io")?;
    let line = counts.lines().find_map(|line| line.strip_prefix("wchar: ")).ok_or("no count of bytes")?;
    Ok(line.parse()?)
}

fn metered(n: u32, wallets: u32) -> Fact {
    // A multiplicative hash scatters the wallets, as callers do.
    let wallet = WalletNo(n.wrapping_mul(2_654_435_761) % wallets);
    let event_type = n % EVENT_TYPES;
    let credits = Credits::from_micro(1_000_000 * i64::from(n % 13 + 1));
    let has_cost = !n.is_multiple_of(4);
    let request = MeterRequest {
        event_type: EventTypeNo(event_type),
        quantity: Quantity::from_micro(1_000_000 * i64::from(n % 2 * 1_500 + 1)).unwrap_or(Quantity::ONE),
        credits: None,
        cost: has_cost.then_some(Money { nano: 1_234_567 + i64::from(n), currency: Currency::USD }),
        occurred_at: n.is_multiple_of(3).then_some(Millis(BEGIN_MS + i64::from(n))),
        if_insufficient: IfInsufficient::Refuse,
    };
    let charge = Charge {
        price: Some(PriceNo(event_type)),
        credits,
        draws: [Draw { lot: LotNo(n % 3), credits, revenue_nano: 4 * credits.micro() }].into_iter().collect(),
        debt: Credits::ZERO,
        uncharged: Credits::ZERO,
    };
    let origin = Origin { actor: KeyNo(1), key: Some(KeyHash([7; 16])) };
    let after = Balance { posted: Credits::from_micro(5_000_000_000), ..Balance::default() };
    let header = Header { origin, wallet, previous: Some(Position(n.into())), after };
    Fact::Wallet(WalletFact { header, event: WalletEvent::Metered { request, charge, facets: None } })
}
