//! The load generator of the published benchmark, and the yardsticks beside it.
//!
//! [`run`] drives a server over HTTP, as callers would, with a closed loop of kept-alive connections, and gives a
//! [`Report`]. Beside each rate stands that of [`serve_yardstick`], an empty handler, from the same run: on a shared
//! machine the ratio says more than the rate. A second yardstick is PostgreSQL by hand, started where it is installed.
//!
//! Invariants:
//! - A figure never stands alone: what the callers saw accepted must equal what left the balances, or the report is
//!   not correct.
//! - Time is only read, never waited for in a test; customers and keys come from the plan's seed.
//! - This crate knows the wire contract and nothing of the server's insides. Whoever does implements [`Host`] and
//!   [`Site`]: to begin a project, and to serve, stop, kill, verify and rebuild it.

mod answers;
mod client;
mod disk;
mod figures;
mod host;
mod load;
mod machine;
mod plan;
mod postgres;
mod process;
mod report;
mod request;
mod resources;
mod served;
mod session;
mod wallets;
mod yardstick;

use anyhow::{Context as _, Result, bail};
use tokio::signal::unix::{SignalKind, signal};

pub use host::{Host, Running, Site};
pub use machine::Machine;
pub use plan::{BenchPlan, CaseGroup, EVENTS_MIN};
pub use process::ask_to_stop;
pub use report::{Check, Conditions, Measure, Report, Row};
pub use request::CUSTOMERS_MAX;
pub use yardstick::{serve_yardstick, yardstick_router};

/// Runs the plan's cases one after the other and reports what was found; `progress` hears of each step. All that was
/// started is ended before it returns, also when the process is asked to stop meanwhile.
///
/// Blocking: it makes its own runtime on the calling thread, and so must not be called within one. One thread is
/// enough to load a server that shares the machine, and takes least from it.
///
/// # Errors
/// When the plan is not usable, a server cannot be started, does not do what the contract says, or breaks a
/// connection. A server that merely counts wrongly is reported: see [`Report::is_correct`].
pub fn run(plan: &BenchPlan, host: &mut dyn Host, progress: &mut dyn FnMut(&str)) -> Result<Report> {
    plan.check()?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("starting a runtime")?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate()).context("listening for signals")?;
        tokio::select! {
            report = session::Session::new(plan, host, progress).run() => report,
            _ = tokio::signal::ctrl_c() => bail!("interrupted"),
            _ = terminate.recv() => bail!("told to stop"),
        }
    })
}
