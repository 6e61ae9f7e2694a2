//! Reading amounts, times and names out of requests. Each reader says in one phrase what is wrong.

use chargly_api::limits::{OCCURRED_AHEAD_SECONDS_MAX, REASON_BYTES_MAX};
use chargly_api::{Fields, Problems, Value, text, time};
use chargly_engine::ledger::{Credits, Currency, IfInsufficient, Millis, Money, Quantity};
use compact_str::CompactString;

/// Credits, zero or more.
pub(crate) fn credits(value: Value<'_>) -> Result<Credits, String> {
    let credits = Credits::parse(value.number()?).map_err(|error| error.to_string())?;
    if credits < Credits::ZERO { Err("must not be negative".to_owned()) } else { Ok(credits) }
}

/// Credits, more than zero.
pub(crate) fn some_credits(value: Value<'_>) -> Result<Credits, String> {
    credits(value).and_then(|c| if c.is_zero() { Err("must be greater than zero".to_owned()) } else { Ok(c) })
}

/// A quantity.
pub(crate) fn quantity(value: Value<'_>) -> Result<Quantity, String> {
    Quantity::parse(value.number()?).map_err(|error| error.to_string())
}

/// A time.
pub(crate) fn instant(value: Value<'_>) -> Result<Millis, String> {
    time::parse(&value.text()?).map(Millis)
}

/// When something occurred: not further ahead of our clock than clocks differ.
pub(crate) fn occurred_at(value: Value<'_>, now_ms: i64) -> Result<Millis, String> {
    occurred_at_text(&value.text()?, now_ms)
}

/// As [`occurred_at`], from a text of its own.
pub(crate) fn occurred_at_text(text: &str, now_ms: i64) -> Result<Millis, String> {
    let at = time::parse(text).map(Millis)?;
    let ahead_ms = i64::try_from(OCCURRED_AHEAD_SECONDS_MAX * 1_000).unwrap_or(i64::MAX);
    if at > Millis(now_ms).plus(ahead_ms) {
        return Err(format!("must not be more than {OCCURRED_AHEAD_SECONDS_MAX} seconds in the future"));
    }
    Ok(at)
}

/// A customer's own id.
pub(crate) fn customer(value: Value<'_>) -> Result<CompactString, String> {
    let customer = value.text()?;
    text::check_customer(&customer)?;
    Ok(customer.into())
}

/// An event type's name.
pub(crate) fn event_name(value: Value<'_>) -> Result<CompactString, String> {
    let name = value.text()?;
    text::check_event_name(&name)?;
    Ok(name.into())
}

/// An idempotency key.
pub(crate) fn idempotency_key(value: Value<'_>) -> Result<CompactString, String> {
    let key = value.text()?;
    text::check_idempotency_key(&key)?;
    Ok(key.into())
}

/// Text that a person wrote.
pub(crate) fn prose(value: Value<'_>, max: usize) -> Result<CompactString, String> {
    let prose = value.text()?;
    text::check_prose(&prose, max)?;
    Ok(prose.into())
}

/// Text that a person wrote, and that has to say something.
pub(crate) fn some_prose(value: Value<'_>, max: usize) -> Result<CompactString, String> {
    prose(value, max)
        .and_then(|p| if p.trim().is_empty() { Err("must not be empty".to_owned()) } else { Ok(p) })
}

/// A reason.
pub(crate) fn reason(value: Value<'_>) -> Result<CompactString, String> {
    some_prose(value, REASON_BYTES_MAX)
}

/// What to do when the wallet cannot pay.
pub(crate) fn if_insufficient(value: Value<'_>) -> Result<IfInsufficient, String> {
    value.one_of(&[("refuse", IfInsufficient::Refuse), ("record", IfInsufficient::Record)])
}

/// Seconds, from 1 to `max`.
pub(crate) fn seconds(value: Value<'_>, max: usize) -> Result<u32, String> {
    let most = i64::try_from(max).unwrap_or(i64::MAX);
    value.integer(1, most).and_then(|s| u32::try_from(s).map_err(|e| e.to_string()))
}

/// `{"amount": "0.04", "currency": "usd"}` in a field of its own.
pub(crate) fn money(name: &'static str, fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Money> {
    let mut fields = fields.object(name, problems)?;
    let money = money_fields(&mut fields, problems);
    fields.finish(problems);
    money
}

/// `amount` and `currency`.
pub(crate) fn money_fields(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Money> {
    let amount = fields.required("amount", problems, |value| {
        let text =
            value.text().map_err(|problem| format!("{problem}: money is a decimal string, like \"0.04\""))?;
        Money::parse(&text, Currency::USD).map(|money| money.nano).map_err(|error| error.to_string())
    });
    let currency = fields.required("currency", problems, |value| {
        Currency::parse(&value.text()?).ok_or_else(|| "must be an ISO 4217 code, like usd".to_owned())
    });
    Some(Money { nano: amount?, currency: currency? })
}
