//! The events of a correction, page by page: by the lists of the runs, one by one, or those that another correction
//! changed.

use std::sync::Arc;

use chargly_index::{Block, Posting, entry};
use chargly_ledger::{Catalogue, CorrectionAction, CorrectionFilter, Fact, Position, Rejection, WalletEvent};

use super::PAGE_EVENTS;
use super::changes::{Change, read_changes};
use crate::environment::Environment;
use crate::facts::StoredFact;
use crate::outcome::CallError;
use crate::usecases::list_events::{Selection, lists_of_events, newest_first};

/// An event that a correction may change.
pub(super) struct Candidate {
    pub(super) stored: StoredFact,
    /// What the correction to be undone gave back of it, in micro-credits; charged, where negative.
    pub(super) net_returned_micro: Option<i64>,
}

/// Where the next page of candidates comes from.
pub(super) enum Source {
    /// Newest first, below a position; `None` once it is at its end.
    Matching(Arc<Matching>, Option<Position>),
    /// These, one by one.
    Named(Arc<Matching>, Vec<Position>),
    /// What another correction changed, from a position on.
    Changed { correction: Position, next: Position, end: Position },
}

impl Source {
    /// Of a filter that was [completed].
    pub(super) fn new(
        catalogue: &Catalogue,
        filter: &CorrectionFilter,
        action: &CorrectionAction,
        up_to: Position,
    ) -> Result<Self, Rejection> {
        if let CorrectionAction::Undo { correction } = action {
            let known = catalogue.correction(*correction).ok_or(NO_CORRECTION)?;
            let closed = known.closed.ok_or(Rejection::CorrectionRunning)?;
            return Ok(Self::Changed { correction: *correction, next: *correction, end: closed.position });
        }
        let matching = Arc::new(Matching(filter.clone()));
        if filter.events.is_empty() {
            return Ok(Self::Matching(matching, Some(up_to)));
        }
        let named = filter.events.iter().copied().filter(|event| *event < up_to).collect();
        Ok(Self::Named(matching, named))
    }
}

pub(super) const NO_CORRECTION: Rejection = Rejection::NotFound { kind: "correction" };

/// A filter and an action with what follows from them: events that are priced anew by a version are those of its event
/// type, and a rule counts with the newest rate card where none is named.
pub(super) fn completed(
    catalogue: &Catalogue,
    mut filter: CorrectionFilter,
    action: CorrectionAction,
) -> Result<(CorrectionFilter, CorrectionAction), Rejection> {
    let mut implied = filter.price.map(|price| ("filter.price_version", price));
    if let CorrectionAction::Reprice { price } = action {
        implied = implied.into_iter().chain([("action.reprice.price_version", price)]).last();
    }
    for (field, price) in implied.into_iter().chain(filter.price.map(|price| ("filter.price_version", price)))
    {
        let version = catalogue.price(price).ok_or(Rejection::NotFound { kind: "price_version" })?;
        match filter.event_type {
            Some(event_type) if event_type != version.event_type => {
                return Err(invalid(field, "is a version of another event type than the filter asks for"));
            }
            _ => filter.event_type = Some(version.event_type),
        }
    }
    if matches!(action, CorrectionAction::RepriceBy { .. }) && filter.event_type.is_none() {
        return Err(invalid("filter.event", "is required: a rule prices the events of one type"));
    }
    filter.events.sort_unstable();
    filter.events.dedup();
    let action = match action {
        CorrectionAction::RepriceBy { rule, grid, rounding } => {
            let rule = catalogue.checked_rule(&rule, rounding)?;
            CorrectionAction::RepriceBy { rule, grid, rounding }
        }
        other => other,
    };
    Ok((filter, action))
}

pub(super) fn invalid(field: &str, problem: &str) -> Rejection {
    Rejection::Invalid { field: field.into(), problem: problem.to_owned() }
}

impl Environment {
    /// The next page of candidates; `None` once there are no more. A page may be empty.
    pub(super) async fn candidates(&self, source: &mut Source) -> Result<Option<Vec<Candidate>>, CallError> {
        let (facts, lookup) = (self.facts_handle(), self.lookup_handle());
        match source {
            Source::Matching(matching, below) => {
                let Some(from) = *below else { return Ok(None) };
                let matching = Arc::clone(matching);
                let read = move || newest_first(&facts, &lookup, matching.as_ref(), from, PAGE_EVENTS);
                let page = self.blocking(read).await?;
                *below = page.next;
                Ok(Some(page.events.into_iter().map(whole).collect()))
            }
            Source::Named(matching, events) => {
                if events.is_empty() {
                    return Ok(None);
                }
                let matching = Arc::clone(matching);
                let page: Vec<Position> = events.drain(..events.len().min(PAGE_EVENTS)).collect();
                let read = move || {
                    let mut found = Vec::with_capacity(page.len());
                    for position in page {
                        found
                            .extend(facts.read(position)?.filter(|stored| matching.takes(stored)).map(whole));
                    }
                    Ok(Some(found))
                };
                self.blocking(read).await
            }
            Source::Changed { correction, next, end } => {
                if *next >= *end {
                    return Ok(None);
                }
                let (correction, mut from, end) = (*correction, *next, *end);
                let read = move || {
                    let changes = read_changes(&facts, correction, &mut from, end, PAGE_EVENTS)?;
                    let mut found = Vec::with_capacity(changes.len());
                    for Change { event, returned_micro, .. } in changes {
                        let net_returned_micro = returned_micro;
                        let stored = facts.read(event)?.filter(|_| returned_micro.is_some());
                        found.extend(stored.map(|stored| Candidate { stored, net_returned_micro }));
                    }
                    Ok((found, from))
                };
                let (found, from) = self.blocking(read).await?;
                *next = from;
                Ok(Some(found))
            }
        }
    }
}

fn whole(stored: StoredFact) -> Candidate {
    Candidate { stored, net_returned_micro: None }
}

/// The events that a filter lets pass.
pub(super) struct Matching(CorrectionFilter);

impl Selection for Matching {
    fn lists(&self) -> Vec<Posting> {
        lists_of_events(self.0.wallet, self.0.event_type)
    }

    fn may_be_in(&self, block: &Block) -> bool {
        let CorrectionFilter { from, to, .. } = &self.0;
        block.occurred_at.is_some_and(|range| {
            from.is_none_or(|from| range.last >= from) && to.is_none_or(|to| range.first < to)
        })
    }

    fn takes(&self, stored: &StoredFact) -> bool {
        let CorrectionFilter { event_type, wallet, from, to, price, dimension, events: _ } = &self.0;
        let Some(occurred_at) = entry::occurred_at(&stored.fact, stored.at) else { return false };
        let Fact::Wallet(fact) = &stored.fact else { return false };
        let (charge, facets) = match &fact.event {
            WalletEvent::Metered { charge, facets, .. }
            | WalletEvent::HoldCaptured { charge, facets, .. } => (charge, facets),
            _ => return false,
        };
        let has = |wanted| facets.as_ref().is_some_and(|facets| facets.dimensions.contains(wanted));
        wallet.is_none_or(|wallet| fact.header.wallet == wallet)
            && event_type.is_none_or(|wanted| entry::event_type(&stored.fact) == Some(wanted))
            && from.is_none_or(|from| occurred_at >= from)
            && to.is_none_or(|to| occurred_at < to)
            && price.is_none_or(|price| charge.price == Some(price))
            && dimension.as_ref().is_none_or(has)
    }
}
