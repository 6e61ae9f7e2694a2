//! When a row happened: the four ways a mapping may say it, all ending in UTC milliseconds.
//!
//! | text | meaning |
//! |---|---|
//! | `{timestamp}` | a template giving an RFC 3339 time with a zone; add one with `{timestamp}Z` |
//! | `unix_s(expression)` | seconds since 1970, with any fraction |
//! | `unix_ms(expression)` | milliseconds since 1970 |
//! | `2025-03-03T00:00:00Z + expression` | seconds after a given time |
//!
//! Whatever is finer than a millisecond is cut off, never rounded up: an event must not move into the next day.

use jiff::Timestamp;

use crate::columns::{ColumnNames, Row};
use crate::decimal::Decimal;
use crate::error::{Problem, shortened};
use crate::expression::Expression;
use crate::template::Template;

/// The last millisecond of the year 9998: the last year that every time library can hold in every zone.
const MAX_UNIX_MS: i64 = 253_370_764_799_999;

/// Digits of a fraction of a second that are looked at: milliseconds are kept, the rest is cut.
const FRACTION_DIGITS: usize = 3;

/// How a mapping finds an event's time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum InstantRule {
    Rfc3339(Template),
    UnixSeconds(Expression),
    UnixMillis(Expression),
    Since { base_ms: i64, seconds: Expression },
}

impl InstantRule {
    pub(crate) fn parse(text: &str, field: &str, columns: &mut ColumnNames) -> Result<InstantRule, String> {
        if let Some(inner) = inside(text, "unix_s") {
            return Expression::parse(inner, field, columns).map(InstantRule::UnixSeconds);
        }
        if let Some(inner) = inside(text, "unix_ms") {
            return Expression::parse(inner, field, columns).map(InstantRule::UnixMillis);
        }
        if let Some((base, seconds)) = text.split_once(" + ")
            && let Ok(base_ms) = rfc3339_ms(base.trim())
        {
            let seconds = Expression::parse(seconds, field, columns)?;
            return Ok(InstantRule::Since { base_ms, seconds });
        }
        let template = Template::parse(text, field, columns)?;
        if let Some(constant) = template.constant()
            && rfc3339_ms(constant).is_err()
        {
            return Err(format!(
                "`{text}` is neither a time nor a way to one: use `{{column}}`, `unix_s(column)`, \
                 `unix_ms(column)` or `2025-03-03T00:00:00Z + column`"
            ));
        }
        Ok(InstantRule::Rfc3339(template))
    }

    /// Milliseconds since 1970 for a row.
    pub(crate) fn unix_ms(&self, row: &Row<'_>) -> Result<i64, Problem> {
        match self {
            InstantRule::Rfc3339(template) => rfc3339_ms(template.text(row)?.trim()),
            InstantRule::UnixSeconds(seconds) => in_range(i128::from(whole_ms(seconds.value(row)?)?)),
            InstantRule::UnixMillis(millis) => in_range(millis.value(row)?.floor()),
            InstantRule::Since { base_ms, seconds } => {
                in_range(i128::from(*base_ms) + i128::from(whole_ms(seconds.value(row)?)?))
            }
        }
    }
}

/// `2025-03-03T00:00:00.000Z`, always with three digits of the second.
pub(crate) fn rfc3339_text(unix_ms: i64) -> Result<String, Problem> {
    let instant = Timestamp::from_millisecond(unix_ms).map_err(|_| Problem::TimeOutOfRange)?;
    Ok(format!("{instant:.3}"))
}

fn inside<'a>(text: &'a str, function: &str) -> Option<&'a str> {
    text.trim().strip_prefix(function)?.trim_start().strip_prefix('(')?.strip_suffix(')')
}

fn whole_ms(seconds: Decimal) -> Result<i64, Problem> {
    let millis = seconds.checked_mul(Decimal::from_integer(1_000)).map_err(|_| Problem::TooLarge)?;
    i64::try_from(millis.floor()).map_err(|_| Problem::TimeOutOfRange)
}

