//! The gates, in the order in which they are run: what takes seconds first.
//!
//! A new gate is one row of [`STEPS`] and one function. Every step runs even when an earlier one failed, so that one
//! run tells all there is to mend. Steps never mend anything themselves.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::browser;
use crate::counts::Counts;
use crate::runner::{Outcome, Runner};
use crate::tidy::{self, repository};
use crate::tools::{CARGO_DENY, CARGO_MACHETE};
use crate::{fuzz, judges, sdks};

/// Which steps to run.
pub(crate) enum Selection {
    /// What CI runs.
    Everything,
    /// The loop while writing.
    Quick,
    /// These, whenever they run otherwise.
    Only(Vec<String>),
}

/// When a step runs unless it is asked for by name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    /// In CI and in the quick loop.
    Always,
    /// In CI.
    Full,
    /// In the quick loop only: CI runs a step that covers it.
    Quick,
    /// Never: it needs something that a machine may lack.
    OnRequest,
}

struct Step {
    name: &'static str,
    purpose: &'static str,
    when: When,
    run: fn(&Runner) -> Result<Outcome>,
}

const STEPS: &[Step] = &[
    Step { name: "fmt", purpose: "every file is formatted", when: When::Always, run: fmt },
    Step {
        name: "tidy",
        purpose: "arrows, module docs, sizes, words: the project's own rules",
        when: When::Full,
        run: tidy,
    },
    Step {
        name: "deny",
        purpose: "licences, banned crates and sources of what we link",
        when: When::Full,
        run: deny,
    },
    Step { name: "unused", purpose: "every declared dependency is used", when: When::Full, run: unused },
    Step { name: "clippy", purpose: "no lint warns, in code and in tests", when: When::Always, run: clippy },
    Step {
        name: "docs",
        purpose: "the API documentation builds without a warning",
        when: When::Full,
        run: docs,
    },
    Step { name: "unit", purpose: "the tests beside the code", when: When::Quick, run: unit },
    Step {
        name: "tests",
        purpose: "all tests and documented examples; no snapshot is orphaned",
        when: When::Full,
        run: tests,
    },
    Step { name: "browser", purpose: "the pages as people see them", when: When::Full, run: browser::run },
    Step {
        name: "judges",
        purpose: "libraries that nobody here wrote agree with what we send and take",
        when: When::Full,
        run: judges,
    },
    Step {
        name: "sdks",
        purpose: "each SDK, built, installed and tested against the server",
        when: When::Full,
        run: sdks::run,
    },
    Step { name: "fuzz", purpose: "no bytes make a decoder panic", when: When::Full, run: fuzz },
    Step { name: "release", purpose: "the binary builds optimised", when: When::Full, run: release },
    Step {
        name: "advisories",
        purpose: "known vulnerabilities in what we link; fetches a database with git",
        when: When::OnRequest,
        run: advisories,
    },
];

fn fmt(runner: &Runner) -> Result<Outcome> {
    let workspace = runner.run(runner.cargo(&["fmt", "--all", "--check"]))?;
    let fuzz = runner.run(runner.cargo(&["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"]))?;
    Ok(Outcome { passed: workspace.passed && fuzz.passed, counts: Counts::default() })
}

fn tidy(runner: &Runner) -> Result<Outcome> {
    Ok(Outcome { passed: tidy::run(runner.root())?, counts: Counts::default() })
}

fn deny(runner: &Runner) -> Result<Outcome> {
    CARGO_DENY.ensure_installed()?;
    let arguments = [
        "--locked",
        "--log-level",
        "error",
        "check",
        "--hide-inclusion-graph",
        "licenses",
        "bans",
        "sources",
    ];
    run_tool(runner, CARGO_DENY.subcommand(), &arguments)
}

fn advisories(runner: &Runner) -> Result<Outcome> {
    CARGO_DENY.ensure_installed()?;
    run_tool(runner, CARGO_DENY.subcommand(), &["--locked", "check", "advisories"])
}

fn unused(runner: &Runner) -> Result<Outcome> {
    CARGO_MACHETE.ensure_installed()?;
    run_tool(runner, CARGO_MACHETE.subcommand(), &[])
}

fn clippy(runner: &Runner) -> Result<Outcome> {
    runner.run(runner.cargo(&[
        "clippy",
        "--locked",
        "--workspace",
        "--all-targets",
        "--",
        "--deny",
        "warnings",
    ]))
}

fn docs(runner: &Runner) -> Result<Outcome> {
    let mut command = runner.cargo(&["doc", "--locked", "--workspace", "--no-deps"]);
    command.env("RUSTDOCFLAGS", "--deny warnings");
    runner.run(command)
}

fn unit(runner: &Runner) -> Result<Outcome> {
    runner.run(runner.cargo(&["test", "--locked", "--workspace", "--lib", "--bins", "--no-fail-fast"]))
}

fn tests(runner: &Runner) -> Result<Outcome> {
    let references = runner.root().join("target/snapshot-references.txt");
    fs::create_dir_all(runner.root().join("target"))?;
    // The snapshot library appends to this file, so what an earlier run left must not count.
    fs::write(&references, "").with_context(|| format!("emptying {}", references.display()))?;
    let mut command = runner.cargo(&["test", "--locked", "--workspace", "--no-fail-fast"]);
    command.env("INSTA_SNAPSHOT_REFERENCES_FILE", &references);
    let mut outcome = runner.run(command)?;
    // A test that failed may not have come as far as its snapshot: only a green run can tell an orphan.
    if outcome.passed {
        let snapshots =
            repository::tracked_paths(runner.root())?.into_iter().filter(|path| path.ends_with(".snap"));
        let orphans = orphans(runner.root(), snapshots, &fs::read_to_string(&references)?)?;
        for orphan in &orphans {
            println!("{orphan}: no test refers to this snapshot; delete it");
        }
        outcome.passed = orphans.is_empty();
    }
    Ok(outcome)
}

