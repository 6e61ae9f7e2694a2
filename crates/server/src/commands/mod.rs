//! The commands, one per file: its flags, then what it does.

pub(crate) mod advise;
pub(crate) mod backup;
pub(crate) mod bench;
pub(crate) mod brief;
mod collect;
pub(crate) mod corrections;
pub(crate) mod customers;
pub(crate) mod export;
pub(crate) mod figures;
pub(crate) mod init;
pub(crate) mod keys;
pub(crate) mod mcp;
pub(crate) mod prices;
pub(crate) mod rate_cards;
pub(crate) mod rebuild;
pub(crate) mod replay;
pub(crate) mod reset;
pub(crate) mod restore;
pub(crate) mod resume_effects;
pub(crate) mod serve;
pub(crate) mod sign_in_link;
pub(crate) mod simulate;
pub(crate) mod verify;

use anyhow::{Context as _, Result};

use crate::cli::Command;

/// Runs a command to its end.
///
/// # Errors
/// Any; [`crate::failure::show`] tells it.
pub(crate) fn run(command: Command) -> Result<()> {
    match command {
        Command::Serve(args) => serve::run(&args),
        Command::Init(args) => init::run(&args),
        Command::Replay(args) => replay::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::Rebuild(args) => rebuild::run(&args),
        Command::Reset(args) => reset::run(&args),
        Command::Backup(args) => backup::run(&args),
        Command::Restore(args) => restore::run(&args),
        Command::ResumeEffects(args) => resume_effects::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Usage(args) => figures::run("usage", &args),
        Command::Revenue(args) => figures::run("revenue", &args),
        Command::Margin(args) => figures::run("margin", &args),
        Command::Brief(args) => brief::run(&args),
        Command::Keys(args) => keys::run(&args),
        Command::SignInLink(args) => sign_in_link::run(&args),
        Command::Prices(args) => prices::run(&args),
        Command::RateCards(args) => rate_cards::run(&args),
        Command::Customers(args) => customers::run(&args),
        Command::Simulate(args) => simulate::run(&args),
        Command::Advise(args) => advise::run(&args),
        Command::Corrections(args) => corrections::run(&args),
        Command::Mcp(args) => mcp::run(&args),
        Command::Bench(args) => bench::run(&args),
    }
}

/// Threads that calls run on, at least: one that waits for the disk must not hold up the others.
const WORKERS_MIN: usize = 2;

/// The runtime that environments and connections run on.
///
/// # Errors
/// If the system starts no threads.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cores.max(WORKERS_MIN))
        .enable_all()
        .build()
        .context("starting threads")
}
