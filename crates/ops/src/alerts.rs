//! Which alerts were given: what keeps each from being given twice.

use rusqlite::{OptionalExtension as _, params};

use crate::error::OpsError;
use crate::store::{Derivation, Ops};

/// What an alert is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertKind {
    /// A wallet's balance, by level.
    Level,
    /// Days until a wallet is empty.
    Pace,
    /// A lot that will expire.
    Expiry,
}

impl AlertKind {
    const fn number(self) -> i64 {
        match self {
            Self::Level => 1,
            Self::Pace => 2,
            Self::Expiry => 3,
        }
    }
}

/// What was told of one wallet or lot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Alert {
    /// A bit for each threshold that was told and not passed upwards since.
    pub fired: i64,
    /// What thresholds are parts of, or when the lot expires.
    pub value: i64,
}

impl Derivation<'_> {
    /// What was told of a wallet (its number) or a lot (its position).
    pub fn alert(&self, kind: AlertKind, subject: i64) -> Result<Option<Alert>, OpsError> {
        let found = self
            .tx
            .prepare_cached("SELECT fired, value FROM alert WHERE kind = ?1 AND subject = ?2")?
            .query_row(params![kind.number(), subject], |row| {
                Ok(Alert { fired: row.get(0)?, value: row.get(1)? })
            })
            .optional()?;
        Ok(found)
    }

    /// Notes what was told.
    pub fn set_alert(&mut self, kind: AlertKind, subject: i64, alert: Alert) -> Result<(), OpsError> {
        self.tx
            .prepare_cached(
                "INSERT OR REPLACE INTO alert (kind, subject, fired, value) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![kind.number(), subject, alert.fired, alert.value])?;
        Ok(())
    }

    /// Forgets what was told of all of a kind.
    pub fn clear_alerts(&mut self, kind: AlertKind) -> Result<(), OpsError> {
        self.tx.execute("DELETE FROM alert WHERE kind = ?1", [kind.number()])?;
        Ok(())
    }
}

impl Ops {
    /// Forgets what was told of lots that expired before that time.
    pub fn forget_expiries(&self, before_ms: i64) -> Result<(), OpsError> {
        self.lightly(|tx| {
            let kind = AlertKind::Expiry.number();
            tx.execute("DELETE FROM alert WHERE kind = ?1 AND value < ?2", params![kind, before_ms])?;
            Ok(())
        })
    }
}
