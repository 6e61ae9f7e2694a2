//! Undoing an event, wholly or in part.

use chargly_ledger::{Action, Credits, EntryId, Fact, KeyNo, Original, Payload, ReverseRequest, WalletEvent};
use compact_str::CompactString;

use super::item::Namespace;
use crate::environment::Environment;
use crate::outcome::{CallError, Outcome};

impl Environment {
    /// Gives credits of an event back: all that are left of it unless `credits` says how many.
    pub async fn reverse_event(
        &self,
        actor: KeyNo,
        event: EntryId,
        credits: Option<Credits>,
        reason: Option<CompactString>,
        key: Option<CompactString>,
    ) -> Result<Outcome, CallError> {
        let missing = CallError::NotFound { kind: "event" };
        let stored = self.read_fact(event.position).await?.filter(|stored| stored.id == event);
        let Some(Fact::Wallet(fact)) = stored.map(|stored| stored.fact) else { return Err(missing) };
        let (event_type, charge) = match fact.event {
            WalletEvent::Metered { request, charge } => (request.event_type, charge),
            WalletEvent::HoldCaptured { of, charge, .. } => (of.event_type, charge),
            _ => return Err(missing),
        };
        let (wallet, position) = (fact.header.wallet, event.position);
        let action = Action::Reverse {
            request: ReverseRequest { event: position, credits },
            original: Box::new(Original { position, wallet, event_type, charge }),
        };
        let payload = Payload { reason, ..Payload::default() };
        let mut arena = Vec::new();
        let item = self.item(actor, action, key, &Namespace::OfWallet, payload, &mut arena);
        self.call_one(item, arena, true).await
    }
}
