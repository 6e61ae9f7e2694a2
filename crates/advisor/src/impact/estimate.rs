//! From a measured shift to what an operator reads: an effect, an elasticity, what would have been, and how sure.
//!
//! The shift is a logarithm; its distribution is Student's t, as wide as the placebos were off, times what is usual
//! elsewhere (the prior on the elasticity) where there is a price ratio. Invariant: what leaves this file as an amount
//! is a range, rounded outwards. Not owned here: how the shift was measured.
#![expect(clippy::float_arithmetic, reason = "estimates, never amounts; what leaves is a range of integers")]

use super::Options;
use super::answer::{
    AmountRange, Basis, Cap, Claim, Confidence, Counterfactual, Estimate, Impact, Interval, Level,
};
use crate::statistics::{Distribution, StudentT};

/// A shift of the logarithm of units, and how much the same measurement is off where nothing happened.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Measured {
    pub(super) log_effect: f64,
    pub(super) error: f64,
    /// Independent placebos behind the error.
    pub(super) placebos: f64,
    pub(super) has_controls: bool,
}

impl Measured {
    fn likelihood(&self) -> StudentT {
        StudentT {
            centre: self.log_effect,
            scale: self.error.max(ERROR_MIN),
            freedom: self.placebos.max(1.0),
        }
    }
}

/// Both ends of what is printed as "9 times in 10".
const TAILS: (f64, f64) = (0.05, 0.95);
/// Independent placebos from which the comparison speaks for itself: with fewer, Student's t is more than a fifth wider
/// than a normal, and the prior tells more than it biases.
const PLACEBOS_ENOUGH: f64 = 5.0;
/// The smallest error taken: figures without any scatter are made up, or one of them is a copy.
const ERROR_MIN: f64 = 0.005;
/// Logarithm of the smallest price change that has an elasticity: 2 %. Demand moves by more than that by itself.
const LOG_PRICE_MIN: f64 = 0.0198;
/// Logarithm of the largest effect that is looked for: four hundred times as much, or as little. Beyond it the amounts
/// of a range would say nothing.
const LOG_EFFECT_MAX: f64 = 6.0;
/// How many scales of what is wider a distribution is followed.
const REACH_SCALES: f64 = 40.0;
/// Degrees of freedom of the prior: heavy tails, so that clear figures overrule it.
pub(crate) const PRIOR_FREEDOM: f64 = 4.0;
/// How much wider the prior is taken without controls: little speaks against it then, so it must not say much itself.
const NO_CONTROLS_PRIOR_FACTOR: f64 = 2.0;
/// How much wider what was learned without controls is taken by claims about later changes.
const NO_CONTROLS_LESSON_FACTOR: f64 = 2.0;
/// Centres of the priors that a claim about profit must hold under, beside the chosen one, in thousandths.
pub(crate) const CLAIM_CENTRES_MILLI: [i32; 2] = [-400, -1_500];
/// Priors that differ by more than this about a claim disagree.
pub(crate) const DISAGREEMENT_MAX: f64 = 0.05;
/// Highest probability while the priors disagree, in basis points.
const PRIORS_DISAGREE_CAP_BP: u32 = 9_000;
/// Highest probability without controls, in basis points: in simulations of customers who react strongly, claims that
/// said 80 % came true in 3 of 10 runs, so none of them may look better than low.
const NO_CONTROLS_CAP_BP: u32 = 6_500;
/// From these probabilities on, in basis points, a confidence is high, or medium.
const HIGH_BP: u32 = 8_500;
const MEDIUM_BP: u32 = 7_000;
/// One in so many events may lack its cost before nothing is claimed about margin: 2 %.
const COST_MISSING_ONE_IN: u64 = 50;
/// Factors on amounts are whole parts in a thousand million.
const FACTOR_UNIT: f64 = 1e9;

