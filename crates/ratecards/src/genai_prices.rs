//! The data of the package `genai-prices`: providers with their models, whose prices are in US dollars for a million
//! tokens, a thousand requests or an hour; by steps of input tokens, by day, and with variants such as a batch.

use std::collections::BTreeMap;

use chargly_ledger::{Millis, Unit};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::compare::ModelName;
use crate::list::{Condition, ListError, Object, Rates, Reading, tokens};
use crate::skipped::Reason;

/// What is priced by the million.
const MILLION: u32 = 1_000_000;
/// What is priced by the thousand.
const THOUSAND: u32 = 1_000;
/// Seconds in the hour that is priced.
const HOUR_S: u32 = 3_600;
/// Rates of seconds, of which one is taken.
const HOURS: [&str; 3] = ["audio_hours", "output_audio_hours", "input_audio_hours"];
/// The one variant that usage can name.
const BATCH: (&str, &str) = ("processing", "batch");

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    providers: Vec<Provider<'a>>,
}

#[derive(Deserialize)]
struct Provider<'a> {
    id: String,
    #[serde(borrow)]
    models: Vec<Model<'a>>,
}

#[derive(Deserialize)]
struct Model<'a> {
    id: String,
    #[serde(borrow, rename = "match")]
    matches: Option<&'a RawValue>,
    #[serde(borrow)]
    prices: &'a RawValue,
    #[serde(borrow, default)]
    price_variants: Vec<Variant<'a>>,
}

#[derive(Deserialize)]
struct Dated<'a> {
    constraint: Option<Constraint>,
    #[serde(borrow)]
    prices: Object<'a>,
}

#[derive(Deserialize)]
struct Variant<'a> {
    when: BTreeMap<String, String>,
    constraint: Option<Constraint>,
    #[serde(borrow)]
    prices: Object<'a>,
}

/// From a day on, or, without one, within the day.
#[derive(Deserialize)]
struct Constraint {
    start_date: Option<String>,
}

#[derive(Deserialize)]
struct Tiered<'a> {
    #[serde(borrow)]
    base: &'a RawValue,
    #[serde(borrow)]
    tiers: Vec<Tier<'a>>,
}

#[derive(Deserialize)]
struct Tier<'a> {
    #[serde(borrow)]
    start: &'a RawValue,
    #[serde(borrow)]
    price: &'a RawValue,
}

#[derive(Deserialize)]
struct Match {
    equals: Option<String>,
    #[serde(default)]
    or: Vec<Match>,
}

/// Reads the list, with the prices of the day of `at`, in UTC.
///
/// # Errors
/// Where it has another shape.
pub(crate) fn read(text: &str, at: Millis, reading: &mut Reading) -> Result<(), ListError> {
    let providers: Vec<Provider<'_>> = match text.trim_start().starts_with('[') {
        true => serde_json::from_str(text)?,
        false => serde_json::from_str::<Document<'_>>(text)?.providers,
    };
    let today = Timestamp::from_millisecond(at.0).map_or(Date::MAX, |at| at.to_zoned(TimeZone::UTC).date());
    let mut aliases = Vec::new();
    for provider in &providers {
        for model in &provider.models {
            let name = |model: &str| ModelName { provider: provider.id.as_str().into(), model: model.into() };
            let rates = rates_of(model, today, &name(&model.id), reading)?;
            reading.add(name(&model.id), rates);
            let matches = model.matches.and_then(|m| serde_json::from_str::<Match>(m.get()).ok());
            let others =
                matches.into_iter().flat_map(|m| m.or.into_iter().filter_map(|m| m.equals).chain(m.equals));
            aliases.extend(
                others.filter(|other| *other != model.id).map(|other| (name(&other), name(&model.id))),
            );
        }
    }
    // After all ids, so that a model's own id holds against another's second name.
    for (alias, of) in aliases {
        reading.add_alias(alias, &of);
    }
    match providers.iter().any(|provider| !provider.models.is_empty()) {
        true => Ok(()),
        false => Err(ListError::UnknownFormat),
    }
}

