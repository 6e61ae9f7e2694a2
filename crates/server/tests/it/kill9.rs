//! kill -9 of the real server under mixed load, again and again on the same data.
//!
//! Whatever was acknowledged is there and is answered again with the same bytes; whatever was refused stays refused;
//! whatever nobody heard of gets one final answer, which is the first exactly where the journal had none; and the
//! wallets hold what the harness's own books say. Every second time the server dies at a named crash point. Runs and
//! checkpoints are short, so that they are cut off, too, and answers come out of them. Backups are cut off beside it.
//!
//! `CHARGLY_KILL_CYCLES` runs more cycles, `CHARGLY_KILL_SEED` repeats the choices of a run.

mod caller;
mod load;

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::process::Output;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use crate::books::{Books, Entry, Fate, Request};
use crate::support::{Project, Server, call, client, command, said, text};
use caller::Caller;
use load::{METER, requests};

/// Cycles of one run, unless told otherwise.
const CYCLES: u32 = 25;
/// Connections that send at once.
const CONNECTIONS: usize = 4;
/// Lengths of runs and checkpoints, in facts, for everything that is started here.
const LENGTHS: [(&str, &str); 2] = [("CHARGLY_RUN_FACTS", "256"), ("CHARGLY_CHECKPOINT_FACTS", "300")];
/// Named places at which a server dies, and at which passages. A start passes some of them, too.
const CRASH_POINTS: [(&str, RangeInclusive<u32>); 7] = [
    ("journal.before_write", 1..=200),
    ("journal.between_write_and_flush", 1..=200),
    ("journal.after_flush", 1..=200),
    ("engine.after_flush_before_answer", 1..=200),
    ("engine.mid_checkpoint", 1..=2),
    ("index.mid_run_write", 1..=2),
    ("engine.mid_seal", 1..=2),
];
/// How long a server is given to come to its crash point.
const CRASH_WAIT: Duration = Duration::from_secs(30);
/// How often it is looked whether it did.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// Every how many cycles a backup is cut off, and then completed.
const BACKUP_EVERY: u32 = 6;

#[test]
fn nothing_acknowledged_is_lost_and_nothing_is_applied_twice() {
    let number = |name: &str, default: u64| {
        std::env::var(name)
            .map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} must be a number")))
    };
    let cycles = u32::try_from(number("CHARGLY_KILL_CYCLES", CYCLES.into())).expect("a number of cycles");
    let seed = number("CHARGLY_KILL_SEED", std::process::id().into());
    eprintln!("CHARGLY_KILL_SEED={seed} CHARGLY_KILL_CYCLES={cycles}");
    let mut draw = ChaCha8Rng::seed_from_u64(seed);
    let mut harness = Harness::begin();
    for cycle in 0..cycles {
        let how = harness.load_and_kill(cycle, &mut draw);
        let [acknowledged, refused, unknown] = harness.books.census();
        eprintln!(
            "cycle {cycle}: {how}; {acknowledged} acknowledged, {refused} refused, {unknown} unknown so far"
        );
        harness.check(cycle, &mut draw);
    }
    harness.check_everything();
    harness.say_first_answers();
    let [acknowledged, refused, _] = harness.books.census();
    assert!(
        acknowledged > 100 && refused > 0,
        "the load was no load: {acknowledged} acknowledged, {refused} refused"
    );
    assert!(
        cycles < CYCLES || harness.crashed_at.len() == CRASH_POINTS.len(),
        "it died at {:?} only",
        harness.crashed_at
    );
}

struct Harness {
    project: Project,
    books: Books,
    /// Crash points at which it has died.
    crashed_at: BTreeSet<&'static str>,
    /// How long each start took from the command to the first answer.
    first_answers: Vec<Duration>,
}

impl Harness {
    fn begin() -> Self {
        let (crashed_at, first_answers) = (BTreeSet::new(), Vec::new());
        Self { project: Project::begin(), books: Books::default(), crashed_at, first_answers }
    }

