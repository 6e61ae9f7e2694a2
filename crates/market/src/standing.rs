//! How things stand on a day: prices, rates and shares after everything that has happened so far.
#![expect(clippy::float_arithmetic, reason = "expected values; amounts leave rounded to integers")]

use chargly_ledger::Credits;

use crate::draw::{normal_below, scaled};
use crate::plan::{CostPlan, EventPlan, Happening, MarketPlan, QuantityPlan};

/// The longest quantity: what a log-normal tail makes of it beyond is cut.
pub(crate) const QUANTITY_MAX: u32 = 10_000;
/// Pico-dollars in a nano-dollar.
const PICO: f64 = 1_000.0;

/// How a type stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Standing {
    /// Its price.
    pub(crate) credits: Credits,
    /// How many times the first rate its provider charges.
    pub(crate) factor: f64,
    /// The same of each level, beside that.
    pub(crate) level_factors: Vec<f64>,
    /// The share of each level.
    pub(crate) shares: Vec<f64>,
    /// Which part of its events comes without a cost.
    pub(crate) untold: f64,
}

impl Standing {
    /// All types on the first day, before what happens on it.
    pub(crate) fn first(plan: &MarketPlan) -> Vec<Self> {
        let first = |event: &EventPlan| Self {
            credits: event.credits,
            factor: 1.0,
            level_factors: vec![1.0; event.levels.len()],
            shares: event.levels.iter().map(|level| level.share).collect(),
            untold: 0.0,
        };
        plan.events.iter().map(first).collect()
    }

    /// All types at the end of a day that has begun.
    pub(crate) fn on(plan: &MarketPlan, day: u32) -> Vec<Self> {
        let mut standing = Self::first(plan);
        let mut so_far: Vec<_> = plan.happenings.iter().filter(|what| day_of(what) <= day).collect();
        so_far.sort_by_key(|what| day_of(what));
        so_far.into_iter().for_each(|what| apply(&mut standing, what));
        standing
    }

    /// A rate of its provider's, in pico-dollars.
    pub(crate) fn rate_pico(&self, first: i64) -> i64 {
        scaled(first, self.factor)
    }

    /// What is expected of an event, in nano-dollars: what it costs whatever its quantity, and for each unit, by
    /// level.
    pub(crate) fn level_costs(&self, event: &EventPlan) -> (f64, Vec<f64>) {
        let (fixed, unit) = match &event.cost {
            CostPlan::Reported { fixed_nano, unit_nano } => (*fixed_nano as f64, *unit_nano as f64),
            CostPlan::RateCard { input_tokens, output_tokens, input_pico, output_pico, .. } => {
                let input = f64::from(*input_tokens) * self.rate_pico(*input_pico) as f64;
                let output = f64::from(*output_tokens) * self.rate_pico(*output_pico) as f64;
                return (0.0, vec![(input + output) / PICO]);
            }
        };
        let of_level = |(level, factor): (&crate::plan::LevelPlan, &f64)| {
            (unit + level.unit_nano as f64) * self.factor * factor
        };
        let levels: Vec<f64> = event.levels.iter().zip(&self.level_factors).map(of_level).collect();
        (fixed * self.factor, if levels.is_empty() { vec![unit * self.factor] } else { levels })
    }

    /// What a unit is expected to cost where levels have these shares, in nano-dollars.
    pub(crate) fn unit_cost(&self, event: &EventPlan, shares: &[f64]) -> f64 {
        let (fixed, levels) = self.level_costs(event);
        let per_unit = match shares.is_empty() {
            true => levels[0],
            false => levels.iter().zip(shares).map(|(cost, share)| cost * share).sum(),
        };
        fixed / mean_quantity(event.quantity) + per_unit
    }
}

/// When something happens.
pub(crate) fn day_of(happening: &Happening) -> u32 {
    match *happening {
        Happening::PriceChange { day, .. }
        | Happening::CostDrift { day, .. }
        | Happening::MixShift { day, .. }
        | Happening::Abuse { day, .. } => day,
        Happening::CostsMissing { .. } | Happening::CostsEstimated { .. } => 0,
    }
}

/// Lets something happen. Abuse is a customer's and changes nothing here.
pub(crate) fn apply(standing: &mut [Standing], happening: &Happening) {
    match *happening {
        Happening::PriceChange { event, credits, .. } => standing[event].credits = credits,
        Happening::CostDrift { event, level: None, factor, .. } => standing[event].factor *= factor,
        Happening::CostDrift { event, level: Some(level), factor, .. } => {
            standing[event].level_factors[level] *= factor;
        }
        Happening::MixShift { event, level, share, .. } => {
            let others = (1.0 - share) / (1.0 - standing[event].shares[level]).max(f64::MIN_POSITIVE);
            for (place, of_level) in standing[event].shares.iter_mut().enumerate() {
                *of_level = if place == level { share } else { *of_level * others };
            }
        }
        Happening::CostsMissing { event, share } | Happening::CostsEstimated { event, share, .. } => {
            standing[event].untold = share;
        }
        Happening::Abuse { .. } => {}
    }
}

/// Units of an event on average, with the rounding to whole ones.
pub(crate) fn mean_quantity(quantity: QuantityPlan) -> f64 {
    let QuantityPlan::LogNormal { median, sigma } = quantity else { return 1.0 };
    // The sum of the chances of having k units or more.
    let at_least = |k: u32| 1.0 - normal_below((libm::log(f64::from(k) - 0.5) - libm::log(median)) / sigma);
    1.0 + (2..=QUANTITY_MAX).map(at_least).take_while(|chance| *chance > 1e-12).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::{normal, stream};
    use crate::presets::{Preset, preset};

    #[test]
    fn the_mean_quantity_is_that_of_the_draws() {
        let (median, sigma) = (3.0, 0.8);
        let mut draw = stream(1, 0);
        let draws: f64 = (0..200_000)
            .map(|_| libm::round(libm::exp(libm::log(median) + sigma * normal(&mut draw))).max(1.0))
            .sum();
        let mean = mean_quantity(QuantityPlan::LogNormal { median, sigma });
        assert!((draws / 200_000.0 / mean - 1.0).abs() < 0.01, "{mean}");
        assert_eq!(mean_quantity(QuantityPlan::One), 1.0);
    }

    #[test]
    fn a_mix_shift_leaves_a_whole_and_a_drift_multiplies() {
        let mut plan = preset(Preset::Split);
        let event =
            plan.events.iter().position(|event| !event.levels.is_empty()).expect("a type with levels");
        plan.happenings = vec![
            Happening::MixShift { day: 5, event, level: 1, share: 0.6 },
            Happening::CostDrift { day: 3, event, level: None, factor: 1.2 },
            Happening::CostDrift { day: 7, event, level: Some(0), factor: 0.5 },
        ];
        let on = |day| Standing::on(&plan, day).swap_remove(event);
        assert_eq!(on(2), Standing::first(&plan)[event]);
        assert!((on(6).shares.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        assert_eq!((on(6).shares[1], on(6).factor, on(6).level_factors[0]), (0.6, 1.2, 1.0));
        assert_eq!(on(7).level_factors[0], 0.5);
    }
}
