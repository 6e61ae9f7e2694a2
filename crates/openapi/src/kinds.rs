//! The values that many requests and answers have in common: ids, amounts, times, names. Bounds are those of the code
//! that enforces them.

use chargly_api::limits::{
    CUSTOMER_BYTES_MAX, EVENT_NAME_BYTES_MAX, IDEMPOTENCY_KEY_BYTES_MAX, PROPERTIES_KEYS_MAX,
    REASON_BYTES_MAX,
};
use chargly_ledger::{Credits, Quantity};

use crate::json::Json;
use crate::schema::{
    Schema, any_object, boolean, gives, list, may, must, named, number, prose, some_text, takes, text, words,
};

/// How programs write decimals.
const DECIMAL: &str = "^-?[0-9]+(\\.[0-9]+)?([eE][+-]?[0-9]+)?$";
/// Micro-units of one unit.
const MICRO: i64 = 1_000_000;

/// Your id of a customer. No control characters: two ids that look the same are the same.
pub(crate) fn customer() -> Schema {
    some_text(CUSTOMER_BYTES_MAX).with("pattern", "^[^\\u0000-\\u001f\\u007f-\\u009f]*$")
}

/// The name of an event type.
pub(crate) fn event_name() -> Schema {
    some_text(EVENT_NAME_BYTES_MAX).with("pattern", "^[a-z0-9_]+(\\.[a-z0-9_]+)*$")
}

/// A code that a person chose, in a path.
pub(crate) fn code(bytes_max: usize, pattern: &'static str) -> Schema {
    some_text(bytes_max).with("pattern", pattern)
}

/// An id that begins with this. A line of a fact has three digits more; simulations number themselves in another way.
pub(crate) fn id(prefix: &str) -> Schema {
    let digits = match prefix {
        "ent_" | "msg_" => "{23}",
        "sim_" => "+",
        _ => "{20}",
    };
    text().with("pattern", format!("^{prefix}[0-9a-hjkmnp-tv-z]{digits}$"))
}

/// Where a position of the journal is.
pub(crate) fn position() -> Schema {
    text().with("pattern", "^[0-9]{1,10}\\.[0-9]{1,20}$")
}

/// What a page of a list hands out for the next one.
pub(crate) fn cursor() -> Schema {
    text().with("pattern", "^cur_[0-9a-hjkmnp-tv-z]{26}(\\.-?[0-9]+)?$")
}

/// A local date.
pub(crate) fn date() -> Schema {
    text().with("format", "date")
}

/// Credits in an answer: a number with at most 6 decimals, of either sign.
pub(crate) fn credits() -> Schema {
    number().with("x-decimal-places", Credits::PLACES as usize)
}

/// Credits in a request, 0 or more.
pub(crate) fn credits_taken() -> Schema {
    credits().with("minimum", 0usize).with("maximum", Credits::MAX.micro() / MICRO)
}

/// Credits in a request, more than 0.
pub(crate) fn some_credits() -> Schema {
    credits().with("exclusiveMinimum", 0usize).with("maximum", Credits::MAX.micro() / MICRO)
}

/// How much of something.
pub(crate) fn quantity() -> Schema {
    number()
        .with("x-decimal-places", Quantity::PLACES as usize)
        .with("exclusiveMinimum", 0usize)
        .with("maximum", Quantity::MAX.micro() / MICRO)
}

/// An amount of money without its currency, or another decimal that no float may touch.
pub(crate) fn decimal() -> Schema {
    text().with("pattern", "^-?[0-9]+(\\.[0-9]+)?$")
}

/// An amount of money in a request.
pub(crate) fn decimal_taken() -> Schema {
    text().with("pattern", DECIMAL)
}

/// A part of a whole: `0.6`.
pub(crate) fn share() -> Schema {
    decimal()
}

/// A decimal that may come as text or as a number; both are read exactly.
pub(crate) fn decimal_or_number() -> Schema {
    let mut schema = text().with("pattern", DECIMAL);
    schema.0.set("type", Json::list(["string", "number"]));
    schema
}

/// The same, or a fraction of two.
pub(crate) fn ratio() -> Schema {
    let mut schema = text();
    schema.0.set("type", Json::list(["string", "number"]));
    schema
}

