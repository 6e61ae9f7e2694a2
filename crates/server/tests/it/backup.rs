//! Backups taken while the server works, brought up to date, and what is restored from them.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::support::{Answer, Project, Server, call, chargly, client, command, json_of, said, text};

#[test]
fn what_is_in_the_backup_is_answered_as_before_and_what_came_after_it_never_happened() {
    let project = Project::begin();
    let server = project.serve();
    let (dest, restored) = (project.beside("backup"), project.beside("restored"));
    let key = &project.test_key;
    grant_some(&server, key);

    let before = send(&server, key, "before", 150);
    project.json(&["backup", text(&dest)]);
    let later = send(&server, key, "later", 50);
    let stop = AtomicBool::new(false);
    let (backup, during) = std::thread::scope(|scope| {
        let sending = scope.spawn(|| {
            let mut sent = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                sent.extend(send(&server, key, &format!("during-{}", sent.len()), 5));
            }
            sent
        });
        let backup = project.json(&["backup", text(&dest)]);
        stop.store(true, Ordering::Relaxed);
        (backup, sending.join().expect("no panic"))
    });
    let lost = send(&server, key, "lost", 60);
    let cursor = server.call("GET", "/v1/events?limit=5", key, None).json()["next_cursor"].clone();
    drop(server);

    let output = chargly(&["restore", text(&dest), "--json", "--data", text(&restored)]);
    assert_eq!(json_of(&output)["facts"], backup["facts"]);
    let verified = json_of(&chargly(&["verify", "--env", "test", "--json", "--data", text(&restored)]));
    assert_eq!(verified["facts"], backup["facts"]["test"]);

    let server = Server::start(&restored, &[]);
    let is_known = |sent: &Sent| {
        let path = format!("/v1/events/{}", sent.id());
        server.call("GET", &path, key, None).status
    };
    assert!(lost.iter().filter(|sent| sent.is_charged()).all(|sent| is_known(sent) == 404));
    let cursor = format!("/v1/events?limit=5&cursor={}", cursor.as_str().expect("a cursor"));
    assert_eq!(server.call("GET", &cursor, key, None).status, 410);

    // In the order in which they were sent, so that the same facts come to stand in the same places.
    for sent in before.iter().chain(&later).chain(&during).chain(&lost) {
        let again = server.call("POST", "/v1/events", key, Some(&sent.body));
        if again.is_replay {
            assert_eq!(
                (again.status, &again.bytes),
                (sent.answer.status, &sent.answer.bytes),
                "{}",
                sent.body
            );
            assert!(!sent.is("lost"), "it was sent after the backup: {}", sent.body);
        } else {
            assert!(sent.is("lost") || sent.is("during"), "it was answered before the backup: {}", sent.body);
            assert!(!sent.is_charged() || again.json()["id"] != sent.answer.json()["id"], "{}", sent.body);
        }
    }
    assert!(lost.iter().filter(|sent| sent.is_charged()).all(|sent| is_known(sent) == 404));
    assert!(before.iter().filter(|sent| sent.is_charged()).all(|sent| is_known(sent) == 200));
    for part in [&before, &later, &lost] {
        let charged = part.iter().filter(|sent| sent.is_charged()).count();
        assert!(charged > 0 && charged < part.len(), "{charged} of {} were charged", part.len());
    }
    drop(server);
    json_of(&chargly(&["verify", "--env", "test", "--json", "--data", text(&restored)]));
}

#[test]
fn a_backup_that_is_there_gets_what_came_since_and_can_be_verified_as_it_is() {
    let project = Project::begin();
    let dest = project.beside("backup");
    let first = project.json(&["backup", text(&dest)]);
    assert_eq!(first["new"], first["facts"]);
    let server = project.serve();
    grant_some(&server, &project.test_key);
    send(&server, &project.test_key, "more", 30);
    let second = project.json(&["backup", text(&dest)]);
    let count = |backup: &Value, what: &str| backup[what]["test"].as_u64().expect("a number");
    assert_eq!(count(&second, "new"), count(&second, "facts") - count(&first, "facts"));
    assert!(count(&second, "new") > 30);
    drop(server);
    let third = project.json(&["backup", text(&dest)]);
    assert_eq!(count(&third, "new"), count(&third, "facts") - count(&second, "facts"));
    let verified = chargly(&["verify", "--env", "test", "--json", "--data", text(&dest)]);
    assert_eq!(json_of(&verified)["facts"], third["facts"]["test"]);
}

#[test]
fn a_backup_cut_off_in_the_middle_leaves_the_former_one_and_can_be_repeated() {
    let project = Project::begin();
    let (dest, data) = (project.beside("backup"), project.data());
    let cut_off = || {
        let mut backup = command(&["backup", text(&dest), "--data", text(&data)]);
        let output = backup.env("CHARGLY_CRASH_AT", "backup.mid_copy:1").output().expect("it runs");
        assert!(said(&output).contains("backup.mid_copy reached"), "{}", said(&output));
    };
    cut_off();
    let refused = chargly(&["restore", text(&dest), "--data", text(&project.beside("none"))]);
    assert!(said(&refused).contains("the first backup into it was cut off"), "{}", said(&refused));
    let first = project.json(&["backup", text(&dest)]);

    project.json(&["keys", "create", "--label", "Another"]);
    cut_off();
    let restored = project.beside("restored");
    let output = chargly(&["restore", text(&dest), "--json", "--data", text(&restored)]);
    assert_eq!(json_of(&output)["facts"], first["facts"]);
    let second = project.json(&["backup", text(&dest)]);
    assert!(second["facts"]["test"].as_u64() > first["facts"]["test"].as_u64());
}

