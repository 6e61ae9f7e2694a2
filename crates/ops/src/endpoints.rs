//! Endpoints: where messages go, which, and how each fares.

use rusqlite::{OptionalExtension as _, Row, params};

use crate::error::OpsError;
use crate::store::Ops;

/// An endpoint within the file; never used again for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EndpointNo(pub i64);

/// How an endpoint wants to be told of debits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Debits {
    /// Each of them.
    #[default]
    Each,
    /// Those of a wallet within a second together.
    PerSecond,
}

impl Debits {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Each, Self::PerSecond];

    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Each => "each",
            Self::PerSecond => "per_second",
        }
    }
}

/// An endpoint as somebody asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEndpoint {
    /// Where to.
    pub url: String,
    /// What people know it by.
    pub description: String,
    /// Which types of messages.
    pub types: Vec<String>,
    /// How debits are told.
    pub debits: Debits,
}

/// An endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Its number here.
    pub number: EndpointNo,
    /// Its public id.
    pub id: String,
    /// As asked for.
    pub asked: NewEndpoint,
    /// Why nothing is sent to it; `None` while it is enabled.
    pub disabled: Option<String>,
    /// Facts before this position are not told to it.
    pub from_position: u64,
    /// When it was made.
    pub created_ms: i64,
    /// Since when nothing but failures; `None` while the last attempt went well.
    pub failing_since_ms: Option<i64>,
}

const COLUMNS: &str =
    "number, id, url, description, types, debits, disabled, from_position, created_ms, failing_since_ms";

impl Ops {
    /// Makes an endpoint, with its first secret: both are on disk, or neither.
    pub fn create_endpoint(
        &self,
        id: &str,
        asked: &NewEndpoint,
        (from_position, now_ms): (u64, i64),
        secret: (&[u8], [u8; crate::NONCE_BYTES]),
    ) -> Result<Endpoint, OpsError> {
        let sealed = self.vault.seal(id, secret.1, secret.0)?;
        self.durably(|tx| {
            self.note_key(tx)?;
            tx.execute(
                "INSERT INTO endpoint (id, url, description, types, debits, from_position, created_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![
                    id,
                    asked.url,
                    asked.description,
                    asked.types.join(" "),
                    asked.debits.as_str(),
                    from_position.cast_signed(),
                    now_ms
                ],
            )?;
            let number = EndpointNo(tx.last_insert_rowid());
            tx.execute("INSERT INTO secret (endpoint, sealed) VALUES (?1, ?2)", params![number.0, sealed])?;
            Ok(Endpoint {
                number,
                id: id.to_owned(),
                asked: asked.clone(),
                disabled: None,
                from_position,
                created_ms: now_ms,
                failing_since_ms: None,
            })
        })
    }

    /// Changes what was asked for.
    pub fn update_endpoint(&self, number: EndpointNo, asked: &NewEndpoint) -> Result<(), OpsError> {
        self.durably(|tx| {
            tx.execute(
                "UPDATE endpoint SET url = ?2, description = ?3, types = ?4, debits = ?5 WHERE number = ?1",
                params![number.0, asked.url, asked.description, asked.types.join(" "), asked.debits.as_str()],
            )?;
            Ok(())
        })
    }

    /// Sends nothing to it any more, and says why. What waits for it goes on waiting.
    pub fn disable_endpoint(&self, number: EndpointNo, why: &str) -> Result<(), OpsError> {
        self.durably(|tx| {
            tx.execute("UPDATE endpoint SET disabled = ?2 WHERE number = ?1", params![number.0, why])?;
            Ok(())
        })
    }

    /// Sends to it again: what waited, and facts from this position on.
    pub fn enable_endpoint(&self, number: EndpointNo, from_position: u64) -> Result<(), OpsError> {
        self.durably(|tx| {
            tx.execute(
                "UPDATE endpoint SET disabled = NULL, failing_since_ms = NULL, from_position = ?2
                 WHERE number = ?1 AND disabled IS NOT NULL",
                params![number.0, from_position.cast_signed()],
            )?;
            Ok(())
        })
    }

    /// Deletes it, with its secrets, deliveries and what is known of them.
    pub fn delete_endpoint(&self, number: EndpointNo) -> Result<(), OpsError> {
        self.durably(|tx| {
            tx.execute(
                "DELETE FROM attempt WHERE delivery IN (SELECT number FROM delivery WHERE endpoint = ?1)",
                [number.0],
            )?;
            for table in ["delivery", "lane", "secret"] {
                tx.execute(&format!("DELETE FROM {table} WHERE endpoint = ?1"), [number.0])?;
            }
            tx.execute("DELETE FROM endpoint WHERE number = ?1", [number.0])?;
            Ok(())
        })?;
        // Its secrets must not stay behind in the log.
        self.empty_log()
    }

    /// All of them, in the order in which they were made.
    pub fn endpoints(&self) -> Result<Vec<Endpoint>, OpsError> {
        self.read(|db| {
            let mut rows = db.prepare_cached(&format!("SELECT {COLUMNS} FROM endpoint ORDER BY number"))?;
            let found = rows.query_map([], from_row)?.collect::<Result<_, _>>()?;
            Ok(found)
        })
    }

    /// The one with this public id.
    pub fn endpoint(&self, id: &str) -> Result<Option<Endpoint>, OpsError> {
        self.read(|db| {
            let mut rows = db.prepare_cached(&format!("SELECT {COLUMNS} FROM endpoint WHERE id = ?1"))?;
            Ok(rows.query_row([id], from_row).optional()?)
        })
    }
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Endpoint> {
    let types: String = row.get(4)?;
    let debits: String = row.get(5)?;
    let debits = Debits::ALL.into_iter().find(|known| known.as_str() == debits).unwrap_or_default();
    Ok(Endpoint {
        number: EndpointNo(row.get(0)?),
        id: row.get(1)?,
        asked: NewEndpoint {
            url: row.get(2)?,
            description: row.get(3)?,
            types: types.split_whitespace().map(str::to_owned).collect(),
            debits,
        },
        disabled: row.get(6)?,
        from_position: row.get::<_, i64>(7)?.cast_unsigned(),
        created_ms: row.get(8)?,
        failing_since_ms: row.get(9)?,
    })
}
