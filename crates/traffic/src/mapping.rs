//! The mapping: how a trace's columns become events. Written by a person in a small TOML file or in flags.
//!
//! Both forms hold the same texts ([`MappingText`]); here they are understood once, before any row is read, so
//! that a mistake in a mapping is found on its own and not in line 40,000. Which row makes which event is
//! `events`.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::columns::ColumnNames;
use crate::error::MappingError;
use crate::events::{is_currency, is_event_name, is_key};
use crate::expression::Expression;
use crate::instant::InstantRule;
use crate::template::Template;

/// Most properties a mapping may make: the limit that metering has for one event.
pub const MAX_PROPERTIES: usize = 32;

/// Longest key prefix in bytes: leaves room, within a key's 255, for two 20-digit numbers.
pub const MAX_KEY_PREFIX_BYTES: usize = 200;

/// Longest window in seconds that the events of a summary row are spread over: 366 days.
pub const MAX_WINDOW_S: u32 = 366 * 24 * 3_600;

/// A mapping as written: every field optional, every value a text.
///
/// *Template*: text with `{column}` or `{column|slug}`. *Expression*: decimals and columns with `+`, `-`, `*`
/// and parentheses, computed exactly.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MappingText {
    /// Template of the event type's name, needed.
    pub event: Option<String>,
    /// Template of the customer's own id, needed.
    pub customer: Option<String>,
    /// Template of the idempotency key. Default: `<key_prefix>-<line>`.
    pub key: Option<String>,
    /// Prefix of default keys. Default: 12 hex digits of a hash of the trace's decompressed content.
    pub key_prefix: Option<String>,
    /// Expression, rounded to 6 places, half away from zero. Default: no quantity, which meters 1.
    pub quantity: Option<String>,
    /// Expression, rounded to 6 places: credits set by the caller instead of priced.
    pub credits: Option<String>,
    /// Time: `{column}`, `unix_s(expression)`, `unix_ms(expression)` or `<RFC 3339 time> + <expression in seconds>`.
    pub occurred_at: Option<String>,
    /// Expression, rounded to 9 places: the provider cost. An empty column in it means that the cost is missing.
    pub cost: Option<String>,
    /// Template of the cost's ISO currency code; needed with `cost`.
    pub currency: Option<String>,
    /// Expression, for rows that summarise many requests: how many events a row stands for.
    pub repeat: Option<String>,
    /// Seconds over which the events of one row are spread. Default: all at the row's time.
    pub window_s: Option<u32>,
    /// Seed of that spread. Default: 0.
    pub seed: Option<u64>,
    /// Properties: a template makes a text, `number(expression)` a number rounded to 6 places. A property of
    /// an empty column is left out.
    #[serde(default)]
    pub properties: BTreeMap<String, String>,
}

impl MappingText {
    /// Reads the TOML form.
    ///
    /// # Errors
    /// If it is not TOML or has a field that no mapping has; the cause names the place.
    pub fn from_toml(toml: &str) -> Result<MappingText, MappingError> {
        toml::from_str(toml).map_err(|error| MappingError::Toml(Box::new(error)))
    }

    /// Adds a property given as `name=value`, as the flag does; a later one of the same name wins.
    ///
    /// # Errors
    /// If there is no `=`, or nothing before it.
    pub fn add_property(&mut self, flag: &str) -> Result<(), MappingError> {
        match flag.split_once('=') {
            Some((name, value)) if !name.trim().is_empty() => {
                self.properties.insert(name.trim().to_owned(), value.to_owned());
                Ok(())
            }
            _ => Err(MappingError::invalid("properties", format!("`{flag}` is not `name=value`"))),
        }
    }

    /// This mapping with everything that `flags` gives put in its place; properties are merged by name.
    #[must_use]
    pub fn overridden_by(mut self, flags: MappingText) -> MappingText {
        self.properties.extend(flags.properties);
        MappingText {
            event: flags.event.or(self.event),
            customer: flags.customer.or(self.customer),
            key: flags.key.or(self.key),
            key_prefix: flags.key_prefix.or(self.key_prefix),
            quantity: flags.quantity.or(self.quantity),
            credits: flags.credits.or(self.credits),
            occurred_at: flags.occurred_at.or(self.occurred_at),
            cost: flags.cost.or(self.cost),
            currency: flags.currency.or(self.currency),
            repeat: flags.repeat.or(self.repeat),
            window_s: flags.window_s.or(self.window_s),
            seed: flags.seed.or(self.seed),
            properties: self.properties,
        }
    }
}

