//! Whom wallets belong to, remembered for a while: asking takes a turn with the writer.

use std::collections::HashMap;

use chargly_api::IdKind;
use chargly_engine::ledger::WalletNo;
use chargly_engine::{CallError, Environment};

use crate::draft::{Who, public};

/// Wallets remembered; beyond it they are remembered anew.
const WALLETS_MAX: usize = 20_000;

/// Whom wallets belong to. Whoever erases a customer empties this.
#[derive(Default)]
pub(crate) struct Names(HashMap<WalletNo, Option<Who>>);

impl Names {
    /// Asks for those that are not known yet, all in one turn of the writer.
    pub(crate) async fn learn(
        &mut self,
        env: &Environment,
        mut wallets: Vec<WalletNo>,
    ) -> Result<(), CallError> {
        if self.0.len() > WALLETS_MAX {
            self.0.clear();
        }
        wallets.sort_unstable();
        wallets.dedup();
        wallets.retain(|wallet| !self.0.contains_key(wallet));
        if wallets.is_empty() {
            return Ok(());
        }
        let found = env.wallets(&wallets).await?;
        let who = found.into_iter().map(|wallet| {
            let wallet = wallet.filter(|wallet| !wallet.customer.is_empty())?;
            Some(Who { customer: wallet.customer.clone(), wallet: public(IdKind::Wallet, wallet.id) })
        });
        self.0.extend(wallets.into_iter().zip(who));
        Ok(())
    }

    /// Whom a wallet belongs to; `None` where that is not known, or was erased.
    pub(crate) fn get(&self, wallet: WalletNo) -> Option<&Who> {
        self.0.get(&wallet).and_then(Option::as_ref)
    }

    /// Forgets everybody.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}
