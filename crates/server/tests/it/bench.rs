//! `chargly bench` with the real server: every case runs, its books balance, and nothing is left behind.

use std::fs;

use crate::support::{chargly, json_of, said, text};

#[test]
fn quick_bench_runs_every_case_balances_its_books_and_leaves_nothing_behind() {
    let dir = tempfile::tempdir().expect("a directory");
    let output = chargly(&["bench", "--quick", "--events", "20000", "--json", "--dir", text(dir.path())]);
    let report = json_of(&output);
    let rows = report["rows"].as_array().expect("rows");
    for measure in [
        "ratio_to_yardstick",
        "ratio_hot_to_spread",
        "ratio_last_to_first",
        "facts_per_second",
        "milliseconds_to_first_answer",
        "bytes_written_per_event",
        "acknowledged_missing",
    ] {
        assert!(rows.iter().any(|row| row["measure"] == measure), "no {measure} in {report}");
    }
    let checks = report["checks"].as_array().expect("checks");
    assert!(checks.len() >= 10 && checks.iter().all(|check| check["holds"] == true), "{report}");
    assert_eq!(fs::read_dir(dir.path()).expect("readable").count(), 0, "{}", said(&output));
}

#[test]
fn bench_that_cannot_begin_says_why_and_leaves_nothing_behind() {
    let dir = tempfile::tempdir().expect("a directory");
    for args in [["--customers", "0"], ["--runs", "0"], ["--events", "1"]] {
        let output = chargly(&[&["bench", "single", "--dir", text(dir.path())], &args[..]].concat());
        assert!(!output.status.success());
        let name = args[0].trim_start_matches("--");
        assert!(said(&output).contains(&format!("{name} must be")), "{}", said(&output));
    }
    assert_eq!(fs::read_dir(dir.path()).expect("readable").count(), 0);
}
