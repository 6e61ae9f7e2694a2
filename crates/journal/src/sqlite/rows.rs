//! The table, and every SELECT over it.
//!
//! A row is an encoded chunk under the position of its first entry, with its epoch beside it, so that the start of
//! an epoch is found by bisection without reading chunks.

use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, params};

use crate::chunk::Chunk;
use crate::codec::{Envelope, decode_chunk};
use crate::position::{EpochStart, Head, Position};
use crate::store::{ChunkDamage, ReadError};
use crate::verify::ChainCheck;

/// Marks a file as a journal of ours ("chgl").
pub(super) const APPLICATION_ID: i64 = 0x6368_676c;

/// Version of the schema; the encoding of chunks has its own.
pub(super) const SCHEMA_VERSION: i64 = 1;

/// Bytes of a database page. Without a disk in the way, 4 KiB commit 93,000 single entries a second, 8 KiB 59,000
/// and 16 KiB 45,000; for frames of a thousand entries and more the first two are alike.
pub(super) const PAGE_BYTES: u64 = 4096;

/// `settled_doubt` gets a row whenever an unknown outcome is read back, see `append.rs`.
const SCHEMA: &str = "
    CREATE TABLE chunk (first INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, bytes BLOB NOT NULL) STRICT;
    CREATE TABLE settled_doubt (number INTEGER PRIMARY KEY) STRICT;
";

const LAST: &str = "SELECT first, epoch, bytes FROM chunk ORDER BY first DESC LIMIT 1";
const LAST_KEY: &str = "SELECT max(first) FROM chunk";
/// The row that begins at or before a position, or else the first, and the last key of the same moment.
const AT: &str = "SELECT first, epoch, bytes, (SELECT max(first) FROM chunk) FROM chunk WHERE first =
    ifnull((SELECT max(first) FROM chunk WHERE first <= ?1), (SELECT min(first) FROM chunk))";
const FROM: &str = "SELECT first, epoch, bytes, (SELECT max(first) FROM chunk) FROM chunk WHERE first >=
    ifnull((SELECT max(first) FROM chunk WHERE first <= ?1), (SELECT min(first) FROM chunk)) ORDER BY first";
const BEFORE: &str = "SELECT first, epoch, bytes, NULL FROM chunk WHERE first < ?1 ORDER BY first DESC";
const EPOCH_AT: &str = "SELECT first, epoch FROM chunk WHERE first <= ?1 ORDER BY first DESC LIMIT 1";
const FIRST_KEY: &str = "SELECT min(first) FROM chunk";

struct StoredChunk {
    first: i64,
    epoch: i64,
    bytes: Vec<u8>,
}

/// Makes an empty database a journal. Which log it keeps while it is written is the caller's matter.
pub(super) fn create_schema(conn: &Connection) -> rusqlite::Result<()> {
    conn.pragma_update(None, "page_size", PAGE_BYTES.cast_signed())?;
    conn.execute_batch(&format!(
        "BEGIN IMMEDIATE; {SCHEMA}
         PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION}; COMMIT"
    ))
}

pub(super) fn last_key(conn: &Connection) -> rusqlite::Result<Option<i64>> {
    conn.prepare_cached(LAST_KEY)?.query_row([], |row| row.get(0))
}

/// The head that the last row's header tells, without decoding its entries.
pub(super) fn head(conn: &Connection) -> Result<Head, ReadError> {
    let row =
        conn.prepare_cached(LAST).and_then(|mut last| last.query_row([], StoredChunk::from_row).optional());
    let Some(row) = row.map_err(storage)? else { return Ok(Head::EMPTY) };
    let envelope = Envelope::decode(&row.bytes).map_err(|error| row.damaged(error.into()))?;
    Ok(envelope.head_after())
}

pub(super) fn chunk_at(conn: &Connection, position: Position) -> Result<Option<Chunk>, ReadError> {
    let found = conn
        .prepare_cached(AT)
        .and_then(|mut at| {
            at.query_row([key(position)], |row| Ok((StoredChunk::from_row(row)?, row.get(3)?))).optional()
        })
        .map_err(storage)?;
    let Some((row, last_key)) = found else { return Ok(None) };
    let is_last = row.first == last_key;
    let chunk = row.decode()?;
    if (chunk.first..chunk.end()).contains(&position) {
        Ok(Some(chunk))
    } else if is_last && chunk.end() <= position {
        Ok(None)
    } else {
        Err(ReadError::Damaged { position, damage: ChunkDamage::Missing })
    }
}

pub(super) fn chunks_from(
    conn: &Connection,
    from: Position,
    max_bytes: usize,
) -> Result<Vec<Chunk>, ReadError> {
    let (rows, last_key) = collect(conn.prepare_cached(FROM).map_err(storage)?, from, max_bytes)?;
    let is_last = rows.last().is_none_or(|row| Some(row.first) == last_key);
    let mut chunks = decode_all(rows)?;
    follow_each_other(chunks.iter())?;
    chunks.retain(|chunk| chunk.end() > from);
    match chunks.first() {
        None if is_last => Ok(chunks),
        Some(first) if first.first <= from => Ok(chunks),
        _ => Err(ReadError::Damaged { position: from, damage: ChunkDamage::Missing }),
    }
}

