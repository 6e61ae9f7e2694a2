//! The figures on disk: one table per rollup, and the position they reflect.
//!
//! A figure is a column without a type: an INTEGER where it fits in 64 bits, else its decimal TEXT. That way nearly
//! every figure is one to eight bytes and readable by any tool, and none is ever rounded: SQLite's own `+` and `sum`
//! turn into floats or fail beyond 64 bits, so rows are added up here and not in SQL.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chargly_ledger::Position;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, ToSql, TransactionBehavior, params};

use crate::counters::Counters;
use crate::figures::FIGURES;
use crate::rollup::{Key, NONE, Rollup};
use crate::schema::{clear, prepare, read_setups, read_values};
use crate::setup::{Setup, Setups};
use crate::values::Value;
use crate::{BUSY_TIMEOUT_MS, Figures, ViewError};

/// Bytes of a page of the file and of its log: SQLite's default, and what most disks write at once.
const PAGE_BYTES: i64 = 4_096;
/// Pages of the log from which on it is copied into the file: 16 MB, so that the pages of the current day,
/// which nearly every flush touches, are copied once for several flushes.
const WAL_PAGES: i64 = 4_096;
/// Reading connections kept open.
const IDLE_READERS_MAX: usize = 4;

/// The database: one connection that writes, and some that read beside it.
pub(crate) struct Store {
    writer: Mutex<Connection>,
    readers: Option<Readers>,
}

/// Connections that only read, each seeing the file as it stood when its reading began. Where there are none (in
/// memory, and in a snapshot), the writer's reads, too.
struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

/// The right to write: one flush at a time.
pub(crate) struct Writer<'a>(MutexGuard<'a, Connection>);

/// What a flush writes.
#[derive(Clone)]
pub(crate) struct Batch {
    pub(crate) counters: Arc<Counters>,
    /// Values of dimensions that the file does not have yet, and the number of the first of them.
    pub(crate) values: Arc<[Value]>,
    pub(crate) first_value: usize,
    pub(crate) setups: Arc<Setups>,
    pub(crate) from: Position,
    pub(crate) to: Position,
}

/// What a file knows beside its figures.
pub(crate) struct Stored {
    pub(crate) stands_at: Position,
    pub(crate) setups: Setups,
    pub(crate) values: Vec<Value>,
}

impl Store {
    /// Opens a file, making it where it is absent. What software of another version wrote is thrown away, to be folded
    /// anew: it can neither be read nor be added to, and the journal has it all.
    ///
    /// A file that is made counts by `setup`.
    pub(crate) fn open(path: &Path, setup: &Setup) -> Result<Self, ViewError> {
        let mut db = connect(path)?;
        if let Err(ViewError::OtherVersion { found, expected }) = prepare(&mut db, setup) {
            tracing::warn!(
                file = %path.display(),
                found,
                expected,
                "the rollups were written by another version of this software and are folded anew"
            );
            clear(&mut db)?;
            prepare(&mut db, setup)?;
        }
        let readers = Readers { path: path.to_owned(), idle: Mutex::default() };
        Ok(Self { writer: Mutex::new(db), readers: Some(readers) })
    }

    pub(crate) fn in_memory(setup: &Setup) -> Result<Self, ViewError> {
        let mut db = Connection::open_in_memory()?;
        prepare(&mut db, setup)?;
        Ok(Self { writer: Mutex::new(db), readers: None })
    }

    /// Opens the file as it stands now: what another process writes from here on is not seen.
    pub(crate) fn open_snapshot(path: &Path) -> Result<Self, ViewError> {
        let mut db = connect(path)?;
        prepare(&mut db, &Setup::default())?;
        db.execute_batch("BEGIN")?;
        // The first read of a transaction is what fixes its view.
        read_watermark(&db)?;
        Ok(Self { writer: Mutex::new(db), readers: None })
    }

    /// What the file knows beside its figures.
    pub(crate) fn stored(&self) -> Result<Stored, ViewError> {
        self.read(|db, stands_at| {
            Ok(Stored { stands_at, setups: read_setups(db)?, values: read_values(db)? })
        })
    }

