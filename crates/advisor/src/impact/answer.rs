//! The answer to "what did this price change do": exact sums, and estimates that are always ranges.
//!
//! Not owned here: how they come about, and the sentences about them (`words`).

use chargly_ledger::EventTypeNo;

use super::PriceChange;

/// What a price change did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Impact {
    /// The change.
    pub change: PriceChange,
    /// The days compared; `None` where there is not one on each side.
    pub windows: Option<Windows>,
    /// Exact sums of the window before.
    pub before: Totals,
    /// Exact sums of the window after.
    pub after: Totals,
    /// After against before: what happened, not what the price caused.
    pub plain: PlainChange,
    /// The event types it was compared with, by number; none before there is an estimate.
    pub controls: Vec<EventTypeNo>,
    /// What the price caused, as far as can be said.
    pub status: Status,
}

/// How far the answer goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Status {
    /// Nothing can be said about cause yet. [`Why`] says whether waiting helps.
    TooEarly {
        /// Days after the change, without the washout, that may be compared.
        have_days: u32,
        /// Days after the change, without the washout, that it takes.
        need_days: u32,
        /// What is missing.
        why: Why,
    },
    /// No other event type could serve as a control: from the type's own trend, less sure than it looks.
    NoControls(Estimate),
    /// Against event types whose price stayed.
    Estimated(Estimate),
}

/// What is missing for an estimate, in the order in which it is looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Why {
    /// The change is too young.
    DaysAfter,
    /// The same type's price changed again too soon. Waiting does not help.
    ChangedAgain,
    /// The type is too young, or its price had just changed. Waiting does not help.
    DaysBefore {
        /// Days before the change that may be compared.
        have: u32,
        /// Days it takes.
        need: u32,
    },
    /// Too few customers use the type.
    Customers {
        /// Different customers in the window before, at least.
        have: u32,
        /// Customers it takes.
        need: u32,
    },
    /// A window has too few events.
    Events {
        /// Events of the window that has fewer.
        have: u64,
        /// Events it takes.
        need: u64,
    },
    /// Too many days on which the type was not used at all, or nobody is known to have been active.
    DaysWithoutUse,
    /// No other date without a price change to see how much the comparison moves by itself.
    NoPlaceboDates,
}

/// The two windows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Windows {
    /// Ends on the day before the change.
    pub before: Window,
    /// Begins when the washout is over; as long as `before`.
    pub after: Window,
}

/// Whole days, both included, counted from 1970-01-01 in the project's time zone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Window {
    /// The first day.
    pub first_day: i32,
    /// The last day.
    pub last_day: i32,
}

/// Exact sums over a window.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Totals {
    /// Days of the window.
    pub days: u32,
    /// Of them, days with at least one event.
    pub days_with_events: u32,
    /// Micro-units.
    pub units_micro: i128,
    /// Events.
    pub events: u64,
    /// Active customers of each day, added up: a customer counts once for each day.
    pub customer_days: u64,
    /// Active customers of the busiest day: at least so many different ones there were.
    pub busiest_day_customers: u32,
    /// Micro-credits used.
    pub credits_micro: i128,
    /// Revenue in nano-units of the currency.
    pub revenue_nano: i128,
    /// Known cost in nano-units of the currency.
    pub cost_nano: i128,
    /// Events whose cost is missing: where there are any, cost is too low and margin too high.
    pub cost_missing: u64,
    /// Revenue less known cost, in nano-units of the currency.
    pub margin_nano: i128,
    /// Margin in basis points of revenue, rounded down; `None` without revenue.
    pub margin_bp: Option<i64>,
}

/// After against before, exact: basis points of the sum before, rounded towards zero; `None` where that was not above 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PlainChange {
    /// Of units.
    pub units_bp: Option<i64>,
    /// Of events.
    pub events_bp: Option<i64>,
    /// Of customer-days.
    pub customer_days_bp: Option<i64>,
    /// Of credits.
    pub credits_bp: Option<i64>,
    /// Of revenue.
    pub revenue_bp: Option<i64>,
    /// Of known cost.
    pub cost_bp: Option<i64>,
    /// Margin after less margin before, in basis points of revenue; `None` where one of them is.
    pub margin_points_bp: Option<i64>,
}

/// What the price caused, with how sure that is. Everything here is an estimate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Estimate {
    /// Change of units because of the price, in basis points of what they would have been.
    pub units_bp: Interval,
    /// Percent of units per percent of price, in thousandths: always with the prior. `None` where the price moved by
    /// less than can be told apart, or began or ended at 0.
    pub elasticity_milli: Option<Interval>,
    /// The window after, as it would have been at the old price.
    pub without_change: Counterfactual,
    /// Margin that the change brought in the window after, in nano-units of the currency; below 0 it cost.
    pub margin_gain_nano: AmountRange,
    /// Whether the change was worth it; `None` where too much cost is missing to say, or the type became free.
    pub confidence: Option<Confidence>,
    /// What the interval of `units_bp` rests on.
    pub basis: Basis,
    /// Independent placebo comparisons that the error comes from, rounded down.
    pub placebos: u32,
}

/// An estimate and the range that holds the truth 9 times in 10.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Interval {
    /// 1 time in 20 the truth is below.
    pub low: i64,
    /// As often below as above.
    pub middle: i64,
    /// 1 time in 20 the truth is above.
    pub high: i64,
}

/// A range of amounts, widened to three figures that count: an estimate must not look exact.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AmountRange {
    /// 1 time in 20 the truth is below.
    pub low: i128,
    /// 1 time in 20 the truth is above.
    pub high: i128,
}

/// The window after at the old price: units as they would have been, at the cost and money per credit that it had.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Counterfactual {
    /// Micro-units.
    pub units_micro: AmountRange,
    /// Micro-credits.
    pub credits_micro: AmountRange,
    /// Revenue in nano-units of the currency.
    pub revenue_nano: AmountRange,
    /// Known cost in nano-units of the currency.
    pub cost_nano: AmountRange,
    /// Revenue less known cost in nano-units of the currency.
    pub margin_nano: AmountRange,
}

/// How sure a claim is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Confidence {
    /// What is claimed.
    pub claim: Claim,
    /// How probable it is, at least, in basis points: the lowest of three priors, after `cap`.
    pub probability_bp: u32,
    /// The same in one word.
    pub level: Level,
    /// Why it is not higher, where a cap took something off.
    pub cap: Option<Cap>,
}

/// What a confidence is about: revenue less cost, over the window after, against the old price.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Claim {
    /// The change brought margin.
    MarginRose,
    /// The change cost margin.
    MarginFell,
}

/// A probability in one word.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Level {
    /// Below 70 %.
    Low,
    /// From 70 %.
    Medium,
    /// From 85 %.
    High,
}

/// Why a probability was lowered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cap {
    /// Without controls: at most 65 %.
    NoControls,
    /// One change, and what one believed before still matters: at most 90 %.
    PriorsDisagree,
}

/// What an interval rests on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Basis {
    /// The comparison alone.
    Comparison,
    /// The comparison and what is usual elsewhere, because there are few placebo comparisons or no controls.
    ComparisonAndPrior,
}
