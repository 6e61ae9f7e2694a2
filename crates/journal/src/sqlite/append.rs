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
