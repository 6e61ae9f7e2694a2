//! The checkpoint as a plain map, in the place of its database: rows as bytes, replaced by name.

use std::collections::BTreeMap;

use chargly_engine::ledger::{Catalogue, Cold, ColdKey, DecodeError, Position, Spending, State, Wallet};
use chargly_index::Delta;

use crate::auditor::Finding;

/// A checkpoint on disk; of position 0 where none was ever written.
pub(crate) struct Store {
    /// The first position that is not in it.
    pub(crate) next: Position,
    catalogue: Vec<u8>,
    spending: Vec<u8>,
    wallets: BTreeMap<u32, Vec<u8>>,
    wallet_count: usize,
    cold: BTreeMap<ColdKey, Vec<u8>>,
}

impl Store {
    /// No checkpoint.
    pub(crate) fn empty() -> Self {
        let (catalogue, wallets, cold) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
        Self { next: Position(0), catalogue, spending: Vec::new(), wallets, wallet_count: 0, cold }
    }

    /// Writes all of it or, in a planted bug, all but the closed lots.
    pub(super) fn write(&mut self, delta: &Delta, without_lots: bool) {
        self.next = delta.next;
        self.wallet_count = delta.wallet_count;
        self.catalogue = delta.catalogue.encode();
        self.spending = delta.spending.encode();
        self.wallets.extend(delta.wallets.iter().map(|wallet| (wallet.number.0, wallet.encode())));
        let is_kept = |record: &&Cold| !(without_lots && matches!(record, Cold::Lot { .. }));
        self.cold.extend(delta.cold.iter().filter(is_kept).map(|record| (record.key(), record.encode())));
    }

    /// The records by these names, as far as there are any.
    pub(crate) fn load(&self, keys: &[ColdKey]) -> Result<Vec<Cold>, Finding> {
        keys.iter().filter_map(|key| self.cold.get(key)).map(|bytes| read(Cold::decode(bytes))).collect()
    }

    /// Every record.
    pub(crate) fn all(&self) -> Result<Vec<Cold>, Finding> {
        self.cold.values().map(|bytes| read(Cold::decode(bytes))).collect()
    }

    /// What a start has in memory; nothing where there is no good checkpoint.
    pub(crate) fn state(&self) -> Result<Option<State>, Finding> {
        if self.next == Position(0) {
            return Ok(None);
        }
        let wallets = self.wallets.values().map(|bytes| read(Wallet::decode(bytes)));
        let wallets: Vec<Wallet> = wallets.collect::<Result<_, _>>()?;
        let is_dense = wallets.iter().enumerate().all(|(index, wallet)| wallet.number.index() == index);
        if !is_dense || wallets.len() != self.wallet_count {
            // As the database says, too: it counts as damaged.
            return Ok(None);
        }
        let mut state = State::from_checkpoint(
            read(Catalogue::decode(&self.catalogue))?,
            read(Spending::decode(&self.spending))?,
            wallets,
        );
        for record in self.load(&state.always_warm())? {
            state.thaw(record);
        }
        Ok(Some(state))
    }
}

fn read<T>(record: Result<T, DecodeError>) -> Result<T, Finding> {
    record.map_err(|error| format!("the checkpoint: {error}"))
}
