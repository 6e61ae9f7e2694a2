//! Exact decimals: what the numbers of a trace are computed with.
//!
//! A value is `mantissa × 10^-places`. Parsing, sums and products are exact or they are an error; the only
//! rounding is the named one at the end ([`Decimal::to_units`]), half away from zero. No float is involved, so
//! `0.1 + 0.2` is `0.3`. This module knows nothing of columns or files.

/// Most decimal places one number read from a trace or a mapping may have.
///
/// Every double printed in full by common tools with an ordinary exponent fits, and the product of two such
/// numbers still fits the 38 digits of the arithmetic.
pub(crate) const MAX_PLACES: u32 = 24;

/// Largest power of ten accepted as an exponent (`1e-7`): far beyond any count or price, and small enough that
/// a hostile exponent cannot make us loop.
const MAX_EXPONENT: i64 = 60;

/// An exact decimal. Held without trailing zeros in the fraction, so equal values are equal structs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Decimal {
    mantissa: i128,
    places: u32,
}

/// Why a text is not a usable number, or a result cannot be held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DecimalError {
    /// Not a plain decimal such as `12`, `0.5` or `1e-7`.
    NotADecimal,
    /// More than [`MAX_PLACES`] decimal places.
    TooManyPlaces,
    /// Needs more digits than exact arithmetic has.
    TooLarge,
}

impl Decimal {
    pub(crate) const ZERO: Decimal = Decimal { mantissa: 0, places: 0 };

    /// Reads `12`, `-0.5`, `.5`, `1.`, `1e-7`; blanks around it are ignored. `NaN`, `inf` and digit grouping
    /// are not decimals.
    pub(crate) fn parse(text: &str) -> Result<Decimal, DecimalError> {
        let text = text.trim();
        let (negative, unsigned) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        let (digits, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((digits, exponent)) => (digits, parse_exponent(exponent)?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.is_empty() && fraction.is_empty() {
            return Err(DecimalError::NotADecimal);
        }
        if !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
            return Err(DecimalError::NotADecimal);
        }
        // Zeros that carry no information must not use up digits: "1.000…0" is 1.
        let fraction = fraction.trim_end_matches('0');
        let mut mantissa: i128 = 0;
        for digit in whole.bytes().chain(fraction.bytes()) {
            mantissa = mantissa
                .checked_mul(10)
                .and_then(|m| m.checked_add(i128::from(digit - b'0')))
                .ok_or(DecimalError::TooLarge)?;
        }
        let places = i64::try_from(fraction.len()).map_err(|_| DecimalError::TooManyPlaces)? - exponent;
        let value = Decimal::scaled(if negative { -mantissa } else { mantissa }, places)?;
        if value.places > MAX_PLACES { Err(DecimalError::TooManyPlaces) } else { Ok(value) }
    }

    pub(crate) fn checked_add(self, other: Decimal) -> Result<Decimal, DecimalError> {
        let places = self.places.max(other.places);
        let sum = self.aligned(places)?.checked_add(other.aligned(places)?).ok_or(DecimalError::TooLarge)?;
        Ok(Decimal { mantissa: sum, places }.normalised())
    }

    pub(crate) fn checked_sub(self, other: Decimal) -> Result<Decimal, DecimalError> {
        let negated = other.mantissa.checked_neg().ok_or(DecimalError::TooLarge)?;
        self.checked_add(Decimal { mantissa: negated, places: other.places })
    }

    pub(crate) fn checked_mul(self, other: Decimal) -> Result<Decimal, DecimalError> {
        let mantissa = self.mantissa.checked_mul(other.mantissa).ok_or(DecimalError::TooLarge)?;
        let places = self.places.checked_add(other.places).ok_or(DecimalError::TooLarge)?;
        Ok(Decimal { mantissa, places }.normalised())
    }

    /// The value in units of `10^-places`, rounded half away from zero; refused beyond an `i64`.
    pub(crate) fn to_units(self, places: u32) -> Result<i64, DecimalError> {
        let units = if self.places <= places {
            self.aligned(places)?
        } else {
            match 10i128.checked_pow(self.places - places) {
                // |mantissa| < 1.8·10^38, so beyond 10^38 even the half is out of reach.
                None => 0,
                Some(divisor) => {
                    let quotient = self.mantissa / divisor;
                    let remainder = self.mantissa % divisor;
                    let half_or_more = remainder.unsigned_abs() >= (divisor / 2).unsigned_abs();
                    quotient + if half_or_more { self.mantissa.signum() } else { 0 }
                }
            }
        };
        i64::try_from(units).map_err(|_| DecimalError::TooLarge)
    }

    /// The largest integer that is not above the value.
    pub(crate) fn floor(self) -> i128 {
        match 10i128.checked_pow(self.places) {
            Some(divisor) => self.mantissa.div_euclid(divisor),
            // More places than digits: the value is nearer to 0 than to 1 or −1.
            None => -i128::from(self.is_negative()),
        }
    }

    pub(crate) fn from_integer(value: i128) -> Decimal {
        Decimal { mantissa: value, places: 0 }
    }

    pub(crate) fn is_negative(self) -> bool {
        self.mantissa < 0
    }

    fn scaled(mantissa: i128, places: i64) -> Result<Decimal, DecimalError> {
        if mantissa == 0 {
            return Ok(Decimal::ZERO);
        }
        if let Ok(places) = u32::try_from(places) {
            return Ok(Decimal { mantissa, places }.normalised());
        }
        let zeros = u32::try_from(places.unsigned_abs()).map_err(|_| DecimalError::TooLarge)?;
        let mantissa = 10i128.checked_pow(zeros).and_then(|ten| mantissa.checked_mul(ten));
        mantissa.map(|mantissa| Decimal { mantissa, places: 0 }).ok_or(DecimalError::TooLarge)
    }

    /// The mantissa at `places`, which must not be fewer than our own.
    fn aligned(self, places: u32) -> Result<i128, DecimalError> {
        if self.mantissa == 0 {
            return Ok(0);
        }
        let factor = 10i128.checked_pow(places - self.places).ok_or(DecimalError::TooLarge)?;
        self.mantissa.checked_mul(factor).ok_or(DecimalError::TooLarge)
    }

    fn normalised(mut self) -> Decimal {
        if self.mantissa == 0 {
            return Decimal::ZERO;
        }
        while self.places > 0 && self.mantissa % 10 == 0 {
            self.mantissa /= 10;
            self.places -= 1;
        }
        self
    }
}

impl std::fmt::Display for Decimal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&fixed_text(self.mantissa, self.places))
    }
}

