//! A whole engine core in one thread, driven by a seed: clients that repeat themselves, disks that fail, clocks that
//! jump, processes that die. One half makes the mess ([`run`] drives it), the other, the auditor, keeps the books.
//!
//! Everything random comes from the seed, so that a failure is repeated by its number. Each run leaves some of the
//! mess out (swarm), so that others get far into corners; [`MILESTONES`] says what all runs together must have met.
//!
//! Invariants: the auditor judges by the disk, by answers and by the reference model of `chargly-testkit`; of the
//! ledger it shares only the fold, which the writer's state is compared with after every group. [`Bug`]s are planted
//! around the engine, never in it, and are found by the disk and the answers alone.
//!
//! Not owned here: SQLite and files (the journal's own tests and kill -9 do those), HTTP, views.

mod auditor;
mod calls;
mod clock;
mod dice;
mod index;
mod journal;
mod planted;
mod seen;
mod workload;
mod world;

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

pub use planted::Bug;
pub use seen::MILESTONES;

use world::World;

/// What a run without a finding comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// Facts in the journal at the end.
    pub facts: u64,
    /// Digest of the state at the end.
    pub digest: [u8; 32],
    /// Hash over every step, frame and answer in turn.
    pub trace: [u8; 32],
    /// What was met how often, by name.
    pub seen: BTreeMap<&'static str, u64>,
}

/// What the auditor found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The seed that repeats it.
    pub seed: u64,
    /// How many steps the run was to have.
    pub steps: u32,
    /// The step after which it was found.
    pub step: u32,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, steps, step, what } = self;
        write!(
            f,
            "seed {seed}, after step {step}: {what}\n\
             repeat it: cargo run --release -p chargly-simulation -- --seed {seed} --steps {steps}"
        )
    }
}

/// Runs `steps` steps from `seed`, then lets everything heal and audits it all again.
pub fn run(seed: u64, steps: u32) -> Result<Outcome, Failure> {
    run_with(seed, steps, None)
}

/// Like [`run`], with a bug planted on purpose, which should be found.
pub fn run_with(seed: u64, steps: u32, bug: Option<Bug>) -> Result<Outcome, Failure> {
    let step = std::cell::Cell::new(0);
    let all = || -> Result<Outcome, String> {
        let mut world = World::new(seed, bug)?;
        for number in 1..=steps {
            step.set(number);
            world.step()?;
        }
        world.heal()?;
        Ok(world.outcome(seed))
    };
    let failed = |what| Failure { seed, steps, step: step.get(), what };
    match catch_unwind(AssertUnwindSafe(all)) {
        Ok(outcome) => outcome.map_err(failed),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            Err(failed(format!("a panic: {}", text.unwrap_or("without words"))))
        }
    }
}
