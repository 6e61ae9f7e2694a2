//! `cargo xtask`: the project's own chores.
//!
//! `cargo xtask test` is the one command that runs everything CI runs; `cargo xtask tidy` is the one gate that is
//! our own code. What a gate demands is written where it is checked ([`steps`] lists them all, [`tidy`] holds the
//! rules about the source tree); this file only reads the command line.
#![expect(clippy::print_stdout, reason = "a chore reports to the person who runs it")]

mod browser;
mod counts;
mod faults;
mod fuzz;
mod judges;
mod runner;
mod sdks;
mod steps;
mod tidy;
mod tools;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::builder::ArgPredicate;
use clap::{Parser, Subcommand};

use crate::runner::Runner;
use crate::steps::Selection;

#[derive(Parser)]
#[command(name = "xtask", bin_name = "cargo xtask", about = "The project's own chores")]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Runs everything that CI runs, fast steps first, and says how long each took
    Test {
        /// Only formatting, clippy and unit tests: the loop while writing
        #[arg(long, conflicts_with = "only")]
        quick: bool,
        /// Only this step; may be given more than once
        #[arg(long, value_name = "STEP", value_parser = steps::names())]
        only: Vec<String>,
        /// Seconds for which each fuzz target is attacked; CI takes 60
        #[arg(long, value_name = "SECONDS", default_value_t = fuzz::SECONDS_DEFAULT)]
        fuzz_seconds: u32,
        /// Lists the steps and ends
        #[arg(long)]
        list: bool,
    },
    /// Runs the simulation for hours on seeds that CI does not have; a failure prints the command that repeats it
    Simulate {
        /// Hours, added to the minutes
        #[arg(long, value_name = "HOURS", default_value_t = 0)]
        hours: u64,
        /// Minutes, if not hours
        #[arg(
            long,
            value_name = "MINUTES",
            default_value_t = 10,
            default_value_if("hours", ArgPredicate::IsPresent, "0")
        )]
        minutes: u64,
        /// The first seed
        #[arg(long, value_name = "SEED", default_value_t = 1_000_000)]
        from: u64,
    },
    /// Kills the real server under load, again and again on the same data; CI does it 25 times
    Kill {
        /// How many times
        #[arg(long, value_name = "CYCLES", default_value_t = 1_000)]
        cycles: u32,
        /// Repeats the choices of a run that printed it
        #[arg(long, value_name = "SEED")]
        seed: Option<u64>,
    },
    /// Checks the source tree against the project's own rules: arrows, module docs, sizes, forbidden words
    Tidy,
}

fn main() -> Result<ExitCode> {
    let root = workspace_root()?;
    let passed = match Cli::parse().chore {
        Chore::Test { list: true, .. } => {
            print!("{}", steps::list());
            true
        }
        Chore::Test { quick, only, fuzz_seconds, .. } => {
            let selection = match quick {
                true => Selection::Quick,
                false if only.is_empty() => Selection::Everything,
                false => Selection::Only(only),
            };
            steps::run(&Runner::new(&root, fuzz_seconds), &selection)?
        }
        Chore::Simulate { hours, minutes, from } => {
            faults::simulate(&Runner::new(&root, fuzz::SECONDS_DEFAULT), hours * 60 + minutes, from)?
        }
        Chore::Kill { cycles, seed } => {
            faults::kill(&Runner::new(&root, fuzz::SECONDS_DEFAULT), cycles, seed)?
        }
        Chore::Tidy => tidy::run(&root)?,
    };
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The folder of the root `Cargo.toml`. Asked of cargo at run time, so that a target directory shared by two clones
/// does not make one of them check the other.
fn workspace_root() -> Result<PathBuf> {
    let manifest_dir = std::env::var_os("CARGO_MANIFEST_DIR").context("run this as `cargo xtask`")?;
    let xtask = PathBuf::from(manifest_dir);
    let root = xtask.parent().context("xtask lies in the workspace's root")?;
    Ok(root.to_path_buf())
}
