//! The chance that a new price brings what is claimed of it, over what is believed of the elasticity and of the cost.
//!
//! With a price of ρ times the old one, elasticity e, planning revenue u and cost c per unit, profit per unit sold today
//! becomes ρᵉ × (ρu − c), from u − c. For each of the cost's quantiles the elasticity at which the two are equal has a
//! closed form, so only the cost is integrated by steps.
#![expect(clippy::float_arithmetic, reason = "estimates, never amounts")]

use super::Belief;
use crate::impact::DISAGREEMENT_MAX;
use crate::statistics::{Distribution, as_float, whole_index};
use crate::unit_cost::UnitCost;

/// What a new price is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Aim {
    /// More revenue less cost.
    Profit,
    /// More revenue.
    Revenue,
}

/// A price change that is thought of.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Repricing {
    /// New price ÷ old price.
    pub multiple: f64,
    /// What a unit brings at the old price, as planned with; in the unit of the cost.
    pub revenue_per_unit: f64,
    /// The margin that must hold at the new price, in basis points of revenue.
    pub margin_min_bp: i64,
    /// What must grow.
    pub aim: Aim,
}

/// The chance that a claim comes true.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Chance {
    /// With the prior's centre at −0.4, the chosen one, and −1.5.
    pub by_centre: [f64; 3],
    /// The least of them: what may be stated. It came true more often than that for elasticities down to −1.2; at −1.4 and
    /// below it overclaims at margins above 60 %, after a single own change.
    pub lowest: f64,
    /// Whether they differ by more than 0.05: what is believed beforehand still decides.
    pub disagree: bool,
}

/// Steps that the cost is integrated in: each stands for its middle.
const COST_STEPS: u32 = 41;
/// Steps of the elasticity, where gains are listed.
const ELASTICITY_STEPS: u32 = 101;

/// The chance that what is aimed at grows, and that the margin afterwards is at least the asked-for one.
pub fn chance(belief: &Belief, repricing: &Repricing, cost: &UnitCost) -> Chance {
    let by_centre = belief
        .centres_milli()
        .map(|centre_milli| probability(&belief.posterior(centre_milli), repricing, cost));
    let lowest = by_centre.iter().copied().fold(1.0, f64::min);
    let highest = by_centre.iter().copied().fold(0.0, f64::max);
    Chance { by_centre, lowest, disagree: highest - lowest > DISAGREEMENT_MAX }
}

/// The elasticity at which profit stays what it was: above it a rise pays, below it a cut does. `None` where a unit
/// brings no profit before or after, or the price stays.
pub fn break_even_elasticity(multiple: f64, revenue_per_unit: f64, cost_per_unit: f64) -> Option<f64> {
    let (before, after) = (revenue_per_unit - cost_per_unit, multiple * revenue_per_unit - cost_per_unit);
    let moves = multiple > 0.0 && multiple.is_finite() && multiple != 1.0;
    (moves && before > 0.0 && after > 0.0).then(|| libm::log(before / after) / libm::log(multiple))
}

/// How much profit per unit sold today the change brings, in the unit of the cost, at these probabilities of being
/// less: over the elasticity with the chosen centre, and the cost.
pub fn gain_quantiles(belief: &Belief, repricing: &Repricing, cost: &UnitCost, ps: &[f64]) -> Vec<f64> {
    let posterior = belief.posterior(belief.centre_milli);
    let sold: Vec<f64> = middles(ELASTICITY_STEPS)
        .map(|probability| libm::pow(repricing.multiple, posterior.quantile(probability)))
        .collect();
    let revenue = repricing.revenue_per_unit;
    let mut gains: Vec<f64> = middles(if cost.is_exact() { 1 } else { COST_STEPS })
        .map(|probability| cost.quantile(probability))
        .flat_map(|c| sold.iter().map(move |sold| sold * (repricing.multiple * revenue - c) - (revenue - c)))
        .collect();
    gains.sort_by(f64::total_cmp);
    ps.iter().map(|probability| quantile_of(&gains, *probability)).collect()
}

/// Over the costs at which the margin holds.
fn probability(posterior: &Distribution, repricing: &Repricing, cost: &UnitCost) -> f64 {
    let Repricing { multiple, revenue_per_unit, margin_min_bp, aim } = *repricing;
    #[expect(clippy::cast_precision_loss, reason = "basis points of a margin")]
    let cost_max = multiple * revenue_per_unit * (1.0 - margin_min_bp as f64 / 1e4);
    // Where the margin holds is a question of cost alone; the middles of its steps are taken within.
    let margin_holds = 1.0 - cost.probability_above(cost_max);
    if margin_holds <= 0.0 {
        return 0.0;
    }
    let grows = |c: f64| match aim {
        Aim::Profit => profit_grows(posterior, multiple, revenue_per_unit, c),
        Aim::Revenue => revenue_grows(posterior, multiple),
    };
    if cost.is_exact() {
        return grows(cost.mean());
    }
    let sum: f64 = middles(COST_STEPS).map(|step| grows(cost.quantile(step * margin_holds))).sum();
    (margin_holds * sum / f64::from(COST_STEPS)).min(1.0)
}

/// The probability that ρ^(1 + e) is above 1.
fn revenue_grows(posterior: &Distribution, multiple: f64) -> f64 {
    let below = posterior.probability_below(-1.0);
    match multiple {
        rise if rise > 1.0 => 1.0 - below,
        cut if cut < 1.0 => below,
        _ => 0.0,
    }
}

/// The probability that ρᵉ × (ρu − c) is above u − c.
fn profit_grows(posterior: &Distribution, multiple: f64, revenue: f64, cost: f64) -> f64 {
    let (before, after) = (revenue - cost, multiple * revenue - cost);
    let log_multiple = libm::log(multiple);
    if after >= 0.0 && before < 0.0 {
        // From a loss to none, or to none at all: whoever still buys.
        return 1.0;
    }
    if (after <= 0.0 && before >= 0.0) || log_multiple == 0.0 {
        return 0.0;
    }
    if before == 0.0 {
        // From nothing to a profit on each.
        return 1.0;
    }
    // Both profits or both losses: the same size where e is ln (before ÷ after) ÷ ln ρ.
    let below = posterior.probability_below(libm::log(before / after) / log_multiple);
    // A profit wants more units, a loss fewer; a rise gives more units at a higher e, a cut at a lower one.
    let wants_higher_elasticity = (after > 0.0) == (log_multiple > 0.0);
    if wants_higher_elasticity { 1.0 - below } else { below }
}

/// The middles of so many equal steps between 0 and 1.
fn middles(steps: u32) -> impl Iterator<Item = f64> {
    (0..steps).map(move |step| (f64::from(step) + 0.5) / f64::from(steps))
}

/// Of ascending values.
fn quantile_of(values: &[f64], probability: f64) -> f64 {
    let at = (probability * as_float(values.len()) - 0.5).clamp(0.0, as_float(values.len() - 1));
    let index = whole_index(at);
    let next = values[(index + 1).min(values.len() - 1)];
    values[index] + (at - as_float(index)) * (next - values[index])
}
