//! An event as it is answered when it is charged: rendered from its fact, the customer and the catalogue's names,
//! none of which ever changes, so that a replay has the same bytes.

use chargly_api::{IdKind, ObjectWriter};
use chargly_engine::ledger::{Catalogue, Charge, EntryId, EventTypeNo, Millis, WalletEvent, WalletFact};

use crate::view;

/// Writes a meter event or a capture.
pub(crate) fn write_event(
    o: &mut ObjectWriter<'_>,
    (id, at): (EntryId, Millis),
    fact: &WalletFact,
    customer: &str,
    catalogue: &Catalogue,
) {
    let (event_type, charge) = match &fact.event {
        WalletEvent::Metered { request, charge, .. } => (request.event_type, charge),
        WalletEvent::HoldCaptured { of, charge, .. } => (of.event_type, charge),
        _ => return,
    };
    o.id("id", view::id(IdKind::Event, id));
    if let WalletEvent::HoldCaptured { request, .. } = &fact.event {
        o.id("hold_id", view::id(IdKind::Hold, request.hold));
    }
    write_charge(o, event_type, charge, customer, catalogue);
    if let WalletEvent::HoldCaptured { still_held, ended, .. } = &fact.event {
        o.number("still_held", still_held).boolean("ended", *ended);
    }
    view::balance(o, &fact.header.after);
    view::price_version(o, charge.price, catalogue);
    view::instant(o, "recorded_at", at);
}

fn write_charge(
    o: &mut ObjectWriter<'_>,
    event_type: EventTypeNo,
    charge: &Charge,
    customer: &str,
    catalogue: &Catalogue,
) {
    o.text("event", view::event_name(catalogue, event_type)).text("customer", customer);
    o.micro("credits", charge.credits.micro());
    // Only where it is not simply paid: the common answer stays short.
    if charge.debt.is_positive() {
        o.number("debt", charge.debt);
    }
    if charge.uncharged.is_positive() {
        o.number("uncharged", charge.uncharged);
    }
}
