//! Price rules on the wire.

use chargly_api::limits::PROPERTY_NAME_BYTES_MAX;
use chargly_api::{Fields, ObjectWriter, Problems, Value};
use chargly_engine::ledger::{Credits, Grid, Measure, Rounding, Rule};

use crate::read;

const GRIDS: &[(&str, Grid)] = &[("micro_credit", Grid::MicroCredit), ("credit", Grid::Credit)];
const ROUNDINGS: &[(&str, Rounding)] = &[
    ("half_up", Rounding::HalfUp),
    ("half_even", Rounding::HalfEven),
    ("up", Rounding::Up),
    ("down", Rounding::Down),
];
/// How a measure names a property.
const PROPERTY_PREFIX: &str = "properties.";

#[derive(Clone, Copy)]
enum Kind {
    Flat,
    PerUnit,
}

/// Reads `rule`.
pub(crate) fn from_request(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Rule> {
    if !fields.has("rule") {
        fields.required("rule", problems, |_| Ok(()));
        return None;
    }
    let mut rule = fields.object("rule", problems)?;
    let kind = rule.required("type", problems, |value| {
        value.one_of(&[("flat", Kind::Flat), ("per_unit", Kind::PerUnit)])
    });
    let found = match kind {
        Some(Kind::Flat) => flat(&mut rule, problems),
        Some(Kind::PerUnit) => per_unit(&mut rule, problems),
        // Which fields belong to a rule of no kind is anybody's guess.
        None => return None,
    };
    rule.finish(problems);
    found
}

fn flat(rule: &mut Fields<'_>, problems: &mut Problems) -> Option<Rule> {
    let credits = rule.required("credits", problems, read::credits)?;
    Some(Rule::Flat { credits })
}

fn per_unit(rule: &mut Fields<'_>, problems: &mut Problems) -> Option<Rule> {
    let credits = rule.required("credits", problems, read::credits);
    let base = rule.optional("base", problems, read::credits);
    let measure = rule.optional("of", problems, measure);
    let minimum = rule.optional("minimum", problems, read::credits);
    let maximum = rule.optional("maximum", problems, read::credits);
    Some(Rule::PerUnit {
        base: base.unwrap_or(Credits::ZERO),
        credits: credits?,
        measure: measure.unwrap_or(Measure::Quantity),
        minimum,
        maximum,
    })
}

fn measure(value: Value<'_>) -> Result<Measure, String> {
    let text = value.text()?;
    if text == "quantity" {
        return Ok(Measure::Quantity);
    }
    let name = text.strip_prefix(PROPERTY_PREFIX).filter(|name| {
        !name.is_empty() && name.len() <= PROPERTY_NAME_BYTES_MAX && !name.chars().any(char::is_control)
    });
    let name = name.ok_or_else(|| "must be \"quantity\" or \"properties.<name>\"".to_owned())?;
    Ok(Measure::Property(name.into()))
}

/// Reads `grid`.
pub(crate) fn grid(value: Value<'_>) -> Result<Grid, String> {
    value.one_of(GRIDS)
}

/// Reads `rounding`.
pub(crate) fn rounding(value: Value<'_>) -> Result<Rounding, String> {
    value.one_of(ROUNDINGS)
}

/// A grid's name.
pub(crate) fn grid_name(grid: Grid) -> &'static str {
    name_of(grid, GRIDS)
}

/// A rounding's name.
pub(crate) fn rounding_name(rounding: Rounding) -> &'static str {
    name_of(rounding, ROUNDINGS)
}

fn name_of<T: PartialEq + Copy>(value: T, names: &[(&'static str, T)]) -> &'static str {
    names.iter().find(|(_, known)| *known == value).map_or("", |(name, _)| name)
}

/// Writes a rule as it is read.
pub(crate) fn into_view(o: &mut ObjectWriter<'_>, rule: &Rule) {
    match rule {
        Rule::Flat { credits } => {
            o.text("type", "flat").number("credits", credits);
        }
        Rule::PerUnit { base, credits, measure, minimum, maximum } => {
            o.text("type", "per_unit").number("base", base).number("credits", credits);
            match measure {
                Measure::Quantity => o.text("of", "quantity"),
                Measure::Property(name) => o.text("of", &format!("{PROPERTY_PREFIX}{name}")),
            };
            bound(o, "minimum", *minimum);
            bound(o, "maximum", *maximum);
        }
    }
}

fn bound(o: &mut ObjectWriter<'_>, name: &str, bound: Option<Credits>) {
    match bound {
        Some(bound) => o.number(name, bound),
        None => o.null(name),
    };
}
