//! kill -9 of the real server under mixed load, again and again on the same data.
//!
//! Whatever was acknowledged is there and is answered again with the same bytes; whatever was refused stays refused;
//! whatever nobody heard of gets one final answer; and the wallets hold what the harness's own books say. Once in a
//! while the server dies at a named crash point instead.
//!
//! `CHARGLY_KILL_CYCLES` runs more cycles, `CHARGLY_KILL_SEED` repeats the choices of a run.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

use rand::seq::SliceRandom as _;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use crate::books::{Books, Effect, Entry, Fate, Request};
use crate::support::{Project, Server, call, client, said};

/// Cycles of one run, unless told otherwise.
const CYCLES: u32 = 10;
/// Connections that send at once.
const CONNECTIONS: usize = 4;
/// Requests prepared for one cycle: more than a server answers before it is killed.
const REQUESTS: usize = 6_000;
/// Customers with plenty of credits.
const RICH: u32 = 8;
/// Customers with few, who are refused before long.
const POOR: u32 = 3;
/// Credits of a grant to the poor: two and a half chat replies.
const POOR_GRANT: i64 = 20;
/// Named places at which a server may die; at the last it has been asked to stop.
const CRASH_POINTS: [&str; 5] = [
    "journal.before_write",
    "journal.between_write_and_flush",
    "journal.after_flush",
    "engine.after_flush_before_answer",
    "engine.mid_checkpoint",
];

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
    let harness = Harness { project: Project::begin(), books: Books::default() };
    for cycle in 0..cycles {
        let how = harness.load_and_kill(cycle, &mut draw);
        let [acknowledged, refused, unknown] = harness.books.census();
        eprintln!(
            "cycle {cycle}: {how}; {acknowledged} acknowledged, {refused} refused, {unknown} unknown so far"
        );
        harness.check(cycle, &mut draw);
    }
    harness.check_everything();
    let [acknowledged, refused, _] = harness.books.census();
    assert!(
        acknowledged > 100 && refused > 0,
        "the load was no load: {acknowledged} acknowledged, {refused} refused"
    );
}

struct Harness {
    project: Project,
    books: Books,
}

impl Harness {
    /// Loads a server until it dies; says how it died.
    fn load_and_kill(&self, cycle: u32, draw: &mut ChaCha8Rng) -> String {
        let point = (cycle % 2 == 1).then(|| CRASH_POINTS[(cycle / 2) as usize % CRASH_POINTS.len()]);
        let is_at_stop = point == Some("engine.mid_checkpoint");
        let passage = if is_at_stop { 1 } else { draw.random_range(20..400) };
        let plan = point.map(|point| format!("{point}:{passage}"));
        let variables: Vec<_> = plan.iter().map(|plan| ("CHARGLY_CRASH_AT", plan.as_str())).collect();
        let server = Server::start(&self.project.data(), &variables);
        let lifetime = Duration::from_millis(draw.random_range(300..1_500));
        let queue = Mutex::new(requests(cycle, draw));
        let seeds: [u64; CONNECTIONS] = std::array::from_fn(|_| draw.random());
        let url = server.url.clone();
        std::thread::scope(|scope| {
            for seed in seeds {
                let caller = Caller { harness: self, url: &url, queue: &queue };
                scope.spawn(move || caller.run(ChaCha8Rng::seed_from_u64(seed)));
            }
            std::thread::sleep(lifetime);
            if is_at_stop {
                // It dies while it writes its last checkpoint; what is under way is answered before.
                server.terminate_and_wait();
            } else {
                server.kill();
            }
        });
        plan.unwrap_or_else(|| format!("killed after {} ms", lifetime.as_millis()))
    }

    /// Asks again for what this cycle sent and for some of what earlier ones did, and compares the wallets.
    fn check(&self, cycle: u32, draw: &mut ChaCha8Rng) {
        let prefix = format!("k{cycle}-");
        let mut again = self.books.entries();
        again.retain(|entry| {
            let is_of_this_cycle = entry.request.key.starts_with(&prefix);
            is_of_this_cycle || entry.fate() == Fate::Unknown || draw.random_range(0..10) == 0
        });
        let server = self.project.serve();
        self.ask_again(&server, &again);
        self.check_balances(&server);
        drop(server);
        self.project.verified();
    }

