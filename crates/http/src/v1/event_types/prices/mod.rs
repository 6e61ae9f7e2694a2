//! `/v1/event-types/{name}/prices`

use chargly_api::ObjectWriter;
use chargly_engine::ledger::{Catalogue, PriceVersion};

use crate::view;

pub(crate) mod list;
pub(crate) mod publish;
pub(crate) mod rule;

/// Writes a price version.
pub(super) fn write_price(o: &mut ObjectWriter<'_>, price: &PriceVersion, catalogue: &Catalogue) {
    o.shown("id", view::price_id(price)).text("event", view::event_name(catalogue, price.event_type));
    o.number("version", price.version).object("rule", |o| rule::into_view(o, &price.rule));
    o.text("grid", rule::grid_name(price.grid)).text("rounding", rule::rounding_name(price.rounding));
    o.text("in_words", &price.rule.in_words(price.grid, price.rounding));
    view::instant(o, "effective_at", price.effective_at);
    o.text("note", &price.note);
    let author = catalogue.key(price.author).map(|key| view::id(chargly_api::IdKind::Key, key.id));
    o.shown_or_null("author", author);
    view::instant(o, "published_at", price.published_at);
}
