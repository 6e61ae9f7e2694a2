//! The credits that reach a margin. Margin is of revenue, in basis points, and every comparison is exact.

use super::{Ratio, RatioError};
use crate::Credits;

/// Margins below this are a target; the whole revenue, in basis points, is none.
pub const TARGET_BP_END: u32 = 10_000;
/// Nano-units in one unit of a currency.
const NANO: i128 = 1_000_000_000;
/// Micro-units in one unit of quantity.
const MICRO: u128 = 1_000_000;

/// What was sold of one event type over some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures {
    /// What it cost the operator, in nano-units of currency.
    pub cost_nano: u128,
    /// How much of it was done, in micro-units.
    pub quantity_micro: u128,
    /// The revenue recognised for it, in nano-units of currency.
    pub revenue_nano: u128,
    /// The credits charged for it, in micro-credits.
    pub credits_micro: u128,
}

/// The multiplier of a cost-plus rule that reaches `target_bp` basis points of margin when one credit earns
/// `credit_value_nano` nano-units: `1 / ((1 − m) × v)`, in credits per unit of currency.
///
/// # Errors
/// [`RatioError`] for a target of the whole revenue or more, and a credit that is worth nothing.
pub fn multiplier_for_margin(target_bp: u32, credit_value_nano: i64) -> Result<Ratio, RatioError> {
    let left = TARGET_BP_END.checked_sub(target_bp).ok_or(RatioError::NotPositive)?;
    Ratio::new(i128::from(TARGET_BP_END) * NANO, i128::from(left) * i128::from(credit_value_nano))
}

/// The margin of some revenue in basis points, rounded down; `None` without revenue, or beyond all figures.
pub fn margin_bp(revenue_nano: i128, cost_nano: i128) -> Option<i64> {
    let gained = revenue_nano.checked_sub(cost_nano)?.checked_mul(i128::from(TARGET_BP_END))?;
    if revenue_nano <= 0 { None } else { i64::try_from(gained.div_euclid(revenue_nano)).ok() }
}

/// The fewest credits for one unit with which these figures would have reached `target_bp` basis points of margin, a
/// credit earning what it did: `ceil(C·K·10⁴ / (Q·V·(10⁴ − m)))`. `None` where nothing was done, earned or charged,
/// for a target of the whole revenue or more, and beyond the largest amount.
pub fn credits_for_margin(figures: &Figures, target_bp: u32) -> Option<Credits> {
    let Figures { cost_nano, quantity_micro, revenue_nano, credits_micro } = *figures;
    let left = TARGET_BP_END.checked_sub(target_bp).filter(|left| *left > 0)?;
    if quantity_micro == 0 || revenue_nano == 0 || credits_micro == 0 {
        return None;
    }
    let needed = Wide::product(&[cost_nano, credits_micro, u128::from(TARGET_BP_END), MICRO]);
    let reaches = |micro: i64| {
        let factors = [quantity_micro, revenue_nano, u128::from(left), u128::from(micro.unsigned_abs())];
        Wide::product(&factors) >= needed
    };
    // The first amount that reaches it, between one that does and one below that does not.
    let (mut least, mut most) = (0, Credits::MAX.micro());
    if !reaches(most) {
        return None;
    }
    while least < most {
        let middle = least + (most - least) / 2;
        if reaches(middle) {
            most = middle;
        } else {
            least = middle + 1;
        }
    }
    Some(Credits::from_micro(most))
}

/// The next amount that is a whole number of steps; `None` for a step that is not positive, and beyond the largest
/// amount.
pub fn snapped_up(credits: Credits, step: Credits) -> Option<Credits> {
    if !step.is_positive() {
        return None;
    }
    let (whole, rest) = (credits.micro().div_euclid(step.micro()), credits.micro().rem_euclid(step.micro()));
    let micro = (whole + i64::from(rest > 0)).checked_mul(step.micro())?;
    Some(Credits::from_micro(micro)).filter(|c| *c <= Credits::MAX)
}

/// A product of four numbers of 128 bits, which no built-in integer holds; compared from the top.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Wide([u64; 8]);

impl Wide {
    fn product(factors: &[u128; 4]) -> Self {
        // Digits of 64 bits, the lowest first.
        let mut digits = [0u64; 8];
        digits[0] = 1;
        for factor in factors {
            let parts = [*factor, *factor >> 64].map(low);
            let mut product = [0u64; 8];
            for (i, digit) in digits.into_iter().enumerate().filter(|(_, digit)| *digit != 0) {
                let mut carry = 0u128;
                for (j, slot) in product.iter_mut().skip(i).enumerate() {
                    let part = parts.get(j).copied().unwrap_or(0);
                    carry += u128::from(*slot) + u128::from(digit) * u128::from(part);
                    *slot = low(carry);
                    carry >>= 64;
                }
            }
            digits = product;
        }
        digits.reverse();
        Self(digits)
    }
}

