//! The fuzz targets, attacked for some time each: two at a time, since each keeps one core busy.
//!
//! Without a sanitizer, because that is what a stable compiler can do; safe Rust leaves it little to find.

use std::path::Path;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, bail};

use crate::counts::Counts;
use crate::runner::{Outcome, Runner};
use crate::tools::CARGO_FUZZ;

/// Seconds for each target unless one says otherwise. Long enough to meet what a change broke; CI takes twice that, and
/// hours are for `cargo fuzz run` by hand.
pub(crate) const SECONDS_DEFAULT: u32 = 10;
/// Longest input tried, in bytes. Beyond it the decoders meet only more of the same.
const INPUT_BYTES_MAX: u32 = 4_096;
/// Targets attacked at one time.
const AT_ONCE: usize = 2;

/// Attacks every target.
///
/// # Errors
/// When they cannot be listed or built; a target that fell is an outcome.
pub(crate) fn run(runner: &Runner, seconds: u32) -> Result<Outcome> {
    CARGO_FUZZ.ensure_installed()?;
    let listed = runner.cargo(&["fuzz", "list"]).output().context("listing the fuzz targets")?;
    let listed = String::from_utf8(listed.stdout)?;
    let targets: Vec<&str> = listed.lines().collect();
    if targets.is_empty() {
        bail!("there are no fuzz targets");
    }
    // Once for all: what they share is compiled by one and not waited for by the other.
    if !runner.run(runner.cargo(&["fuzz", "build", "--sanitizer", "none"]))?.passed {
        return Ok(Outcome::default());
    }
    let (next, fallen) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(target) = targets.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(error) = attack(runner, target, seconds) {
                        println!("{target}: FAILED, an input is in fuzz/artifacts\n{error:#}");
                        fallen.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(*target);
                    } else {
                        println!("{target}: nothing found in {seconds} s");
                    }
                }
            });
        }
    });
    let passed = fallen.into_inner().is_ok_and(|fallen| fallen.is_empty());
    Ok(Outcome { passed, counts: Counts::default() })
}

/// Attacks one target. What the fuzzer says is told only when the target falls: two of them would speak at once.
fn attack(runner: &Runner, target: &str, seconds: u32) -> Result<()> {
    let corpus = format!("fuzz/corpus/{target}");
    std::fs::create_dir_all(runner.root().join(&corpus)).with_context(|| format!("making {corpus}"))?;
    let mut command = runner.cargo(&["fuzz", "run", "--sanitizer", "none", target, &corpus]);
    let seeds = format!("fuzz/seeds/{target}");
    if Path::new(&runner.root().join(&seeds)).is_dir() {
        command.arg(seeds);
    }
    command.arg("--").arg("-verbosity=0");
    command.arg(format!("-max_total_time={seconds}")).arg(format!("-max_len={INPUT_BYTES_MAX}"));
    let ended = command.stdin(Stdio::null()).output().with_context(|| format!("starting {target}"))?;
    if !ended.status.success() {
        bail!("{}{}", String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    }
    Ok(())
}
