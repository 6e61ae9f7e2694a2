//! Processes that die at the crash points, and what they leave behind.
//!
//! The test runs itself as another process, in which `child_appends_until_it_crashes` alone runs.

use std::path::Path;
use std::process::Command;

use chargly_journal::{CRASH_POINTS, Copied, Journal, Position, SqliteJournal, backup, verify_chain};

use crate::support::{append, append_singles, noise};

const DIRECTORY: &str = "CHARGLY_TEST_DIRECTORY";
const SOURCE: &str = "source";
const COPY: &str = "copy";

#[test]
fn crash_leaves_whole_frames_and_no_acknowledged_one_is_missing() {
    let crash_at = |frame: u64, point: &str| {
        let dir = tempfile::tempdir().expect("a directory");
        let acknowledged = appended_by_child(dir.path(), &format!("{point}:{frame}"));
        assert_eq!(acknowledged, frame - 1, "{point}");
        let mut journal = SqliteJournal::open(dir.path()).expect("opens after a crash");
        let report = verify_chain(&mut *journal.reader(), Position(0), &mut |_, _| {}, &mut |_| {});
        let frames = report.expect("sound").frames;
        append_singles(&mut journal, 1);
        frames
    };
    let [before_write, between_write_and_flush, after_flush, _] = CRASH_POINTS;
    for frame in [1, 2, 30] {
        assert_eq!(crash_at(frame, before_write), frame - 1);
        assert_eq!(crash_at(frame, between_write_and_flush), frame - 1);
        assert_eq!(crash_at(frame, after_flush), frame);
    }
}

#[test]
fn crash_in_the_middle_of_a_backup_leaves_the_former_one_whole() {
    let dir = tempfile::tempdir().expect("a directory");
    let (source, dest) = (dir.path().join(SOURCE), dir.path().join(COPY));
    let mut journal = SqliteJournal::open(&source).expect("a journal");
    append_singles(&mut journal, 3);
    let former = backup(&mut *journal.reader(), &dest, &mut |_, _| {}).expect("copied").head;
    // Several steps of a copy, each too large for SQLite to keep in memory until the end.
    for seed in 0..80 {
        append(&mut journal, &[(&noise(seed, 120_000), None)]);
    }
    for passage in [1, 2] {
        let crash_at = format!("{}:{passage}", CRASH_POINTS[3]);
        run_child(dir.path(), "crash::child_backs_up_until_it_crashes", &crash_at);
        assert!(dest.join("journal.db-journal").exists(), "the copy was being written");
        // Who restores reads only, and the next backup goes on.
        let restored = tempfile::tempdir().expect("a directory");
        let copied = backup(&mut *SqliteJournal::reader_in(&dest), restored.path(), &mut |_, _| {});
        assert_eq!(copied.expect("readable").head, former);
    }
    let head = journal.head();
    let copied = backup(&mut *journal.reader(), &dest, &mut |_, _| {}).expect("copied");
    assert_eq!(copied, Copied { from: former, head, erased: 0 });
    let mut reader = SqliteJournal::reader_in(&dest);
    let report = verify_chain(&mut *reader, Position(0), &mut |_, _| {}, &mut |_| {}).expect("sound");
    assert_eq!(report.head, head);
}

#[test]
#[ignore = "run by the test above in a process of its own"]
fn child_backs_up_until_it_crashes() {
    let dir = std::path::PathBuf::from(std::env::var(DIRECTORY).expect("set by the parent"));
    let mut reader = SqliteJournal::reader_in(&dir.join(SOURCE));
    backup(&mut *reader, &dir.join(COPY), &mut |_, _| {}).expect("copied");
}

#[test]
#[ignore = "run by the first test in a process of its own"]
fn child_appends_until_it_crashes() {
    let dir = std::env::var(DIRECTORY).expect("set by the parent");
    let mut journal = SqliteJournal::open(Path::new(&dir)).expect("a journal");
    for acknowledged in 1.. {
        append_singles(&mut journal, 1);
        std::fs::write(Path::new(&dir).join("acknowledged"), format!("{acknowledged}")).expect("written");
        assert!(acknowledged < 100, "the crash point was not reached");
    }
}

/// How many frames the child was told are on disk.
fn appended_by_child(dir: &Path, crash_at: &str) -> u64 {
    run_child(dir, "crash::child_appends_until_it_crashes", crash_at);
    let acknowledged = std::fs::read_to_string(dir.join("acknowledged")).unwrap_or_else(|_| "0".to_owned());
    acknowledged.parse().expect("a number")
}

fn run_child(dir: &Path, child: &str, crash_at: &str) {
    let output = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", child, "--ignored", "--nocapture"])
        .env(DIRECTORY, dir)
        .env("CHARGLY_CRASH_AT", crash_at)
        .output()
        .expect("a child");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && stderr.contains("reached"), "{output:?}");
}
