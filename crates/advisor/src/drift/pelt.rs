//! The history of a rate: from when to when it was what.
//!
//! The best way to cut a series into stretches of one mean each, by squared distance and a price for each cut. Found
//! exactly by dynamic programming that forgets cuts which cannot be the last of any better way, so the work grows with
//! the days and not with their square: PELT (Killick, Fearnhead, Eckley 2012, "Optimal detection of changepoints with a
//! linear computational cost"). Crates that do the same use the machine's own logarithms, and threads.
#![expect(clippy::float_arithmetic, reason = "estimates, never amounts")]

use super::watch::robust_deviation;
use super::{DayRate, rate, with_rate};
use crate::statistics::as_float;

/// Days of a stretch at least: a day or two that are odd are not a new rate.
const DAYS_MIN: usize = 3;
/// The smallest scatter that is reckoned with, as a logarithm: half a percent.
const NOISE_MIN: f64 = 0.005;
/// Scatters beyond both neighbours from which a day is an odd one.
const ODD_DAY: f64 = 4.0;
/// Price of a cut, times the logarithm of the number of days, in squared noise: a half more than the two coefficients
/// (the place and the mean) are worth to the Bayesian information criterion, since days are not quite independent.
const CUT_PRICE: f64 = 3.0;

/// A stretch of days at one rate.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Segment {
    /// The first day with a rate.
    pub first_day: i32,
    /// The last one.
    pub last_day: i32,
    /// Days with a rate.
    pub days: usize,
    /// Cost per unit over all of them.
    pub rate: f64,
}

/// The stretches of one rate each, in order, of days in ascending order. Empty where no day has a rate.
pub fn segments(days: &[DayRate]) -> Vec<Segment> {
    let days = with_rate(days);
    let logs: Vec<f64> = days.iter().map(|day| libm::log(day.cost / day.units)).collect();
    let mut segments = Vec::new();
    for bounds in cuts(&logs).windows(2) {
        let part = &days[bounds[0]..bounds[1]];
        if let (Some(first), Some(last)) = (part.first(), part.last()) {
            segments.push(Segment {
                first_day: first.day,
                last_day: last.day,
                days: part.len(),
                rate: rate(part),
            });
        }
    }
    segments
}

/// Where stretches begin, and where the last one ends.
fn cuts(logs: &[f64]) -> Vec<usize> {
    let steps: Vec<f64> = logs.windows(2).map(|pair| pair[1] - pair[0]).collect();
    // Steps between neighbours scatter √2 times as much as days, and only one of them holds a cut.
    let noise = (robust_deviation(&steps) * std::f64::consts::FRAC_1_SQRT_2).max(NOISE_MIN);
    let price = CUT_PRICE * libm::log(as_float(logs.len().max(2)));
    let spread = Spread::of(&without_odd_days(logs, ODD_DAY * noise), noise);
    // The least cost of all days before each place, and the last cut of that way.
    let mut best = vec![f64::INFINITY; logs.len() + 1];
    let mut last_cut = vec![0; logs.len() + 1];
    best[0] = -price;
    let mut candidates: Vec<usize> = Vec::new();
    for end in 1..=logs.len() {
        // A stretch shorter than the least is allowed where it is all there is.
        if end < DAYS_MIN.min(logs.len()) {
            continue;
        }
        let newest = end - DAYS_MIN.min(end);
        if best[newest].is_finite() {
            candidates.push(newest);
        }
        // A cut that was already worse than the newest one when that was made stays worse.
        candidates.retain(|cut| *cut == newest || best[*cut] + spread.of_days(*cut, newest) <= best[newest]);
        for cut in &candidates {
            let cost = best[*cut] + spread.of_days(*cut, end) + price;
            if cost < best[end] {
                (best[end], last_cut[end]) = (cost, *cut);
            }
        }
    }
    let mut cuts = vec![logs.len()];
    while let Some(end) = cuts.last().copied().filter(|end| *end > 0) {
        cuts.push(last_cut[end]);
    }
    cuts.reverse();
    cuts
}

/// Each day that lies farther than `reach` above both its neighbours, or below both, brought to the nearer of them: one
/// such day would be worth a stretch of its own.
fn without_odd_days(logs: &[f64], reach: f64) -> Vec<f64> {
    let mut kept = logs.to_vec();
    for (place, three) in logs.windows(3).enumerate() {
        let (low, high) = (three[0].min(three[2]), three[0].max(three[2]));
        if three[1] > high + reach {
            kept[place + 1] = high;
        } else if three[1] < low - reach {
            kept[place + 1] = low;
        }
    }
    kept
}

/// Running sums, so that the scatter of any stretch takes two look-ups.
struct Spread {
    sums: Vec<f64>,
    squares: Vec<f64>,
}

impl Spread {
    fn of(logs: &[f64], noise: f64) -> Self {
        // Around the first day, so that squares do not cancel.
        let first = logs.first().copied().unwrap_or(0.0);
        let mut spread = Self { sums: vec![0.0], squares: vec![0.0] };
        let (mut sum, mut square) = (0.0, 0.0);
        for log in logs {
            let value = (log - first) / noise;
            sum += value;
            square += value * value;
            spread.sums.push(sum);
            spread.squares.push(square);
        }
        spread
    }

    /// Squared distances of these days to their mean, in squared noise.
    fn of_days(&self, from: usize, end: usize) -> f64 {
        let sum = self.sums[end] - self.sums[from];
        self.squares[end] - self.squares[from] - sum * sum / as_float(end - from)
    }
}
