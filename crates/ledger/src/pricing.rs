//! What an event costs in credits: immutable rules, exact arithmetic, one rounding.

use compact_str::CompactString;
use smallvec::SmallVec;
use thiserror::Error;

use crate::{Credits, DecimalError, Quantity};

/// How many credits an event of a type costs. Immutable once published as a price version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Always the same.
    Flat {
        /// Credits for one event, whatever its quantity.
        credits: Credits,
    },
    /// `base + credits × measure`, within optional bounds.
    PerUnit {
        /// Charged whatever the measure.
        base: Credits,
        /// Credits for each unit of the measure.
        credits: Credits,
        /// What is counted.
        measure: Measure,
        /// Never less than this.
        minimum: Option<Credits>,
        /// Never more than this.
        maximum: Option<Credits>,
    },
}

/// What a per-unit rule counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Measure {
    /// The event's own quantity.
    Quantity,
    /// A numeric property of the event.
    Property(CompactString),
}

/// To what a price is rounded, once per event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grid {
    /// To a millionth of a credit, the smallest unit there is.
    MicroCredit,
    /// To a whole credit.
    Credit,
}

/// Which way the one rounding goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// To the nearest, a tie goes up. The default.
    HalfUp,
    /// To the nearest, a tie goes to the even one.
    HalfEven,
    /// Always up.
    Up,
    /// Always down.
    Down,
}

/// The properties of an event that prices look at, read out of the request by the caller.
pub type PriceInputs = SmallVec<[(CompactString, PropertyValue); 2]>;

/// A property as a price rule sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PropertyValue {
    /// A number the ledger can count with.
    Number(Quantity),
    /// A number it cannot: zero, negative, too precise or absurd.
    BadNumber(DecimalError),
    /// Anything else.
    NotANumber,
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
    /// The price is beyond the largest amount.
    #[error("gives a price beyond the largest amount of credits")]
    Overflow,
}

impl Rule {
    /// The names of the properties this rule looks at.
    pub fn properties(&self) -> impl Iterator<Item = &CompactString> {
        let name = match self {
            Self::PerUnit { measure: Measure::Property(name), .. } => Some(name),
            Self::Flat { .. } | Self::PerUnit { .. } => None,
        };
        name.into_iter()
    }
}

/// Credits for one event under a rule, rounded once to the grid, then held within the rule's bounds.
pub fn price(
    rule: &Rule,
    grid: Grid,
    rounding: Rounding,
    quantity: Quantity,
    inputs: &PriceInputs,
) -> Result<Credits, PriceError> {
    match rule {
        Rule::Flat { credits } => Ok(*credits),
        Rule::PerUnit { base, credits, measure, minimum, maximum } => {
            let units = match measure {
                Measure::Quantity => quantity,
                Measure::Property(name) => measured(name, inputs)?,
            };
            // Micro-credits times micro-units: 10⁻¹² of a credit, exact in an i128.
            let exact = i128::from(base.micro()) * 1_000_000
                + i128::from(credits.micro()) * i128::from(units.micro());
            let rounded = round(exact, grid, rounding)?;
            let at_least = minimum.map_or(rounded, |m| rounded.max(m));
            Ok(maximum.map_or(at_least, |m| at_least.min(m)))
        }
    }
}

fn measured(name: &CompactString, inputs: &PriceInputs) -> Result<Quantity, PriceError> {
    match inputs.iter().find(|(n, _)| n == name).map(|(_, value)| value) {
        None => Err(PriceError::Missing(name.clone())),
        Some(PropertyValue::NotANumber) => Err(PriceError::NotANumber(name.clone())),
        Some(PropertyValue::BadNumber(why)) => Err(PriceError::BadNumber(name.clone(), *why)),
        Some(PropertyValue::Number(units)) => Ok(*units),
    }
}

