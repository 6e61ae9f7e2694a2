//! Undoing an event, wholly or in part.

use chargly_ledger::{Action, Credits, EntryId, Fact, KeyNo, Original, Payload, ReverseRequest};
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
        let original = stored.and_then(|stored| match stored.fact {
            Fact::Wallet(fact) => Original::of(fact, event.position, stored.at),
            _ => None,
        });
        let action = Action::Reverse {
            request: ReverseRequest { event: event.position, credits, correction: None },
            original: Box::new(original.ok_or(missing)?),
        };
        let payload = Payload { reason, ..Payload::default() };
        let mut arena = Vec::new();
        let item = self.item(actor, action, key, &Namespace::OfWallet, payload, &mut arena);
        self.call_one(item, arena, true).await
    }
}
