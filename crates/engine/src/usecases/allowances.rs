//! Credits that a wallet gets again and again.

use chargly_ledger::{Action, AllowanceRequest, KeyNo, Payload};
use compact_str::CompactString;

use super::item::Namespace;
use crate::environment::Environment;
use crate::outcome::{CallError, Outcome};

impl Environment {
    /// Gives a customer an allowance, or changes the one of that code from its next period on.
    pub async fn set_allowance(
        &self,
        actor: KeyNo,
        customer: CompactString,
        request: AllowanceRequest,
        key: Option<CompactString>,
    ) -> Result<Outcome, CallError> {
        let action = Action::SetAllowance { customer: customer.clone(), request: Box::new(request) };
        let mut arena = Vec::new();
        let namespace = Namespace::Customer(&customer);
        let item = self.item(actor, action, key, &namespace, Payload::default(), &mut arena);
        self.call_one(item, arena, true).await
    }

    /// Takes an allowance away. What it gave stays until its time.
    pub async fn end_allowance(
        &self,
        actor: KeyNo,
        customer: CompactString,
        code: CompactString,
    ) -> Result<Outcome, CallError> {
        let action = Action::EndAllowance { customer: customer.clone(), code };
        let mut arena = Vec::new();
        let namespace = Namespace::Customer(&customer);
        let item = self.item(actor, action, None, &namespace, Payload::default(), &mut arena);
        self.call_one(item, arena, true).await
    }
}
