//! All that happened to one event, oldest first: how it was charged, what was given back, charged again or settled of it,
//! what it was said to cost.
//!
//! The facts of its wallet are looked through from the newest back to the event. Nothing else can be about it: no other
//! wallet's facts are, and none before it.

use std::sync::Arc;

use chargly_ledger::{
    CollectRequest, CostRequest, EntryId, Fact, Position, RechargeRequest, ReverseRequest, Settlement,
    Wallet, WalletEvent,
};

use super::list_history::{HistoryLine, lines_of};
use crate::environment::Environment;
use crate::facts::StoredFact;
use crate::outcome::CallError;

/// Facts looked at, at most: what happened between them and the event is left out, and the answer says so.
pub const EVENT_HISTORY_FACTS_MAX: usize = 10_000;

/// What happened to an event.
#[derive(Clone, Debug)]
pub struct EventHistory {
    /// The event's own fact first, each with its lines in the wallet's ledger.
    pub facts: Vec<(Arc<StoredFact>, Vec<HistoryLine>)>,
    /// Whether all facts since were looked at.
    pub is_complete: bool,
}

impl Environment {
    /// What happened to an event of this wallet.
    pub async fn event_history(&self, event: EntryId, wallet: &Wallet) -> Result<EventHistory, CallError> {
        let facts = self.facts_handle();
        let (number, newest) = (wallet.number, wallet.last);
        self.blocking(move || {
            let mut found = Vec::new();
            let (mut next, mut looked_at) = (Some(newest), 0);
            while let Some(position) = next.filter(|position| *position > event.position) {
                if !may_look(looked_at) {
                    break;
                }
                looked_at += 1;
                let Some(stored) = facts.read(position)? else { break };
                let Fact::Wallet(fact) = &stored.fact else { break };
                if fact.header.wallet != number {
                    break;
                }
                next = fact.header.previous;
                if is_about(&fact.event, event.position) {
                    found.push(with_lines(stored));
                }
            }
            let is_complete = next.is_none_or(|position| position <= event.position);
            found.extend(facts.read(event.position)?.map(with_lines));
            found.reverse();
            Ok(EventHistory { facts: found, is_complete })
        })
        .await
    }
}

fn may_look(looked_at: usize) -> bool {
    looked_at < EVENT_HISTORY_FACTS_MAX
}

fn with_lines(stored: StoredFact) -> (Arc<StoredFact>, Vec<HistoryLine>) {
    let Fact::Wallet(fact) = &stored.fact else { return (Arc::new(stored), Vec::new()) };
    let after = fact.header.after.posted;
    let stored = Arc::new(stored);
    let mut lines = lines_of(&stored, after);
    lines.reverse();
    (stored, lines)
}

/// Whether a later fact is about this event.
fn is_about(fact: &WalletEvent, event: Position) -> bool {
    let settles = |settlements: &[Settlement]| settlements.iter().any(|settled| settled.event == event);
    match fact {
        WalletEvent::Reversed { request: ReverseRequest { event: of, .. }, .. }
        | WalletEvent::Recharged { request: RechargeRequest { event: of, .. }, .. }
        | WalletEvent::Collected { request: CollectRequest { event: of, .. }, .. }
        | WalletEvent::CostSet { request: CostRequest { event: of, .. }, .. } => *of == event,
        WalletEvent::EventAnnotated { event: of, .. } => of.position == event,
        WalletEvent::Granted { settlements, .. } | WalletEvent::LotActivated { settlements, .. } => {
            settles(settlements)
        }
        WalletEvent::OrderSettled { fulfilment: Some(fulfilment), .. } => settles(&fulfilment.settlements),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_facts_are_looked_at_than_the_limit() {
        assert!(may_look(EVENT_HISTORY_FACTS_MAX - 1));
        assert!(!may_look(EVENT_HISTORY_FACTS_MAX));
    }
}
