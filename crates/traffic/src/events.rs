//! Rows to events: applies a mapping to every record of a trace, in the file's order.
//!
//! Deterministic: the same content under the same mapping gives the same events with the same keys, so a replay
//! that was stopped, or is simply run again, charges nothing twice. Memory does not grow with the trace, except
//! for one running sum per customer where `repeat` is used.

use std::collections::{BTreeMap, HashMap};

use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::columns::Row;
use crate::decimal::{Decimal, units_text};
use crate::error::{Problem, TraceError, shortened};
use crate::expression::Expression;
use crate::instant::rfc3339_text;
use crate::mapping::{KeyRule, Mapping, PropertyRule};
use crate::reader::{Record, TraceReader};

/// Decimal places of quantities, credits and number properties (micro-units).
pub const QUANTITY_PLACES: u32 = 6;

/// Decimal places of money (nano-units).
pub const MONEY_PLACES: u32 = 9;

/// Most events drawn from one row: beyond it a factor is missing from the `repeat` expression.
pub const MAX_REPEAT: u64 = 10_000_000;

/// Most customers of a trace with `repeat`, because each needs a running sum in memory (about 100 bytes).
pub const MAX_REPEAT_CUSTOMERS: usize = 1_000_000;

/// Longest event name in bytes, as metering has it.
const MAX_EVENT_NAME_BYTES: usize = 64;

/// Longest customer id in bytes, as metering has it.
const MAX_CUSTOMER_BYTES: usize = 255;

/// Longest idempotency key in bytes, as metering has it.
const MAX_KEY_BYTES: usize = 255;

/// An event of a trace, ready to be metered. Amounts are exact decimal texts without trailing zeros.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedEvent {
    /// The idempotency key: the same for the same row of the same trace under the same mapping.
    pub key: String,
    /// The event type's name.
    pub event: String,
    /// The customer's own id.
    pub customer: String,
    /// At most 6 decimal places, not negative.
    pub quantity: Option<String>,
    /// Credits set by the caller; at most 6 decimal places, not negative.
    pub credits: Option<String>,
    /// RFC 3339 in UTC with milliseconds.
    pub occurred_at: Option<String>,
    /// The provider cost, where the trace tells it.
    pub cost: Option<RecordedCost>,
    /// Properties by name.
    pub properties: BTreeMap<String, PropertyValue>,
    /// The line of the trace it came from, 1 being the first of the file.
    pub source_line: u64,
}

/// What an event cost the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedCost {
    /// At most 9 decimal places, not negative.
    pub amount: String,
    /// ISO code in lower case.
    pub currency: String,
}

/// A property's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PropertyValue {
    /// An exact decimal text with at most 6 places.
    Number(String),
    /// Any text.
    Text(String),
}

/// The events of a trace. After an error of one row the next call goes on with the next row; after an error
/// that [ends the trace](TraceError::ends_trace) there is nothing more.
pub struct Events {
    reader: TraceReader,
    mapping: Mapping,
    places: Vec<usize>,
    key_prefix: String,
    record: Record,
    /// What is left of a customer's summed `repeat` after whole events were drawn: below 1.
    carried: HashMap<String, Decimal>,
    repeating: Option<Box<Repeating>>,
    ended: bool,
}

impl TraceReader {
    /// Applies a mapping. `key_prefix` begins the keys of a mapping that gives neither `key` nor `key_prefix`.
    ///
    /// # Errors
    /// [`TraceError::UnknownColumns`] if the trace lacks a column that the mapping names.
    pub fn events(self, mapping: &Mapping, key_prefix: &str) -> Result<Events, TraceError> {
        let places =
            mapping.columns.places_in(self.columns()).map_err(|unknown| TraceError::UnknownColumns {
                unknown,
                columns: self.columns().to_vec(),
                header_looks_like_data: self.header_looks_like_data(),
            })?;
        let key_prefix = match &mapping.key {
            KeyRule::Line { prefix: Some(prefix) } => prefix.clone(),
            _ => key_prefix.to_owned(),
        };
        Ok(Events {
            reader: self,
            mapping: mapping.clone(),
            places,
            key_prefix,
            record: Record::default(),
            carried: HashMap::new(),
            repeating: None,
            ended: false,
        })
    }
}

impl Iterator for Events {
    type Item = Result<RecordedEvent, TraceError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            if let Some(event) = self.repeating.as_mut().and_then(Iterator::next) {
                return Some(Ok(event));
            }
            self.repeating = None;
            match self.next_row() {
                Ok(Step::Event(event)) => return Some(Ok(event)),
                Ok(Step::Repeating(repeating)) => self.repeating = Some(repeating),
                Ok(Step::End) => self.ended = true,
                Err(error) => {
                    self.ended = error.ends_trace();
                    return Some(Err(error));
                }
            }
        }
        None
    }
}

