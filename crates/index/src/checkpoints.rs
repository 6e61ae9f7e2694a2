//! Checkpoints: the state at one committed position, kept in `index.db` so that a restart folds only what came after.
//!
//! Only what changed is written, in one transaction with the position, so what is read back is always the state at
//! exactly that position. Each row carries a checksum; a row that fails it makes the whole checkpoint worthless, and
//! the caller folds the journal from the start instead.
//!
//! Customers' own ids stand apart from the rest of their wallets, in a table that only grows at its end: SQLite never
//! moves one about, so that writing over it, when the customer is erased, leaves no copy behind.
//!
//! What has left memory (ended holds, amendments of old events, used-up lots) is found here by its name. A row of
//! that kind may be older than the state in memory, never newer than the checkpoint's position says.

use std::path::Path;
use std::sync::Arc;

use chargly_ledger::{Catalogue, Cold, ColdKey, DecodeError, Position, Spending, State, Wallet, WalletNo};
use rusqlite::{Connection, OptionalExtension, params};
use thiserror::Error;

/// Bytes of the checksum in front of every row.
const CHECKSUM_BYTES: usize = 8;

/// Name of the file in an environment's directory.
pub const CHECKPOINT_FILE: &str = "index.db";

/// Version of the tables. Checkpoints of another version are thrown away: the journal has it all.
const SCHEMA_VERSION: i64 = 6;

const SCHEMA: &str = "
    CREATE TABLE wallet (number INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
    CREATE TABLE customer (number INTEGER PRIMARY KEY, id BLOB NOT NULL) STRICT;
    CREATE TABLE cold (kind INTEGER NOT NULL, a INTEGER NOT NULL, b INTEGER NOT NULL, bytes BLOB NOT NULL,
      PRIMARY KEY (kind, a, b)) STRICT, WITHOUT ROWID;
    CREATE TABLE erasure (position INTEGER PRIMARY KEY, wallet INTEGER NOT NULL) STRICT;
    CREATE TABLE checkpoint (
      id INTEGER PRIMARY KEY CHECK (id = 0), next INTEGER NOT NULL, hash BLOB NOT NULL,
      wallets INTEGER NOT NULL, catalogue BLOB NOT NULL, spending BLOB NOT NULL) STRICT;
";

/// What changed since the checkpoint before, and where the journal stands with it.
pub struct Delta {
    /// The position of the first fact that is not in it.
    pub next: Position,
    /// The chain hash of the journal there.
    pub hash: [u8; 32],
    /// Event types, prices and keys.
    pub catalogue: Arc<Catalogue>,
    /// What was spent today out of budgets of keys.
    pub spending: Spending,
    /// Wallets that changed, without their closed lots.
    pub wallets: Vec<Wallet>,
    /// How many wallets there are in all.
    pub wallet_count: usize,
    /// What changed and may leave memory once this is written.
    pub cold: Vec<Cold>,
    /// Erasures that are recorded and not known to be carried out.
    pub erasures: Vec<Erasure>,
}

/// A customer to be forgotten: whose payloads, and where that is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// Where the fact stands.
    pub position: Position,
    /// Whose payloads.
    pub wallet: WalletNo,
}

