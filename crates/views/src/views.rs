//! [`Views`]: the figures of one environment, on disk and in memory together.
//!
//! Three may be at work at once: one thread that folds, one that flushes, and any number that ask. What waits for what:
//! folding waits for nobody but a question's look at the memory; a flush takes what was counted out of the folding
//! thread's way and writes it without a lock; a question reads the file as it stood when it was asked, and adds from
//! memory exactly what that file does not have, be it being written just now.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chargly_ledger::{Fact, Millis, Position};
use rusqlite::Connection;

use crate::counters::Counters;
use crate::store::Store;
use crate::{FILE_NAME, MEMORY_ROWS_MAX, UNFLUSHED_FACTS_MAX, ViewError, fold};

/// How often a question looks anew because a flush ended between its look at the file and at the memory. A flush takes
/// far longer than that, so the second look is enough, unless somebody else writes the file.
const READ_ATTEMPTS_MAX: u32 = 4;

/// The figures of one environment. There is one writer to a file, and this is it.
pub struct Views {
    pub(crate) store: Store,
    memory: Mutex<Memory>,
}

/// What is not in the file, or was not when this was written.
pub(crate) struct Memory {
    /// Counted since something was last handed out.
    counters: Counters,
    /// Counted before that, and being written; still here after a flush that failed.
    handed_out: Option<HandedOut>,
    /// The first fact that is not counted.
    pub(crate) next: Position,
    /// The first fact that is not in the file.
    flushed: Position,
}

/// What a flush writes.
#[derive(Clone)]
struct HandedOut {
    counters: Arc<Counters>,
    from: Position,
    to: Position,
}

impl Views {
    /// Opens `views.db` in `dir`, making it where it is absent. What another version of the software wrote is thrown
    /// away with a line in the log, and these views begin anew at position 0.
    ///
    /// # Errors
    /// [`ViewError::Database`] when it cannot be used.
    pub fn open(dir: &Path) -> Result<Self, ViewError> {
        Self::open_file(&dir.join(FILE_NAME))
    }

    /// Opens a file of any name, making it where it is absent: for a rebuild beside the old one.
    ///
    /// # Errors
    /// As [`Views::open`].
    pub fn open_file(path: &Path) -> Result<Self, ViewError> {
        Self::new(Store::open(path)?)
    }

    /// Opens `views.db` in `dir` to read it as it stands now, while another process may go on writing it: for
    /// `verify`. These views cannot be flushed.
    ///
    /// # Errors
    /// As [`Views::open`], and [`ViewError::OtherVersion`] when another version wrote it.
    pub fn open_snapshot(dir: &Path) -> Result<Self, ViewError> {
        Self::new(Store::open_snapshot(&dir.join(FILE_NAME))?)
    }

    /// Views without a file: for `verify`.
    ///
    /// # Errors
    /// [`ViewError::Database`] when there is no memory for it.
    pub fn in_memory() -> Result<Self, ViewError> {
        Self::new(Store::in_memory()?)
    }

    fn new(store: Store) -> Result<Self, ViewError> {
        let flushed = store.read(|_, stands_at| Ok(stands_at))?;
        let memory = Memory { counters: Counters::default(), handed_out: None, next: flushed, flushed };
        Ok(Self { store, memory: Mutex::new(memory) })
    }

    /// The position of the first fact that is not counted yet: what every figure is "as of".
    pub fn next(&self) -> Position {
        self.memory().next
    }

    /// The position of the first fact that is not counted on disk yet: where a restart goes on.
    pub fn flushed(&self) -> Position {
        self.memory().flushed
    }

    /// How many facts of a journal that goes up to `head` (exclusive) are not in these figures yet. A gauge for metrics:
    /// it returns to 0 whenever the figures are live.
    pub fn lag(&self, head: Position) -> u64 {
        head.0.saturating_sub(self.next().0)
    }

    /// How many facts are counted in memory only: what a start after a crash folds again, at most
    /// [`UNFLUSHED_FACTS_MAX`] and one frame where the caller heeds [`Views::should_flush`].
    pub fn unflushed(&self) -> u64 {
        self.memory().unflushed()
    }

    /// Counts the fact at `position`, recorded at `at`. Facts come densely, each exactly once.
    ///
    /// # Errors
    /// [`ViewError::OutOfOrder`] when it is not the next one; nothing was counted. [`ViewError::Overflow`] when a sum
    /// is too large; these views must then be dropped and opened again.
    pub fn fold(&mut self, position: Position, at: Millis, fact: &Fact) -> Result<(), ViewError> {
        let memory = self.memory.get_mut().unwrap_or_else(PoisonError::into_inner);
        memory.expect(position)?;
        fold::fold(&mut memory.counters, at, fact).ok_or(ViewError::Overflow)?;
        memory.next = Position(position.0 + 1);
        Ok(())
    }

