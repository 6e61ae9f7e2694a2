//! Sums as exact decimals: integers of a named unit, written as text.

use std::fmt;

/// Decimal places of credits and quantities.
pub(crate) const MICRO_PLACES: u32 = 6;
/// Decimal places of money.
pub(crate) const NANO_PLACES: u32 = 9;

/// An integer of 10⁻ᵖˡᵃᶜᵉˢ, shown as a decimal without trailing zeros. 128 bits, because sums of many of the largest
/// amounts pass 64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exact {
    /// The integer.
    pub(crate) units: i128,
    /// How many decimal places it has.
    pub(crate) places: u32,
}

/// Micro-credits or micro-units as a decimal.
pub(crate) fn micro(units: i128) -> Exact {
    Exact { units, places: MICRO_PLACES }
}

/// Nano-units of a currency as a decimal.
pub(crate) fn nano(units: i128) -> Exact {
    Exact { units, places: NANO_PLACES }
}

impl fmt::Display for Exact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = 10u128.pow(self.places);
        let (whole, fraction) = (self.units.unsigned_abs() / unit, self.units.unsigned_abs() % unit);
        let sign = if self.units < 0 { "-" } else { "" };
        if fraction == 0 {
            return f.pad(&format!("{sign}{whole}"));
        }
        let fraction = format!("{fraction:0width$}", width = self.places as usize);
        f.pad(&format!("{sign}{whole}.{}", fraction.trim_end_matches('0')))
    }
}

impl serde::Serialize for Exact {
    /// As a text: a JSON number of this size would lose digits in most readers.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_written_exactly() {
        for (units, expected) in [
            (0, "0"),
            (1, "0.000001"),
            (1_000_000, "1"),
            (-1_500_000, "-1.5"),
            (-1, "-0.000001"),
            (i128::from(i64::MAX) * 4, "36893488147419.103228"),
        ] {
            assert_eq!(micro(units).to_string(), expected);
        }
        assert_eq!(nano(20_000_000_000).to_string(), "20");
        assert_eq!(format!("{:>6}|", micro(2_500_000)), "   2.5|");
    }
}
