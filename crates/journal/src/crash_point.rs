//! Named places where a test may kill the process, to see what a crash there leaves behind.
//!
//! `CHARGLY_CRASH_AT=<name>:<nth>` in the environment aborts the process when it passes that point for the nth
//! time (from 1). Unset, a crash point costs one load of an initialised value.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// The crash points of this crate: those of an append, in the order in which it passes them, and that of a backup.
/// Other crates have their own.
pub const CRASH_POINTS: [&str; 4] = [BEFORE_WRITE, BETWEEN_WRITE_AND_FLUSH, AFTER_FLUSH, BACKUP_MID_COPY];

/// Nothing of the frame is written.
pub(crate) const BEFORE_WRITE: &str = "journal.before_write";
/// The frame is written, but not committed.
pub(crate) const BETWEEN_WRITE_AND_FLUSH: &str = "journal.between_write_and_flush";
/// The frame is on disk, and nobody knows.
pub(crate) const AFTER_FLUSH: &str = "journal.after_flush";
/// Some of the frames are in the copy, and the copy is not committed.
pub(crate) const BACKUP_MID_COPY: &str = "backup.mid_copy";

const VARIABLE: &str = "CHARGLY_CRASH_AT";

/// Aborts the process if the environment asks for a crash at this passage of the point `name`.
pub fn crash_point(name: &'static str) {
    static PLAN: OnceLock<Option<Plan>> = OnceLock::new();
    if let Some(plan) = PLAN.get_or_init(Plan::from_environment)
        && plan.is_due(name)
    {
        eprintln!("crash point {name} reached");
        std::process::abort();
    }
}

#[derive(Debug)]
struct Plan {
    name: String,
    nth: u64,
    passed: AtomicU64,
}

impl Plan {
    /// A test that asks for a crash in a way not understood must not pass by not crashing; so it crashes at once.
    fn from_environment() -> Option<Self> {
        let value = std::env::var(VARIABLE).ok()?;
        let plan = Self::parse(&value);
        if plan.is_none() {
            eprintln!("{VARIABLE} must be <name>:<nth from 1>, and is {value:?}");
            std::process::abort();
        }
        plan
    }

    fn parse(value: &str) -> Option<Self> {
        let (name, nth) = value.rsplit_once(':')?;
        let nth = nth.parse().ok().filter(|&nth| nth > 0)?;
        Some(Self { name: name.to_owned(), nth, passed: AtomicU64::new(0) })
    }

    fn is_due(&self, name: &str) -> bool {
        self.name == name && self.passed.fetch_add(1, Ordering::Relaxed) + 1 == self.nth
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plan_is_due_at_the_nth_passage_of_its_own_point_only() {
        let plan = Plan::parse("journal.after_flush:2").expect("a plan");
        assert!(!plan.is_due(AFTER_FLUSH));
        assert!(!plan.is_due(BEFORE_WRITE));
        assert!(plan.is_due(AFTER_FLUSH));
        assert!(!plan.is_due(AFTER_FLUSH));
    }

    #[test]
    fn plans_without_a_name_or_a_count_from_one_are_refused() {
        for value in ["", "journal.after_flush", "journal.after_flush:", "journal.after_flush:0", "x:-1"] {
            assert!(Plan::parse(value).is_none(), "{value}");
        }
    }
}
