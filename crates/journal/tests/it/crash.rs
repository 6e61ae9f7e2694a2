//! Processes that die at the crash points, and what they leave behind.
//!
//! The test runs itself as another process, in which `child_appends_until_it_crashes` alone runs.

use std::path::Path;
use std::process::Command;

use chargly_journal::{CRASH_POINTS, Journal, Position, SqliteJournal, verify_chain};

use crate::support::append_singles;

const DIRECTORY: &str = "CHARGLY_TEST_DIRECTORY";

#[test]
fn crash_leaves_whole_frames_and_no_acknowledged_one_is_missing() {
    let crash_at = |frame: u64, point: &str| {
        let dir = tempfile::tempdir().expect("a directory");
        let acknowledged = run_child(dir.path(), &format!("{point}:{frame}"));
        assert_eq!(acknowledged, frame - 1, "{point}");
        let mut journal = SqliteJournal::open(dir.path()).expect("opens after a crash");
        let report = verify_chain(&mut *journal.reader(), Position(0), &mut |_, _| {}, &mut |_| {});
        let frames = report.expect("sound").frames;
        append_singles(&mut journal, 1);
        frames
    };
    let [before_write, between_write_and_flush, after_flush] = CRASH_POINTS;
    for frame in [1, 2, 30] {
        assert_eq!(crash_at(frame, before_write), frame - 1);
        assert_eq!(crash_at(frame, between_write_and_flush), frame - 1);
        assert_eq!(crash_at(frame, after_flush), frame);
    }
}

#[test]
#[ignore = "run by the test above in a process of its own"]
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
fn run_child(dir: &Path, crash_at: &str) -> u64 {
    let output = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "crash::child_appends_until_it_crashes", "--ignored", "--nocapture"])
        .env(DIRECTORY, dir)
        .env("CHARGLY_CRASH_AT", crash_at)
        .output()
        .expect("a child");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && stderr.contains("reached"), "{output:?}");
    let acknowledged = std::fs::read_to_string(dir.join("acknowledged")).unwrap_or_else(|_| "0".to_owned());
    acknowledged.parse().expect("a number")
}
