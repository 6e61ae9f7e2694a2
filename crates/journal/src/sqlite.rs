//! The journal in one SQLite file, `journal.db`.
//!
//! - One row per chunk, one transaction per frame, flushed before `append` answers (`synchronous=FULL`).
//! - Rows are inserted and never changed or deleted, with one exception: [`erase`] rewrites a row
//!   whose payloads are to be forgotten. There is no other UPDATE or DELETE.
//! - The writer restarts the write-ahead log itself, between two commits; readers hold no transaction open between
//!   calls, so that it can.
//! - After a failed flush the file's content is uncertain: nothing is written any more. The next process begins
//!   by copying all that it can read out of the log (see [`open`]).
//!
//! Keeping a second process away is [`DirLock`](crate::DirLock)'s matter; should there be one all the same, the
//! check inside each append's transaction fences the one that comes late.

mod append;
mod chunk_file;
mod erase;
mod erasures;
mod failure;
mod open;
mod reader;
mod rows;
mod wal;

use std::path::PathBuf;

use rusqlite::Connection;
use rusqlite::config::DbConfig;

pub(crate) use self::chunk_file::ChunkFile;
use self::failure::Failure;
pub use self::open::{Loss, OpenError};
use self::reader::SqliteReader;
use self::wal::WalMeter;
use crate::chunk::Chunk;
use crate::codec::encode_chunk;
use crate::frame::FrameBuilder;
use crate::head_witness::HeadWitness;
use crate::position::{Head, Position};
use crate::store::{AppendError, Appended, EraseError, Erased, Journal, JournalReader, ReadBack, ReadError};

/// Name of the journal's file in its directory.
pub const JOURNAL_FILE: &str = "journal.db";

/// The writer's side of a journal in SQLite.
#[derive(Debug)]
pub struct SqliteJournal {
    path: PathBuf,
    conn: Connection,
    head: Head,
    /// Position of the last chunk's first entry, as the row's key; what fences a second writer.
    last_row: Option<i64>,
    is_poisoned: bool,
    wal: WalMeter,
    encoded: Vec<u8>,
    witness: HeadWitness,
    /// The highest epoch that may have been seen outside, in this history or in one that was lost.
    epoch_seen: u32,
    torn_bytes: u64,
}

impl Journal for SqliteJournal {
    fn head(&self) -> Head {
        self.head
    }

    fn append(&mut self, frame: &FrameBuilder, expected: Position) -> Result<Appended, AppendError> {
        self.append_frame(frame, expected)
    }

    fn read_back(&mut self, frame: &FrameBuilder, expected: Position) -> Result<ReadBack, ReadError> {
        self.read_back_frame(frame, expected)
    }

    fn erase_payloads(&mut self, positions: &[Position]) -> Result<Erased, EraseError> {
        self.erase(positions)
    }

    fn reader(&self) -> Box<dyn JournalReader> {
        Box::new(SqliteReader::new(self.path.clone()))
    }
}

impl SqliteJournal {
    /// Reads the journal in `dir` without writing, also while another process writes it.
    #[must_use]
    pub fn reader_in(dir: &std::path::Path) -> Box<dyn JournalReader> {
        Box::new(SqliteReader::new(dir.join(JOURNAL_FILE)))
    }

    /// The epoch that a new writer begins: above every one that the journal has, and above those that it may have
    /// had before it was restored from a backup, or before a loss that was accepted.
    #[must_use]
    pub fn next_epoch(&self) -> u32 {
        self.epoch_seen.max(self.head.epoch) + 1
    }

    /// Bytes of a commit that was never complete, and that opening has cut off: 0 where the last process ended in
    /// order, or between two commits.
    #[must_use]
    pub fn torn_bytes(&self) -> u64 {
        self.torn_bytes
    }

    /// Ends a transaction that failed, if it is still open. When even that fails, SQLite refuses to begin the
    /// next one, and so nothing is written.
    fn roll_back(&self) {
        if !self.conn.is_autocommit()
            && let Err(error) = self.conn.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "a failed append could not be rolled back");
        }
    }

    /// Looks at an error and, if it was a flush that failed, stops all writing from now on.
    fn note_failure(&mut self, error: &rusqlite::Error) -> Failure {
        let failure = Failure::of(error);
        if failure == Failure::Flush && !self.is_poisoned {
            tracing::error!(%error, "a flush of the journal failed; it writes no more");
            self.is_poisoned = true;
            // Closing must not write either.
            if let Err(error) = self.conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true) {
                tracing::error!(%error, "the journal's log will be copied into its file when it is closed");
            }
        }
        failure
    }

    fn encode(&mut self, chunk: &Chunk) {
        self.encoded.clear();
        encode_chunk(chunk, &mut self.encoded);
    }
}
