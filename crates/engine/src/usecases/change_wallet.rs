//! What a wallet may do: its policy, freezing and thawing it.

use chargly_ledger::{Action, KeyNo, Payload, Policy};
use compact_str::CompactString;

use super::item::Namespace;
use crate::environment::Environment;
use crate::outcome::{CallError, Outcome};

impl Environment {
    /// Chooses what happens when a customer's credits run out.
    pub async fn set_policy(
        &self,
        actor: KeyNo,
        customer: CompactString,
        policy: Policy,
    ) -> Result<Outcome, CallError> {
        self.change_wallet(actor, Action::SetPolicy { customer, policy }, None).await
    }

    /// Stops a customer's new spending.
    pub async fn freeze(
        &self,
        actor: KeyNo,
        customer: CompactString,
        reason: CompactString,
    ) -> Result<Outcome, CallError> {
        self.change_wallet(actor, Action::Freeze { customer }, Some(reason)).await
    }

    /// Allows a customer to spend again.
    pub async fn thaw(&self, actor: KeyNo, customer: CompactString) -> Result<Outcome, CallError> {
        self.change_wallet(actor, Action::Thaw { customer }, None).await
    }

    async fn change_wallet(
        &self,
        actor: KeyNo,
        action: Action,
        reason: Option<CompactString>,
    ) -> Result<Outcome, CallError> {
        let payload = Payload { reason, ..Payload::default() };
        let mut arena = Vec::new();
        let item = self.item(actor, action, None, &Namespace::Environment, payload, &mut arena);
        self.call_one(item, arena, true).await
    }
}
