//! The secrets of endpoints: the newest, and those that a rotation has left good for a while.

use rusqlite::{OptionalExtension as _, Transaction, params};

use crate::endpoints::{Endpoint, EndpointNo};
use crate::error::OpsError;
use crate::store::Ops;
use crate::vault::{KeyError, NONCE_BYTES};

/// What is sealed to find out whether a key is the right one, and for whom.
const PROOF: (&str, &[u8]) = ("vault", b"chargly");

impl Ops {
    /// Puts a new secret beside the old ones, which die at that time. Those that are dead are deleted.
    pub fn rotate_secret(
        &self,
        endpoint: &Endpoint,
        secret: (&[u8], [u8; NONCE_BYTES]),
        (old_die_ms, now_ms): (i64, i64),
    ) -> Result<(), OpsError> {
        let sealed = self.vault.seal(&endpoint.id, secret.1, secret.0)?;
        let number = endpoint.number.0;
        self.durably(|tx| {
            self.note_key(tx)?;
            tx.execute(
                "UPDATE secret SET dies_ms = MIN(COALESCE(dies_ms, ?2), ?2) WHERE endpoint = ?1",
                params![number, old_die_ms],
            )?;
            tx.execute("DELETE FROM secret WHERE endpoint = ?1 AND dies_ms <= ?2", params![number, now_ms])?;
            tx.execute("INSERT INTO secret (endpoint, sealed) VALUES (?1, ?2)", params![number, sealed])?;
            Ok(())
        })
    }

    /// The secrets that are alive, the newest first.
    pub fn secrets(&self, endpoint: &Endpoint, now_ms: i64) -> Result<Vec<Vec<u8>>, OpsError> {
        let sealed: Vec<Vec<u8>> = self.read(|db| {
            let mut rows = db.prepare_cached(
                "SELECT sealed FROM secret WHERE endpoint = ?1 AND (dies_ms IS NULL OR dies_ms > ?2)
                 ORDER BY number DESC",
            )?;
            let found = rows.query_map(params![endpoint.number.0, now_ms], |row| row.get(0))?;
            Ok(found.collect::<Result<_, _>>()?)
        })?;
        Ok(sealed.iter().map(|sealed| self.vault.open(&endpoint.id, sealed)).collect::<Result<_, _>>()?)
    }

    /// When the former secret of an endpoint dies, where one is still alive.
    pub fn overlap_ends_ms(&self, number: EndpointNo, now_ms: i64) -> Result<Option<i64>, OpsError> {
        self.read(|db| {
            let ends = "SELECT MAX(dies_ms) FROM secret WHERE endpoint = ?1 AND dies_ms > ?2";
            Ok(db.prepare_cached(ends)?.query_row(params![number.0, now_ms], |row| row.get(0))?)
        })
    }

    /// Gives up the secrets of a key that is lost for good: they are deleted, and their endpoints disabled.
    pub fn forget_secrets(&self, why: &str) -> Result<(), OpsError> {
        self.durably(|tx| {
            tx.execute("DELETE FROM secret", [])?;
            tx.execute("DELETE FROM vault", [])?;
            tx.execute("UPDATE endpoint SET disabled = ?1", [why])?;
            Ok(())
        })
    }

    /// Whether the key opens what is sealed here.
    pub(crate) fn check_vault(&self) -> Result<(), OpsError> {
        let sealed: Option<Vec<u8>> =
            self.read(|db| Ok(db.query_row("SELECT sealed FROM vault", [], |row| row.get(0)).optional()?))?;
        match sealed {
            Some(sealed) if self.vault.open(PROOF.0, &sealed)? != PROOF.1 => Err(KeyError::WrongKey.into()),
            Some(_) | None => Ok(()),
        }
    }

    /// Leaves something by which the next start finds out whether it has the key.
    pub(crate) fn note_key(&self, tx: &Transaction<'_>) -> Result<(), OpsError> {
        let sealed = self.vault.seal(PROOF.0, [0; NONCE_BYTES], PROOF.1)?;
        tx.execute("INSERT OR IGNORE INTO vault (id, sealed) VALUES (0, ?1)", [sealed])?;
        Ok(())
    }
}
