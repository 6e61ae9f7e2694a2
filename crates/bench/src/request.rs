//! Requests prepared once and patched in place: before each call only the customer and the idempotency key change.
//!
//! Building JSON for every call would cost the generator more than the server pays to read it, on cores that both
//! share. So a template holds the bytes of a whole request, and marks of fixed width say where the two fields are.

use std::net::SocketAddr;

use memchr::memmem;
use rand::{Rng, RngCore};

/// Wallets that a bench may use: as many as six digits name.
pub const CUSTOMERS_MAX: u32 = 1_000_000;

/// The type of all events of the bench. One event costs one credit.
pub(crate) const EVENT_TYPE: &str = "bench.event";

/// Stands for a customer in a template. As wide as [`HOT_CUSTOMER`] and every `bench_000042`.
pub(crate) const CUSTOMER_MARK: &str = "bench_??????";
/// The one customer whom a hot wallet's load meters.
pub(crate) const HOT_CUSTOMER: &str = "bench_hot000";
/// Stands for an idempotency key in a template: 128 bits in hexadecimal digits.
pub(crate) const KEY_MARK: &str = "????????????????????????????????";

/// The types of events that are spread over months, but for their last digit.
pub(crate) const KIND_PREFIX: &str = "bench.kind_";
/// How many of them there are.
pub(crate) const KINDS: u32 = 10;
/// Stands for one of them in a template.
const KIND_MARK: &str = "bench.kind_?";
/// Days over which they are spread.
pub(crate) const DAYS: u32 = 90;
/// Stands for the day on which an event occurred.
const DAY_MARK: &str = "????-??-??T";
/// Bytes of a day: `2026-11-23`.
const DAY_BYTES: usize = 10;

const CUSTOMER_PREFIX: &[u8] = b"bench_";
const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Where a request goes and as whom.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) server: SocketAddr,
    pub(crate) api_key: String,
}

/// Who is metered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Customers {
    /// Each event is of one of so many customers, all equally likely.
    Spread(u32),
    /// All events are of [`HOT_CUSTOMER`].
    Hot,
}

/// A day, counted from the first one of 1970.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Day(pub(crate) i64);

impl Day {
    /// The day in UTC as ISO 8601 writes it, with four digits of the year.
    ///
    /// The era-based conversion of a day number to a civil date, in which a year begins in March, so that the day that
    /// some years have more is its last.
    pub(crate) fn text(self) -> String {
        let days = self.0 + 719_468;
        let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        format!("{year:04}-{month:02}-{day:02}")
    }

    /// So many days earlier.
    pub(crate) fn minus(self, days: u32) -> Self {
        Self(self.0 - i64::from(days))
    }
}

/// The bytes of a request, and where its customers and keys are.
#[derive(Clone)]
pub(crate) struct Template {
    bytes: Vec<u8>,
    customers: Vec<usize>,
    keys: Vec<usize>,
    kinds: Vec<usize>,
    days: Vec<usize>,
    /// The last of the days that are drawn.
    before: Day,
}

