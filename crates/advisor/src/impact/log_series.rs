//! One event type's daily logarithm of units per active customer, ready to be averaged over any window.
//!
//! Active are the product's customers of the day, not the type's: somebody who stops using a type because of its
//! price must not vanish from the figure. A day without use has no logarithm and is left out of the mean; windows with
//! too many of them have none. Not owned here: what windows are compared with each other.
#![expect(clippy::float_arithmetic, reason = "logarithms of counts, never amounts")]

use chargly_ledger::EventTypeNo;

use super::answer::Window;
use super::windows::{Reach, usable_days_min};
use super::{ActiveDay, DaySeries, EVENTS_EACH_SIDE_MIN, PriceChange, Question};

/// Days of history on each side of the change that are looked at: a year of placebo dates, and a window before.
/// Bounds memory and work, whatever days a caller sends.
const HISTORY_DAYS_MAX: i32 = 460;

/// Event types that are looked at. Beyond a few, more controls make no estimate better, while the work grows with
/// their square.
const SERIES_MAX: usize = 64;

/// Daily logarithms with their running sums, so that a mean over any window takes two look-ups.
#[derive(Clone, Debug)]
pub(super) struct LogSeries {
    pub(super) event_type: EventTypeNo,
    family: Option<String>,
    start: i32,
    /// The value of each day from `start`, where there is one.
    days: Vec<Option<f64>>,
    sums: Vec<f64>,
    used: Vec<u32>,
    events: Vec<u64>,
    changes: Vec<i32>,
}

impl LogSeries {
    /// The asked-about type first, then the others, those with the most events first. Empty if there is no such type.
    pub(super) fn all(question: &Question<'_>, target: EventTypeNo) -> Vec<Self> {
        let Some(change) = question.changes.iter().find(|change| change.version == question.asked) else {
            return Vec::new();
        };
        let first = question.series.iter().filter_map(|series| series.days.first()).map(|day| day.day).min();
        let start = first.unwrap_or(change.day).max(change.day.saturating_sub(HISTORY_DAYS_MAX));
        let end = question.through_day.min(change.day.saturating_add(HISTORY_DAYS_MAX));
        let active = active_by_day(question.active, start, end);
        let mut all: Vec<(u64, Self)> = question
            .series
            .iter()
            .map(|series| Self::of(series, question.changes, start, &active))
            .map(|series| (series.events.last().copied().unwrap_or(0), series))
            .collect();
        all.sort_by_key(|(events, series)| {
            (series.event_type != target, std::cmp::Reverse(*events), series.event_type)
        });
        all.truncate(SERIES_MAX);
        let all: Vec<Self> = all.into_iter().map(|(_, series)| series).collect();
        if all.first().is_some_and(|first| first.event_type == target) { all } else { Vec::new() }
    }

    fn of(series: &DaySeries, changes: &[PriceChange], start: i32, active: &[u32]) -> Self {
        let mut values = vec![None; active.len()];
        let mut counts = vec![0; active.len()];
        for day in &series.days {
            let Some(index) = index_of(day.day, start).filter(|index| *index < active.len()) else {
                continue;
            };
            counts[index] = day.events;
            if day.units_micro > 0 && active[index] > 0 {
                values[index] = Some(log_of(day.units_micro) - libm::log(f64::from(active[index])));
            }
        }
        let mut own = Self {
            event_type: series.event_type,
            family: series.family.clone(),
            start,
            days: values,
            sums: vec![0.0],
            used: vec![0],
            events: vec![0],
            changes: changes
                .iter()
                .filter(|change| change.event_type == series.event_type)
                .map(|change| change.day)
                .collect(),
        };
        let (mut sum, mut used, mut events) = (0.0, 0, 0_u64);
        for (value, count) in own.days.iter().zip(counts) {
            sum += value.unwrap_or(0.0);
            used += u32::from(value.is_some());
            events = events.saturating_add(count);
            own.sums.push(sum);
            own.used.push(used);
            own.events.push(events);
        }
        own
    }

    /// Mean after less mean before; `None` where a window leaves the history or holds too little.
    pub(super) fn change_at(&self, reach: Reach) -> Option<f64> {
        let windows = reach.windows()?;
        Some(self.mean(windows.after)? - self.mean(windows.before)?)
    }

    fn mean(&self, window: Window) -> Option<f64> {
        let from = index_of(window.first_day, self.start)?;
        let end = index_of(window.last_day, self.start)?.checked_add(1)?;
        let used = self.used.get(end)? - self.used.get(from)?;
        let events = self.events[end] - self.events[from];
        let enough = used >= usable_days_min(window.days()).max(1) && events >= EVENTS_EACH_SIDE_MIN;
        enough.then(|| (self.sums[end] - self.sums[from]) / f64::from(used))
    }

    /// Whether its own price stayed the same, and had settled, over all that `reach` compares.
    pub(super) fn is_steady(&self, reach: Reach) -> bool {
        let Some(windows) = reach.windows() else { return false };
        self.changes.iter().all(|change| {
            change.saturating_add_unsigned(reach.washout) <= windows.before.first_day
                || *change > windows.after.last_day
        })
    }

    /// Whether demand may move between the two because one stands in for the other.
    pub(super) fn is_related(&self, other: &Self) -> bool {
        self.event_type == other.event_type || (self.family.is_some() && self.family == other.family)
    }

    /// All dates around which windows of this length lie within the history.
    pub(super) fn dates(&self, days: u32, washout: u32) -> impl Iterator<Item = Reach> + use<> {
        let length = i32::try_from(self.days.len()).unwrap_or(i32::MAX);
        let first = self.start.saturating_add_unsigned(days);
        let last = self.start.saturating_add(length).saturating_sub_unsigned(washout.saturating_add(days));
        (first..=last).map(move |day| Reach { day, days, washout })
    }

    /// The days of a window that have a value, with it.
    pub(super) fn values(&self, window: Window) -> impl Iterator<Item = (i32, f64)> + '_ {
        (window.first_day..=window.last_day).filter_map(|day| {
            let value = self.days.get(index_of(day, self.start)?)?;
            value.map(|value| (day, value))
        })
    }
}

/// The product's active customers of each day from `start` through `end`; 0 where they are not known.
fn active_by_day(active: &[ActiveDay], start: i32, end: i32) -> Vec<u32> {
    let length = index_of(end, start).map_or(0, |index| index + 1);
    let mut customers = vec![0; length];
    for day in active {
        if let Some(place) = index_of(day.day, start).and_then(|index| customers.get_mut(index)) {
            *place = day.customers;
        }
    }
    customers
}

fn index_of(day: i32, start: i32) -> Option<usize> {
    usize::try_from(i64::from(day) - i64::from(start)).ok()
}

/// The natural logarithm of a positive number.
#[expect(clippy::cast_precision_loss, reason = "16 digits are more than a logarithm of a count needs")]
fn log_of(positive: i128) -> f64 {
    libm::log(positive as f64)
}
