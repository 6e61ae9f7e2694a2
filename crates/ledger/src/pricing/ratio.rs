//! Exact ratios, for multipliers that have no decimal form.

use std::fmt;

use thiserror::Error;

use crate::codec::{Bytes, Codec, DecodeError};
use crate::parse_decimal;

/// Decimal places a multiplier may be written with: as many as money has.
const PLACES: u32 = 9;

/// A positive ratio in lowest terms.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Ratio {
    num: i64,
    den: i64,
}

/// Why a text is no ratio.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RatioError {
    /// Neither a decimal nor a fraction.
    #[error("must be a decimal like \"1000\" or a fraction like \"2000/3\"")]
    NotARatio,
    /// Zero or below.
    #[error("must be greater than zero")]
    NotPositive,
    /// Its parts do not fit.
    #[error("is too large, or has too many digits")]
    OutOfRange,
}

impl Ratio {
    /// One for one.
    pub const ONE: Self = Self { num: 1, den: 1 };

    /// `num / den`, reduced.
    ///
    /// # Errors
    /// [`RatioError`] unless both are positive and fit in 63 bits once reduced.
    pub fn new(num: i128, den: i128) -> Result<Self, RatioError> {
        if num <= 0 || den <= 0 {
            return Err(RatioError::NotPositive);
        }
        let common = gcd(num, den);
        let part = |value: i128| i64::try_from(value / common).map_err(|_| RatioError::OutOfRange);
        Ok(Self { num: part(num)?, den: part(den)? })
    }

    /// Reads `1000`, `0.5` or `2000/3`.
    ///
    /// # Errors
    /// [`RatioError`] naming what is wrong.
    pub fn parse(text: &str) -> Result<Self, RatioError> {
        match text.split_once('/') {
            Some((num, den)) => {
                let whole = |part: &str| match part.as_bytes() {
                    [b'0'..=b'9', ..] => part.parse::<i64>().map_err(|_| RatioError::NotARatio),
                    _ => Err(RatioError::NotARatio),
                };
                Self::new(whole(num)?.into(), whole(den)?.into())
            }
            None => {
                let nano = parse_decimal(text, PLACES).map_err(|error| match error {
                    crate::DecimalError::NotANumber => RatioError::NotARatio,
                    _ => RatioError::OutOfRange,
                })?;
                Self::new(nano.into(), 10i128.pow(PLACES))
            }
        }
    }

    /// Above the line.
    pub const fn num(self) -> i64 {
        self.num
    }

    /// Below the line.
    pub const fn den(self) -> i64 {
        self.den
    }

    /// Whole and nano parts, where it has that decimal form.
    pub(super) fn nano(self) -> Option<i128> {
        let nano = i128::from(self.num) * 10i128.pow(PLACES);
        (nano % i128::from(self.den) == 0).then(|| nano / i128::from(self.den))
    }
}

impl fmt::Display for Ratio {
    /// As a decimal where that is exact, else as a fraction.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.nano() {
            Some(nano) => f.write_str(&crate::Money::amount_of(nano)),
            None => write!(f, "{}/{}", self.num, self.den),
        }
    }
}

impl fmt::Debug for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Codec for Ratio {
    fn put(&self, out: &mut Vec<u8>) {
        self.num.put(out);
        self.den.put(out);
    }
    fn get(from: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        let (num, den) = (i64::get(from)?, i64::get(from)?);
        if num > 0 && den > 0 { Ok(Self { num, den }) } else { Err(DecodeError::Invalid("ratio")) }
    }
}

fn gcd(mut a: i128, mut b: i128) -> i128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_read_reduced_and_shown_exactly() {
        for (text, expected) in [
            ("1000", Ok("1000")),
            ("0.5", Ok("0.5")),
            ("0.000000001", Ok("0.000000001")),
            ("2000/3", Ok("2000/3")),
            ("4000/6", Ok("2000/3")),
            ("3000/3", Ok("1000")),
            ("1/2", Ok("0.5")),
            ("0", Err(RatioError::NotPositive)),
            ("-1", Err(RatioError::NotPositive)),
            ("0/3", Err(RatioError::NotPositive)),
            ("3/0", Err(RatioError::NotPositive)),
            ("-3/-1", Err(RatioError::NotARatio)),
            ("+3/1", Err(RatioError::NotARatio)),
            ("1/2/3", Err(RatioError::NotARatio)),
            ("1.5/2", Err(RatioError::NotARatio)),
            ("a", Err(RatioError::NotARatio)),
            ("", Err(RatioError::NotARatio)),
            ("0.0000000001", Err(RatioError::OutOfRange)),
            ("99999999999", Err(RatioError::OutOfRange)),
        ] {
            assert_eq!(Ratio::parse(text).map(|r| r.to_string()), expected.map(str::to_owned), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_shown_is_read_back(num in 1i64.., den in 1i64..1_000_000) {
            let ratio = Ratio::new(num.into(), den.into()).expect("positive");
            if let Ok(back) = Ratio::parse(&ratio.to_string()) {
                proptest::prop_assert_eq!(back, ratio);
            } else {
                // Only a decimal of more digits than money has.
                proptest::prop_assert!(ratio.nano().is_some_and(|nano| nano > i64::MAX.into()));
            }
        }
    }
}
