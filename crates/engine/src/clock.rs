//! Time, as the journal sees it: once per frame, never back, and not fooled by one bad reading.

use std::sync::Mutex;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use chargly_ledger::Millis;

/// How far ahead of the monotonic clock the wall clock may be found while running, in milliseconds. More is a jump:
/// a wrong reading must not expire everybody's credits.
pub const CLOCK_JUMP_MAX_MS: i64 = 60_000;
/// The same across a restart, where no monotonic clock helps: 30 days, in milliseconds.
pub const CLOCK_JUMP_AT_START_MAX_MS: i64 = 30 * 24 * 60 * 60 * 1_000;

/// Where times come from. An argument, so that tests own it.
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970, as the machine believes.
    fn wall_ms(&self) -> i64;
    /// Milliseconds since some instant, never going back.
    fn monotonic_ms(&self) -> i64;
}

/// The machine's own clocks.
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// Starts the monotonic count now.
    #[expect(clippy::disallowed_methods, reason = "this is where time comes from")]
    pub fn start() -> Self {
        Self { started: Instant::now() }
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is where time comes from")]
    fn wall_ms(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }

    #[expect(clippy::disallowed_methods, reason = "this is where time comes from")]
    fn monotonic_ms(&self) -> i64 {
        i64::try_from((Instant::now() - self.started).as_millis()).unwrap_or(i64::MAX)
    }
}

/// A clock that stands until it is told to move.
#[derive(Default)]
pub struct ManualClock {
    at: Mutex<(i64, i64)>,
}

impl ManualClock {
    /// Stands at this wall time, in milliseconds since 1970.
    pub fn at(wall_ms: i64) -> Self {
        Self { at: Mutex::new((wall_ms, 0)) }
    }

    /// Time passes.
    pub fn advance(&self, ms: i64) {
        let mut at = self.at.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *at = (at.0 + ms, at.1 + ms);
    }

    /// Somebody sets the wall clock; no time passes.
    pub fn step_wall(&self, ms: i64) {
        self.at.lock().unwrap_or_else(std::sync::PoisonError::into_inner).0 += ms;
    }
}

impl Clock for ManualClock {
    fn wall_ms(&self) -> i64 {
        self.at.lock().unwrap_or_else(std::sync::PoisonError::into_inner).0
    }

    fn monotonic_ms(&self) -> i64 {
        self.at.lock().unwrap_or_else(std::sync::PoisonError::into_inner).1
    }
}

/// The time of the next frame.
pub(crate) struct JournalClock {
    last: Millis,
    last_monotonic_ms: i64,
    /// Whether the wall clock is believed to be wrong: time then goes on by the monotonic clock alone.
    pub(crate) is_suspect: bool,
}

impl JournalClock {
    /// Goes on from the time of the last frame; `accept` believes the wall clock whatever it says.
    pub(crate) fn resume(clock: &dyn Clock, last_frame: Option<Millis>, accept: bool) -> Self {
        let wall = Millis(clock.wall_ms());
        let is_suspect = match last_frame {
            Some(last) => !accept && wall > last.plus(CLOCK_JUMP_AT_START_MAX_MS),
            None => false,
        };
        let last = match last_frame {
            Some(last) if is_suspect || wall < last => last,
            _ => wall,
        };
        Self { last, last_monotonic_ms: clock.monotonic_ms(), is_suspect }
    }

    /// The time now: the wall clock's where it can be believed, else the last time plus what has passed since.
    pub(crate) fn tick(&mut self, clock: &dyn Clock) -> Millis {
        let (wall, monotonic_ms) = (Millis(clock.wall_ms()), clock.monotonic_ms());
        let expected = self.last.plus((monotonic_ms - self.last_monotonic_ms).max(0));
        self.is_suspect = wall > expected.plus(CLOCK_JUMP_MAX_MS);
        self.last = if self.is_suspect || wall <= self.last { expected } else { wall };
        self.last_monotonic_ms = monotonic_ms;
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: i64 = 1_800_000_000_000;
    const HOUR: i64 = 3_600_000;

    #[test]
    fn time_follows_the_wall_clock_and_never_goes_back() {
        let clock = ManualClock::at(NOON);
        let mut journal = JournalClock::resume(&clock, None, false);
        assert_eq!(journal.tick(&clock), Millis(NOON));
        clock.advance(5);
        assert_eq!(journal.tick(&clock), Millis(NOON + 5));
        clock.step_wall(-HOUR);
        assert_eq!(journal.tick(&clock), Millis(NOON + 5));
        clock.advance(7);
        assert_eq!(journal.tick(&clock), Millis(NOON + 12));
    }

    #[test]
    fn a_small_step_ahead_is_followed_and_a_jump_is_not() {
        let clock = ManualClock::at(NOON);
        let mut journal = JournalClock::resume(&clock, None, false);
        clock.step_wall(CLOCK_JUMP_MAX_MS);
        assert_eq!(journal.tick(&clock), Millis(NOON + CLOCK_JUMP_MAX_MS));
        assert!(!journal.is_suspect);
        clock.step_wall(CLOCK_JUMP_MAX_MS + 1);
        assert_eq!(journal.tick(&clock), Millis(NOON + CLOCK_JUMP_MAX_MS));
        assert!(journal.is_suspect);
        clock.step_wall(-CLOCK_JUMP_MAX_MS);
        journal.tick(&clock);
        assert!(!journal.is_suspect, "the wall clock came back");
    }

    #[test]
    fn a_long_stop_is_believed_up_to_thirty_days_or_when_accepted() {
        let later = |ms| ManualClock::at(NOON + ms);
        let resume = |ms, accept| JournalClock::resume(&later(ms), Some(Millis(NOON)), accept);
        assert_eq!(resume(CLOCK_JUMP_AT_START_MAX_MS, false).last, Millis(NOON + CLOCK_JUMP_AT_START_MAX_MS));
        assert_eq!(resume(CLOCK_JUMP_AT_START_MAX_MS + 1, false).last, Millis(NOON));
        assert_eq!(resume(400 * 24 * HOUR, true).last, Millis(NOON + 400 * 24 * HOUR));
        assert_eq!(resume(-HOUR, false).last, Millis(NOON), "a clock set back does not take time back");
    }
}
