//! Proposed prices: how far one change may go, on which amounts, and as which rule.
//!
//! Invariants: a proposal keeps the form of the rule that it replaces, and as many decimals as that has; one step on
//! that grid is always allowed, however far it is.

use chargly_ledger::{AdvisedPrice, Credits, PriceVersion, Ratio, Row, Rule, Tier, snapped_up};

use super::subject::WHOLE_BP;

/// A price never more than doubles in so many days, in milliseconds (90 days), unless it stays below its cost.
pub(crate) const DOUBLING_MS: i64 = 90 * 24 * 60 * 60 * 1_000;

/// The distance between two prices of this rule: the coarsest of 1, 0.1, 0.01 … credits that its amounts all lie on.
pub(crate) fn grid_of(rule: &Rule) -> Credits {
    let mut amounts = Vec::new();
    amounts_of(rule, &mut amounts);
    let mut step = 1_000_000;
    while step > 1 && amounts.iter().any(|amount: &Credits| amount.micro() % step != 0) {
        step /= 10;
    }
    Credits::from_micro(step)
}

/// The price to propose in place of `current` on the way to `wanted`: on the grid, at most `step_bp` away, or one step
/// of the grid where that is further, and never beyond what is wanted. `None` where that is no other price.
pub(crate) fn stepped(current: Credits, wanted: Credits, grid: Credits, step_bp: u32) -> Option<Credits> {
    let wanted = snapped_up(wanted, grid)?.max(grid);
    if wanted == current || !current.is_positive() {
        return (!current.is_positive() && wanted != current).then_some(wanted);
    }
    let (current_micro, grid_micro) = (i128::from(current.micro()), i128::from(grid.micro()));
    let reach = current_micro * i128::from(step_bp) / WHOLE_BP;
    // Both ends rounded towards the present price.
    let highest = (current_micro + reach).div_euclid(grid_micro) * grid_micro;
    let lowest = (current_micro - reach + grid_micro - 1).div_euclid(grid_micro) * grid_micro;
    let highest = highest.max((current_micro.div_euclid(grid_micro) + 1) * grid_micro);
    let lowest = lowest.min((current_micro - 1).div_euclid(grid_micro) * grid_micro).max(grid_micro);
    let micro = i128::from(wanted.micro()).clamp(lowest, highest);
    i64::try_from(micro).ok().map(Credits::from_micro).filter(|price| *price != current)
}

/// The rule of a version with what a unit costs moved from `current` to `proposed`: the amount itself where the rule
/// has one, else all of its amounts in proportion, each rounded up to the grid.
pub(crate) fn moved(base: &PriceVersion, current: Credits, proposed: Credits) -> Option<AdvisedPrice> {
    let rule = moved_rule(&base.rule, (proposed, current), grid_of(&base.rule))?;
    Some(AdvisedPrice { rule, grid: base.grid, rounding: base.rounding })
}

pub(crate) fn moved_rule(rule: &Rule, (to, from): (Credits, Credits), grid: Credits) -> Option<Rule> {
    let scaled = |credits: Credits| {
        let micro = i128::from(credits.micro()) * i128::from(to.micro());
        let from = i128::from(from.micro()).max(1);
        // Up, as a price that is too low by a hair misses its aim.
        let micro = i64::try_from((micro + from - 1).div_euclid(from)).ok()?;
        snapped_up(Credits::from_micro(micro), grid)
    };
    let optional = |credits: Option<Credits>| match credits {
        Some(credits) => scaled(credits).map(Some),
        None => Some(None),
    };
    Some(match rule {
        Rule::Flat { credits } if *credits == from => Rule::Flat { credits: to },
        Rule::Flat { credits } => Rule::Flat { credits: scaled(*credits)? },
        Rule::PerUnit { base, credits, measure, minimum, maximum } => Rule::PerUnit {
            base: scaled(*base)?,
            credits: scaled(*credits)?,
            measure: measure.clone(),
            minimum: optional(*minimum)?,
            maximum: optional(*maximum)?,
        },
        Rule::Tiered { tiers } => {
            let tiers = tiers.iter().map(|tier| Some(Tier { credits: scaled(tier.credits)?, ..*tier }));
            Rule::Tiered { tiers: tiers.collect::<Option<_>>()? }
        }
        Rule::ByDimension { rows, default } => {
            let row = |row: &Row| {
                let rule = Box::new(moved_rule(&row.rule, (to, from), grid)?);
                Some(Row { when: row.when.clone(), rule })
            };
            let rows = rows.iter().map(row).collect::<Option<_>>()?;
            Rule::ByDimension { rows, default: Box::new(moved_rule(default, (to, from), grid)?) }
        }
        Rule::CostPlus { multiplier, minimum, rate_card } => Rule::CostPlus {
            multiplier: scaled_ratio(multiplier, to, from)?,
            minimum: optional(*minimum)?,
            rate_card: *rate_card,
        },
    })
}

fn scaled_ratio(ratio: &Ratio, to: Credits, from: Credits) -> Option<Ratio> {
    let numerator = i128::from(ratio.num()).checked_mul(to.micro().into())?;
    let denominator = i128::from(ratio.den()).checked_mul(from.micro().into())?;
    Ratio::new(numerator, denominator).ok()
}

fn amounts_of(rule: &Rule, amounts: &mut Vec<Credits>) {
    match rule {
        Rule::Flat { credits } => amounts.push(*credits),
        Rule::PerUnit { base, credits, minimum, maximum, .. } => {
            amounts.extend([*base, *credits]);
            amounts.extend(*minimum);
            amounts.extend(*maximum);
        }
        Rule::Tiered { tiers } => amounts.extend(tiers.iter().map(|tier| tier.credits)),
        Rule::ByDimension { rows, default } => {
            rows.iter().for_each(|row| amounts_of(&row.rule, amounts));
            amounts_of(default, amounts);
        }
        Rule::CostPlus { minimum, .. } => amounts.extend(*minimum),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cr(text: &str) -> Credits {
        Credits::parse(text).expect("a valid amount")
    }

    #[test]
    fn a_price_keeps_as_many_decimals_as_it_has() {
        for (price, grid) in
            [("4", "1"), ("40", "1"), ("2.5", "0.1"), ("0.25", "0.01"), ("0.000001", "0.000001")]
        {
            assert_eq!(grid_of(&Rule::Flat { credits: cr(price) }), cr(grid), "{price}");
        }
    }

    #[test]
    fn one_change_goes_a_fifth_or_one_step_and_never_beyond_what_is_wanted() {
        for (current, wanted, grid, expected) in [
            ("4", "4.2", "1", Some("5")),
            ("10", "12.5", "1", Some("12")),
            ("10", "11.2", "1", Some("12")),
            ("10", "10.4", "1", Some("11")),
            ("100", "500", "1", Some("120")),
            ("1", "9", "1", Some("2")),
            ("10", "3", "1", Some("8")),
            ("10", "9.1", "1", None),
            ("10", "8.1", "1", Some("9")),
            ("2", "0.3", "1", Some("1")),
            ("1", "0.3", "1", None),
            ("2.5", "9", "0.1", Some("3")),
            ("5", "5", "1", None),
            ("0", "3.5", "1", Some("4")),
        ] {
            let found = stepped(cr(current), cr(wanted), cr(grid), 2_000);
            assert_eq!(found, expected.map(cr), "{current} on the way to {wanted}");
        }
    }
}
