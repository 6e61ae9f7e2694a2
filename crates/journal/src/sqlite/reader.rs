//! [`SqliteReader`]: a read-only connection of its own, opened at the first call.

use std::path::PathBuf;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::rows;
use crate::chunk::Chunk;
use crate::position::{EpochStart, Head, Position};
use crate::store::{JournalReader, ReadError};

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
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(&self.path, flags)?;
        conn.busy_timeout(READ_WAIT)?;
        conn.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
        Ok(conn)
    }
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
}