/// The low 64 bits.
const fn low(wide: u128) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = wide.to_le_bytes();
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cr(text: &str) -> Credits {
        Credits::parse(text).expect("a valid amount")
    }

    #[test]
    fn multiplier_reaches_its_target_exactly() {
        for (target_bp, credit_value_nano, expected) in [
            (7_500, 4_000_000, Ok("1000")),
            (0, 1_000_000_000, Ok("1")),
            (6_000, 8_000_000, Ok("312.5")),
            (7_000, 10_000_000, Ok("1000/3")),
            (10_000, 4_000_000, Err(RatioError::NotPositive)),
            (20_000, 4_000_000, Err(RatioError::NotPositive)),
            (7_500, 0, Err(RatioError::NotPositive)),
        ] {
            let got = multiplier_for_margin(target_bp, credit_value_nano).map(|r| r.to_string());
            assert_eq!(got, expected.map(str::to_owned), "{target_bp} {credit_value_nano}");
        }
    }

    #[test]
    fn margins_of_the_worked_example() {
        let (cost, credit) = (4_200_000, 4_000_000);
        for (credits, expected) in [(4, Some(7_375)), (5, Some(7_900)), (1, Some(-500)), (0, None)] {
            assert_eq!(margin_bp(credits * credit, cost), expected, "{credits} credits");
        }
        // One credit more, at 45,500 events a month: $182.
        assert_eq!(45_500 * credit, 182 * NANO);
    }

    #[test]
    fn fewest_credits_that_reach_a_margin_then_snapped_up() {
        let figures = Figures {
            cost_nano: 412_300_000_000,
            quantity_micro: 10_307_000_000,
            revenue_nano: 1_860_000_000_000,
            credits_micro: 232_500_000_000,
        };
        let exact = credits_for_margin(&figures, 6_000);
        assert_eq!(exact, Some(cr("12.500607")));
        assert_eq!(exact.and_then(|c| snapped_up(c, cr("1"))), Some(cr("13")));
        assert_eq!(snapped_up(cr("13"), cr("1")), Some(cr("13")));
        assert_eq!(snapped_up(cr("12.500607"), cr("0.25")), Some(cr("12.75")));
        assert_eq!(snapped_up(cr("1"), cr("0")), None);
        assert_eq!(snapped_up(Credits::MAX, cr("7")), None);
        for nothing in [
            Figures { quantity_micro: 0, ..figures },
            Figures { revenue_nano: 0, ..figures },
            Figures { credits_micro: 0, ..figures },
        ] {
            assert_eq!(credits_for_margin(&nothing, 6_000), None, "{nothing:?}");
        }
        assert_eq!(credits_for_margin(&figures, 10_000), None);
        assert_eq!(credits_for_margin(&Figures { cost_nano: 0, ..figures }, 6_000), Some(Credits::ZERO));
    }

    #[test]
    fn figures_beyond_128_bits_are_as_exact_as_small_ones() {
        // The worked example, a million times a million times over.
        let figures = Figures {
            cost_nano: 412_300_000_000 * 1_000_000_000_000,
            quantity_micro: 10_307_000_000 * 1_000_000_000_000,
            revenue_nano: 1_860_000_000_000 * 1_000_000_000_000,
            credits_micro: 232_500_000_000 * 1_000_000_000_000,
        };
        assert_eq!(credits_for_margin(&figures, 6_000), Some(cr("12.500607")));
        let all = [u128::MAX; 4];
        assert!(Wide::product(&all) > Wide::product(&[u128::MAX, u128::MAX, u128::MAX, u128::MAX - 1]));
        assert!(credits_for_margin(&Figures { cost_nano: u128::MAX, ..figures }, 6_000).is_none());
    }

    proptest::proptest! {
        #[test]
        fn wide_products_agree_with_built_in_ones(a: u32, b: u32, c: u32, d: u32) {
            let exact = [a, b, c, d].map(u128::from);
            let product: u128 = exact.iter().product();
            proptest::prop_assert!(Wide::product(&exact) == Wide::product(&[product, 1, 1, 1]));
        }

        #[test]
        fn one_step_below_the_answer_misses_the_target(
            cost_nano in 0u128..1_000_000_000_000,
            quantity_micro in 1_000_000u128..1_000_000_000_000,
            revenue_nano in 1_000u128..1_000_000_000_000,
            credits_micro in 1u128..1_000_000_000,
            target_bp in 0u32..9_999,
        ) {
            let figures = Figures { cost_nano, quantity_micro, revenue_nano, credits_micro };
            let left = u128::from(10_000 - target_bp);
            if let Some(Some(above)) = cost_nano.checked_mul(credits_micro).map(|p| p.checked_mul(10_000 * MICRO))
                && let Some(below) = quantity_micro.checked_mul(revenue_nano).and_then(|p| p.checked_mul(left))
            {
                let expected = above.div_ceil(below);
                let got = credits_for_margin(&figures, target_bp).map(|c| u128::from(c.micro().unsigned_abs()));
                proptest::prop_assert_eq!(got, Some(expected).filter(|e| *e <= 8_000_000_000_000_000));
            }
        }
    }
}
