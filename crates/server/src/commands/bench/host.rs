//! The bench's servers: this program again, as child processes on directories that are thrown away.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use chargly_bench::{Host, Running, Site, ask_to_stop};
use chargly_engine::SystemClock;
use chargly_engine::ledger::Currency;
use serde_json::Value;

use super::ANY_PORT;
use crate::commands::sign_in_link;
use crate::data_dir::DataDir;
use crate::first_start;

/// How a child says where it listens; the address follows, then a slash.
pub(super) const LISTENING: &str = "Listening on http://";
/// The environment that is filled.
const ENVIRONMENT: &str = "test";
/// How the names begin of the files that save a start from folding the whole journal.
const CHECKPOINT_FILES: &str = "index.db";

/// Makes projects below a directory of its own, which goes at the end.
pub(super) struct Processes {
    scratch: Scratch,
    /// Projects begun so far.
    begun: u32,
}

impl Processes {
    /// `parent` decides which disk is measured; the system's temporary directory when it is not given.
    pub(super) fn below(parent: Option<&Path>) -> Result<Self> {
        let parent = parent.map_or_else(std::env::temp_dir, Path::to_owned);
        let parent = std::path::absolute(&parent).with_context(|| format!("finding {}", parent.display()))?;
        let name = format!("chargly-bench-{}", std::process::id());
        Ok(Self { scratch: Scratch::make(parent.join(name))?, begun: 0 })
    }
}

impl Host for Processes {
    fn directory(&self) -> &Path {
        &self.scratch.path
    }

    fn begin(&mut self) -> Result<Box<dyn Site>> {
        self.begun += 1;
        let scratch = Scratch::make(self.scratch.path.join(format!("project-{}", self.begun)))?;
        let data = DataDir::at(&scratch.path);
        // On a thread of its own: the caller is in a runtime, and one cannot wait within another.
        let begin = || {
            super::super::runtime()?.block_on(async {
                first_start::begin(&data, Arc::new(SystemClock::start()), Currency::USD).await
            })
        };
        let begun = std::thread::scope(|scope| scope.spawn(begin).join());
        let Ok(begun) = begun else { bail!("beginning a project failed") };
        let begun = begun?.context("the bench's data directory was not empty")?;
        Ok(Box::new(Project { api_key: begun.keys.test, server: None, scratch }))
    }
}

/// One project of the bench.
struct Project {
    api_key: String,
    /// Before the directory, so that it has ended when that is removed.
    server: Option<Serving>,
    scratch: Scratch,
}

impl Site for Project {
    fn api_key(&self) -> &str {
        &self.api_key
    }

    fn data_dir(&self) -> &Path {
        &self.scratch.path
    }

    fn start(&mut self) -> Result<Running> {
        ensure!(self.server.is_none(), "a server is running already");
        let data = text(&self.scratch.path)?;
        let serving = start(&["serve", "--listen", ANY_PORT, "--log-level", "warn", "--data", data])?;
        let running = Running { address: serving.address, pid: serving.child.id() };
        self.server = Some(serving);
        Ok(running)
    }

    fn sign_in(&mut self) -> Result<String> {
        let address = self.server.as_ref().context("no server is running")?.address;
        let link = sign_in_link::make(&DataDir::at(&self.scratch.path), &format!("http://{address}"))?;
        // On a thread of its own, as when beginning.
        let sign_in = || super::super::runtime()?.block_on(cookie_of(&link));
        let signed_in = std::thread::scope(|scope| scope.spawn(sign_in).join());
        let Ok(cookie) = signed_in else { bail!("signing in failed") };
        cookie
    }

    fn stop(&mut self) -> Result<()> {
        let mut serving = self.server.take().context("no server is running")?;
        ask_to_stop(serving.child.id())?;
        let status = serving.child.wait().context("waiting for the server")?;
        ensure!(status.success(), "the server ended with {status}");
        Ok(())
    }

