//! What sealed runs cost: bytes a fact, time to seal and open one, time to find a key with 1, 8 and 64 of them.
//!
//! `cargo run --release -p chargly-index --example run_costs -- [runs] [wallets]`. Times are of this machine and
//! whatever else it does.
#![expect(clippy::print_stdout, clippy::float_arithmetic, reason = "its purpose is to measure and to say so")]
#![expect(clippy::disallowed_methods, reason = "it measures time")]

use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use chargly_index::{Posting, RecentKeys, RunBuilder, RunLength, Runs};
use chargly_ledger::{
    Balance, Charge, Credits, EventTypeNo, Fact, Header, IfInsufficient, KeyHash, KeyNo, MeterRequest,
    Millis, Origin, Position, Quantity, WalletEvent, WalletFact, WalletNo,
};
use rand::{Rng, SeedableRng, rngs::StdRng};

const LENGTH: RunLength = RunLength::FULL;
const EVENT_TYPES: u32 = 10;
const ASKED: usize = 200_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse());
    let runs: u32 = arguments.next().transpose()?.unwrap_or(64);
    let wallets: u32 = arguments.next().transpose()?.unwrap_or(100_000);
    let dir = tempfile::tempdir()?;
    let mut rng = StdRng::seed_from_u64(1);
    let set = Runs::new(LENGTH);
    let mut present = Vec::new();
    for number in 0..runs {
        let builder = filled(number, wallets, &mut rng, &mut present);
        let began = Instant::now();
        let image_bytes = builder.encode([0; 32])?.len();
        let encoded = began.elapsed();
        let run = builder.seal(dir.path(), [0; 32])?;
        let sealed = began.elapsed() - encoded;
        let bytes = run.bytes();
        let began = Instant::now();
        set.add(run)?;
        let added = began.elapsed();
        if number < 10 || number % 8 == 0 {
            let per_fact = bytes as f64 / f64::from(LENGTH.facts());
            println!(
                "run {number}: {image_bytes} bytes, {per_fact:.2} a fact; encode {encoded:?}, seal in all {sealed:?}, add {added:?}"
            );
        }
        if [1, 2, 8, 32, 64, 128].contains(&(number + 1)) {
            find(&set, &present, &mut rng)?;
        }
    }
    let lists = &set.all()[0];
    let began = Instant::now();
    for wallet in 0..1_000 {
        black_box(lists.postings(Posting::Wallet(WalletNo(wallet)))?);
    }
    println!("a wallet's list in one run: {:?}", began.elapsed() / 1_000);
    let began = Instant::now();
    let events = lists.postings(Posting::EventType(EventTypeNo(3)))?.len();
    println!("an event type's list in one run, {events} long: {:?}", began.elapsed());
    drop(set);
    open(dir.path(), runs)?;
    recent(&mut rng);
    Ok(())
}

/// A full builder, and some of its keys.
fn filled(number: u32, wallets: u32, rng: &mut StdRng, present: &mut Vec<KeyHash>) -> RunBuilder {
    let mut builder = RunBuilder::new(number, LENGTH);
    while !builder.is_full() {
        let key = KeyHash(rng.random());
        let position = builder.next();
        if position.0.is_multiple_of(301) {
            present.push(key);
        }
        let fact = metered(
            key,
            WalletNo(rng.random_range(0..wallets)),
            EventTypeNo(rng.random_range(0..EVENT_TYPES)),
        );
        builder.add(position, Millis(position.0.cast_signed()), &fact);
    }
    builder
}

fn metered(key: KeyHash, wallet: WalletNo, event_type: EventTypeNo) -> Fact {
    let request = MeterRequest {
        event_type,
        quantity: Quantity::ONE,
        credits: None,
        cost: None,
        occurred_at: None,
        if_insufficient: IfInsufficient::Refuse,
    };
    let charge = Charge {
        price: None,
        credits: Credits::ZERO,
        draws: Default::default(),
        debt: Credits::ZERO,
        uncharged: Credits::ZERO,
    };
    let origin = Origin { actor: KeyNo(1), key: Some(key) };
    let header = Header { origin, wallet, previous: None, after: Balance::default() };
    Fact::Wallet(WalletFact { header, event: WalletEvent::Metered { request, charge, facets: None } })
}

fn find(set: &Runs, present: &[KeyHash], rng: &mut StdRng) -> Result<(), Box<dyn std::error::Error>> {
    let absent: Vec<KeyHash> = (0..ASKED).map(|_| KeyHash(rng.random())).collect();
    let present: Vec<KeyHash> = (0..ASKED).map(|_| present[rng.random_range(0..present.len())]).collect();
    for (what, keys) in [("absent", absent), ("present", present)] {
        let began = Instant::now();
        let mut found = 0;
        for key in &keys {
            found += set.find(*key)?.0.len();
        }
        let each = began.elapsed() / u32::try_from(keys.len())?;
        println!(
            "  {} runs, filter {} MiB: find {what} {each:?} ({found} of {} found)",
            set.all().len(),
            set.filter_bytes() >> 20,
            keys.len(),
        );
    }
    Ok(())
}

fn open(dir: &Path, runs: u32) -> Result<(), Box<dyn std::error::Error>> {
    let began = Instant::now();
    let set = Runs::open(dir, LENGTH, &|_, _| {})?;
    println!("open {runs} runs: {:?}, {:?} a run", began.elapsed(), began.elapsed() / runs);
    let began = Instant::now();
    set.all()[0].verify()?;
    println!("verify a run: {:?}", began.elapsed());
    Ok(())
}

fn recent(rng: &mut StdRng) {
    let keys: Vec<KeyHash> = (0..LENGTH.facts()).map(|_| KeyHash(rng.random())).collect();
    let mut recent = RecentKeys::new(LENGTH, Position(0));
    for round in 0..3u64 {
        let first = LENGTH.first(u32::try_from(round).unwrap_or(0)).0;
        let mut longest = std::time::Duration::ZERO;
        let began = Instant::now();
        for (key, position) in keys.iter().zip(first..) {
            let before = Instant::now();
            if recent.find(*key, Some(Position(position))).is_none() {
                recent.insert(*key, Position(position));
            }
            longest = longest.max(before.elapsed());
        }
        let each = began.elapsed() / LENGTH.facts();
        println!(
            "recent keys, run {round}: {each:?} a find and insert, the longest {longest:?}, {} bytes",
            recent.bytes()
        );
        let began = Instant::now();
        recent.forget_below(Position(first));
        println!("  forgetting a run: {:?}", began.elapsed());
    }
}
