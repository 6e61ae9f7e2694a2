//! What the in-memory journal does when told to fail, and what a caller can learn from each failure.

use chargly_journal::memory::{Fault, MemoryDisk};
use chargly_journal::{
    AppendError, FrameBuilder, Journal, MemoryJournal, Position, ReadBack, ReadError, SqliteJournal,
};

use crate::support::{append_singles, frame, story};

#[test]
fn failures_that_surely_applied_nothing_can_be_tried_again() {
    let (disk, mut journal, next) = journal_and_frame();
    disk.faults().next(Fault::NotApplied);
    disk.faults().next(Fault::StorageFull);
    assert!(matches!(journal.append(&next, Position(1)), Err(AppendError::NotApplied(_))));
    assert!(matches!(journal.append(&next, Position(1)), Err(AppendError::StorageFull)));
    assert!(disk.faults().are_spent());
    assert!(journal.append(&next, Position(1)).is_ok());
}

#[test]
fn standing_fault_lasts_until_it_is_lifted_and_scripted_ones_come_first() {
    let (disk, mut journal, next) = journal_and_frame();
    disk.faults().stand(Some(Fault::StorageFull));
    disk.faults().next(Fault::NotApplied);
    assert!(matches!(journal.append(&next, Position(1)), Err(AppendError::NotApplied(_))));
    for _ in 0..3 {
        assert!(matches!(journal.append(&next, Position(1)), Err(AppendError::StorageFull)));
    }
    disk.faults().stand(None);
    assert!(journal.append(&next, Position(1)).is_ok());
}

#[test]
fn unknown_outcome_is_read_back_as_what_it_was() {
    for applied in [true, false] {
        let (disk, mut journal, next) = journal_and_frame();
        disk.faults().next(Fault::Unknown { applied });
        assert!(matches!(journal.append(&next, Position(1)), Err(AppendError::Unknown(_))));
        match journal.read_back(&next, Position(1)).expect("readable") {
            ReadBack::Applied(appended) => {
                assert!(applied);
                assert_eq!(appended.head.next, Position(2));
                assert_eq!(journal.head(), appended.head);
            }
            ReadBack::NotApplied => {
                assert!(!applied);
                assert!(journal.append(&next, Position(1)).is_ok());
            }
            ReadBack::Moved { found } => panic!("moved to {found}"),
        }
        append_singles(&mut journal, 1);
        assert_eq!(story(&mut *journal.reader()).len(), 3);
    }
}

#[test]
fn unknown_outcome_is_not_read_back_from_an_unreadable_disk() {
    let (disk, mut journal, next) = journal_and_frame();
    disk.faults().next(Fault::Unknown { applied: true });
    assert!(matches!(journal.append(&next, Position(1)), Err(AppendError::Unknown(_))));
    disk.faults().set_unreadable(true);
    assert!(matches!(journal.read_back(&next, Position(1)), Err(ReadError::Storage(_))));
    assert!(matches!(journal.reader().chunk_at(Position(0)), Err(ReadError::Storage(_))));
    disk.faults().set_unreadable(false);
    assert!(matches!(journal.read_back(&next, Position(1)), Ok(ReadBack::Applied(_))));
}

#[test]
fn frame_in_anothers_place_is_read_back_as_moved() {
    let (disk, mut journal, next) = journal_and_frame();
    disk.faults().next(Fault::Unknown { applied: false });
    assert!(matches!(journal.append(&next, Position(1)), Err(AppendError::Unknown(_))));
    append_singles(&mut MemoryJournal::open(&disk), 1);
    assert!(matches!(journal.read_back(&next, Position(1)), Ok(ReadBack::Moved { found: Position(2) })));
}

