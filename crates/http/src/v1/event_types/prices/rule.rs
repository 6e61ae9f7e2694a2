//! Price rules on the wire. What is written is read back as the same rule.

use chargly_api::{Fields, ObjectWriter, Problems, Value};
use chargly_engine::ledger::{Credits, Grid, Measure, Rounding, Row, Rule, Tier};

mod read;

pub(crate) use read::{from_request, of_object};

const GRIDS: &[(&str, Grid)] = &[("micro_credit", Grid::MicroCredit), ("credit", Grid::Credit)];
const ROUNDINGS: &[(&str, Rounding)] = &[
    ("half_up", Rounding::HalfUp),
    ("half_even", Rounding::HalfEven),
    ("up", Rounding::Up),
    ("down", Rounding::Down),
];
/// How a measure names a property.
const PROPERTY_PREFIX: &str = "properties.";

/// A rule with how its prices are rounded.
pub(crate) struct Terms {
    pub(crate) rule: Rule,
    pub(crate) grid: Grid,
    pub(crate) rounding: Rounding,
}

/// Reads `rule`, `grid` and `rounding`. What is made of costs is usually rounded up to a whole credit.
pub(crate) fn terms(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Terms> {
    let rule = from_request(fields, problems);
    let grid = fields.optional("grid", problems, |value| value.one_of(GRIDS));
    let rounding = fields.optional("rounding", problems, |value| value.one_of(ROUNDINGS));
    let rule = rule?;
    let (usual_grid, usual_rounding) = rule.usual_rounding();
    Some(Terms { grid: grid.unwrap_or(usual_grid), rounding: rounding.unwrap_or(usual_rounding), rule })
}

/// Reads a rule from its JSON.
///
/// # Errors
/// One sentence for each field that is wrong.
pub fn read_rule(json: &str) -> Result<Rule, Vec<String>> {
    let mut problems = Problems::default();
    let found = Fields::read(json, "rule", &mut problems).and_then(|rule| of_object(rule, &mut problems));
    match (found, problems.into_list()) {
        (Some(rule), told) if told.is_empty() => Ok(rule),
        (_, told) => Err(told.into_iter().map(|p| format!("{} {}", p.field, p.problem)).collect()),
    }
}

/// A rule as JSON.
pub fn rule_json(rule: &Rule) -> String {
    String::from_utf8(chargly_api::object(|o| into_view(o, rule))).unwrap_or_default()
}

/// A grid's name.
pub fn grid_name(grid: Grid) -> &'static str {
    name_of(grid, GRIDS)
}

/// A rounding's name.
pub fn rounding_name(rounding: Rounding) -> &'static str {
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
        Rule::Tiered { tiers } => {
            o.text("type", "tiered").array("tiers", |list| {
                for tier in tiers {
                    list.object(|o| write_tier(o, tier));
                }
            });
        }
        Rule::ByDimension { rows, default } => {
            o.text("type", "by_dimension").array("rows", |list| {
                for row in rows {
                    list.object(|o| write_row(o, row));
                }
            });
            o.object("default", |o| into_view(o, default));
        }
        Rule::CostPlus { multiplier, minimum, rate_card } => {
            o.text("type", "cost_plus").shown("multiplier", multiplier);
            bound(o, "minimum", *minimum);
            match rate_card.card.0 {
                0 => o.null("rate_card"),
                card => o.number("rate_card", card),
            };
        }
    }
}

fn write_tier(o: &mut ObjectWriter<'_>, tier: &Tier) {
    match tier.up_to {
        Some(up_to) => o.number("up_to", up_to),
        None => o.null("up_to"),
    };
    o.number("credits", tier.credits);
}

fn write_row(o: &mut ObjectWriter<'_>, row: &Row) {
    o.object("when", |o| {
        for condition in &row.when {
            o.text(&condition.property, &condition.value);
        }
    });
    o.object("rule", |o| into_view(o, &row.rule));
}

fn bound(o: &mut ObjectWriter<'_>, name: &str, bound: Option<Credits>) {
    match bound {
        Some(bound) => o.number(name, bound),
        None => o.null(name),
    };
}

/// Reads what a per-unit rule counts.
fn measure(value: Value<'_>) -> Result<Measure, String> {
    let text = value.text()?;
    if text == "quantity" {
        return Ok(Measure::Quantity);
    }
    let name = text.strip_prefix(PROPERTY_PREFIX).filter(|name| {
        !name.is_empty()
            && name.len() <= chargly_api::limits::PROPERTY_NAME_BYTES_MAX
            && !name.chars().any(char::is_control)
    });
    let name = name.ok_or_else(|| "must be \"quantity\" or \"properties.<name>\"".to_owned())?;
    Ok(Measure::Property(name.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_written_as_it_is_read() {
        for json in [
            r#"{"type":"flat","credits":12}"#,
            r#"{"type":"per_unit","base":1,"credits":0.01,"of":"properties.tokens","minimum":2,"maximum":50}"#,
            r#"{"type":"per_unit","base":0,"credits":2,"of":"quantity","minimum":null,"maximum":null}"#,
            r#"{"type":"tiered","tiers":[{"up_to":100,"credits":1},{"up_to":null,"credits":0.5}]}"#,
            concat!(
                r#"{"type":"by_dimension","rows":[{"when":{"model":"gpt-4o","size":"1024"},"#,
                r#""rule":{"type":"flat","credits":12}}],"default":{"type":"flat","credits":8}}"#
            ),
            r#"{"type":"cost_plus","multiplier":"1000","minimum":3,"rate_card":null}"#,
            r#"{"type":"cost_plus","multiplier":"2000/3","minimum":null,"rate_card":7}"#,
        ] {
            assert_eq!(read_rule(json).map(|rule| rule_json(&rule)).as_deref(), Ok(json));
        }
    }

    #[test]
    fn a_target_margin_becomes_its_multiplier() {
        let rule =
            read_rule(r#"{"type":"cost_plus","target_margin":"0.75","credit_value":"0.004","minimum":3}"#);
        let written = rule.map(|rule| rule_json(&rule));
        let expected = r#"{"type":"cost_plus","multiplier":"1000","minimum":3,"rate_card":null}"#;
        assert_eq!(written.as_deref(), Ok(expected));
    }

    #[test]
    fn values_of_any_kind_are_matched_by_their_text() {
        let json = r#"{"type":"by_dimension","rows":[{"when":{"a":1024.0,"b":true,"c":"x"},"rule":{"type":"flat","credits":1}}],"default":{"type":"flat","credits":8}}"#;
        let written = read_rule(json).map(|rule| rule_json(&rule)).expect("a rule");
        assert!(written.contains(r#"{"a":"1024","b":"true","c":"x"}"#), "{written}");
    }
}