/// Rounds a non-negative amount of 10⁻¹² credits to the grid.
fn round(pico: i128, grid: Grid, rounding: Rounding) -> Result<Credits, PriceError> {
    let step: i128 = match grid {
        Grid::MicroCredit => 1_000_000,
        Grid::Credit => 1_000_000_000_000,
    };
    let (down, rest) = (pico / step, pico % step);
    let up = match rounding {
        Rounding::Down => false,
        Rounding::Up => rest > 0,
        Rounding::HalfUp => rest * 2 >= step,
        Rounding::HalfEven => rest * 2 > step || (rest * 2 == step && down % 2 == 1),
    };
    let micro = (down + i128::from(up)) * (step / 1_000_000);
    i64::try_from(micro)
        .ok()
        .map(Credits::from_micro)
        .filter(|c| *c <= Credits::MAX)
        .ok_or(PriceError::Overflow)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cr(text: &str) -> Credits {
        Credits::parse(text).expect("a valid amount")
    }

    fn per_unit(base: &str, credits: &str, min: Option<&str>, max: Option<&str>) -> Rule {
        Rule::PerUnit {
            base: cr(base),
            credits: cr(credits),
            measure: Measure::Quantity,
            minimum: min.map(cr),
            maximum: max.map(cr),
        }
    }

    #[test]
    fn prices_of_every_rule() {
        let q = |text| Quantity::parse(text).expect("a valid quantity");
        use Grid::{Credit, MicroCredit};
        use Rounding::{Down, HalfEven, HalfUp, Up};
        for (rule, grid, rounding, quantity, expected) in [
            (Rule::Flat { credits: cr("12") }, MicroCredit, HalfUp, "1", "12"),
            (Rule::Flat { credits: cr("12") }, MicroCredit, HalfUp, "3", "12"),
            (per_unit("0", "2", None, None), MicroCredit, HalfUp, "3", "6"),
            (per_unit("1", "0.25", None, None), MicroCredit, HalfUp, "3", "1.75"),
            (per_unit("1", "0.25", None, None), Credit, HalfUp, "2", "2"),
            (per_unit("1", "0.25", None, None), Credit, HalfEven, "2", "2"),
            (per_unit("0", "0.5", None, None), Credit, HalfEven, "1", "0"),
            (per_unit("0", "0.5", None, None), Credit, HalfUp, "1", "1"),
            (per_unit("0", "0.1", None, None), Credit, Up, "1", "1"),
            (per_unit("0", "0.9", None, None), Credit, Down, "1", "0"),
            (per_unit("0", "0.000001", None, None), MicroCredit, HalfUp, "0.5", "0.000001"),
            (per_unit("0", "0.000001", None, None), MicroCredit, HalfUp, "0.49", "0"),
            (per_unit("0", "1", Some("5"), Some("10")), MicroCredit, HalfUp, "3", "5"),
            (per_unit("0", "1", Some("5"), Some("10")), MicroCredit, HalfUp, "7", "7"),
            (per_unit("0", "1", Some("5"), Some("10")), MicroCredit, HalfUp, "70", "10"),
        ] {
            let got = price(&rule, grid, rounding, q(quantity), &PriceInputs::new());
            assert_eq!(got, Ok(cr(expected)), "{rule:?} {grid:?} {rounding:?} × {quantity}");
        }
    }

    #[test]
    fn price_beyond_the_largest_amount_overflows() {
        let rule = per_unit("0", "8000000000", None, None);
        let two = Quantity::parse("1.000001").expect("a valid quantity");
        let got = price(&rule, Grid::MicroCredit, Rounding::HalfUp, two, &PriceInputs::new());
        assert_eq!(got, Err(PriceError::Overflow));
    }

    #[test]
    fn a_measured_property_must_be_there_and_a_number() {
        let name = CompactString::from("tokens");
        let rule = Rule::PerUnit {
            base: cr("1"),
            credits: cr("0.01"),
            measure: Measure::Property(name.clone()),
            minimum: None,
            maximum: None,
        };
        let ask =
            |inputs: &PriceInputs| price(&rule, Grid::MicroCredit, Rounding::HalfUp, Quantity::ONE, inputs);
        let with = |value| -> PriceInputs { [(name.clone(), value)].into_iter().collect() };
        assert_eq!(ask(&PriceInputs::new()), Err(PriceError::Missing(name.clone())));
        assert_eq!(ask(&with(PropertyValue::NotANumber)), Err(PriceError::NotANumber(name.clone())));
        let tokens = Quantity::parse("812").expect("a valid quantity");
        assert_eq!(ask(&with(PropertyValue::Number(tokens))), Ok(cr("9.12")));
    }
}
