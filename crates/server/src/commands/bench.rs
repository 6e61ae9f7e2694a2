//! `chargly bench`: the load generator of the published figures, against a server of its own.
//!
//! The server and the yardstick are child processes on a fresh data directory, so that the load generator does not
//! share their memory, and what is measured is what people run.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use chargly_bench::{BenchPlan, CaseGroup};
use chargly_engine::{Clock as _, SystemClock};
use clap::Args;

use crate::data_dir::{DataDir, time_text};
use crate::failure::Reported;
use crate::{first_start, output};

/// How a child says where it listens; the address follows, then a slash.
const LISTENING: &str = "Listening on http://";
/// A port of the system's choice, on this machine only.
const ANY_PORT: &str = "127.0.0.1:0";
/// Characters of a time that are its date.
const DATE_CHARACTERS: usize = 10;

/// Flags of `chargly bench`.
#[derive(Clone, Debug, Args)]
pub(crate) struct BenchArgs {
    /// Cases to run: single, batch, hot-wallet, overdraft, sag; all but sag when none is named
    #[arg(value_name = "CASE")]
    cases: Vec<CaseGroup>,
    /// Runs of each load
    #[arg(long, env = "CHARGLY_BENCH_RUNS", default_value_t = BenchPlan::RUNS, value_name = "N")]
    runs: u32,
    /// Seconds of each run
    #[arg(long, env = "CHARGLY_BENCH_SECONDS", default_value_t = BenchPlan::SECONDS_PER_RUN, value_name = "SECONDS")]
    seconds: u32,
    /// Wallets over which the load is spread
    #[arg(long, env = "CHARGLY_BENCH_CUSTOMERS", default_value_t = BenchPlan::CUSTOMERS, value_name = "N")]
    customers: u32,
    /// Fewer sizes: to see that it works, not to publish
    #[arg(long, env = "CHARGLY_BENCH_QUICK")]
    quick: bool,
    /// Decides customers and keys
    #[arg(long, env = "CHARGLY_SEED", default_value_t = 1, value_name = "NUMBER")]
    seed: u64,
    /// What was measured, for the heading: a commit
    #[arg(long, env = "CHARGLY_BENCH_COMMIT", default_value = concat!("version ", env!("CARGO_PKG_VERSION")), value_name = "TEXT")]
    commit: String,
    /// Directory to make the data directory in: decides which disk is measured
    #[arg(long, env = "CHARGLY_BENCH_DIR", value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Print the report as JSON
    #[arg(long, env = "CHARGLY_JSON")]
    json: bool,
    /// Serve the yardstick, for the bench that started this process
    #[arg(long, env = "CHARGLY_BENCH_YARDSTICK", hide = true)]
    yardstick: bool,
}

/// Runs the cases and prints the report.
///
/// # Errors
/// If the server cannot be started or driven, or counted wrongly.
pub(crate) fn run(args: &BenchArgs) -> Result<()> {
    if args.yardstick {
        return serve_yardstick();
    }
    let scratch = Scratch::make(args.dir.as_deref())?;
    let clock = Arc::new(SystemClock::start());
    let date = time_text(clock.wall_ms()).chars().take(DATE_CHARACTERS).collect();
    let data = DataDir::at(&scratch.path);
    let begun = super::runtime()?.block_on(async { first_start::begin(&data, clock).await })?;
    let begun = begun.context("the bench's data directory was not empty")?;
    let server =
        start(&["serve", "--listen", ANY_PORT, "--log-level", "warn", "--data"], Some(&scratch.path))
            .context("starting the server to be measured")?;
    let yardstick = start(&["bench", "--yardstick"], None).context("starting the yardstick")?;
    let plan = BenchPlan {
        server: server.address,
        api_key: begun.keys.test,
        yardstick: Some(yardstick.address),
        data_dir: Some(scratch.path.clone()),
        server_pid: Some(server.child.id()),
        cases: if args.cases.is_empty() { CaseGroup::DEFAULT.to_vec() } else { args.cases.clone() },
        seconds_per_run: args.seconds,
        runs: args.runs,
        customers: args.customers,
        quick: args.quick,
        seed: args.seed,
        commit: args.commit.clone(),
        date,
    };
    let report = chargly_bench::run(&plan, &mut |step| eprintln!("{step}"))?;
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

/// A child that serves, killed when it is no longer needed: its data is thrown away.
struct Serving {
    child: Child,
    address: SocketAddr,
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended by itself, which is all that is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts this program again, and waits until it says where it listens.
fn start(args: &[&str], data: Option<&Path>) -> Result<Serving> {
    let mut command = Command::new(std::env::current_exe().context("finding this program")?);
    command.args(args).args(data).stdout(Stdio::piped());
    // What is set for the bench is not meant for what it measures.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CHARGLY_")) {
        command.env_remove(name);
    }
    let mut child = command.spawn().context("starting a process")?;
    let stdout = child.stdout.take().context("the process has no output")?;
    let mut address = None;
    for line in BufReader::new(stdout).lines() {
        let line = line.context("reading what it says")?;
        if let Some(said) = line.strip_prefix(LISTENING) {
            address = said.trim_end_matches('/').parse().ok();
            break;
        }
    }
    let mut serving = Serving { child, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
    serving.address = address.context("the process did not say where it listens")?;
    Ok(serving)
}

/// A directory that is removed at the end.
struct Scratch {
    path: PathBuf,
}

impl Scratch {
    fn make(parent: Option<&Path>) -> Result<Self> {
        let parent = parent.map_or_else(std::env::temp_dir, Path::to_owned);
        let path = parent.join(format!("chargly-bench-{}", std::process::id()));
        ensure!(!path.exists(), "{} is there already", path.display());
        std::fs::create_dir_all(&path).with_context(|| format!("making {}", path.display()))?;
        Ok(Self { path })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.path) {
            eprintln!("{} could not be removed: {error}", self.path.display());
        }
    }
}
