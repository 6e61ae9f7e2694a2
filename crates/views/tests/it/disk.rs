//! What is written is what was folded, and damage is found and named.

use std::path::Path;

use chargly_ledger::{Fact, Millis, Position, Quantity};
use chargly_views::{By, FILE_NAME, Interval, MEMORY_ROWS_MAX, QUERY_ROWS_MAX, ViewError, Views};
use rusqlite::Connection;

use crate::facts::*;

/// Views on disk with [`one_of_each`] in them, closed.
fn written(dir: &Path) {
    let mut views = Views::open(dir).expect("open");
    fold(&mut views, &one_of_each());
    views.flush().expect("flush");
}

/// Views of the same facts, never written.
fn refolded() -> Views {
    let mut views = Views::in_memory().expect("open");
    fold(&mut views, &one_of_each());
    views
}

/// What somebody else did to the file.
fn tamper(dir: &Path, sql: &str) {
    Connection::open(dir.join(FILE_NAME)).expect("open").execute_batch(sql).expect("tamper");
}

#[test]
fn reopened_views_equal_the_fold_in_memory() {
    let dir = tempfile::tempdir().expect("dir");
    written(dir.path());
    let views = Views::open(dir.path()).expect("reopen");
    let expected = refolded();
    assert_eq!(views.flushed(), expected.next());
    assert_eq!(views.first_difference(&expected).expect("compare"), None);
    assert_eq!(views.digest().expect("digest"), expected.digest().expect("digest"));
}

#[test]
fn what_was_not_flushed_is_forgotten_with_its_position() {
    let dir = tempfile::tempdir().expect("dir");
    let facts = one_of_each();
    let mut views = Views::open(dir.path()).expect("open");
    fold(&mut views, &facts[..4]);
    views.flush().expect("flush");
    fold(&mut views, &facts[4..]);
    assert_eq!((views.flushed(), views.next()), (Position(4), Position(12)));
    drop(views);
    let mut views = Views::open(dir.path()).expect("reopen");
    assert_eq!((views.flushed(), views.next()), (Position(4), Position(4)));
    fold(&mut views, &facts[4..]);
    assert_eq!(views.first_difference(&refolded()).expect("compare"), None);
}

#[test]
fn many_flushes_and_none_give_the_same_digest() {
    let dir = tempfile::tempdir().expect("dir");
    let mut views = Views::open(dir.path()).expect("open");
    for _ in 0..3 {
        for fact in one_of_each() {
            fold(&mut views, &[fact]);
            views.flush().expect("flush");
        }
    }
    let mut once = Views::in_memory().expect("open");
    (0..3).for_each(|_| fold(&mut once, &one_of_each()));
    assert_eq!(views.digest().expect("digest"), once.digest().expect("digest"));
    // One fact more would show, even one that moves nothing.
    fold(&mut once, &one_of_each()[..1]);
    assert_ne!(views.digest().expect("digest"), once.digest().expect("digest"));
}

#[test]
fn a_changed_row_is_named() {
    for (sql, words) in [
        (
            "UPDATE price_hours SET revenue_nano = revenue_nano + 1 WHERE event_type = 0 AND price = 0",
            "price_hours row hour=1767261600000, event_type=0, price=0: revenue_nano is 17 and should be 16",
        ),
        (
            "UPDATE wallet_days SET events = 9 WHERE wallet = 1 AND event_type = 1",
            "wallet_days row day=1767225600000, wallet=1, event_type=1: events is 9 and should be 1",
        ),
        (
            "DELETE FROM wallet_days WHERE wallet = 1 AND event_type = 1",
            "wallet_days row day=1767225600000, wallet=1, event_type=1 is missing",
        ),
        (
            "UPDATE wallet_days SET wallet = 2 WHERE wallet = 1 AND event_type = 1",
            "wallet_days row day=1767225600000, wallet=1, event_type=1 is missing",
        ),
        (
            "UPDATE price_hours SET hour = 5 WHERE event_type = 0 AND price = 0",
            "price_hours row hour=5, event_type=0, price=0 should not be there",
        ),
        (
            "UPDATE price_hours SET cost_nano = 1.5 WHERE event_type = 0 AND price = 0",
            "price_hours row hour=1767261600000, event_type=0, price=0: cost_nano is not an integer",
        ),
        (
            "UPDATE price_hours SET cost_nano = 'much' WHERE event_type = 0 AND price = 0",
            "price_hours row hour=1767261600000, event_type=0, price=0: cost_nano is not an integer",
        ),
        ("UPDATE watermarks SET next = 11", "the views reflect position 11 and should reflect 12"),
    ] {
        let dir = tempfile::tempdir().expect("dir");
        written(dir.path());
        tamper(dir.path(), sql);
        let views = Views::open(dir.path()).expect("reopen");
        assert_eq!(views.first_difference(&refolded()).expect("compare").as_deref(), Some(words), "{sql}");
    }
}