/// Everything that is said about cause.
pub(super) fn estimate(measured: &Measured, options: Options, impact: &Impact) -> Estimate {
    let log_price = log_price(impact);
    let with_prior = |centre_milli: i32| {
        log_price.map(|log_price| {
            distribution(measured, Some((log_price, centre_milli, options.prior_scale_milli)))
        })
    };
    let alone = distribution(measured, None);
    let posterior = with_prior(options.prior_centre_milli);
    let speaks_alone = measured.has_controls && measured.placebos >= PLACEBOS_ENOUGH;
    let (effect, basis) = match &posterior {
        Some(posterior) if !speaks_alone => (posterior, Basis::ComparisonAndPrior),
        _ => (&alone, Basis::Comparison),
    };
    let ends = (effect.quantile(TAILS.0), effect.quantile(TAILS.1));
    let without_change = counterfactual(impact, ends);
    let centres = CLAIM_CENTRES_MILLI.into_iter().filter_map(with_prior);
    let views: Vec<Distribution> = match posterior.clone() {
        Some(posterior) => std::iter::once(posterior).chain(centres).collect(),
        None => vec![alone.clone()],
    };
    Estimate {
        units_bp: interval(effect, |shift| libm::expm1(shift) * 1e4),
        elasticity_milli: posterior
            .zip(log_price)
            .map(|(posterior, log_price)| interval(&posterior, |shift| shift / log_price * 1e3)),
        margin_gain_nano: AmountRange {
            low: impact.after.margin_nano.saturating_sub(without_change.margin_nano.high),
            high: impact.after.margin_nano.saturating_sub(without_change.margin_nano.low),
        }
        .widened(),
        without_change,
        confidence: confidence(&views, measured.has_controls, impact),
        basis,
        placebos: whole_count(measured.placebos),
    }
}

/// The logarithm of the price ratio, where there is one that can be told from 0.
fn log_price(impact: &Impact) -> Option<f64> {
    let (old, new) = (impact.change.old_credits_micro, impact.change.new_credits_micro);
    if old <= 0 || new <= 0 {
        return None;
    }
    let log_price = libm::log(float(i128::from(new)) / float(i128::from(old)));
    (log_price.abs() >= LOG_PRICE_MIN).then_some(log_price)
}

/// What the shift says of the elasticity, without a prior. Without controls it is taken for half as sure: what else
/// changed in those days then looks like an effect of the price.
pub(super) fn elasticity_alone(measured: &Measured, impact: &Impact) -> Option<StudentT> {
    let log_price = log_price(impact)?;
    let factor = if measured.has_controls { 1.0 } else { NO_CONTROLS_LESSON_FACTOR };
    let shift = measured.likelihood();
    Some(StudentT {
        centre: shift.centre / log_price,
        scale: shift.scale / log_price.abs() * factor,
        freedom: shift.freedom,
    })
}

/// How the shift is distributed: as measured, and as the prior on the elasticity has it.
fn distribution(measured: &Measured, prior: Option<(f64, i32, i32)>) -> Distribution {
    let likelihood = measured.likelihood();
    let Some((log_price, centre_milli, scale_milli)) = prior else {
        return product(&[likelihood]);
    };
    let factor = if measured.has_controls { 1.0 } else { NO_CONTROLS_PRIOR_FACTOR };
    let prior = StudentT {
        centre: f64::from(centre_milli) / 1e3 * log_price,
        scale: f64::from(scale_milli) / 1e3 * log_price.abs() * factor,
        freedom: PRIOR_FREEDOM,
    };
    product(&[likelihood, prior])
}

/// The product over all that matters of its narrowest part, and of what lies between the parts' centres.
fn product(parts: &[StudentT]) -> Distribution {
    let narrowest = parts.iter().map(|part| part.scale).fold(f64::INFINITY, f64::min);
    let centres = || parts.iter().map(|part| part.centre);
    let low = centres().fold(f64::INFINITY, f64::min) - REACH_SCALES * narrowest;
    let high = centres().fold(f64::NEG_INFINITY, f64::max) + REACH_SCALES * narrowest;
    Distribution::product(
        parts,
        low.clamp(-LOG_EFFECT_MAX, LOG_EFFECT_MAX - 1.0),
        high.clamp(1.0 - LOG_EFFECT_MAX, LOG_EFFECT_MAX),
    )
}

/// Low, middle and high of a monotone reading of the shift, rounded to whole numbers.
fn interval(distribution: &Distribution, reading: impl Fn(f64) -> f64) -> Interval {
    let at = |probability| whole(reading(distribution.quantile(probability)));
    let (one, other) = (at(TAILS.0), at(TAILS.1));
    Interval { low: one.min(other), middle: at(0.5), high: one.max(other) }
}

