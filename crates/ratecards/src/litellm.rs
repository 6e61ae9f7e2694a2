//! The price map of the package `litellm`: one flat object of models, whose rates are keys such as
//! `input_cost_per_token_above_200k_tokens_batches`, in US dollars for one unit.

use chargly_ledger::Unit;
use serde_json::value::RawValue;

use crate::compare::ModelName;
use crate::list::{Condition, ListError, Object, Rates, Reading, tokens};
use crate::skipped::Reason;

/// The entry that only explains the others.
const EXPLANATION: &str = "sample_spec";
/// Rates of images: what comes out, else what goes in.
const IMAGES: [&str; 2] = ["output_cost_per_image", "input_cost_per_image"];
/// Rates of seconds.
const SECONDS: [&str; 3] = ["output_cost_per_second", "input_cost_per_second", "cost_per_second"];
/// Tokens in the number of a step: `above_200k_tokens`.
const STEP_TOKENS: u32 = 1_000;

/// Reads the list.
///
/// # Errors
/// Where it is no object of objects, or none of them is a model.
pub(crate) fn read(text: &str, reading: &mut Reading) -> Result<(), ListError> {
    let entries: Object<'_> = serde_json::from_str(text)?;
    let mut models = Vec::new();
    let mut is_list = false;
    for (key, entry) in entries.iter().filter(|(key, _)| *key != EXPLANATION) {
        let Ok(fields) = serde_json::from_str::<Object<'_>>(entry.get()) else { continue };
        let provider: Option<String> = text_of(fields.get("litellm_provider").copied());
        is_list |= provider.is_some();
        let provider = provider.unwrap_or_default();
        // `openai/gpt-4o` of `openai` is its `gpt-4o`.
        let short = key.strip_prefix(&provider).and_then(|rest| rest.strip_prefix('/'));
        let name = ModelName { provider: provider.into(), model: short.unwrap_or(key).into() };
        models.push((short.is_some(), name, fields));
    }
    if !is_list {
        return Err(ListError::UnknownFormat);
    }
    // A name without the prefix is the model's own: where both are there, it is read first and holds.
    models.sort_by_key(|(has_prefix, ..)| *has_prefix);
    for (_, name, fields) in models {
        reading.add(name, rates_of(&fields));
    }
    Ok(())
}

fn rates_of(fields: &Object<'_>) -> Rates {
    let mut rates = Rates::default();
    for (key, value) in fields.iter().filter(|(_, value)| value.get() != "null") {
        match Key::of(key) {
            Key::Rate(unit, condition) => rates.add(key, unit, condition, value.get(), 1),
            Key::OneOfSeveral | Key::NoRate => {}
            Key::NoUnit => rates.without_unit(key),
        }
    }
    for (unit, keys) in [(Unit::Images, IMAGES.as_slice()), (Unit::Seconds, &SECONDS)] {
        let known: Vec<_> = keys.iter().filter_map(|key| Some((*key, fields.get(*key)?.get()))).collect();
        rates.add_one_of(unit, Condition::default(), &known, 1);
    }
    if let Some(tiers) = fields.get("tiered_pricing").filter(|tiers| tiers.get() != "null")
        && add_tiers(tiers, &mut rates).is_none()
    {
        let (rate, text) = ("tiered_pricing".into(), "a table that is not understood".into());
        rates.leave_out(Reason::NotAnAmount { rate, text });
    }
    rates
}

/// Adds a table of whole-request steps: the first row is what every request costs, each other what one costs with more
/// input tokens than its range begins with. `None` where it is no such table.
fn add_tiers(tiers: &RawValue, rates: &mut Rates) -> Option<()> {
    let rows: Vec<Object<'_>> = serde_json::from_str(tiers.get()).ok()?;
    for row in rows {
        let range: Vec<&RawValue> = serde_json::from_str(row.get("range")?.get()).ok()?;
        let above_input_tokens = tokens(range.first()?.get())?;
        for (key, value) in row.iter().filter(|(key, _)| *key != "range") {
            match Key::of(key) {
                Key::Rate(unit, condition) => {
                    rates.add(key, unit, Condition { above_input_tokens, ..condition }, value.get(), 1);
                }
                _ => rates.without_unit(key),
            }
        }
    }
    Some(())
}

fn text_of(value: Option<&RawValue>) -> Option<String> {
    serde_json::from_str(value?.get()).ok()
}

/// What a key of a model is.
#[derive(PartialEq, Eq)]
enum Key {
    /// A rate of a unit, under a condition.
    Rate(Unit, Condition),
    /// One of [`IMAGES`] or [`SECONDS`].
    OneOfSeveral,
    /// A rate that usage cannot name.
    NoUnit,
    /// Something else: a limit, an ability.
    NoRate,
}

impl Key {
    fn of(key: &str) -> Self {
        if !key.contains("cost") {
            return Self::NoRate;
        }
        if IMAGES.contains(&key) || SECONDS.contains(&key) {
            return Self::OneOfSeveral;
        }
        let (rest, is_batch) = match key.strip_suffix("_batches") {
            Some(rest) => (rest, true),
            None => (key, false),
        };
        let step = rest.strip_suffix("k_tokens").and_then(|rest| rest.split_once("_above_"));
        let step = step.and_then(|(base, k)| Some((base, k.parse::<u32>().ok()?.checked_mul(STEP_TOKENS)?)));
        let (base, above_input_tokens) = step.unwrap_or((rest, 0));
        let unit = match base {
            "input_cost_per_token" => Unit::InputTokens,
            // Two names for the same; lists that have both give both the same number.
            "cache_read_input_token_cost" | "input_cost_per_token_cache_hit" => Unit::CachedInputTokens,
            "cache_creation_input_token_cost" => Unit::CacheWriteTokens,
            "output_cost_per_token" => Unit::OutputTokens,
            "input_cost_per_request" => Unit::Requests,
            _ => return Self::NoUnit,
        };
        Self::Rate(unit, Condition { is_batch, above_input_tokens })
    }
}
