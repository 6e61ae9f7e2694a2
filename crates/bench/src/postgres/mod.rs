//! A PostgreSQL server of our own, for what a user would write by hand instead of this product.
//!
//! Invariants: it listens on a socket in its own directory only, flushes every commit as ours does, and is gone with
//! the value, whatever happened.

mod by_hand;
mod cluster;

pub(crate) use by_hand::{Caller, Way, books, prepare, version};
pub(crate) use cluster::{Cluster, Program};
