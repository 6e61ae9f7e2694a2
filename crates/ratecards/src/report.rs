//! A comparison as JSON: the same from the server and from the command line.

use chargly_ledger::Rate;
use serde_json::{Value, json};

use crate::compare::{Comparison, ModelName};
use crate::number::rate_text;
use crate::skipped::Skipped;

/// Examples told of each reason for leaving something out: enough to see what kind of thing it is.
const EXAMPLES_MAX: usize = 20;

impl Comparison {
    /// What importing does: counts, new models with their rates, every change with what held before, and what was left out, by reason.
    pub fn report(&self) -> Value {
        let changed = self.changed.iter().map(|change| {
            json!({
                "provider": change.after.provider.as_str(),
                "model": change.after.model.as_str(),
                "before": rates_json(&change.before),
                "after": rates_json(&change.after.rates),
            })
        });
        let gone = self.gone.iter().map(
            |ModelName { provider, model }| json!({"provider": provider.as_str(), "model": model.as_str()}),
        );
        let new = self.added.iter().map(|entry| {
            json!({
                "provider": entry.provider.as_str(),
                "model": entry.model.as_str(),
                "rates": rates_json(&entry.rates),
            })
        });
        json!({
            "added": self.added.len(),
            "new": new.collect::<Vec<_>>(),
            "changed": changed.collect::<Vec<_>>(),
            "unchanged": self.unchanged,
            "gone": gone.collect::<Vec<_>>(),
            "skipped": self.skipped_by_reason(),
        })
    }

    /// In the order first met.
    fn skipped_by_reason(&self) -> Vec<Value> {
        let mut by_reason: Vec<Vec<&Skipped>> = Vec::new();
        for skipped in &self.skipped {
            match by_reason.iter_mut().find(|those| those[0].reason.code() == skipped.reason.code()) {
                Some(those) => those.push(skipped),
                None => by_reason.push(vec![skipped]),
            }
        }
        let told = by_reason.into_iter().map(|those| {
            json!({
                "reason": those[0].reason.code(),
                "meaning": those[0].reason.in_words(),
                "count": those.len(),
                "examples": those.iter().take(EXAMPLES_MAX).map(|skipped| example(skipped)).collect::<Vec<_>>(),
            })
        });
        told.collect()
    }
}

fn example(skipped: &Skipped) -> Value {
    json!({
        "provider": skipped.provider.as_str(),
        "model": skipped.model.as_str(),
        "of": skipped.reason.of(),
    })
}

/// Rates as they are on the wire: `batch` and `above_input_tokens` only where they narrow a rate down.
pub fn rates_json(rates: &[Rate]) -> Value {
    let each = rates.iter().map(|rate| {
        let mut json = json!({"unit": rate.unit.as_str(), "rate": rate_text(rate.pico)});
        if rate.is_batch {
            json["batch"] = true.into();
        }
        if rate.above_input_tokens > 0 {
            json["above_input_tokens"] = rate.above_input_tokens.into();
        }
        json
    });
    each.collect()
}