/// A state read back.
pub struct Checkpoint {
    /// The position of the first fact that is not in it.
    pub next: Position,
    /// The chain hash of the journal there: a checkpoint of another journal's past is not used.
    pub hash: [u8; 32],
    /// The state.
    pub state: State,
    /// Erasures that were recorded before `next` and not known to be carried out.
    pub erasures: Vec<Erasure>,
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
    /// A reader kept the write-ahead log from being emptied. What was to be written is.
    #[error("a reader is in the way of emptying the checkpoint's log")]
    LogInUse,
    /// A row was written by another version.
    #[error("the checkpoint cannot be read")]
    Decode(#[from] DecodeError),
}

/// The checkpoint database. One of them writes; any number may read beside it.
pub struct Checkpoints {
    db: Connection,
}

impl Checkpoints {
    /// Opens `index.db` in `dir`, making it where it is absent or of another version.
    pub fn open(dir: &Path) -> Result<Self, CheckpointError> {
        let db = Connection::open(dir.join(CHECKPOINT_FILE))?;
        db.busy_timeout(std::time::Duration::from_secs(5))?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        // Losing the newest checkpoint in a crash costs a longer fold, never a fact.
        db.pragma_update(None, "synchronous", "NORMAL")?;
        // What is written over is a customer's id, where that was erased.
        db.pragma_update_and_check(None, "secure_delete", "ON", |_| Ok(()))?;
        let version: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if version != SCHEMA_VERSION {
            db.execute_batch(&format!(
                "BEGIN IMMEDIATE;
                 DROP TABLE IF EXISTS wallet; DROP TABLE IF EXISTS cold; DROP TABLE IF EXISTS checkpoint;
                 DROP TABLE IF EXISTS erasure; DROP TABLE IF EXISTS customer;
                 {SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT"
            ))?;
        }
        Ok(Self { db })
    }

    /// Writes what changed up to `delta.next`, in one transaction. With an erasure in it, nothing of the rows that
    /// were written over is left in the files.
    pub fn write(&mut self, delta: &Delta) -> Result<(), CheckpointError> {
        let tx = self.db.transaction()?;
        {
            let mut put =
                tx.prepare_cached("INSERT OR REPLACE INTO wallet (number, bytes) VALUES (?1, ?2)")?;
            for wallet in &delta.wallets {
                put.execute(params![wallet.number.0, seal(&without_id(wallet).encode())])?;
            }
            write_customers(&tx, delta)?;
            let mut put =
                tx.prepare_cached("INSERT OR REPLACE INTO cold (kind, a, b, bytes) VALUES (?1, ?2, ?3, ?4)")?;
            for record in &delta.cold {
                let (kind, a, b) = columns(record.key());
                put.execute(params![kind, a, b, seal(&record.encode())])?;
            }
            tx.execute("DELETE FROM erasure", [])?;
            let mut put = tx.prepare_cached("INSERT INTO erasure (position, wallet) VALUES (?1, ?2)")?;
            for erasure in &delta.erasures {
                put.execute(params![erasure.position.0.cast_signed(), erasure.wallet.0])?;
            }
            tx.prepare_cached(
                "INSERT OR REPLACE INTO checkpoint (id, next, hash, wallets, catalogue, spending)
                 VALUES (0, ?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                delta.next.0.cast_signed(),
                delta.hash.as_slice(),
                i64::try_from(delta.wallet_count).unwrap_or(i64::MAX),
                seal(&delta.catalogue.encode()),
                seal(&delta.spending.encode())
            ])?;
        }
        tx.commit()?;
        if !delta.erasures.is_empty() {
            self.empty_log()?;
        }
        Ok(())
    }

    /// Empties the write-ahead log, which keeps former rows.
    fn empty_log(&self) -> Result<(), CheckpointError> {
        let is_busy = |row: &rusqlite::Row<'_>| row.get::<_, bool>(0);
        if self.db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], is_busy)? {
            return Err(CheckpointError::LogInUse);
        }
        Ok(())
    }

    /// Reads back what has to be in memory; `None` when no checkpoint was ever written.
    pub fn read(&self) -> Result<Option<Checkpoint>, CheckpointError> {
        // One transaction: a running server may write the next checkpoint in between.
        let tx = self.db.unchecked_transaction()?;
        let Some(mut checkpoint) = read_warm(&tx)? else { return Ok(None) };
        for key in checkpoint.state.always_warm() {
            if let Some(record) = read_cold(&tx, key)? {
                checkpoint.state.thaw(record);
            }
        }
        Ok(Some(checkpoint))
    }

