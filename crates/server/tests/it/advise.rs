//! `advise`: a loss is found, shown, applied and taken back, in a data directory and through a server; and what the pages
//! about advice print does what they say.

use serde_json::Value;

use crate::docs::{Printed, printed};
use crate::support::{Project, Server, chargly, json_of, said};

/// Sells an event type below its cost: 1 credit of 2 cents, for 4 cents each. The loss is a sum, so that nothing has to be
/// waited for.
fn sell_at_a_loss(server: &Server, key: &str, event: &str) {
    let path = format!("/v1/event-types/{event}");
    assert_eq!(server.call("PUT", &path, key, Some(r#"{"credits":1}"#)).status, 200);
    for customer in ["ada", "bob", "cyd"] {
        let lot = r#"{"credits":1000,"kind":"paid","price":{"amount":"20","currency":"usd"}}"#;
        let path = format!("/v1/customers/{customer}/grants");
        assert_eq!(server.call("POST", &path, key, Some(lot)).status, 200);
        for _ in 0..5 {
            let one = format!(
                r#"{{"event":"{event}","customer":"{customer}","cost":{{"amount":"0.04","currency":"usd"}}}}"#
            );
            assert_eq!(server.call("POST", "/v1/events", key, Some(&one)).status, 200);
        }
    }
}

/// Looks, and waits for the end.
fn look(server: &Server, key: &str) -> Value {
    let path = "/v1/recommendations/look";
    assert_eq!(server.call("POST", path, key, Some("{}")).status, 202);
    (0..1_000)
        .map(|_| {
            std::thread::sleep(std::time::Duration::from_millis(10));
            server.call("GET", path, key, None).json()
        })
        .find(|look| !matches!(look["status"].as_str(), Some("queued" | "running")))
        .expect("it ends")
}

fn price_of(server: &Server, key: &str, event: &str) -> Value {
    let prices = server.call("GET", &format!("/v1/event-types/{event}/prices"), key, None).json();
    prices["data"][0]["rule"]["credits"].clone()
}

#[test]
fn a_loss_is_found_shown_applied_and_taken_back_through_a_server() {
    let project = Project::begin();
    let server = project.serve();
    let key = &project.test_key;
    sell_at_a_loss(&server, key, "sold.low");
    let place = ["--url", server.url.as_str(), "--key", key];
    let advise = |args: &[&str]| chargly(&[&["advise"], args, &place].concat());

    let dry = json_of(&advise(&["--dry-run", "--event", "sold.low", "--json"]));
    assert_eq!(dry["recommendations"][0]["kind"], "loss_making", "{dry}");
    assert_eq!(dry["look"]["made"], serde_json::json!([]));
    assert!(said(&advise(&["list"])).contains("No advice yet"));

    let shown = String::from_utf8(advise(&["--event", "sold.low"]).stdout).expect("text");
    for part in [
        "sold.low loses money: 1 →",
        "What\n",
        "Why\n",
        "you lose",
        "Confidence\n",
        "Exact: ",
        "If you do\n",
        "If you do not\n",
        "Who is hit\n",
        "What could make this wrong\n",
        "Check yourself\n",
        "chargly simulate --event sold.low --credits",
        "chargly advise apply rec_",
        "breaks even at 2 credits",
        "1 piece of advice is new.",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(
        shown
            .lines()
            .all(|line| line.chars().count() <= 100 || line.contains("chargly ") || line.contains("GET "))
    );

    let listed = json_of(&advise(&["list", "--status", "pending", "--event", "sold.low", "--json"]));
    let id = listed[0]["id"].as_str().expect("an id").to_owned();
    let one = said(&advise(&["show", &id]));
    assert!(one.contains("The arithmetic") && one.contains("Break-even: C × K ÷ (Q × V)"), "{one}");
    // What bills rise by has to be told first: a notice is asked for.
    let unsaid = advise(&["apply", &id]);
    assert_eq!(unsaid.status.code(), Some(1));
    assert!(said(&unsaid).contains("notice_days"), "{}", said(&unsaid));
    let applied = said(&advise(&["apply", &id, "--notice-days", "0", "--reason", "dear model"]));
    assert!(applied.contains("Applied: sold.low costs"), "{applied}");
    assert_ne!(price_of(&server, key, "sold.low"), 1);
    let back = said(&advise(&["roll-back", &id]));
    assert!(back.contains("Rolled back: sold.low"), "{back}");
    assert_eq!(price_of(&server, key, "sold.low"), 1);
    assert!(said(&advise(&["track-record"])).contains("0 claims have come out"));
    let unknown = advise(&["show", "rec_0"]);
    assert_eq!(unknown.status.code(), Some(1), "{}", said(&unknown));
    server.stop();
    project.verified();
}

#[test]
fn a_data_directory_advises_what_its_server_does() {
    let project = Project::begin();
    let server = project.serve();
    let key = &project.test_key;
    sell_at_a_loss(&server, key, "sold.low");
    let place = ["--url", server.url.as_str(), "--key", key];
    let there = json_of(&chargly(&[&["advise", "--dry-run", "--seed", "7", "--json"], &place[..]].concat()));
    let busy = project.run(&["advise"]);
    assert_eq!(busy.status.code(), Some(1), "a server uses the directory: {}", said(&busy));
    server.stop();

    let here = project.json(&["advise", "--dry-run", "--seed", "7"]);
    let (here, there) = (&here["recommendations"][0], &there["recommendations"][0]);
    for figure in
        ["kind", "event", "probability", "recommended_credits", "estimated_lift", "evidence", "needs"]
    {
        assert_eq!(here[figure], there[figure], "{figure}");
    }
    let made = project.json(&["advise", "--event", "sold.low"]);
    let id = made["recommendations"][0]["id"].as_str().expect("an id").to_owned();
    assert_eq!(project.json(&["advise", "show", &id])["recommendation"]["id"], id.as_str());
    let rejected = project.json(&["advise", "reject", &id, "--reason", "on purpose"]);
    assert_eq!(
        (&rejected["status"], &rejected["decision"]["reason"]),
        (&"rejected".into(), &"on purpose".into())
    );
    let again = project.run(&["advise", "reject", &id]);
    assert_eq!(again.status.code(), Some(1), "{}", said(&again));
    // What was turned down on the same figures is not said again.
    assert_eq!(project.json(&["advise", "--event", "sold.low"])["recommendations"], serde_json::json!([]));
    assert_eq!(project.json(&["advise", "list", "--status", "rejected"])[0]["id"], id.as_str());
    project.verified();
}

#[test]
fn what_makes_no_sense_ends_with_2() {
    let project = Project::begin();
    for args in [
        &["advise", "--event", "no.such"][..],
        &["advise", "list", "--event", "no.such"],
        &["advise", "--seed", "x"],
        &["advise", "apply"],
        &["advise", "rise"],
    ] {
        let output = project.run(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", said(&output));
    }
}

/// Sends what a page prints, about advice on an event type of its own where it decides.
pub(crate) fn all_succeed(page: &str, server: &Server, key: &str) -> usize {
    let calls = printed(page);
    for (index, Printed { method, path, body }) in calls.iter().enumerate() {
        let path = match path.contains("rec_…") {
            true => path.replace("rec_…", &advised(server, key, &format!("sold.low_{index}"), path)),
            false => path.clone(),
        };
        let answer = server.call(method, &path, key, body.as_deref());
        let expected = if method == "POST" && path.ends_with("/look") { 202 } else { 200 };
        assert_eq!(answer.status, expected, "{method} {path}: {}", String::from_utf8_lossy(&answer.bytes));
    }
    calls.len()
}

/// Fresh advice; applied already where the path takes it back.
fn advised(server: &Server, key: &str, event: &str, path: &str) -> String {
    sell_at_a_loss(server, key, event);
    look(server, key);
    let open = format!("/v1/recommendations?event={event}&status=pending");
    let id =
        server.call("GET", &open, key, None).json()["data"][0]["id"].as_str().expect("advice").to_owned();
    if path.ends_with("/roll-back") {
        let apply = format!("/v1/recommendations/{id}/apply");
        assert_eq!(server.call("POST", &apply, key, Some(r#"{"notice_days":0}"#)).status, 200);
    }
    id
}

#[test]
fn every_call_of_the_guide_to_advice_succeeds_as_printed() {
    let project = Project::begin();
    let server = project.serve();
    let page = include_str!("../../../../docs/guides/pricing-advisor.md");
    let calls = all_succeed(page, &server, &project.test_key);
    assert!(calls >= 6, "{calls} calls found");
}
