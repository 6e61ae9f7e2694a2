//! A clock that moves when the dice say so, and, in some runs, a little with every reading, as if deciding took time.

use std::sync::atomic::{AtomicI64, Ordering};

use chargly_engine::{Clock, ManualClock};

/// The most that may pass with one reading of the monotonic clock, in milliseconds: two readings then end a group.
pub(crate) const DRAG_MAX_MS: i64 = 1;

/// The machine's clocks.
pub(crate) struct SimClock {
    hands: ManualClock,
    /// Milliseconds that pass with every reading of the monotonic clock.
    drag_ms: AtomicI64,
}

impl SimClock {
    pub(crate) fn at(wall_ms: i64) -> Self {
        Self { hands: ManualClock::at(wall_ms), drag_ms: AtomicI64::new(0) }
    }

    /// Time passes.
    pub(crate) fn advance(&self, ms: i64) {
        self.hands.advance(ms);
    }

    /// Somebody sets the wall clock.
    pub(crate) fn step_wall(&self, ms: i64) {
        self.hands.step_wall(ms);
    }

    /// From now on deciding takes this long per reading.
    pub(crate) fn set_drag(&self, ms: i64) {
        self.drag_ms.store(ms, Ordering::Relaxed);
    }

    /// The monotonic clock, read without making time pass.
    pub(crate) fn peek_monotonic_ms(&self) -> i64 {
        self.hands.monotonic_ms()
    }
}

impl Clock for SimClock {
    fn wall_ms(&self) -> i64 {
        self.hands.wall_ms()
    }

    fn monotonic_ms(&self) -> i64 {
        self.hands.advance(self.drag_ms.load(Ordering::Relaxed));
        self.hands.monotonic_ms()
    }
}
