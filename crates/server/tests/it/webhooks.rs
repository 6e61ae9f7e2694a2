//! Webhooks of the real server: what arrives although it is killed, what a backup keeps, what is asked for its key.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Project, Server, chargly, json_of, said, text};

const PATH: &str = "/v1/webhook-endpoints";
/// Webhooks may go to this machine.
const PRIVATE: (&str, &str) = ("CHARGLY_WEBHOOK_ALLOW_PRIVATE", "true");
/// How often it is looked for what will come, and for how long.
const LOOK_EVERY: Duration = Duration::from_millis(20);
const LOOKS_MAX: usize = 2_000;

/// Takes every message and keeps it: its id and its body.
#[derive(Clone)]
struct Receiver {
    url: String,
    received: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Receiver {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/hooks", listener.local_addr().expect("an address"));
        let receiver = Self { url, received: Arc::default() };
        let shared = receiver.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A server that is killed in the middle sends half a message.
                let _ = shared.take(stream);
            }
        });
        receiver
    }

    fn take(&self, mut stream: TcpStream) -> Option<()> {
        let mut lines = BufReader::new(stream.try_clone().ok()?);
        let (mut id, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            lines.read_line(&mut line).ok()?;
            match line.trim_end().split_once(": ") {
                Some(("webhook-id", value)) => id = value.to_owned(),
                Some(("content-length", value)) => length = value.parse().ok()?,
                Some(_) => {}
                None if line.trim_end().is_empty() => break,
                None => {}
            }
        }
        let mut body = vec![0; length];
        lines.read_exact(&mut body).ok()?;
        self.received.lock().expect("no panic").push((id, serde_json::from_slice(&body).ok()?));
        stream.write_all(b"HTTP/1.1 204 X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").ok()
    }

    fn received(&self) -> Vec<(String, Value)> {
        self.received.lock().expect("no panic").clone()
    }

    /// Waits until what came is as wanted.
    fn wait_until(&self, is_it: impl Fn(&[(String, Value)]) -> bool) {
        for _ in 0..LOOKS_MAX {
            if is_it(&self.received()) {
                return;
            }
            std::thread::sleep(LOOK_EVERY);
        }
        panic!("it never comes: {:#?}", self.received());
    }
}

fn endpoint(server: &Server, key: &str, receiver: &Receiver, types: &[&str]) -> Value {
    let body = json!({"url": receiver.url, "types": types}).to_string();
    let made = server.call("POST", PATH, key, Some(&body));
    assert_eq!(made.status, 200, "{}", String::from_utf8_lossy(&made.bytes));
    made.json()
}

/// Meters an event; whether that was answered.
fn meter(server: &Server, key: &str, number: usize) -> bool {
    let body =
        json!({"event": "image.generate", "customer": "demo_user", "idempotency_key": format!("k{number}")});
    let url = format!("{}/v1/events", server.url);
    let sent = crate::support::call(&crate::support::client(), "POST", &url, key, Some(&body.to_string()));
    sent.is_ok_and(|answer| answer.status == 200)
}

#[test]
fn every_charge_arrives_under_one_id_in_order_although_the_server_dies_at_every_named_point() {
    let (project, receiver) = (Project::begin(), Receiver::start());
    let key = &project.test_key;
    let server = Server::start(&project.data(), &[PRIVATE]);
    endpoint(&server, key, &receiver, &["wallet.debited"]);
    let mut number = 0;
    let mut charge = |server: &Server, count: usize| {
        for _ in 0..count {
            number += 1;
            if !meter(server, key, number) {
                return;
            }
        }
    };
    charge(&server, 2);
    drop(server);
    for point in [
        "webhooks.before_derive:2",
        "webhooks.after_derive:1",
        "webhooks.after_send:1",
        "journal.after_flush:4",
    ] {
        // What the one before had not told is told at the start, so that it may end before it listens.
        match Server::try_start(&project.data(), &[PRIVATE, ("CHARGLY_CRASH_AT", point)]) {
            Ok(server) => {
                charge(&server, 3);
                assert!(server.wait_for_its_end(Duration::from_secs(20)), "{point} was not reached");
            }
            Err(said) => assert!(said.contains("reached"), "{said}"),
        }
    }
    let server = Server::start(&project.data(), &[PRIVATE]);
    charge(&server, 1);
    let events = server.call("GET", "/v1/events?customer=demo_user&limit=1000", key, None).json();
    let mut charged: Vec<String> = events["data"].as_array().expect("a list").iter().map(id_of).collect();
    charged.reverse();
    receiver
        .wait_until(|received| charged.iter().all(|id| received.iter().any(|(_, one)| event_of(one) == *id)));
    let received = receiver.received();
    let (mut by_id, mut order) = (BTreeMap::new(), Vec::new());
    for (id, message) in &received {
        let first = by_id.entry(id.clone()).or_insert_with(|| {
            order.push(event_of(message));
            message.clone()
        });
        assert_eq!(first, message, "the same id, another body");
    }
    assert_eq!(order, charged, "each once, in order");
    assert!(received.len() >= by_id.len() && by_id.len() == charged.len());
}

