//! Attaching or correcting what an event cost the operator.

use chargly_ledger::{Action, CostRequest, EntryId, Facets, KeyNo, Money, Usage};
use compact_str::CompactString;

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
        let action = Action::SetCost {
            request: CostRequest { event: event.position, cost },
            facets: Facets { usage, ..Facets::default() }.boxed(),
            original: self.original(event).await?,
        };
        self.amend(actor, action, reason, key).await
    }
}