#[test]
fn sums_beyond_64_bits_are_kept_exactly() {
    let dir = tempfile::tempdir().expect("dir");
    let mut views = Views::open(dir.path()).expect("open");
    let units = Quantity::MAX.micro() / Quantity::ONE.micro();
    let huge = metered(ADA, CHAT, units, charge(1, &[(1, i64::MAX), (1, i64::MAX)]), Some(i64::MAX));
    for _ in 0..3 {
        fold(&mut views, &[(TEN, huge.clone())]);
        views.flush().expect("flush");
    }
    drop(views);
    let views = Views::open(dir.path()).expect("reopen");
    let figures = views.figures(&ever(Interval::Total, &[])).expect("figures").rows[0].figures;
    assert_eq!(figures.revenue_nano, 6 * i128::from(i64::MAX));
    assert_eq!(figures.cost_nano, 3 * i128::from(i64::MAX));
    assert_eq!(figures.quantity_micro, 3 * i128::from(Quantity::MAX.micro()));
}

#[test]
fn a_sum_beyond_128_bits_fails_the_flush_and_changes_nothing() {
    let dir = tempfile::tempdir().expect("dir");
    written(dir.path());
    tamper(
        dir.path(),
        &format!("UPDATE price_hours SET revenue_nano = '{}' WHERE event_type = 1", i128::MAX),
    );
    let mut views = Views::open(dir.path()).expect("reopen");
    fold(&mut views, &one_of_each());
    assert!(matches!(views.flush(), Err(ViewError::Overflow)));
    assert_eq!((views.flushed(), views.next()), (Position(12), Position(24)));
    let on_disk = Views::open(dir.path()).expect("open beside");
    assert_eq!(on_disk.flushed(), Position(12));
}

#[test]
fn a_second_writer_is_noticed_before_anything_is_counted_twice() {
    let dir = tempfile::tempdir().expect("dir");
    let mut views = Views::open(dir.path()).expect("open");
    fold(&mut views, &one_of_each());
    written(dir.path());
    let error = views.flush().expect_err("somebody else wrote");
    assert!(
        matches!(error, ViewError::Moved { expected, found } if (expected.0, found.0) == (0, 12)),
        "{error}"
    );
    drop(views);
    let views = Views::open(dir.path()).expect("reopen");
    assert_eq!(views.first_difference(&refolded()).expect("compare"), None);
}

#[test]
fn what_another_version_wrote_is_folded_anew() {
    for tables in ["", "ALTER TABLE price_hours DROP COLUMN cost_missing; CREATE TABLE \"by \"\"hand\" (x)"] {
        let dir = tempfile::tempdir().expect("dir");
        written(dir.path());
        tamper(dir.path(), &format!("PRAGMA user_version = 99; {tables}"));
        let views = Views::open(dir.path()).expect("reopen");
        assert_eq!((views.next(), views.flushed()), (Position(0), Position(0)));
        let empty = Views::in_memory().expect("open");
        assert_eq!(views.first_difference(&empty).expect("compare"), None);
        drop(views);

        let mut views = Views::open(dir.path()).expect("reopen");
        fold(&mut views, &one_of_each());
        views.flush().expect("flush");
        assert_eq!(views.first_difference(&refolded()).expect("compare"), None);
    }
}

#[test]
fn a_snapshot_of_another_version_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().expect("dir");
    written(dir.path());
    tamper(dir.path(), "PRAGMA user_version = 99");
    for _ in 0..2 {
        let error = Views::open_snapshot(dir.path()).err().expect("another version");
        assert!(matches!(error, ViewError::OtherVersion { found: 99, .. }), "{error}");
    }
}

/// An event of a wallet of its own: three rows, the hour's, the books' and the wallet's, of which the first two are shared.
fn of_wallet(number: usize) -> (Millis, Fact) {
    (TEN, metered(chargly_ledger::WalletNo::at(number), CHAT, 1, charge(1, &[]), None))
}

#[test]
fn memory_is_to_be_flushed_at_its_limit_and_not_before() {
    let mut views = Views::in_memory().expect("open");
    (0..MEMORY_ROWS_MAX - 3).for_each(|i| fold(&mut views, &[of_wallet(i)]));
    assert!(!views.should_flush());
    fold(&mut views, &[of_wallet(MEMORY_ROWS_MAX)]);
    assert!(views.should_flush());
}

#[test]
fn a_query_answers_its_limit_of_rows_and_no_more() {
    let mut views = Views::in_memory().expect("open");
    (0..QUERY_ROWS_MAX).for_each(|i| fold(&mut views, &[of_wallet(i)]));
    let query = ever(Interval::Day, &[By::Wallet]);
    assert_eq!(views.figures(&query).expect("figures").rows.len(), QUERY_ROWS_MAX);
    fold(&mut views, &[of_wallet(QUERY_ROWS_MAX)]);
    assert!(matches!(views.figures(&query), Err(ViewError::TooManyRows { limit: QUERY_ROWS_MAX })));
}
