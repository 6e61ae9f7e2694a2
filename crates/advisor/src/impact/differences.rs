//! Difference in differences: how the type moved at the change, less how the controls moved; and how far off the same
//! estimate is where nothing happened.
//!
//! The error is not computed from the days' scatter, which would take days that resemble each other for independent
//! ones: it is the root mean square of the same estimate at placebo dates and for placebo types.
#![expect(clippy::float_arithmetic, reason = "estimates, never amounts")]

use super::estimate::Measured;
use super::log_series::LogSeries;
use super::windows::Reach;
use crate::statistics::{as_float, mean};

/// Independent placebos that the average over all types counts for, beside the target's own: types differ in how much
/// they move by themselves, and few are busy enough, for long enough, to show it alone.
const ALL_TYPES_WEIGHT: f64 = 3.0;

/// The series that may serve as controls of `target` at this date.
pub(super) fn controls<'a>(target: &LogSeries, others: &'a [LogSeries], reach: Reach) -> Vec<&'a LogSeries> {
    others
        .iter()
        .filter(|other| {
            !other.is_related(target) && other.is_steady(reach) && other.change_at(reach).is_some()
        })
        .collect()
}

/// The estimate with its error; `None` without a control, too few days, or no placebo to take the error from.
pub(super) fn measure(
    target: &LogSeries,
    controls: &[&LogSeries],
    all: &[LogSeries],
    reach: Reach,
) -> Option<Measured> {
    let moved: Vec<f64> = controls.iter().filter_map(|control| control.change_at(reach)).collect();
    let log_effect = target.change_at(reach)? - mean(&moved)?;
    let placebos = Placebos::of(all, reach);
    let all_types = mean(&placebos.squares)?;
    let all_independent = placebos.independent(reach.days);
    let (square, independent) = match mean(&placebos.own_squares) {
        Some(own) => {
            let weight = 1.0 + as_float(placebos.own_squares.len() - 1) / f64::from(reach.days);
            let both = weight + ALL_TYPES_WEIGHT;
            ((weight * own + ALL_TYPES_WEIGHT * all_types) / both, both.min(all_independent))
        }
        None => (all_types, all_independent),
    };
    let error = libm::sqrt(square * control_factor(moved.len()));
    Some(Measured { log_effect, error, placebos: independent, has_controls: true })
}

/// The same estimate wherever no price changed.
#[derive(Default)]
struct Placebos {
    /// Those of the target itself.
    own_squares: Vec<f64>,
    /// Squares, each as if there had been no error in its controls.
    squares: Vec<f64>,
    dates: usize,
    /// Over all dates: estimates that do not follow from the others of the same date.
    free: usize,
}

impl Placebos {
    fn of(all: &[LogSeries], reach: Reach) -> Self {
        let mut placebos = Self::default();
        let Some(calendar) = all.first() else { return placebos };
        for date in calendar.dates(reach.days, reach.washout) {
            let moved: Vec<(&LogSeries, f64)> = all
                .iter()
                .filter(|series| series.is_steady(date))
                .filter_map(|series| Some((series, series.change_at(date)?)))
                .collect();
            let mut found = 0;
            for (series, change) in &moved {
                let others: Vec<f64> = moved
                    .iter()
                    .filter(|(other, _)| !other.is_related(series))
                    .map(|(_, change)| *change)
                    .collect();
                let Some(expected) = mean(&others) else { continue };
                let off = change - expected;
                let square = off * off / control_factor(others.len());
                placebos.squares.push(square);
                if series.event_type == calendar.event_type {
                    placebos.own_squares.push(square);
                }
                found += 1;
            }
            if found > 0 {
                placebos.dates += 1;
                // Deviations from a common mean: one of them follows from the others.
                placebos.free += (found - 1).max(1);
            }
        }
        placebos
    }

    /// How many of them are worth one independent estimate each: dates closer than a window share days.
    fn independent(&self, days: u32) -> f64 {
        if self.dates == 0 {
            return 0.0;
        }
        as_float(self.free) / as_float(self.dates) * (1.0 + as_float(self.dates - 1) / f64::from(days))
    }
}

/// How much larger the variance is because the controls' mean has an error of its own.
fn control_factor(controls: usize) -> f64 {
    1.0 + 1.0 / as_float(controls.max(1))
}

#[cfg(test)]
mod tests {
    use chargly_ledger::{EventTypeNo, PriceNo};

    use super::super::{ActiveDay, Day, DaySeries, Options, PriceChange, Question};
    use super::*;

    const CHANGE_DAY: i32 = 28;

    /// Types with so many events a day before and after the change of type 0, over 28 days on each side of a washout
    /// of 3: the only date that such windows fit around.
    fn measured(events: &[(u64, u64)]) -> Option<Measured> {
        let days = |(before, after): &(u64, u64)| {
            let day = |day| {
                let events = if day < CHANGE_DAY { *before } else { *after };
                Day { day, events, units_micro: i128::from(events), ..Day::default() }
            };
            (0..59).map(day).collect()
        };
        let numbered = (0..).zip(events);
        let series: Vec<DaySeries> = numbered
            .map(|(number, events)| DaySeries {
                event_type: EventTypeNo(number),
                family: None,
                days: days(events),
            })
            .collect();
        let active: Vec<ActiveDay> = (0..59).map(|day| ActiveDay { day, customers: 10 }).collect();
        let change = PriceChange {
            event_type: EventTypeNo(0),
            version: PriceNo(1),
            day: CHANGE_DAY,
            old_credits_micro: 4,
            new_credits_micro: 5,
        };
        let question = Question {
            series: &series,
            active: &active,
            changes: &[change],
            asked: PriceNo(1),
            through_day: 58,
            customers: None,
            options: Options::default(),
        };
        let all = LogSeries::all(&question, EventTypeNo(0));
        let reach = Reach { day: CHANGE_DAY, days: 28, washout: 3 };
        measure(&all[0], &controls(&all[0], &all[1..], reach), &all, reach)
    }

    #[test]
    fn effect_and_error_are_those_worked_out_by_hand() {
        // Controls moved by ln 1 and ln 1.21: the effect is ln 0.75 − ln 1.1. As placebos each is off by ± ln 1.21 from
        // the other, which had an error of its own (so half of the square), while the effect has two controls (so one
        // and a half times): √(3 ÷ 4) × ln 1.21. One follows from the other, on one date.
        let measured = measured(&[(200, 150), (100, 100), (100, 121)]).expect("two controls");
        assert!((measured.log_effect - libm::log(0.75 / 1.1)).abs() < 1e-12, "{measured:?}");
        assert!((measured.error - libm::sqrt(0.75) * libm::log(1.21)).abs() < 1e-12, "{measured:?}");
        assert!((measured.placebos - 1.0).abs() < 1e-12, "{measured:?}");
    }

    #[test]
    fn one_control_at_its_only_date_is_nothing_to_take_an_error_from() {
        assert_eq!(measured(&[(200, 150), (100, 100)]), None);
        assert_eq!(measured(&[(200, 150)]), None);
    }
}
