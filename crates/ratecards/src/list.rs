//! A list that was read: what it is, its models with rates that the ledger can hold, and what was left out.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use chargly_ledger::{MODEL_NAME_BYTES_MAX, Millis, Rate, Unit};
use serde_json::value::RawValue;
use thiserror::Error;

use crate::compare::ModelName;
use crate::number::{NumberError, pico_of};
use crate::skipped::{Reason, Skipped};
use crate::{genai_prices, litellm};

/// The largest list that is read, in bytes: the largest body of a call. The longest of the two had 3.2 MB in 2026.
pub const LIST_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Which list it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListFormat {
    /// The price map of the package `litellm`.
    Litellm,
    /// The data of the package `genai-prices`.
    GenaiPrices,
}

impl ListFormat {
    /// The name of the package, with which the source of a card begins.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Litellm => "litellm",
            Self::GenaiPrices => "genai-prices",
        }
    }
}

/// What a card says of where its rates come from: the list and its version, `litellm 1.109.1`.
pub fn source_of(format: ListFormat, version: &str) -> String {
    format!("{} {version}", format.as_str()).trim_end().to_owned()
}

/// Why a text is no list.
#[derive(Debug, Error)]
pub enum ListError {
    /// It is longer than [`LIST_BYTES_MAX`].
    #[error("the list has {bytes} bytes; at most {LIST_BYTES_MAX} are read")]
    TooLong {
        /// How long it is.
        bytes: usize,
    },
    /// It is not JSON, or not of the shape it seemed to have.
    #[error("the list cannot be read")]
    Json(#[from] serde_json::Error),
    /// It is JSON of neither shape.
    #[error("this is neither the price map of litellm nor the data of genai-prices")]
    UnknownFormat,
}

/// A list that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceList {
    /// Which.
    pub format: ListFormat,
    /// The rates of each model, in the order of their units and conditions.
    pub models: BTreeMap<ModelName, Vec<Rate>>,
    /// What was left out, in the list's order.
    pub skipped: Vec<Skipped>,
}

/// Reads a list, with the prices that are valid at `at`.
///
/// # Errors
/// [`ListError`] for what is no list. What cannot be used of a list is no error: it is among [`PriceList::skipped`].
pub fn read(text: &str, at: Millis) -> Result<PriceList, ListError> {
    if text.len() > LIST_BYTES_MAX {
        return Err(ListError::TooLong { bytes: text.len() });
    }
    let format = match text.trim_start().as_bytes().first() {
        Some(b'[') => ListFormat::GenaiPrices,
        Some(b'{') => {
            let keys: Object<'_> = serde_json::from_str(text)?;
            if keys.contains_key("providers") { ListFormat::GenaiPrices } else { ListFormat::Litellm }
        }
        _ => return Err(ListError::UnknownFormat),
    };
    let mut reading = Reading::default();
    match format {
        ListFormat::Litellm => litellm::read(text, &mut reading)?,
        ListFormat::GenaiPrices => genai_prices::read(text, at, &mut reading)?,
    }
    Ok(PriceList { format, models: reading.models, skipped: reading.skipped })
}

/// An object whose values are still text, so that no number passes through a float.
pub(crate) type Object<'a> = BTreeMap<String, &'a RawValue>;

/// A list while it is read.
#[derive(Default)]
pub(crate) struct Reading {
    models: BTreeMap<ModelName, Vec<Rate>>,
    skipped: Vec<Skipped>,
}

impl Reading {
    /// Leaves something out.
    pub(crate) fn skip(&mut self, name: &ModelName, reason: Reason) {
        let ModelName { provider, model } = name.clone();
        self.skipped.push(Skipped { provider, model, reason });
    }

