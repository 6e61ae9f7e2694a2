//! Restarting the write-ahead log.
//!
//! SQLite's automatic checkpoints are off: under constant load they never get to reset the log, which then grows
//! without bound. Instead the writer runs a RESTART between two commits whenever enough has been written.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use rusqlite::Connection;

use super::rows::PAGE_BYTES;

/// Bytes in the log at which the writer restarts it: rare enough to cost little, few enough that the pause, and
/// the reading of the log when a process starts, stay short.
const RESTART_BYTES: u64 = 48 * 1024 * 1024;

/// Bytes to be written after a restart that readers were in the way of, before the next try.
const RETRY_BYTES: u64 = 4 * 1024 * 1024;

/// Bytes around a page in the log.
const WAL_FRAME_HEADER_BYTES: u64 = 24;

/// Bytes before the first page in the log.
const WAL_HEADER_BYTES: u64 = 32;

/// Bytes of the two numbers that are the same in the log's header and in each page of the present round.
const WAL_SALTS_BYTES: usize = 8;

/// Where they are in the log's header.
const WAL_HEADER_SALTS_AT: u64 = 16;

/// Where they are in what is around a page.
const WAL_FRAME_SALTS_AT: u64 = 8;

/// An estimate of what the log holds, slightly above the truth.
#[derive(Debug, Default)]
pub(super) struct WalMeter {
    written_bytes: u64,
    due_bytes: u64,
}

impl WalMeter {
    pub(super) fn new() -> Self {
        Self { written_bytes: 0, due_bytes: RESTART_BYTES }
    }

    /// Counts a row: its pages, and those that lead to it.
    pub(super) fn add_row(&mut self, bytes: usize) {
        let pages = (bytes as u64).div_ceil(PAGE_BYTES) + 1;
        self.written_bytes += pages * (PAGE_BYTES + WAL_FRAME_HEADER_BYTES);
    }

    pub(super) fn is_due(&self) -> bool {
        self.written_bytes >= self.due_bytes
    }

    pub(super) fn restarted(&mut self) {
        *self = Self::new();
    }

    pub(super) fn postpone(&mut self) {
        self.due_bytes = self.written_bytes + RETRY_BYTES;
    }
}

/// Copies the log into the file and lets the next commit begin the log anew (RESTART), or empties it (TRUNCATE).
/// False when a reader was in the way; what could be copied is copied.
pub(super) fn checkpoint(conn: &Connection, mode: &str) -> rusqlite::Result<bool> {
    conn.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| Ok(row.get::<_, i64>(0)? == 0))
}

/// Bytes at the end of the log of `path` that belong to a commit that is not complete: 0 where it ends in order. To
/// be asked before the log is copied into the file.
///
/// SQLite drops such an end without a word. Nobody was told of it, unless something changed the log since; then the
/// head witness knows. What an earlier round of the log has left behind its present end has other salts.
pub(super) fn torn_bytes(conn: &Connection, path: &Path) -> io::Result<u64> {
    let counted = conn.query_row("PRAGMA wal_checkpoint(NOOP)", [], |row| row.get::<_, i64>(1));
    let Some(frames) = counted.ok().and_then(|frames| u64::try_from(frames).ok()) else { return Ok(0) };
    let mut log = match File::open(path) {
        Ok(log) => log,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    };
    let end = WAL_HEADER_BYTES + frames * (PAGE_BYTES + WAL_FRAME_HEADER_BYTES);
    let torn = log.metadata()?.len().saturating_sub(end);
    let salts = read_at(&mut log, WAL_HEADER_SALTS_AT)?;
    let behind = read_at(&mut log, end + WAL_FRAME_SALTS_AT)?;
    // Too little behind the end to have salts is torn as well.
    Ok(if behind.is_none() || behind == salts { torn } else { 0 })
}

fn read_at(log: &mut File, at: u64) -> io::Result<Option<[u8; WAL_SALTS_BYTES]>> {
    let mut bytes = [0; WAL_SALTS_BYTES];
    log.seek(SeekFrom::Start(at))?;
    match log.read_exact(&mut bytes) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        read => read.map(|()| Some(bytes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restart_is_due_at_the_limit_and_postponed_by_the_retry_bytes() {
        let mut meter = WalMeter { written_bytes: RESTART_BYTES - 1, ..WalMeter::new() };
        assert!(!meter.is_due());
        meter.add_row(1);
        assert!(meter.is_due());
        meter.postpone();
        assert!(!meter.is_due());
        meter.written_bytes += RETRY_BYTES;
        assert!(meter.is_due());
        meter.restarted();
        assert!(!meter.is_due());
    }
}
