//! Events, newest first: a customer's by the wallet's chain, others by a bounded scan of the journal.

use chargly_ledger::{EventTypeNo, Fact, Millis, Position, WalletEvent};

use super::get_event::is_event;
use crate::environment::Environment;
use crate::facts::{Facts, StoredFact, read_entry};
use crate::outcome::CallError;

/// Entries one page looks at, at most: a filter that few events pass gets a short page and a cursor.
const SCANNED_PER_PAGE_MAX: usize = 100_000;

/// Which events are wanted.
#[derive(Clone, Debug, Default)]
pub struct EventFilter {
    /// Of this customer.
    pub customer: Option<String>,
    /// Of this type.
    pub event_type: Option<EventTypeNo>,
    /// That occurred at this instant or later.
    pub from: Option<Millis>,
    /// That occurred before this instant.
    pub to: Option<Millis>,
}

/// A page of events.
#[derive(Debug)]
pub struct EventPage {
    /// Newest first.
    pub events: Vec<StoredFact>,
    /// Where the next page begins: below this position.
    pub next: Option<Position>,
}

impl Environment {
    /// Events that pass the filter, newest first, below a position.
    pub async fn list_events(
        &self,
        filter: EventFilter,
        below: Option<Position>,
        limit: usize,
    ) -> Result<EventPage, CallError> {
        let wallet = match &filter.customer {
            Some(customer) => match self.wallet(customer).await? {
                Some(wallet) => Some(wallet),
                None => return Ok(EventPage { events: Vec::new(), next: None }),
            },
            None => None,
        };
        let facts = self.facts_handle();
        let head = self.tail().committed().next;
        self.blocking(move || match wallet {
            Some(wallet) => {
                let newest = below.or(Some(wallet.last));
                chain(&facts, newest, &filter, limit)
            }
            None => scan(&facts, below.unwrap_or(head), |s| passes(&filter, s), limit),
        })
        .await
    }
}

/// Walks a wallet's chain. A cursor names the fact to go on from, which belongs to the next page.
fn chain(
    facts: &Facts,
    newest: Option<Position>,
    filter: &EventFilter,
    limit: usize,
) -> Result<EventPage, CallError> {
    let mut events = Vec::new();
    let mut next = newest;
    let mut looked_at = 0;
    while let Some(position) = next {
        if events.len() == limit || looked_at == SCANNED_PER_PAGE_MAX {
            break;
        }
        looked_at += 1;
        let Some(stored) = facts.read(position)? else { break };
        let Fact::Wallet(fact) = &stored.fact else { break };
        next = fact.header.previous;
        if passes(filter, &stored) {
            events.push(stored);
        }
    }
    Ok(EventPage { events, next })
}

/// Scans the journal backwards from below a position for facts that are wanted.
pub(crate) fn scan(
    facts: &Facts,
    below: Position,
    wanted: impl Fn(&StoredFact) -> bool,
    limit: usize,
) -> Result<EventPage, CallError> {
    let mut events = Vec::new();
    let mut next = below;
    let mut looked_at = 0;
    'pages: while let Some(last) = next.0.checked_sub(1) {
        let Some(chunk) = facts.chunk_at(Position(last))? else { break };
        let entries: Vec<_> = chunk.entries().filter(|e| e.position.0 < next.0).collect();
        for entry in entries.iter().rev() {
            if events.len() == limit || looked_at >= SCANNED_PER_PAGE_MAX {
                break 'pages;
            }
            looked_at += 1;
            next = Position(entry.position.0);
            let stored = read_entry(&chunk, entry)?;
            if wanted(&stored) {
                events.push(stored);
            }
        }
    }
    Ok(EventPage { events, next: (next.0 > 0).then_some(next) })
}

fn passes(filter: &EventFilter, stored: &StoredFact) -> bool {
    if !is_event(&stored.fact) {
        return false;
    }
    let Fact::Wallet(fact) = &stored.fact else { return false };
    let (event_type, occurred_at) = match &fact.event {
        WalletEvent::Metered { request, .. } => {
            (request.event_type, request.occurred_at.unwrap_or(stored.at))
        }
        WalletEvent::HoldCaptured { of, .. } => (of.event_type, stored.at),
        _ => return false,
    };
    filter.event_type.is_none_or(|t| t == event_type)
        && filter.from.is_none_or(|from| occurred_at >= from)
        && filter.to.is_none_or(|to| occurred_at < to)
}
