//! Credits, quantities and money, exact in both directions. No binary float comes near an amount.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

const PLACES: usize = 6;
const ONE: i128 = 1_000_000;

/// Credits, or a quantity: an exact number of up to six decimal places.
///
/// It is made of integers and of decimal text, never of floats:
///
/// ```
/// use chargly_client::Amount;
///
/// let half: Amount = "0.5".parse()?;
/// assert_eq!(half.checked_add(Amount::from(2)).unwrap().to_string(), "2.5");
/// assert_eq!(Amount::from(40), 40);
/// assert!("0.0000001".parse::<Amount>().is_err());
/// # Ok::<(), chargly_client::AmountError>(())
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(i128);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Of millionths, the smallest part of an amount.
    #[must_use]
    pub const fn from_millionths(millionths: i64) -> Self {
        Self(millionths as i128)
    }

    /// In millionths, which is exact.
    #[must_use]
    pub const fn millionths(self) -> i128 {
        self.0
    }

    /// As an integer, where it is whole.
    #[must_use]
    pub fn whole(self) -> Option<i64> {
        (self.0 % ONE == 0).then(|| i64::try_from(self.0 / ONE).ok()).flatten()
    }

    /// The sum, unless it is too large to be an amount.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The difference, unless it is too large to be an amount.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }
}

/// A text that is no [`Amount`]: not a plain decimal number, or one of more than six places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AmountError(String);

impl fmt::Display for AmountError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not a decimal number of at most {PLACES} places", self.0)
    }
}

impl std::error::Error for AmountError {}

impl FromStr for Amount {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        parse(text).map(Self).ok_or_else(|| AmountError(text.chars().take(64).collect()))
    }
}

fn parse(text: &str) -> Option<i128> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let significant = fraction.trim_end_matches('0');
    // Far beyond what a ledger holds, and far below what would overflow.
    if !all_digits(whole) || !all_digits(fraction) || significant.len() > PLACES || whole.len() > 24 {
        return None;
    }
    let fraction: i128 = format!("{significant:0<PLACES$}").parse().ok()?;
    Some(sign * (whole.parse::<i128>().ok()? * ONE + fraction))
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) =
            (self.0.unsigned_abs() / ONE.unsigned_abs(), self.0.unsigned_abs() % ONE.unsigned_abs());
        let fraction = format!("{rest:0PLACES$}");
        let (dot, fraction) = if rest == 0 { ("", "") } else { (".", fraction.trim_end_matches('0')) };
        f.pad_integral(self.0 >= 0, "", &format!("{whole}{dot}{fraction}"))
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

macro_rules! from_integers {
    ($($integer:ty),*) => {$(
        impl From<$integer> for Amount {
            fn from(value: $integer) -> Self {
                Self(i128::from(value) * ONE)
            }
        }
    )*};
}

from_integers!(u8, u16, u32, u64, i8, i16, i32, i64);

impl PartialEq<i64> for Amount {
    fn eq(&self, other: &i64) -> bool {
        *self == Self::from(*other)
    }
}

impl PartialOrd<i64> for Amount {
    fn partial_cmp(&self, other: &i64) -> Option<std::cmp::Ordering> {
        self.partial_cmp(&Self::from(*other))
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.whole() {
            Some(whole) => serializer.serialize_i64(whole),
            // As it is written, which no float would keep.
            None => RawValue::from_string(self.to_string()).map_err(S::Error::custom)?.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <Box<RawValue>>::deserialize(deserializer)?;
        raw.get().trim_matches('"').parse().map_err(D::Error::custom)
    }
}

/// An amount of real money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Money {
    /// A decimal string, like `0.04`.
    pub amount: String,
    /// In lower case, like `usd`.
    pub currency: String,
}

impl Money {
    /// `Money::new("0.04", "usd")`.
    pub fn new(amount: impl Into<String>, currency: impl Into<String>) -> Self {
        Self { amount: amount.into(), currency: currency.into() }
    }

    /// In the smallest coins of the currency, where it is a whole number of them: `10.00 usd` is 1000.
    #[must_use]
    pub fn minor_units(&self) -> Option<i64> {
        let places = match self.currency.as_str() {
            "bif" | "clp" | "djf" | "gnf" | "isk" | "jpy" | "kmf" | "krw" | "pyg" | "rwf" | "ugx" | "uyi"
            | "vnd" | "vuv" | "xaf" | "xof" | "xpf" => 0,
            "bhd" | "iqd" | "jod" | "kwd" | "lyd" | "omr" | "tnd" => 3,
            "clf" | "uyw" => 4,
            _ => 2,
        };
        let coins = parse(&self.amount)?.checked_mul(10_i128.pow(places))?;
        (coins % ONE == 0).then(|| i64::try_from(coins / ONE).ok()).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_what_was_written() {
        for (text, shown) in [
            ("0", "0"),
            ("-0", "0"),
            ("40", "40"),
            ("0.1", "0.1"),
            ("-0.000001", "-0.000001"),
            ("7000000000.423457", "7000000000.423457"),
            ("1.50", "1.5"),
            ("1.0000000", "1"),
        ] {
            let amount: Amount = serde_json::from_str(text).unwrap();
            assert_eq!(amount.to_string(), shown);
            assert_eq!(serde_json::to_string(&amount).unwrap(), shown);
        }
    }

    #[test]
    fn what_is_no_plain_number_is_refused() {
        for text in [
            "",
            "-",
            ".",
            "1.",
            ".5",
            "1e3",
            "+1",
            " 1",
            "1 ",
            "NaN",
            "0x1",
            "--1",
            "1.2.3",
            "0.0000001",
            "٣",
        ] {
            assert!(text.parse::<Amount>().is_err(), "{text:?}");
        }
        assert!("1".repeat(25).parse::<Amount>().is_err());
        assert!("9".repeat(24).parse::<Amount>().is_ok());
    }

    #[test]
    fn money_in_its_smallest_coins() {
        for (amount, currency, coins) in [
            ("10", "usd", Some(1000)),
            ("10.99", "eur", Some(1099)),
            ("0.005", "usd", None),
            ("500", "jpy", Some(500)),
            ("1.234", "kwd", Some(1234)),
            ("", "usd", None),
        ] {
            assert_eq!(Money::new(amount, currency).minor_units(), coins, "{amount} {currency}");
        }
    }
}
