//! `chargly prices`: a file of prices, in a data directory and through a server.

use serde_json::{Value, json};

use crate::support::{Project, Server, chargly, json_of, said, text};

/// Runs `prices` on a place and reads what it prints.
fn prices(place: &[&str], args: &[&str]) -> Value {
    json_of(&chargly(&[&["prices"], args, place, &["--json"]].concat()))
}

fn changes(of: &Value) -> Vec<(String, String, String)> {
    let words = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let line = |c: &Value| (words(&c["event"]), words(&c["before"]), words(&c["after"]));
    of["changes"].as_array().expect("a list").iter().map(line).collect()
}

fn told(event: &str, before: &str, after: &str) -> (String, String, String) {
    (event.to_owned(), before.to_owned(), after.to_owned())
}

/// Exports, changes the file, looks, publishes, and publishes again.
fn keep_in_a_file(project: &Project, place: &[&str]) {
    let path = project.beside("prices.toml");
    let file = text(&path);
    prices(place, &["export", "--out", file]);
    assert_eq!(changes(&prices(place, &["import", file, "--yes"])), []);

    let exported = std::fs::read_to_string(&path).expect("a file");
    let changed = exported.replacen("credits = \"12\"", "credits = \"13.5\"", 1).replace(
        "[event_types.\"workflow.step\"]",
        "[event_types.video.rule]\ntype = \"cost_plus\"\nmultiplier = \"1000\"\nminimum = \"3\"\n\n[event_types.\"workflow.step\"]",
    );
    let changed = changed.replace("label = \"Chat reply\"", "label = \"Answer\"");
    std::fs::write(&path, changed).expect("written");
    let expected = [
        told("ai.summary", "12 credits", "13.5 credits"),
        told("chat.reply", "label \"Chat reply\"", "label \"Answer\""),
        told("video", "", "label \"video\""),
        told("video", "", "the provider's cost × 1,000, rounded up to a whole credit, at least 3 credits"),
    ];
    let looked = prices(place, &["import", file, "--dry-run"]);
    assert_eq!((changes(&looked), &looked["published"]), (expected.to_vec(), &json!(false)));
    let output = chargly(&[&["prices", "import", file], place].concat());
    assert!(!output.status.success(), "nobody was asked: {}", said(&output));

    let published = prices(place, &["import", file, "--yes", "--note", "Spring"]);
    assert_eq!((changes(&published), &published["published"]), (expected.to_vec(), &json!(true)));
    let again = prices(place, &["import", file, "--yes"]);
    assert_eq!((changes(&again), &again["published"]), (Vec::new(), &json!(false)));
    let once_more = project.beside("again.toml");
    prices(place, &["export", "--out", text(&once_more)]);
    let read = std::fs::read_to_string(once_more).expect("a file");
    assert!(read.contains("credits = \"13.5\"") && read.contains("multiplier = \"1000\""), "{read}");

    std::fs::write(&path, "[event_types.\"chat.reply\"]\nlabel = \"Answer\"\n").expect("written");
    let left = prices(place, &["import", file, "--dry-run"]);
    assert_eq!(
        changes(&left),
        [told("chat.reply", "description \"One answer of the assistant.\"", "description \"\"")]
    );
    assert_eq!(left["not_in_file"].as_array().map(Vec::len), Some(5));
}

#[test]
fn prices_are_kept_in_a_file_and_published_from_it_in_a_directory() {
    let project = Project::begin();
    let data = project.data();
    keep_in_a_file(&project, &["--data", text(&data)]);
    project.verified();
}

#[test]
fn prices_are_kept_in_a_file_and_published_from_it_through_a_server() {
    let project = Project::begin();
    let server = project.serve();
    let args = ["--url", &server.url, "--key", &project.test_key];
    keep_in_a_file(&project, &args);
    let list = server.call("GET", "/v1/event-types/ai.summary/prices", &project.test_key, None).json();
    assert_eq!((&list["data"][0]["note"], &list["data"][0]["version"]), (&json!("Spring"), &json!(2)));
}

#[test]
fn prices_of_test_are_brought_to_live_by_a_file() {
    let project = Project::begin();
    let data = project.data();
    let path = project.beside("prices.toml");
    prices(&["--data", text(&data)], &["export", "--out", text(&path)]);
    let live = ["--data", text(&data), "--env", "live"];
    let published = prices(&live, &["import", text(&path), "--yes"]);
    assert_eq!(changes(&published).len(), 10);
    let server = Server::start(&data, &[]);
    let event = r#"{"event":"chat.reply","customer":"a"}"#;
    let quoted = server.call("POST", "/v1/quote", &project.live_key, Some(event)).json();
    assert_eq!(quoted["credits"], json!(8));
}

#[test]
fn file_that_is_not_understood_changes_nothing_and_says_where_it_is_wrong() {
    let project = Project::begin();
    let path = project.beside("prices.toml");
    std::fs::write(&path, "[event_types.\"chat.reply\"]\nrule = { type = \"flat\", credits = 0.5 }\n")
        .expect("written");
    let output = project.run(&["prices", "import", text(&path), "--yes"]);
    assert_eq!(output.status.code(), Some(1));
    let said = said(&output);
    assert!(said.contains("chat.reply") && said.contains("credits = \"0.5\""), "{said}");
}
