//! Times on the wire: RFC 3339 in UTC, milliseconds inside.

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;

use crate::digits::fill;

/// The earliest time a caller may name: 2000-01-01T00:00:00Z, in milliseconds since 1970. What is before is a
/// mistake of units or a clock that was never set.
pub const TIME_MS_MIN: i64 = 946_684_800_000;
/// The first time that is too late to be named: 2200-01-01T00:00:00Z, in milliseconds since 1970.
pub const TIME_MS_MAX: i64 = 7_258_118_400_000;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

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

/// Appends what [`show`] prints: by hand for the times that facts have, which every answer names.
pub(crate) fn write(ms: i64, out: &mut Vec<u8>) {
    let Ok(of_day) = u64::try_from(ms.rem_euclid(DAY_MS)) else { return };
    let Some((year, month, day)) = date(ms.div_euclid(DAY_MS)) else {
        out.extend_from_slice(show(ms).as_bytes());
        return;
    };
    let (hour, minute) = (of_day / 3_600_000, of_day / 60_000 % 60);
    let (second, milli) = (of_day / 1_000 % 60, of_day % 1_000);
    let mut text = *b"0000-00-00T00:00:00.000Z";
    for (number, at, end) in [
        (year, 0, 4),
        (month, 5, 7),
        (day, 8, 10),
        (hour, 11, 13),
        (minute, 14, 16),
        (second, 17, 19),
        (milli, 20, 23),
    ] {
        fill(number, &mut text[at..end]);
    }
    out.extend_from_slice(&text);
}

/// The date of a day counted from 1970-01-01: year, month, day. `None` outside the times that facts have.
fn date(day: i64) -> Option<(u64, u64, u64)> {
    // Counted from 1 March of the year 0, leap days are the last of their years, and 400 years are always as long.
    const DAYS_TO_1970: u64 = 719_468;
    const DAYS_OF_400_YEARS: u64 = 146_097;
    if !(0..=TIME_MS_MAX / DAY_MS).contains(&day) {
        return None;
    }
    let days = u64::try_from(day).ok()? + DAYS_TO_1970;
    let (cycle, day) = (days / DAYS_OF_400_YEARS, days % DAYS_OF_400_YEARS);
    // Less the leap days that are behind: every 4 years one, every 100 none, on the last day of 400 one.
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    // From March on, the lengths of months repeat in fives of 153 days.
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    Some((cycle * 400 + year + u64::from(month <= 2), month, day))
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

    fn written(ms: i64) -> String {
        let mut out = Vec::new();
        write(ms, &mut out);
        String::from_utf8(out).expect("ASCII")
    }

    #[test]
    fn every_day_is_written_as_it_is_shown() {
        for day in 0..=TIME_MS_MAX / DAY_MS + 1 {
            let ms = day * DAY_MS + day % DAY_MS;
            assert_eq!(written(ms), show(ms));
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_is_what_is_shown(ms in TIME_MS_MIN..TIME_MS_MAX, any: i64) {
            proptest::prop_assert_eq!(written(ms), show(ms));
            proptest::prop_assert_eq!(written(any), show(any));
        }

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
