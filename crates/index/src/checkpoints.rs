//! Checkpoints: the state at one committed position, kept in `index.db` so that a restart folds only what came after.
//!
//! Only wallets that changed are written, in one transaction with the position, so what is read back is always the
//! state at exactly that position. Each row carries a checksum; a row that fails it makes the whole checkpoint
//! worthless, and the caller folds the journal from the start instead.

use std::path::Path;

use chargly_ledger::{DecodeError, Position, Rest, State, Wallet};
use rusqlite::{Connection, OptionalExtension, params};
use thiserror::Error;

/// Bytes of the checksum in front of every row.
const CHECKSUM_BYTES: usize = 8;

/// A state read back.
pub struct Checkpoint {
    /// The position of the first fact that is not in it.
    pub next: Position,
    /// The chain hash of the journal there: a checkpoint of another journal's past is not used.
    pub hash: [u8; 32],
    /// The state.
    pub state: State,
}

/// Why a checkpoint could not be read or written.
#[derive(Debug, Error)]
pub enum CheckpointError {
    /// The database refused.
    #[error("the checkpoint database cannot be used")]
    Database(#[from] rusqlite::Error),
    /// A row does not have the bytes that were written.
    #[error("the checkpoint is damaged: {0}")]
    Damaged(&'static str),
    /// A row was written by another version.
    #[error("the checkpoint cannot be read")]
    Decode(#[from] DecodeError),
}

/// The checkpoint database.
pub struct Checkpoints {
    db: Connection,
}

impl Checkpoints {
    /// Opens `index.db` in `dir`, making it where it is absent.
    pub fn open(dir: &Path) -> Result<Self, CheckpointError> {
        let db = Connection::open(dir.join("index.db"))?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        // Losing the newest checkpoint in a crash costs a longer fold, never a fact.
        db.pragma_update(None, "synchronous", "NORMAL")?;
        db.execute_batch(
            "CREATE TABLE IF NOT EXISTS wallet (number INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
             CREATE TABLE IF NOT EXISTS checkpoint (
               id INTEGER PRIMARY KEY CHECK (id = 0), next INTEGER NOT NULL, hash BLOB NOT NULL,
               wallets INTEGER NOT NULL, rest BLOB NOT NULL);",
        )?;
        Ok(Self { db })
    }

    /// Writes what changed up to `next`, in one transaction.
    pub fn write(
        &mut self,
        next: Position,
        hash: &[u8; 32],
        rest: &Rest,
        wallets: &[Wallet],
        wallet_count: usize,
    ) -> Result<(), CheckpointError> {
        let tx = self.db.transaction()?;
        {
            let mut put =
                tx.prepare_cached("INSERT OR REPLACE INTO wallet (number, bytes) VALUES (?1, ?2)")?;
            for wallet in wallets {
                put.execute(params![wallet.number.0, seal(&wallet.encode())])?;
            }
            tx.prepare_cached(
                "INSERT OR REPLACE INTO checkpoint (id, next, hash, wallets, rest) VALUES (0, ?1, ?2, ?3, ?4)",
            )?
            .execute(params![
                next.0.cast_signed(),
                hash.as_slice(),
                i64::try_from(wallet_count).unwrap_or(i64::MAX),
                seal(&rest.encode())
            ])?;
        }
        tx.commit()?;
        Ok(())
    }

    /// Reads the checkpoint back; `None` when none was ever written.
    pub fn read(&self) -> Result<Option<Checkpoint>, CheckpointError> {
        // One transaction: a running server may write the next checkpoint in between.
        let tx = self.db.unchecked_transaction()?;
        let row = tx
            .query_row("SELECT next, hash, wallets, rest FROM checkpoint", [], |row| {
                Ok((
                    row.get::<_, i64>(0)?,
                    row.get::<_, Vec<u8>>(1)?,
                    row.get::<_, i64>(2)?,
                    row.get::<_, Vec<u8>>(3)?,
                ))
            })
            .optional()?;
        let Some((next, hash, wallet_count, rest)) = row else { return Ok(None) };
        let hash: [u8; 32] = hash.try_into().map_err(|_| CheckpointError::Damaged("its chain hash"))?;
        let wallet_count =
            usize::try_from(wallet_count).map_err(|_| CheckpointError::Damaged("its list of wallets"))?;
        let rest = Rest::decode(unseal(&rest).ok_or(CheckpointError::Damaged("its catalogue"))?)?;
        let mut wallets = Vec::with_capacity(wallet_count);
        let mut rows = tx.prepare("SELECT bytes FROM wallet ORDER BY number")?;
        let mut rows = rows.query([])?;
        while let Some(row) = rows.next()? {
            let bytes = row.get_ref(0)?.as_blob().map_err(|_| CheckpointError::Damaged("a wallet"))?;
            wallets.push(Wallet::decode(unseal(bytes).ok_or(CheckpointError::Damaged("a wallet"))?)?);
        }
        if wallets.len() != wallet_count || wallets.iter().enumerate().any(|(i, w)| w.number.index() != i) {
            return Err(CheckpointError::Damaged("its list of wallets"));
        }
        Ok(Some(Checkpoint {
            next: Position(next.cast_unsigned()),
            hash,
            state: State::restore(rest, wallets),
        }))
    }

    /// Throws the checkpoint away.
    pub fn clear(&mut self) -> Result<(), CheckpointError> {
        self.db.execute_batch("BEGIN; DELETE FROM checkpoint; DELETE FROM wallet; COMMIT;")?;
        Ok(())
    }
}

fn seal(bytes: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::with_capacity(bytes.len() + CHECKSUM_BYTES);
    sealed.extend_from_slice(&blake3::hash(bytes).as_bytes()[..CHECKSUM_BYTES]);
    sealed.extend_from_slice(bytes);
    sealed
}

fn unseal(sealed: &[u8]) -> Option<&[u8]> {
    let (checksum, bytes) = sealed.split_at_checked(CHECKSUM_BYTES)?;
    (blake3::hash(bytes).as_bytes()[..CHECKSUM_BYTES] == *checksum).then_some(bytes)
}
