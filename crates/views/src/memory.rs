//! What is counted in memory, beside a file that stands at a position of its own.

use std::sync::MutexGuard;

use chargly_ledger::{Millis, Position};
use rusqlite::Connection;

use crate::counters::Counters;
use crate::counting::Counting;
use crate::store::Batch;
use crate::{MEMORY_ROWS_MAX, ViewError};

/// What is not in the file, or was not when this was written.
pub(crate) struct Memory {
    /// Counted since something was last handed out.
    pub(crate) counting: Counting,
    /// Counted before that, and being written; still here after a flush that failed.
    pub(crate) handed_out: Option<Batch>,
    /// The first fact that is not counted.
    pub(crate) next: Position,
    /// When the last one that is was recorded; the beginning of time where nobody knows.
    pub(crate) next_at: Millis,
    /// The first fact that is not in the file.
    pub(crate) flushed: Position,
    /// How many values of dimensions are in the file.
    pub(crate) flushed_values: usize,
}

/// File and memory at one moment. Folding waits until this, or the memory in it, is dropped.
pub(crate) struct Reading<'a> {
    pub(crate) db: &'a Connection,
    pub(crate) memory: MutexGuard<'a, Memory>,
    /// The first fact that is not in the file.
    pub(crate) disk: Position,
}

impl Reading<'_> {
    /// What is to be added to something that has the facts before `position`; `None` where that cannot be told.
    pub(crate) fn counted_from(&self, position: Position) -> Option<Vec<&Counters>> {
        let counting = &self.memory.counting.counters;
        match &self.memory.handed_out {
            Some(batch) if batch.from == position => Some(vec![&batch.counters, counting]),
            Some(batch) if batch.to == position => Some(vec![counting]),
            None if self.memory.flushed == position => Some(vec![counting]),
            Some(_) | None => None,
        }
    }

    /// What is to be added to the rows of the file.
    pub(crate) fn counters(&self) -> impl Iterator<Item = &Counters> {
        let handed_out = self.memory.handed_out.as_ref().filter(|rows| rows.to != self.disk);
        handed_out.map(|rows| &*rows.counters).into_iter().chain([&self.memory.counting.counters])
    }
}

impl Memory {
    /// Whether a flush left the file where it stands, and none has ended since: then file and memory add up.
    pub(crate) fn knows(&self, disk: Position) -> bool {
        disk == self.flushed || self.handed_out.as_ref().is_some_and(|rows| rows.to == disk)
    }

    pub(crate) fn expect(&self, position: Position) -> Result<(), ViewError> {
        if position == self.next {
            return Ok(());
        }
        Err(ViewError::OutOfOrder { expected: self.next, found: position })
    }

    pub(crate) fn counted(&mut self, position: Position, at: Millis) {
        self.next = Position(position.0 + 1);
        self.next_at = at;
    }

    pub(crate) fn unflushed(&self) -> u64 {
        self.next.0 - self.flushed.0
    }

    /// Whether there is as much as a flush takes, behind one that could not be written.
    pub(crate) fn is_full(&self) -> bool {
        self.handed_out.is_some() && self.counting.counters.weight() >= MEMORY_ROWS_MAX
    }
}