    /// Waits for its turn to write.
    pub(crate) fn writer(&self) -> Writer<'_> {
        Writer(self.writer.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Lends the database as it stands now, and the position it reflects. It does not change meanwhile, and nobody who
    /// writes waits for it.
    pub(crate) fn read<T>(
        &self,
        read: impl FnOnce(&Connection, Position) -> Result<T, ViewError>,
    ) -> Result<T, ViewError> {
        match &self.readers {
            Some(readers) => readers.read(read),
            None => {
                let db = self.writer();
                read(&db.0, read_watermark(&db.0)?)
            }
        }
    }
}

impl Readers {
    fn read<T>(
        &self,
        read: impl FnOnce(&Connection, Position) -> Result<T, ViewError>,
    ) -> Result<T, ViewError> {
        let idle = self.idle().pop();
        let db = match idle {
            Some(db) => db,
            None => {
                let db = Connection::open_with_flags(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
                db.busy_timeout(Duration::from_millis(BUSY_TIMEOUT_MS))?;
                db
            }
        };
        // The first read of a transaction fixes its view; dropping it ends it.
        let tx = db.unchecked_transaction()?;
        let result = read(&tx, read_watermark(&tx)?)?;
        drop(tx);
        let mut idle = self.idle();
        if idle.len() < IDLE_READERS_MAX {
            idle.push(db);
        }
        Ok(result)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Writer<'_> {
    /// Adds what was counted to the rows and moves the position on, in one transaction.
    pub(crate) fn write(&mut self, batch: &Batch) -> Result<(), ViewError> {
        let tx = self.0.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let found = read_watermark(&tx)?;
        if found != batch.from {
            return Err(ViewError::Moved { expected: batch.from, found });
        }
        for rollup in Rollup::ALL {
            let mut read =
                tx.prepare_cached(&format!("{} WHERE {}", select_sql(rollup), keys_sql(rollup)))?;
            let mut put = tx.prepare_cached(&put_sql(rollup))?;
            let last = last_key(&tx, rollup)?;
            for key in batch.counters.keys(rollup) {
                let more = batch.counters.row(rollup, &key).ok_or(ViewError::Overflow)?;
                let columns = &key[..rollup.keys().len()];
                // Most rows are behind all there are, as time goes on.
                let before = if last.is_some_and(|last| key <= last) {
                    let mut stored = read.query(rusqlite::params_from_iter(columns))?;
                    stored.next()?.map(|row| from_row(rollup, row)).transpose()?
                } else {
                    None
                };
                let before = before.map_or_else(Figures::default, |(_, figures)| figures);
                let after = before.checked_add(&more).ok_or(ViewError::Overflow)?.values();
                let mut place = 0;
                let figures = rollup.columns().iter().map(|i| after[*i]);
                for number in columns.iter().map(|part| i128::from(*part)).chain(figures) {
                    place += 1;
                    put.raw_bind_parameter(place, Column(number))?;
                }
                put.raw_bind_parameter(place + 1, others(rollup, &after).as_str())?;
                put.raw_execute()?;
            }
        }
        let mut put = tx.prepare_cached("INSERT INTO dimension_values VALUES (?1, ?2, ?3, ?4)")?;
        for (i, Value { event_type, dimension }) in batch.values.iter().enumerate() {
            let number = i64::try_from(batch.first_value + i).unwrap_or(i64::MAX);
            put.execute(params![number, event_type, dimension.name.as_str(), dimension.value.as_str()])?;
        }
        drop(put);
        let setups = serde_json::to_string(&*batch.setups).map_err(|error| damaged_setups(&error))?;
        tx.execute(
            "UPDATE watermarks SET next = ?1, setups = ?2",
            params![batch.to.0.cast_signed(), setups],
        )?;
        tx.commit()?;
        Ok(())
    }
}

fn connect(path: &Path) -> Result<Connection, ViewError> {
    let db = Connection::open(path)?;
    db.busy_timeout(Duration::from_millis(BUSY_TIMEOUT_MS))?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    // A crash of the machine may lose the last flushes, whole: rows and position go back together.
    db.pragma_update(None, "synchronous", "NORMAL")?;
    db.pragma_update(None, "wal_autocheckpoint", WAL_PAGES)?;
    // A flush of everything that fits in memory is larger; its room is given back.
    db.pragma_update(None, "journal_size_limit", WAL_PAGES * PAGE_BYTES)?;
    Ok(db)
}

/// Reads keys and figures of a rollup; a `WHERE` may follow.
pub(crate) fn select_sql(rollup: Rollup) -> String {
    let figures: Vec<&str> = rollup.columns().iter().map(|i| Figures::NAMES[*i]).collect();
    format!("SELECT {}, {}, others FROM {}", rollup.keys().join(", "), figures.join(", "), rollup.table())
}

/// A row as [`select_sql`] reads it.
pub(crate) fn from_row(rollup: Rollup, row: &Row<'_>) -> Result<(Key, Figures), ViewError> {
    let mut key: Key = [NONE; 3];
    let keys = rollup.keys().len();
    for (i, part) in key.iter_mut().take(keys).enumerate() {
        *part = row.get(i)?;
    }
    let mut values = [0; FIGURES];
    let damaged = |i: usize| {
        ViewError::Damaged(format!("{}: {} is not an integer", describe(rollup, &key), Figures::NAMES[i]))
    };
    for (column, i) in rollup.columns().iter().enumerate() {
        values[*i] = match row.get_ref(keys + column)? {
            ValueRef::Integer(n) => Some(n.into()),
            ValueRef::Text(text) => std::str::from_utf8(text).ok().and_then(|t| t.parse().ok()),
            ValueRef::Null | ValueRef::Real(_) | ValueRef::Blob(_) => None,
        }
        .ok_or_else(|| damaged(*i))?;
    }
    let others = row.get_ref(keys + rollup.columns().len())?.as_str().unwrap_or("?");
    for one in others.split_ascii_whitespace() {
        let found = one.split_once('=').and_then(|(name, value)| {
            let i = rollup.figures().find(|i| Figures::NAMES[*i] == name)?;
            Some((i, value.parse().ok()?))
        });
        let Some((i, value)) = found else {
            return Err(ViewError::Damaged(format!("{}: {one:?} is no figure", describe(rollup, &key))));
        };
        values[i] = value;
    }
    Ok((key, Figures::from_values(values)))
}

/// Figures without a column of their own, where they are not 0: `refused=1 unbilled_cost_nano=11`.
fn others(rollup: Rollup, values: &[i128; FIGURES]) -> String {
    let mut text = String::new();
    for i in rollup.figures().filter(|i| values[*i] != 0 && !rollup.columns().contains(i)) {
        let space = if text.is_empty() { "" } else { " " };
        // Writing to a string cannot fail.
        let _ = write!(text, "{space}{}={}", Figures::NAMES[i], values[i]);
    }
    text
}

/// The key of the last row.
fn last_key(db: &Connection, rollup: Rollup) -> Result<Option<Key>, ViewError> {
    let order: Vec<String> = rollup.keys().iter().map(|key| format!("{key} DESC")).collect();
    let sql = format!("{} ORDER BY {} LIMIT 1", select_sql(rollup), order.join(", "));
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query([])?;
    let mut key = [NONE; 3];
    let Some(row) = rows.next()? else { return Ok(None) };
    for (i, part) in key.iter_mut().take(rollup.keys().len()).enumerate() {
        *part = row.get(i)?;
    }
    Ok(Some(key))
}

/// A row's name in words: `price_hours row hour=5, event_type=0, price=1`.
pub(crate) fn describe(rollup: Rollup, key: &Key) -> String {
    let keys: Vec<String> =
        rollup.keys().iter().zip(key).map(|(name, part)| format!("{name}={part}")).collect();
    format!("{} row {}", rollup.table(), keys.join(", "))
}

pub(crate) fn damaged_setups(error: &serde_json::Error) -> ViewError {
    ViewError::Damaged(format!("what they are counted by cannot be read: {error}"))
}

fn read_watermark(db: &Connection) -> Result<Position, ViewError> {
    let next: Option<i64> =
        db.query_row("SELECT next FROM watermarks WHERE id = 0", [], |row| row.get(0)).optional()?;
    match next.map(u64::try_from) {
        Some(Ok(next)) => Ok(Position(next)),
        Some(Err(_)) | None => Err(ViewError::Damaged("the position they reflect is missing".to_owned())),
    }
}

fn keys_sql(rollup: Rollup) -> String {
    rollup.keys().iter().map(|k| format!("{k} = ?")).collect::<Vec<_>>().join(" AND ")
}

fn put_sql(rollup: Rollup) -> String {
    let places = vec!["?"; rollup.keys().len() + rollup.columns().len() + 1].join(", ");
    format!("INSERT OR REPLACE INTO {} VALUES ({places})", rollup.table())
}

/// A number on its way to a column.
struct Column(i128);

impl ToSql for Column {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match i64::try_from(self.0) {
            Ok(n) => n.into(),
            Err(_) => self.0.to_string().into(),
        })
    }
}
