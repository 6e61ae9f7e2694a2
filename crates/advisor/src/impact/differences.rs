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
