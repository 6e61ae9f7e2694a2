//! Attaching or correcting what an event cost the operator.

use chargly_ledger::{Action, CostRequest, EntryId, Facets, Fact, KeyNo, Money, Original, Payload, Usage};
use compact_str::CompactString;

use super::item::Namespace;
use crate::environment::Environment;
use crate::outcome::{CallError, Outcome};

impl Environment {
    /// Puts a cost in the place of what is known of an event: `cost` as reported, else by `usage` and the rate card in
    /// force when the event occurred.
    pub async fn set_cost(
        &self,
        actor: KeyNo,
        event: EntryId,
        (cost, usage): (Option<Money>, Option<Usage>),
        reason: Option<CompactString>,
        key: Option<CompactString>,
    ) -> Result<Outcome, CallError> {
        let missing = CallError::NotFound { kind: "event" };
        let stored = self.read_fact(event.position).await?.filter(|stored| stored.id == event);
        let original = stored.and_then(|stored| match stored.fact {
            Fact::Wallet(fact) => Original::of(fact, event.position, stored.at),
            _ => None,
        });
        let action = Action::SetCost {
            request: CostRequest { event: event.position, cost },
            facets: Facets { usage, ..Facets::default() }.boxed(),
            original: Box::new(original.ok_or(missing)?),
        };
        let payload = Payload { reason, ..Payload::default() };
        let mut arena = Vec::new();
        let item = self.item(actor, action, key, &Namespace::OfWallet, payload, &mut arena);
        self.call_one(item, arena, true).await
    }
}
