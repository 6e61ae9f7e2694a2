//! Programs that a gate needs and that a machine with nothing but Rust does not have.
//!
//! A tool that is missing is installed from the package registry, in the version pinned here, into cargo's own `bin`.
//! A tool that is there in another version is used as it is, and said so: replacing what somebody installed for
//! themselves is not ours to do.

use std::process::Stdio;

use anyhow::{Context, Result, ensure};

use crate::runner::cargo;

/// A cargo subcommand from the registry.
pub(crate) struct Tool {
    /// Crate and program: `cargo-deny` is run as `cargo deny`.
    pub(crate) name: &'static str,
    /// Installed where the tool is missing.
    pub(crate) version: &'static str,
}

/// Licences, bans, sources and advisories of what we link.
pub(crate) const CARGO_DENY: Tool = Tool { name: "cargo-deny", version: "0.20.2" };
/// Dependencies that are declared and not used.
pub(crate) const CARGO_MACHETE: Tool = Tool { name: "cargo-machete", version: "0.9.2" };
/// Runs the targets of `fuzz/`.
pub(crate) const CARGO_FUZZ: Tool = Tool { name: "cargo-fuzz", version: "0.13.2" };

impl Tool {
    /// The name after `cargo`.
    pub(crate) fn subcommand(&self) -> &'static str {
        self.name.trim_start_matches("cargo-")
    }

    /// Sees to it that the tool can be run.
    ///
    /// # Errors
    /// When it is missing and cannot be installed.
    pub(crate) fn ensure_installed(&self) -> Result<()> {
        match self.installed_version() {
            Some(version) if version == self.version => {}
            Some(version) => println!("{} {version} is installed; CI uses {}", self.name, self.version),
            None => self.install()?,
        }
        Ok(())
    }

    fn installed_version(&self) -> Option<String> {
        let output = cargo().args([self.subcommand(), "--version"]).stderr(Stdio::null()).output().ok()?;
        let said = String::from_utf8(output.stdout).ok()?;
        let version = said.split_whitespace().next_back()?;
        output.status.success().then(|| version.to_owned())
    }

    fn install(&self) -> Result<()> {
        let pinned = format!("{}@{}", self.name, self.version);
        println!("installing {pinned}, which takes a few minutes once");
        let status = cargo()
            .args(["install", "--locked", "--quiet", &pinned])
            .status()
            .with_context(|| format!("installing {pinned}"))?;
        ensure!(status.success(), "installing {pinned}: cargo install failed");
        Ok(())
    }
}
