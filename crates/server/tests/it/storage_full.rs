//! A disk that fills up under the running server, and gets room again: a small file system of its own, mounted by the
//! test where it may.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rand::Rng as _;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use crate::support::{Answer, Server, chargly, json_of, said, text};

/// Size of the disk: room for an empty project with what its environments keep in reserve, and some hundred events.
const DISK: &str = "size=24m";
/// What lies on it beside the project, and is removed to make room: more than a reserve.
const BALLAST_BYTES: usize = 6 * 1024 * 1024;
/// How often to look, twenty times a second, until the server has noticed that there is room. It looks twice a second.
const LOOKS_MAX: u32 = 200;
/// More events than fit by far, so that a disk that never fills fails the test.
const EVENTS_MAX: usize = 10_000;
/// What `image.generate` costs in a new project, and what is granted.
const PRICE: i64 = 40;
const GRANTED: i64 = 10_000_000;

/// A small file system; unmounted when dropped.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// Mounts one, or says that this machine does not let the test.
    fn mount() -> Option<Self> {
        let dir = tempfile::tempdir().expect("a directory");
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", DISK, "none", text(dir.path())])
            .stderr(Stdio::null())
            .status();
        if mount.is_ok_and(|status| status.success()) {
            return Some(Self(dir));
        }
        eprintln!("SKIPPED: no file system can be mounted here (needs root), so none can be filled");
        None
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").args(["-l", text(self.0.path())]).status();
    }
}

/// The project on the small disk, and what its server has answered.
struct Books {
    server: Server,
    key: String,
    draw: ChaCha8Rng,
    acknowledged: BTreeSet<String>,
    refused: BTreeSet<String>,
}

impl Books {
    fn begin(data: &Path) -> Self {
        let begun = json_of(&chargly(&["init", "--json", "--data", text(data)]));
        let key = begun["keys"]["test"].as_str().expect("a key").to_owned();
        let server = Server::start(data, &[]);
        let draw = ChaCha8Rng::seed_from_u64(1);
        let books = Self { server, key, draw, acknowledged: BTreeSet::new(), refused: BTreeSet::new() };
        let lot = format!(r#"{{"credits":{GRANTED},"kind":"promotional"}}"#);
        assert_eq!(books.post("/v1/customers/user_42/grants", &lot).status, 200);
        books
    }

    fn post(&self, path: &str, body: &str) -> Answer {
        self.server.call("POST", path, &self.key, Some(body))
    }

    fn get(&self, path: &str) -> Answer {
        self.server.call("GET", path, &self.key, None)
    }

    /// Meters an event with properties that no compression makes small.
    fn meter(&mut self, key: &str) -> Answer {
        let noise: String = (0..200).map(|_| format!("{:016x}", self.draw.random::<u64>())).collect();
        let answer = self.post("/v1/events", &event(key, &noise));
        let books = if answer.status == 200 { &mut self.acknowledged } else { &mut self.refused };
        books.insert(key.to_owned());
        answer
    }

    fn fill_the_disk(&mut self) -> Answer {
        for n in 0..EVENTS_MAX {
            let answer = self.meter(&format!("k{n}"));
            if answer.status != 200 {
                return answer;
            }
        }
        panic!("the disk is never full");
    }

    /// The wallet holds what the acknowledged events have left, and nothing is held.
    fn check_wallet(&self, held: i64) {
        let wallet = self.get("/v1/customers/user_42/wallet").json();
        let used = PRICE * i64::try_from(self.acknowledged.len()).expect("few");
        assert_eq!(
            (&wallet["posted"], &wallet["held"]),
            (&(GRANTED - used).into(), &held.into()),
            "{wallet}"
        );
    }
}

fn event(key: &str, noise: &str) -> String {
    format!(
        r#"{{"event":"image.generate","customer":"user_42","idempotency_key":"{key}","properties":{{"noise":"{noise}"}}}}"#
    )
}

/// The keys of the events in a data directory, as another process exports them to a disk that has room.
fn exported_keys(data: &Path) -> BTreeSet<String> {
    let output = chargly(&["export", "events", "--format", "ndjson", "--data", text(data), "--env", "test"]);
    assert!(output.status.success(), "{}", said(&output));
    let rows = String::from_utf8_lossy(&output.stdout).into_owned();
    let rows: Vec<Value> = rows.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let keys: BTreeSet<String> =
        rows.iter().map(|row| row["idempotency_key"].as_str().expect("a key").to_owned()).collect();
    assert_eq!(keys.len(), rows.len(), "an event stands there twice");
    keys
}

#[test]
fn full_disk_refuses_spending_keeps_reads_and_exports_and_recovers_by_itself() {
    let Some(disk) = SmallDisk::mount() else { return };
    let (data, ballast) = (disk.path("data"), disk.path("ballast"));
    std::fs::write(&ballast, vec![0; BALLAST_BYTES]).expect("room for the ballast");
    let mut books = Books::begin(&data);
    let hold = books.post("/v1/holds", r#"{"event":"image.generate","customer":"user_42"}"#).json();
    let hold = hold["id"].as_str().expect("a hold").to_owned();

    let refused = books.fill_the_disk();
    assert_eq!(refused.status, 507);
    assert_eq!(
        (&refused.json()["code"], &refused.json()["retryable"]),
        (&"storage_full".into(), &true.into())
    );
    assert_eq!(books.get("/healthz").status, 200);
    let ready = books.get("/readyz");
    assert_eq!(ready.status, 503);
    assert_eq!(ready.json()["environments"]["test"]["reason"], "storage_full");
    assert_eq!(ready.json()["environments"]["live"]["ready"], true, "the other environment had not tried");

    // Nothing of what was refused is there, for anybody who asks.
    books.check_wallet(PRICE);
    let newest = books.get("/v1/events?limit=1").json();
    assert_eq!(newest["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(exported_keys(&data), books.acknowledged);
    for n in 0..20 {
        assert_eq!(books.meter(&format!("again{n}")).status, 507);
    }
    // What ends a hold finds the room that was kept for it.
    assert_eq!(books.post(&format!("/v1/holds/{hold}/void"), "{}").status, 200);
    books.check_wallet(0);

    std::fs::remove_file(&ballast).expect("removed");
    let mut looks = 0;
    while books.get("/readyz").status != 200 {
        looks += 1;
        assert!(looks < LOOKS_MAX, "nobody has to write for the server to notice");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert_eq!(books.meter("after").status, 200);
    let first_refused = books.refused.first().expect("one was refused").clone();
    let retried = books.meter(&first_refused);
    assert_eq!((retried.status, retried.is_replay), (200, false), "its key was not bound");
    books.refused.remove(&first_refused);
    books.check_wallet(0);

    let Books { server, acknowledged, .. } = books;
    server.kill();
    json_of(&chargly(&["verify", "--env", "test", "--json", "--data", text(&data)]));
    assert_eq!(exported_keys(&data), acknowledged);
}
