//! The days and weeks that sums are kept for.

use std::ops::{AddAssign, Range};

use chargly_ledger::Millis;

/// Days that a calendar has at most: a drift of rates is looked for in 90, and today is one more.
pub const CALENDAR_DAYS: usize = 91;
/// Days of a window: four weeks, so that each has every weekday equally often.
const WINDOW_DAYS: usize = 28;

/// The days that facts are told apart by, in the project's time zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// When each local day begins, ascending, without gaps; the last one is the day of `as_of`. At most
    /// [`CALENDAR_DAYS`].
    pub days: Vec<Millis>,
    /// When the last of them ends.
    pub end: Millis,
    /// The number of the first of them, in days since 1970.
    pub first_day: i32,
    /// Where among `days` the week of the last one begins: weeks are looked at whole.
    pub week_start: usize,
}

/// Where an instant lies.
pub(super) enum Day {
    /// Before the calendar.
    Before,
    /// On this day of it.
    At(usize),
    /// After it.
    Ahead,
}

/// A stretch of days that is summed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Window {
    /// The last four whole weeks, and the days since.
    Now,
    /// The last four whole weeks: what is looked at weekly.
    Weeks,
    /// The same, a week ago: the look before.
    LookBefore,
    /// The four weeks before the last four.
    Earlier,
}

impl Window {
    const ALL: [Self; 4] = [Self::Now, Self::Weeks, Self::LookBefore, Self::Earlier];

    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}

/// The windows that a day is in, by their index.
#[derive(Clone, Copy)]
pub(crate) struct Windows(pub(super) [bool; 4]);

impl Calendar {
    #[inline]
    pub(super) fn day(&self, at: Millis) -> Day {
        if at >= self.end {
            return Day::Ahead;
        }
        match self.days.partition_point(|start| *start <= at) {
            0 => Day::Before,
            behind => Day::At(behind - 1),
        }
    }

    #[inline]
    pub(super) fn windows(&self, day: usize) -> Windows {
        Windows(Window::ALL.map(|window| self.range(window).contains(&day)))
    }

    /// The days of a window, as places among `days`.
    pub(crate) fn range(&self, window: Window) -> Range<usize> {
        let end = match window {
            Window::Now => return self.week_start.saturating_sub(WINDOW_DAYS)..self.days.len(),
            Window::Weeks => self.week_start,
            Window::LookBefore => self.week_start.saturating_sub(7),
            Window::Earlier => self.week_start.saturating_sub(WINDOW_DAYS),
        };
        end.saturating_sub(WINDOW_DAYS)..end
    }

    /// When a window begins and ends.
    pub(crate) fn span(&self, window: Window) -> Range<Millis> {
        let range = self.range(window);
        let start = |place: usize| self.days.get(place).copied().unwrap_or(self.end);
        start(range.start)..start(range.end)
    }
}

/// Sums over some events. They saturate: a sum that large is no advice's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    pub(crate) events: i64,
    pub(crate) quantity_micro: i64,
    pub(crate) credits_micro: i64,
    pub(crate) cost_nano: i64,
    pub(crate) estimated_nano: i64,
    /// Events without a cost.
    pub(crate) missing: i64,
    /// Nano-units recognised.
    pub(crate) booked_nano: i64,
}

impl AddAssign for Sums {
    #[inline]
    fn add_assign(&mut self, other: Self) {
        self.events = self.events.saturating_add(other.events);
        self.quantity_micro = self.quantity_micro.saturating_add(other.quantity_micro);
        self.credits_micro = self.credits_micro.saturating_add(other.credits_micro);
        self.cost_nano = self.cost_nano.saturating_add(other.cost_nano);
        self.estimated_nano = self.estimated_nano.saturating_add(other.estimated_nano);
        self.missing = self.missing.saturating_add(other.missing);
        self.booked_nano = self.booked_nano.saturating_add(other.booked_nano);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ninety days and today, a Wednesday.
    fn calendar() -> Calendar {
        let days = (0..91).map(|day| Millis(day * 1_000)).collect();
        Calendar { days, end: Millis(91_000), first_day: 20_000, week_start: 88 }
    }

    #[test]
    fn windows_are_whole_weeks_but_for_the_current_one() {
        let calendar = calendar();
        assert_eq!(calendar.range(Window::Now), 60..91);
        assert_eq!(calendar.range(Window::Weeks), 60..88);
        assert_eq!(calendar.range(Window::LookBefore), 53..81);
        assert_eq!(calendar.range(Window::Earlier), 32..60);
        assert_eq!(calendar.span(Window::Now), Millis(60_000)..Millis(91_000));
    }

    #[test]
    fn instants_fall_on_their_day_and_a_wrong_clock_on_none() {
        let calendar = calendar();
        let day = |at| match calendar.day(Millis(at)) {
            Day::Before => None,
            Day::At(day) => Some(day),
            Day::Ahead => Some(usize::MAX),
        };
        assert_eq!(
            [-1, 0, 999, 1_000, 90_999, 91_000].map(day),
            [None, Some(0), Some(0), Some(1), Some(90), Some(usize::MAX)]
        );
    }
}
