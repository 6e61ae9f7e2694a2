//! `cost` as it is sent and shown: an amount, or what a model was used for, from which a rate card computes it.

use chargly_api::{Fields, ObjectWriter, Problems, Value};
use chargly_engine::ledger::{Catalogue, Cost, CostSource, Money, Quantity, Unit, Usage};
use compact_str::CompactString;

use crate::read;

/// Micro-units in one unit.
const MICRO: i64 = 1_000_000;

/// What an event cost, as it is sent: at most one of both.
#[derive(Clone, Debug, Default)]
pub(crate) struct SentCost {
    /// The amount.
    pub(crate) reported: Option<Money>,
    /// What a model was used for.
    pub(crate) usage: Option<Usage>,
}

/// Reads `cost`, where it was sent; empty where it was not, or where a problem was noted.
pub(crate) fn read_cost(fields: &mut Fields<'_>, problems: &mut Problems) -> SentCost {
    fields.object("cost", problems).map_or_else(SentCost::default, |cost| cost_of(cost, problems))
}

/// Reads the fields of a `cost`.
fn cost_of(mut cost: Fields<'_>, problems: &mut Problems) -> SentCost {
    let names_a_model = cost.has("provider") || cost.has("model");
    let sent = match names_a_model {
        true => SentCost { reported: None, usage: usage(&mut cost, problems) },
        false => SentCost { reported: read::money_fields(&mut cost, problems), usage: None },
    };
    cost.finish(problems);
    sent
}

fn usage(cost: &mut Fields<'_>, problems: &mut Problems) -> Option<Usage> {
    if cost.take("amount").is_some() | cost.take("currency").is_some() {
        let problem = "must not be sent together with provider and model";
        problems.add(&cost.path_of("amount"), problem.to_owned());
    }
    let name = |value: Value<'_>| value.text().map(CompactString::from);
    let provider = cost.required("provider", problems, name);
    let model = cost.required("model", problems, name);
    let is_batch = cost.optional("batch", problems, Value::boolean);
    let mut quantities = Vec::new();
    let mut counts_something = false;
    for unit in Unit::ALL {
        counts_something |= cost.has(unit.as_str());
        let quantity = cost.optional(unit.as_str(), problems, |value| units(value, unit));
        quantities.extend(quantity.flatten().map(|quantity| (unit, quantity)));
    }
    if !counts_something {
        let units: Vec<_> = Unit::ALL.iter().map(|unit| unit.as_str()).collect();
        problems
            .add(&cost.path_of("input_tokens"), format!("is required, or another of {}", units.join(", ")));
    }
    Some(Usage {
        provider: provider?,
        model: model?,
        is_batch: is_batch.unwrap_or(false),
        quantities: quantities.into_iter().collect(),
    })
}

/// How much of a unit; `None` for 0. Only seconds have parts.
fn units(value: Value<'_>, unit: Unit) -> Result<Option<Quantity>, String> {
    let text = value.number()?;
    if text.bytes().all(|digit| matches!(digit, b'0' | b'.')) {
        return Ok(None);
    }
    let quantity = Quantity::parse(text).map_err(|error| error.to_string())?;
    if unit != Unit::Seconds && quantity.micro() % MICRO != 0 {
        return Err("must be a whole number".to_owned());
    }
    Ok(Some(quantity))
}

/// Writes a cost under `name`: its amount and where it comes from. One that is missing has no amount, and is not 0.
pub(super) fn write_cost(
    o: &mut ObjectWriter<'_>,
    name: &str,
    cost: Option<Cost>,
    first: Option<Option<Cost>>,
    catalogue: &Catalogue,
) {
    o.object(name, |o| {
        o.shown_or_null("amount", cost.map(|cost| Money::amount_of(cost.nano.into())));
        o.shown("currency", catalogue.currency.as_str());
        o.text("source", cost.map_or("missing", |cost| cost.source.as_str()));
        if let Some(Cost { source: CostSource::RateCard { card }, .. }) = cost {
            o.number("card", card.0);
        }
        if let Some(first) = first {
            write_cost(o, "first", first, None, catalogue);
        }
    });
}

/// Writes `usage`, as it was sent.
pub(super) fn write_usage(o: &mut ObjectWriter<'_>, usage: &Usage) {
    o.object("usage", |o| {
        o.text("provider", &usage.provider).text("model", &usage.model);
        if usage.is_batch {
            o.boolean("batch", true);
        }
        for (unit, quantity) in &usage.quantities {
            o.number(unit.as_str(), quantity);
        }
    });
}
