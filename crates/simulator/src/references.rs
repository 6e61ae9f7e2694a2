//! Events that later facts of the span refer to: what they were charged has to be remembered until then.

use chargly_ledger::{Asked, Fact, Original, Position, Recorded, WalletEvent};
use hashbrown::{HashMap, HashSet};

/// Which events are referred to, found by [`History`](crate::History) before anything is simulated. Memory grows with
/// reversals, not with events.
#[derive(Clone, Debug, Default)]
pub struct References {
    /// Events of the span.
    within: HashSet<Position>,
    /// Events from before the span, as they were charged; `None` until they are read.
    before: HashMap<Position, Option<Original>>,
}

impl References {
    /// Events from before the span that have to be read from the journal, in their order.
    pub fn missing(&self) -> Vec<Position> {
        let missing = self.before.iter().filter(|(_, known)| known.is_none());
        let mut missing: Vec<Position> = missing.map(|(position, _)| *position).collect();
        missing.sort_unstable();
        missing
    }

    /// Adds an event from before the span.
    pub fn found(&mut self, original: Original) {
        self.before.insert(original.position, Some(original));
    }

    /// Notes the event that a fact refers to; `first` is where the span begins.
    pub(crate) fn note(&mut self, fact: &WalletEvent, first: Position) {
        let Some(event) = refers_to(fact) else { return };
        if event < first {
            self.before.entry(event).or_default();
        } else {
            self.within.insert(event);
        }
    }

    pub(crate) fn is_within(&self, event: Position) -> bool {
        !self.within.is_empty() && self.within.contains(&event)
    }

    pub(crate) fn before(&self, event: Position) -> Option<&Original> {
        self.before.get(&event)?.as_ref()
    }
}

/// The event that a fact amends.
fn refers_to(fact: &WalletEvent) -> Option<Position> {
    match fact {
        WalletEvent::Reversed { request, .. }
        | WalletEvent::Refused { asked: Asked::Reverse(request), .. } => Some(request.event),
        WalletEvent::Recharged { request, .. }
        | WalletEvent::Refused { asked: Asked::Recharge(request), .. } => Some(request.event),
        WalletEvent::Collected { request, .. }
        | WalletEvent::Refused { asked: Asked::Collect(request), .. } => Some(request.event),
        WalletEvent::CostSet { request, .. }
        | WalletEvent::Refused { asked: Asked::SetCost(request, _), .. } => Some(request.event),
        WalletEvent::EventAnnotated { event, .. } => Some(event.position),
        _ => None,
    }
}

/// A meter event or capture as it was charged; `None` for any other fact.
pub fn original_of(recorded: Recorded, fact: &Fact) -> Option<Original> {
    let Fact::Wallet(fact) = fact else { return None };
    Original::of(fact.clone(), recorded.id.position, recorded.at)
}
