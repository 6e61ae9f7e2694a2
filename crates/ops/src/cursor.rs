//! How far the journal was turned into messages.

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::error::OpsError;
use crate::store::{Derivation, Ops};

/// How far the journal was turned into messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// The position of the first fact that was not looked at.
    pub next: u64,
    /// The seal of the last fact that was: the journal has to have that one there. `None` where none was looked at.
    pub tag: Option<u32>,
    /// The same for levels of balances, which are followed only while somebody wants to know.
    pub alerts_to: u64,
    /// The restore, by its time, after which the cursor was set to where the journal then ended.
    pub restored_ms: Option<i64>,
}

impl Ops {
    /// How far the journal was turned into messages.
    pub fn cursor(&self) -> Result<Cursor, OpsError> {
        self.read(read)
    }

    /// Sets the cursor by hand: after a restore, or where facts were lost.
    pub fn set_cursor(&self, cursor: Cursor) -> Result<(), OpsError> {
        self.durably(|tx| write(tx, cursor))
    }
}

impl Derivation<'_> {
    /// Moves the cursor.
    pub fn set_cursor(&mut self, cursor: Cursor) -> Result<(), OpsError> {
        write(&self.tx, cursor)
    }
}

fn read(db: &Connection) -> Result<Cursor, OpsError> {
    let found = db
        .prepare_cached("SELECT next, tag, alerts_to, restored_ms FROM cursor")?
        .query_row([], |row| {
            Ok(Cursor {
                next: row.get::<_, i64>(0)?.cast_unsigned(),
                tag: row.get(1)?,
                alerts_to: row.get::<_, i64>(2)?.cast_unsigned(),
                restored_ms: row.get(3)?,
            })
        })
        .optional()?;
    Ok(found.unwrap_or_default())
}

fn write(db: &Connection, cursor: Cursor) -> Result<(), OpsError> {
    let Cursor { next, tag, alerts_to, restored_ms } = cursor;
    db.prepare_cached(
        "INSERT OR REPLACE INTO cursor (id, next, tag, alerts_to, restored_ms) VALUES (0, ?1, ?2, ?3, ?4)",
    )?
    .execute(params![next.cast_signed(), tag, alerts_to.cast_signed(), restored_ms])?;
    Ok(())
}
