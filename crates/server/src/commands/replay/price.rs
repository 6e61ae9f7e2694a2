//! Prices and grants as they are written in flags and mappings.
//!
//! | text | means |
//! |---|---|
//! | `flat:2` | 2 credits an event |
//! | `per_unit:0.001` | 0.001 credits for each unit of the event's quantity |
//! | `per_unit:0.01:tokens` | 0.01 credits for each unit of its property `tokens` |
//!
//! The name of a price is an event type's, or ends in `*`; the longest name that fits wins.

use std::collections::BTreeMap;
use std::str::FromStr;

use anyhow::{Result, ensure};
use chargly_engine::ledger::{Credits, Measure, Rule, parse_decimal};
use chargly_traffic::{MappingError, MappingText};

use crate::exact::NANO_PLACES;
use crate::failure::Usage;

/// A name and a price: `llm.*=flat:2`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PriceText {
    /// The event type's name, or its beginning and `*`.
    pub(crate) name: String,
    /// Its price.
    pub(crate) rule: Rule,
}

impl FromStr for PriceText {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, rule) = text.split_once('=').ok_or("must be NAME=PRICE, such as llm.chat=flat:2")?;
        Ok(Self { name: name.trim().to_owned(), rule: parse_rule(rule.trim())? })
    }
}

fn parse_rule(text: &str) -> Result<Rule, String> {
    let mut parts = text.splitn(3, ':');
    let (kind, credits, property) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
    let credits = credits.ok_or("must be flat:CREDITS, per_unit:CREDITS or per_unit:CREDITS:PROPERTY")?;
    let amount = Credits::parse(credits).map_err(|error| format!("`{credits}` {error}"))?;
    if amount < Credits::ZERO {
        return Err(format!("`{credits}` must not be negative"));
    }
    match (kind, property) {
        ("flat", None) => Ok(Rule::Flat { credits: amount }),
        ("per_unit", property) => Ok(Rule::PerUnit {
            base: Credits::ZERO,
            credits: amount,
            measure: property.map_or(Measure::Quantity, |name| Measure::Property(name.into())),
            minimum: None,
            maximum: None,
        }),
        _ => Err(format!("`{text}` is neither flat:CREDITS nor per_unit:CREDITS[:PROPERTY]")),
    }
}

/// Prices by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct PriceList {
    prices: BTreeMap<String, Rule>,
}

impl PriceList {
    /// These prices.
    pub(crate) fn new(prices: BTreeMap<String, Rule>) -> Self {
        Self { prices }
    }

    /// The price of an event type: by its own name, else by the longest beginning that fits.
    pub(crate) fn of(&self, event: &str) -> Option<&Rule> {
        let fits = |name: &str| name.strip_suffix('*').is_some_and(|beginning| event.starts_with(beginning));
        self.prices.get(event).or_else(|| {
            let fitting = self.prices.iter().filter(|(name, _)| fits(name));
            fitting.max_by_key(|(name, _)| name.len()).map(|(_, rule)| rule)
        })
    }
}

/// Takes the table `[prices]` out of a mapping; the rest is the mapping.
///
/// # Errors
/// If it is not TOML, a price is not understood, or the rest is no mapping.
pub(crate) fn split_mapping(toml: &str) -> Result<(MappingText, BTreeMap<String, Rule>)> {
    let mut table: toml::Table = toml::from_str(toml).map_err(|error| MappingError::Toml(Box::new(error)))?;
    let Some(prices) = table.remove("prices") else {
        // Read from the text, so that a mistake is told with its line.
        return Ok((MappingText::from_toml(toml)?, BTreeMap::new()));
    };
    let toml::Value::Table(prices) = prices else {
        return Err(Usage("`prices` must be a table of names and prices".into()).into());
    };
    let mut rules = BTreeMap::new();
    for (name, price) in prices {
        let text = price.as_str().ok_or_else(|| Usage(format!("the price of `{name}` must be a text")))?;
        let rule = parse_rule(text).map_err(|problem| Usage(format!("the price of `{name}`: {problem}")))?;
        rules.insert(name, rule);
    }
    let rest = toml::to_string(&table).map_err(|error| Usage(error.to_string()))?;
    Ok((MappingText::from_toml(&rest)?, rules))
}

