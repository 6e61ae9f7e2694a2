//! [`ChunkFile`]: a journal file that is written from chunks that exist already: a backup, or what is restored from
//! one.
//!
//! It has no write-ahead log, so that it is one file, which can be read where nothing can be written. All that is
//! added to it becomes true in one transaction: a crash leaves what was there before.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::open::{OpenError, check_journal, check_last_frame};
use super::{erase, erasures, rows};
use crate::chunk::{Chunk, PayloadRef};
use crate::codec::encode_chunk;
use crate::position::Head;
use crate::store::{BoxError, Erasure};

/// A file that is being written; what is added counts once it is closed.
pub(crate) struct ChunkFile {
    conn: Connection,
    encoded: Vec<u8>,
}

impl ChunkFile {
    /// Makes a new one. It promises nothing until it is closed and its bytes are flushed by the caller.
    pub(crate) fn create(path: &Path) -> Result<Self, BoxError> {
        let conn = Connection::open(path)?;
        // A crash leaves a file that nobody takes for a journal, so neither log nor flushes are needed.
        set(&conn, &[("journal_mode", "OFF"), ("synchronous", "OFF")])?;
        rows::create_schema(&conn)?;
        Self::begin(conn)
    }

    /// Opens one that is there, to add to it. Nobody else may write it meanwhile. What it promises when it is closed
    /// is on disk.
    pub(crate) fn reopen(path: &Path) -> Result<Self, BoxError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(path, flags)?;
        check_journal(&conn, path)?;
        // EXTRA also flushes the directory in which the rollback journal was: it must not come back.
        set(&conn, &[("journal_mode", "DELETE"), ("synchronous", "EXTRA")])?;
        Self::begin(conn)
    }

    fn begin(conn: Connection) -> Result<Self, BoxError> {
        // From the very first row: moving rows between pages leaves copies of them behind, too.
        set(&conn, &[("locking_mode", "EXCLUSIVE"), ("secure_delete", "ON")])?;
        conn.execute_batch("BEGIN EXCLUSIVE")?;
        Ok(Self { conn, encoded: Vec::new() })
    }

    /// Where it stands, once its last frame is verified.
    pub(crate) fn head(&self) -> Result<Head, OpenError> {
        check_last_frame(&self.conn)
    }

    pub(crate) fn insert(&mut self, chunks: &[Chunk]) -> rusqlite::Result<()> {
        for chunk in chunks {
            self.encode(chunk);
            rows::insert(&self.conn, chunk, &self.encoded)?;
        }
        Ok(())
    }

    /// Erases the payloads that are erased in `chunk`, and says how many there were.
    ///
    /// What `chunk` says is believed when it has the hash of the chunk that is here.
    pub(crate) fn erase_as_in(&mut self, chunk: &Chunk) -> Result<usize, BoxError> {
        let Some(mut here) = rows::chunk_at(&self.conn, chunk.first)?.filter(|here| here.hash == chunk.hash)
        else {
            return Err(format!("the chunk at position {} is another one here", chunk.first).into());
        };
        let erased = chunk.entries().filter(|entry| entry.payload == PayloadRef::Erased);
        let erased: Vec<_> = erased.map(|entry| entry.position).collect();
        let payloads = here.erase_payloads(&erased);
        if payloads > 0 {
            self.encode(&here);
            erase::rewrite(&self.conn, here.first, &self.encoded)?;
        }
        Ok(payloads)
    }

    pub(crate) fn last_erasure(&self) -> rusqlite::Result<Option<Erasure>> {
        erasures::last(&self.conn)
    }

    pub(crate) fn note_erasures(&self, erasures: &[Erasure]) -> rusqlite::Result<()> {
        erasures::take_over(&self.conn, erasures)
    }

    /// Makes true what was added, and leaves one file, with nothing beside it that belongs to it.
    pub(crate) fn close(self) -> rusqlite::Result<()> {
        self.conn.execute_batch("COMMIT")?;
        self.conn.close().map_err(|(_, error)| error)
    }

    fn encode(&mut self, chunk: &Chunk) {
        self.encoded.clear();
        encode_chunk(chunk, &mut self.encoded);
    }
}

fn set(conn: &Connection, pragmas: &[(&str, &str)]) -> rusqlite::Result<()> {
    pragmas.iter().try_for_each(|(name, value)| {
        // Some of these answer with a row, some do not.
        match conn.pragma_update_and_check(None, name, value, |_| Ok(())) {
            Err(rusqlite::Error::QueryReturnedNoRows) => Ok(()),
            result => result,
        }
    })
}
