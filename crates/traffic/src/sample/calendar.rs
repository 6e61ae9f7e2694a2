//! When the events happen: a fixed number of them, in order, by the weights of minutes, without keeping a list.
//!
//! A sample of n uniform points can be drawn in ascending order, one at a time: of what is left of the line, the
//! next point leaves as large a part as the largest of the remaining uniform draws would be. Each point is then looked up in the running sum of the
//! minutes' weights, which is walked once, in step.
#![expect(clippy::float_arithmetic, reason = "random draws; no amount is computed from a float")]

use rand_chacha::ChaCha8Rng;

use super::draw::{normal, unit};

const MINUTE_MS: i64 = 60_000;
const MINUTES_A_DAY: u32 = 1_440;

/// Standard deviation of the logarithm of a minute's weight.
const MINUTE_SIGMA: f64 = 0.39;

/// The weight of a Saturday's or Sunday's minute beside a weekday's.
const WEEKEND_FACTOR: f64 = 0.66;

/// The weight of each hour of the UTC day beside the mean.
const HOUR_FACTORS: [f64; 24] = [
    0.92, 0.86, 0.87, 0.80, 0.80, 0.71, 0.74, 0.88, 0.99, 1.05, 1.14, 1.11, 1.08, 1.04, 0.99, 1.00, 1.07,
    1.11, 1.11, 1.12, 1.17, 1.17, 1.17, 1.08,
];

/// The instants of a sample, ascending.
#[derive(Debug, Clone)]
pub(super) struct Calendar {
    minutes: Minutes,
    /// Weight of all minutes.
    total: f64,
    /// Weight of the minutes before the current one.
    passed: f64,
    /// Weight of the current one.
    current: f64,
    /// The part of the line, from 1 down to 0, that no event has reached.
    left: f64,
    events_left: u64,
    draw: ChaCha8Rng,
}

/// The weights of the minutes, in order.
#[derive(Debug, Clone)]
struct Minutes {
    begin_unix_ms: i64,
    count: u32,
    /// Minutes handed out.
    reached: u32,
    draw: ChaCha8Rng,
}

impl Calendar {
    /// `events` instants in `days` days from `begin_unix_ms`; `bursts` draws the minutes' weights, `draw` the
    /// instants.
    pub(super) fn new(
        begin_unix_ms: i64,
        days: u32,
        events: u64,
        bursts: &ChaCha8Rng,
        draw: ChaCha8Rng,
    ) -> Calendar {
        let mut minutes =
            Minutes { begin_unix_ms, count: days * MINUTES_A_DAY, reached: 0, draw: bursts.clone() };
        let total = minutes.clone().sum();
        let current = minutes.next().unwrap_or(0.0);
        Calendar { minutes, total, passed: 0.0, current, left: 1.0, events_left: events, draw }
    }

    /// The next instant in milliseconds since 1970; the last one again when all were drawn.
    pub(super) fn next_unix_ms(&mut self) -> i64 {
        if self.events_left > 0 {
            self.left *= libm::pow(unit(&mut self.draw), 1.0 / self.events_left as f64);
            self.events_left -= 1;
        }
        let point = (1.0 - self.left) * self.total;
        while self.passed + self.current < point {
            let Some(weight) = self.minutes.next() else { break };
            self.passed += self.current;
            self.current = weight;
        }
        let part = ((point - self.passed) / self.current).clamp(0.0, 1.0);
        self.minutes.last_begin_unix_ms() + within_minute(part)
    }
}

impl Minutes {
    /// Where the minute handed out last begins.
    fn last_begin_unix_ms(&self) -> i64 {
        self.begin_unix_ms + i64::from(self.reached.saturating_sub(1)) * MINUTE_MS
    }
}

impl Iterator for Minutes {
    type Item = f64;

    fn next(&mut self) -> Option<f64> {
        if self.reached == self.count {
            return None;
        }
        self.reached += 1;
        let hours = self.last_begin_unix_ms().div_euclid(60 * MINUTE_MS);
        let hour = usize::try_from(hours.rem_euclid(24)).unwrap_or(0);
        // 1 January 1970 was a Thursday: with Monday as 0, day 0 is weekday 3.
        let weekday = (hours.div_euclid(24) + 3).rem_euclid(7);
        let week = if weekday >= 5 { WEEKEND_FACTOR } else { 1.0 };
        Some(HOUR_FACTORS[hour] * week * libm::exp(MINUTE_SIGMA * normal(&mut self.draw)))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "at most 59,999 after the clamp of its caller")]
fn within_minute(part: f64) -> i64 {
    ((part * MINUTE_MS as f64) as i64).min(MINUTE_MS - 1)
}
