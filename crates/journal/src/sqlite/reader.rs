//! [`SqliteReader`]: a read-only connection of its own, opened at the first call.

use std::path::PathBuf;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, ffi};

use super::{erasures, rows};
use crate::chunk::Chunk;
use crate::position::{EpochStart, Head, Position};
use crate::store::{Erasure, JournalReader, ReadError};

/// How long a read waits for SQLite's short internal locks (recovery after a crash) before it fails.
const READ_WAIT: Duration = Duration::from_secs(5);

/// KiB of pages a reader keeps; its reads are mostly of pages that it will not see again.
const READER_CACHE_KIB: i64 = 2 * 1024;

#[derive(Debug)]
pub(super) struct SqliteReader {
    path: PathBuf,
    conn: Option<Connection>,
}

impl SqliteReader {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, conn: None }
    }

    fn conn(&mut self) -> Result<&Connection, ReadError> {
        if self.conn.is_none() {
            self.conn = Some(self.connect().map_err(rows::storage)?);
        }
        Ok(self.conn.as_ref().expect("opened above"))
    }

    fn connect(&self) -> rusqlite::Result<Connection> {
        let conn = match self.open(OpenFlags::SQLITE_OPEN_READ_ONLY) {
            Err(error) if is_half_written(&error) => {
                // Opened for writing, it is put back; no other way of reading sees what it was.
                drop(self.open(OpenFlags::SQLITE_OPEN_READ_WRITE)?);
                self.open(OpenFlags::SQLITE_OPEN_READ_ONLY)?
            }
            opened => opened?,
        };
        conn.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
        Ok(conn)
    }

    fn open(&self, mode: OpenFlags) -> rusqlite::Result<Connection> {
        let conn = Connection::open_with_flags(&self.path, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        conn.busy_timeout(READ_WAIT)?;
        // The first read finds out what an earlier process left behind.
        conn.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
        Ok(conn)
    }
}

/// True of a copy that a backup was writing when it died.
fn is_half_written(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| error.extended_code == ffi::SQLITE_READONLY_ROLLBACK)
}

impl JournalReader for SqliteReader {
    fn head(&mut self) -> Result<Head, ReadError> {
        rows::head(self.conn()?)
    }

    fn chunk_at(&mut self, position: Position) -> Result<Option<Chunk>, ReadError> {
        rows::chunk_at(self.conn()?, position)
    }

    fn chunks_from(&mut self, from: Position, max_bytes: usize) -> Result<Vec<Chunk>, ReadError> {
        rows::chunks_from(self.conn()?, from, max_bytes)
    }

    fn chunks_before(&mut self, before: Position, max_bytes: usize) -> Result<Vec<Chunk>, ReadError> {
        rows::chunks_before(self.conn()?, before, max_bytes)
    }

    fn epochs(&mut self) -> Result<Vec<EpochStart>, ReadError> {
        rows::epochs(self.conn()?).map_err(rows::storage)
    }

    fn erasures(&mut self, after: u64, max: usize) -> Result<Vec<Erasure>, ReadError> {
        erasures::after(self.conn()?, after, max).map_err(rows::storage)
    }
}
