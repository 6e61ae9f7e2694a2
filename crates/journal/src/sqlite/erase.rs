//! Forgetting payloads: the only place where a stored row changes.
//!
//! A rewritten row keeps its key, its facts and its hash. The former bytes must not linger in the files either:
//! the connection overwrites what it frees (`secure_delete`), and afterwards the write-ahead log is emptied.

use rusqlite::{Connection, params};

use super::failure::Failure;
use super::{SqliteJournal, erasures, rows, wal};
use crate::position::Position;
use crate::store::{EraseError, Erased};

/// Chunks rewritten in one transaction; some 4 MiB, so that forgetting a large customer does not fill memory.
const CHUNKS_PER_TRANSACTION: u64 = 64;

impl SqliteJournal {
    pub(super) fn erase(&mut self, positions: &[Position]) -> Result<Erased, EraseError> {
        if self.is_poisoned {
            return Err(EraseError::Poisoned);
        }
        let mut positions = positions.to_vec();
        positions.sort_unstable();
        positions.dedup();
        if let Some(&beyond) = positions.last().filter(|&&last| last >= self.head.next) {
            return Err(EraseError::NoSuchEntry(beyond));
        }

        let mut erased = Erased::default();
        let mut rest = &positions[..];
        while !rest.is_empty() {
            match self.erase_some(rest, &mut erased) {
                Ok(left) => rest = left,
                Err(error) => {
                    self.roll_back();
                    return Err(error);
                }
            }
        }
        let emptied = wal::checkpoint(&self.conn, "TRUNCATE").map_err(|error| self.erase_failed(error))?;
        if emptied {
            self.wal.restarted();
        }
        erased.scrubbed = emptied;
        Ok(erased)
    }

    /// One transaction; the answer is what is left to do.
    fn erase_some<'a>(
        &mut self,
        positions: &'a [Position],
        erased: &mut Erased,
    ) -> Result<&'a [Position], EraseError> {
        self.execute("BEGIN IMMEDIATE")?;
        let mut rest = positions;
        let mut done = Erased::default();
        while let Some(&position) = rest.first()
            && done.chunks < CHUNKS_PER_TRANSACTION
        {
            let chunk = rows::chunk_at(&self.conn, position)?;
            let mut chunk = chunk.ok_or(EraseError::NoSuchEntry(position))?;
            let (here, later) = rest.split_at(rest.partition_point(|&position| position < chunk.end()));
            rest = later;
            let payloads = chunk.erase_payloads(here);
            if payloads > 0 {
                self.encode(&chunk);
                self.wal.add_row(self.encoded.len());
                rewrite(&self.conn, chunk.first, &self.encoded)
                    .and_then(|()| erasures::note(&self.conn, chunk.first))
                    .map_err(|error| self.erase_failed(error))?;
                done.payloads += payloads as u64;
                done.chunks += 1;
            }
        }
        self.execute("COMMIT")?;
        erased.payloads += done.payloads;
        erased.chunks += done.chunks;
        Ok(rest)
    }

    fn execute(&mut self, statement: &str) -> Result<(), EraseError> {
        self.conn.execute_batch(statement).map_err(|error| self.erase_failed(error))
    }

    fn erase_failed(&mut self, error: rusqlite::Error) -> EraseError {
        match self.note_failure(&error) {
            Failure::Flush => EraseError::Poisoned,
            Failure::Full | Failure::Busy | Failure::Other => EraseError::Storage(error.into()),
        }
    }
}

/// Stores a chunk whose payloads were erased in the place of what it was.
pub(super) fn rewrite(conn: &Connection, first: Position, bytes: &[u8]) -> rusqlite::Result<()> {
    conn.prepare_cached("UPDATE chunk SET bytes = ?2 WHERE first = ?1")?
        .execute(params![rows::key(first), bytes])
        .map(drop)
}