pub(super) fn chunks_before(
    conn: &Connection,
    before: Position,
    max_bytes: usize,
) -> Result<Vec<Chunk>, ReadError> {
    let (rows, _) = collect(conn.prepare_cached(BEFORE).map_err(storage)?, before, max_bytes)?;
    let chunks = decode_all(rows)?;
    follow_each_other(chunks.iter().rev()).map(|()| chunks)
}

/// Epochs never go back, so where one ends is found by bisection: some thirty look-ups for each.
pub(super) fn epochs(conn: &Connection) -> rusqlite::Result<Vec<EpochStart>> {
    let mut epoch_at = conn.prepare_cached(EPOCH_AT)?;
    let mut epoch_at = |key: i64| -> rusqlite::Result<(i64, u32)> {
        epoch_at.query_row([key], |row| Ok((row.get(0)?, row.get(1)?)))
    };
    let first: Option<i64> = conn.prepare_cached(FIRST_KEY)?.query_row([], |row| row.get(0))?;
    let (Some(mut start), Some(last)) = (first, last_key(conn)?) else { return Ok(Vec::new()) };
    let mut starts = Vec::new();
    loop {
        let (_, epoch) = epoch_at(start)?;
        starts.push(EpochStart { epoch, first: Position(start.cast_unsigned()) });
        if epoch_at(last)?.1 == epoch {
            return Ok(starts);
        }
        let (mut inside, mut after) = (start, last);
        while after - inside > 1 {
            let middle = inside + (after - inside) / 2;
            match epoch_at(middle)? {
                (_, found) if found == epoch => inside = middle,
                (row, _) => after = row,
            }
        }
        start = after;
    }
}

pub(super) fn insert(conn: &Connection, chunk: &Chunk, bytes: &[u8]) -> rusqlite::Result<()> {
    conn.prepare_cached("INSERT INTO chunk (first, epoch, bytes) VALUES (?1, ?2, ?3)")?
        .execute(params![key(chunk.first), chunk.epoch, bytes])
        .map(drop)
}

/// Positions beyond [`POSITION_MAX`](crate::POSITION_MAX) are beyond every row.
pub(super) fn key(position: Position) -> i64 {
    i64::try_from(position.0).unwrap_or(i64::MAX)
}

pub(super) fn storage(error: rusqlite::Error) -> ReadError {
    ReadError::Storage(error.into())
}

/// Rows until `max_bytes` would be passed, at least one, and what the fourth column says. Decoding waits until the
/// statement, and with it the read transaction, has ended.
fn collect(
    mut statement: CachedStatement<'_>,
    bound: Position,
    max_bytes: usize,
) -> Result<(Vec<StoredChunk>, Option<i64>), ReadError> {
    let mut rows = statement.query([key(bound)]).map_err(storage)?;
    let (mut collected, mut last_key, mut bytes) = (Vec::new(), None, 0);
    while let Some(row) = rows.next().map_err(storage)? {
        last_key = row.get(3).map_err(storage)?;
        let row = StoredChunk::from_row(row).map_err(storage)?;
        let envelope = Envelope::decode(&row.bytes).map_err(|error| row.damaged(error.into()))?;
        bytes += envelope.bytes_in_memory();
        if bytes > max_bytes && !collected.is_empty() {
            break;
        }
        collected.push(row);
    }
    Ok((collected, last_key))
}

fn decode_all(rows: Vec<StoredChunk>) -> Result<Vec<Chunk>, ReadError> {
    rows.into_iter().map(StoredChunk::decode).collect()
}

fn follow_each_other<'a>(chunks: impl Iterator<Item = &'a Chunk>) -> Result<(), ReadError> {
    let mut check = ChainCheck::from_anywhere();
    for chunk in chunks {
        check
            .continues_with(chunk)
            .map_err(|link| ReadError::Damaged { position: chunk.first, damage: link.into() })?;
    }
    Ok(())
}

impl StoredChunk {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self { first: row.get(0)?, epoch: row.get(1)?, bytes: row.get(2)? })
    }

    fn decode(self) -> Result<Chunk, ReadError> {
        let chunk = decode_chunk(&self.bytes).map_err(|error| self.damaged(error.into()))?;
        chunk.verify().map_err(|mismatch| self.damaged(mismatch.into()))?;
        if key(chunk.first) == self.first && i64::from(chunk.epoch) == self.epoch {
            Ok(chunk)
        } else {
            Err(self.damaged(ChunkDamage::Misfiled))
        }
    }

    fn damaged(&self, damage: ChunkDamage) -> ReadError {
        ReadError::Damaged { position: Position(self.first.cast_unsigned()), damage }
    }
}
