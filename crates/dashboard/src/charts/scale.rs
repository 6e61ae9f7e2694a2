//! From amounts to places: zero-based, with ticks at round numbers.

use crate::look::{Amount, UNIT};

/// About how many ticks an axis has.
const TICKS_ABOUT: i128 = 4;

/// Amounts from `low` to `high`, onto places from `from` to `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scale {
    low: i128,
    high: i128,
    step: i128,
    from: i64,
    to: i64,
}

impl Scale {
    /// A scale that holds all `amounts` and zero, and ends at round numbers. `from` is where the lowest is drawn.
    pub(crate) fn holding(amounts: impl IntoIterator<Item = Amount>, from: i64, to: i64) -> Self {
        let (low, high) =
            amounts.into_iter().fold((0, 0), |(low, high), amount| (amount.0.min(low), amount.0.max(high)));
        if low == high {
            // Of nothing but zeros: up to a whole one, which everybody can read.
            return Self { low: 0, high: UNIT, step: UNIT, from, to };
        }
        let step = round_step((high - low) / TICKS_ABOUT);
        let (low, high) = (-(-low).max(0).div_euclid_up(step), high.max(0).div_euclid_up(step));
        Self { low: low * step, high: (high * step).max(low * step + step), step, from, to }
    }

    /// Where an amount is drawn.
    pub(crate) fn place(&self, amount: Amount) -> i64 {
        let within = amount.0.clamp(self.low, self.high) - self.low;
        let length = i128::from(self.to - self.from);
        let place = within.saturating_mul(length) / (self.high - self.low);
        self.from + i64::try_from(place).unwrap_or_default()
    }

    /// Where zero is drawn.
    pub(crate) fn zero(&self) -> i64 {
        self.place(Amount::ZERO)
    }

    /// The ticks, from the lowest on.
    pub(crate) fn ticks(&self) -> impl Iterator<Item = Amount> + use<> {
        let (low, step, count) = (self.low, self.step, (self.high - self.low) / self.step);
        (0..=count).map(move |at| Amount(low + at * step))
    }
}

trait DivUp {
    /// Rounded up.
    fn div_euclid_up(self, by: Self) -> Self;
}

impl DivUp for i128 {
    fn div_euclid_up(self, by: Self) -> Self {
        self.div_euclid(by) + Self::from(self.rem_euclid(by) > 0)
    }
}

/// The smallest of 1, 2, 5, 10, 20, … that is no less.
pub(super) fn round_step(least: i128) -> i128 {
    let mut power: i128 = 1;
    loop {
        for step in [1, 2, 5] {
            if let Some(step) = power.checked_mul(step).filter(|step| *step >= least) {
                return step;
            }
        }
        match power.checked_mul(10) {
            Some(next) => power = next,
            None => return least,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scale(amounts: &[i64]) -> Scale {
        Scale::holding(amounts.iter().map(|amount| Amount::whole(*amount)), 0, 10_000)
    }

    #[test]
    fn ticks_are_round_and_hold_everything_and_zero() {
        for (amounts, expected) in [
            (&[0, 7][..], vec![0, 2, 4, 6, 8]),
            (&[120], vec![0, 50, 100, 150]),
            (&[-3, 9], vec![-5, 0, 5, 10]),
            (&[-40], vec![-40, -30, -20, -10, 0]),
        ] {
            let got: Vec<i128> = scale(amounts).ticks().map(|tick| tick.0 / crate::look::UNIT).collect();
            let expected: Vec<i128> = expected;
            assert_eq!(
                got.first().zip(got.last()),
                expected.first().zip(expected.last()),
                "{amounts:?}: {got:?}"
            );
        }
        assert_eq!(scale(&[]).ticks().count(), 2, "nothing has an axis too");
    }

    proptest::proptest! {
        #[test]
        fn whatever_there_is_lies_within_and_in_order(mut amounts in proptest::collection::vec(-1_i64 << 40..1 << 40, 1..9)) {
            amounts.sort_unstable();
            let scale = scale(&amounts);
            let places: Vec<i64> = amounts.iter().map(|amount| scale.place(Amount::whole(*amount))).collect();
            proptest::prop_assert!(places.is_sorted() && places.iter().all(|place| (0..=10_000).contains(place)));
            proptest::prop_assert!(scale.ticks().count() <= 9);
        }
    }
}
