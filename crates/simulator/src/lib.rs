//! Past events under proposed prices: the ledger is run again over a span of its own journal, event by event, with the
//! same lots, burn order, expiries, holds and policies, and only the proposed prices changed.
//!
//! Whoever drives it folds the journal up to the span into an opening [`State`](chargly_ledger::State), lets a
//! [`History`] see every fact of the span once (what happened), then a [`World`] for each [`Mode`] (what would have
//! happened), and puts them beside each other with [`compare`]. Nothing is written anywhere.
//!
//! Invariants: without a proposal a world reproduces every fact of the span, to the micro-credit and the nano-unit;
//! amounts are integers (only `elastic` knows floats, and only to decide whether an event happens); the same facts,
//! proposal and seed give the same answer.
//!
//! # What is done where the past cannot be known
//!
//! - Credits that a caller chose for an event or a hold stay as they were chosen: no rule priced them.
//! - Credits that a caller chose out of something priced (a capture by credits, a partial reversal, a correction) are
//!   scaled to what that thing was charged or held at, rounded down.
//! - A capture that fitted its hold and would not fit the simulated one takes all that is held, and is counted.
//! - An event or hold that is refused under the proposal leads nowhere: its captures and reversals are left out.
//! - What was refused is tried again and counted apart: a hold that is let in now has no known end, and lapses. The
//!   events of a refused atomic batch are not in the journal and stay out.
//! - A hold that was placed before the span keeps the price it pinned.
//!
//! Not owned here: reading a journal, threads, progress, names of things on the wire.

mod compare;
mod elastic;
mod event;
mod history;
mod holds;
mod inputs;
mod proposal;
mod references;
mod replenish;
mod tally;
mod world;

pub use compare::{
    BillShock, Comparison, CustomerChange, Elastic, Outstanding, RunOuts, Runs, SHOCK_BP, Spread, TypeChange,
    bill_shock, compare,
};
pub use elastic::{ELASTICITY_CENTRE_CENTI, ELASTICITY_SCALE_CENTI, Elasticity, MULTIPLE_MAX, elasticities};
pub use history::History;
pub use proposal::{Proposal, ProposedPrice};
pub use references::{References, original_of};
pub use replenish::PACKS_A_DAY_MAX;
pub use tally::{CustomerTally, Tally, Totals, TypeTally};
pub use world::{Entry, Mode, World};
