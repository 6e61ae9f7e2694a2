//! What a bench is asked to do.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Result, ensure};

use crate::request::CUSTOMERS_MAX;

/// Keys of the environment that may be filled with a bench's events. Live never is.
const TEST_KEY_PREFIX: &str = "sk_test_";

/// Everything a bench needs to know, because it finds out nothing on its own: no environment, no clock but a
/// stopwatch, no seed but this one.
#[derive(Clone)]
pub struct BenchPlan {
    /// A running chargly server on this machine.
    pub server: SocketAddr,
    /// A secret key of its *test* environment with the scopes `meter`, `read`, `grant` and `prices`.
    pub api_key: String,
    /// A running yardstick ([`crate::serve_yardstick`]); without one no ratio is reported.
    pub yardstick: Option<SocketAddr>,
    /// The server's data directory; without it no bytes on disk are reported.
    pub data_dir: Option<PathBuf>,
    /// The server's process id; without it neither memory nor CPU time is reported.
    pub server_pid: Option<u32>,
    /// Which cases to run, in this order.
    pub cases: Vec<CaseGroup>,
    /// Seconds that each run of each load is measured, after a warm-up of a quarter of that. At least 1.
    pub seconds_per_run: u32,
    /// Runs of each load. At least 1; three are published.
    pub runs: u32,
    /// Wallets over which the load is spread, 1 to [`CUSTOMERS_MAX`].
    pub customers: u32,
    /// One or two sizes of each case instead of all: to see that everything works, not to publish.
    pub quick: bool,
    /// Decides customers and idempotency keys. A second bench of the same data directory needs another seed, since
    /// the keys of the first are taken for ever.
    pub seed: u64,
    /// The commit that the server was built from, for the heading.
    pub commit: String,
    /// The date of the run, for the heading.
    pub date: String,
}

impl BenchPlan {
    /// Seconds per run of a published bench.
    pub const SECONDS_PER_RUN: u32 = 5;
    /// Runs of a published bench.
    pub const RUNS: u32 = 3;
    /// Wallets of a published bench.
    pub const CUSTOMERS: u32 = 10_000;

    pub(crate) fn check(&self) -> Result<()> {
        ensure!(
            self.api_key.starts_with(TEST_KEY_PREFIX),
            "a bench fills an environment with its events: give it a key that starts with {TEST_KEY_PREFIX}"
        );
        ensure!(
            self.api_key.bytes().all(|byte| byte.is_ascii_graphic()),
            "the key may hold visible ASCII characters only"
        );
        ensure!((1..=CUSTOMERS_MAX).contains(&self.customers), "customers must be 1 to {CUSTOMERS_MAX}");
        ensure!(self.runs >= 1, "runs must be at least 1");
        ensure!(self.seconds_per_run >= 1, "seconds per run must be at least 1");
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
    /// `sag`: 20 million events on end, to see whether the last are slower than the first. Takes a minute and some
    /// gigabytes, so it is not among the defaults.
    Sag,
}

impl CaseGroup {
    /// Every group, for lists of what may be selected.
    pub const ALL: [Self; 5] = [Self::Single, Self::Batch, Self::HotWallet, Self::Overdraft, Self::Sag];
    /// What runs when nothing is selected.
    pub const DEFAULT: [Self; 4] = [Self::Single, Self::Batch, Self::HotWallet, Self::Overdraft];
}

impl fmt::Display for CaseGroup {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Single => "single",
            Self::Batch => "batch",
            Self::HotWallet => "hot-wallet",
            Self::Overdraft => "overdraft",
            Self::Sag => "sag",
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
            server: SocketAddr::from(([127, 0, 0, 1], 1)),
            api_key: "sk_test_1".to_owned(),
            yardstick: None,
            data_dir: None,
            server_pid: None,
            cases: CaseGroup::DEFAULT.to_vec(),
            seconds_per_run: 1,
            runs: 1,
            customers: CUSTOMERS_MAX,
            quick: true,
            seed: 1,
            commit: String::new(),
            date: String::new(),
        }
    }

    #[test]
    fn plan_at_its_bounds_is_taken_and_beyond_them_refused() {
        assert!(plan().check().is_ok());
        let beyond: [fn(&mut BenchPlan); 6] = [
            |plan| plan.customers = CUSTOMERS_MAX + 1,
            |plan| plan.customers = 0,
            |plan| plan.runs = 0,
            |plan| plan.seconds_per_run = 0,
            |plan| plan.api_key = "sk_live_1".to_owned(),
            |plan| plan.api_key = "sk_test_1\r\nx: y".to_owned(),
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
