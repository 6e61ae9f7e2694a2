//! Amounts: integers of a named unit, parsed exactly from decimal text. No float, no silent wrap.

use std::fmt;

use thiserror::Error;

/// Micro-credits in one credit.
const MICRO: i64 = 1_000_000;

/// Credits, counted in micro-credits (10⁻⁶ of a credit). Signed, because a balance may be in debt.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Credits(i64);

impl Credits {
    /// No credits.
    pub const ZERO: Self = Self(0);
    /// The largest balance or amount: 8·10⁹ credits, below 2³³ so that every value survives a double.
    pub const MAX: Self = Self(8_000_000_000 * MICRO);
    /// Decimal places on the wire.
    pub const PLACES: u32 = 6;

    /// From micro-credits.
    pub const fn from_micro(micro: i64) -> Self {
        Self(micro)
    }

    /// From whole credits; `None` beyond [`Credits::MAX`].
    pub fn whole(credits: i64) -> Option<Self> {
        credits.checked_mul(MICRO).map(Self).filter(|c| c.0.abs() <= Self::MAX.0)
    }

    /// In micro-credits.
    pub const fn micro(self) -> i64 {
        self.0
    }

    /// Parses a decimal with at most six places, within ±[`Credits::MAX`].
    pub fn parse(text: &str) -> Result<Self, DecimalError> {
        let micro = parse_decimal(text, Self::PLACES)?;
        if micro.abs() > Self::MAX.0 { Err(DecimalError::OutOfRange) } else { Ok(Self(micro)) }
    }

    /// The sum, or `None` beyond ±[`Credits::MAX`].
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self).filter(|c| c.0.abs() <= Self::MAX.0)
    }

    /// The difference, or `None` beyond ±[`Credits::MAX`].
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.checked_add(Self(-other.0))
    }

    /// Whether there are none.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Whether more than none.
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }
}

// Inside the ledger every operand is already bounded by `Credits::MAX`, so a plain sum of two cannot wrap an i64;
// sums that must stay within the bound use the checked forms.
impl std::ops::Add for Credits {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl std::ops::Sub for Credits {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl std::ops::AddAssign for Credits {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl std::ops::SubAssign for Credits {
    fn sub_assign(&mut self, other: Self) {
        self.0 -= other.0;
    }
}

impl std::iter::Sum for Credits {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::ZERO, |a, b| a + b)
    }
}

impl fmt::Display for Credits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        format_decimal(f, self.0.into(), Self::PLACES)
    }
}

impl fmt::Debug for Credits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}cr")
    }
}

/// Currencies whose smallest coin is not a hundredth, by decimal places, as ISO 4217 has them. How a payment provider
/// counts is the provider's matter, and sometimes another.
const MINOR_DIGITS: &[(u32, &[&str])] = &[
    (
        0,
        &[
            "bif", "clp", "djf", "gnf", "isk", "jpy", "kmf", "krw", "pyg", "rwf", "ugx", "uyi", "vnd", "vuv",
            "xaf", "xof", "xpf",
        ],
    ),
    (3, &["bhd", "iqd", "jod", "kwd", "lyd", "omr", "tnd"]),
    (4, &["clf", "uyw"]),
];

/// An ISO 4217 currency code, kept in lower case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// US dollar, the default currency of a project.
    pub const USD: Self = Self(*b"usd");

    /// Parses three ASCII letters of either case.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 3] = text.as_bytes().try_into().ok()?;
        bytes.iter().all(u8::is_ascii_alphabetic).then(|| Self(bytes.map(|b| b.to_ascii_lowercase())))
    }

    /// The three letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }

    /// Nano-units of its smallest coin: what nobody can pay a part of.
    pub fn coin_nano(self) -> i64 {
        10i64.pow(Money::PLACES - self.minor_digits())
    }

    /// Decimal places of its smallest coin: 2 for a cent, 0 where there are no coins, 3 for a fils.
    pub fn minor_digits(&self) -> u32 {
        let listed = MINOR_DIGITS.iter().find(|(_, codes)| codes.contains(&self.as_str()));
        listed.map_or(2, |(digits, _)| *digits)
    }

    pub(crate) const fn bytes(self) -> [u8; 3] {
        self.0
    }

    pub(crate) const fn from_bytes(bytes: [u8; 3]) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Real money: nano-units (10⁻⁹) of a currency.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    /// Nano-units of `currency`.
    pub nano: i64,
    /// The currency.
    pub currency: Currency,
}

impl Money {
    /// Decimal places on the wire.
    pub const PLACES: u32 = 9;
    /// The largest single amount: 9·10⁹ units of a currency, just within an `i64` of nano-units.
    pub const NANO_MAX: i64 = 9_000_000_000 * 1_000_000_000;

