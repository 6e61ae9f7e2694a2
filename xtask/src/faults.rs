//! What CI does for minutes, for hours: the simulation on new seeds, and the server killed thousands of times.

use anyhow::Result;

use crate::runner::Runner;

/// Steps of each simulated run: long enough for many sealed runs, checkpoints and restarts in one.
const STEPS: u32 = 5_000;

/// Simulates for some minutes from a seed on. Says whether nothing was found.
///
/// # Errors
/// When it cannot be started.
pub(crate) fn simulate(runner: &Runner, minutes: u64, from: u64) -> Result<bool> {
    let mut command = runner.cargo(&["run", "--locked", "--release", "-p", "chargly-simulation", "--"]);
    command.args(["--minutes", &minutes.to_string(), "--from", &from.to_string()]);
    command.args(["--steps", &STEPS.to_string()]);
    Ok(runner.run(command)?.passed)
}

/// Kills the server so many times. Says whether nothing was found.
///
/// # Errors
/// When it cannot be started.
pub(crate) fn kill(runner: &Runner, cycles: u32, seed: Option<u64>) -> Result<bool> {
    let mut command = runner.cargo(&["test", "--locked", "-p", "chargly-server", "--test", "it", "kill9"]);
    command.args(["--", "--nocapture"]).env("CHARGLY_KILL_CYCLES", cycles.to_string());
    if let Some(seed) = seed {
        command.env("CHARGLY_KILL_SEED", seed.to_string());
    }
    Ok(runner.run(command)?.passed)
}