    /// Counts facts as the journal has them, recorded at `at`: those of one chunk, by position. What was counted before
    /// is passed over. Says how many were counted: none while the memory is full, because what was handed out for a
    /// flush could not be written; the journal keeps them until it can.
    ///
    /// Questions wait meanwhile, which is why this takes a chunk and not a whole journal.
    ///
    /// # Errors
    /// As [`Views::fold`], and [`ViewError::Unreadable`]; the facts before the one that failed are counted.
    pub fn fold_encoded<'a>(
        &self,
        at: Millis,
        facts: impl IntoIterator<Item = (Position, &'a [u8])>,
    ) -> Result<u64, ViewError> {
        let mut memory = self.memory();
        let first = memory.next;
        if memory.is_full() {
            return Ok(0);
        }
        for (position, bytes) in facts {
            if position < memory.next {
                continue;
            }
            memory.expect(position)?;
            let unreadable = |source| ViewError::Unreadable { position, source };
            let counters = &mut memory.counters;
            match Fact::decode_metered(bytes).map_err(unreadable)? {
                Some((header, request, charge, facets)) => {
                    fold::fold_metered(counters, at, header.wallet, (&request, &charge, facets.as_deref()))
                }
                None => fold::fold(counters, at, &Fact::decode(bytes).map_err(unreadable)?),
            }
            .ok_or(ViewError::Overflow)?;
            memory.next = Position(position.0 + 1);
        }
        Ok(memory.next.0 - first.0)
    }

    /// Whether so much is in memory that it should be written now, whatever the time since the last flush.
    pub fn should_flush(&self) -> bool {
        let memory = self.memory();
        memory.counters.weight() >= MEMORY_ROWS_MAX || memory.unflushed() >= UNFLUSHED_FACTS_MAX
    }

    /// Writes what was counted so far, and the position it reflects, in one transaction. Folding and questions go on
    /// meanwhile; a second flush waits for the first.
    ///
    /// # Errors
    /// Any; then the figures and [`Views::flushed`] are as they were, and it may be tried again.
    pub fn flush(&self) -> Result<(), ViewError> {
        let mut writer = self.store.writer();
        let goal = self.next();
        // Twice where an earlier flush failed: first what that one left.
        while let Some(rows) = self.hand_out(goal) {
            writer.write(&rows.counters, rows.from, rows.to)?;
            let mut memory = self.memory();
            memory.flushed = rows.to;
            memory.handed_out = None;
        }
        Ok(())
    }

    /// What is to be written next to reach `goal`, which stays here until it is.
    fn hand_out(&self, goal: Position) -> Option<HandedOut> {
        let mut memory = self.memory();
        if memory.flushed >= goal {
            return None;
        }
        if memory.handed_out.is_none() {
            let counters = Arc::new(std::mem::take(&mut memory.counters));
            memory.handed_out = Some(HandedOut { counters, from: memory.flushed, to: memory.next });
        }
        memory.handed_out.clone()
    }

    /// Lends file and memory as they stood at one moment.
    ///
    /// # Errors
    /// Those of `read`, and [`ViewError::Moved`] when somebody else writes the file.
    pub(crate) fn read<T>(
        &self,
        mut read: impl FnMut(Reading<'_>) -> Result<T, ViewError>,
    ) -> Result<T, ViewError> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let result = self.store.read(|db, disk| {
                let memory = self.memory();
                if memory.knows(disk) {
                    return read(Reading { db, disk, memory }).map(Some);
                }
                if attempts < READ_ATTEMPTS_MAX {
                    return Ok(None);
                }
                Err(ViewError::Moved { expected: memory.flushed, found: disk })
            })?;
            if let Some(result) = result {
                return Ok(result);
            }
        }
    }

    /// The memory. Whoever waits for the database, too, takes that first.
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// File and memory at one moment. Folding waits until this, or the memory in it, is dropped.
pub(crate) struct Reading<'a> {
    pub(crate) db: &'a Connection,
    pub(crate) memory: MutexGuard<'a, Memory>,
    disk: Position,
}

impl Reading<'_> {
    /// What is to be added to the rows of the file.
    pub(crate) fn counters(&self) -> impl Iterator<Item = &Counters> {
        let handed_out = self.memory.handed_out.as_ref().filter(|rows| rows.to != self.disk);
        handed_out.map(|rows| &*rows.counters).into_iter().chain([&self.memory.counters])
    }
}

impl Memory {
    /// Whether a flush left the file where it stands, and none has ended since: then file and memory add up.
    fn knows(&self, disk: Position) -> bool {
        disk == self.flushed || self.handed_out.as_ref().is_some_and(|rows| rows.to == disk)
    }

    fn expect(&self, position: Position) -> Result<(), ViewError> {
        if position == self.next {
            return Ok(());
        }
        Err(ViewError::OutOfOrder { expected: self.next, found: position })
    }

    fn unflushed(&self) -> u64 {
        self.next.0 - self.flushed.0
    }

    /// Whether there is as much as a flush takes, behind one that could not be written.
    fn is_full(&self) -> bool {
        self.handed_out.is_some() && self.counters.weight() >= MEMORY_ROWS_MAX
    }
}
