//! What publishing asks of a rule: every amount within its bounds, every row within reach, and the whole small enough
//! to be one fact. The first thing that is wrong is named by its field.

use super::{CardPin, Condition, Rounding, Row, Rule, Tier};
use crate::codec::encode_one;
use crate::meter::check_credits;
use crate::{CardNo, Credits, Rejection};

/// Tiers of one rule: more is a formula, not a price list.
pub const TIERS_MAX: usize = 20;
/// Rows of one rule by dimension: every model and size a product offers, still read in one sitting.
pub const ROWS_MAX: usize = 200;
/// Conditions of one row: as many as an event type has dimensions.
pub const CONDITIONS_MAX: usize = 4;
/// A property's name or value in a condition, in bytes: as long as a property's name may be.
pub const CONDITION_BYTES_MAX: usize = 64;
/// A rule in its binary form, in bytes: with the note it stays below half the largest entry of a journal.
pub const RULE_BYTES_MAX: usize = 48 * 1024;

/// # Errors
/// [`Rejection::Invalid`] naming the field that is wrong. `newest` is the newest rate card there is.
pub(crate) fn check(rule: &Rule, rounding: Rounding, newest: Option<CardNo>) -> Result<(), Rejection> {
    match rule {
        Rule::ByDimension { rows, default } => {
            check_rows(rows, newest)?;
            check_part("rule.default", default, newest)?;
        }
        rule => check_part("rule", rule, newest)?,
    }
    if rule.uses_cost() && rounding != Rounding::Up {
        let problem = "must be \"up\": a price made of costs that is rounded down earns less than its target";
        return Err(Rejection::invalid("rounding", problem));
    }
    if encode_one(rule).len() > RULE_BYTES_MAX {
        return Err(Rejection::invalid("rule", format!("must take at most {RULE_BYTES_MAX} bytes")));
    }
    Ok(())
}

fn check_rows(rows: &[Row], newest: Option<CardNo>) -> Result<(), Rejection> {
    if rows.is_empty() || rows.len() > ROWS_MAX {
        return Err(Rejection::invalid("rule.rows", format!("must be 1 to {ROWS_MAX} rows")));
    }
    for (index, row) in rows.iter().enumerate() {
        let path = format!("rule.rows[{index}]");
        check_conditions(&format!("{path}.when"), &row.when)?;
        // A row that asks for all that an earlier one asks for, and more, is a mistake in the order.
        let earlier = rows[..index].iter().position(|e| e.when.iter().all(|c| row.when.contains(c)));
        if let Some(earlier) = earlier {
            let problem = format!("is never reached: rows[{earlier}] matches everything that this row does");
            return Err(Rejection::invalid(&format!("{path}.when"), problem));
        }
        check_part(&format!("{path}.rule"), &row.rule, newest)?;
    }
    Ok(())
}

fn check_conditions(path: &str, when: &[Condition]) -> Result<(), Rejection> {
    if when.is_empty() || when.len() > CONDITIONS_MAX {
        return Err(Rejection::invalid(path, format!("must name 1 to {CONDITIONS_MAX} properties")));
    }
    for (index, condition) in when.iter().enumerate() {
        let is_text = |text: &str| {
            (1..=CONDITION_BYTES_MAX).contains(&text.len()) && !text.chars().any(char::is_control)
        };
        if !is_text(&condition.property) || !is_text(&condition.value) {
            let problem = format!(
                "must have names and values of 1 to {CONDITION_BYTES_MAX} bytes without control characters"
            );
            return Err(Rejection::invalid(path, problem));
        }
        if when[..index].iter().any(|earlier| earlier.property == condition.property) {
            return Err(Rejection::invalid(path, "must name each property once"));
        }
    }
    Ok(())
}

/// A rule that gives a price itself.
fn check_part(path: &str, rule: &Rule, newest: Option<CardNo>) -> Result<(), Rejection> {
    let amount = |name: &str, credits: Credits| check_credits(&format!("{path}.{name}"), credits);
    match rule {
        Rule::Flat { credits } => amount("credits", *credits).map(|_| ()),
        Rule::PerUnit { base, credits, minimum, maximum, .. } => {
            amount("base", *base)?;
            amount("credits", *credits)?;
            let minimum = minimum.map(|m| amount("minimum", m)).transpose()?;
            let maximum = maximum.map(|m| amount("maximum", m)).transpose()?;
            match (minimum, maximum) {
                (Some(minimum), Some(maximum)) if minimum > maximum => {
                    Err(Rejection::invalid(&format!("{path}.minimum"), "must not be above the maximum"))
                }
                _ => Ok(()),
            }
        }
        Rule::Tiered { tiers } => check_tiers(path, tiers),
        Rule::CostPlus { minimum, rate_card, .. } => {
            minimum.map(|m| amount("minimum", m)).transpose()?;
            check_pin(path, *rate_card, newest)
        }
        Rule::ByDimension { .. } => Err(Rejection::invalid(
            &format!("{path}.type"),
            "must not be by_dimension inside of by_dimension",
        )),
    }
}

fn check_tiers(path: &str, tiers: &[Tier]) -> Result<(), Rejection> {
    let path = format!("{path}.tiers");
    if tiers.is_empty() || tiers.len() > TIERS_MAX {
        return Err(Rejection::invalid(&path, format!("must be 1 to {TIERS_MAX} tiers")));
    }
    let mut below = None;
    for (index, tier) in tiers.iter().enumerate() {
        check_credits(&format!("{path}[{index}].credits"), tier.credits)?;
        let field = format!("{path}[{index}].up_to");
        match (tier.up_to, index + 1 == tiers.len()) {
            (None, true) => {}
            (None, false) => {
                return Err(Rejection::invalid(&field, "is required: only the last tier has no end"));
            }
            (Some(_), true) => {
                let problem =
                    "must not be sent: the last tier has no end, so that every quantity has a price";
                return Err(Rejection::invalid(&field, problem));
            }
            (Some(up_to), false) if below.is_some_and(|below| up_to <= below) => {
                return Err(Rejection::invalid(&field, "must be above that of the tier before"));
            }
            (up_to, false) => below = up_to,
        }
    }
    Ok(())
}

fn check_pin(path: &str, pin: CardPin, newest: Option<CardNo>) -> Result<(), Rejection> {
    if pin.is_chosen && (pin.card == CardNo(0) || newest.is_none_or(|newest| pin.card > newest)) {
        return Err(Rejection::invalid(&format!("{path}.rate_card"), "is no rate card of this environment"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