    fn check_everything(&self) {
        let server = self.project.serve();
        self.ask_again(&server, &self.books.entries());
        self.check_balances(&server);
        drop(server);
        self.check_exported_events();
    }

    fn ask_again(&self, server: &Server, entries: &[Entry]) {
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

    /// The journal has exactly the acknowledged events, each once.
    fn check_exported_events(&self) {
        let output = self.project.run(&["export", "events", "--format", "ndjson"]);
        assert!(output.status.success(), "{}", said(&output));
        let rows = String::from_utf8_lossy(&output.stdout).into_owned();
        let keys: Vec<String> = rows
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).expect("JSON"))
            .map(|row| row["idempotency_key"].as_str().expect("a key").to_owned())
            .collect();
        let once: BTreeSet<String> = keys.iter().cloned().collect();
        assert_eq!(once.len(), keys.len(), "an event was applied twice");
        let is_event =
            |entry: &Entry| entry.request.path == METER || entry.request.path.ends_with("/capture");
        let acknowledged =
            self.books.entries().into_iter().filter(|e| e.fate() == Fate::Acknowledged && is_event(e));
        assert_eq!(once, acknowledged.map(|entry| entry.request.key).collect());
    }
}

const METER: &str = "/v1/events";

/// One piece of work of a connection.
#[derive(Clone)]
enum Work {
    /// Send this alone.
    Single(Request),
    /// Send these meter events as a batch.
    Batch(Vec<Request>),
}

/// What is to be sent in one cycle: each request one to five times, alone and in batches, in any order.
fn requests(cycle: u32, draw: &mut ChaCha8Rng) -> Vec<Work> {
    let mut work = Vec::new();
    for number in 0..REQUESTS {
        let request = request(&format!("k{cycle}-{number}"), draw);
        for _ in 0..draw.random_range(1..=5) {
            work.push(Work::Single(request.clone()));
        }
    }
    let meters: Vec<Request> = work
        .iter()
        .filter_map(|work| match work {
            Work::Single(request) if request.path == METER => Some(request.clone()),
            Work::Single(_) | Work::Batch(_) => None,
        })
        .collect();
    for _ in 0..REQUESTS / 20 {
        let size = draw.random_range(2..=60);
        work.push(Work::Batch(
            (0..size).map(|_| meters[draw.random_range(0..meters.len())].clone()).collect(),
        ));
    }
    work.shuffle(draw);
    // Everybody is granted credits at the very end, from where work is taken.
    for (customer, credits) in everybody() {
        let key = format!("k{cycle}-grant-{customer}");
        work.push(Work::Single(grant(key, &customer, credits)));
    }
    work
}

fn everybody() -> impl Iterator<Item = (String, i64)> {
    let rich = (0..RICH).map(|number| (format!("rich_{number}"), 1_000_000));
    rich.chain((0..POOR).map(|number| (format!("poor_{number}"), POOR_GRANT)))
}

fn request(key: &str, draw: &mut ChaCha8Rng) -> Request {
    let rich = format!("rich_{}", draw.random_range(0..RICH));
    match draw.random_range(0..100) {
        0..12 => hold(key, rich),
        12..17 => grant(key.to_owned(), &rich, draw.random_range(1..500)),
        17..27 => meter(key, format!("poor_{}", draw.random_range(0..POOR)), "chat.reply", 8),
        27..60 => meter(key, rich, "workflow.step", 6),
        _ => meter(key, rich, "image.generate", 40),
    }
}

fn meter(key: &str, customer: String, event: &str, credits: i64) -> Request {
    let body = json!({"event": event, "customer": customer, "idempotency_key": key,
        "properties": {"model": "m-large", "tokens": 812}, "cost": {"amount": "0.004", "currency": "usd"}});
    let effect = Effect::Post(-credits);
    Request { key: key.to_owned(), customer, path: METER.to_owned(), body: body.to_string(), effect }
}