    fn kill(&mut self) -> Result<()> {
        drop(self.server.take().context("no server is running")?);
        Ok(())
    }

    fn discard_checkpoint(&mut self) -> Result<()> {
        ensure!(self.server.is_none(), "a server is running");
        let environment = self.scratch.path.join(ENVIRONMENT);
        let mut removed = 0;
        for entry in
            fs::read_dir(&environment).with_context(|| format!("reading {}", environment.display()))?
        {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(CHECKPOINT_FILES) {
                fs::remove_file(entry.path())
                    .with_context(|| format!("removing {}", entry.path().display()))?;
                removed += 1;
            }
        }
        ensure!(removed > 0, "there is no checkpoint in {}", environment.display());
        Ok(())
    }

    fn verify(&mut self) -> Result<u64> {
        self.facts_of("verify")
    }

    fn rebuild(&mut self) -> Result<u64> {
        self.facts_of("rebuild")
    }
}

impl Project {
    /// Runs a command on the environment, which says how many facts it found.
    fn facts_of(&self, command: &str) -> Result<u64> {
        ensure!(self.server.is_none(), "a server is running");
        let data = text(&self.scratch.path)?;
        let args = [command, "--json", "--env", ENVIRONMENT, "--data", data];
        let output = this_program(&args)?
            .stderr(Stdio::inherit())
            .output()
            .with_context(|| format!("starting `chargly {command}`"))?;
        let said = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success(), "`chargly {command}` ended with {}: {said}", output.status);
        let said: Value =
            serde_json::from_str(&said).with_context(|| format!("reading what {command} says"))?;
        said["facts"].as_u64().with_context(|| format!("`chargly {command}` does not say how many facts"))
    }
}

/// Follows a link that signs in, and takes the session's cookie.
async fn cookie_of(link: &str) -> Result<String> {
    let redirects = reqwest::redirect::Policy::none();
    let http =
        reqwest::Client::builder().no_proxy().redirect(redirects).build().context("preparing a call")?;
    let form = ("content-type", "application/x-www-form-urlencoded");
    let answer = http.post(link).header(form.0, form.1).send().await.context("following the link")?;
    let cookie = answer.headers().get("set-cookie").and_then(|cookie| cookie.to_str().ok());
    let cookie = cookie.and_then(|cookie| cookie.split(';').next());
    cookie.map(str::to_owned).with_context(|| format!("no session began: {}", answer.status()))
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().with_context(|| format!("{} is no text", path.display()))
}

/// A child that serves, killed when it is no longer needed.
pub(super) struct Serving {
    child: Child,
    pub(super) address: SocketAddr,
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended by itself, which is all that is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts this program again, and waits until it says where it listens.
pub(super) fn start(args: &[&str]) -> Result<Serving> {
    let mut child = this_program(args)?.stdout(Stdio::piped()).spawn().context("starting a process")?;
    let stdout = child.stdout.take().context("the process has no output")?;
    let mut serving = Serving { child, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
    for line in BufReader::new(stdout).lines() {
        let line = line.context("reading what it says")?;
        if let Some(said) = line.strip_prefix(LISTENING) {
            serving.address = said.trim_end_matches('/').parse().context("reading where it listens")?;
            return Ok(serving);
        }
    }
    bail!("the process did not say where it listens")
}

/// This program, without what is set for the bench, which is not meant for what it measures.
fn this_program(args: &[&str]) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe().context("finding this program")?);
    command.args(args).stdin(Stdio::null());
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CHARGLY_")) {
        command.env_remove(name);
    }
    Ok(command)
}

/// A directory that is removed at the end.
struct Scratch {
    path: PathBuf,
}

impl Scratch {
    fn make(path: PathBuf) -> Result<Self> {
        ensure!(!path.exists(), "{} is there already", path.display());
        fs::create_dir_all(&path).with_context(|| format!("making {}", path.display()))?;
        Ok(Self { path })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            eprintln!("{} could not be removed: {error}", self.path.display());
        }
    }
}
