//! Times on the wire: RFC 3339 in UTC, milliseconds inside.

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;

/// The earliest time a caller may name: 2000-01-01T00:00:00Z, in milliseconds since 1970. What is before is a
/// mistake of units or a clock that was never set.
pub const TIME_MS_MIN: i64 = 946_684_800_000;
/// The first time that is too late to be named: 2200-01-01T00:00:00Z, in milliseconds since 1970.
pub const TIME_MS_MAX: i64 = 7_258_118_400_000;

/// Reads a time, to the millisecond: finer digits are cut off.
pub fn parse(text: &str) -> Result<i64, String> {
    const FORM: &str = "must be an RFC 3339 time like 2026-11-23T10:00:00Z";
    // jiff also reads other forms, with annotations or without seconds.
    let bytes = text.as_bytes();
    let has_form = bytes.len() >= 20
        && matches!(bytes[10], b'T' | b't')
        && bytes[13] == b':'
        && bytes[16] == b':'
        && !text.contains('[')
        && text.is_ascii();
    if !has_form {
        return Err(FORM.to_owned());
    }
    let at = text.parse::<Timestamp>().map_err(|_| FORM.to_owned())?.as_millisecond();
    if (TIME_MS_MIN..TIME_MS_MAX).contains(&at) {
        Ok(at)
    } else {
        Err("must be between 2000-01-01 and 2200-01-01".to_owned())
    }
}

/// Prints a time with milliseconds.
pub fn show(ms: i64) -> String {
    const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(3));
    let at = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX);
    PRINTER.timestamp_to_string(&at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_printed() {
        for (text, expected) in [
            ("2026-11-23T10:00:00Z", Some("2026-11-23T10:00:00.000Z")),
            ("2026-11-23T10:00:00.123456Z", Some("2026-11-23T10:00:00.123Z")),
            ("2026-11-23T12:00:00+02:00", Some("2026-11-23T10:00:00.000Z")),
            ("2026-11-23t10:00:00z", Some("2026-11-23T10:00:00.000Z")),
            ("2000-01-01T00:00:00Z", Some("2000-01-01T00:00:00.000Z")),
            ("1999-12-31T23:59:59.999Z", None),
            ("2199-12-31T23:59:59.999Z", Some("2199-12-31T23:59:59.999Z")),
            ("2200-01-01T00:00:00Z", None),
            ("2026-11-23", None),
            ("2026-11-23T10:00:00", None),
            ("2026-11-23 10:00:00Z", None),
            ("2026-11-23T10:00:00Z[UTC]", None),
            ("2026-02-30T10:00:00Z", None),
            ("2026-11-23T25:00:00Z", None),
            ("1764000000000", None),
            ("", None),
        ] {
            assert_eq!(parse(text).ok().map(show).as_deref(), expected, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_printed_is_read_back(ms in TIME_MS_MIN..TIME_MS_MAX) {
            proptest::prop_assert_eq!(parse(&show(ms)), Ok(ms));
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in "\\PC{0,40}") {
            let _ = parse(&text);
        }
    }
}