/// A mapping that has been understood; knows which columns it needs, not yet whether a trace has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    pub(crate) columns: ColumnNames,
    pub(crate) key: KeyRule,
    pub(crate) event: Template,
    pub(crate) customer: Template,
    pub(crate) quantity: Option<Expression>,
    pub(crate) credits: Option<Expression>,
    pub(crate) occurred_at: Option<InstantRule>,
    pub(crate) cost: Option<CostRule>,
    pub(crate) repeat: Option<RepeatRule>,
    pub(crate) properties: Vec<(String, PropertyRule)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KeyRule {
    /// `<prefix>-<line>`; no prefix: the trace's content hash.
    Line {
        prefix: Option<String>,
    },
    Template(Template),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CostRule {
    pub(crate) amount: Expression,
    pub(crate) currency: Template,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RepeatRule {
    pub(crate) count: Expression,
    pub(crate) window_ms: u64,
    pub(crate) seed: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PropertyRule {
    Text(Template),
    Number(Expression),
}

impl Mapping {
    /// Reads and understands the TOML form.
    ///
    /// # Errors
    /// A [`MappingError`] naming the field.
    pub fn from_toml(toml: &str) -> Result<Mapping, MappingError> {
        Mapping::from_flags(MappingText::from_toml(toml)?)
    }

    /// Understands a mapping's texts, wherever they were given.
    ///
    /// # Errors
    /// A [`MappingError`] naming the field.
    pub fn from_flags(text: MappingText) -> Result<Mapping, MappingError> {
        let mut columns = ColumnNames::default();
        let mut fields = Fields { columns: &mut columns };
        let event = fields.needed_template("event", text.event, "the event type to meter")?;
        let customer = fields.needed_template("customer", text.customer, "whose wallet is charged")?;
        let key = fields.key(text.key, text.key_prefix)?;
        let quantity = fields.expression("quantity", text.quantity)?;
        let credits = fields.expression("credits", text.credits)?;
        let occurred_at = fields.parsed("occurred_at", text.occurred_at, InstantRule::parse)?;
        let cost = fields.cost(text.cost, text.currency)?;
        let repeat = fields.repeat(text.repeat, text.window_s, text.seed)?;
        let properties = fields.properties(text.properties)?;
        if repeat.as_ref().is_some_and(|rule| rule.window_ms > 0) && occurred_at.is_none() {
            return Err(MappingError::Missing { field: "occurred_at", why: "`window_s` begins there" });
        }
        Ok(Mapping {
            columns,
            key,
            event,
            customer,
            quantity,
            credits,
            occurred_at,
            cost,
            repeat,
            properties,
        })
    }
}

/// Parses the fields in order, collecting the columns they name.
struct Fields<'a> {
    columns: &'a mut ColumnNames,
}

impl Fields<'_> {
    fn parsed<T>(
        &mut self,
        field: &str,
        text: Option<String>,
        parse: impl Fn(&str, &str, &mut ColumnNames) -> Result<T, String>,
    ) -> Result<Option<T>, MappingError> {
        let Some(text) = text else { return Ok(None) };
        parse(&text, field, self.columns).map(Some).map_err(|problem| MappingError::invalid(field, problem))
    }

    fn template(&mut self, field: &str, text: Option<String>) -> Result<Option<Template>, MappingError> {
        let template = self.parsed(field, text, Template::parse)?;
        let fits = match field {
            "event" => is_event_name,
            "currency" => is_currency,
            "key" => is_key,
            _ => |text: &str| !text.is_empty(),
        };
        match template.as_ref().and_then(Template::constant) {
            Some("") => Err(MappingError::invalid(field, "it is empty")),
            Some(constant) if !fits(constant) => {
                Err(MappingError::invalid(field, format!("`{constant}` is no {field}")))
            }
            _ => Ok(template),
        }
    }

    fn needed_template(
        &mut self,
        field: &'static str,
        text: Option<String>,
        why: &'static str,
    ) -> Result<Template, MappingError> {
        self.template(field, text)?.ok_or(MappingError::Missing { field, why })
    }

    fn expression(&mut self, field: &str, text: Option<String>) -> Result<Option<Expression>, MappingError> {
        self.parsed(field, text, Expression::parse)
    }

    fn key(&mut self, key: Option<String>, prefix: Option<String>) -> Result<KeyRule, MappingError> {
        match (self.template("key", key)?, prefix) {
            (Some(_), Some(_)) => Err(MappingError::invalid(
                "key_prefix",
                "`key` is given too, which replaces keys made of prefix and line",
            )),
            // One key for all rows would meter the first and conflict on every other.
            (Some(key), None) if key.constant().is_some() => Err(MappingError::invalid(
                "key",
                "it names no column, so that every row would have the same key",
            )),
            (Some(key), None) => Ok(KeyRule::Template(key)),
            (None, Some(prefix)) if !is_key(&prefix) || prefix.len() > MAX_KEY_PREFIX_BYTES => {
                let problem =
                    format!("`{prefix}` is not 1 to {MAX_KEY_PREFIX_BYTES} visible ASCII characters");
                Err(MappingError::invalid("key_prefix", problem))
            }
            (None, prefix) => Ok(KeyRule::Line { prefix }),
        }
    }

    fn cost(
        &mut self,
        amount: Option<String>,
        currency: Option<String>,
    ) -> Result<Option<CostRule>, MappingError> {
        let amount = self.expression("cost", amount)?;
        let currency = self.template("currency", currency)?;
        match (amount, currency) {
            (Some(amount), Some(currency)) => Ok(Some(CostRule { amount, currency })),
            (Some(_), None) => Err(MappingError::Missing { field: "currency", why: "a cost has one" }),
            (None, Some(_)) => {
                Err(MappingError::invalid("currency", "there is no `cost` it could belong to"))
            }
            (None, None) => Ok(None),
        }
    }

    fn repeat(
        &mut self,
        count: Option<String>,
        window_s: Option<u32>,
        seed: Option<u64>,
    ) -> Result<Option<RepeatRule>, MappingError> {
        let Some(count) = self.expression("repeat", count)? else {
            return match (window_s, seed) {
                (None, None) => Ok(None),
                (Some(_), _) => {
                    Err(MappingError::invalid("window_s", "there is no `repeat` whose events it spreads"))
                }
                (None, Some(_)) => Err(MappingError::invalid("seed", "there is no `repeat` that would draw")),
            };
        };
        let window_s = window_s.unwrap_or(0);
        if window_s > MAX_WINDOW_S {
            return Err(MappingError::invalid("window_s", format!("{window_s} is more than {MAX_WINDOW_S}")));
        }
        Ok(Some(RepeatRule { count, window_ms: u64::from(window_s) * 1_000, seed: seed.unwrap_or(0) }))
    }

    fn properties(
        &mut self,
        texts: BTreeMap<String, String>,
    ) -> Result<Vec<(String, PropertyRule)>, MappingError> {
        if texts.len() > MAX_PROPERTIES {
            let problem = format!("{} of them, an event has at most {MAX_PROPERTIES}", texts.len());
            return Err(MappingError::invalid("properties", problem));
        }
        let mut rules = Vec::with_capacity(texts.len());
        for (name, text) in texts {
            let field = format!("properties.{name}");
            let number = text.trim().strip_prefix("number(").and_then(|rest| rest.strip_suffix(')'));
            let rule = match number {
                Some(inner) => Expression::parse(inner, &field, self.columns).map(PropertyRule::Number),
                None => Template::parse(&text, &field, self.columns).map(PropertyRule::Text),
            };
            rules.push((name, rule.map_err(|problem| MappingError::invalid(&field, problem))?));
        }
        Ok(rules)
    }
}

#[cfg(test)]
mod tests;
