//! `chargly bench`: the load generator of the published figures, against servers of its own.
//!
//! The servers and the yardstick are child processes on fresh data directories, so that the load generator does not
//! share their memory, and what is measured is what people run.

mod host;

use std::io::Write as _;
use std::net::TcpListener;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use chargly_bench::{BenchPlan, CaseGroup};
use chargly_engine::{Clock as _, SystemClock};
use clap::Args;

use crate::failure::Reported;
use crate::output;

use host::{LISTENING, Processes};

/// A port of the system's choice, on this machine only.
const ANY_PORT: &str = "127.0.0.1:0";
/// Milliseconds of a day.
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// Flags of `chargly bench`.
#[derive(Clone, Debug, Args)]
pub(crate) struct BenchArgs {
    /// Cases to run: single, batch, hot-wallet, overdraft, postgres, sag, wallets, restart, figures, kill; all when none is
    /// named
    #[arg(value_name = "CASE")]
    cases: Vec<CaseGroup>,
    /// Runs of each load; 3 when not given, 1 with --quick
    #[arg(long, env = "CHARGLY_BENCH_RUNS", value_name = "N")]
    runs: Option<u32>,
    /// Seconds of each run; 5 when not given, 1 with --quick
    #[arg(long, env = "CHARGLY_BENCH_SECONDS", value_name = "SECONDS")]
    seconds: Option<u32>,
    /// Wallets over which the load is spread; 10,000 when not given, 500 with --quick
    #[arg(long, env = "CHARGLY_BENCH_CUSTOMERS", value_name = "N")]
    customers: Option<u32>,
    /// Events of each case that fills a journal; when not given, 20,000,000 in sag and 10,000,000 in restart
    #[arg(long, env = "CHARGLY_BENCH_EVENTS", value_name = "N")]
    events: Option<u64>,
    /// Fewer sizes: to see that it works, not to publish
    #[arg(long, env = "CHARGLY_BENCH_QUICK")]
    quick: bool,
    /// Decides customers and keys
    #[arg(long, env = "CHARGLY_SEED", default_value_t = 1, value_name = "NUMBER")]
    seed: u64,
    /// What was measured, for the heading: a commit
    #[arg(long, env = "CHARGLY_BENCH_COMMIT", default_value = concat!("version ", env!("CARGO_PKG_VERSION")), value_name = "TEXT")]
    commit: String,
    /// Directory to make the data directories in: decides which disk is measured
    #[arg(long, env = "CHARGLY_BENCH_DIR", value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Print the report as JSON
    #[arg(long, env = "CHARGLY_JSON")]
    json: bool,
    /// Serve the yardstick, for the bench that started this process
    #[arg(long, env = "CHARGLY_BENCH_YARDSTICK", hide = true)]
    yardstick: bool,
}

impl BenchArgs {
    fn plan(&self) -> BenchPlan {
        let usual = |published, quick| if self.quick { quick } else { published };
        BenchPlan {
            yardstick: None,
            cases: if self.cases.is_empty() { CaseGroup::ALL.to_vec() } else { self.cases.clone() },
            seconds_per_run: self
                .seconds
                .unwrap_or(usual(BenchPlan::SECONDS_PER_RUN, BenchPlan::SECONDS_PER_RUN_QUICK)),
            runs: self.runs.unwrap_or(usual(BenchPlan::RUNS, BenchPlan::RUNS_QUICK)),
            customers: self.customers.unwrap_or(usual(BenchPlan::CUSTOMERS, BenchPlan::CUSTOMERS_QUICK)),
            events: self.events,
            quick: self.quick,
            seed: self.seed,
            commit: self.commit.clone(),
            day: SystemClock::start().wall_ms().div_euclid(DAY_MS),
        }
    }
}

/// Runs the cases and prints the report.
///
/// # Errors
/// If a server cannot be started or driven, or counted wrongly.
pub(crate) fn run(args: &BenchArgs) -> Result<()> {
    if args.yardstick {
        return serve_yardstick();
    }
    let mut plan = args.plan();
    let mut host = Processes::below(args.dir.as_deref())?;
    let yardstick = host::start(&["bench", "--yardstick"]).context("starting the yardstick")?;
    plan.yardstick = Some(yardstick.address);
    let report = chargly_bench::run(&plan, &mut host, &mut |step| eprintln!("{step}"))?;
    if args.json {
        output::print_json(&report)?;
    } else {
        output::print(&format!("{report}\n"))?;
    }
    if report.is_correct() { Ok(()) } else { Err(Reported.into()) }
}

fn serve_yardstick() -> Result<()> {
    let listener = TcpListener::bind(ANY_PORT).context("listening")?;
    output::print(&format!("{LISTENING}{}/\n", listener.local_addr()?))?;
    std::io::stdout().flush()?;
    chargly_bench::serve_yardstick(listener)
}
