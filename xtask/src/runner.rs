//! Runs one command in front of the person who waits for it, and counts the tests it reports.

use std::io::{BufRead, BufReader, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::counts::Counts;

/// How a step ended.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) passed: bool,
    pub(crate) counts: Counts,
}

/// Cargo, as if typed by hand: what `cargo run` tells xtask about itself must not reach a tool that asks who runs it.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new("cargo");
    for (name, _) in std::env::vars_os() {
        let about_us = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_NAME", "CARGO_CRATE_NAME"];
        if name.to_str().is_some_and(|name| about_us.iter().any(|prefix| name.starts_with(prefix))) {
            command.env_remove(&name);
        }
    }
    command
}

/// Where commands are run, and how.
pub(crate) struct Runner {
    root: PathBuf,
    fuzz_seconds: u32,
}

impl Runner {
    pub(crate) fn new(root: &Path, fuzz_seconds: u32) -> Runner {
        Runner { root: root.to_path_buf(), fuzz_seconds }
    }

    /// How long each fuzz target is attacked.
    pub(crate) fn fuzz_seconds(&self) -> u32 {
        self.fuzz_seconds
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A cargo command in the workspace's root. `--locked` is the caller's to add: not every subcommand knows it.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = cargo();
        command.current_dir(&self.root).args(arguments);
        if std::io::stdout().is_terminal() {
            command.env("CARGO_TERM_COLOR", "always");
        }
        command
    }

    /// Runs a command to its end. Its lines pass through as they come, closing lines of test runners are counted on
    /// the way, and standard input is closed, so that nothing can wait for an answer.
    ///
    /// # Errors
    /// When the command cannot be started or its output cannot be read; a command that ran and failed is an outcome.
    pub(crate) fn run(&self, command: Command) -> Result<Outcome> {
        run_into(command, &mut std::io::stdout())
    }
}

fn run_into(mut command: Command, shown_to: &mut impl Write) -> Result<Outcome> {
    let shown = format!("{command:?}");
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("starting {shown}"))?;
    let output = child.stdout.take().context("the child's standard output is piped")?;
    let mut counts = Counts::default();
    // Bytes, not text: a test may print what is not UTF-8, and that must not end the run.
    for line in BufReader::new(output).split(b'\n') {
        let line = line.with_context(|| format!("reading what {shown} prints"))?;
        shown_to.write_all(&line)?;
        shown_to.write_all(b"\n")?;
        if let Some(reported) = Counts::from_closing_line(&String::from_utf8_lossy(&line)) {
            counts += reported;
        }
    }
    let status = child.wait().with_context(|| format!("waiting for {shown}"))?;
    Ok(Outcome { passed: status.success() && counts.failed == 0, counts })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome_of(script: &str) -> Outcome {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        // Shown to nobody: what these scripts print would be counted by the runner that runs these tests.
        run_into(command, &mut std::io::sink()).expect("sh runs")
    }

    #[test]
    fn command_that_fails_is_an_outcome_and_keeps_its_counts() {
        let outcome = outcome_of("echo '3 passed, 1 failed'; exit 1");
        assert!(!outcome.passed);
        assert_eq!(outcome.counts, Counts { passed: 3, failed: 1, skipped: 0 });
    }

    #[test]
    fn counts_of_several_runners_add_up() {
        let outcome = outcome_of("echo '3 passed, 0 failed'; printf '\\377\\n'; echo '2 passed, 0 failed'");
        assert!(outcome.passed);
        assert_eq!(outcome.counts.passed, 5);
    }

    #[test]
    fn lines_pass_through_unchanged() {
        let mut shown = Vec::new();
        let mut command = Command::new("printf");
        command.arg("a\\n\\377b\\n");
        run_into(command, &mut shown).expect("printf runs");
        assert_eq!(shown, b"a\n\xffb\n");
    }

    #[test]
    fn failed_test_fails_the_step_even_when_the_command_hides_it() {
        assert!(!outcome_of("echo '3 passed, 1 failed'; exit 0").passed);
    }

    #[test]
    fn command_cannot_wait_for_an_answer() {
        assert!(!outcome_of("read answer").passed);
    }

    #[test]
    fn command_that_does_not_exist_is_an_error() {
        assert!(run_into(Command::new("chargly-no-such-program"), &mut std::io::sink()).is_err());
    }
}
