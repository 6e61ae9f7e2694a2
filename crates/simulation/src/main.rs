//! The simulation for hours on demand: `cargo run --release -p chargly-simulation -- --seeds 1000 --steps 5000`.
//!
//! Prints how far it is, and every failure with the command that repeats it. Ends with 1 if there was any.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use chargly_simulation::{MILESTONES, run};
use clap::Parser;

/// Seeds after which it is said how far it is.
const SAID_EVERY: u64 = 100;

/// Runs seeds of the simulation one after the other.
#[derive(Parser)]
struct Arguments {
    /// How many seeds.
    #[arg(long, default_value_t = 100)]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// As many seeds as can be run in so many minutes.
    #[arg(long, conflicts_with_all = ["seed", "seeds"])]
    minutes: Option<u64>,
    /// Steps of each run.
    #[arg(long, default_value_t = 2_000)]
    steps: u32,
    /// Only this seed: to repeat a failure.
    #[arg(long)]
    seed: Option<u64>,
}

#[expect(clippy::print_stdout, reason = "a program that prints")]
fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let (from, seeds) = arguments.seed.map_or((arguments.from, arguments.seeds), |seed| (seed, 1));
    let mut seen: BTreeMap<&str, u64> = BTreeMap::new();
    let (mut facts, mut failures) = (0, 0u64);
    let begun = now();
    let is_over = |done: u64| match arguments.minutes {
        Some(minutes) => now() - begun >= Duration::from_mins(minutes),
        None => done >= seeds,
    };
    let mut done = 0;
    while !is_over(done) {
        let seed = from + done;
        done += 1;
        match run(seed, arguments.steps) {
            Ok(outcome) => {
                facts += outcome.facts;
                for (what, count) in outcome.seen {
                    *seen.entry(what).or_default() += count;
                }
            }
            Err(failure) => {
                failures += 1;
                println!("{failure}");
            }
        }
        if done % SAID_EVERY == 0 {
            println!("{done} seeds from {from} on, {facts} facts, {failures} failures");
        }
    }
    println!("{done} seeds from {from} on, {facts} facts, {failures} failures");
    for (what, count) in &seen {
        println!("{count:>10}  {what}");
    }
    let missing: Vec<_> = MILESTONES
        .iter()
        .chain(&chargly_testkit::script::MILESTONES)
        .filter(|what| !seen.contains_key(**what))
        .collect();
    if !missing.is_empty() {
        println!("never met: {missing:?}");
    }
    if failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[expect(clippy::disallowed_methods, reason = "how long it runs is no part of any run")]
fn now() -> Instant {
    Instant::now()
}
