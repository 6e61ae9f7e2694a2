//! What a price change did: the question, its exact part, and which method may answer the rest.
//!
//! [`price_impact`] compares equal windows before and after the change. Sums and plain changes are exact and always
//! there. What would have happened without the change comes from difference in differences against event types whose
//! price stayed, or, where there is none, from the type's own trend, marked as the weaker answer. Below the minimum
//! data the status says what is missing and how much.
//!
//! Not owned here: the estimates themselves (`differences`, `trend`), and turning one into ranges (`estimate`).

mod answer;
mod differences;
mod estimate;
mod log_series;
mod totals;
mod trend;
mod windows;
mod words;

use chargly_ledger::{EventTypeNo, PriceNo};
use thiserror::Error;

pub use answer::{
    AmountRange, Basis, Cap, Claim, Confidence, Counterfactual, Estimate, Impact, Interval, Level,
    PlainChange, Status, Totals, Why, Window, Windows,
};

use estimate::Measured;
pub(crate) use estimate::{CLAIM_CENTRES_MILLI, DISAGREEMENT_MAX, PRIOR_FREEDOM};
use log_series::LogSeries;
use windows::{Available, Reach};

use crate::statistics::StudentT;

/// Days that each window needs: two whole weeks, below which one odd weekend decides the answer.
pub const DAYS_EACH_SIDE_MIN: u32 = 14;
/// Days a window may have. Beyond a quarter of a year, what else changed in the product outweighs the price.
pub const WINDOW_DAYS_MAX: u32 = 91;
/// Days after a change that may be left out: longer is no longer a transition.
pub const WASHOUT_DAYS_MAX: u32 = 14;
/// Different customers the type needs: with fewer, one customer's holiday looks like an effect.
pub const CUSTOMERS_MIN: u32 = 20;
/// Events each window needs, of the type and of each control: 100 counts vary by a tenth by chance alone.
pub const EVENTS_EACH_SIDE_MIN: u64 = 100;

/// One event type's figures of one day. A day without events may be left out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Day {
    /// Days since 1970-01-01 in the project's time zone.
    pub day: i32,
    /// Units metered, in micro-units, reversed ones taken off.
    pub units_micro: i128,
    /// Events metered.
    pub events: u64,
    /// Different customers with at least one event of this type.
    pub active_customers: u32,
    /// Credits used, in micro-credits.
    pub credits_micro: i128,
    /// Revenue recognised, in nano-units of the currency.
    pub revenue_nano: i128,
    /// Provider cost, in nano-units of the currency, of the events whose cost is known.
    pub cost_nano: i128,
    /// Events whose cost is missing.
    pub cost_missing: u64,
}

/// The days of one event type.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DaySeries {
    /// Which type.
    pub event_type: EventTypeNo,
    /// Types of one family stand in for each other, so none is a control for another.
    pub family: Option<String>,
    /// Ascending by day, each day at most once.
    pub days: Vec<Day>,
}

/// How many customers used the product at all on one day.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ActiveDay {
    /// Days since 1970-01-01 in the project's time zone.
    pub day: i32,
    /// Different customers with at least one event of any type.
    pub customers: u32,
}

/// A price version that replaced another one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PriceChange {
    /// The type whose price changed.
    pub event_type: EventTypeNo,
    /// The new version.
    pub version: PriceNo,
    /// The first day on which it applied, wholly or in part.
    pub day: i32,
    /// Credits a typical unit cost before, in micro-credits; 0 where it was free.
    pub old_credits_micro: i64,
    /// Credits a typical unit cost from then on, in micro-credits; 0 where it became free.
    pub new_credits_micro: i64,
}

/// How to look.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Options {
    /// Days each side at most, [`DAYS_EACH_SIDE_MIN`] to [`WINDOW_DAYS_MAX`]. Windows are shortened to whole weeks.
    pub window_days: u32,
    /// Days from the change on that are left out, while people notice; at most [`WASHOUT_DAYS_MAX`].
    pub washout_days: u32,
    /// Where elasticities are expected before looking, in thousandths; −10,000 to 10,000.
    pub prior_centre_milli: i32,
    /// How far from there they usually are, in thousandths; 100 to 10,000.
    pub prior_scale_milli: i32,
}

impl Default for Options {
    /// Four weeks, three days, and the prior of decision 0008.
    fn default() -> Self {
        Self { window_days: 28, washout_days: 3, prior_centre_milli: -700, prior_scale_milli: 600 }
    }
}

/// What is asked, and everything the answer may use.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Every event type's days, as far back as there are figures: controls and placebo dates come from here.
    pub series: &'a [DaySeries],
    /// The product's active customers, ascending by day. A day that is missing is not used for an estimate.
    pub active: &'a [ActiveDay],
    /// Every price change of every type, in any order.
    pub changes: &'a [PriceChange],
    /// The change asked about.
    pub asked: PriceNo,
    /// The last day that is over.
    pub through_day: i32,
    /// Different customers of the type in the window before, where they were counted. Otherwise its busiest day
    /// there stands for them: there were at least as many.
    pub customers: Option<u32>,
    /// How to look.
    pub options: Options,
}

