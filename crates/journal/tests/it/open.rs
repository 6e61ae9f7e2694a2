//! Opening: what is found again, and what the head witness refuses.

use std::path::Path;

use chargly_journal::{
    AppendError, Head, JOURNAL_FILE, Journal, Loss, OpenError, Position, RESTORED_FILE, Restored,
    SqliteJournal, WITNESS_FILE, read_witness, write_restored, write_witness,
};
use rusqlite::Connection;

use crate::support::{append, append_singles, frame, noise, sqlite, story};

#[test]
fn reopened_journal_stands_where_it_stood() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut expected = Head::EMPTY;
    for round in 0..5 {
        let mut journal = SqliteJournal::open(&dir.path().join("made/when/absent")).expect("a journal");
        assert_eq!(journal.head(), expected);
        append_singles(&mut journal, round);
        append(&mut journal, &[(&[1; 60_000], None), (&[2; 60_000], None)]);
        expected = journal.head();
    }
    let journal = SqliteJournal::open(&dir.path().join("made/when/absent")).expect("a journal");
    assert_eq!(story(&mut *journal.reader()).len() as u64, expected.next.0);
}

#[test]
fn closing_leaves_a_witness_of_the_head() {
    let (dir, mut journal) = sqlite();
    append_singles(&mut journal, 7);
    let head = journal.head();
    drop(journal);
    assert_eq!(read_witness(dir.path()).expect("readable"), Some(head));
}

#[test]
fn empty_journal_has_no_witness() {
    let (dir, journal) = sqlite();
    drop(journal);
    assert_eq!(read_witness(dir.path()).expect("readable"), None);
}

#[test]
fn witness_behind_the_journal_or_absent_is_no_loss() {
    let (dir, heads) = closed_journal();
    for witness in [None, Some(heads[0]), Some(heads[2]), Some(heads[4])] {
        let path = dir.path().join(WITNESS_FILE);
        std::fs::remove_file(&path).expect("left by the last close");
        if let Some(witness) = witness {
            write_witness(dir.path(), &witness).expect("written");
        }
        let journal = SqliteJournal::open(dir.path()).expect("no loss");
        assert_eq!(journal.head(), heads[4]);
    }
}

#[test]
fn witness_ahead_of_the_journal_is_refused_until_the_loss_is_accepted() {
    let (dir, heads) = closed_journal();
    let witness = Head { next: Position(6), frame: 6, epoch: 9, ..heads[4] };
    write_witness(dir.path(), &witness).expect("written");
    let expected = Loss { witness: Some(witness), found: heads[4] };
    for _ in 0..2 {
        assert_eq!(refused(dir.path()), expected);
    }
    let (journal, loss) = SqliteJournal::open_accepting_loss(dir.path()).expect("accepted");
    assert_eq!(loss, Some(expected));
    assert_eq!(journal.next_epoch(), 10, "above that of what was lost");
    drop(journal);
    let journal = SqliteJournal::open(dir.path()).expect("the loss is accepted once");
    assert_eq!(journal.head(), heads[4]);
}

