//! `/v1/event-types`

use chargly_api::ObjectWriter;
use chargly_engine::ledger::{Catalogue, EventType, Millis, Money};

use crate::view;

pub(crate) mod archive;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod prices;
pub(crate) mod put;

/// Writes an event type with the price in force.
fn write_event_type(o: &mut ObjectWriter<'_>, event_type: &EventType, catalogue: &Catalogue, now: Millis) {
    o.text("name", &event_type.name).text("label", &event_type.label);
    o.text("description", &event_type.description);
    o.boolean("caller_set_credits", event_type.caller_set_credits);
    o.array("dimensions", |list| {
        for dimension in &event_type.dimensions {
            list.text(dimension);
        }
    });
    let estimate = event_type.estimated_cost_nano.map(|nano| Money::amount_of(nano.into()));
    o.shown_or_null("estimated_cost", estimate);
    o.boolean("archived", event_type.archived);
    match catalogue.price_in_force(event_type.number, now) {
        Some(price) => o.object("price", |o| prices::write_price(o, price, catalogue)),
        None => o.null("price"),
    };
    view::instant(o, "created_at", event_type.created_at);
}
