//! What nearly every test of the engine asks for: an event type, a lot, an event.

use chargly_engine::MeterEvent;
use chargly_engine::ledger::{Credits, EventTypeRequest, GrantKind, GrantRequest, IfInsufficient, Quantity};

pub(crate) fn credits(whole: i64) -> Credits {
    Credits::whole(whole).expect("in range")
}

/// An event type of this name, at a flat price.
pub(crate) fn event_type(name: &str, price: i64) -> EventTypeRequest {
    EventTypeRequest {
        name: name.into(),
        label: name.into(),
        description: "".into(),
        caller_set_credits: false,
        dimensions: Vec::new(),
        archived: false,
        estimated_cost_nano: None,
        first_price: Some(credits(price)),
    }
}

/// A promotional lot without a date.
pub(crate) fn lot(whole: i64) -> GrantRequest {
    GrantRequest {
        credits: credits(whole),
        kind: GrantKind::Promotional,
        price: None,
        priority: 0,
        effective_at: None,
        expires_at: None,
        scope: Vec::new(),
    }
}

/// One event of a customer, perhaps under a key.
pub(crate) fn event(customer: &str, name: &str, key: Option<&str>) -> MeterEvent {
    MeterEvent {
        customer: customer.into(),
        event: name.into(),
        quantity: Quantity::ONE,
        credits: None,
        cost: None,
        usage: None,
        occurred_at: None,
        if_insufficient: IfInsufficient::Refuse,
        properties: None,
        key: key.map(Into::into),
    }
}
