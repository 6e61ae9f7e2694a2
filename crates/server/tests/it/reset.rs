//! `reset` empties an environment and keeps its living keys.

use crate::support::{Project, said};

#[test]
fn reset_test_keeps_living_keys_and_nothing_else() {
    let project = Project::begin();
    let made = |label: &str| project.json(&["keys", "create", "--label", label, "--scopes", "read"]);
    let (kept, revoked) = (made("Kept"), made("Revoked"));
    project.json(&["keys", "revoke", revoked["id"].as_str().expect("an id")]);

    assert_eq!(project.json(&["reset", "test"])["keys"], 2);
    assert_eq!(project.verified()["wallets"], 0);
    let server = project.serve();
    let status = |key: &str| server.call("GET", "/v1/event-types", key, None);
    assert_eq!(status(&project.test_key).json()["data"], serde_json::json!([]));
    assert_eq!(status(kept["secret"].as_str().expect("a secret")).status, 200);
    assert_eq!(status(revoked["secret"].as_str().expect("a secret")).status, 401);
    let forbidden =
        server.call("PUT", "/v1/event-types/x", kept["secret"].as_str().expect("a secret"), Some("{}"));
    assert_eq!(forbidden.status, 403, "scopes are kept, too");
    assert_eq!(status(&project.live_key).status, 200, "live is untouched");
}

#[test]
fn live_is_reset_only_when_its_project_is_typed() {
    let project = Project::begin();
    for typed in [&["reset", "live"][..], &["reset", "live", "--yes-delete-live", "live"]] {
        let refused = project.run(typed);
        assert_eq!(refused.status.code(), Some(1), "{typed:?}");
        assert!(said(&refused).contains(&project.id), "it says what to type");
    }
    assert_eq!(project.json(&["reset", "live", "--yes-delete-live", &project.id])["keys"], 1);
}

#[test]
fn a_reset_that_was_cut_off_is_completed_by_the_next_start() {
    let project = Project::begin();
    let data = project.data();
    std::fs::rename(data.join("test"), data.join("test.fresh")).expect("as if it had been made");
    let server = project.serve();
    assert_eq!(server.call("GET", "/v1/event-types", &project.test_key, None).status, 200);
    assert!(!data.join("test.fresh").exists());
    drop(server);

    // Cut off a step later: the old one is not thrown away yet.
    std::fs::create_dir(data.join("test.dropped")).expect("as if it had been moved");
    std::fs::write(data.join("test.dropped/journal.db"), b"old").expect("as if it had been moved");
    assert_eq!(project.json(&["reset", "test"])["keys"], 1);
    assert!(!data.join("test.dropped").exists());
}
