//! The figures on disk: one table per rollup, and the position they reflect.
//!
//! A figure is a column without a type: an INTEGER where it fits in 64 bits, else its decimal TEXT. That way nearly
//! every figure is one to eight bytes and readable by any tool, and none is ever rounded: SQLite's own `+` and `sum`
//! turn into floats or fail beyond 64 bits, so rows are added up here and not in SQL.

use std::path::Path;
use std::time::Duration;

use chargly_ledger::Position;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, ToSql, TransactionBehavior, params};

use crate::figures::FIGURES;
use crate::rollup::{Counters, Key, Rollup};
use crate::{BUSY_TIMEOUT_MS, Figures, ViewError};

/// Version of what is counted and how it is laid out. A file of another version is not read but folded anew.
const VERSION: i64 = 1;

/// The database, and where it stands.
pub(crate) struct Store {
    pub(crate) db: Connection,
    /// The position of the first fact that is not in it.
    pub(crate) next: Position,
}

impl Store {
    pub(crate) fn open(path: &Path) -> Result<Self, ViewError> {
        let db = Connection::open(path)?;
        db.busy_timeout(Duration::from_millis(BUSY_TIMEOUT_MS))?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        // A crash of the machine may lose the last flushes, whole: rows and position go back together.
        db.pragma_update(None, "synchronous", "NORMAL")?;
        Self::prepare(db)
    }

    pub(crate) fn in_memory() -> Result<Self, ViewError> {
        Self::prepare(Connection::open_in_memory()?)
    }

    /// Opens the file as it stands now: what another process writes from here on is not seen.
    pub(crate) fn open_snapshot(path: &Path) -> Result<Self, ViewError> {
        let store = Self::open(path)?;
        store.db.execute_batch("BEGIN")?;
        // The first read of a transaction is what fixes its view.
        let next = read_watermark(&store.db)?;
        Ok(Self { next, ..store })
    }

    fn prepare(mut db: Connection) -> Result<Self, ViewError> {
        let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let found: i64 = tx.pragma_query_value(None, "user_version", |row| row.get(0))?;
        match found {
            0 => {
                tx.execute_batch(
                    "CREATE TABLE watermarks (id INTEGER PRIMARY KEY CHECK (id = 0), next INTEGER NOT NULL) STRICT;
                     INSERT INTO watermarks (id, next) VALUES (0, 0);",
                )?;
                for rollup in Rollup::ALL {
                    tx.execute_batch(&create_sql(rollup))?;
                }
                tx.pragma_update(None, "user_version", VERSION)?;
            }
            VERSION => {}
            found => return Err(ViewError::OtherVersion { found, expected: VERSION }),
        }
        let next = read_watermark(&tx)?;
        tx.commit()?;
        Ok(Self { db, next })
    }

    /// Adds the counters to the rows and moves the position on, in one transaction.
    pub(crate) fn write(&mut self, counters: &Counters, next: Position) -> Result<(), ViewError> {
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let found = read_watermark(&tx)?;
        if found != self.next {
            return Err(ViewError::Moved { expected: self.next, found });
        }
        for rollup in Rollup::ALL {
            let mut read =
                tx.prepare_cached(&format!("{} WHERE {}", select_sql(rollup), keys_sql(rollup)))?;
            let mut put = tx.prepare_cached(&put_sql(rollup))?;
            for (key, more) in counters.sorted(rollup) {
                let stored = read.query(key)?.next()?.map(|row| from_row(rollup, row)).transpose()?;
                let before = stored.map_or_else(Figures::default, |(_, figures)| figures);
                let after = before.checked_add(&more).ok_or(ViewError::Overflow)?;
                let figures = after.values().map(Figure);
                let values =
                    key.iter().map(|k| k as &dyn ToSql).chain(figures.iter().map(|f| f as &dyn ToSql));
                put.execute(rusqlite::params_from_iter(values))?;
            }
        }
        tx.execute("UPDATE watermarks SET next = ?1", params![next.0.cast_signed()])?;
        tx.commit()?;
        self.next = next;
        Ok(())
    }
}

/// Reads keys and figures of a rollup; a `WHERE` may follow.
pub(crate) fn select_sql(rollup: Rollup) -> String {
    format!("SELECT {}, {} FROM {}", rollup.keys().join(", "), Figures::NAMES.join(", "), rollup.table())
}

/// A row as [`select_sql`] reads it.
pub(crate) fn from_row(rollup: Rollup, row: &Row<'_>) -> Result<(Key, Figures), ViewError> {
    let key: Key = [row.get(0)?, row.get(1)?, row.get(2)?];
    let mut values = [0; FIGURES];
    for (i, value) in values.iter_mut().enumerate() {
        *value = match row.get_ref(i + key.len())? {
            ValueRef::Integer(n) => Some(n.into()),
            ValueRef::Text(text) => std::str::from_utf8(text).ok().and_then(|t| t.parse().ok()),
            ValueRef::Null | ValueRef::Real(_) | ValueRef::Blob(_) => None,
        }
        .ok_or_else(|| {
            ViewError::Damaged(format!("{}: {} is not an integer", describe(rollup, &key), Figures::NAMES[i]))
        })?;
    }
    Ok((key, Figures::from_values(values)))
}

/// A row's name in words: `price_hours row hour=5, event_type=0, price=1`.
pub(crate) fn describe(rollup: Rollup, key: &Key) -> String {
    let [a, b, c] = rollup.keys();
    let [x, y, z] = key;
    format!("{} row {a}={x}, {b}={y}, {c}={z}", rollup.table())
}

fn read_watermark(db: &Connection) -> Result<Position, ViewError> {
    let next: Option<i64> =
        db.query_row("SELECT next FROM watermarks WHERE id = 0", [], |row| row.get(0)).optional()?;
    match next.map(u64::try_from) {
        Some(Ok(next)) => Ok(Position(next)),
        Some(Err(_)) | None => Err(ViewError::Damaged("the position they reflect is missing".to_owned())),
    }
}

fn create_sql(rollup: Rollup) -> String {
    let keys = rollup.keys();
    format!(
        "CREATE TABLE {} ({}, {}, PRIMARY KEY ({})) STRICT, WITHOUT ROWID",
        rollup.table(),
        keys.map(|k| format!("{k} INTEGER NOT NULL")).join(", "),
        Figures::NAMES.map(|f| format!("{f} ANY NOT NULL")).join(", "),
        keys.join(", ")
    )
}

fn keys_sql(rollup: Rollup) -> String {
    rollup.keys().map(|k| format!("{k} = ?")).join(" AND ")
}

fn put_sql(rollup: Rollup) -> String {
    let places = vec!["?"; rollup.keys().len() + FIGURES].join(", ");
    format!("INSERT OR REPLACE INTO {} VALUES ({places})", rollup.table())
}

/// A figure on its way to a column.
struct Figure(i128);

impl ToSql for Figure {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match i64::try_from(self.0) {
            Ok(n) => n.into(),
            Err(_) => self.0.to_string().into(),
        })
    }
}
