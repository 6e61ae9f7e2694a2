//! What the figures of an environment say about its prices.
//!
//! [`price_impact`] answers: what did a price change do? Sums before and after are exact integers; what would have
//! happened without the change is an estimate, given as a range, with the reasons to doubt it in words.
//! [`unit_cost`], [`ratio_gap`] and [`line()`] answer what a unit costs, at one level and another, by size: with customers
//! resampled. [`margin_range`] says how far a margin may be off. [`drift`] answers whether a provider's rate moved. [`chance`] answers how probable it is that a new price
//! brings what is claimed of it.
//!
//! Invariants kept here: the same input gives the same bytes (no clock, I/O, threads; chance only from a seed that is an
//! argument; the same mathematics on every machine); nothing estimated is ever a single amount; floats live in the
//! files that estimate and in no other, and no amount is computed from one without being marked as an estimate.
//!
//! Not owned here: how figures are folded from facts (the views), which day an event belongs to (the project's time
//! zone is applied before), and changing a price (a person does).

mod advice;
mod bootstrap;
mod drift;
mod elasticity;
mod gap;
mod impact;
mod line;
mod margin_range;
mod normal;
mod statistics;
mod unit_cost;
mod words;

pub use drift::{DRIFT_DAYS_BEFORE_MIN, DayRate, Drift, Segment, drift, segments};
pub use elasticity::{
    Aim, Belief, Chance, Lesson, Repricing, break_even_elasticity, chance, gain_quantiles, lesson,
};
pub use gap::{Gap, ratio_gap};

pub use advice::{
    Advice, Bin, CALENDAR_DAYS, Calendar, CreditWorth, Gathering, History, Inputs, MATURED_MIN, METHOD,
    TrackRecord, Watched, advise, grade, track_record, with_backtest,
};
pub use impact::{
    ActiveDay, AmountRange, Basis, CUSTOMERS_MIN, Cap, Claim, Confidence, Counterfactual, DAYS_EACH_SIDE_MIN,
    Day, DaySeries, EVENTS_EACH_SIDE_MIN, Estimate, Impact, ImpactError, Interval, Level, Options,
    PlainChange, PriceChange, Question, Status, Totals, WASHOUT_DAYS_MAX, WINDOW_DAYS_MAX, Why, Window,
    Windows, price_impact,
};
pub use line::{Line, LineSums, line};
pub use margin_range::{Earned, MARGIN_CUSTOMERS_MIN, margin_range};
pub use unit_cost::{Cluster, UnitCost, unit_cost};
pub use words::{
    BRIEF_RUN_OUT_DAYS, BriefAdvice, BriefAnswer, BriefChange, BriefCustomer, BriefFigures, BriefPage,
    BriefQuality, BriefRate, BriefType, BriefUnit, BriefWeek, Card, Explanation, LocalDay, Section, brief,
    card, explain, need_in_words, reason, title, watched_in_words,
};
