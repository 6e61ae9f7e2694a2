//! [`ChunkFile`]: a journal file that is written once, from chunks that exist already.

use std::path::Path;

use rusqlite::Connection;

use super::rows;
use crate::chunk::Chunk;
use crate::codec::encode_chunk;

/// A file in the making. It promises nothing until it is closed and its bytes are flushed by the caller.
pub(crate) struct ChunkFile {
    conn: Connection,
    encoded: Vec<u8>,
}

impl ChunkFile {
    pub(crate) fn create(path: &Path) -> rusqlite::Result<Self> {
        let conn = Connection::open(path)?;
        rows::create_schema(&conn)?;
        // A crash leaves a file that nobody takes for a journal, so neither log nor flushes are needed.
        conn.pragma_update(None, "synchronous", "OFF")?;
        // Pages that were split must keep no copy of what may later be erased where it went.
        conn.pragma_update_and_check(None, "secure_delete", "ON", |_| Ok(()))?;
        Ok(Self { conn, encoded: Vec::new() })
    }

    pub(crate) fn insert(&mut self, chunks: &[Chunk]) -> rusqlite::Result<()> {
        let transaction = self.conn.transaction()?;
        for chunk in chunks {
            self.encoded.clear();
            encode_chunk(chunk, &mut self.encoded);
            rows::insert(&transaction, chunk, &self.encoded)?;
        }
        transaction.commit()
    }

    /// Leaves one file, with nothing beside it that belongs to it.
    pub(crate) fn close(self) -> rusqlite::Result<()> {
        super::wal::checkpoint(&self.conn, "TRUNCATE")?;
        self.conn.close().map_err(|(_, error)| error)
    }
}
