//! The load generator of the published benchmark, and the yardstick beside it.
//!
//! [`run`] drives a running server over HTTP, as callers would, with a closed loop of kept-alive connections, and
//! gives a [`Report`]. Beside each rate stands that of [`serve_yardstick`], an empty handler, from the same run: on a
//! shared machine the ratio says more than the rate.
//!
//! Invariants:
//! - A figure never stands alone: what the callers saw accepted must equal what left the balances, or the report is
//!   not correct.
//! - Time is only read, never waited for in a test; customers and keys come from the plan's seed.
//! - This crate knows the wire contract and nothing of the server's insides.
//!
//! It does not start or stop the server, kill it, or know how it stores anything. A yardstick that needs something
//! installed (events written to PostgreSQL by hand) would be one more case group beside those of `session`.

mod answers;
mod client;
mod disk;
mod load;
mod plan;
mod process;
mod report;
mod request;
mod session;
mod wallets;
mod yardstick;

use anyhow::{Context as _, Result};

pub use plan::{BenchPlan, CaseGroup};
pub use report::{Check, Conditions, Measure, Report, Row};
pub use request::CUSTOMERS_MAX;
pub use yardstick::{serve_yardstick, yardstick_router};

/// Runs the plan's cases one after the other and reports what was found; `progress` hears of each step.
///
/// Blocking: it makes its own runtime on the calling thread, and so must not be called within one. One thread is
/// enough to load a server that shares the machine, and takes least from it.
///
/// # Errors
/// When the plan is not usable, the server is not reachable, does not do what the contract says, or breaks a
/// connection. A server that merely counts wrongly is reported: see [`Report::is_correct`].
pub fn run(plan: &BenchPlan, progress: &mut dyn FnMut(&str)) -> Result<Report> {
    plan.check()?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("starting a runtime")?;
    runtime.block_on(session::Session::new(plan, progress).run())
}
