//! What is believed of an event type's elasticity: what is usual elsewhere, and what its own price changes taught.
//!
//! A [`Belief`] is a prior and the likelihoods of past changes ([`lesson`]). The chance that a claim about a new price
//! comes true is asked of it in `chance`.
//!
//! Invariants: on a grid, so without randomness. Not owned here: how a past change was measured (`impact`), and which
//! types share their lessons.
#![expect(clippy::float_arithmetic, reason = "estimates, never amounts")]

mod chance;

use crate::impact::{CLAIM_CENTRES_MILLI, Interval, Options, PRIOR_FREEDOM, Question, measured_elasticity};
use crate::statistics::{Distribution, StudentT};

pub use chance::{Aim, Chance, Repricing, break_even_elasticity, chance, gain_quantiles};

/// What one past price change says of the elasticity, without any prior: Student's t.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Lesson {
    /// Percent of units per percent of price.
    pub centre: f64,
    /// How far off it may be, in the same unit.
    pub scale: f64,
    /// Degrees of freedom: independent comparisons that the scale comes from.
    pub freedom: f64,
}

/// What the change that is asked about teaches. `None` while [`crate::price_impact`] says that it is too early, and
/// below 2 % of price change. Without an event type to compare with, the scale is doubled.
pub fn lesson(question: &Question<'_>) -> Option<Lesson> {
    let StudentT { centre, scale, freedom } = measured_elasticity(question)?;
    Some(Lesson { centre, scale, freedom })
}

/// What is believed of an elasticity.
#[derive(Clone, PartialEq, Debug)]
pub struct Belief {
    /// Where elasticities are expected before looking, in thousandths.
    pub centre_milli: i32,
    /// How far from there they usually are, in thousandths; above 0.
    pub scale_milli: i32,
    /// What own past changes taught.
    pub lessons: Vec<Lesson>,
}

impl Default for Belief {
    /// The prior of decision 0008, without any lesson.
    fn default() -> Self {
        let Options { prior_centre_milli: centre_milli, prior_scale_milli: scale_milli, .. } =
            Options::default();
        Self { centre_milli, scale_milli, lessons: Vec::new() }
    }
}

/// Elasticities beyond this are not looked for: at such, no price could be held.
const ELASTICITY_MAX: f64 = 20.0;
/// How many scales of what is narrowest a distribution is followed beyond its parts' centres.
const REACH_SCALES: f64 = 40.0;
/// The smallest scale taken, of a prior or a lesson.
const SCALE_MIN: f64 = 0.01;

impl Belief {
    /// The elasticity in thousandths: 5, 50 and 95 %, with the chosen centre.
    pub fn range_milli(&self) -> Interval {
        let posterior = self.posterior(self.centre_milli);
        let at = |probability| whole(posterior.quantile(probability) * 1e3);
        Interval { low: at(0.05), middle: at(0.5), high: at(0.95) }
    }

    /// The probability that the elasticity is below this, with the chosen centre.
    pub fn probability_below(&self, elasticity: f64) -> f64 {
        self.posterior(self.centre_milli).probability_below(elasticity)
    }

    /// The centres that a claim must hold under, in thousandths: the chosen one between two others.
    fn centres_milli(&self) -> [i32; 3] {
        [CLAIM_CENTRES_MILLI[0], self.centre_milli, CLAIM_CENTRES_MILLI[1]]
    }

    /// The prior around this centre, times all lessons.
    fn posterior(&self, centre_milli: i32) -> Distribution {
        let prior = StudentT {
            centre: f64::from(centre_milli) / 1e3,
            scale: f64::from(self.scale_milli) / 1e3,
            freedom: PRIOR_FREEDOM,
        };
        let lessons = self.lessons.iter().map(|lesson| StudentT {
            centre: lesson.centre,
            scale: lesson.scale,
            freedom: lesson.freedom,
        });
        let parts: Vec<StudentT> = std::iter::once(prior)
            .chain(lessons)
            .map(|part| StudentT { scale: part.scale.max(SCALE_MIN), freedom: part.freedom.max(1.0), ..part })
            .collect();
        let narrowest = parts.iter().map(|part| part.scale).fold(f64::INFINITY, f64::min);
        let centres = || parts.iter().map(|part| part.centre);
        let low = centres().fold(f64::INFINITY, f64::min) - REACH_SCALES * narrowest;
        let high = centres().fold(f64::NEG_INFINITY, f64::max) + REACH_SCALES * narrowest;
        Distribution::product(
            &parts,
            low.clamp(-ELASTICITY_MAX, ELASTICITY_MAX - 1.0),
            high.clamp(1.0 - ELASTICITY_MAX, ELASTICITY_MAX),
        )
    }
}

#[expect(clippy::cast_possible_truncation, reason = "saturates, and what is not a number is 0")]
fn whole(value: f64) -> i64 {
    libm::round(value) as i64
}
