//! Appending a frame, and finding out about one whose append ended in doubt.
//!
//! **What an error says.** Before COMMIT nothing of a transaction counts, so a failure there means: not applied. A
//! lack of space is reported before the commit is complete in the log: not applied either. A failed flush leaves
//! it open, and stops all writing. Any other failure at COMMIT leaves it open, too: SQLite may have taken back in
//! memory a commit that the log holds in full, and that a crash would bring back.
//!
//! **Hence a doubt is settled by writing.** [`read_back`](super::Journal::read_back) first commits a row of no
//! meaning: had SQLite taken the frame back, that row now overwrites it in the log. What can be read after that is
//! what a crash would leave.

use std::sync::Arc;

use super::failure::Failure;
use super::{SqliteJournal, rows, wal};
use crate::chain::{Fate, check_frame, fate, seal};
use crate::chunk::Chunk;
use crate::crash_point::{self, crash_point};
use crate::frame::FrameBuilder;
use crate::position::Position;
use crate::store::{AppendError, Appended, ReadBack, ReadError};

impl SqliteJournal {
    pub(super) fn append_frame(
        &mut self,
        frame: &FrameBuilder,
        expected: Position,
    ) -> Result<Appended, AppendError> {
        // Here and not after the last commit, whose callers would wait for it.
        self.restart_wal_when_due();
        if self.is_poisoned {
            return Err(AppendError::Poisoned);
        }
        check_frame(frame, &self.head, expected)?;
        let chunks = seal(frame, &self.head);

        crash_point(crash_point::BEFORE_WRITE);
        if let Err(error) = self.insert(&chunks, expected) {
            self.roll_back();
            return Err(self.before_commit(error));
        }
        crash_point(crash_point::BETWEEN_WRITE_AND_FLUSH);
        if let Err(error) = run(&self.conn, "COMMIT") {
            return Err(self.at_commit(error));
        }
        crash_point(crash_point::AFTER_FLUSH);
        Ok(self.appended(chunks))
    }

    pub(super) fn read_back_frame(
        &mut self,
        frame: &FrameBuilder,
        expected: Position,
    ) -> Result<ReadBack, ReadError> {
        if !self.is_poisoned
            && let Err(error) = self.conn.execute_batch("INSERT INTO settled_doubt DEFAULT VALUES")
        {
            self.roll_back();
            self.note_failure(&error);
            if !self.is_poisoned {
                return Err(rows::storage(error));
            }
        }
        if self.is_poisoned {
            return Err(ReadError::Poisoned);
        }
        let found = rows::head(&self.conn)?;
        Ok(match fate(frame, expected, &self.head, &found) {
            Fate::Applied(chunks) => ReadBack::Applied(self.appended(chunks)),
            Fate::NotApplied => ReadBack::NotApplied,
            Fate::Moved => ReadBack::Moved { found: found.next },
        })
    }

    fn insert(&mut self, chunks: &[Arc<Chunk>], expected: Position) -> Result<(), InsertError> {
        run(&self.conn, "BEGIN IMMEDIATE")?;
        if rows::last_key(&self.conn)? != self.last_row {
            let found = rows::head(&self.conn).map_err(InsertError::Read)?.next;
            return Err(InsertError::Moved { expected, found });
        }
        for chunk in chunks {
            self.encode(chunk);
            rows::insert(&self.conn, chunk, &self.encoded)?;
            self.wal.add_row(self.encoded.len());
        }
        Ok(())
    }

    fn before_commit(&mut self, error: InsertError) -> AppendError {
        match error {
            InsertError::Moved { expected, found } => AppendError::Moved { expected, found },
            InsertError::Read(error) => AppendError::NotApplied(error.into()),
            InsertError::Sqlite(error) => match self.note_failure(&error) {
                Failure::Full => AppendError::StorageFull,
                Failure::Flush | Failure::Busy | Failure::Other => AppendError::NotApplied(error.into()),
            },
        }
    }

    fn at_commit(&mut self, error: rusqlite::Error) -> AppendError {
        let failure = self.note_failure(&error);
        self.roll_back();
        match failure {
            Failure::Full => AppendError::StorageFull,
            Failure::Busy => AppendError::NotApplied(error.into()),
            Failure::Flush | Failure::Other => AppendError::Unknown(error.into()),
        }
    }

    fn appended(&mut self, chunks: Vec<Arc<Chunk>>) -> Appended {
        if let Some(last) = chunks.last() {
            self.head = last.head_after();
            self.last_row = Some(rows::key(last.first));
            self.witness.note(self.head);
        }
        Appended { head: self.head, chunks }
    }

    /// A failure here loses nothing: the log keeps what it holds, and grows until a later try succeeds.
    fn restart_wal_when_due(&mut self) {
        if self.is_poisoned || !self.wal.is_due() {
            return;
        }
        match wal::checkpoint(&self.conn, "RESTART") {
            Ok(true) => self.wal.restarted(),
            Ok(false) => self.wal.postpone(),
            Err(error) => {
                if self.note_failure(&error) != Failure::Flush {
                    tracing::warn!(%error, "the journal's log could not be restarted, and grows");
                }
                self.wal.postpone();
            }
        }
    }
}

enum InsertError {
    Moved { expected: Position, found: Position },
    Read(ReadError),
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for InsertError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

fn run(conn: &rusqlite::Connection, statement: &str) -> rusqlite::Result<()> {
    conn.prepare_cached(statement)?.execute([]).map(drop)
}

#[cfg(test)]
mod tests {
    use rusqlite::{Connection, ffi};
    use tempfile::TempDir;

