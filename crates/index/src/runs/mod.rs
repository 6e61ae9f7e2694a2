//! Sealed runs: what is found by key, wallet or event type in the part of the journal that will not grow any more.
//!
//! A **run** is one immutable, checksummed file for a fixed number of facts ([`RunLength`]): run *n* covers exactly
//! the positions from *n* × length. A [`RunBuilder`] collects the facts of the run that is not full yet and seals
//! it; a [`Run`] is an open file; [`Runs`] is all of them, with the filter in memory that says which runs are worth
//! asking for a key. The format is in `docs/run-format.md`.
//!
//! **Invariants.** A run says only what the journal says, and the same facts always give the same bytes. Every page
//! is checked against its checksum on every read: a damaged run is an error, never a wrong answer. Runs are dense
//! from number 0: one that is missing is an error, since its keys would otherwise be charged twice.
//!
//! **Not here.** When to seal, on which thread, and what to do about damage: the engine decides, and may rebuild any
//! run from the journal. What a hit means: keys are compared by 64 bits only, so that a hit is "perhaps".

mod builder;
mod check;
pub mod entry;
mod file;
mod filter;
mod format;
mod image;
mod lists;
mod run;
mod set;

use std::io;
use std::path::PathBuf;

use chargly_ledger::{KeyHash, Millis, Position};
use thiserror::Error;

pub use builder::RunBuilder;
pub use file::{RUNS_DIR, run_path};
pub use format::{RUN_FORMAT, RUN_PAGE_BYTES};
pub use run::Run;
pub use set::{Runs, RunsFilter};

/// Facts in a run: 7/8 of 2^20, so that a hash table of its keys fills 2^20 buckets and needs no more.
pub const RUN_FACTS: u32 = 917_504;

/// Facts a run may have at most. Keeps every count and every byte offset of a run within 32 bits.
pub const RUN_FACTS_MAX: u32 = 1 << 24;

/// Facts that share one [`Block`]: a scan by time skips so many at once.
pub const BLOCK_FACTS: u32 = 4_096;

/// How many facts each run of an environment has: [`RUN_FACTS`], or fewer where a test wants many runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RunLength(u32);

impl RunLength {
    /// What every environment on disk uses.
    pub const FULL: Self = Self(RUN_FACTS);

    /// Runs of this many facts, from 1 to [`RUN_FACTS_MAX`]; `None` beyond that.
    pub const fn new(facts: u32) -> Option<Self> {
        if facts == 0 || facts > RUN_FACTS_MAX { None } else { Some(Self(facts)) }
    }

    /// Facts in a run.
    pub const fn facts(self) -> u32 {
        self.0
    }

    /// The first position of a run.
    pub fn first(self, number: u32) -> Position {
        Position(u64::from(number) * u64::from(self.0))
    }

    /// The number of the run that a position belongs to, sealed or not.
    pub fn number_of(self, position: Position) -> u32 {
        u32::try_from(position.0 / u64::from(self.0)).unwrap_or(u32::MAX)
    }
}

/// A list of facts that a run keeps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Posting {
    /// Every fact about this wallet.
    Wallet(chargly_ledger::WalletNo),
    /// Every event (metered or captured) of this type.
    EventType(chargly_ledger::EventTypeNo),
    /// Every fact for the audit log: see [`entry::is_audited`].
    Audited,
}

/// When the facts of a block happened, so that a scan by time can pass it by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Block {
    /// When its facts were recorded.
    pub recorded_at: TimeRange,
    /// When its events occurred, as [`entry::occurred_at`] says; `None` where it has no events.
    pub occurred_at: Option<TimeRange>,
}

/// From the earliest to the latest, both included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TimeRange {
    /// The earliest.
    pub first: Millis,
    /// The latest.
    pub last: Millis,
}

impl TimeRange {
    fn at(instant: Millis) -> Self {
        Self { first: instant, last: instant }
    }

    fn include(&mut self, instant: Millis) {
        self.first = self.first.min(instant);
        self.last = self.last.max(instant);
    }
}

/// Why a run could not be read or written.
#[derive(Debug, Error)]
pub enum RunError {
    /// The file system refused.
    #[error("{doing} {}", path.display())]
    Io {
        /// What was tried, as in "reading".
        doing: &'static str,
        /// With which file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It does not have the bytes that were written.
    #[error("run {number} is damaged: {what}")]
    Damaged {
        /// Which run.
        number: u32,
        /// What is wrong.
        what: String,
    },
    /// A newer build wrote it.
    #[error("run {number} has format {format}, and this build reads up to {RUN_FORMAT}")]
    NewerFormat {
        /// Which run.
        number: u32,
        /// Its format.
        format: u32,
    },
    /// It is whole, and not the run that its name or its environment asks for.
    #[error("the file of run {number} says {what} {found} in place of {expected}")]
    Other {
        /// Which run was asked for.
        number: u32,
        /// What differs: "number" or "facts".
        what: &'static str,
        /// What it says.
        found: u32,
        /// What it should say.
        expected: u32,
    },
    /// There are later runs, but not this one.
    #[error("run {number} is missing")]
    Missing {
        /// Which run.
        number: u32,
    },
    /// Facts are still to come, so that it cannot be sealed.
    #[error("run {number} has {facts} facts and is not full")]
    NotFull {
        /// Which run.
        number: u32,
        /// How many it has.
        facts: u32,
    },
}

/// A key as runs and tables store it: the first 64 bits of its hash, and where in its run the fact stands.
///
/// Two halves in place of a `u64`, so that it takes 12 bytes; it sorts as (prefix, offset).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct KeyEntry {
    high: u32,
    low: u32,
    /// Facts between the run's first and this one.
    pub(crate) offset: u32,
}

impl KeyEntry {
    pub(crate) fn new(prefix: u64, offset: u32) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "the two halves of 64 bits")]
        let (high, low) = ((prefix >> 32) as u32, prefix as u32);
        Self { high, low, offset }
    }

    pub(crate) fn prefix(self) -> u64 {
        u64::from(self.high) << 32 | u64::from(self.low)
    }
}

/// The 64 bits of a key's hash that runs and tables know it by.
pub(crate) fn prefix_of(key: KeyHash) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = key.0;
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}
