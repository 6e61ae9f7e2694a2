//! The log of erasures: which chunks were rewritten, in which order. It lets a backup that is refreshed forget what
//! was forgotten since, without comparing every chunk.
//!
//! The table appears with the first erasure; a journal without one has forgotten nothing.

use rusqlite::{Connection, OptionalExtension, params};

use super::rows;
use crate::position::Position;
use crate::store::Erasure;

const CREATE: &str =
    "CREATE TABLE IF NOT EXISTS erasure (number INTEGER PRIMARY KEY, chunk INTEGER NOT NULL) STRICT";

/// Notes that the chunk that begins at `chunk` is rewritten, in the caller's transaction.
pub(super) fn note(conn: &Connection, chunk: Position) -> rusqlite::Result<()> {
    conn.execute(CREATE, [])?;
    conn.prepare_cached("INSERT INTO erasure (chunk) VALUES (?1)")?.execute([rows::key(chunk)]).map(drop)
}

/// Takes over what another journal of the same history has noted.
pub(super) fn take_over(conn: &Connection, erasures: &[Erasure]) -> rusqlite::Result<()> {
    conn.execute(CREATE, [])?;
    let mut insert = conn.prepare_cached("INSERT OR IGNORE INTO erasure (number, chunk) VALUES (?1, ?2)")?;
    for Erasure { number, chunk } in erasures {
        insert.execute(params![number.cast_signed(), rows::key(*chunk)])?;
    }
    Ok(())
}

/// The erasures numbered above `after`, at most `max`.
pub(super) fn after(conn: &Connection, after: u64, max: usize) -> rusqlite::Result<Vec<Erasure>> {
    if !is_there(conn)? {
        return Ok(Vec::new());
    }
    let (after, max) = (i64::try_from(after).unwrap_or(i64::MAX), i64::try_from(max).unwrap_or(i64::MAX));
    conn.prepare_cached("SELECT number, chunk FROM erasure WHERE number > ?1 ORDER BY number LIMIT ?2")?
        .query_map([after, max], from_row)?
        .collect()
}

/// The last erasure.
pub(super) fn last(conn: &Connection) -> rusqlite::Result<Option<Erasure>> {
    if !is_there(conn)? {
        return Ok(None);
    }
    conn.query_row("SELECT number, chunk FROM erasure ORDER BY number DESC LIMIT 1", [], from_row).optional()
}

fn is_there(conn: &Connection) -> rusqlite::Result<bool> {
    conn.prepare_cached("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'erasure'")?.exists([])
}

fn from_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Erasure> {
    let (number, chunk): (i64, i64) = (row.get(0)?, row.get(1)?);
    Ok(Erasure { number: number.cast_unsigned(), chunk: Position(chunk.cast_unsigned()) })
}
