//! What the time of a frame may be: never before the last one, and never ahead of what can have passed. The wall
//! clock is not to be believed beyond that, whatever it says.

use chargly_engine::{CLOCK_JUMP_AT_START_MAX_MS, CLOCK_JUMP_MAX_MS, Clock as _};
use chargly_testkit::model::{Ms, Place};

use super::Finding;
use crate::clock::{DRAG_MAX_MS, SimClock};
use crate::seen::Seen;

/// The auditor's idea of the time.
pub(super) struct Time {
    /// The last frame's.
    last: Option<Ms>,
    /// The latest that the next frame may have.
    latest: Ms,
    /// The monotonic clock when that was worked out.
    monotonic_ms: i64,
    wall_ms: Ms,
    /// Facts before this place are older than the last restart.
    pub(super) restarted_at: Place,
}

impl Time {
    pub(super) fn new(clock: &SimClock) -> Self {
        let wall_ms = clock.wall_ms();
        Self {
            last: None,
            latest: wall_ms,
            monotonic_ms: clock.peek_monotonic_ms(),
            wall_ms,
            restarted_at: 0,
        }
    }

    pub(super) fn last(&self) -> Ms {
        self.last.unwrap_or(self.wall_ms)
    }

    /// The latest that the next frame may have.
    pub(super) fn latest(&self) -> Ms {
        self.latest
    }

    /// The clock is about to be read once more: that allows for one small step ahead, and for the time that passed.
    pub(super) fn pass(&mut self, clock: &SimClock) {
        let now = clock.peek_monotonic_ms();
        self.latest += now - self.monotonic_ms + CLOCK_JUMP_MAX_MS + DRAG_MAX_MS;
        (self.monotonic_ms, self.wall_ms) = (now, clock.wall_ms());
    }

    /// A writer started, which has only the wall clock to tell how long nobody ran.
    pub(super) fn restart(&mut self, clock: &SimClock, at: Place, seen: &mut Seen) {
        self.restarted_at = at;
        let wall = clock.wall_ms();
        let last = self.last();
        let is_believed = wall <= last + CLOCK_JUMP_AT_START_MAX_MS;
        seen.note_if(!is_believed, "long stop not believed");
        self.latest = if is_believed { wall.max(last) } else { last };
        (self.monotonic_ms, self.wall_ms) = (clock.peek_monotonic_ms(), wall);
    }

    /// A frame was recorded at this time.
    pub(super) fn frame(&mut self, at: Ms, seen: &mut Seen) -> Result<(), Finding> {
        if at < self.last.unwrap_or(at) {
            return Err(format!("time went back from {} to {at}", self.last()));
        }
        if at > self.latest {
            return Err(format!("a frame at {at}, when it could be {} at most", self.latest));
        }
        seen.note_if(self.wall_ms > at + CLOCK_JUMP_MAX_MS, "clock jump refused");
        seen.note_if(self.wall_ms < at, "clock set back");
        (self.last, self.latest) = (Some(at), at);
        Ok(())
    }
}
