//! What an event costs in credits: immutable rules, exact arithmetic, one rounding.
//!
//! [`price`] applies a rule to one event, `check` is what publishing asks of a rule, [`Rule::in_words`] says it as a
//! customer would, and [`target`] finds the credits that reach a margin. Not owned here: which version is in force
//! (the catalogue), and what an event cost (the rate book).

use compact_str::CompactString;
use smallvec::SmallVec;

use crate::codec::codec_struct;
use crate::{CardNo, Credits, DecimalError, Quantity};

mod apply;
mod check;
mod ratio;
mod target;
mod words;

pub use apply::{PriceContext, PriceError, price};
pub(crate) use check::check;
pub use check::{CONDITION_BYTES_MAX, CONDITIONS_MAX, ROWS_MAX, RULE_BYTES_MAX, TIERS_MAX};
pub use ratio::{Ratio, RatioError};
pub use target::{Figures, TARGET_BP_END, credits_for_margin, margin_bp, multiplier_for_margin, snapped_up};

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
    /// Graduated by the event's own quantity: each unit costs what its tier says.
    Tiered {
        /// From the first unit up; only the last tier has no end.
        tiers: Vec<Tier>,
    },
    /// The rule of the first row that an event's properties match.
    ByDimension {
        /// Tried in this order.
        rows: Vec<Row>,
        /// For what matches no row. Never by dimension itself.
        default: Box<Rule>,
    },
    /// The operator's cost times a multiplier, rounded up.
    CostPlus {
        /// Credits for one unit of the environment's currency.
        multiplier: Ratio,
        /// Never less than this.
        minimum: Option<Credits>,
        /// By which rate card usage is turned into a cost.
        rate_card: CardPin,
    },
}

/// One step of a tiered rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tier {
    /// The last of the event's units that cost this; `None` for all that follow.
    pub up_to: Option<Quantity>,
    /// Credits for each unit of this tier.
    pub credits: Credits,
}
codec_struct!(Tier { up_to, credits });

/// One row of a rule by dimension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// All of these must hold.
    pub when: Vec<Condition>,
    /// What then counts. Never by dimension itself.
    pub rule: Box<Rule>,
}
codec_struct!(Row { when, rule });

/// A property and the text it must have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Condition {
    /// The property's name.
    pub property: CompactString,
    /// Its value, as [`PropertyValue::text`] has it.
    pub value: CompactString,
}
codec_struct!(Condition { property, value });

/// The rate card that a cost-plus rule counts with: pinned when it is published, so that a later card changes no price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CardPin {
    /// Which card; 0 where there was none, so that only a reported cost counts.
    pub card: CardNo,
    /// Whether the publisher named the card; else it is the newest at the time of publishing.
    pub is_chosen: bool,
}
codec_struct!(CardPin { card, is_chosen });

impl CardPin {
    /// The newest card there is when the rule is published.
    pub const NEWEST: Self = Self { card: CardNo(0), is_chosen: false };

    /// This card.
    pub const fn chosen(card: CardNo) -> Self {
        Self { card, is_chosen: true }
    }
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

impl Grid {
    /// The distance between two prices on it.
    pub const fn step(self) -> Credits {
        match self {
            Self::MicroCredit => Credits::from_micro(1),
            Self::Credit => Credits::from_micro(1_000_000),
        }
    }
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
///
/// Room for one without asking for memory: calls wait in a queue, and most have none.
pub type PriceInputs = SmallVec<[(CompactString, PropertyValue); 1]>;

/// A property as a price rule sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PropertyValue {
    /// A number the ledger can count with.
    Number(Quantity),
    /// A number it cannot, with its text: zero, negative, too precise or absurd. Rare, and kept small by the box.
    BadNumber(Box<(DecimalError, CompactString)>),
    /// Anything else: a string's own text, `true` or `false`.
    Text(CompactString),
}

impl PropertyValue {
    /// A JSON number.
    pub fn number(text: &str) -> Self {
        match Quantity::parse(text) {
            Ok(quantity) => Self::Number(quantity),
            // `0.0` and `0` are one value.
            Err(DecimalError::Zero) => Self::BadNumber(Box::new((DecimalError::Zero, "0".into()))),
            Err(error) => Self::BadNumber(Box::new((error, text.into()))),
        }
    }

