//! The SDKs, as whoever installs them meets them: each is built into its package, installed from that, and tested against
//! the server that was built here. Then one list of operations goes through every door there is, and has to leave the
//! same ledger, and the code that `/try` shows runs as it stands there.
//!
//! What there is to check of an SDK is its own command's business; here it is only called.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::counts::Counts;
use crate::judges::target;
use crate::runner::{Outcome, Runner};

/// Checks every SDK, also when an earlier one failed.
///
/// # Errors
/// When one cannot be checked: no Python, no Node, no server.
pub(crate) fn run(runner: &Runner) -> Result<Outcome> {
    let mut build = runner.cargo(&["build", "--locked"]);
    build.args(["--package", "chargly-server", "--bin", "chargly"]);
    ensure!(runner.run(build)?.passed, "building the server for the SDKs failed");
    let python = of(runner, "sdks/python", &["python3", "check.py"]);
    let install = of(runner, "sdks/typescript", &["npm", "ci", "--no-audit", "--no-fund"]);
    let typescript = of(runner, "sdks/typescript", &["npm", "run", "check"]);
    let rust = of(runner, "sdks/rust", &["python3", "check.py"]);
    // Last: they go through all three, as they were built.
    let doors = of(runner, "sdks/doors", &["python3", "doors.py"]);
    let samples = of(runner, "sdks/doors", &["python3", "samples.py"]);
    let mut sum = runner.run(python)?;
    ensure!(runner.run(install)?.passed, "installing what the TypeScript SDK is built with failed");
    for command in [typescript, rust, doors, samples] {
        let outcome = runner.run(command)?;
        sum.passed &= outcome.passed;
        sum.counts += outcome.counts;
    }
    if sum.counts == Counts::default() {
        sum.passed = false;
    }
    Ok(sum)
}

fn of(runner: &Runner, folder: &str, command: &[&str]) -> Command {
    let (program, arguments) = command.split_first().unwrap_or((&"true", &[]));
    let mut built = Command::new(program);
    built
        .current_dir(runner.root().join(Path::new(folder)))
        .args(arguments)
        .env("CHARGLY_BIN", target(runner).join("debug/chargly"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONUNBUFFERED", "1")
        // What is tested is on this machine, whatever stands between it and the world.
        .env("NO_PROXY", "127.0.0.1")
        .env("no_proxy", "127.0.0.1");
    built
}
