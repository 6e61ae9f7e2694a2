//! `verify` finds what is damaged, and `rebuild` mends what is derived.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use crate::support::{Project, said};

#[test]
fn a_flipped_byte_in_the_journal_is_found_and_named() {
    let project = Project::begin();
    replay_some(&project);
    // Whoever opens it next brings what is in SQLite's log into the file.
    project.json(&["keys", "create", "--label", "Another"]);
    project.verified();
    let words = flip_a_byte_that_counts(&project, &project.data().join("test/journal.db"));
    assert!(words.contains("position") || words.contains("malformed"), "it is named: {words}");

    let json = project.run(&["verify", "--json"]);
    assert_eq!(json.status.code(), Some(1));
    let lines: Vec<serde_json::Value> = String::from_utf8_lossy(&json.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!((&lines[0]["environment"], &lines[0]["ok"]), (&"test".into(), &false.into()));
    assert_eq!(
        (&lines[1]["environment"], &lines[1]["ok"]),
        (&"live".into(), &true.into()),
        "the other is sound"
    );
}

#[test]
fn facts_that_a_flipped_byte_in_the_log_makes_vanish_are_missed() {
    let project = Project::begin();
    replay_some(&project);
    let words = flip_a_byte_that_counts(&project, &project.data().join("test/journal.db-wal"));
    assert!(words.contains("position"), "it is named: {words}");
}

#[test]
fn figures_that_are_gone_are_folded_anew_by_rebuild() {
    let project = Project::begin();
    replay_some(&project);
    let before = project.verified();
    let views = project.data().join("test/views.db");
    std::fs::write(&views, b"this is no database, and long enough that nobody takes it for an empty one")
        .expect("written");
    let damaged = project.run(&["verify", "--env", "test"]);
    assert_eq!(damaged.status.code(), Some(1), "{}", said(&damaged));

    let rebuilt = project.json(&["rebuild", "--env", "test"]);
    assert_eq!(rebuilt["facts"], before["facts"]);
    let after = project.verified();
    assert_eq!(after["digest"], before["digest"]);
    assert_eq!(after["figures"], after["facts"]);
}

#[test]
fn a_directory_without_a_project_is_told_so() {
    let dir = tempfile::tempdir().expect("a directory");
    let output = crate::support::chargly(&["verify", "--data", crate::support::text(dir.path())]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("there is no project in"), "{}", said(&output));
}

fn replay_some(project: &Project) {
    project.json(&["replay", "--sample", "3", "--events", "2000", "--customers", "20", "--grant", "100000"]);
}

/// Flips one byte after the other, each alone, until `verify` fails; says what it said. A database has bytes that
/// nobody reads, but not many in a row.
fn flip_a_byte_that_counts(project: &Project, journal: &Path) -> String {
    let middle = std::fs::metadata(journal).expect("there").len() / 2;
    for at in (middle..).step_by(997).take(20).take_while(|at| *at < middle * 2) {
        flip_byte(journal, at);
        let output = project.run(&["verify", "--env", "test"]);
        match output.status.code() {
            Some(1) => return said(&output),
            _ => flip_byte(journal, at),
        }
    }
    panic!("flipped bytes of {} went unnoticed", journal.display());
}

fn flip_byte(path: &Path, at: u64) {
    let mut byte = [0];
    let mut file = File::open(path).expect("opens");
    file.seek(SeekFrom::Start(at)).expect("seeks");
    file.read_exact(&mut byte).expect("reads");
    let mut file = OpenOptions::new().write(true).open(path).expect("opens");
    file.seek(SeekFrom::Start(at)).expect("seeks");
    file.write_all(&[byte[0] ^ 0x40]).expect("writes");
}