impl Template {
    /// Prepares a request; `path` and `body` may hold marks.
    pub(crate) fn new(target: &Target, method: &str, path: &str, body: &str) -> Self {
        let Target { server, api_key } = target;
        let bytes = format!(
            "{method} {path} HTTP/1.1\r\nhost: {server}\r\nauthorization: Bearer {api_key}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes();
        let customers = memmem::find_iter(&bytes, CUSTOMER_MARK).collect();
        let keys = memmem::find_iter(&bytes, KEY_MARK).collect();
        let kinds = memmem::find_iter(&bytes, KIND_MARK).map(|at| at + KIND_PREFIX.len()).collect();
        let days = memmem::find_iter(&bytes, DAY_MARK).collect();
        Self { bytes, customers, keys, kinds, days, before: Day(0) }
    }

    /// A page as a browser asks for it, but not compressed: an answer that is has no length to read up to.
    pub(crate) fn page(server: SocketAddr, path: &str, cookie: &str) -> Self {
        let bytes =
            format!("GET {path} HTTP/1.1\r\nhost: {server}\r\ncookie: {cookie}\r\naccept: text/html\r\n\r\n");
        Self {
            bytes: bytes.into_bytes(),
            customers: Vec::new(),
            keys: Vec::new(),
            kinds: Vec::new(),
            days: Vec::new(),
            before: Day(0),
        }
    }

    /// One event of about 200 bytes, as the SDKs send it.
    pub(crate) fn single_event(target: &Target) -> Self {
        Self::new(target, "POST", "/v1/events", &event(CUSTOMER_MARK))
    }

    /// A batch of such events, of any customers.
    pub(crate) fn batch(target: &Target, events: usize) -> Self {
        let events = vec![event(CUSTOMER_MARK); events].join(",");
        Self::new(target, "POST", "/v1/events/batch", &format!("[{events}]"))
    }

    /// A batch of events of ten types that occurred within 90 days before a day.
    pub(crate) fn months(target: &Target, events: usize, before: Day) -> Self {
        let event = format!(
            r#"{{"event":"{KIND_MARK}","customer":"{CUSTOMER_MARK}","idempotency_key":"{KEY_MARK}","occurred_at":"{DAY_MARK}12:00:00Z","cost":{{"amount":"0.0042","currency":"usd"}}}}"#
        );
        let body = format!("[{}]", vec![event; events].join(","));
        Self { before, ..Self::new(target, "POST", "/v1/events/batch", &body) }
    }

    /// Draws the customers and keys of the next call.
    pub(crate) fn draw(&mut self, customers: Customers, rng: &mut impl RngCore) {
        for index in 0..self.customers.len() {
            match customers {
                Customers::Spread(count) => self.set_customer(index, rng.random_range(0..count)),
                Customers::Hot => {
                    let at = self.customers[index];
                    self.bytes[at..at + HOT_CUSTOMER.len()].copy_from_slice(HOT_CUSTOMER.as_bytes());
                }
            }
        }
        for index in 0..self.keys.len() {
            self.set_key(index, rng.random());
        }
        for at in &self.kinds {
            self.bytes[*at] = DIGITS[rng.random_range(0..KINDS as usize)];
        }
        if !self.days.is_empty() {
            let days: Vec<String> = (0..DAYS).map(|ago| self.before.minus(ago + 1).text()).collect();
            for at in &self.days {
                let day = days[rng.random_range(0..days.len())].as_bytes();
                self.bytes[*at..*at + DAY_BYTES].copy_from_slice(day);
            }
        }
    }

    /// Sets every customer and key of the request: for calls that are made once per customer.
    pub(crate) fn set_all(&mut self, customer: u32, key: u128) {
        for index in 0..self.customers.len() {
            self.set_customer(index, customer);
        }
        for index in 0..self.keys.len() {
            self.set_key(index, key);
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The customer of the first event, as sent.
    pub(crate) fn first_customer(&self) -> Option<&[u8]> {
        self.customers.first().map(|at| &self.bytes[*at..at + CUSTOMER_MARK.len()])
    }

    fn set_customer(&mut self, index: usize, customer: u32) {
        let at = self.customers[index];
        let field = &mut self.bytes[at..at + CUSTOMER_MARK.len()];
        field[..CUSTOMER_PREFIX.len()].copy_from_slice(CUSTOMER_PREFIX);
        let mut rest = customer;
        for digit in field[CUSTOMER_PREFIX.len()..].iter_mut().rev() {
            *digit = DIGITS[(rest % 10) as usize];
            rest /= 10;
        }
    }

    fn set_key(&mut self, index: usize, key: u128) {
        let at = self.keys[index];
        let field = &mut self.bytes[at..at + KEY_MARK.len()];
        for (pair, byte) in field.chunks_exact_mut(2).zip(key.to_be_bytes()) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
    }
}

/// The body of one event of `customer`, with a mark for its key.
pub(crate) fn event(customer: &str) -> String {
    format!(
        r#"{{"event":"{EVENT_TYPE}","customer":"{customer}","idempotency_key":"{KEY_MARK}","properties":{{"model":"gpt-4o","tokens":812}},"cost":{{"amount":"0.0042","currency":"usd"}}}}"#
    )
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn target() -> Target {
        Target { server: SocketAddr::from(([127, 0, 0, 1], 8080)), api_key: "sk_test_1".to_owned() }
    }

    fn body(template: &Template) -> &str {
        let text = std::str::from_utf8(template.bytes()).expect("UTF-8");
        text.split_once("\r\n\r\n").expect("a head and a body").1
    }

    #[test]
    fn drawn_batch_is_json_with_distinct_keys_and_customers_in_range() {
        let mut template = Template::batch(&target(), 500);
        template.draw(Customers::Spread(10), &mut ChaCha8Rng::seed_from_u64(1));
        let events: Vec<serde_json::Value> = serde_json::from_str(body(&template)).expect("JSON");
        let keys: std::collections::BTreeSet<_> =
            events.iter().map(|event| event["idempotency_key"].as_str().expect("a key")).collect();
        assert_eq!((events.len(), keys.len()), (500, 500));
        let customers: std::collections::BTreeSet<_> =
            events.iter().map(|event| event["customer"].as_str().expect("a customer").to_owned()).collect();
        let all: std::collections::BTreeSet<_> = (0..10).map(|number| format!("bench_{number:06}")).collect();
        assert_eq!(customers, all);
    }

    #[test]
    fn content_length_is_that_of_the_drawn_body() {
        let mut template = Template::single_event(&target());
        template.draw(Customers::Hot, &mut ChaCha8Rng::seed_from_u64(1));
        let text = String::from_utf8(template.bytes().to_vec()).expect("UTF-8");
        assert!(text.contains(&format!("content-length: {}\r\n", body(&template).len())), "{text}");
        assert_eq!(template.first_customer(), Some(HOT_CUSTOMER.as_bytes()));
    }

    #[test]
    fn highest_customer_fills_its_field_exactly() {
        let mut template = Template::new(&target(), "GET", "/v1/customers/bench_??????/wallet", "");
        template.set_all(CUSTOMERS_MAX - 1, 0);
        assert!(template.bytes().starts_with(b"GET /v1/customers/bench_999999/wallet HTTP/1.1\r\n"));
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        for (day, text) in
            [(0, "1970-01-01"), (11_016, "2000-02-29"), (20_781, "2026-11-24"), (-1, "1969-12-31")]
        {
            assert_eq!(Day(day).text(), text);
        }
    }

    #[test]
    fn months_have_every_type_and_no_mark_left() {
        let mut template = Template::months(&target(), 500, Day(20_781));
        template.draw(Customers::Spread(10), &mut ChaCha8Rng::seed_from_u64(1));
        let events: Vec<serde_json::Value> = serde_json::from_str(body(&template)).expect("JSON");
        let of = |field: &str| -> std::collections::BTreeSet<String> {
            events.iter().map(|event| event[field].as_str().expect("text").to_owned()).collect()
        };
        assert_eq!(of("event").len(), KINDS as usize);
        let days = of("occurred_at");
        assert!(days.first().expect("a day").as_str() >= "2026-08-26T12:00:00Z", "{days:?}");
        assert!(days.last().expect("a day").as_str() <= "2026-11-23T12:00:00Z", "{days:?}");
    }

    #[test]
    fn key_is_written_in_hexadecimal_digits() {
        let mut template = Template::single_event(&target());
        template.set_all(7, 0x0123_4567_89ab_cdef);
        assert!(body(&template).contains(r#""idempotency_key":"00000000000000000123456789abcdef""#));
    }
}