/// Writes `units × 10^-places` as the shortest exact text: 1500 at 3 places is `1.5`.
pub(crate) fn units_text(units: i64, places: u32) -> String {
    fixed_text(i128::from(units), places)
}

fn fixed_text(mantissa: i128, places: u32) -> String {
    let sign = if mantissa < 0 { "-" } else { "" };
    let places = usize::try_from(places).unwrap_or(usize::MAX);
    let digits = format!("{:0>width$}", mantissa.unsigned_abs(), width = places.saturating_add(1));
    let (whole, fraction) = digits.split_at(digits.len() - places);
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

fn parse_exponent(text: &str) -> Result<i64, DecimalError> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(DecimalError::NotADecimal);
    }
    match text.parse::<i64>() {
        Ok(exponent) if exponent.abs() <= MAX_EXPONENT => Ok(exponent),
        _ if text.starts_with('-') => Err(DecimalError::TooManyPlaces),
        _ => Err(DecimalError::TooLarge),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).unwrap_or_else(|error| panic!("{text:?}: {error:?}"))
    }

    #[test]
    fn plain_decimals_are_read_exactly() {
        for (text, shown) in [
            ("0", "0"),
            ("-0", "0"),
            ("007", "7"),
            ("1.50", "1.5"),
            (".5", "0.5"),
            ("1.", "1"),
            ("+2", "2"),
            (" 12 ", "12"),
            ("-0.25", "-0.25"),
            ("1e-7", "0.0000001"),
            ("1.25E2", "125"),
            ("2894.11", "2894.11"),
            ("0.000000000000000000000001", "0.000000000000000000000001"),
            ("1.0000000000000000000000000000000000000000000", "1"),
            ("0e60", "0"),
        ] {
            assert_eq!(decimal(text).to_string(), shown, "{text}");
        }
    }

    #[test]
    fn what_is_not_a_usable_decimal_is_refused() {
        use DecimalError::{NotADecimal, TooLarge, TooManyPlaces};
        for (text, error) in [
            ("", NotADecimal),
            (".", NotADecimal),
            ("-", NotADecimal),
            ("abc", NotADecimal),
            ("NaN", NotADecimal),
            ("inf", NotADecimal),
            ("1,000", NotADecimal),
            ("1_000", NotADecimal),
            ("1 2", NotADecimal),
            ("--1", NotADecimal),
            ("1.2.3", NotADecimal),
            ("0x10", NotADecimal),
            ("1e", NotADecimal),
            ("1e+-2", NotADecimal),
            ("٣", NotADecimal),
            ("0.0000000000000000000000001", TooManyPlaces),
            ("1e-25", TooManyPlaces),
            ("1e-99999999999999999999", TooManyPlaces),
            ("1e-61", TooManyPlaces),
            ("1e61", TooLarge),
            ("1e40", TooLarge),
            ("999999999999999999999999999999999999999999", TooLarge),
        ] {
            assert_eq!(Decimal::parse(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn rounding_is_half_away_from_zero() {
        for (text, places, units) in [
            ("0.0000005", 6, 1),
            ("0.00000049999", 6, 0),
            ("-0.0000005", 6, -1),
            ("-0.0000004", 6, 0),
            ("2.5", 0, 3),
            ("1.0000015", 6, 1_000_002),
            ("12", 6, 12_000_000),
            ("9223372036854.775807", 6, i64::MAX),
        ] {
            assert_eq!(decimal(text).to_units(places), Ok(units), "{text}");
        }
        assert_eq!(decimal("9223372036854.7758075").to_units(6), Err(DecimalError::TooLarge));
    }

    #[test]
    fn a_product_with_more_places_than_digits_rounds_to_zero() {
        let tiny = decimal("0.000000000000000000000001");
        let product = tiny.checked_mul(tiny).and_then(|p| p.checked_mul(tiny)).expect("72 places are held");
        assert_eq!(product.to_units(9), Ok(0));
    }

    #[test]
    fn sums_do_not_drift_as_floats_do() {
        let sum = decimal("0.1").checked_add(decimal("0.2")).expect("fits");
        assert_eq!(sum, decimal("0.3"));
        assert_eq!(decimal("0.3").checked_sub(decimal("0.3")), Ok(Decimal::ZERO));
    }

    #[test]
    fn arithmetic_beyond_the_digits_is_refused_not_wrapped() {
        let big = decimal("1e38");
        assert_eq!(big.checked_mul(decimal("10")), Err(DecimalError::TooLarge));
        assert_eq!(big.checked_add(decimal("0.1")), Err(DecimalError::TooLarge));
    }

    #[test]
    fn floor_goes_down_on_both_sides_of_zero() {
        for (text, floor) in [("3.7", 3), ("0.999", 0), ("5", 5), ("-0.1", -1), ("-2", -2), ("0", 0)] {
            assert_eq!(decimal(text).floor(), floor, "{text}");
        }
        let tiny = decimal("1e-24");
        let tinier = tiny.checked_mul(tiny).expect("48 places are held");
        assert_eq!(tinier.floor(), 0);
        assert_eq!(Decimal::ZERO.checked_sub(tinier).map(Decimal::floor), Ok(-1));
    }

    /// A rational with a power-of-ten denominator, computed without the code under test.
    fn rational(mantissa: i64, places: u32) -> (i128, i128) {
        (i128::from(mantissa), 10i128.pow(places))
    }

    fn text_of(mantissa: i64, places: u32) -> String {
        format!("{mantissa}e-{places}")
    }

    proptest! {
        #[test]
        fn a_times_b_plus_c_equals_rational_arithmetic(
            a in -1_000_000_i64..1_000_000, a_places in 0_u32..8,
            b in -1_000_000_i64..1_000_000, b_places in 0_u32..8,
            c in -1_000_000_i64..1_000_000, c_places in 0_u32..8,
        ) {
            let exact = decimal(&text_of(a, a_places))
                .checked_mul(decimal(&text_of(b, b_places)))
                .and_then(|product| product.checked_add(decimal(&text_of(c, c_places))))
                .expect("fits");
            let ((an, ad), (bn, bd), (cn, cd)) = (rational(a, a_places), rational(b, b_places), rational(c, c_places));
            let (numerator, denominator) = (an * bn * cd + cn * ad * bd, ad * bd * cd);

            // The value itself, by cross multiplication …
            let (own_numerator, own_denominator) = (exact.mantissa, 10i128.pow(exact.places));
            prop_assert_eq!(own_numerator.checked_mul(denominator / own_denominator), Some(numerator));
            // … and the rounded one: |value·10^6 − units| ≤ ½, a tie going away from zero.
            let units = i128::from(exact.to_units(6).expect("fits"));
            let twice_off = 2 * (numerator * 1_000_000 - units * denominator);
            prop_assert!(twice_off.abs() <= denominator);
            prop_assert!(twice_off.abs() < denominator || units.abs() * denominator > numerator.abs() * 1_000_000);
        }

        #[test]
        fn the_text_of_a_decimal_reads_back_as_itself(mantissa in any::<i64>(), places in 0_u32..20) {
            let value = decimal(&text_of(mantissa, places));
            prop_assert_eq!(decimal(&value.to_string()), value);
        }
    }
}
