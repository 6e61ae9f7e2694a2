//! What a rule that is not published would charge for samples, beside the version in force. Changes nothing.

use chargly_ledger::{
    Credits, Grid, Millis, Money, PriceNo, Quantity, Rejection, Rounding, Rule, Sample, Usage, price_sample,
};
use compact_str::CompactString;

use super::meter_events::{Properties, taken_apart};
use crate::environment::Environment;

/// A rule to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TriedRule {
    /// The rule.
    pub rule: Rule,
    /// To what a price is rounded.
    pub grid: Grid,
    /// Which way.
    pub rounding: Rounding,
}

/// Something that might have been metered.
#[derive(Clone, Debug)]
pub struct TriedSample {
    /// How much.
    pub quantity: Quantity,
    /// Its properties, with those that the prices and the tried rule look at.
    pub properties: Option<Properties>,
    /// What it cost the operator, as reported.
    pub cost: Option<Money>,
    /// What a model was used for.
    pub usage: Option<Usage>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// The version in force; `None` where there is none yet.
    pub in_force: Option<PriceNo>,
    /// The rule as it would be published now.
    pub proposed: Option<TriedRule>,
    /// For each sample, in order: credits by the version in force, and by the proposed rule.
    pub credits: Vec<(Option<Credits>, Option<Credits>)>,
}

/// Why samples were not priced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TryError {
    /// There is no event type of this name.
    UnknownEventType {
        /// The name.
        name: CompactString,
    },
    /// The rule could not be published.
    Rule(Rejection),
    /// A sample lacks what one of the rules needs.
    Sample {
        /// Which, from 0.
        index: usize,
        /// Whether the proposed rule needs it; else the version in force.
        is_proposed: bool,
        /// What it lacks.
        rejection: Rejection,
    },
}

impl Environment {
    /// Prices samples by the version in force and by a proposed rule.
    ///
    /// # Errors
    /// [`TryError`] for an unknown type, a rule that could not be published, and the first sample without a price.
    pub fn try_price(
        &self,
        event: &str,
        proposed: Option<TriedRule>,
        samples: Vec<TriedSample>,
    ) -> Result<Tried, TryError> {
        let catalogue = self.catalogue();
        let event_type =
            catalogue.event_type(event).ok_or_else(|| TryError::UnknownEventType { name: event.into() })?;
        let now = Millis(self.wall_ms());
        let in_force = catalogue.price_in_force(event_type.number, now);
        let pinned = |tried: TriedRule| {
            let rule = catalogue.checked_rule(&tried.rule, tried.rounding).map_err(TryError::Rule)?;
            Ok(TriedRule { rule, ..tried })
        };
        let proposed = proposed.map(pinned).transpose()?;
        let mut credits = Vec::with_capacity(samples.len());
        for (index, TriedSample { quantity, properties, cost, usage }) in samples.into_iter().enumerate() {
            let (_, inputs, facets) = taken_apart(properties, usage);
            let usage = facets.as_ref().and_then(|facets| facets.usage.as_ref());
            let sample = Sample { quantity, inputs: &inputs, cost, usage };
            let by = |terms: (&Rule, Grid, Rounding), is_proposed| {
                price_sample(&catalogue, terms, &sample, now).map_err(|rejection| TryError::Sample {
                    index,
                    is_proposed,
                    rejection,
                })
            };
            let now_charged = in_force.map(|version| by(version.terms(), false)).transpose()?;
            let then = proposed.as_ref().map(|p| by((&p.rule, p.grid, p.rounding), true)).transpose()?;
            credits.push((now_charged, then));
        }
        Ok(Tried { in_force: in_force.map(|version| version.number), proposed, credits })
    }
}
