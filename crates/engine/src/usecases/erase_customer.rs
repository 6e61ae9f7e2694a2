//! Forgetting a customer: whose the wallet is, the keys as they were written, properties and free text.
//!
//! Amounts, figures and hashes stay. What the wallet has left lapses with time; nobody can spend it any more.

use chargly_index::Erasure;
use chargly_ledger::{Action, Fact, KeyNo, Payload, Position};
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
    /// properties or reasons any more. It goes on to its end also when the caller goes away.
    ///
    /// # Errors
    /// [`CallError::Rejected`] with `NotFound` for a customer never seen, or erased before.
    pub async fn erase_customer(
        &self,
        actor: KeyNo,
        customer: CompactString,
    ) -> Result<ErasedCustomer, CallError> {
        let (action, mut arena) = (Action::EraseCustomer { customer }, Vec::new());
        let item = self.item(actor, action, None, &Namespace::Environment, Payload::default(), &mut arena);
        let (eraser, recorded) = (self.eraser(), self.call_one(item, arena, true).await?);
        let Fact::Wallet(fact) = recorded.fact.as_ref() else { return Err(Failure::NotRecorded.into()) };
        let wallet = fact.header.wallet;
        let position = Position(recorded.id.position.0);
        // Blocking work is not given up when the caller is: whoever asked need not wait for its end.
        let erasing = self.blocking(move || eraser.carry_out(Erasure { position, wallet }));
        let open_holds = self.wallet_no(wallet).await?.map_or(0, |wallet| wallet.holds().len());
        Ok(ErasedCustomer { outcome: recorded, forgotten: erasing.await?, open_holds })
    }
}
