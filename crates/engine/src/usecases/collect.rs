//! Collecting: charging what was used and not charged, of one event or of a customer's.

use chargly_ledger::{
    Action, Amended, Charge, CollectRequest, Credits, EntryId, EventTypeNo, Fact, KeyNo, Millis, Payload,
    Position, Refusal, Rejection, WalletEvent,
};
use compact_str::CompactString;

use super::item::Namespace;
use super::list_events::EventFilter;
use crate::environment::Environment;
use crate::facts::StoredFact;
use crate::outcome::{CallError, Outcome};

/// Events that one call collects at most: each is a call to the writer of its own.
pub const COLLECTED_EVENTS_MAX: usize = 1_000;

/// What came of collecting a customer's events.
#[derive(Debug, Default)]
pub struct Collected {
    /// Events that were charged, wholly.
    pub done: Vec<Outcome>,
    /// Verdicts against the first event of each type that could not be paid.
    pub refused: Vec<Outcome>,
    /// How many events of those looked at are still not charged.
    pub left_events: usize,
    /// What is uncharged of them.
    pub left: Credits,
    /// Where earlier events begin: below this position.
    pub next: Option<Position>,
}

impl Environment {
    /// Charges what is uncharged of an event: all of it unless `credits` says how many.
    pub async fn collect_event(
        &self,
        actor: KeyNo,
        event: EntryId,
        credits: Option<Credits>,
        key: Option<CompactString>,
    ) -> Result<Outcome, CallError> {
        let action = Action::Collect {
            request: CollectRequest { event: event.position, credits },
            original: self.original(event).await?,
        };
        self.amend(actor, action, None, key).await
    }

    /// Charges what is uncharged of a customer's events, whole events, of those found the oldest first. What cannot be
    /// paid ends it for events of its type. Repeating it is safe: what was collected has nothing left.
    pub async fn collect_customer(
        &self,
        actor: KeyNo,
        customer: &str,
        (from, to): (Option<Millis>, Option<Millis>),
        below: Option<Position>,
    ) -> Result<Collected, CallError> {
        let filter = EventFilter {
            customer: Some(customer.to_owned()),
            from,
            to,
            uncharged: true,
            ..Default::default()
        };
        let page = self.list_events(filter, below, COLLECTED_EVENTS_MAX).await?;
        let mut collected = Collected { next: page.next, ..Collected::default() };
        let ids: Vec<_> = page.events.iter().map(|stored| stored.id).collect();
        let amended = self.amended(&ids).await?;
        let mut unpaid: Vec<EventTypeNo> = Vec::new();
        let mut is_frozen = false;
        for (stored, amended) in page.events.into_iter().zip(&amended).rev() {
            let Some((event_type, left)) =
                uncharged_of(&stored, amended).filter(|(_, left)| left.is_positive())
            else {
                continue;
            };
            if !is_frozen && !unpaid.contains(&event_type) {
                match self.collect_stored(actor, stored).await {
                    Ok(outcome) => match refusal_of(&outcome.fact) {
                        None => {
                            collected.done.push(outcome);
                            continue;
                        }
                        Some(refusal) => {
                            is_frozen = matches!(refusal, Refusal::WalletFrozen { .. });
                            unpaid.push(event_type);
                            collected.refused.push(outcome);
                        }
                    },
                    // Somebody else was faster.
                    Err(CallError::Rejected(Rejection::Unchanged)) => continue,
                    Err(error) => return Err(error),
                }
            }
            collected.left_events += 1;
            collected.left = collected.left.checked_add(left).unwrap_or(Credits::MAX);
        }
        Ok(collected)
    }

    async fn collect_stored(&self, actor: KeyNo, stored: StoredFact) -> Result<Outcome, CallError> {
        let position = stored.id.position;
        let Fact::Wallet(fact) = stored.fact else { return Err(CallError::NotFound { kind: "event" }) };
        let original = chargly_ledger::Original::of(fact, position, stored.at);
        let original = Box::new(original.ok_or(CallError::NotFound { kind: "event" })?);
        let action = Action::Collect { request: CollectRequest { event: position, credits: None }, original };
        let mut arena = Vec::new();
        let item = self.item(actor, action, None, &Namespace::OfWallet, Payload::default(), &mut arena);
        self.call_one(item, arena, true).await
    }
}

/// An event's type, and what of it is used and not charged.
fn uncharged_of(stored: &StoredFact, amended: &Amended) -> Option<(EventTypeNo, Credits)> {
    let event_type = chargly_index::entry::event_type(&stored.fact)?;
    charge_of(&stored.fact).map(|charge| (event_type, amended.uncharged_left(charge)))
}

/// How an event was charged, where the fact is one.
pub(super) fn charge_of(fact: &Fact) -> Option<&Charge> {
    let Fact::Wallet(fact) = fact else { return None };
    match &fact.event {
        WalletEvent::Metered { charge, .. } | WalletEvent::HoldCaptured { charge, .. } => Some(charge),
        _ => None,
    }
}

fn refusal_of(fact: &Fact) -> Option<&Refusal> {
    match fact {
        Fact::Wallet(fact) => match &fact.event {
            WalletEvent::Refused { refusal, .. } => Some(refusal),
            _ => None,
        },
        _ => None,
    }
}
