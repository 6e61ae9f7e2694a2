//! Events, newest first: by the lists of the runs where a customer or a type is asked for, else straight through the
//! journal, past the blocks that cannot have any.

use std::ops::ControlFlow;

use chargly_index::{Block, Posting, entry};
use chargly_ledger::{EventTypeNo, Millis, Position, WalletNo};

use super::collect::charge_of;
use crate::environment::Environment;
use crate::facts::{Facts, StoredFact, read_entry};
use crate::lookup::{List, Lookup};
use crate::outcome::{CallError, index_failed};

/// Facts one page looks at, at most: a filter that few events pass gets a short page and a cursor.
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
    /// Only those that were not charged wholly when they were recorded.
    pub uncharged: bool,
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
                Some(wallet) => Some(wallet.number),
                None => return Ok(EventPage { events: Vec::new(), next: None }),
            },
            None => None,
        };
        let (facts, lookup) = (self.facts_handle(), self.lookup_handle());
        let head = self.tail().committed().next;
        self.blocking(move || {
            let EventFilter { event_type, from, to, uncharged, .. } = filter;
            let wanted = Wanted { wallet, event_type, from, to, uncharged };
            newest_first(&facts, &lookup, &wanted, below.unwrap_or(head), limit)
        })
        .await
    }
}

/// What a list is made of.
pub(crate) trait Selection {
    /// The lists of the runs each of which has all of them, if any.
    fn lists(&self) -> Vec<Posting>;
    /// Whether a block may have any.
    fn may_be_in(&self, block: &Block) -> bool;
    /// Whether this is one.
    fn takes(&self, stored: &StoredFact) -> bool;
}

struct Wanted {
    wallet: Option<WalletNo>,
    event_type: Option<EventTypeNo>,
    from: Option<Millis>,
    to: Option<Millis>,
    uncharged: bool,
}

impl Selection for Wanted {
    fn lists(&self) -> Vec<Posting> {
        lists_of_events(self.wallet, self.event_type)
    }

    fn may_be_in(&self, block: &Block) -> bool {
        block.occurred_at.is_some_and(|range| {
            self.from.is_none_or(|from| range.last >= from) && self.to.is_none_or(|to| range.first < to)
        })
    }

    fn takes(&self, stored: &StoredFact) -> bool {
        let Some(occurred_at) = entry::occurred_at(&stored.fact, stored.at) else { return false };
        self.wallet.is_none_or(|wallet| entry::wallet(&stored.fact) == Some(wallet))
            && self.event_type.is_none_or(|t| entry::event_type(&stored.fact) == Some(t))
            && self.from.is_none_or(|from| occurred_at >= from)
            && self.to.is_none_or(|to| occurred_at < to)
            && (!self.uncharged || charge_of(&stored.fact).is_some_and(|c| c.uncharged.is_positive()))
    }
}

/// The newest facts of a selection below a position. The page is short, with a place to go on from, where many had to
/// be looked at for few.
pub(crate) fn newest_first(
    facts: &Facts,
    lookup: &Lookup,
    selection: &dyn Selection,
    below: Position,
    limit: usize,
) -> Result<EventPage, CallError> {
    let mut page = Page { events: Vec::new(), next: below, looked_at: 0, limit };
    while let Some(newest) = page.next.0.checked_sub(1).map(Position) {
        let step = match lookup.block_at(newest) {
            Some((begins, block)) if !selection.may_be_in(&block) => {
                page.next = begins;
                ControlFlow::Continue(())
            }
            _ => match list_of(lookup, selection, newest)? {
                Some(list) => page.add_listed(facts, lookup, selection, &list)?,
                None => page.add_scanned(facts, selection, newest)?,
            },
        };
        if step.is_break() {
            break;
        }
    }
    Ok(EventPage { events: page.events, next: (page.next.0 > 0).then_some(page.next) })
}

fn list_of(lookup: &Lookup, selection: &dyn Selection, newest: Position) -> Result<Option<List>, CallError> {
    let mut common: Option<List> = None;
    for posting in selection.lists() {
        let Some(list) = lookup.list_at(posting, newest).map_err(|error| index_failed(&error))? else {
            return Ok(None);
        };
        common = Some(match common {
            Some(common) => common.also_in(&list),
            None => list,
        });
    }
    Ok(common)
}

/// The lists that have the events of a customer and of a type.
pub(crate) fn lists_of_events(wallet: Option<WalletNo>, event_type: Option<EventTypeNo>) -> Vec<Posting> {
    let lists = [wallet.map(Posting::Wallet), event_type.map(Posting::EventType)];
    lists.into_iter().flatten().collect()
}

struct Page {
    events: Vec<StoredFact>,
    /// Everything from here on was looked at.
    next: Position,
    looked_at: usize,
    limit: usize,
}

impl Page {
    fn is_full(&self) -> bool {
        self.events.len() >= self.limit || self.looked_at >= SCANNED_PER_PAGE_MAX
    }

    /// Adds from the list of one run, to its beginning.
    fn add_listed(
        &mut self,
        facts: &Facts,
        lookup: &Lookup,
        selection: &dyn Selection,
        list: &List,
    ) -> Result<ControlFlow<()>, CallError> {
        let mut passed_by = None;
        for position in list.newest_first(self.next) {
            if self.is_full() {
                return Ok(ControlFlow::Break(()));
            }
            if passed_by.is_some_and(|begins| position >= begins) {
                continue;
            }
            if let Some((begins, block)) = lookup.block_at(position)
                && !selection.may_be_in(&block)
            {
                passed_by = Some(begins);
                continue;
            }
            self.looked_at += 1;
            self.next = position;
            let Some(stored) = facts.read(position)? else { continue };
            if selection.takes(&stored) {
                self.events.push(stored);
            }
        }
        self.next = list.first;
        Ok(ControlFlow::Continue(()))
    }

    /// Adds from the chunk that holds a position.
    fn add_scanned(
        &mut self,
        facts: &Facts,
        selection: &dyn Selection,
        newest: Position,
    ) -> Result<ControlFlow<()>, CallError> {
        let Some(chunk) = facts.chunk_at(newest)? else { return Ok(ControlFlow::Break(())) };
        let entries: Vec<_> = chunk.entries().filter(|e| e.position.0 <= newest.0).collect();
        for entry in entries.iter().rev() {
            if self.is_full() {
                return Ok(ControlFlow::Break(()));
            }
            self.looked_at += 1;
            self.next = Position(entry.position.0);
            let stored = read_entry(&chunk, entry)?;
            if selection.takes(&stored) {
                self.events.push(stored);
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}