#[test]
fn overtaken_writer_is_fenced_for_good() {
    let (disk, mut journal, next) = journal_and_frame();
    disk.faults().next(Fault::Overtaken { epoch: 2, fact: b"another's".to_vec() });
    for _ in 0..2 {
        match journal.append(&next, Position(1)) {
            Err(AppendError::Moved { expected, found }) => {
                assert_eq!((expected, found), (Position(1), Position(2)));
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(story(&mut *journal.reader())[1].1, b"another's");
    assert_eq!(MemoryJournal::open(&disk).head().epoch, 2);
}

#[test]
fn failed_flush_poisons_the_journal_and_only_a_crash_shows_what_survived() {
    for survives in [true, false] {
        let (disk, mut journal, next) = journal_and_frame();
        disk.faults().next(Fault::FlushFailed { survives });
        assert!(matches!(journal.append(&next, Position(1)), Err(AppendError::Unknown(_))));
        assert!(matches!(journal.append(&next, Position(1)), Err(AppendError::Poisoned)));
        assert!(matches!(journal.read_back(&next, Position(1)), Err(ReadError::Poisoned)));
        assert_eq!(journal.reader().head().expect("readable").next, Position(1));
        disk.crash();
        let next = if survives { Position(2) } else { Position(1) };
        assert_eq!(MemoryJournal::open(&disk).head().next, next);
    }
}

#[test]
fn crash_keeps_what_was_appended_and_ends_the_journals_opened_before() {
    let (disk, mut before, next) = journal_and_frame();
    disk.crash();
    assert!(matches!(before.append(&next, Position(1)), Err(AppendError::Poisoned)));
    let mut after = MemoryJournal::open(&disk);
    assert_eq!(after.head().next, Position(1));
    append_singles(&mut after, 1);
}

#[test]
fn second_sqlite_writer_fences_the_first_one() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut first = SqliteJournal::open(dir.path()).expect("a journal");
    append_singles(&mut first, 1);
    let mut second = SqliteJournal::open(dir.path()).expect("the directory lock is the caller's");
    append_singles(&mut second, 2);
    let late = frame(1, 1_000, Position(1), &[(b"late", None)]);
    for _ in 0..2 {
        match first.append(&late, Position(1)) {
            Err(AppendError::Moved { expected, found }) => {
                assert_eq!((expected, found), (Position(1), Position(3)));
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(matches!(first.read_back(&late, Position(1)), Ok(ReadBack::Moved { found: Position(3) })));
    append_singles(&mut second, 1);
    assert!(story(&mut *second.reader()).iter().all(|(_, fact, _)| fact != b"late"));
}

#[test]
fn sqlite_reads_back_a_frame_that_was_not_applied() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut journal = SqliteJournal::open(dir.path()).expect("a journal");
    append_singles(&mut journal, 1);
    let next = frame(1, 1_000, Position(1), &[(b"next", None)]);
    assert!(matches!(journal.read_back(&next, Position(1)), Ok(ReadBack::NotApplied)));
    // The durable write that keeps a frame which SQLite took back from returning after a crash.
    let conn =
        rusqlite::Connection::open(dir.path().join(chargly_journal::JOURNAL_FILE)).expect("a database");
    let settled: i64 =
        conn.query_row("SELECT count(*) FROM settled_doubt", [], |row| row.get(0)).expect("counted");
    assert_eq!(settled, 1);
    assert!(journal.append(&next, Position(1)).is_ok());
}

#[test]
fn sqlite_reads_back_a_frame_that_was_applied() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut in_doubt = SqliteJournal::open(dir.path()).expect("a journal");
    append_singles(&mut in_doubt, 1);
    let next = frame(1, 1_000, Position(1), &[(b"next", Some(b"payload"))]);
    // What a commit whose answer got lost leaves behind is what another connection writes in its place.
    let mut other = SqliteJournal::open(dir.path()).expect("a journal");
    let applied = other.append(&next, Position(1)).expect("appended");
    match in_doubt.read_back(&next, Position(1)).expect("readable") {
        ReadBack::Applied(appended) => {
            assert_eq!(appended.head, applied.head);
            assert_eq!(appended.chunks, applied.chunks);
        }
        other => panic!("{other:?}"),
    }
    append_singles(&mut in_doubt, 1);
    assert_eq!(in_doubt.head().next, Position(3));
}

fn journal_and_frame() -> (MemoryDisk, MemoryJournal, FrameBuilder) {
    let disk = MemoryDisk::new();
    let mut journal = MemoryJournal::open(&disk);
    append_singles(&mut journal, 1);
    (disk, journal, frame(1, 1_000, Position(1), &[(b"next", Some(b"payload"))]))
}