#[test]
fn a_backup_of_another_history_is_refused_and_names_both_positions() {
    let project = Project::begin();
    let (dest, restored) = (project.beside("backup"), project.beside("restored"));
    project.json(&["backup", text(&dest)]);
    json_of(&chargly(&["restore", text(&dest), "--json", "--data", text(&restored)]));
    // Both go on by themselves.
    json_of(&chargly(&["keys", "create", "--label", "Its own", "--json", "--data", text(&restored)]));
    project.json(&["keys", "create", "--label", "Another"]);
    let facts = &project.json(&["backup", text(&dest)])["facts"]["test"];
    let output = chargly(&["backup", text(&dest), "--data", text(&restored)]);
    assert_eq!(output.status.code(), Some(1));
    let words = said(&output);
    assert!(words.contains("is a copy of another history"), "{words}");
    assert!(words.contains(&format!("ends at position {facts}")), "{words}");

    let other = Project::begin();
    let output = other.run(&["backup", text(&dest)]);
    assert!(said(&output).contains(&format!("is a backup of {}", project.id)), "{}", said(&output));
}

#[test]
fn a_backup_and_a_restore_refuse_a_directory_with_something_else_in_it() {
    let project = Project::begin();
    let (dest, other) = (project.beside("backup"), project.beside("other"));
    project.json(&["backup", text(&dest)]);
    std::fs::create_dir(&other).expect("made");
    std::fs::write(other.join("something"), "else").expect("written");
    for output in [
        project.run(&["backup", text(&other)]),
        project.run(&["backup", text(&project.data())]),
        project.run(&["restore", text(&dest)]),
        chargly(&["restore", text(&dest), "--data", text(&dest)]),
    ] {
        assert_eq!(output.status.code(), Some(1));
        assert!(said(&output).contains("is not an empty directory"), "{}", said(&output));
    }
    let output = chargly(&["restore", text(&project.data()), "--data", text(&project.beside("new"))]);
    assert!(said(&output).contains("is not a backup"), "{}", said(&output));
}

#[test]
fn nobody_but_backup_writes_to_a_backup() {
    let project = Project::begin();
    let dest = project.beside("backup");
    project.json(&["backup", text(&dest)]);
    for write in
        [&["serve", "--listen", "127.0.0.1:0"][..], &["rebuild"], &["keys", "create", "--label", "x"]]
    {
        let output = chargly(&[write, &["--data", text(&dest)]].concat());
        assert_eq!(output.status.code(), Some(1), "{write:?}");
        assert!(said(&output).contains("is a backup; nothing was written"), "{write:?}: {}", said(&output));
    }
}

#[test]
fn a_backup_without_its_last_file_is_not_taken_for_one() {
    let project = Project::begin();
    let (dest, restored) = (project.beside("backup"), project.beside("restored"));
    project.json(&["backup", text(&dest)]);
    for file in ["project.json", "backup.json"] {
        std::fs::remove_file(dest.join(file)).expect("removed");
        let output = chargly(&["restore", text(&dest), "--data", text(&restored)]);
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(!restored.exists());
    }
}

#[test]
fn what_reaches_outside_is_paused_by_a_restore_until_it_is_resumed() {
    let project = Project::begin();
    let (dest, restored) = (project.beside("backup"), project.beside("restored"));
    project.json(&["backup", text(&dest)]);
    json_of(&chargly(&["restore", text(&dest), "--json", "--data", text(&restored)]));
    let effects = |data: &Path| {
        let note = std::fs::read_to_string(data.join("live/restored")).unwrap_or_default();
        ["paused", "resumed"].into_iter().find(|word| note.contains(&format!("effects={word} ")))
    };
    assert_eq!((effects(&project.data()), effects(&restored)), (None, Some("paused")));
    let resume = || {
        json_of(&chargly(&["resume-effects", "--env", "live", "--json", "--data", text(&restored)]))["resumed"]
            .clone()
    };
    assert_eq!((resume(), effects(&restored)), (true.into(), Some("resumed")));
    assert_eq!((resume(), effects(&restored)), (false.into(), Some("resumed")));
    assert_eq!(project.json(&["resume-effects", "--env", "live"])["resumed"], false);
}

/// A request and its answer.
struct Sent {
    body: String,
    answer: Answer,
}

impl Sent {
    fn is(&self, prefix: &str) -> bool {
        self.body.contains(&format!(r#""{prefix}-"#))
    }

    fn is_charged(&self) -> bool {
        self.answer.status == 200
    }

    fn id(&self) -> String {
        self.answer.json()["id"].as_str().expect("an id").to_owned()
    }
}

/// The customers c0 and c1 get more credits than are ever needed; the others have none.
fn grant_some(server: &Server, key: &str) {
    for customer in ["c0", "c1"] {
        let lot = json!({"credits": 1_000_000, "kind": "promotional", "idempotency_key": "lot"}).to_string();
        let path = format!("/v1/customers/{customer}/grants");
        assert_eq!(server.call("POST", &path, key, Some(&lot)).status, 200);
    }
}

/// Meters events, of which some are charged and some refused.
fn send(server: &Server, key: &str, prefix: &str, count: u32) -> Vec<Sent> {
    let client = client();
    let url = format!("{}/v1/events", server.url);
    (0..count)
        .map(|number| {
            let body = json!({"event": "workflow.step", "customer": format!("c{}", number % 3),
                "idempotency_key": format!("{prefix}-{number}")})
            .to_string();
            let answer = call(&client, "POST", &url, key, Some(&body)).expect("an answer");
            assert!([200, 402].contains(&answer.status), "{}", String::from_utf8_lossy(&answer.bytes));
            Sent { body, answer }
        })
        .collect()
}