/// The window after at the old price, for shifts between the two ends.
fn counterfactual(impact: &Impact, ends: (f64, f64)) -> Counterfactual {
    let (old, new) = (impact.change.old_credits_micro, impact.change.new_credits_micro);
    // Units as they would have been, for each unit that there was.
    let more = (libm::exp(-ends.0), libm::exp(-ends.1));
    let at_old_price = |after: i128, before: i128| match new > 0 {
        true => range(after, more, float(i128::from(old)) / float(i128::from(new))),
        // It became free: what a unit brought before is all there is to go by.
        false => {
            let units = float(impact.before.units_micro.max(1));
            range(before, more, float(impact.after.units_micro) / units)
        }
    };
    let (before, after) = (&impact.before, &impact.after);
    let revenue = at_old_price(after.revenue_nano, before.revenue_nano);
    let cost = range(after.cost_nano, more, 1.0);
    // Revenue and cost go with the same units, so their lowest and highest margins are at the same ends.
    let margins = (revenue.0.saturating_sub(cost.0), revenue.1.saturating_sub(cost.1));
    let ordered =
        |(one, other): (i128, i128)| AmountRange { low: one.min(other), high: one.max(other) }.widened();
    Counterfactual {
        units_micro: ordered(range(after.units_micro, more, 1.0)),
        credits_micro: ordered(at_old_price(after.credits_micro, before.credits_micro)),
        revenue_nano: ordered(revenue),
        cost_nano: ordered(cost),
        margin_nano: ordered(margins),
    }
}

/// An amount times each of two factors times a ratio.
fn range(amount: i128, factors: (f64, f64), ratio: f64) -> (i128, i128) {
    let times = |factor: f64| {
        let parts = i128::from(whole(factor * ratio * FACTOR_UNIT));
        let unit = i128::from(whole(FACTOR_UNIT));
        amount
            .checked_mul(parts)
            .map_or_else(|| (amount / unit).saturating_mul(parts), |product| product / unit)
    };
    (times(factors.0), times(factors.1))
}

/// How sure it is that the change brought margin, or that it cost some.
fn confidence(views: &[Distribution], has_controls: bool, impact: &Impact) -> Option<Confidence> {
    if impact.after.cost_missing > impact.after.events / COST_MISSING_ONE_IN {
        return None;
    }
    let (old, new) = (impact.change.old_credits_micro, impact.change.new_credits_micro);
    if new <= 0 {
        return None;
    }
    // Margin at the old price, were units the same. It grows with the units there would have been.
    let revenue = float(impact.after.revenue_nano) * float(i128::from(old)) / float(i128::from(new));
    let margin_then = revenue - float(impact.after.cost_nano);
    let margin_now = float(impact.after.margin_nano);
    let rose: Vec<f64> = views.iter().map(|view| probability_rose(view, margin_then, margin_now)).collect();
    let claim = if *rose.first()? >= 0.5 { Claim::MarginRose } else { Claim::MarginFell };
    let held = |rose: &f64| if claim == Claim::MarginRose { *rose } else { 1.0 - rose };
    let lowest = rose.iter().map(held).fold(1.0, f64::min);
    let highest = rose.iter().map(held).fold(0.0, f64::max);
    let uncapped = u32::try_from(whole(lowest * 1e4)).unwrap_or(0);
    let cap = match has_controls {
        false => Some((Cap::NoControls, NO_CONTROLS_CAP_BP)),
        true => {
            (highest - lowest > DISAGREEMENT_MAX).then_some((Cap::PriorsDisagree, PRIORS_DISAGREE_CAP_BP))
        }
    };
    let cap = cap.filter(|(_, cap_bp)| uncapped > *cap_bp);
    let probability_bp = cap.map_or(uncapped, |(_, cap_bp)| cap_bp);
    let level = match probability_bp {
        HIGH_BP.. => Level::High,
        MEDIUM_BP.. => Level::Medium,
        _ => Level::Low,
    };
    Some(Confidence { claim, probability_bp, level, cap: cap.map(|(cap, _)| cap) })
}

/// The probability that `then × e^(−shift) < now`.
fn probability_rose(view: &Distribution, then: f64, now: f64) -> f64 {
    if then <= 0.0 {
        // A loss at the old price: more units would have lost more.
        return if now >= 0.0 { 1.0 } else { view.probability_below(libm::log(then / now)) };
    }
    if now <= 0.0 { 0.0 } else { 1.0 - view.probability_below(libm::log(then / now)) }
}

impl AmountRange {
    /// Rounded outwards to three figures of its larger end.
    fn widened(self) -> Self {
        let mut unit = 1_i128;
        while self.low.unsigned_abs().max(self.high.unsigned_abs()) / unit.unsigned_abs() >= 1_000 {
            unit *= 10;
        }
        let down = |amount: i128| amount.div_euclid(unit).saturating_mul(unit);
        Self { low: down(self.low), high: down(self.high.saturating_neg()).saturating_neg() }
    }
}

#[expect(clippy::cast_precision_loss, reason = "ratios of amounts, for estimates")]
fn float(amount: i128) -> f64 {
    amount as f64
}

