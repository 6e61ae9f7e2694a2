//! Forgetting a customer: whose the wallet is, the keys as they were written, properties and free text.
//!
//! Amounts, figures and hashes stay. What the wallet has left lapses with time; nobody can spend it any more.

use std::sync::Arc;

use chargly_index::Erasure;
use chargly_ledger::{Action, Fact, KeyNo, Payload};
use compact_str::CompactString;

use super::item::Namespace;
use crate::environment::Environment;
use crate::erasures::Forgotten;
use crate::outcome::{CallError, Outcome};
use crate::submission::Failure;

/// A customer who was forgotten.
#[derive(Clone, Debug)]
pub struct ErasedCustomer {
    /// The fact that says so; its header has what the wallet had left.
    pub outcome: Outcome,
    /// What was erased.
    pub forgotten: Forgotten,
    /// Holds that were open. They can no longer be captured, and lapse with time.
    pub open_holds: usize,
}

impl Environment {
    /// Forgets a customer, for good. When this returns, no file of the environment has the customer's id, keys,
    /// properties or reasons any more. One at a time; each goes on to its end also when its caller goes away.
    ///
    /// # Errors
    /// [`CallError::Rejected`] with `NotFound` for a customer never seen, or erased before. [`CallError::Failed`] with
    /// `Stopped` where the writer stops before the end: then the next start carries it out.
    pub async fn erase_customer(
        self: &Arc<Self>,
        actor: KeyNo,
        customer: CompactString,
    ) -> Result<ErasedCustomer, CallError> {
        let environment = Arc::clone(self);
        let erasing = tokio::spawn(async move { environment.erase(actor, customer).await });
        erasing.await.unwrap_or(Err(CallError::Failed(Failure::Stopped)))
    }

    async fn erase(&self, actor: KeyNo, customer: CompactString) -> Result<ErasedCustomer, CallError> {
        // Who asks again meanwhile is told that there is no such customer only when that is true of the files, too.
        let _one_at_a_time = self.erasing().lock().await;
        let (action, mut arena) = (Action::EraseCustomer { customer }, Vec::new());
        let item = self.item(actor, action, None, &Namespace::Environment, Payload::default(), &mut arena);
        let outcome = self.call_one(item, arena, true).await?;
        let Fact::Wallet(fact) = outcome.fact.as_ref() else { return Err(Failure::NotRecorded.into()) };
        let erasure = Erasure { position: outcome.id.position, wallet: fact.header.wallet };
        let eraser = self.eraser();
        let forgotten = self.blocking(move || eraser.carry_out(erasure)).await?;
        let open_holds = self.wallet_no(erasure.wallet).await?.map_or(0, |wallet| wallet.holds().len());
        Ok(ErasedCustomer { outcome, forgotten, open_holds })
    }
}
