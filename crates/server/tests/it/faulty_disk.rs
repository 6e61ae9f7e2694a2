//! The real server on a disk whose flushes fail or dawdle, and that is full: what it answers meanwhile, and what is
//! there afterwards.
//!
//! The disk is `shim/faulty_disk.c`, put between SQLite and the system. The tests compile it, and say so where they
//! cannot.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::json;

use crate::support::{Answer, Project, Server, call, chargly, client, command, json_of, said, text};

/// Where SQLite writes the frames of *test* first.
const LOG: &str = "/test/journal.db-wal";

#[test]
fn after_a_failed_flush_nothing_is_written_any_more_and_nothing_acknowledged_is_lost() {
    let project = Project::begin();
    let Some(disk) = FaultyDisk::make(&project) else { return };
    let server = disk.serve(&project);
    let acknowledged: Vec<Answer> = (0..20).map(|number| meter(&server, &project, number)).collect();
    assert!(acknowledged.iter().all(|answer| answer.status == 200));
    disk.plan(&format!("fail-flush {LOG}"));
    let doubtful = meter(&server, &project, 20);
    assert_eq!(doubtful.status, 503, "{}", String::from_utf8_lossy(&doubtful.bytes));
    assert!(!disk.has_plan(), "the flush has failed once, and would succeed again");

    let log = || std::fs::read(project.data().join("test/journal.db-wal")).expect("a log");
    let before = log();
    for number in 21..30 {
        assert_eq!(meter(&server, &project, number).status, 503);
    }
    assert!(before == log(), "it is written to after a failed flush");
    let ready = server.call("GET", "/readyz", "", None);
    let environments = &ready.json()["environments"];
    assert_eq!((ready.status, &environments["live"]["ready"]), (503, &true.into()), "{}", ready.json());
    let reason = environments["test"]["reason"].as_str().expect("a reason");
    assert!(reason.contains("flush"), "{reason}");
    assert_eq!(server.call("GET", "/healthz", "", None).status, 200);
    assert_eq!(server.call("GET", "/v1/event-types", &project.test_key, None).status, 200);
    assert_eq!(server.call("GET", "/v1/events", &project.test_key, None).status, 200, "reads go on");
    let exported = project.run(&["export", "events", "--format", "ndjson"]);
    let events = String::from_utf8_lossy(&exported.stdout).lines().count();
    assert!(events >= acknowledged.len(), "what happened can be read: {}", said(&exported));
    assert_eq!(server.terminate_and_wait().code(), Some(1), "whoever runs it must notice");

    let server = project.serve();
    for (number, answer) in (0..).zip(&acknowledged) {
        let again = meter(&server, &project, number);
        assert!(again.is_replay && again.bytes == answer.bytes, "event {number} was acknowledged");
    }
    let first = meter(&server, &project, 20);
    let second = meter(&server, &project, 20);
    assert!(first.status == 200 && second.is_replay && first.bytes == second.bytes, "it happened once");
    for number in 21..30 {
        assert!(!meter(&server, &project, number).is_replay, "it was refused before it was decided");
    }
    drop(server);
    project.verified();
}

#[test]
fn a_full_disk_refuses_spending_keeps_reading_and_recovers_by_itself() {
    let project = Project::begin();
    let Some(disk) = FaultyDisk::make(&project) else { return };
    let server = disk.serve(&project);
    let first = meter(&server, &project, 0);
    assert_eq!(first.status, 200);
    disk.plan(&format!("full {LOG}"));
    for _ in 0..3 {
        let refused = meter(&server, &project, 1);
        assert_eq!((refused.status, &refused.json()["code"]), (507, &"storage_full".into()));
    }
    let ready = server.call("GET", "/readyz", "", None);
    let reason = &ready.json()["environments"]["test"]["reason"];
    assert_eq!((ready.status, reason), (503, &"storage_full".into()));
    let id = first.json()["id"].as_str().expect("an id").to_owned();
    for path in [&format!("/v1/events/{id}"), "/v1/customers/demo_user/wallet", "/v1/events", "/healthz"] {
        assert_eq!(server.call("GET", path, &project.test_key, None).status, 200, "{path}");
    }
    assert!(meter(&server, &project, 0).is_replay, "answers that were given are given again");

    disk.lift();
    let recovered = meter(&server, &project, 1);
    assert!(recovered.status == 200 && !recovered.is_replay, "the refusals bound nothing");
    assert_eq!(server.call("GET", "/readyz", "", None).status, 200);
    server.stop();
    project.verified();
}