    /// Takes a model in, or leaves it out where its name or its rates cannot be used.
    pub(crate) fn add(&mut self, name: ModelName, rates: Rates) {
        for reason in rates.left_out {
            self.skip(&name, reason);
        }
        if let Some(reason) = rates.unreadable {
            return self.skip(&name, reason);
        }
        let mut rates = rates.rates;
        rates.sort_by_key(|rate| (rate.unit, rate.is_batch, rate.above_input_tokens));
        let reason = match () {
            () if !(is_name(&name.provider) && is_name(&name.model)) => Some(Reason::BadName),
            () if rates.is_empty() => Some(Reason::NoRates),
            () if rates.iter().all(|rate| rate.pico == 0) => Some(Reason::OnlyZeros),
            () => None,
        };
        if let Some(reason) = reason {
            return self.skip(&name, reason);
        }
        match self.models.entry(name) {
            Entry::Vacant(free) => {
                free.insert(rates);
            }
            Entry::Occupied(taken) if *taken.get() == rates => {}
            Entry::Occupied(taken) => {
                let name = taken.key().clone();
                self.skip(&name, Reason::NameTaken);
            }
        }
    }

    /// Takes a model in under a second name, where it was taken in under its first and the second is free.
    pub(crate) fn add_alias(&mut self, alias: ModelName, of: &ModelName) {
        if let Some(rates) = self.models.get(of).cloned()
            && is_name(&alias.model)
        {
            self.models.entry(alias).or_insert(rates);
        }
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= MODEL_NAME_BYTES_MAX && !name.chars().any(char::is_control)
}

/// The rates of one model while they are read.
#[derive(Default)]
pub(crate) struct Rates {
    rates: Vec<Rate>,
    left_out: Vec<Reason>,
    unreadable: Option<Reason>,
}

/// Under which condition a rate holds.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Condition {
    /// In a batch.
    pub(crate) is_batch: bool,
    /// With more input tokens than this.
    pub(crate) above_input_tokens: u32,
}

impl Rates {
    /// Adds what `per` units cost, as the text of a JSON number; a later rate of the same unit and condition replaces
    /// an earlier one.
    pub(crate) fn add(&mut self, called: &str, unit: Unit, condition: Condition, text: &str, per: u32) {
        match pico_of(text, per) {
            Ok(pico) => {
                let Condition { is_batch, above_input_tokens } = condition;
                self.rates.retain(|rate| {
                    (rate.unit, rate.is_batch, rate.above_input_tokens)
                        != (unit, is_batch, above_input_tokens)
                });
                self.rates.push(Rate { unit, is_batch, above_input_tokens, pico });
            }
            Err(error) => {
                let (rate, text) = (called.into(), text.into());
                match error {
                    NumberError::NotAnAmount => self.leave_out(Reason::NotAnAmount { rate, text }),
                    NumberError::NotExact if has_a_stand_in(unit, condition) => {
                        self.leave_out(Reason::NotExact { rate, text });
                    }
                    NumberError::NotExact => self.left_out.push(Reason::RateNotExact { rate, text }),
                }
            }
        }
    }

    /// Notes a rate that usage cannot name.
    pub(crate) fn without_unit(&mut self, called: &str) {
        self.left_out.push(Reason::NoUnit { rate: called.into() });
    }

    /// Leaves the whole model out. The first reason stays.
    pub(crate) fn leave_out(&mut self, reason: Reason) {
        self.unreadable.get_or_insert(reason);
    }

    /// Adds the first of several rates of one unit that is not 0: a list prices what goes in and what comes out apart,
    /// and usage counts them as one. Others that differ are noted as rates that usage cannot name.
    pub(crate) fn add_one_of(
        &mut self,
        unit: Unit,
        condition: Condition,
        candidates: &[(&str, &str)],
        per: u32,
    ) {
        let is_zero = |text: &str| pico_of(text, per) == Ok(0);
        let chosen = candidates.iter().find(|(_, text)| !is_zero(text)).or(candidates.first());
        let Some((called, text)) = chosen else { return };
        self.add(called, unit, condition, text, per);
        for (other, its) in candidates.iter().filter(|(other, its)| other != called && !is_zero(its)) {
            if pico_of(its, per) != pico_of(text, per) {
                self.without_unit(other);
            }
        }
    }
}

/// Whether usage would be billed at another rate where this one is missing, and not be without a cost.
fn has_a_stand_in(unit: Unit, condition: Condition) -> bool {
    condition != Condition::default() || matches!(unit, Unit::CachedInputTokens | Unit::CacheWriteTokens)
}

/// A whole number of input tokens, as JSON writes it: `200000` or `256000.0`.
pub(crate) fn tokens(text: &str) -> Option<u32> {
    text.strip_suffix(".0").unwrap_or(text).parse().ok()
}