#[expect(
    clippy::large_enum_variant,
    reason = "it lives between two calls only; the large one is the common one"
)]
enum Step {
    Event(RecordedEvent),
    Repeating(Box<Repeating>),
    End,
}

impl Events {
    fn next_row(&mut self) -> Result<Step, TraceError> {
        if !self.reader.read(&mut self.record)? {
            return Ok(Step::End);
        }
        let row = Row { names: &self.mapping.columns, places: &self.places, record: &self.record };
        let fields = RowFields { row, line: self.record.line() };
        let (event, unix_ms) = fields.event(&self.mapping, &self.key_prefix)?;
        let Some(rule) = &self.mapping.repeat else { return Ok(Step::Event(event)) };

        let share = fields.number("repeat", &rule.count)?;
        let sum = match self.carried.get(&event.customer) {
            None if self.carried.len() >= MAX_REPEAT_CUSTOMERS => {
                return Err(TraceError::TooManyCustomers { line: fields.line, limit: MAX_REPEAT_CUSTOMERS });
            }
            None => share,
            Some(rest) => fields.named("repeat", rest.checked_add(share).map_err(|_| Problem::TooLarge))?,
        };
        let count = u64::try_from(sum.floor()).ok().filter(|count| *count <= MAX_REPEAT);
        let count = fields.named("repeat", count.ok_or(Problem::TooLarge))?;
        let rest = sum.checked_sub(Decimal::from_integer(i128::from(count)));
        let rest = fields.named("repeat", rest.map_err(|_| Problem::TooLarge))?;
        fields.named("key", checked_key(format!("{}-{count}", event.key)))?;
        if let Some(begin) = unix_ms {
            let end = i64::try_from(rule.window_ms).ok().and_then(|window| begin.checked_add(window));
            fields.named("occurred_at", end.ok_or(Problem::TimeOutOfRange).and_then(rfc3339_text))?;
        }
        // Nothing of this row can be refused any more.
        self.carried.insert(event.customer.clone(), rest);
        let mut draw = ChaCha8Rng::seed_from_u64(rule.seed);
        draw.set_stream(fields.line);
        let repeating = Repeating { event, unix_ms, window_ms: rule.window_ms, drawn: 0, count, draw };
        Ok(Step::Repeating(Box::new(repeating)))
    }
}

/// Evaluates the fields of one row, naming field and line in every error.
struct RowFields<'a> {
    row: Row<'a>,
    line: u64,
}

impl RowFields<'_> {
    /// The row's event and its time in milliseconds since 1970.
    fn event(&self, mapping: &Mapping, key_prefix: &str) -> Result<(RecordedEvent, Option<i64>), TraceError> {
        let event = self.named("event", mapping.event.text(&self.row).and_then(checked_event_name))?;
        let customer = self.named("customer", mapping.customer.text(&self.row).and_then(checked_customer))?;
        let key = match &mapping.key {
            KeyRule::Line { .. } => format!("{key_prefix}-{}", self.line),
            KeyRule::Template(template) => {
                self.named("key", template.text(&self.row).and_then(checked_key))?
            }
        };
        let quantity =
            mapping.quantity.as_ref().map(|e| self.amount("quantity", e, QUANTITY_PLACES)).transpose()?;
        let credits =
            mapping.credits.as_ref().map(|e| self.amount("credits", e, QUANTITY_PLACES)).transpose()?;
        let unix_ms = match &mapping.occurred_at {
            None => None,
            Some(rule) => Some(self.named("occurred_at", rule.unix_ms(&self.row))?),
        };
        let occurred_at = unix_ms.map(|ms| self.named("occurred_at", rfc3339_text(ms))).transpose()?;
        let cost = self.cost(mapping)?;
        let properties = self.properties(mapping)?;
        let source_line = self.line;
        let event = RecordedEvent {
            key,
            event,
            customer,
            quantity,
            credits,
            occurred_at,
            cost,
            properties,
            source_line,
        };
        Ok((event, unix_ms))
    }

    /// No cost where a column of its expression is empty: a cost that is not known is missing, never 0.
    fn cost(&self, mapping: &Mapping) -> Result<Option<RecordedCost>, TraceError> {
        let Some(rule) = &mapping.cost else { return Ok(None) };
        if let Err(Problem::Empty { .. }) = rule.amount.value(&self.row) {
            return Ok(None);
        }
        let amount = self.amount("cost", &rule.amount, MONEY_PLACES)?;
        let currency = self.named("currency", rule.currency.text(&self.row).and_then(checked_currency))?;
        Ok(Some(RecordedCost { amount, currency }))
    }

    fn properties(&self, mapping: &Mapping) -> Result<BTreeMap<String, PropertyValue>, TraceError> {
        let mut properties = BTreeMap::new();
        for (name, rule) in &mapping.properties {
            let value = match rule {
                PropertyRule::Text(template) => template.text(&self.row).map(PropertyValue::Text),
                PropertyRule::Number(expression) => expression
                    .value(&self.row)
                    .and_then(|value| rounded(value, QUANTITY_PLACES))
                    .map(PropertyValue::Number),
            };
            match value {
                Err(Problem::Empty { .. }) => {}
                value => {
                    properties.insert(name.clone(), self.named(&format!("properties.{name}"), value)?);
                }
            }
        }
        Ok(properties)
    }

    fn amount(&self, field: &str, expression: &Expression, places: u32) -> Result<String, TraceError> {
        let value = self.number(field, expression)?;
        self.named(field, rounded(value, places))
    }

    /// An expression's value, which must not be negative.
    fn number(&self, field: &str, expression: &Expression) -> Result<Decimal, TraceError> {
        let value = self.named(field, expression.value(&self.row))?;
        if value.is_negative() {
            return self.named(field, Err(Problem::Negative { value: value.to_string() }));
        }
        Ok(value)
    }

    fn named<T>(&self, field: &str, result: Result<T, Problem>) -> Result<T, TraceError> {
        result.map_err(|problem| TraceError::Value { line: self.line, field: field.to_owned(), problem })
    }
}

