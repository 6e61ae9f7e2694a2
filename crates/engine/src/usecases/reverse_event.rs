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
        let action = Action::Reverse {
            request: ReverseRequest { event: event.position, credits, correction: None },
            original: self.original(event).await?,
        };
        self.amend(actor, action, reason, key).await
    }

    /// The event of this id as it was charged.
    pub(super) async fn original(&self, event: EntryId) -> Result<Box<Original>, CallError> {
        let stored = self.read_fact(event.position).await?.filter(|stored| stored.id == event);
        let original = stored.and_then(|stored| match stored.fact {
            Fact::Wallet(fact) => Original::of(fact, event.position, stored.at),
            _ => None,
        });
        original.map(Box::new).ok_or(CallError::NotFound { kind: "event" })
    }

    /// Does something to an event that was charged, under a key of its wallet's customer.
    pub(super) async fn amend(
        &self,
        actor: KeyNo,
        action: Action,
        reason: Option<CompactString>,
        key: Option<CompactString>,
    ) -> Result<Outcome, CallError> {
        let payload = Payload { reason, ..Payload::default() };
        let mut arena = Vec::new();
        let item = self.item(actor, action, key, &Namespace::OfWallet, payload, &mut arena);
        self.call_one(item, arena, true).await
    }
}
