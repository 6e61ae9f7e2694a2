//! The file, and its two kinds of transactions.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::error::OpsError;
use crate::schema::{OPS_FILE, prepare};
use crate::vault::Vault;

/// What is kept beside an environment's journal. One process writes; it may be shared by threads.
pub struct Ops {
    db: Mutex<Connection>,
    pub(crate) vault: Arc<Vault>,
}

/// What is derived from the journal, in one transaction: messages with their deliveries, alerts, the cursor. All of it
/// is there after a crash, or none.
pub struct Derivation<'a> {
    pub(crate) tx: Transaction<'a>,
}

impl Ops {
    /// Opens `ops.db` in `dir`, making it where it is absent. Where it has sealed secrets, the key must open them.
    ///
    /// # Errors
    /// If it cannot be opened, was written by a newer build, or the key is missing or another one.
    pub fn open(dir: &Path, vault: Arc<Vault>) -> Result<Self, OpsError> {
        let ops = Self::open_unchecked(dir, vault)?;
        ops.check_vault()?;
        Ok(ops)
    }

    /// As [`Ops::open`]; where the key is lost, the secrets are given up, for good.
    ///
    /// # Errors
    /// If it cannot be opened, or was written by a newer build.
    pub fn open_accepting_lost_key(dir: &Path, vault: Arc<Vault>) -> Result<Self, OpsError> {
        let ops = Self::open_unchecked(dir, vault)?;
        match ops.check_vault() {
            Err(OpsError::Key(_)) => {
                ops.forget_secrets("its secret was lost with the master key: rotate it")?;
            }
            checked => checked?,
        }
        Ok(ops)
    }

    /// Opens `ops.db` without the key, for what needs no secret. `None` where there is no such file.
    ///
    /// # Errors
    /// If it cannot be opened, or was written by a newer build.
    pub fn open_without_key(dir: &Path) -> Result<Option<Self>, OpsError> {
        if !dir.join(OPS_FILE).exists() {
            return Ok(None);
        }
        let vault = Vault::new(Box::new(|_| Err("it was not asked for".to_owned())));
        Self::open_unchecked(dir, Arc::new(vault)).map(Some)
    }

    fn open_unchecked(dir: &Path, vault: Arc<Vault>) -> Result<Self, OpsError> {
        let db = Connection::open(dir.join(OPS_FILE))?;
        prepare(&db)?;
        db.set_prepared_statement_cache_capacity(64);
        Ok(Self { db: Mutex::new(db), vault })
    }

    /// Derives: everything that `work` does is written together. Not flushed to the disk by itself: what a power cut
    /// takes back is derived again, from the cursor that went back with it.
    ///
    /// # Errors
    /// Those of `work` and of the database; nothing was written then.
    pub fn derive<T>(
        &self,
        work: impl FnOnce(&mut Derivation<'_>) -> Result<T, OpsError>,
    ) -> Result<T, OpsError> {
        self.write(false, |tx| {
            let mut derivation = Derivation { tx };
            let made = work(&mut derivation)?;
            derivation.tx.commit()?;
            Ok(made)
        })
    }

    /// Writes what somebody is answered: it is on disk when this returns.
    pub(crate) fn durably<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, OpsError>,
    ) -> Result<T, OpsError> {
        self.write(true, |tx| {
            let made = work(&tx)?;
            tx.commit()?;
            Ok(made)
        })
    }

    /// Writes what is found out again after a power cut.
    pub(crate) fn lightly<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, OpsError>,
    ) -> Result<T, OpsError> {
        self.write(false, |tx| {
            let made = work(&tx)?;
            tx.commit()?;
            Ok(made)
        })
    }

    /// Reads.
    pub(crate) fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, OpsError>,
    ) -> Result<T, OpsError> {
        work(&self.lock())
    }

    /// Empties the write-ahead log, so that nothing that was written over is left in it.
    pub(crate) fn empty_log(&self) -> Result<(), OpsError> {
        let in_use: bool = self.lock().query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        if in_use { Err(OpsError::LogInUse) } else { Ok(()) }
    }

    fn write<T>(
        &self,
        is_durable: bool,
        work: impl FnOnce(Transaction<'_>) -> Result<T, OpsError>,
    ) -> Result<T, OpsError> {
        let mut db = self.lock();
        db.pragma_update(None, "synchronous", if is_durable { "FULL" } else { "NORMAL" })?;
        work(db.transaction_with_behavior(TransactionBehavior::Immediate)?)
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // A panic between two statements leaves no transaction: it is rolled back where it is dropped.
        self.db.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