#[test]
fn a_slow_disk_bounds_what_waits_and_says_when_to_come_back() {
    let project = Project::begin();
    let Some(disk) = FaultyDisk::make(&project) else { return };
    let patience = [("CHARGLY_IDLE_TIMEOUT_S", "600")];
    let server = Server::start(&project.data(), &[&disk.variables()[..], &patience].concat());
    assert_eq!(meter(&server, &project, 0).status, 200);
    // Until somebody is refused, however long that takes on this machine.
    disk.plan(&format!("slow-flush {LOG} 600000"));
    let body = batch();
    let (tell, told) = std::sync::mpsc::channel();
    let answers: Vec<_> = std::thread::scope(|scope| {
        for caller in 0..CALLERS {
            let (server, project, tell) = (&server, &project, tell.clone());
            let body = body.replace("caller", &format!("c{caller}"));
            scope.spawn(move || {
                let url = format!("{}/v1/events/batch", server.url);
                let request = client().post(url).bearer_auth(&project.test_key);
                let request = request.header("content-type", "application/json").body(body);
                let answer = request
                    .timeout(PATIENCE)
                    .send()
                    .map(|answer| (answer.status().as_u16(), answer.headers().contains_key("retry-after")));
                tell.send(answer.ok()).expect("somebody listens");
            });
        }
        drop(tell);
        let first = told.recv().expect("an answer");
        disk.lift();
        std::iter::once(first).chain(told.iter()).collect()
    });
    let peak_mib = server.peak_memory_mib();
    assert_eq!(answers[0], Some((429, true)), "who cannot wait is told first: {answers:?}, {peak_mib:?} MiB");
    assert!(
        answers.iter().all(|answer| [Some((200, false)), Some((429, true))].contains(answer)),
        "{answers:?}"
    );
    assert!(peak_mib.is_none_or(|mib| mib < MEMORY_MIB_MAX), "{peak_mib:?} MiB");
    assert_eq!(meter(&server, &project, 1).status, 200);
}

#[test]
fn a_backup_that_cannot_be_written_leaves_the_former_one() {
    let project = Project::begin();
    let Some(disk) = FaultyDisk::make(&project) else { return };
    let (dest, data, restored) = (project.beside("backup"), project.data(), project.beside("restored"));
    let former = project.json(&["backup", text(&dest)]);
    project.json(&["keys", "create", "--label", "Another"]);
    for plan in ["full /backup/test/journal.db", "fail-flush /backup/test/journal.db"] {
        disk.plan(plan);
        let mut backup = command(&["backup", text(&dest), "--data", text(&data)]);
        let output = backup.envs(disk.variables()).output().expect("it runs");
        assert_eq!(output.status.code(), Some(1), "{plan}: {}", said(&output));
        assert!(said(&output).contains("could not be written"), "{plan}: {}", said(&output));
    }
    json_of(&chargly(&["verify", "--env", "test", "--json", "--data", text(&dest)]));
    let output = chargly(&["restore", text(&dest), "--json", "--data", text(&restored)]);
    assert_eq!(json_of(&output)["facts"], former["facts"]);
    assert_eq!(project.json(&["backup", text(&dest)])["new"]["live"], 0);
}

/// Callers with a batch each, together twice what may wait.
const CALLERS: u32 = 8;
/// How long each of them waits: far longer than it takes, so that a hanging server ends the test and not the run.
const PATIENCE: Duration = Duration::from_secs(600);
/// MiB of memory that a server may need meanwhile: what waits, and as much again for bodies and answers on their way.
const MEMORY_MIB_MAX: u64 = 600;

/// Some 14 MiB, for a customer called `caller`.
fn batch() -> String {
    let text = "x".repeat(3_800);
    let events: Vec<_> = (0..3_800)
        .map(|number| {
            json!({"event": "chat.reply", "customer": "caller", "properties": {"text": text},
                "idempotency_key": format!("k-{number}")})
        })
        .collect();
    serde_json::to_string(&events).expect("JSON")
}

/// A disk with a plan.
struct FaultyDisk {
    library: PathBuf,
    plan: PathBuf,
}

impl FaultyDisk {
    /// Compiles it; nothing, with a line saying so, where that is not possible.
    fn make(project: &Project) -> Option<Self> {
        if !cfg!(all(target_os = "linux", target_env = "gnu")) {
            eprintln!("SKIPPED: LD_PRELOAD is tried on Linux with the GNU C library only");
            return None;
        }
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/shim/faulty_disk.c");
        let library = project.beside("faulty_disk.so");
        let mut compile = Command::new("cc");
        compile.args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", text(&library), source, "-ldl"]);
        match compile.output() {
            Err(error) => {
                eprintln!("SKIPPED: there is no C compiler to make a faulty disk: {error}");
                None
            }
            Ok(output) => {
                assert!(output.status.success(), "{}", said(&output));
                Some(Self { library, plan: project.beside("plan") })
            }
        }
    }

    /// Serves the project on it; without a plan, nothing fails.
    fn serve(&self, project: &Project) -> Server {
        Server::start(&project.data(), &self.variables())
    }

    fn variables(&self) -> [(&str, &str); 2] {
        [("LD_PRELOAD", text(&self.library)), ("CHARGLY_FAULT_PLAN", text(&self.plan))]
    }

    fn plan(&self, line: &str) {
        // Renamed into place: the server reads it at any time.
        let fresh = self.plan.with_extension("new");
        std::fs::write(&fresh, line).expect("written");
        std::fs::rename(&fresh, &self.plan).expect("renamed");
    }

    fn has_plan(&self) -> bool {
        self.plan.exists()
    }

    fn lift(&self) {
        std::fs::remove_file(&self.plan).expect("a plan");
    }
}

/// Meters the event of this number; again, where it was metered before.
fn meter(server: &Server, project: &Project, number: u32) -> Answer {
    let body =
        json!({"event": "chat.reply", "customer": "demo_user", "idempotency_key": format!("k-{number}")});
    let url = format!("{}/v1/events", server.url);
    call(&client(), "POST", &url, &project.test_key, Some(&body.to_string())).expect("an answer")
}
