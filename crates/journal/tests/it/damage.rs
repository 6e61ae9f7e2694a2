//! A journal file that somebody or something has changed: every reader says so, and says where.

use chargly_journal::{
    BackupError, ChainError, ChunkDamage, JOURNAL_FILE, Journal, Position, ReadError, SqliteJournal, backup,
    verify_chain,
};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::support::append_singles;

const FRAMES: usize = 20;
const DAMAGED: u64 = 10;

#[test]
fn changed_byte_of_a_chunk_is_found_by_whoever_reads_it() {
    check(
        "UPDATE chunk SET bytes = CAST(substr(bytes, 1, 118) || x'ff' || substr(bytes, 120) AS BLOB) WHERE first = 10",
        &|damage| matches!(damage, ChunkDamage::Hash(_)),
    );
}

#[test]
fn cut_chunk_is_found() {
    check("UPDATE chunk SET bytes = substr(bytes, 1, length(bytes) - 1) WHERE first = 10", &|damage| {
        matches!(damage, ChunkDamage::Undecodable(_))
    });
}

#[test]
fn chunk_in_the_place_of_another_is_found() {
    check(
        "UPDATE chunk SET bytes = (SELECT bytes FROM chunk WHERE first = 11) WHERE first = 10",
        &|damage| *damage == ChunkDamage::Misfiled,
    );
}

#[test]
fn chunk_filed_under_another_epoch_is_found() {
    check("UPDATE chunk SET epoch = 2 WHERE first = 10", &|damage| *damage == ChunkDamage::Misfiled);
}

#[test]
fn missing_chunk_is_found() {
    check("DELETE FROM chunk WHERE first = 10", &|damage| {
        matches!(damage, ChunkDamage::Missing | ChunkDamage::Link(_))
    });
}

#[test]
fn missing_first_chunk_is_found() {
    let (_dir, journal) = damaged("DELETE FROM chunk WHERE first = 0");
    let mut reader = journal.reader();
    let missing =
        |error| matches!(error, ReadError::Damaged { position: Position(0), damage: ChunkDamage::Missing });
    assert!(missing(reader.chunk_at(Position(0)).expect_err("missing")));
    assert!(missing(reader.chunks_from(Position(0), 1).expect_err("missing")));
}

#[test]
fn frame_without_its_end_is_refused_at_opening() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut journal = SqliteJournal::open(dir.path()).expect("a journal");
    append_singles(&mut journal, 1);
    crate::support::append(&mut journal, &[(&[1; 60_000], None), (&[2; 60_000], None)]);
    drop(journal);
    execute(&dir, "DELETE FROM chunk WHERE first = 2");
    std::fs::remove_file(dir.path().join("head")).expect("a witness, which would tell first");
    let error = SqliteJournal::open(dir.path()).expect_err("refused");
    assert!(matches!(error, chargly_journal::OpenError::TornFrame { next: Position(2) }), "{error:?}");
}

#[test]
fn damaged_last_frame_is_refused_at_opening() {
    for statement in [
        "UPDATE chunk SET bytes = CAST(substr(bytes, 1, 118) || x'ff' || substr(bytes, 120) AS BLOB) WHERE first = 19",
        "UPDATE chunk SET bytes = CAST(substr(bytes, 1, 50) || zeroblob(64) || substr(bytes, 115) AS BLOB) WHERE first = 19",
        "DELETE FROM chunk WHERE first = 18",
    ] {
        let (dir, journal) = damaged(statement);
        drop(journal);
        let error = SqliteJournal::open(dir.path()).expect_err("refused");
        assert!(matches!(error, chargly_journal::OpenError::Damaged(_)), "{statement}: {error:?}");
    }
}

/// Damages chunk 10 of 20 and asks every way of reading about it.
fn check(statement: &str, is_expected: &dyn Fn(&ChunkDamage) -> bool) {
    let (_dir, journal) = damaged(statement);
    let mut reader = journal.reader();
    let is_named = |error: &ReadError| match error {
        // What is missing shows at the next chunk when several are read at once.
        ReadError::Damaged { position, damage } => {
            (position.0 == DAMAGED || position.0 == DAMAGED + 1) && is_expected(damage)
        }
        _ => false,
    };
    for error in [
        reader.chunk_at(Position(DAMAGED)).expect_err("damaged"),
        reader.chunks_from(Position(DAMAGED), usize::MAX).expect_err("damaged"),
        reader.chunks_from(Position(DAMAGED), 0).expect_err("damaged"),
        reader.chunks_from(Position(0), usize::MAX).expect_err("damaged"),
        reader.chunks_before(Position(15), usize::MAX).expect_err("damaged"),
    ] {
        assert!(is_named(&error), "{statement}: {error:?}");
    }
    assert!(reader.chunk_at(Position(DAMAGED - 1)).expect("sound").is_some());
    assert!(reader.chunk_at(Position(DAMAGED + 1)).expect("sound").is_some());

    match verify_chain(&mut *reader, Position(0), &mut |_, _| {}, &mut |_| {}) {
        Err(ChainError::Broken { position, damage }) => {
            assert!(is_named(&ReadError::Damaged { position, damage }), "{statement}");
        }
        other => panic!("{other:?}"),
    }
    let dest = tempfile::tempdir().expect("a directory");
    let copied = backup(&mut *reader, dest.path(), &mut |_, _| {});
    assert!(matches!(copied, Err(BackupError::Source(ChainError::Broken { .. }))), "{statement}");
    assert!(!dest.path().join(JOURNAL_FILE).exists());
}

fn damaged(statement: &str) -> (TempDir, SqliteJournal) {
    let dir = tempfile::tempdir().expect("a directory");
    let mut journal = SqliteJournal::open(dir.path()).expect("a journal");
    append_singles(&mut journal, FRAMES);
    execute(&dir, statement);
    (dir, journal)
}

fn execute(dir: &TempDir, statement: &str) {
    let conn = Connection::open(dir.path().join(JOURNAL_FILE)).expect("a database");
    assert_eq!(conn.execute(statement, []).expect("executed"), 1, "{statement}");
}
