//! Whether the rate at which a provider bills one unit has moved: of one provider, model and unit, from daily sums.
//!
//! Two looks at the same days. [`drift`] goes through them as they came and raises an alarm on the day on which it could
//! have been raised (`watch`). [`segments`] looks back over all of them and says from when to when the rate was what
//! (`pelt`). What an event costs on average moves for other reasons too, above all a change of mix, and is so noisy that
//! a rise of a fifth takes weeks to show; the rate of one cell shows it in days.
//!
//! Invariants: no randomness; an alarm depends on no later day. Not owned here: which days there are, declared changes
//! (a declared change needs no detection), and what a new rate means for a price.
#![expect(clippy::float_arithmetic, reason = "estimates, never amounts")]

mod pelt;
mod watch;

use crate::normal;
use crate::statistics::as_float;

pub use pelt::{Segment, segments};

/// Days with a rate before there can be an alarm: fewer do not show how much the rate moves by itself.
pub const DRIFT_DAYS_BEFORE_MIN: usize = 14;
/// The smallest move that matters, as a logarithm: 5 % up; down it is a little more.
const MOVE_MIN: f64 = 0.048_790_164;
const MOVE_MIN_DOWN: f64 = -0.051_293_294;
/// Logarithms of rates that differ by less are one and the same: what rounding to nano-units leaves.
const SAME: f64 = 1e-9;

/// What one unit of one model of one provider cost on one day.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct DayRate {
    /// Days since 1970-01-01 in the project's time zone.
    pub day: i32,
    /// Cost of the day, in any one unit of money.
    pub cost: f64,
    /// Units of the day.
    pub units: f64,
}

/// A rate that moved.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Drift {
    /// The first day of the new rate, as far as can be told.
    pub since_day: i32,
    /// The day on which it could first be told.
    pub alarm_day: i32,
    /// Cost per unit before, since the rate moved the time before or since the first day.
    pub before: f64,
    /// Cost per unit from `since_day` on.
    pub after: f64,
    /// The probability that the rate moved by at least 5 % in this direction; 0 or 1 where it is constant on both sides.
    pub probability: f64,
    /// How much the rate moves by itself from day to day: the standard deviation of its logarithm.
    pub noise: f64,
    /// Whether it rose.
    pub is_up: bool,
}

/// The latest move of a rate, of days in ascending order. `None` where there was none, or where fewer than
/// [`DRIFT_DAYS_BEFORE_MIN`] days had a rate before it. A day without units or cost has no rate and is left out.
pub fn drift(days: &[DayRate]) -> Option<Drift> {
    let days = with_rate(days);
    let logs: Vec<f64> = days.iter().map(|day| libm::log(day.cost / day.units)).collect();
    let alarm = watch::alarms(&logs).pop()?;
    let (before, after) = (&logs[alarm.before_from..alarm.since], &logs[alarm.since..]);
    Some(Drift {
        since_day: days[alarm.since].day,
        alarm_day: days[alarm.at].day,
        before: rate(&days[alarm.before_from..alarm.since]),
        after: rate(&days[alarm.since..]),
        probability: probability(before, after, alarm.is_up),
        noise: watch::Baseline::of(before).noise(),
        is_up: alarm.is_up,
    })
}

/// The days that have a rate.
fn with_rate(days: &[DayRate]) -> Vec<DayRate> {
    let has_rate = |day: &&DayRate| day.cost > 0.0 && day.units > 0.0 && (day.cost / day.units).is_normal();
    days.iter().filter(has_rate).copied().collect()
}

fn rate(days: &[DayRate]) -> f64 {
    let cost: f64 = days.iter().map(|day| day.cost).sum();
    cost / days.iter().map(|day| day.units).sum::<f64>()
}

/// The probability of a move of at least [`MOVE_MIN`]: the difference of two means, as Student's t.
fn probability(before: &[f64], after: &[f64], is_up: bool) -> f64 {
    let (one, other) = (watch::Baseline::of(before), watch::Baseline::of(after));
    let moved = other.mean() - one.mean();
    let beyond = if is_up { moved - MOVE_MIN } else { MOVE_MIN_DOWN - moved };
    if is_constant(before) && is_constant(after) {
        return f64::from(u8::from(beyond >= -SAME));
    }
    let both = one.with_noise_of(&other);
    let error = both.noise() * libm::sqrt(1.0 / as_float(before.len()) + 1.0 / as_float(after.len()));
    normal::below(normal::from_t(beyond / error, both.freedom()))
}

fn is_constant(logs: &[f64]) -> bool {
    logs.iter().all(|log| (log - logs[0]).abs() <= SAME)
}