    /// The text that conditions compare: numbers that can be counted without needless digits, all else as it came.
    pub fn text(&self) -> CompactString {
        match self {
            Self::Number(quantity) => compact_str::format_compact!("{quantity}"),
            Self::BadNumber(bad) => bad.1.clone(),
            Self::Text(text) => text.clone(),
        }
    }
}

impl Rule {
    /// The names of the properties this rule looks at, some of them more than once.
    pub fn properties(&self) -> impl Iterator<Item = &CompactString> {
        let conditions = self.rows().iter().flat_map(|row| row.when.iter().map(|c| &c.property));
        conditions.chain(self.parts().filter_map(|rule| match rule {
            Self::PerUnit { measure: Measure::Property(name), .. } => Some(name),
            _ => None,
        }))
    }

    /// Whether an event may need a cost to have a price.
    pub fn uses_cost(&self) -> bool {
        self.parts().any(|rule| matches!(rule, Self::CostPlus { .. }))
    }

    /// How prices are rounded where the publisher does not say: what is made of costs goes up to whole credits, so
    /// that no event earns less than the target.
    pub fn usual_rounding(&self) -> (Grid, Rounding) {
        if self.uses_cost() { (Grid::Credit, Rounding::Up) } else { (Grid::MicroCredit, Rounding::HalfUp) }
    }

    /// As it is published: the newest card stands for its number.
    pub fn pinned(mut self, newest: Option<CardNo>) -> Self {
        self.each_pin(|pin| {
            if !pin.is_chosen {
                pin.card = newest.unwrap_or(CardNo(0));
            }
        });
        self
    }

    /// As it was asked for: a card that nobody named is the newest.
    pub fn as_asked(&self) -> Self {
        self.clone().pinned(None)
    }

    /// Without any card: what is said of it in another environment, where cards have other numbers.
    pub fn unpinned(mut self) -> Self {
        self.each_pin(|pin| *pin = CardPin::NEWEST);
        self
    }

    /// As a copy of it is published: with the cards it counts with now.
    pub fn as_copied(&self) -> Self {
        let mut copy = self.clone();
        copy.each_pin(|pin| pin.is_chosen = pin.card != CardNo(0));
        copy
    }

    /// The rules that give prices: itself, or those of its rows and the default.
    fn parts(&self) -> impl Iterator<Item = &Self> {
        let itself = match self {
            Self::ByDimension { default, .. } => default,
            rule => rule,
        };
        self.rows().iter().map(|row| &*row.rule).chain(std::iter::once(itself))
    }

    fn rows(&self) -> &[Row] {
        match self {
            Self::ByDimension { rows, .. } => rows,
            _ => &[],
        }
    }

    fn each_pin(&mut self, mut change: impl FnMut(&mut CardPin)) {
        let mut change_part = |rule: &mut Self| {
            if let Self::CostPlus { rate_card, .. } = rule {
                change(rate_card);
            }
        };
        match self {
            Self::ByDimension { rows, default } => {
                rows.iter_mut().for_each(|row| change_part(&mut row.rule));
                change_part(default);
            }
            rule => change_part(rule),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_matched_by_its_value_and_anything_else_by_its_text() {
        for (text, expected) in
            [("1024", "1024"), ("1024.0", "1024"), ("1.5e1", "15"), ("0.0", "0"), ("-3", "-3")]
        {
            assert_eq!(PropertyValue::number(text).text(), expected);
        }
        assert_eq!(PropertyValue::Text("1024.0".into()).text(), "1024.0");
    }

    #[test]
    fn inputs_of_prices_take_little_of_the_queue() {
        assert_eq!(size_of::<PropertyValue>(), 24);
        assert!(size_of::<PriceInputs>() <= 64);
    }

    #[test]
    fn a_card_nobody_named_is_pinned_when_published_and_kept_by_a_copy() {
        let rule = Rule::CostPlus { multiplier: Ratio::ONE, minimum: None, rate_card: CardPin::NEWEST };
        let published = rule.clone().pinned(Some(CardNo(7)));
        let pin = |rule: &Rule| match rule {
            Rule::CostPlus { rate_card, .. } => *rate_card,
            _ => unreachable!("it was made as one"),
        };
        assert_eq!(pin(&published), CardPin { card: CardNo(7), is_chosen: false });
        assert_eq!(published.as_asked(), rule);
        assert_eq!(pin(&published.as_copied().pinned(Some(CardNo(9)))), CardPin::chosen(CardNo(7)));
    }
}
