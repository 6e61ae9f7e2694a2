//! Erasing a customer with the real binary: through a server and in a directory, across backup, restore and rebuild.

use std::path::{Path, PathBuf};

use crate::support::{Project, Server, chargly, json_of, said, text};

const HERS: &str = "ada-lovelace";

/// Meters a few events of two customers in *test*.
fn meter(server: &Server, key: &str) {
    for customer in [HERS, "bob"] {
        let path = format!("/v1/customers/{customer}/grants");
        let lot = format!(r#"{{"credits":1000,"kind":"promotional","reason":"{customer} asked"}}"#);
        assert_eq!(server.call("POST", &path, key, Some(&lot)).status, 200);
        for number in 0..5 {
            assert_eq!(meter_one(server, key, customer, number), 200);
        }
    }
}

fn meter_one(server: &Server, key: &str, customer: &str, number: u32) -> u16 {
    let body = format!(
        r#"{{"event":"chat.reply","customer":"{customer}","idempotency_key":"{customer}-{number}","properties":{{"who":"{customer}"}}}}"#
    );
    server.call("POST", "/v1/events", key, Some(&body)).status
}

/// Files below a directory that have her id in them.
fn files_with_her(dir: &Path) -> Vec<PathBuf> {
    let has = |bytes: Vec<u8>| bytes.windows(HERS.len()).any(|window| window == HERS.as_bytes());
    let entries = std::fs::read_dir(dir).expect("a directory").map(|entry| entry.expect("an entry").path());
    entries
        .flat_map(|path| match path.is_dir() {
            true => files_with_her(&path),
            false if has(std::fs::read(&path).unwrap_or_default()) => vec![path],
            false => Vec::new(),
        })
        .collect()
}

fn exported(project: &Project, what: &str) -> String {
    let output = project.run(&["export", what, "--env", "test"]);
    assert!(output.status.success(), "{}", said(&output));
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn a_customer_erased_through_a_server_stays_so_across_backup_restore_and_rebuild() {
    let project = Project::begin();
    let server = project.serve();
    meter(&server, &project.test_key);
    let erased = json_of(&chargly(&[
        "customers",
        "erase",
        HERS,
        "--yes",
        "--json",
        "--url",
        &server.url,
        "--key",
        &project.test_key,
    ]));
    assert_eq!((&erased["facts"], &erased["payloads_erased"]), (&7.into(), &7.into()), "{erased}");
    assert_eq!(files_with_her(&project.data()), Vec::<PathBuf>::new());
    assert_eq!(meter_one(&server, &project.test_key, HERS, 3), 410);
    assert_eq!(meter_one(&server, &project.test_key, "bob", 3), 200, "a retry of somebody else's");
    let before = project.verified();
    server.stop();

    let (dest, restored) = (project.beside("backup"), project.beside("restored"));
    project.json(&["backup", text(&dest)]);
    json_of(&chargly(&["restore", text(&dest), "--json", "--data", text(&restored)]));
    let verified = json_of(&chargly(&["verify", "--env", "test", "--json", "--data", text(&restored)]));
    assert!(verified["digest"].is_string());
    assert_eq!(verified["digest"], project.verified()["digest"]);
    let server = Server::start(&restored, &[]);
    assert_eq!(meter_one(&server, &project.test_key, HERS, 3), 410);
    server.stop();
    assert_eq!((files_with_her(&dest), files_with_her(&restored)), (vec![], vec![]));

    assert!(project.run(&["rebuild"]).status.success());
    assert_eq!(project.verified()["wallets"], before["wallets"]);
    assert_eq!(files_with_her(&project.data()), Vec::<PathBuf>::new());
    for what in ["events", "ledger"] {
        let rows = exported(&project, what);
        assert!(rows.contains("bob") && !rows.contains(HERS), "{rows}");
        assert!(rows.lines().count() > 10, "its rows are there, without who it was: {rows}");
    }
}

#[test]
fn a_customer_is_erased_in_a_directory_only_when_that_is_said() {
    let project = Project::begin();
    let server = project.serve();
    meter(&server, &project.test_key);
    server.stop();
    let output = project.run(&["customers", "erase", HERS]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("--yes"), "{}", said(&output));
    assert!(!files_with_her(&project.data()).is_empty(), "nothing was changed");

    let erased = project.json(&["customers", "erase", HERS, "--yes"]);
    assert_eq!(erased["left"]["open_holds"], 0);
    assert_eq!(files_with_her(&project.data()), Vec::<PathBuf>::new());
    project.verified();
    let output = project.run(&["customers", "erase", HERS, "--yes"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("no such customer"), "{}", said(&output));
}

#[test]
fn a_restored_backup_from_before_the_erasure_has_the_customer_and_is_erased_again_by_hand() {
    let project = Project::begin();
    let server = project.serve();
    meter(&server, &project.test_key);
    let (dest, restored) = (project.beside("backup"), project.beside("restored"));
    project.json(&["backup", text(&dest)]);
    let path = format!("/v1/customers/{HERS}");
    assert_eq!(server.call("DELETE", &path, &project.test_key, None).status, 200);
    server.stop();
    json_of(&chargly(&["restore", text(&dest), "--json", "--data", text(&restored)]));
    let again = ["customers", "erase", HERS, "--yes", "--json", "--data", text(&restored)];
    assert_eq!(json_of(&chargly(&again))["payloads_erased"], 7);
    assert_eq!(files_with_her(&restored), Vec::<PathBuf>::new());
    json_of(&chargly(&["verify", "--env", "test", "--json", "--data", text(&restored)]));
}
