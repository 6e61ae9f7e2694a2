//! Running the real binary, and calling it over HTTP.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

/// How the server says where it listens.
const LISTENING: &str = "Listening on ";
/// Longest wait for an answer: far beyond any, so that a hanging server ends the test and not the run.
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// A temporary data directory with a project in it.
pub(crate) struct Project {
    root: tempfile::TempDir,
    /// The secret key of *test*.
    pub(crate) test_key: String,
    /// The secret key of *live*.
    pub(crate) live_key: String,
    /// Its id.
    pub(crate) id: String,
}

impl Project {
    /// Begins a project.
    pub(crate) fn begin() -> Self {
        let root = tempfile::tempdir().expect("a directory");
        let data = root.path().join("data");
        let begun = json_of(&chargly(&["init", "--json", "--data", text(&data)]));
        let said = |value: &Value| value.as_str().expect("a text").to_owned();
        Self {
            root,
            test_key: said(&begun["keys"]["test"]),
            live_key: said(&begun["keys"]["live"]),
            id: said(&begun["project"]),
        }
    }

    /// Its data directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.root.path().join("data")
    }

    /// A path beside the data directory.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Runs a command on it.
    pub(crate) fn run(&self, args: &[&str]) -> Output {
        let data = self.data();
        chargly(&[args, &["--data", text(&data)]].concat())
    }

    /// Runs a command on it that must succeed, and reads the JSON that it prints.
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        json_of(&self.run(&[args, &["--json"]].concat()))
    }

    /// Serves it.
    pub(crate) fn serve(&self) -> Server {
        Server::start(&self.data(), &[])
    }

    /// What `verify` says of *test*; it must be in order.
    pub(crate) fn verified(&self) -> Value {
        self.json(&["verify", "--env", "test"])
    }
}

/// Runs the binary to its end.
pub(crate) fn chargly(args: &[&str]) -> Output {
    command(args).output().expect("the binary runs")
}

/// The binary, without what this environment sets for it.
pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chargly"));
    // Without a terminal and its width, so that help is wrapped the same everywhere.
    command.args(args).stdin(Stdio::null()).env_remove("COLUMNS");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CHARGLY_")) {
        command.env_remove(name);
    }
    command
}

/// The JSON that a command printed; it must have succeeded.
pub(crate) fn json_of(output: &Output) -> Value {
    assert!(output.status.success(), "{}", said(output));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", said(output)))
}

/// Everything that a command said, for messages.
pub(crate) fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}\n{}{}", output.status, text(&output.stdout), text(&output.stderr))
}

/// A path as an argument.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("a path of this test is text")
}

/// A trace, or nothing with a line saying so: the data is not part of this repository.
pub(crate) fn trace(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(name);
    if path.exists() {
        return Some(path);
    }
    eprintln!("SKIPPED: {name} is not beside the repository (looked in ../shared/data)");
    None
}

/// A committed example mapping.
pub(crate) fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name)
}

/// A running server; killed when dropped.
pub(crate) struct Server {
    child: Child,
    /// `http://127.0.0.1:<port>`.
    pub(crate) url: String,
    /// What it printed before it said where it listens.
    pub(crate) printed: String,
}

impl Server {
    /// Starts a server on a data directory, with environment variables, and waits until it listens.
    pub(crate) fn start(data: &Path, variables: &[(&str, &str)]) -> Self {
        Self::try_start(data, variables).unwrap_or_else(|output| panic!("the server did not start: {output}"))
    }

    /// As [`Server::start`]; what it said where it did not get as far as listening.
    pub(crate) fn try_start(data: &Path, variables: &[(&str, &str)]) -> Result<Self, String> {
        let args = ["serve", "--listen", "127.0.0.1:0", "--log-level", "warn", "--data", text(data)];
        let mut command = command(&args);
        // It has tests of its own, and would count in those of disks that are full and of points to die at.
        command.env("CHARGLY_NO_PLAYGROUND", "true");
        command.envs(variables.iter().copied()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary runs");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let mut printed = String::new();
        while let Some(Ok(line)) = lines.next() {
            if let Some(url) = line.strip_prefix(LISTENING) {
                // A server whose warnings nobody takes would wait for somebody to take them.
                let mut warnings = child.stderr.take().expect("piped");
                std::thread::spawn(move || std::io::copy(&mut warnings, &mut std::io::stderr()));
                return Ok(Self { child, url: url.trim_end_matches('/').to_owned(), printed });
            }
            printed.push_str(&line);
            printed.push('\n');
        }
        let mut problem = String::new();
        let _ = child.stderr.take().expect("piped").read_to_string(&mut problem);
        let _ = child.wait();
        Err(printed + &problem)
    }

    /// Calls a route.
    pub(crate) fn call(&self, method: &str, path: &str, key: &str, body: Option<&str>) -> Answer {
        call(&client(), method, &format!("{}{path}", self.url), key, body).expect("the server answers")
    }

    /// The most memory it has had so far, in MiB, where the system says it.
    pub(crate) fn peak_memory_mib(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        line.trim().trim_end_matches(" kB").parse::<u64>().ok().map(|kib| kib / 1_024)
    }

    /// Whether it ends by itself within that time.
    pub(crate) fn wait_for_its_end(mut self, within: Duration) -> bool {
        const LOOK_EVERY: Duration = Duration::from_millis(10);
        let looks = within.as_millis() / LOOK_EVERY.as_millis();
        (0..looks).any(|_| {
            std::thread::sleep(LOOK_EVERY);
            matches!(self.child.try_wait(), Ok(Some(_)))
        })
    }

    /// Kills it as a power cut would.
    pub(crate) fn kill(mut self) {
        self.kill_now();
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) fn stop(self) {
        assert!(self.terminate_and_wait().success());
    }

    /// Asks it to stop, and waits until it has ended in whatever way.
    pub(crate) fn terminate_and_wait(mut self) -> std::process::ExitStatus {
        let pid = self.child.id().to_string();
        // It may be gone already.
        let _ = Command::new("kill").args(["-TERM", &pid]).stderr(Stdio::null()).status().expect("kill runs");
        self.child.wait().expect("it ends")
    }

    fn kill_now(&mut self) {
        // It may have ended at a crash point already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill_now();
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: u16,
    /// Whether it is said to be the first answer, given again.
    pub(crate) is_replay: bool,
    /// The body as it came.
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_default()
    }
}

/// A client for one connection.
pub(crate) fn client() -> reqwest::blocking::Client {
    reqwest::blocking::Client::builder().no_proxy().timeout(ANSWER_MAX).build().expect("a client")
}

/// Calls a URL.
pub(crate) fn call(
    client: &reqwest::blocking::Client,
    method: &str,
    url: &str,
    key: &str,
    body: Option<&str>,
) -> reqwest::Result<Answer> {
    let method = method.parse().expect("a method");
    let mut request = client.request(method, url).bearer_auth(key);
    if let Some(body) = body {
        request = request.header("content-type", "application/json").body(body.to_owned());
    }
    let response = request.send()?;
    let status = response.status().as_u16();
    let is_replay = response.headers().get("idempotent-replayed").is_some_and(|value| value == "true");
    Ok(Answer { status, is_replay, bytes: response.bytes()?.to_vec() })
}