fn in_range(unix_ms: i128) -> Result<i64, Problem> {
    match i64::try_from(unix_ms) {
        Ok(ms) if (0..=MAX_UNIX_MS).contains(&ms) => Ok(ms),
        _ => Err(Problem::TimeOutOfRange),
    }
}

fn rfc3339_ms(text: &str) -> Result<i64, Problem> {
    let not_a_time = || Problem::NotATime { text: shortened(text) };
    let instant: Timestamp = with_cut_fraction(text).parse().map_err(|_| not_a_time())?;
    in_range(i128::from(instant.as_millisecond()))
}

/// Traces carry seven, nine and more digits of a second; the parser takes nine, we need three.
fn with_cut_fraction(text: &str) -> String {
    let Some((before, after)) = text.split_once('.') else { return text.to_owned() };
    let digits = after.bytes().take_while(u8::is_ascii_digit).count();
    let kept = digits.min(FRACTION_DIGITS);
    format!("{before}.{}{}", &after[..kept], &after[digits..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reader::Record;

    fn instant(text: &str) -> Result<String, String> {
        let columns = ["at", "naive", "epoch", "later", "word"].map(str::to_owned);
        let cells =
            ["2023-11-16T18:15:46.6805900Z", "2023-11-16 18:15:46.9999", "1700158546.6809", "600.5", "soon"];
        let record = Record::of(2, &cells);
        let mut names = ColumnNames::default();
        let rule = InstantRule::parse(text, "occurred_at", &mut names)?;
        let places = names.places_in(&columns).map_err(|unknown| format!("unknown {}", unknown[0].column))?;
        let row = Row { names: &names, places: &places, record: &record };
        rule.unix_ms(&row).and_then(rfc3339_text).map_err(|problem| problem.to_string())
    }

    #[test]
    fn every_way_to_say_a_time_ends_in_utc_milliseconds() {
        for (text, time) in [
            ("{at}", "2023-11-16T18:15:46.680Z"),
            ("{naive}Z", "2023-11-16T18:15:46.999Z"),
            ("{naive}+02:00", "2023-11-16T16:15:46.999Z"),
            ("unix_s(epoch)", "2023-11-16T18:15:46.680Z"),
            ("unix_ms(epoch * 1000)", "2023-11-16T18:15:46.680Z"),
            ("unix_s ( (epoch + 1) )", "2023-11-16T18:15:47.680Z"),
            ("2025-03-03T00:00:00Z + later", "2025-03-03T00:10:00.500Z"),
            ("2025-03-03T00:00:00+01:00 + later * 2", "2025-03-02T23:20:01.000Z"),
            ("2025-03-03T00:00:00Z", "2025-03-03T00:00:00.000Z"),
            ("2025-03-03T00:00:00.123456789123Z", "2025-03-03T00:00:00.123Z"),
            ("unix_s(0)", "1970-01-01T00:00:00.000Z"),
            ("unix_ms(253370764799999)", "9998-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(instant(text).as_deref(), Ok(time), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        let zone = "is not an RFC 3339 time with a zone, such as 2026-11-23T10:00:00Z";
        let range = "the time is before 1970 or after 9998";
        for (text, message) in [
            ("{word}", format!("\"soon\" {zone}")),
            ("{naive}", format!("\"2023-11-16 18:15:46.9999\" {zone}")),
            ("unix_s(word)", "column `word` holds \"soon\", which is not a decimal number".to_owned()),
            ("unix_s(epoch * 1000)", range.to_owned()),
            ("unix_s(0 - 1)", range.to_owned()),
            ("unix_ms(253370764800000)", range.to_owned()),
            (
                "2025-03-03T00:00:00Z + word",
                "column `word` holds \"soon\", which is not a decimal number".to_owned(),
            ),
        ] {
            assert_eq!(instant(text), Err(message), "{text}");
        }
        let unclear = instant("at").expect_err("a bare name is no time");
        assert!(unclear.starts_with("`at` is neither a time nor a way to one"), "{unclear}");
    }
}
