//! How many facts a second the views take in, and what a flush of them costs, with wallets evenly scattered (the
//! worst case: real traffic comes back to the same wallets):
//! `cargo run --release -p chargly-views --example fold_speed`.
#![expect(clippy::print_stdout, clippy::float_arithmetic, reason = "its purpose is to measure and to say so")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use chargly_ledger::{
    Balance, Charge, Credits, Draw, EventTypeNo, Fact, Header, IfInsufficient, KeyNo, LotNo, MeterRequest,
    Millis, Origin, PriceNo, Quantity, WalletEvent, WalletFact, WalletNo,
};
use chargly_views::{ViewError, Views};

/// Facts folded in each run.
const FACTS: u32 = 4_000_000;
/// Facts made before the clock starts, and folded again and again.
const DISTINCT_FACTS: u32 = 1 << 18;
/// Event types in use, each with one price version.
const EVENT_TYPES: u32 = 5;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for wallets in [1, 1_000, 100_000] {
        let dir = std::env::temp_dir().join(format!("chargly-fold-speed-{wallets}"));
        std::fs::create_dir_all(&dir)?;
        measure(&dir, wallets)?;
        std::fs::remove_dir_all(&dir)?;
    }
    Ok(())
}

fn measure(dir: &std::path::Path, wallets: u32) -> Result<(), ViewError> {
    let facts: Vec<Fact> = (0..DISTINCT_FACTS).map(|n| metered(n, wallets)).collect();
    let mut views = Views::open(dir)?;
    let (mut flushing, mut flushes) = (Duration::ZERO, 0u32);
    let begin = now();
    for i in 0..FACTS {
        // A fact every 100 µs of the journal's time: the run spans about seven minutes.
        let at = Millis(1_767_261_600_000 + i64::from(i / 10));
        views.fold(views.next(), at, black_box(&facts[i as usize % facts.len()]))?;
        if views.should_flush() {
            let before = now();
            views.flush()?;
            (flushing, flushes) = (flushing + (now() - before), flushes + 1);
        }
    }
    let folding = now() - begin - flushing;
    let before = now();
    views.flush()?;
    let last = now() - before;
    println!(
        "{wallets:>7} wallets: {:.1} M facts/s; {flushes} flushes at the limit took {flushing:.1?}, the last one {last:.1?}",
        f64::from(FACTS) / folding.as_secs_f64() / 1e6,
    );
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a program that measures")]
fn now() -> Instant {
    Instant::now()
}

fn metered(n: u32, wallets: u32) -> Fact {
    // A multiplicative hash scatters the wallets, as callers do.
    let wallet = WalletNo(n.wrapping_mul(2_654_435_761) % wallets);
    let event_type = n % EVENT_TYPES;
    let credits = Credits::from_micro(8_000_000);
    let request = MeterRequest {
        event_type: EventTypeNo(event_type),
        quantity: Quantity::ONE,
        credits: None,
        cost: None,
        occurred_at: None,
        if_insufficient: IfInsufficient::Refuse,
    };
    let charge = Charge {
        price: Some(PriceNo(event_type)),
        credits,
        draws: [Draw { lot: LotNo(0), credits, revenue_nano: 32_000_000 }].into_iter().collect(),
        debt: Credits::ZERO,
        uncharged: Credits::ZERO,
    };
    let origin = Origin { actor: KeyNo(1), key: None };
    let header = Header { origin, wallet, previous: None, after: Balance::default() };
    Fact::Wallet(WalletFact { header, event: WalletEvent::Metered { request, charge } })
}
