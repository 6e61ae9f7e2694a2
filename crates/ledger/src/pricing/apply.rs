//! A rule applied to one event: exact up to the one rounding, then held within the rule's bounds.

use compact_str::CompactString;
use smallvec::SmallVec;
use thiserror::Error;

use super::{Condition, Grid, Measure, PriceInputs, PropertyValue, Ratio, Rounding, Rule, Tier};
use crate::{CardNo, Credits, DecimalError, Quantity};

/// Steps of 10⁻¹² of a credit in a micro-credit: what micro-credits times micro-units are counted in.
const PICO_PER_MICRO: i128 = 1_000_000;
/// Nano-units of currency times credits per unit of currency, in a micro-credit.
const NANO_PER_MICRO: i128 = 1_000;

/// What of an event its price is made of.
#[derive(Clone, Copy)]
pub struct PriceContext<'a> {
    /// How much was done.
    pub quantity: Quantity,
    /// The properties that prices look at.
    pub inputs: &'a PriceInputs,
    /// What the event cost the operator, in nano-units of the environment's currency: as it was reported, else its
    /// usage by the rates as this card left them. Asked only by a rule that needs it.
    pub cost_nano: &'a dyn Fn(CardNo) -> Option<i64>,
}

/// Why a rule gives no price for this event.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PriceError {
    /// The rule counts a property that the event does not have.
    #[error("is needed by the price of this event type and is missing")]
    Missing(CompactString),
    /// The property is not a number.
    #[error("must be a number: the price of this event type counts it")]
    NotANumber(CompactString),
    /// The property is a number that cannot be counted.
    #[error("{1}")]
    BadNumber(CompactString, DecimalError),
    /// The rule multiplies the cost, and there is none.
    #[error("the price of this event type is made of the provider's cost, and there is none")]
    CostRequired,
    /// The price is beyond the largest amount.
    #[error("gives a price beyond the largest amount of credits")]
    Overflow,
}

/// Credits for one event under a rule, rounded once to the grid, then held within the rule's bounds. Never negative.
///
/// # Errors
/// [`PriceError`] where the event lacks what the rule needs, or the price is beyond the largest amount.
pub fn price(
    rule: &Rule,
    grid: Grid,
    rounding: Rounding,
    event: &PriceContext<'_>,
) -> Result<Credits, PriceError> {
    match rule {
        Rule::Flat { credits } => Ok(*credits),
        Rule::PerUnit { base, credits, measure, minimum, maximum } => {
            let units = match measure {
                Measure::Quantity => event.quantity,
                Measure::Property(name) => measured(name, event.inputs)?,
            };
            // Micro-credits times micro-units: 10⁻¹² of a credit, exact in an i128.
            let exact = i128::from(base.micro()) * PICO_PER_MICRO
                + i128::from(credits.micro()) * i128::from(units.micro());
            let rounded = round(exact, PICO_PER_MICRO, grid, rounding)?;
            let at_least = minimum.map_or(rounded, |m| rounded.max(m));
            Ok(maximum.map_or(at_least, |m| at_least.min(m)))
        }
        Rule::Tiered { tiers } => round(graduated(tiers, event.quantity), PICO_PER_MICRO, grid, rounding),
        Rule::ByDimension { rows, default } => {
            // Once for all rows: there may be hundreds.
            let texts: Texts<'_> =
                event.inputs.iter().map(|(name, value)| (name.as_str(), value.text())).collect();
            let first = rows.iter().find(|row| row.when.iter().all(|c| matches(c, &texts)));
            // Rules inside are never by dimension themselves, so this goes one level down and no further.
            price(first.map_or(default, |row| &row.rule), grid, rounding, event)
        }
        Rule::CostPlus { multiplier, minimum, rate_card } => {
            let cost = (event.cost_nano)(rate_card.card).ok_or(PriceError::CostRequired)?;
            // Always up: rounded down, an event would earn less than the margin that the multiplier stands for.
            let rounded = multiplied(cost, *multiplier, grid)?;
            Ok(minimum.map_or(rounded, |m| rounded.max(m)))
        }
    }
}

/// Each unit at the price of its tier, in 10⁻¹² of a credit.
fn graduated(tiers: &[Tier], quantity: Quantity) -> i128 {
    let (mut exact, mut below) = (0, 0);
    for tier in tiers {
        let end = tier.up_to.map_or(quantity, |up_to| up_to.min(quantity)).micro();
        exact += i128::from(tier.credits.micro()) * i128::from((end - below).max(0));
        below = end.max(below);
    }
    exact
}

fn multiplied(cost_nano: i64, by: Ratio, grid: Grid) -> Result<Credits, PriceError> {
    // Two factors of 63 bits above, and below at most 63 bits times 10⁹.
    let above = i128::from(cost_nano) * i128::from(by.num());
    round(above, i128::from(by.den()) * NANO_PER_MICRO, grid, Rounding::Up)
}

/// Properties by name, as conditions compare them.
type Texts<'a> = SmallVec<[(&'a str, CompactString); 4]>;

fn matches(condition: &Condition, texts: &Texts<'_>) -> bool {
    texts.iter().any(|(name, text)| *name == condition.property && *text == condition.value)
}

fn measured(name: &CompactString, inputs: &PriceInputs) -> Result<Quantity, PriceError> {
    match inputs.iter().find(|(known, _)| known == name).map(|(_, value)| value) {
        None => Err(PriceError::Missing(name.clone())),
        Some(PropertyValue::Text(_)) => Err(PriceError::NotANumber(name.clone())),
        Some(PropertyValue::BadNumber(bad)) => Err(PriceError::BadNumber(name.clone(), bad.0)),
        Some(PropertyValue::Number(units)) => Ok(*units),
    }
}

/// Rounds a non-negative number of `1 / per_micro` micro-credits to the grid.
fn round(exact: i128, per_micro: i128, grid: Grid, rounding: Rounding) -> Result<Credits, PriceError> {
    if exact < 0 {
        return Err(PriceError::Overflow);
    }
    let micro_of_step = i128::from(grid.step().micro());
    let step = per_micro * micro_of_step;
    let (down, rest) = (exact / step, exact % step);
    let up = match rounding {
        Rounding::Down => false,
        Rounding::Up => rest > 0,
        Rounding::HalfUp => rest * 2 >= step,
        Rounding::HalfEven => rest * 2 > step || (rest * 2 == step && down % 2 == 1),
    };
    (down + i128::from(up))
        .checked_mul(micro_of_step)
        .and_then(|micro| i64::try_from(micro).ok())
        .map(Credits::from_micro)
        .filter(|c| *c <= Credits::MAX)
        .ok_or(PriceError::Overflow)
}

#[cfg(test)]
mod tests;
