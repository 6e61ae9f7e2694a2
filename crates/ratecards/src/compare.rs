//! A list against the rates that are held: what to publish, and what to tell whoever imports it.

use std::collections::BTreeMap;

use chargly_ledger::{Millis, RATE_CARD_ENTRIES_MAX, Rate, RateBook, RateCardRequest, RateEntry};
use compact_str::CompactString;

use crate::list::PriceList;
use crate::skipped::Skipped;

/// A model by its names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModelName {
    /// Whose model.
    pub provider: CompactString,
    /// Which.
    pub model: CompactString,
}

/// The rates held of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The rates, in any order.
    pub rates: Vec<Rate>,
    /// The source of the card that has them.
    pub source: CompactString,
}

/// A model whose rates change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What holds until then.
    pub before: Vec<Rate>,
    /// What holds from then on.
    pub after: RateEntry,
}

/// What importing a list does.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Comparison {
    /// Models without rates so far.
    pub added: Vec<RateEntry>,
    /// Models whose rates change.
    pub changed: Vec<Change>,
    /// How many models stay as they are.
    pub unchanged: usize,
    /// Models that an earlier version of this list had and this one has no more. They keep their rates: a model that
    /// is no longer sold was still used.
    pub gone: Vec<ModelName>,
    /// What of the list is left out.
    pub skipped: Vec<Skipped>,
}

/// The rates that a book has in force at an instant.
pub fn held_at(book: &RateBook, at: Millis) -> BTreeMap<ModelName, Held> {
    let sources: BTreeMap<_, _> = book.cards().iter().map(|card| (card.number, &card.source)).collect();
    let held = book.models().filter_map(|(provider, model, _)| {
        let dated = book.entry(provider, model, at, None)?;
        let source = sources.get(&dated.card).map(|source| (*source).clone()).unwrap_or_default();
        let name = ModelName { provider: provider.clone(), model: model.clone() };
        Some((name, Held { rates: dated.rates.clone(), source }))
    });
    held.collect()
}

/// Compares a list with the rates held, for these providers only, or for all when none is named.
pub fn compare(list: PriceList, held: &BTreeMap<ModelName, Held>, providers: &[CompactString]) -> Comparison {
    let is_asked_for = |provider: &CompactString| providers.is_empty() || providers.contains(provider);
    let PriceList { format, models, mut skipped } = list;
    skipped.retain(|skipped| is_asked_for(&skipped.provider));
    let mut comparison = Comparison { skipped, ..Comparison::default() };
    for (name, its) in held.iter().filter(|(name, _)| is_asked_for(&name.provider)) {
        let was_left_out = |skipped: &Skipped| {
            (&skipped.provider, &skipped.model) == (&name.provider, &name.model)
                && skipped.reason.leaves_the_model_out()
        };
        let came_from_it = its.source.split(' ').next() == Some(format.as_str());
        if came_from_it && !models.contains_key(name) && !comparison.skipped.iter().any(was_left_out) {
            comparison.gone.push(name.clone());
        }
    }
    for (name, rates) in models.into_iter().filter(|(name, _)| is_asked_for(&name.provider)) {
        let before = held.get(&name).map(|held| in_order(held.rates.clone()));
        let after = RateEntry { provider: name.provider, model: name.model, rates };
        match before {
            None => comparison.added.push(after),
            Some(before) if before == after.rates => comparison.unchanged += 1,
            Some(before) => comparison.changed.push(Change { before, after }),
        }
    }
    comparison
}

impl Comparison {
    /// How many models would be published.
    pub fn to_publish(&self) -> usize {
        self.added.len() + self.changed.len()
    }

    /// The cards to publish, in full ones as far as they go. `source` says which list and version it was.
    pub fn cards(&self, source: &str, note: &str, effective_at: Option<Millis>) -> Vec<RateCardRequest> {
        let changed = self.changed.iter().map(|change| &change.after);
        let entries: Vec<_> = self.added.iter().chain(changed).collect();
        let card = |entries: &[&RateEntry]| RateCardRequest {
            source: source.into(),
            note: note.into(),
            effective_at,
            entries: entries.iter().map(|entry| (*entry).clone()).collect(),
        };
        entries.chunks(RATE_CARD_ENTRIES_MAX).map(card).collect()
    }
}

fn in_order(mut rates: Vec<Rate>) -> Vec<Rate> {
    rates.sort_by_key(|rate| (rate.unit, rate.is_batch, rate.above_input_tokens));
    rates
}