#[test]
fn restored_journal_goes_on_with_an_epoch_above_those_of_the_future_it_lost() {
    let (dir, heads) = closed_journal();
    let next_epoch = || SqliteJournal::open(dir.path()).expect("opens").next_epoch();
    assert_eq!(next_epoch(), 2);
    let note = Restored { epoch_above: 400_000, ..Restored::at(&heads[4], 0) };
    write_restored(dir.path(), &note).expect("written");
    assert_eq!(next_epoch(), 400_001);
    write_restored(dir.path(), &Restored { epoch_above: 0, ..note }).expect("written");
    assert_eq!(next_epoch(), 2);
    std::fs::write(dir.path().join(RESTORED_FILE), "chargly-restored 1\n").expect("written");
    match SqliteJournal::open(dir.path()) {
        Err(OpenError::Io { path, .. }) => assert!(path.ends_with(RESTORED_FILE)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn witness_of_another_history_is_refused() {
    let (dir, heads) = closed_journal();
    for witness in [
        Head { hash: heads[1].hash, ..heads[2] },
        Head { epoch: 2, ..heads[2] },
        Head { frame: 2, ..heads[2] },
        Head { at_ms: 0, ..heads[2] },
    ] {
        write_witness(dir.path(), &witness).expect("written");
        assert_eq!(refused(dir.path()), Loss { witness: Some(witness), found: heads[4] });
    }
}

#[test]
fn witness_without_its_journal_is_refused() {
    let (dir, heads) = closed_journal();
    std::fs::remove_file(dir.path().join(JOURNAL_FILE)).expect("removed");
    assert_eq!(refused(dir.path()), Loss { witness: Some(heads[4]), found: Head::EMPTY });
}

#[test]
fn damaged_witness_is_refused_until_the_loss_is_accepted() {
    let (dir, heads) = closed_journal();
    std::fs::write(dir.path().join(WITNESS_FILE), "chargly-head 1 epoch=1\n").expect("written");
    let expected = Loss { witness: None, found: heads[4] };
    assert_eq!(refused(dir.path()), expected);
    let (_, loss) = SqliteJournal::open_accepting_loss(dir.path()).expect("accepted");
    assert_eq!(loss, Some(expected));
}

#[test]
fn bit_flipped_in_the_log_is_refused_and_the_log_left_for_whoever_searches_it() {
    let (dir, mut journal) = sqlite();
    append_singles(&mut journal, 10);
    let head = journal.head();
    // The files as a crash would leave them: the log full, nothing copied into the file.
    let crashed = tempfile::tempdir().expect("a directory");
    for name in [JOURNAL_FILE, "journal.db-wal"] {
        std::fs::copy(dir.path().join(name), crashed.path().join(name)).expect("copied");
    }
    write_witness(crashed.path(), &head).expect("written");
    let log = crashed.path().join("journal.db-wal");
    let mut bytes = std::fs::read(&log).expect("a log");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&log, &bytes).expect("written");

    for _ in 0..2 {
        let loss = refused(crashed.path());
        assert_eq!(loss.witness, Some(head));
        assert!(loss.found.next < head.next, "SQLite drops the rest of the log without a word");
        assert_eq!(std::fs::read(&log).expect("still there"), bytes);
    }
    let (mut journal, loss) = SqliteJournal::open_accepting_loss(crashed.path()).expect("accepted");
    assert_eq!(loss.expect("a loss").found, journal.head());
    append_singles(&mut journal, 1);
}

#[test]
fn file_of_something_else_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join(JOURNAL_FILE);
    let conn = Connection::open(&path).expect("a database");
    conn.execute_batch("CREATE TABLE theirs (x); PRAGMA user_version = 4").expect("created");
    drop(conn);
    let before = std::fs::read(&path).expect("readable");
    assert!(matches!(SqliteJournal::open(dir.path()), Err(OpenError::NotAJournal { .. })));
    assert_eq!(std::fs::read(&path).expect("readable"), before);
    std::fs::write(&path, noise(1, 5_000)).expect("written");
    assert!(matches!(SqliteJournal::open(dir.path()), Err(OpenError::Storage(_))));
}

#[test]
fn journal_of_a_newer_schema_is_refused() {
    let (dir, _) = closed_journal();
    let conn = Connection::open(dir.path().join(JOURNAL_FILE)).expect("a database");
    conn.pragma_update(None, "user_version", 2).expect("set");
    drop(conn);
    assert!(matches!(SqliteJournal::open(dir.path()), Err(OpenError::Newer { found: 2 })));
}

/// Needs a small file system of its own: give its path in `CHARGLY_SMALL_DISK`.
#[test]
#[ignore = "needs a small file system"]
fn full_disk_refuses_appends_keeps_reads_and_recovers_by_itself() {
    let disk = std::env::var("CHARGLY_SMALL_DISK").expect("CHARGLY_SMALL_DISK names a small file system");
    let dir = Path::new(&disk).join("journal");
    let ballast = Path::new(&disk).join("ballast");
    std::fs::write(&ballast, noise(1, 1024 * 1024)).expect("room for the ballast");
    let mut journal = SqliteJournal::open(&dir).expect("a journal");
    let entry = noise(2, 30_000);
    let refused = loop {
        let head = journal.head();
        let next = frame(1, head.at_ms + 1, head.next, &[(&entry, None)]);
        if let Err(error) = journal.append(&next, head.next) {
            break error;
        }
    };
    assert!(matches!(refused, AppendError::StorageFull), "{refused:?}");
    let head = journal.head();
    assert_eq!(story(&mut *journal.reader()).len() as u64, head.next.0);
    let again = frame(1, head.at_ms + 1, head.next, &[(&entry, None)]);
    assert!(matches!(journal.append(&again, head.next), Err(AppendError::StorageFull)));
    std::fs::remove_file(&ballast).expect("removed");
    append_singles(&mut journal, 3);
    let head = journal.head();
    drop(journal);
    assert_eq!(SqliteJournal::open(&dir).expect("reopened").head(), head);
}

/// A journal of five frames, closed, and its head after each.
fn closed_journal() -> (tempfile::TempDir, Vec<Head>) {
    let (dir, mut journal) = sqlite();
    let heads = (0..5).map(|_| append(&mut journal, &[(b"fact", None)]).head).collect();
    (dir, heads)
}

fn refused(dir: &Path) -> Loss {
    match SqliteJournal::open(dir) {
        Err(OpenError::Lost(loss)) => *loss,
        other => panic!("{other:?}"),
    }
}