/// A lot for each customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GrantText {
    /// How many credits.
    pub(crate) credits: Credits,
    /// What it was sold for, in nano-units of the project's currency.
    pub(crate) price_nano: Option<i64>,
}

impl GrantText {
    /// Credits, and perhaps an amount of money.
    ///
    /// # Errors
    /// [`Usage`] when one is not an amount above zero.
    pub(crate) fn parse(credits: &str, price: Option<&str>) -> Result<Self> {
        let amount = Credits::parse(credits).map_err(|error| Usage(format!("--grant {credits}: {error}")))?;
        ensure!(amount.is_positive(), Usage(format!("--grant {credits}: must be greater than zero")));
        let price_nano = price
            .map(|text| {
                let nano = parse_decimal(text, NANO_PLACES)
                    .map_err(|e| Usage(format!("--grant-price {text}: {e}")))?;
                if nano < 0 {
                    Err(Usage(format!("--grant-price {text}: must not be negative")))
                } else {
                    Ok(nano)
                }
            })
            .transpose()?;
        Ok(Self { credits: amount, price_nano })
    }

    /// The idempotency key of the grant, the same for the same amounts: a second replay grants nothing more.
    pub(crate) fn key(&self) -> String {
        match self.price_nano {
            None => format!("replay-grant-{}", self.credits),
            Some(nano) => format!("replay-grant-{}-for-{}", self.credits, crate::exact::nano(nano.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(text: &str) -> Rule {
        Rule::Flat { credits: Credits::parse(text).expect("an amount") }
    }

    #[test]
    fn prices_are_understood() {
        let per_unit = |credits: &str, measure| Rule::PerUnit {
            base: Credits::ZERO,
            credits: Credits::parse(credits).expect("an amount"),
            measure,
            minimum: None,
            maximum: None,
        };
        for (text, rule) in [
            ("a=flat:2", Ok(flat("2"))),
            ("a=per_unit:0.001", Ok(per_unit("0.001", Measure::Quantity))),
            ("a=per_unit:0.5:tokens", Ok(per_unit("0.5", Measure::Property("tokens".into())))),
            ("a", Err("NAME=PRICE")),
            ("a=2", Err("must be flat:CREDITS")),
            ("a=flat:2:tokens", Err("is neither")),
            ("a=flat:0.0000001", Err("decimal places")),
            ("a=flat:-1", Err("negative")),
        ] {
            let found = text.parse::<PriceText>();
            match rule {
                Ok(rule) => assert_eq!(found, Ok(PriceText { name: "a".to_owned(), rule }), "{text}"),
                Err(problem) => assert!(found.is_err_and(|e| e.contains(problem)), "{text}"),
            }
        }
    }

    #[test]
    fn the_longest_name_that_fits_wins_and_the_own_name_before_it() {
        let prices =
            ["*=flat:1", "llm.*=flat:2", "llm.chat=flat:3"].map(|t| t.parse::<PriceText>().expect("a price"));
        let list = PriceList::new(prices.into_iter().map(|p| (p.name, p.rule)).collect());
        assert_eq!(list.of("image"), Some(&flat("1")));
        assert_eq!(list.of("llm.code"), Some(&flat("2")));
        assert_eq!(list.of("llm.chat"), Some(&flat("3")));
        assert_eq!(PriceList::default().of("image"), None);
    }

    #[test]
    fn prices_in_a_mapping_are_told_apart_from_it() {
        let (mapping, prices) =
            split_mapping("event = 'e'\ncustomer = '{c}'\n[prices]\n'llm.*' = 'flat:2'").expect("understood");
        assert_eq!(mapping.event.as_deref(), Some("e"));
        assert_eq!(prices, BTreeMap::from([("llm.*".to_owned(), flat("2"))]));
        assert!(split_mapping("prices = 3").is_err());
        assert!(split_mapping("[prices]\na = 2").is_err());
    }

    #[test]
    fn a_grant_has_one_key_for_the_same_amounts() {
        let grant = |credits, price| GrantText::parse(credits, price).expect("understood");
        assert_eq!(grant("100", None).key(), "replay-grant-100");
        assert_eq!(grant("100.0", Some("20.00")).key(), "replay-grant-100-for-20");
        for (credits, price) in [("0", None), ("-1", None), ("x", None), ("1", Some("-1")), ("1", Some("$2"))]
        {
            assert!(GrantText::parse(credits, price).is_err(), "{credits} {price:?}");
        }
    }
}
