//! Keys, in a data directory and through a server.

use crate::support::{Project, chargly, json_of, said};

#[test]
fn keys_are_made_rotated_and_revoked_in_a_directory() {
    let project = Project::begin();
    let made = project.json(&["keys", "create", "--label", "Worker", "--scopes", "meter,read"]);
    assert_eq!(made["scopes"], serde_json::json!(["meter", "read"]));
    let rotated = project.json(&["keys", "rotate", made["id"].as_str().expect("an id"), "--overlap-s", "0"]);
    assert_ne!(rotated["secret"], made["secret"]);

    let listed = project.json(&["keys", "list"]);
    let states: Vec<_> =
        listed["data"].as_array().expect("a list").iter().map(|k| (&k["label"], &k["state"])).collect();
    let expected = [("First key", "alive"), ("Worker", "revoked"), ("Worker", "alive")];
    assert_eq!(
        states,
        expected
            .map(|(label, state)| (label.into(), state.into()))
            .iter()
            .map(|(l, s)| (l, s))
            .collect::<Vec<(&serde_json::Value, &serde_json::Value)>>()
    );
    assert!(
        !listed.to_string().contains(made["secret"].as_str().expect("a secret")),
        "secrets are shown once"
    );

    let server = project.serve();
    let status = |key: &serde_json::Value| {
        server.call("GET", "/v1/event-types", key.as_str().expect("a key"), None).status
    };
    assert_eq!((status(&made["secret"]), status(&rotated["secret"])), (401, 200));
}

#[test]
fn keys_are_made_rotated_and_revoked_through_a_server() {
    let project = Project::begin();
    let server = project.serve();
    let keys = |args: &[&str]| {
        json_of(&chargly(
            &[&["keys"], args, &["--url", &server.url, "--key", &project.test_key, "--json"]].concat(),
        ))
    };
    let made = keys(&["create", "--label", "Worker", "--scopes", "read"]);
    let rotated = keys(&["rotate", made["id"].as_str().expect("an id"), "--overlap-s", "3600"]);
    let status = |key: &serde_json::Value| {
        server.call("GET", "/v1/event-types", key.as_str().expect("a key"), None).status
    };
    assert_eq!(
        (status(&made["secret"]), status(&rotated["secret"])),
        (200, 200),
        "both are good for a while"
    );
    keys(&["revoke", rotated["id"].as_str().expect("an id")]);
    assert_eq!(status(&rotated["secret"]), 401);
    let states: Vec<_> = keys(&["list"])["data"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|key| key["state"].to_string())
        .collect();
    assert_eq!(states, ["\"alive\"", "\"ending\"", "\"revoked\""]);
}

#[test]
fn a_key_that_is_not_there_is_told_so() {
    let project = Project::begin();
    let output = project.run(&["keys", "revoke", "key_00000000000000000000"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("there is no key"), "{}", said(&output));
    let output = chargly(&["keys", "list", "--url", "http://127.0.0.1:1"]);
    assert_eq!(output.status.code(), Some(2), "a key is needed: {}", said(&output));
}