    use super::*;
    use crate::store::{EraseError, Journal};

    fn journal() -> (TempDir, SqliteJournal) {
        let dir = tempfile::tempdir().expect("a directory");
        let journal = SqliteJournal::open(dir.path()).expect("a journal");
        (dir, journal)
    }

    fn append(journal: &mut SqliteJournal, fact: &[u8]) -> Result<Appended, AppendError> {
        let mut frame = FrameBuilder::new();
        frame.begin(1, 0, journal.head.next);
        frame.push(fact, None).expect("fits");
        journal.append(&frame, frame.first())
    }

    fn wal_bytes(dir: &TempDir) -> u64 {
        std::fs::metadata(dir.path().join("journal.db-wal")).expect("a log").len()
    }

    fn failure(code: i32) -> rusqlite::Error {
        rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)
    }

    #[test]
    fn append_without_space_applies_nothing_and_works_again_once_there_is() {
        let (_dir, mut journal) = journal();
        append(&mut journal, b"first").expect("appended");
        let set_pages = |journal: &SqliteJournal, pages: i64| {
            journal.conn.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(())).expect("set");
        };
        set_pages(&journal, 1);
        let large: Vec<u8> =
            (0..50_000_u32).flat_map(|i| crate::payload_digest(&i.to_le_bytes())[..2].to_vec()).collect();
        assert!(matches!(append(&mut journal, &large), Err(AppendError::StorageFull)));
        assert_eq!(journal.reader().head().expect("readable"), journal.head);
        set_pages(&journal, i64::from(u32::MAX) - 1);
        assert_eq!(append(&mut journal, &large).expect("appended").head.next, Position(2));
    }

    #[test]
    fn failed_flush_stops_all_writing_and_no_reading() {
        let (dir, mut journal) = journal();
        append(&mut journal, b"first").expect("appended");
        let mut frame = FrameBuilder::new();
        frame.begin(1, 0, Position(1));
        frame.push(b"second", None).expect("fits");
        let error = journal.at_commit(failure(ffi::SQLITE_IOERR_FSYNC));
        assert!(matches!(error, AppendError::Unknown(_)));
        assert!(matches!(journal.append(&frame, Position(1)), Err(AppendError::Poisoned)));
        assert!(matches!(journal.read_back(&frame, Position(1)), Err(ReadError::Poisoned)));
        assert!(matches!(journal.erase_payloads(&[Position(0)]), Err(EraseError::Poisoned)));
        assert!(journal.reader().chunk_at(Position(0)).expect("readable").is_some());
        let log = dir.path().join("journal.db-wal");
        let before = std::fs::read(&log).expect("a log");
        drop(journal);
        assert_eq!(std::fs::read(&log).expect("left as it was by closing"), before);
    }

    #[test]
    fn commit_that_fails_otherwise_than_for_space_or_a_lock_has_an_unknown_outcome() {
        let (_dir, mut journal) = journal();
        assert!(matches!(journal.at_commit(failure(ffi::SQLITE_FULL)), AppendError::StorageFull));
        assert!(matches!(journal.at_commit(failure(ffi::SQLITE_BUSY)), AppendError::NotApplied(_)));
        assert!(matches!(journal.at_commit(failure(ffi::SQLITE_IOERR_WRITE)), AppendError::Unknown(_)));
        assert!(matches!(journal.at_commit(failure(ffi::SQLITE_IOERR_SHMSIZE)), AppendError::Unknown(_)));
        append(&mut journal, b"none of these stops the writing").expect("appended");
    }

    #[test]
    fn append_beside_a_writer_that_holds_the_lock_applies_nothing_and_may_be_tried_again() {
        let (dir, mut journal) = journal();
        let other = Connection::open(dir.path().join("journal.db")).expect("a database");
        other.execute_batch("BEGIN IMMEDIATE").expect("the lock");
        assert!(matches!(append(&mut journal, b"waits"), Err(AppendError::NotApplied(_))));
        other.execute_batch("ROLLBACK").expect("released");
        append(&mut journal, b"waits no more").expect("appended");
    }

    #[test]
    fn log_is_begun_anew_when_due_and_a_reader_in_the_way_only_delays_that() {
        let (dir, mut journal) = journal();
        let append_many = |journal: &mut SqliteJournal, count: usize| {
            for _ in 0..count {
                append(journal, b"fact").expect("appended");
            }
        };
        let make_due =
            |journal: &mut SqliteJournal| journal.wal.add_row(usize::try_from(1_u64 << 30).expect("fits"));
        append_many(&mut journal, 50);
        let grown = wal_bytes(&dir);
        make_due(&mut journal);
        append_many(&mut journal, 40);
        assert_eq!(wal_bytes(&dir), grown, "the log is written over from its beginning");
        journal.wal.add_row(40 << 20);
        assert!(!journal.wal.is_due(), "what the log holds is counted anew");

        let reader = Connection::open(dir.path().join("journal.db")).expect("a database");
        reader.execute_batch("BEGIN; SELECT count(*) FROM chunk").expect("a long read");
        make_due(&mut journal);
        append_many(&mut journal, 40);
        assert!(wal_bytes(&dir) > grown, "the reader keeps the log from restarting");
        let grown = wal_bytes(&dir);
        reader.execute_batch("COMMIT").expect("ended");
        journal.wal.add_row(5 << 20);
        assert!(journal.wal.is_due(), "the next try comes soon");
        append_many(&mut journal, 40);
        assert_eq!(wal_bytes(&dir), grown);
        assert_eq!(journal.head.next, Position(170));
    }
}
