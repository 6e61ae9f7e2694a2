//! The tables, and what the file knows beside its figures.

use chargly_ledger::Dimension;
use compact_str::CompactString;
use rusqlite::{Connection, TransactionBehavior};

use crate::rollup::Rollup;
use crate::setup::{Setup, Setups};
use crate::store::damaged_setups;
use crate::values::Value;
use crate::{Figures, ViewError};

/// Version of what is counted and how it is laid out. A file of another version is not read but folded anew.
const VERSION: i64 = 3;

/// Makes the tables where there are none.
pub(crate) fn prepare(db: &mut Connection, setup: &Setup) -> Result<(), ViewError> {
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: i64 = tx.pragma_query_value(None, "user_version", |row| row.get(0))?;
    match found {
        0 => {
            tx.execute_batch(
                "CREATE TABLE watermarks (
                     id INTEGER PRIMARY KEY CHECK (id = 0), next INTEGER NOT NULL, setups TEXT NOT NULL
                 ) STRICT;
                 CREATE TABLE dimension_values (
                     number INTEGER PRIMARY KEY, event_type INTEGER NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL
                 ) STRICT;",
            )?;
            let setups = Setups::beginning_with(setup.clone());
            let setups = serde_json::to_string(&setups).map_err(|error| damaged_setups(&error))?;
            tx.execute("INSERT INTO watermarks (id, next, setups) VALUES (0, 0, ?1)", [setups])?;
            for rollup in Rollup::ALL {
                tx.execute_batch(&create_sql(rollup))?;
            }
            tx.pragma_update(None, "user_version", VERSION)?;
        }
        VERSION => {
            let setups = read_setups(&tx)?;
            setups.zone().ok_or_else(|| unknown_zone(&setups))?;
        }
        found => return Err(ViewError::OtherVersion { found, expected: VERSION }),
    }
    tx.commit()?;
    Ok(())
}

/// Takes out every table, whatever it is called, in one transaction: a crash leaves all or none.
pub(crate) fn clear(db: &mut Connection) -> Result<(), ViewError> {
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let tables = {
        let mut statement = tx.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")?;
        let names = statement.query_map([], |row| row.get::<_, String>(0))?;
        names.collect::<Result<Vec<_>, _>>()?
    };
    for table in tables {
        tx.execute_batch(&format!("DROP TABLE \"{}\"", table.replace('"', "\"\"")))?;
    }
    tx.pragma_update(None, "user_version", 0)?;
    tx.commit()?;
    Ok(())
}

/// What the figures are counted by.
pub(crate) fn read_setups(db: &Connection) -> Result<Setups, ViewError> {
    let setups: String = db.query_row("SELECT setups FROM watermarks WHERE id = 0", [], |row| row.get(0))?;
    serde_json::from_str(&setups).map_err(|error| damaged_setups(&error))
}

pub(crate) fn unknown_zone(setups: &Setups) -> ViewError {
    ViewError::UnknownZone { name: setups.used.zone.clone() }
}

/// The values of dimensions, by number.
pub(crate) fn read_values(db: &Connection) -> Result<Vec<Value>, ViewError> {
    let mut statement =
        db.prepare("SELECT number, event_type, name, value FROM dimension_values ORDER BY number")?;
    let mut rows = statement.query([])?;
    let mut values = Vec::new();
    while let Some(row) = rows.next()? {
        let number: u32 = row.get(0)?;
        if usize::try_from(number) != Ok(values.len()) {
            return Err(ViewError::Damaged(format!("dimension value {} is missing", values.len())));
        }
        let text = |column| row.get::<_, String>(column).map(CompactString::from);
        let dimension = Dimension { name: text(2)?, value: text(3)? };
        values.push(Value { event_type: row.get(1)?, dimension });
    }
    Ok(values)
}

fn create_sql(rollup: Rollup) -> String {
    let keys: Vec<String> = rollup.keys().iter().map(|key| format!("{key} INTEGER NOT NULL")).collect();
    let figures: Vec<String> =
        rollup.columns().iter().map(|i| format!("{} ANY NOT NULL", Figures::NAMES[*i])).collect();
    format!(
        "CREATE TABLE {} ({}, {}, others TEXT NOT NULL, PRIMARY KEY ({})) STRICT, WITHOUT ROWID",
        rollup.table(),
        keys.join(", "),
        figures.join(", "),
        rollup.keys().join(", ")
    )
}