fn id_of(event: &Value) -> String {
    event["id"].as_str().expect("an id").to_owned()
}

fn event_of(message: &Value) -> String {
    message["data"]["eventId"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn restored_project_has_its_endpoints_sends_nothing_until_resumed_and_needs_its_key() {
    let (project, receiver) = (Project::begin(), Receiver::start());
    let key = &project.test_key;
    let server = Server::start(&project.data(), &[PRIVATE]);
    let made = endpoint(&server, key, &receiver, &["wallet.debited"]);
    assert!(meter(&server, key, 1));
    receiver.wait_until(|received| received.len() == 1);
    let (dest, restored) = (project.beside("backup"), project.beside("restored"));
    project.json(&["backup", text(&dest)]);
    project.json(&["backup", text(&dest)]);
    assert!(meter(&server, key, 2), "after the backup: lost");
    receiver.wait_until(|received| received.len() == 2);
    drop(server);
    json_of(&chargly(&["restore", text(&dest), "--json", "--data", text(&restored)]));

    let problem = Server::try_start(&restored, &[PRIVATE]).err().expect("the key is not there");
    assert!(problem.contains("--accept-lost-key") && problem.contains("restored.key"), "{problem}");
    let key_file = project.beside("data.key");
    let with_key = [PRIVATE, ("CHARGLY_MASTER_KEY_FILE", text(&key_file))];
    let server = Server::start(&restored, &with_key);
    let listed = server.call("GET", PATH, key, None).json();
    assert_eq!(listed["data"][0]["id"], made["id"]);
    assert!(meter(&server, key, 3));
    let ping = format!("{PATH}/{}/ping", made["id"].as_str().expect("an id"));
    assert_eq!(server.call("POST", &ping, key, Some("{}")).status, 503);
    std::thread::sleep(LOOK_EVERY * 10);
    assert_eq!(receiver.received().len(), 2);
    json_of(&chargly(&["resume-effects", "--env", "test", "--json", "--data", text(&restored)]));
    receiver.wait_until(|received| received.len() == 3);
    drop(server);

    let hex = std::fs::read_to_string(&key_file).expect("readable");
    let server = Server::start(&restored, &[PRIVATE, ("CHARGLY_MASTER_KEY", hex.trim())]);
    assert!(meter(&server, key, 4));
    receiver.wait_until(|received| received.len() == 4);
    drop(server);
    let other = "00".repeat(32);
    let wrong = [PRIVATE, ("CHARGLY_MASTER_KEY", other.as_str())];
    let problem = Server::try_start(&restored, &wrong).err().expect("another key");
    assert!(problem.contains("not the one that they were sealed with"), "{problem}");
    let accepting = [wrong[0], wrong[1], ("CHARGLY_ACCEPT_LOST_KEY", "true")];
    let server = Server::start(&restored, &accepting);
    let listed = server.call("GET", PATH, key, None).json();
    assert_eq!(listed["data"][0]["state"], "disabled");
    let id = made["id"].as_str().expect("an id");
    assert_eq!(server.call("POST", &format!("{PATH}/{id}/rotate"), key, Some("{}")).status, 200);
    assert_eq!(server.call("POST", &format!("{PATH}/{id}/enable"), key, Some("{}")).status, 200);
    assert!(meter(&server, key, 5));
    receiver.wait_until(|received| received.len() == 5);
}

#[test]
fn private_addresses_are_refused_by_a_server_that_was_not_told_otherwise() {
    let (project, receiver) = (Project::begin(), Receiver::start());
    let server = project.serve();
    for url in [receiver.url.as_str(), "https://127.0.0.1/", "https://10.0.0.1/", "http://shop.example/"] {
        let body = json!({"url": url, "types": ["wallet.debited"]}).to_string();
        let answer = server.call("POST", PATH, &project.test_key, Some(&body));
        assert_eq!((answer.status, &answer.json()["errors"][0]["field"]), (400, &json!("url")), "{url}");
    }
    assert!(!project.beside("data.key").exists(), "no key is made before it is needed");
}

#[test]
fn reset_drops_the_endpoints_of_its_environment_and_of_no_other() {
    let (project, receiver) = (Project::begin(), Receiver::start());
    let server = Server::start(&project.data(), &[PRIVATE]);
    for key in [&project.test_key, &project.live_key] {
        endpoint(&server, key, &receiver, &["wallet.debited"]);
    }
    server.stop();
    project.json(&["reset", "test"]);
    let server = Server::start(&project.data(), &[PRIVATE]);
    let count = |key: &str| server.call("GET", PATH, key, None).json()["data"].as_array().map(Vec::len);
    assert_eq!((count(&project.test_key), count(&project.live_key)), (Some(0), Some(1)));
}

#[test]
fn customer_who_is_erased_is_in_no_file_although_webhooks_told_of_them() {
    let (project, receiver) = (Project::begin(), Receiver::start());
    let key = &project.test_key;
    let hers = ["ada-by-server", "ada-by-hand"];
    let server = Server::start(&project.data(), &[PRIVATE]);
    endpoint(&server, key, &receiver, &["wallet.credited"]);
    for customer in hers {
        let path = format!("/v1/customers/{customer}/grants");
        let lot = r#"{"credits":5,"kind":"promotional"}"#;
        assert_eq!(server.call("POST", &path, key, Some(lot)).status, 200);
    }
    receiver.wait_until(|received| received.len() == 2);
    assert!(is_in_ops(&project.data(), hers[0]) && is_in_ops(&project.data(), hers[1]));
    assert_eq!(server.call("DELETE", &format!("/v1/customers/{}", hers[0]), key, None).status, 200);
    assert!(!is_in_ops(&project.data(), hers[0]) && is_in_ops(&project.data(), hers[1]));
    server.stop();
    project.json(&["customers", "erase", hers[1], "--yes"]);
    assert!(!is_in_ops(&project.data(), hers[1]));
}

/// Whether a text is in what is kept beside the journal of *test*.
fn is_in_ops(data: &Path, what: &str) -> bool {
    let files =
        ["ops.db", "ops.db-wal"].map(|name| std::fs::read(data.join("test").join(name)).unwrap_or_default());
    files.iter().any(|bytes| bytes.windows(what.len()).any(|window| window == what.as_bytes()))
}

#[test]
fn cursor_ahead_of_the_journal_is_a_loss_that_has_to_be_accepted() {
    let (project, receiver) = (Project::begin(), Receiver::start());
    let key = &project.test_key;
    let server = Server::start(&project.data(), &[PRIVATE]);
    endpoint(&server, key, &receiver, &["wallet.debited"]);
    let copy = project.beside("copy");
    std::fs::create_dir(&copy).expect("made");
    server.stop();
    let journal = |name: &str| project.data().join("test").join(name);
    for name in ["journal.db", "journal.db-wal", "head"].into_iter().filter(|name| journal(name).exists()) {
        std::fs::copy(journal(name), copy.join(name)).expect("copied");
    }
    let server = Server::start(&project.data(), &[PRIVATE]);
    for number in 0..5 {
        assert!(meter(&server, key, number));
    }
    receiver.wait_until(|received| received.len() == 5);
    server.stop();
    // An older copy of the journal with its witness, and of nothing else; what is derived from it goes, too.
    for name in ["index.db", "views.db", "journal.db-wal", "journal.db-shm"] {
        let _ = std::fs::remove_file(journal(name));
    }
    let _ = std::fs::remove_dir_all(journal("runs"));
    for name in ["journal.db", "journal.db-wal", "head"].into_iter().filter(|name| copy.join(name).exists()) {
        std::fs::copy(copy.join(name), journal(name)).expect("copied");
    }
    let problem = Server::try_start(&project.data(), &[PRIVATE]).err().expect("ahead");
    assert!(
        problem.contains("webhooks were told up to position") && problem.contains("--accept-loss"),
        "{problem}"
    );
    let server = Server::start(&project.data(), &[PRIVATE, ("CHARGLY_ACCEPT_LOSS", "true")]);
    assert!(meter(&server, key, 9));
    receiver.wait_until(|received| received.len() == 6);
    let ids: BTreeSet<_> = receiver.received().into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids.len(), 6);
}

#[test]
fn help_of_serve_tells_the_flags_of_webhooks() {
    let help = said(&chargly(&["serve", "--help"]));
    for flag in ["--webhook-allow-private", "--master-key-file", "--accept-lost-key"] {
        assert!(help.contains(flag), "{help}");
    }
}
