//! Judges that nobody here wrote: official libraries that drive what we built, and read what we send.
//!
//! A judge is a script in `judges/`. It ends with the plain line `N passed, N failed`, which is counted as any other
//! runner's. The libraries are pinned in `judges/requirements.txt` and installed into an environment of their own under
//! `target`, so that nothing of the machine is changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::counts::Counts;
use crate::runner::{Outcome, Runner};

/// A script, and what cargo has to build before it can run.
struct Judge {
    script: &'static str,
    builds: &'static [&'static [&'static str]],
}

const JUDGES: &[Judge] = &[
    Judge {
        script: "stripe_library.py",
        builds: &[
            &["--package", "chargly-fake-stripe", "--bin", "fake-stripe"],
            &["--package", "chargly-stripe", "--example", "signatures"],
        ],
    },
    Judge { script: "webhooks.py", builds: &[&["--package", "chargly-server", "--bin", "chargly"]] },
    Judge { script: "mcp_client.py", builds: &[&["--package", "chargly-server", "--bin", "chargly"]] },
    Judge {
        script: "cloudevents_sender.py",
        builds: &[&["--package", "chargly-server", "--bin", "chargly"]],
    },
    Judge { script: "openapi.py", builds: &[&["--package", "chargly-server", "--bin", "chargly"]] },
    Judge { script: "webhook_snippets.py", builds: &[&["--package", "chargly-server", "--bin", "chargly"]] },
];

/// What is to be installed.
const REQUIREMENTS: &str = "judges/requirements.txt";

/// Asks every judge, also when an earlier one said no.
///
/// # Errors
/// When a judge cannot be asked: no Python, no libraries, nothing built.
pub(crate) fn run(runner: &Runner) -> Result<Outcome> {
    let python = environment(runner)?;
    let mut sum = Outcome { passed: true, counts: Counts::default() };
    for judge in JUDGES {
        let outcome = ask(runner, &python, judge)?;
        sum.passed &= outcome.passed;
        sum.counts += outcome.counts;
    }
    Ok(sum)
}

fn ask(runner: &Runner, python: &Path, judge: &Judge) -> Result<Outcome> {
    for build in judge.builds {
        let mut command = runner.cargo(&["build", "--locked"]);
        command.args(*build);
        ensure!(runner.run(command)?.passed, "building what {} judges failed", judge.script);
    }
    println!("{}", judge.script);
    let mut command = Command::new(python);
    command
        .current_dir(runner.root())
        .arg(format!("judges/{}", judge.script))
        .env("CHARGLY_BUILT", target(runner).join("debug"))
        // Python writes what it compiled beside the scripts otherwise, and buffers what it prints.
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONUNBUFFERED", "1")
        // What judges send goes to this machine, whatever stands between it and the world.
        .env("NO_PROXY", "127.0.0.1")
        .env("no_proxy", "127.0.0.1");
    runner.run(command)
}

/// The interpreter of the environment, which is made anew when the requirements have changed.
fn environment(runner: &Runner) -> Result<PathBuf> {
    let wanted = fs::read_to_string(runner.root().join(REQUIREMENTS))
        .with_context(|| format!("reading {REQUIREMENTS}"))?;
    let folder = target(runner).join("judges");
    let (python, installed) = (folder.join("bin/python"), folder.join("installed.txt"));
    if python.exists() && fs::read_to_string(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    let mut make = Command::new("python3");
    make.args(["-m", "venv", "--clear"]).arg(&folder);
    ensure!(
        runner.run(make)?.passed,
        "making a Python environment failed: install python3 with its venv module"
    );
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]);
    install.arg(runner.root().join(REQUIREMENTS));
    ensure!(runner.run(install)?.passed, "installing {REQUIREMENTS} failed");
    fs::write(&installed, wanted).with_context(|| format!("writing {}", installed.display()))?;
    Ok(python)
}

/// Where cargo puts what it builds.
pub(crate) fn target(runner: &Runner) -> PathBuf {
    let set = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    runner.root().join(set.unwrap_or_else(|| PathBuf::from("target")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_judge_has_its_script() {
        let judges = Path::new(env!("CARGO_MANIFEST_DIR")).join("../judges");
        for judge in JUDGES {
            assert!(judges.join(judge.script).is_file(), "{}", judge.script);
        }
    }
}
