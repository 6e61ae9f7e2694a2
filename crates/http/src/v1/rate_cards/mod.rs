//! `/v1/rate-cards`: what providers charge.

use chargly_api::limits;
use chargly_api::{IdKind, ObjectWriter};
use chargly_engine::ledger::{self, Catalogue, RateCard};

use crate::view;

mod effect;
pub(crate) mod import;
pub(crate) mod list;
pub(crate) mod models;
pub(crate) mod publish;

// What the page of limits says is what the ledger holds to.
const _: () = assert!(limits::RATE_CARD_MODELS_MAX == ledger::RATE_CARD_ENTRIES_MAX);
const _: () = assert!(limits::RATES_PER_MODEL_MAX == ledger::RATES_PER_ENTRY_MAX);
const _: () = assert!(limits::RATE_EFFECT_FACTS_MAX as u64 == chargly_engine::RATE_EFFECT_FACTS_MAX);
const _: () = assert!(limits::MODEL_NAME_BYTES_MAX == ledger::MODEL_NAME_BYTES_MAX);

/// Writes a card, without its rates.
fn write_card(o: &mut ObjectWriter<'_>, card: &RateCard, catalogue: &Catalogue) {
    o.number("card", card.number.0).text("source", &card.source).text("note", &card.note);
    o.number("models", card.entries);
    view::instant(o, "effective_at", card.effective_at);
    let author = catalogue.key(card.author).map(|key| view::id(IdKind::Key, key.id));
    o.shown_or_null("author", author);
    view::instant(o, "published_at", card.published_at);
}
