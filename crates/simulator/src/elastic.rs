//! How much usage answers to a price: the only place with floats. They decide whether an event happens, and never
//! touch an amount.
#![expect(clippy::float_arithmetic, reason = "probabilities are no amounts")]

use chargly_ledger::{Credits, Position};

/// Centre of the prior of the elasticity, in hundredths: a product's actions bought out of a prepaid balance answer
/// less than retail brands do.
pub const ELASTICITY_CENTRE_CENTI: i32 = -70;
/// Scale of the prior, in hundredths; a Student t with 4 degrees of freedom, whose tails forgive a wrong centre.
pub const ELASTICITY_SCALE_CENTI: i32 = 60;
/// How often an event happens at most where a price falls: beyond that nothing in the past says anything.
pub const MULTIPLE_MAX: u32 = 4;

/// How usage answers to a price: at `ratio` times the price it is `ratio` to the power of this.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Elasticity(f64);

/// `count` draws from the prior, one out of each equal part of it, so that few draws already span it. The same seed
/// gives the same draws.
pub fn elasticities(count: u32, seed: u64) -> Vec<Elasticity> {
    let draw = |index: u32| {
        let within = uniform(seed, u64::from(index) ^ DRAW_STREAM);
        let p = (f64::from(index) + within) / f64::from(count);
        let (centre, scale) =
            (f64::from(ELASTICITY_CENTRE_CENTI) / 100.0, f64::from(ELASTICITY_SCALE_CENTI) / 100.0);
        Elasticity(centre + scale * student_t4(p))
    };
    (0..count).map(draw).collect()
}

impl Elasticity {
    /// In hundredths, rounded to zero, for reports.
    #[expect(clippy::cast_possible_truncation, reason = "a float saturates")]
    pub fn centi(self) -> i32 {
        (self.0 * 100.0) as i32
    }

    /// How often the event at `position` happens when it costs `after` instead of `before`. The chance of an event is
    /// the same in every draw and under every proposal, so that differences between those are not chance.
    ///
    /// A price of nothing, before or after, has no ratio: usage stays as it was.
    pub(crate) fn times(self, seed: u64, position: Position, before: Credits, after: Credits) -> u32 {
        if before == after || !before.is_positive() || !after.is_positive() {
            return 1;
        }
        #[expect(clippy::cast_precision_loss, reason = "a ratio needs no more than 53 bits")]
        let ratio = after.micro() as f64 / before.micro() as f64;
        let multiple = libm::pow(ratio, self.0).clamp(0.0, f64::from(MULTIPLE_MAX));
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and MULTIPLE_MAX"
        )]
        let whole = libm::floor(multiple) as u32;
        let is_one_more = uniform(seed, position.0) < multiple - f64::from(whole);
        whole + u32::from(is_one_more)
    }
}

/// Keeps the chances of draws apart from those of events.
const DRAW_STREAM: u64 = 1 << 63;

/// The quantile of Student's t with 4 degrees of freedom, which has a closed form.
fn student_t4(p: f64) -> f64 {
    let p = p.clamp(1e-9, 1.0 - 1e-9);
    let root = libm::sqrt(4.0 * p * (1.0 - p));
    let q = libm::cos(libm::acos(root.min(1.0)) / 3.0) / root;
    let size = 2.0 * libm::sqrt((q - 1.0).max(0.0));
    if p < 0.5 { -size } else { size }
}

/// A number in [0, 1) that only depends on seed and index (splitmix64).
fn uniform(seed: u64, index: u64) -> f64 {
    let mut z = seed.wrapping_add(index.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    let bits = (z ^ (z >> 31)) >> 11;
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    let whole = bits as f64;
    whole / 9_007_199_254_740_992.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_student_t_are_those_of_the_tables() {
        for (p, expected) in [(0.5, 0.0), (0.95, 2.132), (0.975, 2.776), (0.05, -2.132), (0.9, 1.533)] {
            assert!((student_t4(p) - expected).abs() < 5e-4, "{p}: {}", student_t4(p));
        }
    }

    #[test]
    fn draws_span_the_prior_and_depend_on_nothing_but_the_seed() {
        let draws = elasticities(20, 7);
        assert_eq!(draws, elasticities(20, 7));
        assert_ne!(draws, elasticities(20, 8));
        assert!(draws.windows(2).all(|pair| pair[0].0 < pair[1].0), "one out of each part, in order");
        let below = draws.iter().filter(|e| e.0 < -0.7).count();
        assert_eq!(below, 10, "half of them below the centre");
    }

    #[test]
    fn events_happen_as_often_as_the_elasticity_says() {
        let (before, after) = (Credits::from_micro(1_000_000), Credits::from_micro(2_000_000));
        let times = |e: f64, after| -> u64 {
            (0..10_000).map(|at| u64::from(Elasticity(e).times(3, Position(at), before, after))).sum()
        };
        assert_eq!(times(-1.0, before), 10_000, "the same price, the same usage");
        let halved = times(-1.0, after);
        assert!((4_800..5_200).contains(&halved), "twice the price at -1 halves usage: {halved}");
        let doubled = times(-1.0, Credits::from_micro(500_000));
        assert_eq!(doubled, 20_000, "half the price at -1 doubles it");
        assert_eq!(times(-9.0, Credits::from_micro(500_000)), 40_000, "never beyond the largest multiple");
        assert_eq!(times(-1.0, Credits::ZERO), 10_000, "a price of nothing has no ratio");
    }
}
