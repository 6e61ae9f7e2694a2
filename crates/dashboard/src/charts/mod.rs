//! Charts as SVG, drawn on the server: each is a pure function from amounts to markup.
//!
//! Every length is a share of the chart's own width or height, in ten-thousandths, so that a chart fits any window
//! without a script and its text keeps its size. Colours are classes: what they mean stands in the stylesheet.
//!
//! Invariants: nothing is said by colour alone; bars begin at zero; what is not over is hatched; no float.

mod balance;
mod bars;
mod dots;
mod dumbbell;
mod histogram;
mod reliability;
mod scale;
mod scatter;
mod spark;
mod stacks;
mod time;
mod waterfall;

use std::fmt;

pub(crate) use balance::{BalanceChart, Change};
pub(crate) use bars::{Bar, bar_cell};
pub(crate) use dots::{Dot, dots};
pub(crate) use dumbbell::{Dumbbell, Lane, Shape, Spot};
pub(crate) use histogram::{Bin as AmountBin, Histogram, Quantile, bins};
pub(crate) use reliability::{Bin, Reliability};
pub(crate) use scale::Scale;
pub(crate) use scatter::{Point, Scatter};
pub(crate) use spark::spark_line;
pub(crate) use stacks::{Stack, stacks};
pub(crate) use time::{Band, Bucket, Form, Mark, Series, TimeChart};
pub(crate) use waterfall::{Step, waterfall};

/// All of a chart's width or height.
pub(crate) const ALL: i64 = 10_000;

/// Characters of a name that have room in a drawing.
const NAME_CHARACTERS_MAX: usize = 16;

/// A share of a chart's width or height, in ten-thousandths: `12.34%`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Percent(pub(crate) i64);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, size) = (if self.0 < 0 { "-" } else { "" }, self.0.abs());
        write!(f, "{sign}{}.{:02}%", size / 100, size % 100)
    }
}

/// What a mark stands for: the same colour on every page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    Credits,
    Revenue,
    Cost,
    Margin,
    /// One of several that have no meaning of their own, by its place.
    Category(usize),
    /// What everything is compared with.
    Neutral,
}

impl Meaning {
    pub(crate) fn class(self) -> &'static str {
        const CATEGORIES: [&str; 6] = ["c1", "c2", "c3", "c4", "c5", "c6"];
        match self {
            Self::Credits => "credits",
            Self::Revenue => "revenue",
            Self::Cost => "cost",
            Self::Margin => "margin",
            Self::Category(place) => CATEGORIES[place.min(CATEGORIES.len() - 1)],
            Self::Neutral => "neutral",
        }
    }
}

/// A name as it fits in a drawing or beside it: the whole one is in the table behind.
fn shortened(name: &str) -> String {
    if name.chars().count() <= NAME_CHARACTERS_MAX {
        return name.to_owned();
    }
    let kept: String = name.chars().take(NAME_CHARACTERS_MAX - 1).collect();
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_name_is_cut_where_it_has_no_room() {
        assert_eq!(shortened("image.generate.x"), "image.generate.x");
        assert_eq!(shortened("image.generate.xy"), "image.generate.…");
    }

    #[test]
    fn shares_have_two_decimals() {
        for (share, shown) in
            [(0, "0.00%"), (5, "0.05%"), (1_234, "12.34%"), (ALL, "100.00%"), (-50, "-0.50%")]
        {
            assert_eq!(Percent(share).to_string(), shown);
        }
    }
}
