//! The draws that everything else is made of. The same on every machine: ChaCha's numbers, and logarithms from a
//! library in Rust instead of the platform's.
#![expect(
    clippy::float_arithmetic,
    reason = "random draws; what leaves as an amount is rounded to integers once"
)]

use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Above this mean a count is drawn from the normal distribution: its skew is below 0.2 there.
const POISSON_BY_PRODUCT_MAX: f64 = 30.0;

/// A stream of one seed. Each purpose has its own, so that drawing more of one thing leaves the others as they were.
pub(crate) fn stream(seed: u64, number: u64) -> ChaCha8Rng {
    let mut draw = ChaCha8Rng::seed_from_u64(seed);
    draw.set_stream(number);
    draw
}

/// A number above 0 and up to 1, of the 2^53 that there are.
pub(crate) fn unit(draw: &mut impl RngCore) -> f64 {
    ((draw.next_u64() >> 11) + 1) as f64 / (1_u64 << 53) as f64
}

/// Whether something of this probability happens. Draws also where it is certain, so that streams stay in step.
pub(crate) fn chance(probability: f64, draw: &mut impl RngCore) -> bool {
    unit(draw) <= probability
}

/// A draw of the standard normal distribution (Box and Muller's transform, one of its two values).
pub(crate) fn normal(draw: &mut impl RngCore) -> f64 {
    let radius = libm::sqrt(-2.0 * libm::log(unit(draw)));
    radius * libm::cos(std::f64::consts::TAU * unit(draw))
}

/// A factor around 1: log-normal with a mean of exactly 1. Exactly 1, and nothing drawn, where `sigma` is 0.
pub(crate) fn factor(sigma: f64, draw: &mut impl RngCore) -> f64 {
    if sigma > 0.0 { libm::exp(sigma * normal(draw) - sigma * sigma / 2.0) } else { 1.0 }
}

/// How many events happen where `mean` are expected.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rounded, not below 0, and small"
)]
pub(crate) fn count(mean: f64, draw: &mut impl RngCore) -> u32 {
    if mean <= 0.0 {
        return 0;
    }
    if mean > POISSON_BY_PRODUCT_MAX {
        return libm::round(mean + libm::sqrt(mean) * normal(draw)).max(0.0) as u32;
    }
    let (limit, mut product, mut events) = (libm::exp(-mean), unit(draw), 0);
    while product > limit {
        product *= unit(draw);
        events += 1;
    }
    events
}

/// The place of a point from 0 to 1 among shares that make 1.
pub(crate) fn place(point: f64, shares: impl Iterator<Item = f64>) -> usize {
    let (mut sum, mut last) = (0.0, 0);
    for (index, share) in shares.enumerate() {
        sum += share;
        if share > 0.0 {
            last = index;
            if point <= sum {
                return index;
            }
        }
    }
    last
}

/// An amount times a factor, to the nearest integer, not below 0.
#[expect(clippy::cast_possible_truncation, reason = "clamped to amounts that are far within")]
pub(crate) fn scaled(amount: i64, factor: f64) -> i64 {
    if factor == 1.0 {
        return amount;
    }
    libm::round(amount as f64 * factor).clamp(0.0, 9e18) as i64
}

/// P(Z ≤ z) of the standard normal distribution.
pub(crate) fn normal_below(z: f64) -> f64 {
    0.5 * libm::erfc(-z / std::f64::consts::SQRT_2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean_of(draws: u32, mut one: impl FnMut(&mut ChaCha8Rng) -> f64) -> f64 {
        let mut draw = stream(7, 0);
        (0..draws).map(|_| one(&mut draw)).sum::<f64>() / f64::from(draws)
    }

    #[test]
    fn a_factor_has_the_mean_1_and_none_is_drawn_without_spread() {
        let mean = mean_of(40_000, |draw| factor(0.5, draw));
        assert!((mean - 1.0).abs() < 0.02, "{mean}");
        let mut draw = stream(7, 0);
        assert_eq!(factor(0.0, &mut draw), 1.0);
        assert_eq!(unit(&mut draw), unit(&mut stream(7, 0)), "the stream has not moved");
    }

    #[test]
    fn counts_have_the_mean_and_the_spread_of_a_poisson_distribution_on_both_sides_of_the_seam() {
        for mean in [0.2, 4.0, 29.0, 31.0, 900.0] {
            let average = mean_of(20_000, |draw| f64::from(count(mean, draw)));
            let spread = mean_of(20_000, |draw| (f64::from(count(mean, draw)) - mean).powi(2));
            assert!((average / mean - 1.0).abs() < 0.03, "{mean}: {average}");
            assert!((spread / mean - 1.0).abs() < 0.06, "{mean}: {spread}");
        }
        assert_eq!(count(0.0, &mut stream(7, 0)), 0);
    }

    #[test]
    fn a_point_falls_on_its_share_and_never_on_none() {
        let shares = [0.2, 0.0, 0.8];
        for (point, expected) in [(0.1, 0), (0.2, 0), (0.21, 2), (1.0, 2), (1.1, 2)] {
            assert_eq!(place(point, shares.into_iter()), expected, "{point}");
        }
    }

    #[test]
    fn an_amount_without_a_factor_stays_as_it_is_to_the_last_digit() {
        assert_eq!(scaled(9_007_199_254_740_993, 1.0), 9_007_199_254_740_993);
        assert_eq!(scaled(1_000, 1.2345), 1_235, "half goes away from 0");
    }
}