#[expect(clippy::cast_possible_truncation, reason = "saturates, and what is not a number is 0")]
fn whole(value: f64) -> i64 {
    libm::round(value) as i64
}

fn whole_count(value: f64) -> u32 {
    u32::try_from(whole(libm::floor(value))).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use chargly_ledger::{EventTypeNo, PriceNo};

    use super::super::PriceChange;
    use super::super::answer::{PlainChange, Status, Totals, Why};
    use super::*;

    /// A price from 4 to 5 credits, and 100 units after it that brought 5 each and cost 1 each. At the old price each
    /// would have brought 3 in place of 4: margin rose unless a quarter of the units was lost.
    fn impact() -> Impact {
        let after = Totals {
            units_micro: 100_000_000,
            events: 100,
            revenue_nano: 500,
            cost_nano: 100,
            margin_nano: 400,
            ..Totals::default()
        };
        let change = PriceChange {
            event_type: EventTypeNo(0),
            version: PriceNo(1),
            day: 0,
            old_credits_micro: 4,
            new_credits_micro: 5,
        };
        Impact {
            change,
            windows: None,
            before: after,
            after,
            plain: PlainChange::of(&after, &after),
            controls: Vec::new(),
            status: Status::TooEarly { have_days: 0, need_days: 14, why: Why::DaysAfter },
        }
    }

    /// A view in which margin rose with this probability: a normal distribution around the break-even.
    fn view(standard_deviations: f64) -> Distribution {
        let centre = libm::log(0.75) + 0.1 * standard_deviations;
        Distribution::product(&[StudentT { centre, scale: 0.1, freedom: 1e9 }], centre - 1.0, centre + 1.0)
    }

    fn said(standard_deviations: &[f64], has_controls: bool) -> (Claim, u32, Option<Cap>) {
        let views: Vec<Distribution> =
            standard_deviations.iter().map(|deviations| view(*deviations)).collect();
        let confidence = confidence(&views, has_controls, &impact()).expect("all cost is known");
        (confidence.claim, confidence.probability_bp, confidence.cap)
    }

    #[test]
    fn claim_is_as_probable_as_its_least_favourable_prior_has_it() {
        // Below 1 standard deviation lie 84.13 %, below 1.3 90.32 %, below 1.4 91.92 %, below 2 97.72 %.
        assert_eq!(said(&[1.0, 1.0, 1.0], true), (Claim::MarginRose, 8_413, None));
        assert_eq!(said(&[2.0, 2.0, 1.0], true), (Claim::MarginRose, 8_413, None));
        assert_eq!(said(&[-1.0, -2.0, -2.0], true), (Claim::MarginFell, 8_413, None));
        assert_eq!(said(&[2.0, 2.0, 1.3], true), (Claim::MarginRose, 9_000, Some(Cap::PriorsDisagree)));
        assert_eq!(
            said(&[1.4, 1.4, 1.3], true),
            (Claim::MarginRose, 9_032, None),
            "within 5 points of each other"
        );
        assert_eq!(said(&[2.0, 2.0, 2.0], false), (Claim::MarginRose, 6_500, Some(Cap::NoControls)));
        assert_eq!(
            said(&[1.0, -1.0, 1.0], true),
            (Claim::MarginRose, 1_587, None),
            "a prior says the contrary"
        );
    }

    #[test]
    fn level_follows_the_probability() {
        let level = |deviations| confidence(&[view(deviations)], true, &impact()).expect("known").level;
        // 70 % and 85 % lie at 0.524 and 1.036 standard deviations.
        assert_eq!(
            [0.51, 0.54, 1.02, 1.05].map(level),
            [Level::Low, Level::Medium, Level::Medium, Level::High]
        );
    }

    #[test]
    fn ranges_are_widened_to_three_figures_of_the_larger_end() {
        for (low, high, expected_low, expected_high) in [
            (1, 999, 1, 999),
            (1, 1_000, 0, 1_000),
            (1_234, 98_765, 1_200, 98_800),
            (-98_765, 1_234, -98_800, 1_300),
            (-1_239, -1_231, -1_240, -1_230),
            (0, 0, 0, 0),
        ] {
            let expected = AmountRange { low: expected_low, high: expected_high };
            assert_eq!(AmountRange { low, high }.widened(), expected, "{low} to {high}");
        }
        // At the very ends there is nothing wider; it must not panic.
        assert!(AmountRange { low: i128::MIN, high: i128::MAX }.widened().low < 0);
    }
}
