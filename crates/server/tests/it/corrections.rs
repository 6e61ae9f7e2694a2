//! Corrections with the real binary: killed in the middle, and asked for on the command line.

use std::time::Duration;

use crate::support::{Project, Server, call, chargly, client, json_of, said};

const EVENTS: usize = 400;
const FILTER: &str =
    r#""filter":{"event":"chat.reply","from":"2000-01-01T00:00:00Z","to":"2199-01-01T00:00:00Z"}"#;

/// Many events of two customers in *test*, in one batch.
fn meter(server: &Server, key: &str) {
    let define = server.call("PUT", "/v1/event-types/corrected", key, Some(r#"{"credits":8}"#));
    assert_eq!(define.status, 200);
    for customer in ["ada", "bob"] {
        let lot = r#"{"credits":10000,"kind":"paid","price":{"amount":"100","currency":"usd"}}"#;
        let path = format!("/v1/customers/{customer}/grants");
        assert_eq!(server.call("POST", &path, key, Some(lot)).status, 200);
    }
    let event = |i: usize| format!(r#"{{"event":"corrected","customer":"{}"}}"#, ["ada", "bob"][i % 2]);
    let events: Vec<String> = (0..EVENTS).map(event).collect();
    let body = format!("[{}]", events.join(","));
    assert_eq!(server.call("POST", "/v1/events/batch", key, Some(&body)).json()["accepted"], EVENTS);
}

fn available(server: &Server, key: &str, customer: &str) -> i64 {
    let wallet = server.call("GET", &format!("/v1/customers/{customer}/wallet"), key, None).json();
    wallet["available"].as_i64().expect("a whole number")
}

/// Waits until a server has reached its crash point.
fn dies(server: &Server, key: &str) {
    let url = format!("{}/v1/corrections", server.url);
    for _ in 0..1_000 {
        if call(&client(), "GET", &url, key, None).is_err() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("it was to die in the middle of the correction");
}

fn filter() -> String {
    FILTER.replace("chat.reply", "corrected")
}

#[test]
fn a_correction_killed_in_the_middle_again_and_again_changes_each_event_once() {
    let project = Project::begin();
    let key = &project.test_key;
    let server = Server::start(&project.data(), &[("CHARGLY_CRASH_AT", "engine.mid_correction:2")]);
    meter(&server, key);
    let asked = format!(r#"{{{},"action":{{"reprice":{{"rule":{{"type":"flat","credits":5}}}}}}"#, filter());
    let preview = server.call("POST", "/v1/corrections/preview", key, Some(&format!("{asked}}}"))).json();
    assert_eq!(preview["events"], EVENTS);
    let body = format!(r#"{asked},"preview":{},"note":"too dear"}}"#, preview["preview"]);
    let opened = server.call("POST", "/v1/corrections", key, Some(&body));
    assert_eq!(opened.status, 202, "{}", String::from_utf8_lossy(&opened.bytes));
    let id = opened.json()["id"].as_str().expect("an id").to_owned();
    dies(&server, key);
    // Goes on by itself and dies again in the middle of what is left, perhaps before it even says where it listens.
    if let Ok(second) = Server::try_start(&project.data(), &[("CHARGLY_CRASH_AT", "engine.mid_correction:3")])
    {
        dies(&second, key);
    }
    let server = project.serve();
    let state = (0..1_000)
        .map(|_| {
            std::thread::sleep(Duration::from_millis(10));
            server.call("GET", &format!("/v1/corrections/{id}"), key, None).json()
        })
        .find(|state| state["status"] == "done")
        .expect("it ends");
    assert_eq!((&state["events"], &state["returned"]), (&EVENTS.into(), &1_200.into()), "{state}");
    for customer in ["ada", "bob"] {
        assert_eq!(available(&server, key, customer), 10_000 - 1_000);
    }
    server.stop();
    project.verified();
}

#[test]
fn nothing_is_corrected_on_the_command_line_that_nobody_confirmed() {
    let project = Project::begin();
    let server = project.serve();
    let key = &project.test_key;
    meter(&server, key);
    let place = ["--url", server.url.as_str(), "--key", key];
    let range = ["--event", "corrected", "--from", "2000-01-01T00:00:00Z", "--to", "2199-01-01T00:00:00Z"];
    let run = |args: &[&str]| chargly(&[&["corrections"], args, &place].concat());
    let shown = run(&[&["preview", "--reverse"], &range[..]].concat());
    let table = String::from_utf8(shown.stdout).expect("text");
    let row: Vec<&str> = table.lines().nth(1).expect("a row").split_whitespace().collect();
    assert_eq!(row, ["ada", "200", "1600", "0", "-1600", "0"], "{table}");

    let apply = [&["apply", "--reverse", "--note", "not delivered"], &range[..]].concat();
    let unconfirmed = run(&apply);
    assert_eq!(unconfirmed.status.code(), Some(1));
    assert!(said(&unconfirmed).contains("--yes"), "{}", said(&unconfirmed));
    assert_eq!(available(&server, key, "ada"), 10_000 - 1_600);
    let done = json_of(&run(&[&apply[..], &["--yes", "--json"]].concat()));
    assert_eq!((&done["events"], &done["returned"]), (&EVENTS.into(), &3_200.into()));
    assert_eq!(available(&server, key, "ada"), 10_000);
    let without_action = run(&[&["preview"], &range[..]].concat());
    assert_eq!(without_action.status.code(), Some(2), "{}", said(&without_action));
    server.stop();
    project.verified();
}