fn judges(runner: &Runner) -> Result<Outcome> {
    judges::run(runner)
}

fn fuzz(runner: &Runner) -> Result<Outcome> {
    fuzz::run(runner, runner.fuzz_seconds())
}

/// Without link-time optimisation and line tables: they take minutes, and nothing that builds without them fails with
/// them.
fn release(runner: &Runner) -> Result<Outcome> {
    let mut command = runner.cargo(&["build", "--locked", "--release", "--package", "chargly-server"]);
    command.env("CARGO_PROFILE_RELEASE_LTO", "off").env("CARGO_PROFILE_RELEASE_DEBUG", "0");
    command.env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
    runner.run(command)
}

fn run_tool(runner: &Runner, subcommand: &str, arguments: &[&str]) -> Result<Outcome> {
    let mut command = runner.cargo(&[subcommand]);
    command.args(arguments);
    runner.run(command)
}

/// Those of `snapshots`, paths from `root`, that are not among the paths a test run referred to, one a line.
fn orphans(root: &Path, snapshots: impl Iterator<Item = String>, references: &str) -> Result<Vec<String>> {
    // The library writes paths as it was given them, `..` included.
    let referenced: BTreeSet<PathBuf> =
        references.lines().filter_map(|path| fs::canonicalize(path).ok()).collect();
    let mut orphans = Vec::new();
    for snapshot in snapshots {
        let path =
            fs::canonicalize(root.join(&snapshot)).with_context(|| format!("looking at {snapshot}"))?;
        if !referenced.contains(&path) {
            orphans.push(snapshot);
        }
    }
    Ok(orphans)
}

/// Runs the selected steps and prints how each ended, how long it took, and how many tests ran. True when all passed.
///
/// # Errors
/// Only when nothing could be run at all: a step that cannot be run has failed.
pub(crate) fn run(runner: &Runner, selection: &Selection) -> Result<bool> {
    let mut report = String::new();
    let mut sum = Counts::default();
    let mut failed = Vec::new();
    for step in STEPS.iter().filter(|step| step.selected(selection)) {
        println!("\n── {}: {}", step.name, step.purpose);
        let (ended, took) = timed(|| (step.run)(runner));
        let outcome = ended.unwrap_or_else(|error| {
            println!("{error:#}");
            Outcome::default()
        });
        sum += outcome.counts;
        if !outcome.passed {
            failed.push(step.name);
        }
        let verdict = if outcome.passed { "ok" } else { "FAILED" };
        writeln!(report, "{:<10} {:>7.1} s  {verdict}", step.name, took.as_secs_f64())?;
    }
    println!("\n{report}");
    if !failed.is_empty() {
        println!("Failed: {}. Again, alone: cargo xtask test --only {}", failed.join(", "), failed[0]);
    }
    println!("{sum}");
    Ok(failed.is_empty())
}

#[expect(clippy::disallowed_methods, reason = "how long a step took is what this clock is for")]
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let value = work();
    (value, start.elapsed())
}

/// The names that `--only` takes.
pub(crate) fn names() -> Vec<&'static str> {
    STEPS.iter().map(|step| step.name).collect()
}

/// The steps, one a line, with when they run.
pub(crate) fn list() -> String {
    STEPS
        .iter()
        .map(|step| format!("{:<10}  {:<12}  {}\n", step.name, step.when.word(), step.purpose))
        .collect()
}

impl Step {
    fn selected(&self, selection: &Selection) -> bool {
        match selection {
            Selection::Everything => matches!(self.when, When::Always | When::Full),
            Selection::Quick => matches!(self.when, When::Always | When::Quick),
            Selection::Only(names) => names.iter().any(|name| name == self.name),
        }
    }
}

impl When {
    fn word(self) -> &'static str {
        match self {
            When::Always => "quick, full",
            When::Full => "full",
            When::Quick => "quick",
            When::OnRequest => "on request",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selected(selection: &Selection) -> Vec<&'static str> {
        STEPS.iter().filter(|step| step.selected(selection)).map(|step| step.name).collect()
    }

    #[test]
    fn full_run_holds_every_step_but_those_it_covers_and_those_on_request() {
        let everything = selected(&Selection::Everything);
        assert_eq!(
            everything,
            [
                "fmt", "tidy", "deny", "unused", "clippy", "docs", "tests", "browser", "judges", "sdks",
                "fuzz", "release"
            ]
        );
        assert_eq!(selected(&Selection::Quick), ["fmt", "clippy", "unit"]);
    }

    #[test]
    fn step_on_request_runs_when_it_is_named() {
        assert_eq!(selected(&Selection::Only(vec!["advisories".into()])), ["advisories"]);
    }

    #[test]
    fn snapshot_that_no_test_refers_to_is_an_orphan() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        // Any two files will do for snapshots.
        let snapshots = || ["Cargo.toml", "src/main.rs"].map(str::to_owned).into_iter();
        let reference = |path: &str| format!("{}/src/../{path}\n", root.display());
        let one = reference("Cargo.toml");
        assert_eq!(orphans(root, snapshots(), &one).expect("both exist"), ["src/main.rs"]);
        let both = one + &reference("src/main.rs");
        assert!(orphans(root, snapshots(), &both).expect("both exist").is_empty());
    }

    #[test]
    fn names_are_unique() {
        let names = names();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    }
}
