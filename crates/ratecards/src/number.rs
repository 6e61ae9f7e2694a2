//! Rates between their decimal text and pico-units: `1.5e-07` for one token is 150,000. Integers only; a value that
//! pico-units cannot hold exactly is an error, never rounded.

use chargly_ledger::RATE_PICO_MAX;
use thiserror::Error;

/// Decimal places of a pico-unit.
const PICO_PLACES: i32 = 12;
/// Digits a number may have beside leading and trailing zeros: as many as 128 bits surely hold once shifted to
/// pico-units. A double printed in full has 17.
const DIGITS_MAX: usize = 24;
/// The largest exponent looked at, of either sign: far beyond any rate, and small enough to add to.
const EXPONENT_MAX: i32 = 99;

/// Why a text is no rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NumberError {
    /// It is no decimal number, negative, or beyond the largest rate.
    #[error("is no amount from 0 to 1000000")]
    NotAnAmount,
    /// It has more than 12 decimal places for one unit.
    #[error("has more than 12 decimal places for one unit")]
    NotExact,
}

/// The pico-units that one unit costs when `per` of them (at least 1) cost `text`: a plain decimal, or one with an
/// exponent.
///
/// # Errors
/// [`NumberError`] for what is no amount, and for what is none that pico-units hold exactly.
pub fn pico_of(text: &str, per: u32) -> Result<i64, NumberError> {
    let (mantissa, exponent) = parts(text).ok_or(NumberError::NotAnAmount)?;
    if mantissa == 0 {
        return Ok(0);
    }
    let shift = exponent + PICO_PLACES;
    let per = i128::from(per.max(1));
    // 10^24 times 10^14 is the most that is multiplied: below 2^127.
    let (up, down) = match u32::try_from(shift) {
        Ok(shift) if shift <= 14 => (mantissa * 10i128.pow(shift), 1),
        Ok(_) => {
            // Beyond 10^14 whole pico-units for each digit, only a division by `per` could bring it back in range.
            let scaled = 10i128.checked_pow(u32::try_from(shift).unwrap_or(u32::MAX));
            (scaled.and_then(|s| mantissa.checked_mul(s)).ok_or(NumberError::NotAnAmount)?, 1)
        }
        Err(_) => (mantissa, 10i128.checked_pow(shift.unsigned_abs()).ok_or(NumberError::NotExact)?),
    };
    let divisor = down.checked_mul(per).ok_or(NumberError::NotExact)?;
    if up % divisor != 0 {
        return Err(NumberError::NotExact);
    }
    let pico = i64::try_from(up / divisor).ok().filter(|pico| *pico <= RATE_PICO_MAX);
    pico.ok_or(NumberError::NotAnAmount)
}

/// Splits a non-negative number into an integer and a power of ten, without its trailing zeros.
fn parts(text: &str) -> Option<(i128, i32)> {
    let (digits, exponent) = match text.split_once(['e', 'E']) {
        Some((digits, exponent)) => (digits, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = !whole.is_empty() && (whole.bytes().chain(fraction.bytes())).all(|b| b.is_ascii_digit());
    if !is_number || exponent.abs() > EXPONENT_MAX || (digits.contains('.') && fraction.is_empty()) {
        return None;
    }
    let all = [whole, fraction].concat();
    let kept = all.trim_start_matches('0').trim_end_matches('0');
    if kept.len() > DIGITS_MAX {
        return None;
    }
    let dropped = all.len() - all.trim_end_matches('0').len();
    let places = i32::try_from(fraction.len()).ok()? - i32::try_from(dropped).ok()?;
    match kept.is_empty() {
        true => Some((0, 0)),
        false => Some((kept.parse().ok()?, exponent - places)),
    }
}

/// Pico-units as a plain decimal without trailing zeros: `0.0000025`.
pub fn rate_text(pico: i64) -> String {
    let unit = 10u64.pow(PICO_PLACES.unsigned_abs());
    let (whole, fraction) = (pico.unsigned_abs() / unit, pico.unsigned_abs() % unit);
    let sign = if pico < 0 { "-" } else { "" };
    if fraction == 0 {
        return format!("{sign}{whole}");
    }
    let fraction = format!("{fraction:012}");
    format!("{sign}{whole}.{}", fraction.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_exactly_from_their_text() {
        for (text, per, pico) in [
            ("2.5e-06", 1, 2_500_000),
            ("1.5e-07", 1, 150_000),
            ("0.0000025", 1, 2_500_000),
            ("1E-12", 1, 1),
            ("10e-13", 1, 1),
            ("0.0", 1, 0),
            ("0e99", 1, 0),
            ("1000000", 1, RATE_PICO_MAX),
            ("1.000000000000000000000000000000", 1, 1_000_000_000_000),
            ("0.1", 1, 100_000_000_000),
            ("3", 1_000_000, 3_000_000),
            ("0.000001", 1_000_000, 1),
            ("0.36", 3_600, 100_000_000),
            ("1e+2", 1, 100_000_000_000_000),
            ("1e12", 1_000_000, RATE_PICO_MAX),
        ] {
            assert_eq!(pico_of(text, per), Ok(pico), "{text} per {per}");
        }
    }

    #[test]
    fn what_pico_units_cannot_hold_is_refused_and_never_rounded() {
        for (text, per, error) in [
            ("1e-13", 1, NumberError::NotExact),
            ("0.0002833333333333333", 1, NumberError::NotExact),
            ("2.9999900000000002e-06", 1, NumberError::NotExact),
            ("0.1", 3_600, NumberError::NotExact),
            ("1e-90", 1, NumberError::NotExact),
            ("1000000.000000000001", 1, NumberError::NotAnAmount),
            ("1e40", 1, NumberError::NotAnAmount),
            ("1e90", 1, NumberError::NotAnAmount),
            ("-1", 1, NumberError::NotAnAmount),
            ("1e999999999999", 1, NumberError::NotAnAmount),
            ("1234567890123456789012345", 1, NumberError::NotAnAmount),
            ("", 1, NumberError::NotAnAmount),
            (".5", 1, NumberError::NotAnAmount),
            ("5.", 1, NumberError::NotAnAmount),
            ("1,5", 1, NumberError::NotAnAmount),
            ("NaN", 1, NumberError::NotAnAmount),
        ] {
            assert_eq!(pico_of(text, per), Err(error), "{text} per {per}");
        }
    }

    #[test]
    fn a_rate_is_written_as_it_would_be_read() {
        for (pico, text) in
            [(2_500_000, "0.0000025"), (1, "0.000000000001"), (0, "0"), (1_500_000_000_000, "1.5")]
        {
            assert_eq!(rate_text(pico), text);
            assert_eq!(pico_of(text, 1), Ok(pico));
        }
    }
}
