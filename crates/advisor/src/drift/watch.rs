//! The alarm: two cumulative sums, one for rises and one for falls, over a rate's daily logarithm.
//!
//! Each day is measured against all days of the same rate before it, by their mean and scatter as known then, as a value
//! of Student's t, and turned into the standard normal value that is as unlikely (a self-starting CUSUM: Hawkins 1987).
//! So the threshold is the one for a known mean and noise although both are estimated, from 14 days on. No single day
//! raises an alarm, however odd, unless the rate was the same to the last digit before.
#![expect(clippy::float_arithmetic, reason = "estimates, never amounts")]

use super::{DRIFT_DAYS_BEFORE_MIN, MOVE_MIN, SAME};
use crate::normal;
use crate::statistics::as_float;

/// Days that a new rate is learned for, when the noise is known from before.
const DAYS_AGAIN_MIN: usize = 5;
/// The move that is looked for, as a logarithm: 10 %. A sum grows by what a day is beyond half of it.
const LOOKED_FOR: f64 = 0.095_310_18;
/// The smallest scatter that is reckoned with: half a percent. Rounding and delayed bills make as much.
const NOISE_MIN: f64 = 0.005;
/// The least that is taken off each day, in standard deviations, however noisy.
const SLACK_MIN: f64 = 0.25;
/// Mean days between false alarms on one side, so that one in twenty has any within 90 days:
/// 2 × 90 ÷ −ln 0.95.
const DAYS_BETWEEN_FALSE: f64 = 3_509.0;
/// What a discrete sum overshoots a threshold by on both ends, after Siegmund (1985).
const OVERSHOOT: f64 = 1.166;
/// The lowest threshold, in standard deviations: quiet rates need no lower one.
const THRESHOLD_MIN: f64 = 1.0;
/// The share of the threshold that one day can bring at most.
const ONE_DAY_MAX: f64 = 0.6;
/// Standard deviations that a day counts for at most, as long as it then still counts: rates have odd days more often
/// than a normal distribution has.
const ODD_DAY: f64 = 2.5;
/// Correlation of neighbouring days that is reckoned with at most.
const CORRELATION_MAX: f64 = 0.8;
/// Days that the correlation's estimate is shrunk by: a few days show some where there is none.
const CORRELATION_DAYS: f64 = 20.0;
/// Standard deviations beyond which a day counts as being just that far off when scatter is learned from it.
const OUTLIER: f64 = 3.0;
/// From the median distance to the median to a normal distribution's standard deviation.
const FROM_MEDIAN_DISTANCE: f64 = 1.4826;

/// An alarm, by places in the series.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Alarm {
    /// The first day of the rate before.
    pub(super) before_from: usize,
    /// The first day of the new one.
    pub(super) since: usize,
    /// The day of the alarm.
    pub(super) at: usize,
    pub(super) is_up: bool,
}

/// All alarms, in order.
pub(super) fn alarms(logs: &[f64]) -> Vec<Alarm> {
    let mut alarms: Vec<Alarm> = Vec::new();
    let mut from = 0;
    let mut known = Baseline::default();
    while let Some(alarm) = first_alarm(logs, from, &known) {
        known = Baseline::of(&logs[from..alarm.since]).with_noise_of(&known);
        from = alarm.since;
        alarms.push(alarm);
    }
    alarms
}

/// The first alarm in the days from `from` on, whose rate began there. `known` is what is known of the noise before.
fn first_alarm(logs: &[f64], from: usize, known: &Baseline) -> Option<Alarm> {
    let days = &logs[from..];
    let learn =
        if known.freedom() >= as_float(DAYS_AGAIN_MIN) { DAYS_AGAIN_MIN } else { DRIFT_DAYS_BEFORE_MIN };
    let constant = days.iter().take_while(|log| (*log - days[0]).abs() <= SAME).count();
    // A rate that was constant needs no second day to be known as another one.
    let learn_constant = if from == 0 { DRIFT_DAYS_BEFORE_MIN } else { 2 };
    let step = days.get(constant).filter(|_| constant >= learn_constant).map(|log| log - days[0]);
    if let Some(step) = step.filter(|step| step.abs() >= MOVE_MIN) {
        let at = from + constant;
        return Some(Alarm { before_from: from, since: at, at, is_up: step > 0.0 });
    }
    if days.len() <= learn {
        return None;
    }
    let mut baseline = Baseline::of(&days[..learn]).with_noise_of(known);
    let (mut rise, mut fall) = (Sum::default(), Sum::default());
    for (place, log) in days.iter().enumerate().skip(learn) {
        let slack = baseline.standardised(baseline.mean + 0.5 * LOOKED_FOR).max(SLACK_MIN);
        let threshold = threshold(slack);
        let off = baseline.standardised(*log);
        for (sum, off, is_up) in [(&mut rise, off, true), (&mut fall, -off, false)] {
            let most = (ODD_DAY - slack).max(ONE_DAY_MAX).min(ONE_DAY_MAX * threshold);
            if sum.add((off - slack).min(most), place) >= threshold {
                return Some(Alarm { before_from: from, since: from + sum.since, at: from + place, is_up });
            }
        }
        baseline.learn(*log);
    }
    None
}

