//! What has left memory: for a driver, or a fold, that keeps nothing in it that a checkpoint would hold.

use std::collections::{HashMap, HashSet};

use chargly_ledger::{Action, Cold, ColdKey, DecodeError, Fact, State};

use super::recorder::{Stored, fold};

/// Records that have left memory.
#[derive(Default)]
pub struct Freezer(HashMap<ColdKey, Cold>);

impl Freezer {
    /// Brings back what an action looks at, as an engine does: again and again, as what is brought back may name
    /// more.
    pub(super) fn warm_up(&mut self, state: &mut State, action: &Action) {
        let mut looked_for = HashSet::new();
        loop {
            let missing: Vec<_> =
                state.needs(action).into_iter().filter(|key| looked_for.insert(*key)).collect();
            if missing.is_empty() {
                return;
            }
            for key in missing {
                self.thaw(state, key);
            }
        }
    }

    /// Folds a fact again, and forgets. What it needs is asked for once, as a start does.
    ///
    /// # Errors
    /// Where it is none.
    pub fn fold(&mut self, state: &mut State, stored: &Stored) -> Result<(), DecodeError> {
        let fact = Fact::decode(&stored.fact)?;
        for key in state.needs_of(&fact) {
            self.thaw(state, key);
        }
        fold(state, std::slice::from_ref(stored))?;
        self.freeze(state);
        Ok(())
    }

    /// Everything that may leave memory leaves it, encoded.
    pub(super) fn freeze(&mut self, state: &mut State) {
        state.commit();
        let mut cold = state.take_cold();
        for number in state.take_dirty() {
            let mut wallet = state.wallet(number).expect("a wallet that changed").clone();
            let lots = wallet.take_closed_lots().into_iter();
            cold.extend(lots.map(|lot| Cold::Lot { wallet: number, lot }));
        }
        for record in &cold {
            let stored = Cold::decode(&record.encode()).expect("a record decodes");
            self.0.insert(record.key(), stored);
        }
        state.evict(&cold);
        let open = state.wallets().map(|wallet| wallet.open_orders().len()).sum::<usize>();
        assert_eq!(state.open_orders().len(), open, "open orders stay");
    }

    /// Everything comes back.
    pub fn thaw_all(&mut self, state: &mut State) {
        for key in self.0.keys().copied().collect::<Vec<_>>() {
            self.thaw(state, key);
        }
    }

    fn thaw(&mut self, state: &mut State, key: ColdKey) {
        if let Some(record) = self.0.get(&key) {
            state.thaw(record.clone());
        }
    }
}
