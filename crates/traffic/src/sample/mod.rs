//! Sample traffic: events drawn from a seed, shaped like real traces. For demonstrations, benchmarks and tests;
//! nothing here is anybody's data.
//!
//! The same seed and [`Shape`] give the same events, to the last digit, on every machine: the random numbers are
//! ChaCha's, and logarithms come from a library in Rust instead of the platform's. Floats only *draw*; what
//! leaves is integers (tokens, nano-units of money, milliseconds). Events come in order of time. Memory is one
//! number per customer, whatever the number of events.
//!
//! # Where the numbers come from
//!
//! *Azure* is the Azure LLM inference trace of 2023 (28,185 requests, 58 minutes; Patel et al., "Splitwise",
//! CC-BY-4.0), *ServeGen* the published clients of ServeGen (366 clients, 14 days; Xiang et al.,
//! arXiv 2505.09999, Apache-2.0). The figures were computed from those files.
//!
//! | what | drawn as | because |
//! |---|---|---|
//! | how much a customer uses | log-normal, σ 1.99 | ServeGen `m-large`: 147 clients, the logarithms of their requests have σ 1.99 and the top tenth makes 76 % of all requests; a log-normal of that σ gives its top tenth 76 % too. (Each model alone: 39 to 91 %; all models together 94 %.) |
//! | tokens of `chat.reply` and `ai.summary` replies | log-normal | Azure `conv`: input median 1,020, p99 4,142; output median 129, p99 601 |
//! | input of `ai.summary` | log-normal | Azure `code`: median 1,469, p99 7,436 |
//! | tokens of `agent.run` | log-normal | ServeGen `deepseek-r1`: output median 484 and p99 1,538 of the median client; input median 2,315 and p99 6,652 of the client at the ninth decile, as agents carry long contexts |
//! | tokens of `workflow.step` | log-normal | ServeGen `m-small`, median client: input 347, p99 853; output 32, p99 70 |
//! | share of images | 10 % | ServeGen: 35 of 366 clients are the image model's |
//! | the day's rhythm | a factor for each hour | ServeGen `m-small` over 14 days: 0.71 of the mean in the sixth hour, 1.17 in the evening |
//! | quiet weekends | factor 0.66 | ServeGen `m-large`: its three quiet days are at 0.62 to 0.68 of its mean. That they are weekends is our reading; the trace names no dates |
//! | bursts of minutes | log-normal, σ 0.39 | Azure: requests per minute have σ 0.39 of their logarithms (481 a minute on average, 859 at most) |
//! | bursts of a customer | one event in six follows its predecessor's customer | ServeGen: the gaps of the median client's window vary by 1.2, as those of batches of 1.2 on average do |
//!
//! Invented, for want of a source: the shares of the other four event types, and prices per token and image.
//!
//! Over a large sample, events with tokens have an input median of about 1,000 and p99 of about 5,400, an output
//! median of about 117 and p99 of about 910 (Azure as a whole: 1,046 and 7,435; 90 and 581).

mod calendar;
mod catalogue;
mod draw;

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::decimal::units_text;
use crate::events::{MONEY_PLACES, PropertyValue, RecordedCost, RecordedEvent};
use crate::instant::rfc3339_text;
use calendar::Calendar;
use draw::{Customers, below};

/// Most customers: what fits comfortably in memory (8 bytes each).
pub const MAX_SAMPLE_CUSTOMERS: u32 = 10_000_000;

/// Most days: ten years, whose minutes are walked through twice.
pub const MAX_SAMPLE_DAYS: u32 = 3_660;

/// Most events: beyond it the gaps between them are finer than the numbers they are drawn with.
pub const MAX_SAMPLE_EVENTS: u64 = 10_000_000_000;

/// One event in so many belongs to the customer of the one before it.
const FOLLOW_ON_IN: u32 = 6;

const CURRENCY: &str = "usd";
const DAY_MS: i64 = 86_400_000;

/// Streams of one seed, so that more events or other days do not change who the customers are.
const CUSTOMER_STREAM: u64 = 0;
const MINUTE_STREAM: u64 = 1;
const TIME_STREAM: u64 = 2;
const EVENT_STREAM: u64 = 3;

/// How much traffic, whose and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Customers that there are, 1 to [`MAX_SAMPLE_CUSTOMERS`]; the small ones may not happen to use anything.
    pub customers: u32,
    /// Events in all, up to [`MAX_SAMPLE_EVENTS`].
    pub events: u64,
    /// Days they are spread over, 1 to [`MAX_SAMPLE_DAYS`].
    pub days: u32,
    /// Where the days end, in milliseconds since 1970; every event is before it.
    pub end_unix_ms: i64,
}

/// A shape that cannot be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ShapeError {
    /// No customers, or more than [`MAX_SAMPLE_CUSTOMERS`].
    #[error("customers must be 1 to {MAX_SAMPLE_CUSTOMERS}")]
    Customers,
    /// More than [`MAX_SAMPLE_EVENTS`].
    #[error("events must be at most {MAX_SAMPLE_EVENTS}")]
    Events,
    /// No days, or more than [`MAX_SAMPLE_DAYS`].
    #[error("days must be 1 to {MAX_SAMPLE_DAYS}")]
    Days,
    /// The days begin before 1970 or end after 9998.
    #[error("the days must lie between 1970 and 9998")]
    End,
}

