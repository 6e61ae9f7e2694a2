//! Granting lots of credits, and taking back what is left of one.

use chargly_ledger::{
    Action, EntryId, Fact, GrantRequest, KeyNo, LotNo, Payload, Rejection, VoidGrantRequest, WalletEvent,
};
use compact_str::CompactString;

use super::item::Namespace;
use crate::environment::Environment;
use crate::outcome::{CallError, Outcome};

impl Environment {
    /// Grants a lot to a customer.
    pub async fn grant(
        &self,
        actor: KeyNo,
        customer: CompactString,
        request: GrantRequest,
        reason: Option<CompactString>,
        key: Option<CompactString>,
    ) -> Result<Outcome, CallError> {
        let action = Action::Grant { customer: customer.clone(), request };
        let payload = Payload { reason, ..Payload::default() };
        let mut arena = Vec::new();
        let item = self.item(actor, action, key, &Namespace::Customer(&customer), payload, &mut arena);
        self.call_one(item, arena, true).await
    }

    /// Takes back what is left of a lot.
    pub async fn void_grant(
        &self,
        actor: KeyNo,
        grant: EntryId,
        reason: Option<CompactString>,
        key: Option<CompactString>,
    ) -> Result<Outcome, CallError> {
        let missing = CallError::NotFound { kind: "grant" };
        let stored = self.read_fact(grant.position).await?.filter(|stored| stored.id == grant);
        let Some(Fact::Wallet(fact)) = stored.map(|stored| stored.fact) else { return Err(missing) };
        let lot = match fact.event {
            WalletEvent::Granted { lot, .. } => lot,
            WalletEvent::Reversed { adjustment: Some(adjustment), .. } => adjustment.lot,
            WalletEvent::Opened { welcome: Some(_) } => LotNo(1),
            WalletEvent::AllowanceRenewed { renewal } => renewal.lot.ok_or(missing)?,
            WalletEvent::OrderSettled { fulfilment: Some(_), .. } => return Err(bought()),
            _ => return Err(missing),
        };
        let request = VoidGrantRequest { grant, lot };
        let action = Action::VoidGrant { wallet: fact.header.wallet, request };
        let payload = Payload { reason, ..Payload::default() };
        let mut arena = Vec::new();
        let item = self.item(actor, action, key, &Namespace::OfWallet, payload, &mut arena);
        self.call_one(item, arena, true).await
    }
}

/// What was bought is given back with its money.
fn bought() -> CallError {
    let problem = "was bought: refund its order instead, so that the money goes back with the credits";
    CallError::Rejected(Rejection::Invalid { field: "id".into(), problem: problem.to_owned() })
}
