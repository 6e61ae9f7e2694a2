//! Corrections: many events put right by one decision that a person has seen worked out beforehand.
//!
//! A preview goes through the events of a filter and says, customer by customer, what would change; its digest commits
//! to that. Opening a correction goes through them once more, and begins only if it comes to the same. Then a job gives
//! back or charges again, one fact for each event, beside the traffic, and closes it.
//!
//! Invariants: no event above the preview's position is touched; an event is changed at most once by one correction,
//! however often its job is taken up again (what it did is read back, and each change has a key of its own); memory
//! grows with customers and with events of one correction, both bounded, never with the journal.
//!
//! Not owned here: the rules (`ledger`), who may correct (the doors).

mod changes;
mod plan;
mod preview;
mod properties;
mod read;
mod run;
mod select;

pub use plan::Skip;
pub use preview::{CustomerDifference, Preview, PreviewSeal, Totals};
pub use read::{CorrectionState, CustomerChange};
pub use run::{LeftAlone, Progress};

pub(crate) use run::Running;

/// Events that one correction may change: its job remembers which it has decided.
pub const CORRECTION_EVENTS_MAX: usize = 1_000_000;
/// Customers of one correction: their sums are kept in memory, and shown.
pub const CORRECTION_CUSTOMERS_MAX: usize = 100_000;
/// Events that were left alone that are told one by one; of the others only the number.
pub const LEFT_ALONE_TOLD_MAX: usize = 100;

/// Events that are looked at in one turn: a fraction of a second's work, and one question to the writer.
const PAGE_EVENTS: usize = 512;
