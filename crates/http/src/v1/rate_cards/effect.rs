//! `effect` of a dry run: what a list would have made of the use that models had in the last 30 days.

use chargly_api::ObjectWriter;
use chargly_engine::figures::margin_bp;
use chargly_engine::ledger::Catalogue;
use chargly_engine::{RateChange, RateEffect, UseEffect};
use chargly_ratecards::Comparison;

use crate::figures::table::{Cell, Named, write_cells};

/// The rates that importing would change, the new models first.
pub(super) fn changes_of(comparison: &Comparison) -> Vec<RateChange> {
    let added = comparison.added.iter().map(|entry| (entry, Vec::new()));
    let changed = comparison.changed.iter().map(|change| (&change.after, change.before.clone()));
    let change = |(entry, before): (&chargly_engine::ledger::RateEntry, _)| RateChange {
        provider: entry.provider.clone(),
        model: entry.model.clone(),
        before,
        after: entry.rates.clone(),
    };
    added.chain(changed).map(change).collect()
}

/// Writes the effect: all of it, then the models that were used, those that move the margin most first.
pub(super) fn write_effect(
    o: &mut ObjectWriter<'_>,
    changes: &[RateChange],
    effect: &RateEffect,
    catalogue: &Catalogue,
) {
    let mut used: Vec<(&RateChange, &UseEffect)> =
        changes.iter().zip(&effect.models).filter(|(_, of)| of.is_used()).collect();
    used.sort_by_key(|(_, of)| std::cmp::Reverse(of.margin_nano().abs()));
    o.object("effect", |o| {
        write_cells(
            o,
            &[
                ("from", Cell::Instant(effect.from)),
                ("to", Cell::Instant(effect.to)),
                ("complete", Cell::Boolean(!effect.is_cut)),
            ],
        );
        o.shown("currency", catalogue.currency.as_str());
        write_cells(o, &of_use(&effect.total));
        write_cells(o, &of_margin(effect));
        o.number("unused_models", changes.len() - used.len());
        o.array("models", |list| {
            for (change, of) in used {
                list.object(|o| {
                    o.text("provider", &change.provider).text("model", &change.model);
                    write_cells(o, &of_use(of));
                });
            }
        });
    });
}

fn of_use(of: &UseEffect) -> Vec<Named> {
    let count = |count: u64| Cell::count(count.into());
    vec![
        ("events", count(of.events)),
        ("cost_now", Cell::Money(of.before_nano)),
        ("cost_then", Cell::Money(of.after_nano)),
        ("margin_change", Cell::Money(of.margin_nano())),
        ("newly_priced", count(of.newly_priced)),
        ("newly_priced_cost", Cell::Money(of.newly_priced_nano)),
        ("no_longer_priced", count(of.no_longer_priced)),
        ("unpriced", count(of.unpriced)),
    ]
}

/// The margin of all events of that time, as booked, and with the difference of what has a cost by both rates.
fn of_margin(effect: &RateEffect) -> Vec<Named> {
    let (line, cost) = (&effect.line, effect.line.cost.known_nano());
    let then = cost.and_then(|cost| margin_bp(line.recognised_nano, cost - effect.total.margin_nano()));
    vec![
        ("recognised", Cell::Money(line.recognised_nano)),
        ("cost", Cell::money(cost)),
        ("gross_margin", Cell::share(line.margin_bp())),
        ("gross_margin_then", Cell::share(then)),
        ("upper_bound", Cell::Boolean(line.cost.is_incomplete())),
    ]
}