/// A drawn event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleEvent {
    /// The idempotency key, `sample-<seed>-<number>`.
    pub key: String,
    /// The event type: one of the example catalogue.
    pub event: &'static str,
    /// The customer's id, `sample_00001` onwards.
    pub customer: String,
    /// When, in milliseconds since 1970.
    pub occurred_at_unix_ms: i64,
    /// The model, named as ServeGen names its own.
    pub model: &'static str,
    /// Input tokens; 0 for images.
    pub input_tokens: u64,
    /// Output tokens; 0 for images.
    pub output_tokens: u64,
    /// Provider cost in nano-units of `currency`.
    pub cost_nanos: i64,
    /// ISO code in lower case.
    pub currency: &'static str,
    /// The event's place in the sample, from 1.
    pub number: u64,
}

/// The events of a sample, in order of time.
#[derive(Debug, Clone)]
pub struct SampleTraffic {
    seed: u64,
    customers: Customers,
    last_customer: Option<usize>,
    calendar: Calendar,
    drawn: u64,
    events: u64,
    draw: ChaCha8Rng,
}

impl SampleTraffic {
    /// Prepares the sample of a seed: draws the customers' sizes and walks through the days once.
    ///
    /// # Errors
    /// If the shape is out of its limits.
    pub fn new(seed: u64, shape: Shape) -> Result<SampleTraffic, ShapeError> {
        let Shape { customers, events, days, end_unix_ms } = shape;
        if !(1..=MAX_SAMPLE_CUSTOMERS).contains(&customers) {
            return Err(ShapeError::Customers);
        }
        if events > MAX_SAMPLE_EVENTS {
            return Err(ShapeError::Events);
        }
        if !(1..=MAX_SAMPLE_DAYS).contains(&days) {
            return Err(ShapeError::Days);
        }
        let begin_unix_ms = end_unix_ms.checked_sub(i64::from(days) * DAY_MS).filter(|begin| *begin >= 0);
        let begin_unix_ms = begin_unix_ms.ok_or(ShapeError::End)?;
        rfc3339_text(end_unix_ms).map_err(|_| ShapeError::End)?;

        let stream = |number: u64| {
            let mut draw = ChaCha8Rng::seed_from_u64(seed);
            draw.set_stream(number);
            draw
        };
        Ok(SampleTraffic {
            seed,
            customers: Customers::draw(customers, &mut stream(CUSTOMER_STREAM)),
            last_customer: None,
            calendar: Calendar::new(begin_unix_ms, days, events, &stream(MINUTE_STREAM), stream(TIME_STREAM)),
            drawn: 0,
            events,
            draw: stream(EVENT_STREAM),
        })
    }

    fn customer(&mut self) -> usize {
        let follows_on = below(FOLLOW_ON_IN, &mut self.draw) == 0;
        let customer = match self.last_customer {
            Some(last) if follows_on => last,
            _ => self.customers.pick(&mut self.draw),
        };
        self.last_customer = Some(customer);
        customer
    }
}

impl Iterator for SampleTraffic {
    type Item = SampleEvent;

    fn next(&mut self) -> Option<SampleEvent> {
        if self.drawn >= self.events {
            return None;
        }
        self.drawn += 1;
        let occurred_at_unix_ms = self.calendar.next_unix_ms();
        let customer = self.customer();
        let kind = catalogue::pick(&mut self.draw);
        let tokens = kind.tokens(&mut self.draw);
        Some(SampleEvent {
            key: format!("sample-{}-{}", self.seed, self.drawn),
            event: kind.event,
            customer: format!("sample_{:05}", customer + 1),
            occurred_at_unix_ms,
            model: kind.model,
            cost_nanos: kind.cost_nanos(&tokens),
            input_tokens: tokens.input,
            output_tokens: tokens.output,
            currency: CURRENCY,
            number: self.drawn,
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = usize::try_from(self.events - self.drawn).ok();
        (left.unwrap_or(usize::MAX), left)
    }
}

impl From<SampleEvent> for RecordedEvent {
    /// The sample's event as a trace's, so that both are metered by the same code. Its number stands for the line.
    fn from(sample: SampleEvent) -> RecordedEvent {
        let mut properties =
            BTreeMap::from([("model".to_owned(), PropertyValue::Text(sample.model.to_owned()))]);
        for (name, tokens) in [("input_tokens", sample.input_tokens), ("output_tokens", sample.output_tokens)]
        {
            if tokens > 0 {
                properties.insert(name.to_owned(), PropertyValue::Number(tokens.to_string()));
            }
        }
        RecordedEvent {
            key: sample.key,
            event: sample.event.to_owned(),
            customer: sample.customer,
            quantity: Some("1".to_owned()),
            credits: None,
            occurred_at: rfc3339_text(sample.occurred_at_unix_ms).ok(),
            cost: Some(RecordedCost {
                amount: units_text(sample.cost_nanos, MONEY_PLACES),
                currency: sample.currency.to_owned(),
            }),
            properties,
            source_line: sample.number,
        }
    }
}

#[cfg(test)]
mod tests;