fn rounded(value: Decimal, places: u32) -> Result<String, Problem> {
    value.to_units(places).map(|units| units_text(units, places)).map_err(|_| Problem::TooLarge)
}

/// The events that one summary row stands for, in order of time.
struct Repeating {
    event: RecordedEvent,
    unix_ms: Option<i64>,
    window_ms: u64,
    drawn: u64,
    count: u64,
    draw: ChaCha8Rng,
}

impl Iterator for Repeating {
    type Item = RecordedEvent;

    fn next(&mut self) -> Option<RecordedEvent> {
        if self.drawn >= self.count {
            return None;
        }
        // The window is cut into as many equal parts as there are events, each with one at a drawn point: in
        // order, spread, and without keeping a list.
        let part = (u128::from(self.drawn) << 32) + u128::from(self.draw.next_u32());
        let offset_ms = u128::from(self.window_ms) * part / (u128::from(self.count) << 32);
        self.drawn += 1;
        let mut event = self.event.clone();
        event.key = format!("{}-{}", self.event.key, self.drawn);
        event.occurred_at = self.unix_ms.and_then(|begin| {
            let unix_ms = begin.checked_add(i64::try_from(offset_ms).ok()?)?;
            rfc3339_text(unix_ms).ok()
        });
        Some(event)
    }
}

/// `[a-z0-9_]` segments joined by dots.
pub(crate) fn is_event_name(text: &str) -> bool {
    let segment = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    text.len() <= MAX_EVENT_NAME_BYTES && text.split('.').all(segment)
}

/// Visible ASCII.
pub(crate) fn is_key(text: &str) -> bool {
    (1..=MAX_KEY_BYTES).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

pub(crate) fn is_currency(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|b| b.is_ascii_alphabetic())
}

fn is_customer(text: &str) -> bool {
    (1..=MAX_CUSTOMER_BYTES).contains(&text.len()) && !text.chars().any(char::is_control)
}

fn checked_event_name(text: String) -> Result<String, Problem> {
    let needs = "an event name (at most 64 of a-z, 0-9 and _ in segments joined by dots; try {column|slug})";
    checked(text, is_event_name, needs)
}

fn checked_customer(text: String) -> Result<String, Problem> {
    checked(text, is_customer, "a customer id (1 to 255 bytes without control characters)")
}

fn checked_key(text: String) -> Result<String, Problem> {
    checked(text, is_key, "a key (1 to 255 visible ASCII characters)")
}

fn checked_currency(text: String) -> Result<String, Problem> {
    checked(text, is_currency, "a currency code of three letters").map(|code| code.to_ascii_lowercase())
}

fn checked(text: String, fits: impl Fn(&str) -> bool, needs: &'static str) -> Result<String, Problem> {
    if fits(&text) { Ok(text) } else { Err(Problem::Text { text: shortened(&text), needs }) }
}

#[cfg(test)]
mod tests;