fn grant(key: String, customer: &str, credits: i64) -> Request {
    let body = json!({"credits": credits, "kind": "promotional", "idempotency_key": key}).to_string();
    let path = format!("/v1/customers/{customer}/grants");
    Request { key, customer: customer.to_owned(), path, body, effect: Effect::Post(credits) }
}

/// A hold for an agent's run, at its price.
fn hold(key: &str, customer: String) -> Request {
    let body =
        json!({"event": "agent.run", "customer": customer, "idempotency_key": key, "expires_in_s": 86_400});
    let effect = Effect::Hold(AGENT_RUN);
    Request { key: key.to_owned(), customer, path: "/v1/holds".to_owned(), body: body.to_string(), effect }
}

/// Credits of an agent's run in the example catalogue.
const AGENT_RUN: i64 = 25;

/// A connection: takes work until there is none or the server is gone.
struct Caller<'a> {
    harness: &'a Harness,
    url: &'a str,
    queue: &'a Mutex<Vec<Work>>,
}

impl Caller<'_> {
    fn run(&self, mut draw: ChaCha8Rng) {
        let client = client();
        loop {
            let next = self.queue.lock().unwrap_or_else(std::sync::PoisonError::into_inner).pop();
            let is_alive = match next {
                None => false,
                Some(Work::Single(request)) => self.send(&client, &request),
                Some(Work::Batch(requests)) => self.send_batch(&client, &requests),
            };
            if !is_alive {
                return;
            }
            if draw.random_range(0..4) == 0
                && let Some(request) = self.follow_up(&mut draw)
                && !self.send(&client, &request)
            {
                return;
            }
        }
    }

    /// Sends a request; false when the server is gone.
    fn send(&self, client: &reqwest::blocking::Client, request: &Request) -> bool {
        self.harness.books.sending(request);
        match self.post(client, &request.path, &request.body) {
            Some(answer) => {
                self.harness.books.answered(&request.key, &answer);
                true
            }
            None => false,
        }
    }

    fn send_batch(&self, client: &reqwest::blocking::Client, requests: &[Request]) -> bool {
        requests.iter().for_each(|request| self.harness.books.sending(request));
        let bodies: Vec<&str> = requests.iter().map(|request| request.body.as_str()).collect();
        let Some(answer) = self.post(client, "/v1/events/batch", &format!("[{}]", bodies.join(","))) else {
            return false;
        };
        if answer.status == 200 {
            let json = answer.json();
            let results = json["results"].as_array().expect("results");
            assert_eq!(results.len(), requests.len());
            for (request, result) in requests.iter().zip(results) {
                self.harness.books.answered_in_batch(&request.key, result);
            }
        }
        true
    }

    fn post(
        &self,
        client: &reqwest::blocking::Client,
        path: &str,
        body: &str,
    ) -> Option<crate::support::Answer> {
        call(client, "POST", &format!("{}{path}", self.url), &self.harness.project.test_key, Some(body)).ok()
    }

    /// Captures, voids or reverses something that was acknowledged. Its key says what it follows, so that one thing
    /// is followed up in one way only, whoever does it and however often.
    fn follow_up(&self, draw: &mut ChaCha8Rng) -> Option<Request> {
        let entry = self.harness.books.pick(|count| draw.random_range(0..count));
        let (id, first) = (entry.id()?, &entry.request);
        let is_even = first.key.bytes().last()? % 2 == 0;
        let key = format!("{}-then", first.key);
        let (path, body, effect) = match first.effect {
            Effect::Hold(held) if is_even => {
                let taken = held - 5;
                let body = json!({"credits": taken, "idempotency_key": key});
                (format!("/v1/holds/{id}/capture"), body, Effect::End { held, taken })
            }
            Effect::Hold(held) => {
                let body = json!({"idempotency_key": key});
                (format!("/v1/holds/{id}/void"), body, Effect::End { held, taken: 0 })
            }
            Effect::Post(credits) if first.path == METER && is_even => {
                let body = json!({"reason": "a test", "idempotency_key": key});
                (format!("/v1/events/{id}/reverse"), body, Effect::Post(-credits))
            }
            Effect::Post(_) | Effect::End { .. } => return None,
        };
        Some(Request { key, customer: first.customer.clone(), path, body: body.to_string(), effect })
    }
}