fn rates_of(
    model: &Model<'_>,
    today: Date,
    name: &ModelName,
    reading: &mut Reading,
) -> Result<Rates, ListError> {
    let mut rates = Rates::default();
    let dated: Vec<Dated<'_>> = match model.prices.get().starts_with('[') {
        true => serde_json::from_str(model.prices.get())?,
        false => vec![Dated { constraint: None, prices: serde_json::from_str(model.prices.get())? }],
    };
    let since: Vec<_> = dated.iter().map(|price| Since::of(price.constraint.as_ref(), today)).collect();
    if since.contains(&Since::TimeOfDay) {
        rates.leave_out(Reason::TimeOfDay);
        return Ok(rates);
    }
    for from in since.iter().filter_map(Since::later) {
        reading.skip(name, Reason::LaterPrice { from: from.into() });
    }
    // The last one that holds; the first where none does.
    let valid = since.iter().rposition(|since| *since == Since::Now).unwrap_or(0);
    if let Some(price) = dated.get(valid) {
        add_prices(&mut rates, &price.prices, false, "");
    }
    let mut in_batch: Object<'_> = BTreeMap::new();
    for variant in &model.price_variants {
        let is_batch = variant.when.len() == 1 && variant.when.get(BATCH.0).is_some_and(|w| w == BATCH.1);
        match (is_batch, Since::of(variant.constraint.as_ref(), today)) {
            (true, Since::Now) => {
                for (key, price) in &variant.prices {
                    in_batch.entry(key.clone()).or_insert(price);
                }
            }
            (true, Since::Later(from)) => {
                reading.skip(name, Reason::LaterPrice { from: from.as_str().into() });
            }
            (true, Since::TimeOfDay) => rates.leave_out(Reason::TimeOfDay),
            (false, _) => {
                let when: Vec<_> = variant.when.iter().map(|(key, value)| format!("{key}={value}")).collect();
                rates.without_unit(&when.join(","));
            }
        }
    }
    add_prices(&mut rates, &in_batch, true, "batch ");
    Ok(rates)
}

/// Since when a price holds.
#[derive(PartialEq, Eq)]
enum Since {
    Now,
    Later(String),
    TimeOfDay,
}

impl Since {
    fn of(constraint: Option<&Constraint>, today: Date) -> Self {
        let Some(constraint) = constraint else { return Self::Now };
        let Some(start) = &constraint.start_date else { return Self::TimeOfDay };
        match start.parse::<Date>() {
            Ok(start) if start <= today => Self::Now,
            _ => Self::Later(start.clone()),
        }
    }

    fn later(&self) -> Option<&str> {
        match self {
            Self::Later(from) => Some(from),
            Self::Now | Self::TimeOfDay => None,
        }
    }
}

fn add_prices(rates: &mut Rates, prices: &Object<'_>, is_batch: bool, of: &str) {
    let condition = Condition { is_batch, above_input_tokens: 0 };
    for (key, price) in prices.iter().filter(|(_, price)| price.get() != "null") {
        let called = format!("{of}{key}");
        let (unit, per) = match key.as_str() {
            "input_mtok" => (Unit::InputTokens, MILLION),
            "cache_read_mtok" => (Unit::CachedInputTokens, MILLION),
            "cache_write_mtok" => (Unit::CacheWriteTokens, MILLION),
            "output_mtok" => (Unit::OutputTokens, MILLION),
            "requests_kcount" => (Unit::Requests, THOUSAND),
            key if HOURS.contains(&key) => continue,
            _ => {
                rates.without_unit(&called);
                continue;
            }
        };
        if !price.get().starts_with('{') {
            rates.add(&called, unit, condition, price.get(), per);
        } else if add_tiers(rates, &called, unit, condition, price, per).is_none() {
            let text = "steps that are not understood".into();
            rates.leave_out(Reason::NotAnAmount { rate: called.into(), text });
        }
    }
    let hours: Vec<_> = HOURS.iter().filter_map(|key| Some((*key, prices.get(*key)?.get()))).collect();
    rates.add_one_of(Unit::Seconds, condition, &hours, HOUR_S);
}

/// Adds a price with steps: a request with more input tokens than a step begins with costs the step's price as a whole.
fn add_tiers(
    rates: &mut Rates,
    called: &str,
    unit: Unit,
    condition: Condition,
    price: &RawValue,
    per: u32,
) -> Option<()> {
    let tiered: Tiered<'_> = serde_json::from_str(price.get()).ok()?;
    rates.add(called, unit, condition, tiered.base.get(), per);
    for tier in tiered.tiers {
        let above_input_tokens = tokens(tier.start.get())?;
        rates.add(called, unit, Condition { above_input_tokens, ..condition }, tier.price.get(), per);
    }
    Some(())
}
