//! What the simulation asks of a recorded fact.

use chargly_ledger::{Asked, CostSource, Facets, Money, WalletEvent, cost_of_event};

/// Nano-units that an event cost the operator, as recorded with it or its refusal; `None` where nobody knows, and for
/// what is no event.
pub(crate) fn cost_of(event: &WalletEvent) -> Option<i64> {
    let (reported, facets) = reported(event)?;
    cost_of_event(reported, facets).map(|cost| cost.nano)
}

/// What a price may be made of: the cost that was reported with an event, or computed from its usage. An estimate is
/// no cost that anybody was asked for.
pub(crate) fn spent_on(event: &WalletEvent) -> Option<i64> {
    let (reported, facets) = reported(event)?;
    let cost = cost_of_event(reported, facets).filter(|cost| cost.source != CostSource::Estimated);
    cost.map(|cost| cost.nano)
}

/// What is known of an event beside its price.
pub(crate) fn facets_of(event: &WalletEvent) -> Option<&Facets> {
    reported(event)?.1
}

fn reported(event: &WalletEvent) -> Option<(Option<Money>, Option<&Facets>)> {
    let (reported, facets) = match event {
        WalletEvent::Metered { request, facets, .. } => (request.cost, facets),
        WalletEvent::HoldCaptured { request, facets, .. } => (request.cost, facets),
        WalletEvent::Refused { asked: Asked::Meter(request), facets, .. } => (request.cost, facets),
        WalletEvent::Refused { asked: Asked::CaptureHold(request), facets, .. } => (request.cost, facets),
        _ => return None,
    };
    Some((reported, facets.as_deref()))
}
