//! Segmented regression: what one event type's own trend makes of a change, where nothing else can be compared.
//!
//! The model, over the two windows: the logarithm has a level, one trend, a weekday pattern, and a step at the change.
//! It cannot tell the price from anything else that happened in those days, which the answer's status says.
#![expect(clippy::float_arithmetic, reason = "estimates, never amounts")]

use super::estimate::Measured;
use super::log_series::LogSeries;
use super::windows::Reach;
use crate::statistics::{as_float, least_squares, mean};

/// Level, trend, step, and six weekdays against the seventh.
const COLUMNS: usize = 9;
/// Which of them is the step.
const STEP: usize = 2;
/// Independent observations that the scatter of one pair of windows counts for: about one a week of the shorter
/// windows, less the coefficients that move slowly.
const SCATTER_FREEDOM: f64 = 3.0;
/// Correlation of neighbouring days that is taken at most: beyond it the correction would divide by nothing.
const CORRELATION_MAX: f64 = 0.9;

/// The step at the change with its error: the scatter's, allowing for days that resemble their neighbours, or that of
/// the same step at placebo dates of the same type, whichever is larger.
pub(super) fn measure(target: &LogSeries, reach: Reach) -> Option<Measured> {
    let own = step(target, reach)?;
    let placebos: Vec<f64> = target
        .dates(reach.days, reach.washout)
        .filter(|date| target.is_steady(*date) && target.change_at(*date).is_some())
        .filter_map(|date| Some(step(target, date)?.size))
        .map(|size| size * size)
        .collect();
    let error = mean(&placebos).map_or(own.error, |square| libm::sqrt(square).max(own.error));
    let independent = match placebos.len() {
        0 => 0.0,
        dates => 1.0 + as_float(dates - 1) / f64::from(reach.days),
    };
    Some(Measured {
        log_effect: own.size,
        error,
        placebos: independent.max(SCATTER_FREEDOM),
        has_controls: false,
    })
}

struct Step {
    size: f64,
    error: f64,
}

fn step(target: &LogSeries, reach: Reach) -> Option<Step> {
    let windows = reach.windows()?;
    let row = |(day, value): (i32, f64)| {
        let since = f64::from(day - reach.day);
        let mut columns = [0.0; COLUMNS];
        columns[0] = 1.0;
        columns[1] = since / f64::from(reach.days);
        columns[STEP] = f64::from(u8::from(day >= reach.day));
        if let Some(weekday) = columns[STEP + 1..].get_mut(usize::try_from(day.rem_euclid(7)).ok()?) {
            *weekday = 1.0;
        }
        Some((columns, value))
    };
    let days = target.values(windows.before).chain(target.values(windows.after));
    let rows: Vec<([f64; COLUMNS], f64)> = days.filter_map(row).collect();
    let fit = least_squares(&rows, STEP)?;
    let squares: f64 = fit.residuals.iter().map(|residual| residual * residual).sum();
    let neighbours: f64 = fit.residuals.windows(2).map(|pair| pair[0] * pair[1]).sum();
    let correlation = if squares > 0.0 { (neighbours / squares).clamp(0.0, CORRELATION_MAX) } else { 0.0 };
    let variance = squares / as_float(rows.len() - COLUMNS) * (1.0 + correlation) / (1.0 - correlation);
    Some(Step { size: fit.coefficients[STEP], error: libm::sqrt(variance * fit.unit_variance) })
}
