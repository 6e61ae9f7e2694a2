//! What a bench is asked to do.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use anyhow::{Result, ensure};

use crate::request::CUSTOMERS_MAX;

/// Events of a case that fills a journal, at least: fewer are a single call of each connection, and no load.
pub const EVENTS_MIN: u64 = 10_000;

/// What to measure and how long. A bench finds out nothing of it on its own: no environment, no seed but this one.
#[derive(Clone)]
pub struct BenchPlan {
    /// A running yardstick ([`crate::serve_yardstick`]); without one no ratio is reported.
    pub yardstick: Option<SocketAddr>,
    /// Which cases to run, in this order.
    pub cases: Vec<CaseGroup>,
    /// Seconds that each run of each load is measured, after a warm-up of a quarter of that. At least 1.
    pub seconds_per_run: u32,
    /// Runs of each load. At least 1; three are published.
    pub runs: u32,
    /// Wallets over which the load is spread, 1 to [`CUSTOMERS_MAX`].
    pub customers: u32,
    /// Events of each case that fills a journal (sag, restart, figures), instead of the published 20, 10 and 10 million. At least
    /// [`EVENTS_MIN`].
    pub events: Option<u64>,
    /// One or two sizes of each case instead of all: to see that everything works, not to publish.
    pub quick: bool,
    /// Decides customers and idempotency keys.
    pub seed: u64,
    /// The commit that the server was built from, for the heading.
    pub commit: String,
    /// The day of the run in UTC, counted from the first one of 1970: for the heading, and for when events occurred.
    pub day: i64,
}

impl BenchPlan {
    /// Seconds per run of a published bench.
    pub const SECONDS_PER_RUN: u32 = 5;
    /// Runs of a published bench.
    pub const RUNS: u32 = 3;
    /// Wallets of a published bench.
    pub const CUSTOMERS: u32 = 10_000;
    /// Seconds per run of a quick bench.
    pub const SECONDS_PER_RUN_QUICK: u32 = 1;
    /// Runs of a quick bench.
    pub const RUNS_QUICK: u32 = 1;
    /// Wallets of a quick bench.
    pub const CUSTOMERS_QUICK: u32 = 500;

    pub(crate) fn check(&self) -> Result<()> {
        ensure!((1..=CUSTOMERS_MAX).contains(&self.customers), "customers must be 1 to {CUSTOMERS_MAX}");
        ensure!(self.runs >= 1, "runs must be at least 1");
        ensure!(self.seconds_per_run >= 1, "seconds per run must be at least 1");
        ensure!(
            self.events.is_none_or(|events| events >= EVENTS_MIN),
            "events must be at least {EVENTS_MIN}"
        );
        Ok(())
    }
}

/// Cases that belong together, by the name they are selected with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaseGroup {
    /// `single`: one event per call over 1, 16, 64 and 256 connections.
    Single,
    /// `batch`: 100, 1,000 and 8,000 events per call over 1, 4 and 16 connections.
    Batch,
    /// `hot-wallet`: all events on one wallet against the same events spread over all.
    HotWallet,
    /// `overdraft`: 60 calls at once on a wallet that affords 10.
    Overdraft,
    /// `postgres`: single events against the same written to PostgreSQL by hand. Skipped where it is not installed.
    Postgres,
    /// `sag`: 20 million events on end, to see whether the last are slower than the first.
    Sag,
    /// `wallets`: memory and the batch load at 10,000, 100,000 and 1,000,000 wallets.
    Wallets,
    /// `restart`: starting again after 10 million events, verifying them, and folding everything derived anew.
    Restart,
    /// `figures`: questions about 10 million events of 90 days, alone and beside a load, and a price simulation.
    Figures,
    /// `kill`: kill -9 in mid-load, and whether anything that was acknowledged is missing.
    Kill,
}

impl CaseGroup {
    /// Every group, in the order in which they run when none is named.
    pub const ALL: [Self; 10] = [
        Self::Single,
        Self::Batch,
        Self::HotWallet,
        Self::Overdraft,
        Self::Postgres,
        Self::Sag,
        Self::Wallets,
        Self::Restart,
        Self::Figures,
        Self::Kill,
    ];

    /// Whether it only loads a server, which others may have loaded before.
    pub(crate) fn shares_a_server(self) -> bool {
        match self {
            Self::Single | Self::Batch | Self::HotWallet | Self::Overdraft | Self::Postgres => true,
            Self::Sag | Self::Wallets | Self::Restart | Self::Figures | Self::Kill => false,
        }
    }
}

impl fmt::Display for CaseGroup {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Single => "single",
            Self::Batch => "batch",
            Self::HotWallet => "hot-wallet",
            Self::Overdraft => "overdraft",
            Self::Postgres => "postgres",
            Self::Sag => "sag",
            Self::Wallets => "wallets",
            Self::Restart => "restart",
            Self::Figures => "figures",
            Self::Kill => "kill",
        })
    }
}

impl FromStr for CaseGroup {
    type Err = String;

    /// Finds the group by its name.
    ///
    /// # Errors
    /// A sentence with the known names, when this is none of them.
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|group| group.to_string() == name).ok_or_else(|| {
            let known = Self::ALL.map(|group| group.to_string()).join(", ");
            format!("no case is called {name:?}; there are {known}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> BenchPlan {
        BenchPlan {
            yardstick: None,
            cases: CaseGroup::ALL.to_vec(),
            seconds_per_run: 1,
            runs: 1,
            customers: CUSTOMERS_MAX,
            events: Some(EVENTS_MIN),
            quick: true,
            seed: 1,
            commit: String::new(),
            day: 20_781,
        }
    }

    #[test]
    fn plan_at_its_bounds_is_taken_and_beyond_them_refused() {
        assert!(plan().check().is_ok());
        let beyond: [fn(&mut BenchPlan); 5] = [
            |plan| plan.customers = CUSTOMERS_MAX + 1,
            |plan| plan.customers = 0,
            |plan| plan.runs = 0,
            |plan| plan.seconds_per_run = 0,
            |plan| plan.events = Some(EVENTS_MIN - 1),
        ];
        for (number, change) in beyond.into_iter().enumerate() {
            let mut plan = plan();
            change(&mut plan);
            assert!(plan.check().is_err(), "change {number}");
        }
    }

    #[test]
    fn every_group_is_found_by_its_name() {
        for group in CaseGroup::ALL {
            assert_eq!(group.to_string().parse(), Ok(group));
        }
        let unknown = "singel".parse::<CaseGroup>().expect_err("no such group");
        assert!(unknown.contains("hot-wallet"), "{unknown}");
    }
}
