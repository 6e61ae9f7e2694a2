//! When to try again, and when to stop.

use std::time::Duration;

/// Waits before each attempt, in milliseconds: at once, then as the specification's example has it, some three days in
/// all. Whoever is down over a weekend misses nothing.
pub const RETRIES_MS: [i64; 10] = [
    0,
    5_000,
    5 * MINUTE_MS,
    30 * MINUTE_MS,
    2 * HOUR_MS,
    5 * HOUR_MS,
    10 * HOUR_MS,
    14 * HOUR_MS,
    20 * HOUR_MS,
    24 * HOUR_MS,
];
/// How long a receiver may take for its whole answer: it should take the message and work on it later.
pub const TIMEOUT: Duration = Duration::from_secs(15);
/// After how long with nothing but failures an endpoint is disabled, in milliseconds (5 days): longer than all attempts
/// of one message.
pub const DISABLED_AFTER_MS: i64 = 5 * 24 * HOUR_MS;
/// How long deliveries that came to their end are kept, in milliseconds (30 days).
pub const KEPT_MS: i64 = 30 * 24 * HOUR_MS;
/// The longest `Retry-After` that is heeded, in milliseconds (1 day).
pub const RETRY_AFTER_MS_MAX: i64 = 24 * HOUR_MS;
/// Attempts under way at once to one endpoint, each of another wallet.
pub const SENDS_AT_ONCE_MAX: usize = 16;
/// The longest rest of an endpoint that answers that it has too much to do, in milliseconds.
const REST_MS_MAX: i64 = MINUTE_MS;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
/// How much waits are stretched at most, in thousandths: receivers that come back are not called by all at once.
const JITTER_THOUSANDTHS: i64 = 100;

/// When to try again after the attempt of this number (from 1) has failed, in milliseconds from now; `None` after the
/// last. `chance` is 0 to 999.
pub(crate) fn wait_after_ms(attempt: u32, chance: i64) -> Option<i64> {
    let wait_ms = *RETRIES_MS.get(usize::try_from(attempt).ok()?)?;
    Some(wait_ms + wait_ms / 1_000 * (JITTER_THOUSANDTHS * chance) / 1_000)
}

/// How an endpoint fares: what it is spared while it does not do well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Health {
    /// Attempts that failed since one went well.
    failures: u32,
    /// Until when it is left alone.
    pub(crate) rests_until_ms: i64,
}

impl Health {
    /// How many attempts may be under way at once.
    pub(crate) fn sends_at_once(&self) -> usize {
        if self.failures == 0 { SENDS_AT_ONCE_MAX } else { 1 }
    }

    /// One went well.
    pub(crate) fn note_success(&mut self) {
        *self = Self::default();
    }

    /// One failed. Where the endpoint has too much to do, it is left alone: as long as it says, else longer each time.
    pub(crate) fn note_failure(&mut self, is_overloaded: bool, retry_after_ms: Option<i64>, now_ms: i64) {
        self.failures = self.failures.saturating_add(1);
        let said_ms = retry_after_ms.map(|ms| ms.clamp(0, RETRY_AFTER_MS_MAX));
        let rest_ms = match (said_ms, is_overloaded) {
            (Some(said_ms), _) => said_ms,
            (None, true) => (500_i64 << self.failures.min(20)).min(REST_MS_MAX),
            (None, false) => 0,
        };
        self.rests_until_ms = self.rests_until_ms.max(now_ms + rest_ms);
    }
}

/// What `Retry-After` says, in milliseconds from now: seconds, or a date.
pub(crate) fn retry_after_ms(value: &str, now_ms: i64) -> Option<i64> {
    if let Ok(seconds) = value.trim().parse::<u32>() {
        return Some(i64::from(seconds) * 1_000);
    }
    let date = jiff::fmt::rfc2822::parse(value.trim()).ok()?;
    Some((date.timestamp().as_millisecond() - now_ms).max(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_those_of_the_table_stretched_by_a_tenth_at_most() {
        for (attempt, expected) in [(1, Some(5_000)), (2, Some(300_000)), (9, Some(86_400_000)), (10, None)] {
            assert_eq!(wait_after_ms(attempt, 0), expected, "{attempt}");
            let most = wait_after_ms(attempt, 999);
            assert!(most >= expected && most <= expected.map(|ms| ms + ms / 10), "{attempt} {most:?}");
        }
        assert!(RETRIES_MS.iter().sum::<i64>() < DISABLED_AFTER_MS);
    }

    #[test]
    fn endpoint_that_has_too_much_to_do_is_left_alone_longer_each_time_and_no_longer_than_a_minute() {
        let mut health = Health::default();
        let mut rests = Vec::new();
        for _ in 0..9 {
            health.rests_until_ms = 0;
            health.note_failure(true, None, 0);
            rests.push(health.rests_until_ms);
        }
        assert_eq!(rests[..3], [1_000, 2_000, 4_000]);
        assert_eq!(rests[8], REST_MS_MAX);
        assert_eq!(health.sends_at_once(), 1);
        health.note_success();
        assert_eq!((health.sends_at_once(), health.rests_until_ms), (SENDS_AT_ONCE_MAX, 0));
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_and_is_bounded() {
        let now_ms = 1_445_412_470_000;
        assert_eq!(retry_after_ms("120", now_ms), Some(120_000));
        assert_eq!(retry_after_ms("Wed, 21 Oct 2015 07:28:00 GMT", now_ms), Some(10_000));
        assert_eq!(retry_after_ms("soon", now_ms), None);
        let mut health = Health::default();
        health.note_failure(false, retry_after_ms("4000000000", 0), 0);
        assert_eq!(health.rests_until_ms, RETRY_AFTER_MS_MAX);
    }
}
