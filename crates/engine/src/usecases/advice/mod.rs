//! Advice on prices: looking for it beside live traffic, and what people decide of it.
//!
//! A [`LookJob`] reads the journal once for the figures, once more for the customers on whom proposals are tried, and
//! records what came of it as the system. Nothing here changes a price by itself: [`ApplyAdvice`] is a call that a person
//! makes, and publishes a version by the rule that publishes any.
//!
//! Invariants: a look sees only facts below its cut-off, and takes the time of the last of them for now, so that the same
//! journal and seed give the same bytes; a look waits for nobody and nobody waits for a look.
//!
//! Not owned here: what is recommended and how it is graded (`advisor`), when it may be decided on (`ledger`), and words.

mod decide;
#[cfg(test)]
mod drafts;
mod look;
mod run;
mod sample;
mod scan;
#[cfg(test)]
mod speed;
mod tape;
mod tries;
mod weekly;

pub use decide::ApplyAdvice;
pub(crate) use look::Looks;
pub use look::{LookJob, LookRequest, LookStatus, Looked};
pub use weekly::look_weekly;