    /// Reads all of it back, also what need not be in memory: for comparing.
    pub fn read_whole(&self) -> Result<Option<Checkpoint>, CheckpointError> {
        let tx = self.db.unchecked_transaction()?;
        let Some(mut checkpoint) = read_warm(&tx)? else { return Ok(None) };
        let mut rows = tx.prepare("SELECT bytes FROM cold")?;
        let mut rows = rows.query([])?;
        while let Some(row) = rows.next()? {
            let bytes = row.get_ref(0)?.as_blob().map_err(|_| CheckpointError::Damaged("a cold record"))?;
            checkpoint.state.thaw(decode_cold(bytes)?);
        }
        Ok(Some(checkpoint))
    }

    /// The records by these names, as far as there are any, and the position of the checkpoint they were read at.
    pub fn load(&self, keys: &[ColdKey]) -> Result<(Position, Vec<Cold>), CheckpointError> {
        let tx = self.db.unchecked_transaction()?;
        let next: Option<i64> =
            tx.prepare_cached("SELECT next FROM checkpoint")?.query_row([], |row| row.get(0)).optional()?;
        let mut found = Vec::new();
        for key in keys {
            found.extend(read_cold(&tx, *key)?);
        }
        Ok((Position(next.unwrap_or_default().cast_unsigned()), found))
    }

    /// Throws the checkpoint away.
    pub fn clear(&mut self) -> Result<(), CheckpointError> {
        self.db.execute_batch(
            "BEGIN; DELETE FROM checkpoint; DELETE FROM wallet; DELETE FROM cold;
                 DELETE FROM erasure; DELETE FROM customer; COMMIT;",
        )?;
        Ok(())
    }
}

/// What stands in a wallet's row for the customer's own id, while there is one.
const ELSEWHERE: &str = "*";

fn without_id(wallet: &Wallet) -> Wallet {
    let mut wallet = wallet.clone();
    if !wallet.is_erased() {
        wallet.customer = ELSEWHERE.into();
    }
    wallet
}

/// Adds the customers of new wallets, in order, and writes over those that were erased: with as many bytes, so that
/// the row stays in its place.
fn write_customers(tx: &Connection, delta: &Delta) -> Result<(), CheckpointError> {
    let known: Option<i64> =
        tx.prepare_cached("SELECT wallets FROM checkpoint")?.query_row([], |row| row.get(0)).optional()?;
    let known = known.unwrap_or(0);
    let is_new = |wallet: &&Wallet| i64::from(wallet.number.0) >= known && !wallet.is_erased();
    let mut new: Vec<&Wallet> = delta.wallets.iter().filter(is_new).collect();
    new.sort_unstable_by_key(|wallet| wallet.number);
    let mut put = tx.prepare_cached("INSERT INTO customer (number, id) VALUES (?1, ?2)")?;
    for wallet in new {
        put.execute(params![wallet.number.0, seal(wallet.customer.as_bytes())])?;
    }
    let mut wipe = tx.prepare_cached("UPDATE customer SET id = zeroblob(length(id)) WHERE number = ?1")?;
    for erasure in &delta.erasures {
        wipe.execute([erasure.wallet.0])?;
    }
    Ok(())
}

/// Puts the customers' own ids back into their wallets, which are in order.
fn read_customers(tx: &Connection, wallets: &mut [Wallet]) -> Result<(), CheckpointError> {
    let damaged = || CheckpointError::Damaged("a customer");
    let mut rows = tx.prepare("SELECT number, id FROM customer ORDER BY number")?;
    let mut rows = rows.query([])?;
    for wallet in wallets.iter_mut().filter(|wallet| !wallet.is_erased()) {
        let row = loop {
            let row = rows.next()?.ok_or_else(damaged)?;
            if row.get::<_, u32>(0)? >= wallet.number.0 {
                break row;
            }
        };
        let id = unseal(row.get_ref(1)?.as_blob().map_err(|_| damaged())?).ok_or_else(damaged)?;
        if row.get::<_, u32>(0)? != wallet.number.0 {
            return Err(damaged());
        }
        wallet.customer = std::str::from_utf8(id).map_err(|_| damaged())?.into();
    }
    Ok(())
}

