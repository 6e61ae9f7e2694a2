//! A rebuilt file takes the place of the old one, whoever still reads that.

use chargly_views::{FILE_NAME, Setup, Views, swap_in};
use rusqlite::Connection;

use crate::facts::*;

const EVENTS: &str = "SELECT sum(events) FROM price_hours";

fn events(db: &Connection) -> i64 {
    db.query_row(EVENTS, [], |row| row.get(0)).expect("events")
}

#[test]
fn a_rebuilt_file_replaces_the_old_one_under_a_reader() {
    let dir = tempfile::tempdir().expect("dir");
    let (old, new) = (dir.path().join(FILE_NAME), dir.path().join("views.rebuilt.db"));
    let mut views = Views::open(dir.path()).expect("open");
    fold(&mut views, &one_of_each());
    views.flush().expect("flush");
    let reader = Connection::open(&old).expect("reader");
    reader.execute_batch("BEGIN").expect("begin");
    assert_eq!(events(&reader), 3);
    // The reader keeps the old log from being folded into its file.
    drop(views);
    assert!(dir.path().join("views.db-wal").exists());

    let mut rebuilt = Views::open_file(&new, &Setup::default()).expect("open beside");
    (0..2).for_each(|_| fold(&mut rebuilt, &one_of_each()));
    rebuilt.flush().expect("flush");
    let expected = rebuilt.digest().expect("digest");
    drop(rebuilt);
    swap_in(dir.path(), &new).expect("swap");

    assert!(!new.exists());
    assert_eq!(events(&reader), 3);
    let mut views = Views::open(dir.path()).expect("reopen");
    assert_eq!(views.digest().expect("digest"), expected);
    // Writing goes on beside the reader of the old file, and outlives its leaving.
    fold(&mut views, &one_of_each());
    views.flush().expect("flush");
    assert_eq!(events(&reader), 3);
    drop(reader);
    let (expected, fresh) = (views.digest().expect("digest"), Connection::open(&old).expect("fresh reader"));
    assert_eq!(events(&fresh), 9);
    drop(fresh);
    drop(views);
    assert_eq!(Views::open(dir.path()).expect("reopen").digest().expect("digest"), expected);
}

#[test]
fn a_file_still_in_use_is_not_swapped_in() {
    let dir = tempfile::tempdir().expect("dir");
    let new = dir.path().join("views.rebuilt.db");
    let mut views = Views::open(dir.path()).expect("open");
    fold(&mut views, &one_of_each());
    views.flush().expect("flush");
    let rebuilt = Views::open_file(&new, &Setup::default()).expect("open beside");
    swap_in(dir.path(), &new).expect_err("in use");
    drop((views, rebuilt));
    assert_eq!(Views::open(dir.path()).expect("reopen").flushed().0, 12);
}

#[test]
fn a_missing_file_is_not_swapped_in() {
    let dir = tempfile::tempdir().expect("dir");
    drop(Views::open(dir.path()).expect("open"));
    swap_in(dir.path(), &dir.path().join("absent.db")).expect_err("absent");
    assert!(dir.path().join(FILE_NAME).exists());
    assert!(!dir.path().join("absent.db").exists());
}

#[test]
fn a_swap_cut_short_leaves_views_to_be_folded_anew() {
    let dir = tempfile::tempdir().expect("dir");
    let old = dir.path().join(FILE_NAME);
    let mut views = Views::open(dir.path()).expect("open");
    fold(&mut views, &one_of_each());
    views.flush().expect("flush");
    // The file is gone and its log is still there: where a crash inside the swap may stop.
    let log = std::fs::read(dir.path().join("views.db-wal")).expect("log");
    drop(views);
    std::fs::remove_file(&old).expect("remove");
    std::fs::write(dir.path().join("views.db-wal"), log).expect("log");
    let mut views = Views::open(dir.path()).expect("reopen");
    assert_eq!(views.next().0, 0);
    fold(&mut views, &one_of_each());
    views.flush().expect("flush");
    let mut expected = Views::in_memory().expect("open");
    fold(&mut expected, &one_of_each());
    assert_eq!(views.first_difference(&expected).expect("compare"), None);
}
