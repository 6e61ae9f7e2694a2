//! An amount as the API answers it, exactly: credits, money, quantities and shares are all billionths of their unit.

/// Billionths in a unit.
pub(crate) const UNIT: i128 = 1_000_000_000;
/// Decimals that an amount has.
const PLACES: usize = 9;

/// Billionths of a unit: of a credit, of the currency, of a thing that was counted, of a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Amount(pub(crate) i128);

impl Amount {
    pub(crate) const ZERO: Self = Self(0);

    /// So many whole units.
    pub(crate) fn whole(units: i64) -> Self {
        Self(i128::from(units) * UNIT)
    }

    /// Reads a decimal as the API writes them. What is finer than a billionth is cut off: the API has nothing so fine.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !is_number(whole) || !is_number(fraction) {
            return None;
        }
        let fraction = &fraction[..fraction.len().min(PLACES)];
        let mut nano: i128 = 0;
        for digit in whole.bytes().chain(fraction.bytes()) {
            nano = nano.checked_mul(10)?.checked_add(i128::from(digit - b'0'))?;
        }
        for _ in fraction.len()..PLACES {
            nano = nano.checked_mul(10)?;
        }
        Some(Self(if negative { -nano } else { nano }))
    }

    /// The decimal without trailing zeros: what a table behind a chart shows, and what can be sent back.
    pub(crate) fn exact(self) -> String {
        let (sign, nano) = (if self.0 < 0 { "-" } else { "" }, self.0.unsigned_abs());
        let unit = UNIT.unsigned_abs();
        let fraction = format!("{:09}", nano % unit);
        let fraction = fraction.trim_end_matches('0');
        let point = if fraction.is_empty() { "" } else { "." };
        format!("{sign}{}{point}{fraction}", nano / unit)
    }

    pub(crate) fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// This less the other; the largest there is where it would be more.
    pub(crate) fn less(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// This and the other.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// `self ÷ whole`, as a share; nothing of nothing. Rounded towards zero.
    pub(crate) fn share_of(self, whole: Self) -> Option<Self> {
        (whole.0 != 0).then(|| self.0.checked_mul(UNIT).map(|scaled| Self(scaled / whole.0)))?
    }
}

impl std::iter::Sum for Amount {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Self::plus)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_read_and_written_exactly() {
        for (text, nano) in [
            ("0", 0),
            ("12", 12_000_000_000),
            ("-0.5", -500_000_000),
            ("0.016112102", 16_112_102),
            ("0.0161121029", 16_112_102),
            ("9000000000000", 9_000_000_000_000_000_000_000),
        ] {
            assert_eq!(Amount::parse(text), Some(Amount(nano)), "{text}");
        }
        for text in ["", "-", ".5", "1e3", "1,000", "a", "1.2.3", "--1"] {
            assert_eq!(Amount::parse(text), None, "{text}");
        }
        for text in ["0", "12.5", "-0.5", "0.000000001"] {
            assert_eq!(Amount::parse(text).expect("a decimal").exact(), text);
        }
    }

    #[test]
    fn share_of_nothing_is_none() {
        assert_eq!(Amount::whole(1).share_of(Amount::ZERO), None);
        assert_eq!(Amount::whole(1).share_of(Amount::whole(4)), Some(Amount(250_000_000)));
    }
}