    /// Loads a server until it dies; says how it died.
    fn load_and_kill(&mut self, cycle: u32, draw: &mut ChaCha8Rng) -> String {
        let point = (cycle % 2 == 1).then(|| &CRASH_POINTS[(cycle / 2) as usize % CRASH_POINTS.len()]);
        let plan = point.map(|(point, passages)| format!("{point}:{}", draw.random_range(passages.clone())));
        let variables =
            LENGTHS.into_iter().chain(plan.iter().map(|plan| ("CHARGLY_CRASH_AT", plan.as_str())));
        let server = match Server::try_start(&self.project.data(), &variables.collect::<Vec<_>>()) {
            Ok(server) => server,
            Err(said) => {
                let (point, _) = point.unwrap_or_else(|| panic!("it did not start: {said}"));
                assert!(said.contains(&format!("crash point {point} reached")), "it did not start: {said}");
                self.crashed_at.insert(point);
                return format!("{} while it started", plan.unwrap_or_default());
            }
        };
        let lifetime = match plan {
            Some(_) => CRASH_WAIT,
            None => Duration::from_millis(draw.random_range(200..1_000)),
        };
        let queue = Mutex::new(requests(cycle, draw));
        let seeds: [u64; CONNECTIONS] = std::array::from_fn(|_| draw.random());
        let url = server.url.clone();
        let callers = AtomicUsize::new(CONNECTIONS);
        std::thread::scope(|scope| {
            for seed in seeds {
                let caller =
                    Caller { books: &self.books, key: &self.project.test_key, url: &url, queue: &queue };
                let callers = &callers;
                scope.spawn(move || {
                    caller.run(seed);
                    callers.fetch_sub(1, Ordering::Relaxed);
                });
            }
            if cycle.is_multiple_of(BACKUP_EVERY) {
                scope.spawn(|| self.cut_off_a_backup());
            }
            let begun = now();
            while now() - begun < lifetime && callers.load(Ordering::Relaxed) > 0 {
                std::thread::sleep(LOOK_EVERY);
            }
            server.kill();
        });
        let Some(((point, _), plan)) = point.zip(plan) else {
            return format!("killed after {} ms", lifetime.as_millis());
        };
        let has_died = !queue.into_inner().unwrap_or_default().is_empty();
        if has_died {
            self.crashed_at.insert(point);
        }
        if has_died { plan } else { format!("{plan} was not reached") }
    }

    /// Holds the journal against the books before anybody asks again, then asks again for what this cycle sent and
    /// for some of what earlier ones did, and compares the wallets.
    fn check(&mut self, cycle: u32, draw: &mut ChaCha8Rng) {
        let prefix = format!("k{cycle}-");
        let exported = self.check_exported_events();
        let mut again = self.books.entries();
        again.retain(|entry| {
            let is_of_this_cycle = entry.request.key.starts_with(&prefix);
            is_of_this_cycle || entry.fate() == Fate::Unknown || draw.random_range(0..10) == 0
        });
        let server = self.serve();
        self.ask_again(&server, &again, &exported);
        self.check_balances(&server);
        drop(server);
        self.sound(&["verify", "--env", "test", "--data", text(&self.project.data())]);
        if cycle.is_multiple_of(BACKUP_EVERY) {
            let backup = self.project.beside("backup");
            self.sound(&["backup", text(&backup), "--data", text(&self.project.data())]);
            self.sound(&["verify", "--env", "test", "--data", text(&backup)]);
        }
    }

    fn check_everything(&mut self) {
        let exported = self.check_exported_events();
        let server = self.serve();
        self.ask_again(&server, &self.books.entries(), &exported);
        self.check_balances(&server);
        drop(server);
        self.check_exported_events();
    }

    /// Serves until it is dropped; notes how long the first answer took.
    fn serve(&mut self) -> Server {
        let begun = now();
        let server = Server::start(&self.project.data(), &LENGTHS);
        let wallet = server.call("GET", "/v1/customers/rich_0/wallet", &self.project.test_key, None);
        self.first_answers.push(now() - begun);
        assert!(matches!(wallet.status, 200 | 404), "{}", wallet.json());
        server
    }

