//! Which days are compared, and whether they are enough. Integers only.
//!
//! Windows are equally long, whole weeks where there is at least one, and hold one price each: they reach neither
//! into the time of an earlier price of the same type nor into that of a later one.

use super::answer::{Impact, Status, Why, Window, Windows};
use super::{CUSTOMERS_MIN, DAYS_EACH_SIDE_MIN, Day, EVENTS_EACH_SIDE_MIN, Options, PriceChange, Question};

/// Days of a week: windows of whole weeks hold each weekday equally often.
const WEEK: u32 = 7;

/// A date to compare around, real or placebo.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Reach {
    /// The first day of what is new.
    pub(super) day: i32,
    /// Days each side.
    pub(super) days: u32,
    /// Days from `day` on that are left out.
    pub(super) washout: u32,
}

impl Reach {
    /// The days compared; `None` where a window has no day, or would leave the calendar.
    pub(super) fn windows(self) -> Option<Windows> {
        let days = i32::try_from(self.days).ok().filter(|days| *days > 0)?;
        let after = self.day.checked_add_unsigned(self.washout)?;
        Some(Windows {
            before: Window { first_day: self.day.checked_sub(days)?, last_day: self.day.checked_sub(1)? },
            after: Window { first_day: after, last_day: after.checked_add(days - 1)? },
        })
    }
}

/// How many days there are to compare.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Available {
    change_day: i32,
    /// Days before the change at the price before it.
    pub(super) before: u32,
    /// Days after the change and its washout, at its price.
    pub(super) after: u32,
    /// The type's next change ended the days after.
    changed_again: bool,
}

impl Available {
    /// Counts the days around `change`, of a type with these days.
    pub(super) fn of(question: &Question<'_>, change: &PriceChange, days: &[Day]) -> Self {
        let washout = i64::from(question.options.washout_days);
        let at = i64::from(change.day);
        let own = question
            .changes
            .iter()
            .filter(|other| other.event_type == change.event_type && other.version != change.version)
            .map(|other| i64::from(other.day));
        let previous = own.clone().filter(|day| *day <= at).max().map(|day| day + washout);
        let next = own.filter(|day| *day >= at).min();
        let first_used = days.iter().find(|day| day.events > 0).map_or(at, |day| i64::from(day.day));
        let first = previous.map_or(first_used, |previous| previous.max(first_used));
        let end = i64::from(question.through_day) + 1;
        let changed_again = next.is_some_and(|next| next < end);
        let after = next.map_or(end, |next| next.min(end)) - (at + washout);
        let count = |days: i64| u32::try_from(days.max(0)).unwrap_or(u32::MAX);
        Self { change_day: change.day, before: count(at - first), after: count(after), changed_again }
    }

    /// The longest windows.
    pub(super) fn windows(&self, options: Options) -> Option<Windows> {
        Reach { day: self.change_day, days: self.longest(options), washout: options.washout_days }.windows()
    }

    /// Days each side to try, longest first.
    pub(super) fn lengths(&self, options: Options) -> impl Iterator<Item = u32> {
        let weeks = self.longest(options) / WEEK;
        (DAYS_EACH_SIDE_MIN / WEEK..=weeks).rev().map(|weeks| weeks * WEEK)
    }

    fn longest(&self, options: Options) -> u32 {
        let days = options.window_days.min(self.before).min(self.after);
        if days < WEEK { days } else { days - days % WEEK }
    }
}

/// What is missing for an estimate, if something is.
pub(super) fn too_early(question: &Question<'_>, available: &Available, impact: &Impact) -> Option<Status> {
    let minimum = DAYS_EACH_SIDE_MIN;
    let too_early = |need_days, why| Some(Status::TooEarly { have_days: available.after, need_days, why });
    if available.after < minimum {
        let why = if available.changed_again { Why::ChangedAgain } else { Why::DaysAfter };
        return too_early(minimum, why);
    }
    if available.before < minimum {
        return too_early(minimum, Why::DaysBefore { have: available.before, need: minimum });
    }
    // More of what is counted comes with the days, until the windows are as long as they get.
    let whole = question.options.window_days;
    let customers = question.customers.unwrap_or(impact.before.busiest_day_customers);
    if customers < CUSTOMERS_MIN {
        return too_early(whole, Why::Customers { have: customers, need: CUSTOMERS_MIN });
    }
    let events = impact.before.events.min(impact.after.events);
    if events < EVENTS_EACH_SIDE_MIN {
        return too_early(whole, Why::Events { have: events, need: EVENTS_EACH_SIDE_MIN });
    }
    let used = impact.before.days_with_events.min(impact.after.days_with_events);
    if used < usable_days_min(impact.before.days) {
        return too_early(whole, Why::DaysWithoutUse);
    }
    None
}

/// Days with use that a window of this length needs: five of seven, so that a product may rest at weekends.
pub(super) fn usable_days_min(days: u32) -> u32 {
    days * 5 / WEEK
}

#[cfg(test)]
mod tests {
    use chargly_ledger::{EventTypeNo, PriceNo};

    use super::*;

    fn available(change_days: &[i32], first: i32, through_day: i32) -> Available {
        let changes: Vec<PriceChange> = (1..)
            .zip(change_days)
            .map(|(version, day)| PriceChange {
                event_type: EventTypeNo(0),
                version: PriceNo(version),
                day: *day,
                old_credits_micro: 1,
                new_credits_micro: 2,
            })
            .collect();
        let question = Question {
            series: &[],
            active: &[],
            changes: &changes,
            asked: PriceNo(1),
            through_day,
            customers: None,
            options: Options::default(),
        };
        Available::of(&question, &changes[0], &[Day { day: first, events: 1, ..Day::default() }])
    }

    #[test]
    fn days_are_counted_up_to_the_neighbouring_prices() {
        // The change asked about is on day 100, the washout lasts through day 102.
        for (changes, first, through, before, after) in [
            (&[100][..], 0, 200, 100, 98),
            (&[100], 90, 103, 10, 1),
            (&[100], 90, 102, 10, 0),
            (&[100], 90, 50, 10, 0),
            (&[100], 150, 200, 0, 98),
            (&[100, 80], 0, 200, 17, 98),
            (&[100, 120], 0, 200, 100, 17),
            (&[100, 100], 0, 200, 0, 0),
        ] {
            let found = available(changes, first, through);
            assert_eq!((found.before, found.after), (before, after), "{changes:?} {first} {through}");
        }
    }

    #[test]
    fn windows_are_equal_whole_weeks_around_the_washout() {
        let windows = |first, through| available(&[100], first, through).windows(Options::default());
        let expected = |days: i32| {
            Some(Windows {
                before: Window { first_day: 100 - days, last_day: 99 },
                after: Window { first_day: 103, last_day: 102 + days },
            })
        };
        assert_eq!(windows(0, 300), expected(28));
        assert_eq!(windows(0, 129), expected(21), "27 days after");
        assert_eq!(windows(83, 300), expected(14), "17 days before");
        assert_eq!(windows(0, 108), expected(6), "less than a week is not rounded away");
        assert_eq!(windows(0, 102), None);
        let lengths: Vec<u32> = available(&[100], 0, 300).lengths(Options::default()).collect();
        assert_eq!(lengths, [28, 21, 14]);
    }
}
