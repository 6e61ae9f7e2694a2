//! The pages as people see them: the tests of `browser/`, in a real browser.
//!
//! They need Node, its package client and Chromium, which a machine with nothing but Rust does not have. Two small
//! packages come from the registry, pinned by hash; a browser is never downloaded. What is missing is said before
//! anything is compiled.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::runner::{Outcome, Runner};

/// The oldest Node whose test runner and modules these tests are written for.
const NODE_VERSION_MIN: u32 = 18;

/// Where browsers that will do are found, by name in the `PATH`, unless `CHARGLY_CHROMIUM` names one.
const BROWSERS: &[&str] = &["chromium", "google-chrome"];

/// Installs the packages and runs the tests. Pictures of every page are left in `target/screenshots/`.
pub(crate) fn run(runner: &Runner) -> Result<Outcome> {
    ensure_node()?;
    let browser = find_browser(std::env::var_os("CHARGLY_CHROMIUM").map(PathBuf::from))?;
    let folder = runner.root().join("browser");
    let installed = runner.run(in_folder(&folder, "npm", &["ci", "--no-fund", "--no-audit"]))?;
    ensure!(installed.passed, "npm ci failed: is a package registry within reach?");
    // Compiled here, where it is seen to take its time; the tests start it.
    for build in [
        &["build", "--locked", "--package", "chargly-http", "--example", "pages"][..],
        &["build", "--locked", "--package", "chargly-server"],
    ] {
        ensure!(runner.run(runner.cargo(build))?.passed, "what serves the pages does not build");
    }
    let mut tests = in_folder(&folder, "node", &["--test", "--test-reporter=spec"]);
    tests.env("CHARGLY_CHROMIUM", browser).env("NO_COLOR", "1");
    runner.run(tests)
}

fn in_folder(folder: &Path, program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).args(arguments);
    command
}

fn ensure_node() -> Result<()> {
    let advice =
        format!("install Node {NODE_VERSION_MIN} or newer with npm (Debian: apt install nodejs npm)");
    let said = Command::new("node").arg("--version").output().with_context(|| advice.clone())?;
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    let version = major_version(&said).with_context(|| format!("node says its version is {said:?}"))?;
    ensure!(version >= NODE_VERSION_MIN, "Node {version} is too old: {advice}");
    let npm = Command::new("npm").arg("--version").output().with_context(|| advice.clone())?;
    ensure!(npm.status.success(), "npm does not run: {advice}");
    Ok(())
}

/// The first number of `v20.20.2`.
fn major_version(said: &str) -> Option<u32> {
    said.trim().strip_prefix('v')?.split('.').next()?.parse().ok()
}

fn find_browser(named: Option<PathBuf>) -> Result<PathBuf> {
    if let Some(named) = named {
        ensure!(named.is_file(), "CHARGLY_CHROMIUM names {}, which is no file", named.display());
        return Ok(named);
    }
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&folders).collect();
    let mut candidates = BROWSERS.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    match candidates.find(|path| path.is_file()) {
        Some(found) => Ok(found),
        None => bail!(
            "there is no Chromium: install it (Debian: apt install chromium), or name one with CHARGLY_CHROMIUM"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn major_version_is_read_from_what_node_says() {
        for (said, expected) in
            [("v20.20.2\n", Some(20)), ("v18.0.0", Some(18)), ("20.1.0", None), ("", None), ("vx.1", None)]
        {
            assert_eq!(major_version(said), expected, "{said}");
        }
    }

    #[test]
    fn browser_that_is_named_and_not_there_is_an_error_with_its_name() {
        let error = find_browser(Some("no/such/chromium".into())).expect_err("there is none");
        assert!(error.to_string().contains("no/such/chromium"), "{error}");
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        assert_eq!(find_browser(Some(manifest.clone())).expect("any file will do"), manifest);
    }
}
