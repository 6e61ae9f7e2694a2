//! Rate cards, in a data directory and through a server.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::{Project, Server, chargly, json_of, said, text};

/// A list of two models in the shape of the package `litellm`, as if that was unpacked here.
fn list(project: &Project, version: &str, output_rate: &str) -> PathBuf {
    let package = project.beside(version).join("litellm");
    fs::create_dir_all(&package).expect("made");
    let metadata = package.with_file_name(format!("litellm-{version}.dist-info"));
    fs::create_dir_all(&metadata).expect("made");
    fs::write(metadata.join("METADATA"), format!("Name: litellm\nVersion: {version}\n")).expect("written");
    let list = json!({
        "acme/writer-1": {"litellm_provider": "acme", "input_cost_per_pixel": 1, "output_cost_per_token": "RATE"},
        "painter-1": {"litellm_provider": "brush", "output_cost_per_image": 0.04},
    });
    let file = package.join("prices.json");
    fs::write(&file, list.to_string().replace("\"RATE\"", output_rate)).expect("written");
    file
}

/// Runs `rate-cards` through a server.
fn through(server: &Server, key: &str, args: &[&str]) -> Value {
    json_of(&chargly(&[&["rate-cards"], args, &["--url", &server.url, "--key", key, "--json"]].concat()))
}

#[test]
fn list_is_imported_into_a_directory_and_then_only_what_changed() {
    let project = Project::begin();
    let first = list(&project, "1.0", "1e-05");
    let import =
        |file: &PathBuf, more: &[&str]| project.run(&[&["rate-cards", "import", text(file)], more].concat());
    let dry = import(&first, &["--dry-run"]);
    assert!(said(&dry).contains("litellm 1.0: 2 models new, 0 changed, 0 unchanged"), "{}", said(&dry));
    assert!(said(&dry).contains("input_cost_per_pixel"), "what is left out is told: {}", said(&dry));
    assert_eq!(project.json(&["rate-cards", "list"])["data"], json!([]));

    let unasked = import(&first, &[]);
    assert_eq!(unasked.status.code(), Some(2), "nobody is there to be asked: {}", said(&unasked));
    let done = import(&first, &["--yes", "--provider", "acme"]);
    assert!(said(&done).contains("published the rates of 1 models as card 1"), "{}", said(&done));

    let second = list(&project, "1.1", "0.00002");
    let done = json_of(&import(&second, &["--yes", "--json"]));
    assert_eq!((&done["cards"], &done["report"]["added"]), (&json!([2]), &json!(1)));
    assert_eq!(done["report"]["changed"][0]["before"][0]["rate"], "0.00001");
    let again = import(&second, &["--yes"]);
    assert!(said(&again).contains("0 models new, 0 changed, 2 unchanged"), "{}", said(&again));

    let cards = project.json(&["rate-cards", "list"]);
    assert_eq!(cards["data"][0]["source"], "litellm 1.1");
    let shown = project.run(&["rate-cards", "show", "acme/writer-1"]);
    assert!(said(&shown).contains("output_tokens 0.00002"), "{}", said(&shown));
    let missing = project.run(&["rate-cards", "show", "acme/nobody"]);
    assert_eq!(missing.status.code(), Some(1));
    project.verified();
}

#[test]
fn list_is_imported_through_a_server_and_costs_what_comes_after() {
    let project = Project::begin();
    let file = list(&project, "2.0", "1e-05");
    let server = project.serve();
    let key = &project.test_key;
    let import = |more: &[&str]| through(&server, key, &[&["import", text(&file)], more].concat());
    assert_eq!(import(&["--dry-run"])["report"]["added"], 2);
    assert_eq!(import(&["--yes", "--list-version", "2.0-ours"])["cards"], json!([1]));
    assert_eq!(import(&["--yes"])["report"]["unchanged"], 2);
    assert_eq!(through(&server, key, &["list"])["data"][0]["source"], "litellm 2.0-ours");
    assert_eq!(through(&server, key, &["show", "brush/painter-1"])["rates"][0]["rate"], "0.04");

    let event = r#"{"event":"image.generate","customer":"demo_user",
        "cost":{"provider":"brush","model":"painter-1","images":3}}"#;
    let id = server.call("POST", "/v1/events", key, Some(event)).json()["id"].clone();
    let path = format!("/v1/events/{}", id.as_str().expect("an id"));
    let cost = server.call("GET", &path, key, None).json()["cost"].clone();
    assert_eq!(
        (&cost["amount"], &cost["source"], &cost["card"]),
        (&json!("0.12"), &json!("rate_card"), &json!(1))
    );
    assert_eq!(import(&["--yes", "--effective-at", "2026-01-01T00:00:00Z"])["report"]["added"], 2);

    let event = r#"{"event":"image.generate","customer":"demo_user",
        "cost":{"provider":"acme","model":"writer-1","output_tokens":1000}}"#;
    server.call("POST", "/v1/events", key, Some(event));
    let dearer = list(&project, "2.1", "2e-05");
    let place = ["--url", &server.url, "--key", key];
    let dry = chargly(&[&["rate-cards", "import", text(&dearer), "--dry-run"], &place[..]].concat());
    let words = "costs 0.01 usd now and 0.02 usd then: the margin changes by -0.01 usd";
    assert!(said(&dry).contains(words), "{}", said(&dry));
}

#[test]
fn what_is_no_list_is_told_so() {
    let project = Project::begin();
    let file = project.beside("list.json");
    for (bytes, words) in [("[]", "neither the price map of litellm"), ("{", "EOF"), ("hello", "neither")] {
        fs::write(&file, bytes).expect("written");
        let output = project.run(&["rate-cards", "import", text(&file), "--yes"]);
        assert_eq!(output.status.code(), Some(1));
        assert!(said(&output).contains(words), "{}", said(&output));
    }
    let output = project.run(&["rate-cards", "import", "litellm.whl", "--yes"]);
    assert!(said(&output).contains("Unpack it"), "{}", said(&output));
}
