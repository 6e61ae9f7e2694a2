//! A rule in words that a customer understands.

use std::fmt::Write as _;

use super::{Grid, Measure, Ratio, Rounding, Row, Rule, Tier};
use crate::Credits;

impl Rule {
    /// The rule as a sentence without its full stop, such as "1 credit each for the first 100, then 0.5 credits each".
    pub fn in_words(&self, grid: Grid, rounding: Rounding) -> String {
        match self {
            Self::Flat { credits } => amount(*credits),
            Self::PerUnit { base, credits, measure, minimum, maximum } => {
                let mut words = per_unit(*base, *credits, measure);
                words.push_str(rounded(grid, rounding));
                bounds(&mut words, *minimum, *maximum);
                words
            }
            Self::Tiered { tiers } => tiered(tiers) + rounded(grid, rounding),
            Self::ByDimension { rows, default } => {
                let mut words = String::new();
                for row in rows {
                    let _ = write!(words, "{} when {}; ", row.rule.in_words(grid, rounding), conditions(row));
                }
                words + "otherwise " + &default.in_words(grid, rounding)
            }
            Self::CostPlus { multiplier, minimum, .. } => {
                let mut words = format!("the provider's cost × {}", grouped(*multiplier));
                words.push_str(rounded(grid, Rounding::Up));
                bounds(&mut words, *minimum, None);
                words
            }
        }
    }
}

fn per_unit(base: Credits, credits: Credits, measure: &Measure) -> String {
    let each = match measure {
        Measure::Quantity => format!("{} each", amount(credits)),
        Measure::Property(name) => format!("{} for each of {name}", amount(credits)),
    };
    if base.is_zero() { each } else { format!("{} plus {each}", amount(base)) }
}

fn tiered(tiers: &[Tier]) -> String {
    let mut parts = Vec::new();
    let mut is_first = true;
    for tier in tiers {
        let each = format!("{} each", amount(tier.credits));
        parts.push(match tier.up_to {
            Some(up_to) if is_first => format!("{each} for the first {}", digits(&up_to.to_string())),
            Some(up_to) => format!("then {each} up to {}", digits(&up_to.to_string())),
            None if is_first => each,
            None => format!("then {each}"),
        });
        is_first = false;
    }
    parts.join(", ")
}

fn conditions(row: &Row) -> String {
    let all: Vec<String> = row.when.iter().map(|c| format!("{} is {}", c.property, c.value)).collect();
    all.join(" and ")
}

/// What is rounded to the smallest unit there is need not be said.
const fn rounded(grid: Grid, rounding: Rounding) -> &'static str {
    match (grid, rounding) {
        (Grid::MicroCredit, _) => "",
        (Grid::Credit, Rounding::HalfUp | Rounding::HalfEven) => ", rounded to the nearest whole credit",
        (Grid::Credit, Rounding::Up) => ", rounded up to a whole credit",
        (Grid::Credit, Rounding::Down) => ", rounded down to a whole credit",
    }
}

fn bounds(words: &mut String, minimum: Option<Credits>, maximum: Option<Credits>) {
    for (what, bound) in [("at least", minimum), ("at most", maximum)] {
        if let Some(bound) = bound {
            let _ = write!(words, ", {what} {}", amount(bound));
        }
    }
}

/// `1 credit`, `0.5 credits`, `1,200 credits`.
fn amount(credits: Credits) -> String {
    let unit = if credits == Credits::from_micro(1_000_000) { "credit" } else { "credits" };
    format!("{} {unit}", digits(&credits.to_string()))
}

fn grouped(ratio: Ratio) -> String {
    let text = ratio.to_string();
    text.split('/').map(digits).collect::<Vec<_>>().join("/")
}

/// A decimal with its whole digits in groups of three.
fn digits(decimal: &str) -> String {
    let (whole, fraction) = decimal.split_once('.').map_or((decimal, None), |(w, f)| (w, Some(f)));
    let mut out = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(fraction) = fraction {
        let _ = write!(out, ".{fraction}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::{CardPin, Condition};
    use super::*;
    use crate::Quantity;

    fn cr(text: &str) -> Credits {
        Credits::parse(text).expect("a valid amount")
    }

    fn flat(credits: &str) -> Rule {
        Rule::Flat { credits: cr(credits) }
    }

    fn per_unit(base: &str, credits: &str, measure: Measure, minimum: Option<&str>) -> Rule {
        let minimum = minimum.map(cr);
        let maximum = minimum.map(|_| cr("1000"));
        Rule::PerUnit { base: cr(base), credits: cr(credits), measure, minimum, maximum }
    }

    fn tiers(tiers: &[(Option<&str>, &str)]) -> Rule {
        let quantity = |text: &str| Quantity::parse(text).expect("a quantity");
        let tier = |(up_to, credits): &(Option<&str>, &str)| Tier {
            up_to: up_to.map(quantity),
            credits: cr(credits),
        };
        Rule::Tiered { tiers: tiers.iter().map(tier).collect() }
    }

    fn cost_plus(multiplier: &str, minimum: Option<&str>) -> Rule {
        let multiplier = Ratio::parse(multiplier).expect("a ratio");
        Rule::CostPlus { multiplier, minimum: minimum.map(cr), rate_card: CardPin::NEWEST }
    }

    #[test]
    fn every_rule_is_said_as_a_customer_would() {
        use Grid::{Credit, MicroCredit};
        use Rounding::{Down, HalfUp, Up};
        let is = |property: &str, value: &str| Condition { property: property.into(), value: value.into() };
        let by_model = Rule::ByDimension {
            rows: vec![
                Row { when: vec![is("model", "gpt-4o"), is("size", "1024")], rule: Box::new(flat("12")) },
                Row { when: vec![is("size", "512")], rule: Box::new(tiers(&[(None, "1")])) },
            ],
            default: Box::new(flat("8")),
        };
        for (rule, grid, rounding, expected) in [
            (flat("12"), MicroCredit, HalfUp, "12 credits"),
            (flat("1"), MicroCredit, HalfUp, "1 credit"),
            (flat("1234567.5"), MicroCredit, HalfUp, "1,234,567.5 credits"),
            (per_unit("0", "2", Measure::Quantity, None), MicroCredit, Up, "2 credits each"),
            (
                per_unit("1", "0.01", Measure::Property("tokens".into()), Some("2")),
                Credit,
                Down,
                "1 credit plus 0.01 credits for each of tokens, rounded down to a whole credit, at least 2 credits, \
                 at most 1,000 credits",
            ),
            (tiers(&[(None, "1")]), MicroCredit, HalfUp, "1 credit each"),
            (
                tiers(&[(Some("100"), "1"), (None, "0.5")]),
                MicroCredit,
                HalfUp,
                "1 credit each for the first 100, then 0.5 credits each",
            ),
            (
                tiers(&[(Some("100"), "1"), (Some("5000"), "0.5"), (None, "0.1")]),
                Credit,
                HalfUp,
                "1 credit each for the first 100, then 0.5 credits each up to 5,000, then 0.1 credits each, \
                 rounded to the nearest whole credit",
            ),
            (
                by_model,
                MicroCredit,
                HalfUp,
                "12 credits when model is gpt-4o and size is 1024; 1 credit each when size is 512; otherwise 8 credits",
            ),
            (
                cost_plus("1000", Some("3")),
                Credit,
                Up,
                "the provider's cost × 1,000, rounded up to a whole credit, at least 3 credits",
            ),
            (cost_plus("4000/3", None), MicroCredit, Up, "the provider's cost × 4,000/3"),
        ] {
            assert_eq!(rule.in_words(grid, rounding), expected);
        }
    }
}