/// A cumulative sum that starts anew wherever it would fall below 0.
#[derive(Default)]
struct Sum {
    height: f64,
    since: usize,
}

impl Sum {
    fn add(&mut self, step: f64, place: usize) -> f64 {
        if self.height == 0.0 {
            self.since = place;
        }
        self.height = (self.height + step).max(0.0);
        self.height
    }
}

/// The threshold at which false alarms come as rarely as [`DAYS_BETWEEN_FALSE`] says, after Siegmund's approximation
/// of a sum's mean time to get there.
fn threshold(slack: f64) -> f64 {
    let mut reach = 5.0;
    for _ in 0..20 {
        reach =
            libm::log(2.0 * slack * slack * DAYS_BETWEEN_FALSE + 1.0 + 2.0 * slack * reach) / (2.0 * slack);
    }
    (reach - OVERSHOOT).max(THRESHOLD_MIN)
}

/// Mean and scatter of the days of one rate.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(super) struct Baseline {
    days: f64,
    mean: f64,
    squares: f64,
    freedom: f64,
    /// Products of neighbouring days' distances to the mean, and the last day's distance.
    products: f64,
    last_off: f64,
}

impl Baseline {
    /// Of these days; those that are far from their median count as being three deviations from it.
    pub(super) fn of(logs: &[f64]) -> Self {
        let middle = median(logs.to_vec());
        let distances = logs.iter().map(|log| (log - middle).abs()).collect();
        let reach = OUTLIER * FROM_MEDIAN_DISTANCE * median(distances);
        let mut baseline = Self::default();
        for log in logs {
            // Too few days to tell an outlier: each counts as it is.
            let is_few = logs.len() < DAYS_AGAIN_MIN;
            baseline.take(if is_few { *log } else { log.clamp(middle - reach, middle + reach) });
        }
        baseline
    }

    /// The same mean, with the scatter of both.
    pub(super) fn with_noise_of(self, other: &Self) -> Self {
        Self {
            squares: self.squares + other.squares,
            freedom: self.freedom + other.freedom,
            products: self.products + other.products,
            ..self
        }
    }

    pub(super) fn mean(&self) -> f64 {
        self.mean
    }

    /// Degrees of freedom of the noise.
    pub(super) fn freedom(&self) -> f64 {
        self.freedom
    }

    /// The standard deviation of a day, as large as it would have to be if days were independent: where a day resembles
    /// the one before, their mean is farther off.
    pub(super) fn noise(&self) -> f64 {
        let shown = if self.squares > 0.0 { self.products / self.squares } else { 0.0 };
        let shrunk = shown * self.freedom / (self.freedom + CORRELATION_DAYS);
        let correlation = shrunk.clamp(0.0, CORRELATION_MAX);
        let square = self.squares / self.freedom.max(1.0) * (1.0 + correlation) / (1.0 - correlation);
        libm::sqrt(square).max(NOISE_MIN)
    }

    /// How far off a new day is, as a standard normal value.
    fn standardised(&self, log: f64) -> f64 {
        let error = self.noise() * libm::sqrt(1.0 + 1.0 / self.days);
        normal::from_t((log - self.mean) / error, self.freedom.max(1.0))
    }

    /// Takes a new day in, as far as it is not an outlier.
    fn learn(&mut self, log: f64) {
        let reach = OUTLIER * self.noise();
        self.take(log.clamp(self.mean - reach, self.mean + reach));
    }

    fn take(&mut self, log: f64) {
        self.days += 1.0;
        let off = log - self.mean;
        self.mean += off / self.days;
        let off_now = log - self.mean;
        self.squares += off * off_now;
        self.products += self.last_off * off_now;
        self.last_off = off_now;
        self.freedom += f64::from(u8::from(self.days > 1.0));
    }
}

/// The middle value; 0 of nothing.
pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    match values.get(half) {
        Some(upper) if values.len() % 2 == 1 => *upper,
        Some(upper) => 0.5 * (upper + values[half - 1]),
        None => 0.0,
    }
}

/// From the scatter of a median's distances to that of a normal distribution.
pub(super) fn robust_deviation(values: &[f64]) -> f64 {
    let middle = median(values.to_vec());
    FROM_MEDIAN_DISTANCE * median(values.iter().map(|value| (value - middle).abs()).collect())
}