/// Why a question has no answer at all.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum ImpactError {
    /// No price change has the version asked about.
    #[error("price version {} replaced no other one", .0.0)]
    UnknownChange(PriceNo),
    /// A series is not ascending by day.
    #[error("the days of event type {} are not in order", .0.0)]
    DaysOutOfOrder(EventTypeNo),
    /// The active customers are not ascending by day.
    #[error("the days of active customers are not in order")]
    ActiveDaysOutOfOrder,
    /// An option is out of its range.
    #[error("the option {0} is out of range")]
    OptionOutOfRange(&'static str),
    /// A sum does not fit. Figures of a real journal cannot do that.
    #[error("a sum of figures overflows")]
    Overflow,
}

/// What the change did, as far as can be said.
pub fn price_impact(question: &Question<'_>) -> Result<Impact, ImpactError> {
    Ok(match look(question)? {
        Look::TooEarly(impact) => impact,
        Look::Measured { impact, measured, controls } => {
            let estimate = estimate::estimate(&measured, question.options, &impact);
            let status = match controls.is_empty() {
                true => Status::NoControls(estimate),
                false => Status::Estimated(estimate),
            };
            Impact { controls, status, ..impact }
        }
    })
}

/// What the change alone says of the elasticity, without any prior. `None` while there is nothing to say, where the
/// price moved by less than can be told apart, or began or ended at 0.
pub(crate) fn measured_elasticity(question: &Question<'_>) -> Option<StudentT> {
    match look(question).ok()? {
        Look::TooEarly(_) => None,
        Look::Measured { impact, measured, .. } => estimate::elasticity_alone(&measured, &impact),
    }
}

/// The exact part, and a measured shift where there is one.
enum Look {
    TooEarly(Impact),
    Measured { impact: Impact, measured: Measured, controls: Vec<EventTypeNo> },
}

fn look(question: &Question<'_>) -> Result<Look, ImpactError> {
    check(question)?;
    let change = *question
        .changes
        .iter()
        .find(|change| change.version == question.asked)
        .ok_or(ImpactError::UnknownChange(question.asked))?;
    let series = question.series.iter().find(|series| series.event_type == change.event_type);
    let days = series.map_or(&[][..], |series| &series.days);
    let available = Available::of(question, &change, days);
    let longest = compared(&change, days, available.windows(question.options))?;
    if let Some(status) = windows::too_early(question, &available, &longest) {
        return Ok(Look::TooEarly(Impact { status, ..longest }));
    }
    let all = LogSeries::all(question, change.event_type);
    // Shorter windows leave more dates to compare with, where there were none.
    for days_each_side in available.lengths(question.options) {
        let reach = Reach { day: change.day, days: days_each_side, washout: question.options.washout_days };
        if let Some((measured, controls)) = measure(&all, reach) {
            let impact = compared(&change, days, reach.windows())?;
            return Ok(Look::Measured { impact, measured, controls });
        }
    }
    let why = Why::NoPlaceboDates;
    let need_days = question.options.washout_days + 2 * DAYS_EACH_SIDE_MIN;
    let status = Status::TooEarly { have_days: available.after, need_days, why };
    Ok(Look::TooEarly(Impact { status, ..longest }))
}

/// The exact part of the answer.
fn compared(change: &PriceChange, days: &[Day], windows: Option<Windows>) -> Result<Impact, ImpactError> {
    let (before, after) = match windows {
        Some(windows) => (Totals::of(days, windows.before)?, Totals::of(days, windows.after)?),
        None => (Totals::default(), Totals::default()),
    };
    let plain = PlainChange::of(&before, &after);
    let status = Status::TooEarly { have_days: 0, need_days: DAYS_EACH_SIDE_MIN, why: Why::DaysAfter };
    Ok(Impact { change: *change, windows, before, after, plain, controls: Vec::new(), status })
}

/// The best method that these windows allow, and the controls it used, by number; the target is the first of the series.
fn measure(all: &[LogSeries], reach: Reach) -> Option<(Measured, Vec<EventTypeNo>)> {
    let (target, others) = all.split_first()?;
    let controls = differences::controls(target, others, reach);
    let measured = match controls.is_empty() {
        true => trend::measure(target, reach),
        false => differences::measure(target, &controls, all, reach),
    };
    let mut event_types: Vec<EventTypeNo> = controls.iter().map(|control| control.event_type).collect();
    event_types.sort_unstable();
    Some((measured?, event_types))
}

fn check(question: &Question<'_>) -> Result<(), ImpactError> {
    let options = question.options;
    for (name, within) in [
        ("window_days", (DAYS_EACH_SIDE_MIN..=WINDOW_DAYS_MAX).contains(&options.window_days)),
        ("washout_days", options.washout_days <= WASHOUT_DAYS_MAX),
        ("prior_centre_milli", (-10_000..=10_000).contains(&options.prior_centre_milli)),
        ("prior_scale_milli", (100..=10_000).contains(&options.prior_scale_milli)),
    ] {
        if !within {
            return Err(ImpactError::OptionOutOfRange(name));
        }
    }
    for series in question.series {
        if !series.days.is_sorted_by(|a, b| a.day < b.day) {
            return Err(ImpactError::DaysOutOfOrder(series.event_type));
        }
    }
    match question.active.is_sorted_by(|a, b| a.day < b.day) {
        true => Ok(()),
        false => Err(ImpactError::ActiveDaysOutOfOrder),
    }
}