fn read_warm(tx: &Connection) -> Result<Option<Checkpoint>, CheckpointError> {
    let row = tx
        .query_row("SELECT next, hash, wallets, catalogue, spending FROM checkpoint", [], |row| {
            Ok((
                row.get::<_, i64>(0)?,
                row.get::<_, Vec<u8>>(1)?,
                row.get::<_, i64>(2)?,
                row.get::<_, Vec<u8>>(3)?,
                row.get::<_, Vec<u8>>(4)?,
            ))
        })
        .optional()?;
    let Some((next, hash, wallet_count, catalogue, spending)) = row else { return Ok(None) };
    let hash: [u8; 32] = hash.try_into().map_err(|_| CheckpointError::Damaged("its chain hash"))?;
    let wallet_count =
        usize::try_from(wallet_count).map_err(|_| CheckpointError::Damaged("its list of wallets"))?;
    let catalogue = unseal(&catalogue).ok_or(CheckpointError::Damaged("its catalogue"))?;
    let spending = unseal(&spending).ok_or(CheckpointError::Damaged("its budgets"))?;
    let mut wallets = Vec::with_capacity(wallet_count);
    let mut rows = tx.prepare("SELECT bytes FROM wallet ORDER BY number")?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        let bytes = row.get_ref(0)?.as_blob().map_err(|_| CheckpointError::Damaged("a wallet"))?;
        wallets.push(Wallet::decode(unseal(bytes).ok_or(CheckpointError::Damaged("a wallet"))?)?);
    }
    read_customers(tx, &mut wallets)?;
    if wallets.len() != wallet_count || wallets.iter().enumerate().any(|(i, w)| w.number.index() != i) {
        return Err(CheckpointError::Damaged("its list of wallets"));
    }
    let state = State::from_checkpoint(Catalogue::decode(catalogue)?, Spending::decode(spending)?, wallets);
    let erasures = read_erasures(tx)?;
    Ok(Some(Checkpoint { next: Position(next.cast_unsigned()), hash, state, erasures }))
}

fn read_erasures(tx: &Connection) -> Result<Vec<Erasure>, CheckpointError> {
    let mut rows = tx.prepare("SELECT position, wallet FROM erasure ORDER BY position")?;
    let erasures = rows.query_map([], |row| {
        let (position, wallet) = (Position(row.get::<_, i64>(0)?.cast_unsigned()), WalletNo(row.get(1)?));
        Ok(Erasure { position, wallet })
    })?;
    Ok(erasures.collect::<Result<_, _>>()?)
}

fn read_cold(tx: &Connection, key: ColdKey) -> Result<Option<Cold>, CheckpointError> {
    let (kind, a, b) = columns(key);
    let mut row = tx.prepare_cached("SELECT bytes FROM cold WHERE kind = ?1 AND a = ?2 AND b = ?3")?;
    let bytes = row.query_row(params![kind, a, b], |row| row.get::<_, Vec<u8>>(0)).optional()?;
    let Some(bytes) = bytes else { return Ok(None) };
    let record = decode_cold(&bytes)?;
    if record.key() == key { Ok(Some(record)) } else { Err(CheckpointError::Damaged("a cold record")) }
}

fn decode_cold(bytes: &[u8]) -> Result<Cold, CheckpointError> {
    Ok(Cold::decode(unseal(bytes).ok_or(CheckpointError::Damaged("a cold record"))?)?)
}

fn columns(key: ColdKey) -> (i64, i64, i64) {
    match key {
        ColdKey::Hold(placed) => (1, placed.0.cast_signed(), 0),
        ColdKey::Event(event) => (2, event.0.cast_signed(), 0),
        ColdKey::Lot(wallet, lot) => (3, i64::from(wallet.0), i64::from(lot.0)),
        ColdKey::Order(placed) => (4, placed.0.cast_signed(), 0),
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