/// A currency.
pub(crate) fn currency() -> Schema {
    text().with("pattern", "^[a-z]{3}$")
}

/// A time in an answer.
pub(crate) fn instant() -> Schema {
    text().with("format", "date-time")
}

/// A time in a request.
pub(crate) fn instant_taken() -> Schema {
    instant()
}

/// Money in an answer.
pub(crate) fn money() -> Schema {
    named("Money")
}

/// Money in a request.
pub(crate) fn money_taken() -> Schema {
    takes([
        must("amount", decimal_taken(), "A decimal string with at most 9 decimals, not negative."),
        must(
            "currency",
            text().with("pattern", "^[A-Za-z]{3}$"),
            "An ISO 4217 code: the project's currency.",
        ),
    ])
}

/// An idempotency key.
pub(crate) fn key() -> Schema {
    some_text(IDEMPOTENCY_KEY_BYTES_MAX).with("pattern", "^[!-~]+$")
}

/// Why something is done.
pub(crate) fn reason() -> Schema {
    words_of_people(REASON_BYTES_MAX)
}

/// What people wrote: it says something, and has no control characters but line breaks and tabs.
pub(crate) fn words_of_people(bytes_max: usize) -> Schema {
    const ANY: &str = "[^\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f]*";
    const SOME: &str = "[^\\s\\u0000-\\u001f\\u007f-\\u009f]";
    some_text(bytes_max).with("pattern", format!("^{ANY}{SOME}{ANY}$"))
}

/// The same, or nothing.
pub(crate) fn words_or_none(bytes_max: usize) -> Schema {
    prose(bytes_max).with("pattern", "^[^\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f]*$")
}

/// Properties of an event.
pub(crate) fn properties() -> Schema {
    any_object().with("maxProperties", PROPERTIES_KEYS_MAX)
}

/// What to do when the wallet cannot pay.
pub(crate) fn if_insufficient() -> Schema {
    words(&["refuse", "record"])
}

/// Event types by name.
pub(crate) fn scope_of_events() -> Schema {
    list(event_name())
}

/// `balance`.
pub(crate) fn balance() -> Schema {
    named("Balance")
}

/// The id of a price version, or null.
pub(crate) fn price_version() -> Schema {
    id("prv_").or_null()
}

/// A page of a list.
pub(crate) fn page_of(item: Schema) -> Schema {
    gives([
        must("data", list(item), "The items of this page."),
        must(
            "next_cursor",
            cursor().or_null(),
            "Send it as `cursor` for the next page; null on the last one.",
        ),
    ])
}

/// The smallest, the middle and the largest of what may be.
pub(crate) fn range() -> Schema {
    named("Range")
}

/// The schemas behind the names above.
pub(crate) fn schemas() -> Vec<(&'static str, Schema)> {
    vec![
        (
            "Money",
            gives([
                must("amount", decimal(), "A decimal string."),
                must("currency", currency(), "An ISO 4217 code in small letters."),
            ])
            .about("An amount of real money. Never a float: read it as a decimal."),
        ),
        (
            "Balance",
            gives([
                must("posted", credits(), "What is in the wallet."),
                must("held", credits(), "What of it is set aside by open holds."),
                must("available", credits(), "`posted` − `held`: what can be spent."),
            ])
            .about("A wallet's balance after this call."),
        ),
        (
            "Range",
            gives([
                must("low", decimal(), "The lower end; the truth is below it about 1 time in 20."),
                must("middle", decimal(), "The middle."),
                must("high", decimal(), "The upper end."),
            ])
            .about("A range that holds the truth about 9 times in 10."),
        ),
        (
            "Actor",
            gives([must("id", id("key_"), "The API key."), must("label", text(), "What people call it.")])
                .about("Who asked for something."),
        ),
        (
            "Progress",
            gives([
                may("done", count_of(), "Facts that were read."),
                may("all", count_of(), "Facts that there are to read."),
            ])
            .about("How far something is."),
        ),
        (
            "Removed",
            gives([must("id", text(), "What it was."), must("deleted", boolean(), "Always true.")])
                .about("Something that is not there any more."),
        ),
    ]
}

fn count_of() -> Schema {
    crate::schema::count()
}