    /// Parses a decimal with at most nine places, not negative.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, DecimalError> {
        let nano = parse_decimal(text, Self::PLACES)?;
        match nano {
            n if n < 0 => Err(DecimalError::Negative),
            n if n > Self::NANO_MAX => Err(DecimalError::OutOfRange),
            nano => Ok(Self { nano, currency }),
        }
    }

    /// The amount as decimal text without the currency.
    pub fn amount(&self) -> String {
        Self::amount_of(self.nano.into())
    }

    /// A sum of nano-units as decimal text: sums may pass what a single amount can be.
    pub fn amount_of(nano: i128) -> String {
        Decimal(nano, Self::PLACES).to_string()
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount(), self.currency.as_str())
    }
}

/// How much of a thing an event was about (images, tokens, seconds): micro-units (10⁻⁶), always positive.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity(i64);

impl Quantity {
    /// One unit: what an event counts as when its quantity is not given.
    pub const ONE: Self = Self(1_000_000);
    /// The largest quantity of one event, 10⁹ units: more is a mistake in the caller's units.
    pub const MAX: Self = Self(1_000_000_000_000_000);
    /// Decimal places on the wire.
    pub const PLACES: u32 = 6;

    /// From micro-units; `None` unless in (0, [`Quantity::MAX`]].
    pub const fn from_micro(micro: i64) -> Option<Self> {
        if micro > 0 && micro <= Self::MAX.0 { Some(Self(micro)) } else { None }
    }

    /// In micro-units.
    pub const fn micro(self) -> i64 {
        self.0
    }

    /// Parses a decimal with at most six places, in (0, [`Quantity::MAX`]].
    pub fn parse(text: &str) -> Result<Self, DecimalError> {
        match parse_decimal(text, Self::PLACES)? {
            n if n < 0 => Err(DecimalError::Negative),
            0 => Err(DecimalError::Zero),
            n => Self::from_micro(n).ok_or(DecimalError::OutOfRange),
        }
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        format_decimal(f, self.0.into(), Self::PLACES)
    }
}

impl fmt::Debug for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Why a decimal text is not an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DecimalError {
    /// Not of the form `-12.5` or `1.25e3`.
    #[error("must be a decimal number")]
    NotANumber,
    /// More decimal places than the unit has.
    #[error("must have at most {0} decimal places")]
    TooPrecise(u32),
    /// Beyond the unit's named maximum.
    #[error("is out of range")]
    OutOfRange,
    /// Below zero where only an amount makes sense.
    #[error("must not be negative")]
    Negative,
    /// Zero where something must be there.
    #[error("must be greater than zero")]
    Zero,
}

/// Parses JSON-style decimal text into an integer of 10^-`places`, exactly.
///
/// Digits beyond `places` are refused unless they are zeros. An exponent is understood, so that what another
/// program printed as `1e-05` is read as what it says.
pub fn parse_decimal(text: &str, places: u32) -> Result<i64, DecimalError> {
    let bytes = text.as_bytes();
    let (negative, mut rest) = match bytes.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some(_) => (false, bytes),
        None => return Err(DecimalError::NotANumber),
    };
    let mut value: i128 = 0;
    // Digits seen behind the point, less the exponent: where the point stands.
    let mut scale: i64 = 0;
    let mut digits = 0u32;
    let mut behind_point = false;
    while let Some((&b, tail)) = rest.split_first() {
        match b {
            b'0'..=b'9' => {
                digits += 1;
                // 30 significant digits hold every amount of ours with room to spare.
                if value > 10i128.pow(30) {
                    return Err(DecimalError::OutOfRange);
                }
                value = value * 10 + i128::from(b - b'0');
                scale += i64::from(behind_point);
            }
            b'.' if !behind_point && digits > 0 && tail.first().is_some_and(u8::is_ascii_digit) => {
                behind_point = true;
            }
            b'e' | b'E' if digits > 0 => {
                let exponent = std::str::from_utf8(tail).map_err(|_| DecimalError::NotANumber)?;
                let shift: i16 = exponent.parse().map_err(|_| DecimalError::NotANumber)?;
                scale -= i64::from(shift);
                rest = &[];
                continue;
            }
            _ => return Err(DecimalError::NotANumber),
        }
        rest = tail;
    }
    if digits == 0 {
        return Err(DecimalError::NotANumber);
    }
    while scale > i64::from(places) {
        if value % 10 != 0 {
            return Err(DecimalError::TooPrecise(places));
        }
        value /= 10;
        scale -= 1;
        if value == 0 {
            return Ok(0);
        }
    }
    let shift = u32::try_from(i64::from(places) - scale).map_err(|_| DecimalError::OutOfRange)?;
    let scaled = match (value, shift) {
        (0, _) => 0,
        (_, 0..=19) => value.checked_mul(10i128.pow(shift)).ok_or(DecimalError::OutOfRange)?,
        _ => return Err(DecimalError::OutOfRange),
    };
    let signed = if negative { -scaled } else { scaled };
    i64::try_from(signed).map_err(|_| DecimalError::OutOfRange)
}

