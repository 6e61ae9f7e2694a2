//! Ratios of figures, in integers. Every one is rounded down, so that no share says 1 before it is whole and no margin
//! shows more than there is; where there is nothing to divide by there is no ratio, and never a 0.

use chargly_ledger::{Catalogue, PackVersion};

/// Basis points in a whole.
const WHOLE_BP: i128 = 10_000;
/// Micro-units in a unit: of credits, of a quantity.
const MICRO: i128 = 1_000_000;

/// `part` of `whole` in basis points.
pub fn share_bp(part: i128, whole: i128) -> Option<i64> {
    if whole <= 0 {
        return None;
    }
    i64::try_from(part.checked_mul(WHOLE_BP)?.div_euclid(whole)).ok()
}

/// (revenue − cost) / revenue in basis points: a margin of revenue, never a markup. `None` without revenue.
pub fn margin_bp(revenue_nano: i128, cost_nano: i128) -> Option<i64> {
    share_bp(revenue_nano.checked_sub(cost_nano)?, revenue_nano)
}

/// Nano-units for one credit.
pub fn per_credit_nano(money_nano: i128, credits_micro: i128) -> Option<i128> {
    if credits_micro <= 0 {
        return None;
    }
    Some(money_nano.checked_mul(MICRO)?.div_euclid(credits_micro))
}

/// What one credit is worth in planning: an exact ratio, as 20 dollars for 1,300 credits is no whole number of anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CreditValue {
    /// Nano-units of money …
    pub nano: i128,
    /// … for as many micro-credits, more than 0.
    pub micro: i128,
    /// How it is known.
    pub source: ValueSource,
}

/// How it is known what a credit is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueSource {
    /// It was set.
    Set,
    /// It is what was really paid.
    Paid,
    /// Nothing was paid yet: it is what one costs in the pack that is cheapest by the credit.
    Pack,
}

impl ValueSource {
    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Set => "set",
            Self::Paid => "paid",
            Self::Pack => "pack",
        }
    }
}

impl CreditValue {
    /// As set: nano-units for one credit.
    pub fn set(nano: i64) -> Self {
        Self { nano: nano.into(), micro: MICRO, source: ValueSource::Set }
    }

    /// What was really paid for a credit; `None` before anything was sold.
    pub fn paid(cash_nano: i128, credits_micro: i128) -> Option<Self> {
        (cash_nano > 0 && credits_micro > 0).then_some(Self {
            nano: cash_nano,
            micro: credits_micro,
            source: ValueSource::Paid,
        })
    }

    /// What a credit costs in the pack for sale that is cheapest by the credit, bonus included; `None` where nothing is
    /// for sale. The cheapest, because a margin must not look better than the best customer makes it.
    pub fn of_packs(catalogue: &Catalogue) -> Option<Self> {
        let for_sale = catalogue.packs_for_sale().into_iter();
        let ratio = |pack: &PackVersion| {
            (i128::from(pack.terms.price.nano), i128::from(pack.terms.credits_in_all().micro()))
        };
        let ratios = for_sale.map(ratio).filter(|(_, micro)| *micro > 0);
        // a ÷ b against c ÷ d, without dividing: 64 bits each.
        let (nano, micro) = ratios.min_by(|(a, b), (c, d)| (a * d).cmp(&(c * b)))?;
        Some(Self { nano, micro, source: ValueSource::Pack })
    }

    /// Nano-units for one credit, rounded down: for showing. [`CreditValue::of`] does not round on the way.
    pub fn per_credit_nano(&self) -> Option<i128> {
        per_credit_nano(self.nano, self.micro)
    }

    /// What so many micro-credits are worth, in nano-units, rounded down. `None` beyond 128 bits.
    pub fn of(&self, credits_micro: i128) -> Option<i128> {
        Some(credits_micro.checked_mul(self.nano)?.div_euclid(self.micro))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOLLAR: i128 = 1_000_000_000;

    #[test]
    fn margins_are_of_revenue_and_rounded_down() {
        for (revenue, cost, expected) in [
            (100, 40, Some(6_000)),
            (3, 1, Some(6_666)),
            (3, 4, Some(-3_334)),
            (100, 0, Some(10_000)),
            (0, 0, None),
            (0, 5, None),
            (-1, 5, None),
            (i128::MAX, 1, None),
        ] {
            assert_eq!(margin_bp(revenue, cost), expected, "{revenue} {cost}");
        }
        // The golden vector: cost $0.0042, a credit worth $0.004.
        let (cost, value) = (4_200_000, CreditValue::set(4_000_000));
        let margin_at = |credits: i128| margin_bp(value.of(credits * MICRO).expect("fits"), cost);
        assert_eq!((margin_at(4), margin_at(5)), (Some(7_375), Some(7_900)));
    }

    #[test]
    fn shares_are_whole_only_when_nothing_is_missing() {
        assert_eq!(share_bp(99_999, 100_000), Some(9_999));
        assert_eq!(share_bp(100_000, 100_000), Some(10_000));
        assert_eq!(share_bp(0, 0), None);
    }

    #[test]
    fn value_of_a_credit_is_an_exact_ratio() {
        let value = CreditValue::paid(20 * DOLLAR, 1_300 * MICRO).expect("sold");
        assert_eq!(value.per_credit_nano(), Some(15_384_615));
        assert_eq!(value.of(1_300 * MICRO), Some(20 * DOLLAR), "no rounding on the way");
        assert_eq!(CreditValue::paid(0, MICRO), None);
        assert_eq!(CreditValue::paid(DOLLAR, 0), None);
        assert_eq!(per_credit_nano(DOLLAR, 0), None);
    }
}
