//! Every limit a caller can meet: its name, its unit, its reason. The page `docs/reference/limits.md` lists the same.

macro_rules! limits {
    ($($(#[doc = $reason:literal])+ $name:ident: $unit:literal = $value:expr;)*) => {
        $($(#[doc = $reason])+ pub const $name: usize = $value;)*

        /// All of them: name, value, unit, reason.
        pub const ALL: &[(&str, usize, &str, &str)] =
            &[$((stringify!($name), $value, $unit, concat!($($reason,)+))),*];
    };
}

limits! {
    /// A request body: room for the largest batch with its properties, and a bound on what one call takes of memory.
    BODY_BYTES_MAX: "bytes" = 16 * 1024 * 1024;
    /// The body of a request without an API key, a form or a signed notice: nobody is known yet who could answer for more.
    PUBLIC_BODY_BYTES_MAX: "bytes" = 1024 * 1024;
    /// Time for a body to arrive: a slow client must not keep a connection and its buffer for ever.
    BODY_SECONDS_MAX: "seconds" = 60;
    /// Events of one batch: fills one group commit, and keeps the answer within the size of a body.
    BATCH_EVENTS_MAX: "events" = 10_000;
    /// Events of one atomic batch: they must fit one frame of the journal.
    ATOMIC_EVENTS_MAX: "events" = 1_000;
    /// Properties of one event, as canonical JSON: they are kept for ever.
    PROPERTIES_BYTES_MAX: "bytes" = 4 * 1024;
    /// Keys in the properties of one event, nested ones included: more is a document, not a description.
    PROPERTIES_KEYS_MAX: "keys" = 32;
    /// Nesting of properties: what is deeper is never grouped by or priced.
    PROPERTIES_DEPTH_MAX: "levels" = 8;
    /// The name of one property: it becomes a column of reports.
    PROPERTY_NAME_BYTES_MAX: "bytes" = 64;
    /// Fields of one JSON object: refused names are listed, so their number has to end somewhere.
    OBJECT_FIELDS_MAX: "fields" = 64;
    /// Field errors told in one answer: a caller mends these and asks again.
    FIELD_ERRORS_MAX: "errors" = 100;
    /// An event type's name: it is typed by people and shown in tables.
    EVENT_NAME_BYTES_MAX: "bytes" = 64;
    /// A customer id: room for any id of yours, within the hash of a key.
    CUSTOMER_BYTES_MAX: "bytes" = 255;
    /// An idempotency key: room for two UUIDs and words between them.
    IDEMPOTENCY_KEY_BYTES_MAX: "bytes" = 255;
    /// An attribute of a CloudEvent: room for any address and id, and a bound on the key that is made of two of them.
    CLOUD_EVENT_ATTRIBUTE_BYTES_MAX: "bytes" = 1_024;
    /// Events that one correction may change: its job remembers which it has decided.
    CORRECTION_EVENTS_MAX: "events" = 1_000_000;
    /// Customers of one correction: their sums are kept in memory, and shown.
    CORRECTION_CUSTOMERS_MAX: "customers" = 100_000;
    /// Events that one correction names one by one: they stand in its fact.
    CORRECTION_IDS_MAX: "events" = 1_000;
    /// Facts of a wallet that the history of one of its events looks at: as a page of the ledger does.
    EVENT_HISTORY_FACTS_MAX: "facts" = 10_000;
    /// Items of one page of a list: answers in a fraction of a second.
    LIST_LIMIT_MAX: "items" = 1_000;
    /// A reason: a paragraph.
    REASON_BYTES_MAX: "bytes" = 1_000;
    /// A label: fits a table.
    LABEL_BYTES_MAX: "bytes" = 100;
    /// A description: a paragraph.
    DESCRIPTION_BYTES_MAX: "bytes" = 1_000;
    /// A note on a price version: a paragraph.
    NOTE_BYTES_MAX: "bytes" = 1_000;
    /// Samples on which one quote tries a price: a page of them, answered at once.
    QUOTE_SAMPLES_MAX: "samples" = 100;
    /// Declared dimensions of one event type: each multiplies the rows of reports.
    DIMENSIONS_MAX: "names" = 4;
    /// Event types that one grant names as its scope: more is better said by several grants.
    GRANT_SCOPE_MAX: "names" = 100;
    /// The distance of a grant's priority from 0, both ways: enough to sort by.
    PRIORITY_MAX: "steps" = 1_000_000;
    /// Proposed rules of one price simulation: more than one for each event type would be a new catalogue.
    SIMULATED_RULES_MAX: "rules" = 1_000;
    /// How long a hold may be kept open without an extension (30 days): longer is a grant with a scope.
    HOLD_SECONDS_MAX: "seconds" = 30 * 24 * 60 * 60;
    /// How far ahead of our clock `occurred_at` may be (24 hours): more is a wrong clock or a wrong unit.
    OCCURRED_AHEAD_SECONDS_MAX: "seconds" = 24 * 60 * 60;
    /// How long a rotated key stays good (7 days): time to roll out the new one, not to keep both.
    KEY_OVERLAP_SECONDS_MAX: "seconds" = 7 * 24 * 60 * 60;
    /// How long a read waits for the position that it asked for.
    MIN_POSITION_WAIT_SECONDS_MAX: "seconds" = 5;
    /// An address that a buyer is sent to, or that webhooks are sent to: what browsers and proxies take everywhere.
    URL_BYTES_MAX: "bytes" = 2_000;
    /// How long a link to a customer's own wallet page is good (24 hours): it is made anew for each visit.
    WALLET_LINK_SECONDS_MAX: "seconds" = 24 * 60 * 60;
    /// Open event streams of one server: each holds a connection and a reader.
    STREAMS_MAX: "streams" = 256;
    /// Models of one rate card: they must fit one fact. A longer list is several cards.
    RATE_CARD_MODELS_MAX: "models" = 200;
    /// Rates of one model in a card: every unit, at once and in a batch, with two long-context steps.
    RATES_PER_MODEL_MAX: "rates" = 42;
    /// The name of a provider or a model.
    MODEL_NAME_BYTES_MAX: "bytes" = 128;
    /// Providers named in one import of a list: more is better said by naming none.
    IMPORT_PROVIDERS_MAX: "names" = 200;
    /// Facts of the last 30 days that an import is tried on before it is accepted: a few seconds of reading.
    RATE_EFFECT_FACTS_MAX: "facts" = 1_000_000;
    /// How far back a stream resumes: what is older is skipped, and the stream says so.
    STREAM_CATCH_UP_FACTS_MAX: "facts" = 1_000_000;
    /// Webhook endpoints of one environment: each has a sender, and every message is put for each that wants it.
    WEBHOOK_ENDPOINTS_MAX: "endpoints" = 50;
    /// The address of a webhook endpoint: what browsers and proxies take.
    WEBHOOK_URL_BYTES_MAX: "bytes" = 2_048;
    /// The body of a webhook message: receivers may count on it.
    WEBHOOK_BODY_BYTES_MAX: "bytes" = 20_000;
    /// What is kept of a receiver's answer: enough for its error, read no further.
    WEBHOOK_ANSWER_BYTES_MAX: "bytes" = 4_096;
    /// How long a rotated webhook secret goes on signing (7 days): time to roll out the new one, not to keep both.
    WEBHOOK_OVERLAP_SECONDS_MAX: "seconds" = 7 * 24 * 60 * 60;
    /// How long ago the first cohort of a burn-down may begin: a year and the month that it is in.
    BURN_DOWN_DAYS_MAX: "days" = 400;
    /// Facts since the first cohort of a burn-down: they are read for it, which takes seconds.
    BURN_DOWN_FACTS_MAX: "facts" = 5_000_000;
}

/// Items of one page of a list when the caller does not say.
pub const LIST_LIMIT_DEFAULT: usize = 100;
/// How long a rotated key stays good when the caller does not say, in seconds (1 hour).
pub const KEY_OVERLAP_SECONDS_DEFAULT: usize = 60 * 60;
/// How long a rotated webhook secret goes on signing when the caller does not say, in seconds (24 hours).
pub const WEBHOOK_OVERLAP_SECONDS_DEFAULT: usize = 24 * 60 * 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reference_page_has_a_row_with_the_value_of_every_limit() {
        let page = include_str!("../../../docs/reference/limits.md");
        for (name, value, unit, _) in ALL {
            let row = page.lines().find(|line| line.contains(&format!("`{name}`")));
            let row = row.unwrap_or_else(|| panic!("{name} has no row"));
            assert!(
                row.contains(&format!("| {} {unit} |", grouped(*value))),
                "{name} is not {value} {unit}: {row}"
            );
        }
    }

    fn grouped(value: usize) -> String {
        let digits = value.to_string();
        let mut out = String::new();
        for (i, digit) in digits.chars().enumerate() {
            if i > 0 && (digits.len() - i).is_multiple_of(3) {
                out.push(',');
            }
            out.push(digit);
        }
        out
    }
}