struct Decimal(i128, u32);

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        format_decimal(f, self.0, self.1)
    }
}

/// Writes an integer of 10^-`places` as decimal text without trailing zeros.
fn format_decimal(f: &mut fmt::Formatter<'_>, value: i128, places: u32) -> fmt::Result {
    let unit = 10u128.pow(places);
    let (whole, mut fraction) = (value.unsigned_abs() / unit, value.unsigned_abs() % unit);
    if value < 0 {
        f.write_str("-")?;
    }
    write!(f, "{whole}")?;
    if fraction == 0 {
        return Ok(());
    }
    let mut width = places as usize;
    while fraction % 10 == 0 {
        fraction /= 10;
        width -= 1;
    }
    write!(f, ".{fraction:0width$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_read_exactly() {
        for (text, places, expected) in [
            ("0", 6, Ok(0)),
            ("12", 6, Ok(12_000_000)),
            ("-0.5", 6, Ok(-500_000)),
            ("0.000001", 6, Ok(1)),
            ("1.2500000", 6, Ok(1_250_000)),
            ("1e3", 6, Ok(1_000_000_000)),
            ("1e-05", 6, Ok(10)),
            ("2.5E+1", 6, Ok(25_000_000)),
            ("0e999", 6, Ok(0)),
            ("0.0000001", 6, Err(DecimalError::TooPrecise(6))),
            ("1e-7", 6, Err(DecimalError::TooPrecise(6))),
            ("9223372036854.775807", 6, Ok(i64::MAX)),
            ("9223372036854.775808", 6, Err(DecimalError::OutOfRange)),
            ("1e40", 6, Err(DecimalError::OutOfRange)),
            ("99999999999999999999999999999999999999999", 0, Err(DecimalError::OutOfRange)),
            ("", 6, Err(DecimalError::NotANumber)),
            ("-", 6, Err(DecimalError::NotANumber)),
            (".5", 6, Err(DecimalError::NotANumber)),
            ("5.", 6, Err(DecimalError::NotANumber)),
            ("1.2.3", 6, Err(DecimalError::NotANumber)),
            ("1e", 6, Err(DecimalError::NotANumber)),
            ("1e1e1", 6, Err(DecimalError::NotANumber)),
            ("NaN", 6, Err(DecimalError::NotANumber)),
            ("Infinity", 6, Err(DecimalError::NotANumber)),
            ("+1", 6, Err(DecimalError::NotANumber)),
            (" 1", 6, Err(DecimalError::NotANumber)),
            ("１", 6, Err(DecimalError::NotANumber)),
        ] {
            assert_eq!(parse_decimal(text, places), expected, "{text:?}");
        }
    }

    #[test]
    fn bounds_of_each_unit_hold_on_both_sides() {
        assert_eq!(Credits::parse("8000000000"), Ok(Credits::MAX));
        assert_eq!(Credits::parse("8000000000.000001"), Err(DecimalError::OutOfRange));
        assert_eq!(Quantity::parse("1000000000"), Ok(Quantity::MAX));
        assert_eq!(Quantity::parse("1000000000.000001"), Err(DecimalError::OutOfRange));
        assert_eq!(Quantity::parse("0"), Err(DecimalError::Zero));
        assert_eq!(Quantity::parse("-1"), Err(DecimalError::Negative));
        assert_eq!(Money::parse("9000000000", Currency::USD).map(|m| m.nano), Ok(Money::NANO_MAX));
        assert_eq!(Money::parse("9000000000.000000001", Currency::USD), Err(DecimalError::OutOfRange));
        assert_eq!(Money::parse("-0.01", Currency::USD), Err(DecimalError::Negative));
    }

    #[test]
    fn smallest_coin_is_a_hundredth_unless_the_currency_says_otherwise() {
        for (code, digits) in [
            ("usd", 2),
            ("EUR", 2),
            ("mga", 2),
            ("twd", 2),
            ("jpy", 0),
            ("KRW", 0),
            ("isk", 0),
            ("ugx", 0),
            ("kwd", 3),
            ("tnd", 3),
            ("clf", 4),
            ("zzz", 2),
        ] {
            assert_eq!(Currency::parse(code).map(|currency| currency.minor_digits()), Some(digits), "{code}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_printed_is_read_back(micro in -8_000_000_000_000_000i64..=8_000_000_000_000_000) {
            let credits = Credits::from_micro(micro);
            proptest::prop_assert_eq!(Credits::parse(&credits.to_string()), Ok(credits));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,40}", places in 0u32..=9) {
            let _ = parse_decimal(&text, places);
        }
    }
}