    fn say_first_answers(&mut self) {
        self.first_answers.sort_unstable();
        let (all, last) = (&self.first_answers, self.first_answers.len() - 1);
        eprintln!(
            "first answer after {} starts: min {} ms, median {} ms, max {} ms",
            all.len(),
            all[0].as_millis(),
            all[last / 2].as_millis(),
            all[last].as_millis()
        );
    }

    fn ask_again(&self, server: &Server, entries: &[Entry], exported: &BTreeSet<String>) {
        std::thread::scope(|scope| {
            for part in entries.chunks(entries.len().div_ceil(CONNECTIONS).max(1)) {
                scope.spawn(move || {
                    let client = client();
                    for entry in part {
                        let Request { key, path, body, .. } = &entry.request;
                        let url = format!("{}{path}", server.url);
                        let answer = call(&client, "POST", &url, &self.project.test_key, Some(body))
                            .expect("an answer");
                        if entry.fate() != Fate::Unknown {
                            assert!(
                                answer.is_replay,
                                "{key} was answered before the kill, and is new after it"
                            );
                        } else if answer.status < 300 && is_event(entry) {
                            assert_eq!(
                                answer.is_replay,
                                exported.contains(key),
                                "{key}: the first answer exactly where it was not in the journal"
                            );
                        }
                        self.books.answered(key, &answer);
                    }
                });
            }
        });
    }

    fn check_balances(&self, server: &Server) {
        for (customer, (posted, held)) in self.books.balances() {
            let path = format!("/v1/customers/{customer}/wallet");
            let wallet = server.call("GET", &path, &self.project.test_key, None).json();
            assert_eq!(
                (&wallet["posted"], &wallet["held"]),
                (&posted.into(), &held.into()),
                "{customer}: {wallet}"
            );
        }
    }

    /// The journal has every acknowledged event, no refused one, some of the unknown ones, nothing else, and each
    /// once. Returns their keys.
    fn check_exported_events(&self) -> BTreeSet<String> {
        let data = self.project.data();
        let output = self.sound(&["export", "events", "--format", "ndjson", "--data", text(&data)]);
        let rows = String::from_utf8_lossy(&output.stdout).into_owned();
        let keys: Vec<String> = rows
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).expect("JSON"))
            .map(|row| row["idempotency_key"].as_str().expect("a key").to_owned())
            .collect();
        let exported: BTreeSet<String> = keys.iter().cloned().collect();
        assert_eq!(exported.len(), keys.len(), "an event was applied twice");
        let mut unexplained = exported.clone();
        for entry in self.books.entries().iter().filter(|entry| is_event(entry)) {
            let key = &entry.request.key;
            let is_there = unexplained.remove(key);
            match entry.fate() {
                Fate::Acknowledged => assert!(is_there, "{key} was acknowledged and is lost"),
                Fate::Refused => assert!(!is_there, "{key} was refused and is charged"),
                Fate::Unknown => {}
            }
        }
        assert!(unexplained.is_empty(), "nobody asked for {unexplained:?}");
        exported
    }

    /// Begins a backup that dies in the middle, where there is anything to copy.
    fn cut_off_a_backup(&self) {
        let (backup, data) = (self.project.beside("backup"), self.project.data());
        let mut begun = command(&["backup", text(&backup), "--data", text(&data)]);
        let output = begun.env("CHARGLY_CRASH_AT", "backup.mid_copy:1").output().expect("the binary runs");
        assert!(said(&output).contains("backup.mid_copy reached"), "{}", said(&output));
    }

    /// Runs a command that must succeed.
    fn sound(&self, args: &[&str]) -> Output {
        let output = command(args).envs(LENGTHS).output().expect("the binary runs");
        assert!(output.status.success(), "{}", said(&output));
        output
    }
}

/// Whether a request is for a charge.
fn is_event(entry: &Entry) -> bool {
    entry.request.path == METER || entry.request.path.ends_with("/capture")
}

#[expect(clippy::disallowed_methods, reason = "how long a start takes is told, not asserted")]
fn now() -> Instant {
    Instant::now()
}
