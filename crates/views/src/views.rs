//! [`Views`]: the figures of one environment, on disk and in memory together.

use std::path::Path;

use chargly_ledger::{Fact, Millis, Position};

use crate::rollup::Counters;
use crate::store::Store;
use crate::{FILE_NAME, MEMORY_ROWS_MAX, ViewError, fold};

/// The figures of one environment. There is one writer to a file, and this is it.
pub struct Views {
    pub(crate) store: Store,
    pub(crate) counters: Counters,
    next: Position,
}

impl Views {
    /// Opens `views.db` in `dir`, making it where it is absent.
    ///
    /// # Errors
    /// [`ViewError::OtherVersion`] when the file must be folded anew, [`ViewError::Database`] when it cannot be used.
    pub fn open(dir: &Path) -> Result<Self, ViewError> {
        Self::open_file(&dir.join(FILE_NAME))
    }

    /// Opens a file of any name, making it where it is absent: for a rebuild beside the old one.
    ///
    /// # Errors
    /// As [`Views::open`].
    pub fn open_file(path: &Path) -> Result<Self, ViewError> {
        Store::open(path).map(Self::new)
    }

    /// Opens `views.db` in `dir` to read it as it stands now, while another process may go on writing it: for
    /// `verify`. These views cannot be flushed.
    ///
    /// # Errors
    /// As [`Views::open`].
    pub fn open_snapshot(dir: &Path) -> Result<Self, ViewError> {
        Store::open_snapshot(&dir.join(FILE_NAME)).map(Self::new)
    }

    /// Views without a file: for `verify`.
    ///
    /// # Errors
    /// [`ViewError::Database`] when there is no memory for it.
    pub fn in_memory() -> Result<Self, ViewError> {
        Store::in_memory().map(Self::new)
    }

    fn new(store: Store) -> Self {
        Self { next: store.next, store, counters: Counters::default() }
    }

    /// The position of the first fact that is not counted yet: what every figure is "as of".
    pub fn next(&self) -> Position {
        self.next
    }

    /// The position of the first fact that is not counted on disk yet: where a restart goes on.
    pub fn flushed(&self) -> Position {
        self.store.next
    }

    /// Counts the fact at `position`, recorded at `at`. Facts come densely, each exactly once.
    ///
    /// # Errors
    /// [`ViewError::OutOfOrder`] when it is not the next one; nothing was counted. [`ViewError::Overflow`] when a sum
    /// is too large; these views must then be dropped and opened again.
    pub fn fold(&mut self, position: Position, at: Millis, fact: &Fact) -> Result<(), ViewError> {
        if position != self.next {
            return Err(ViewError::OutOfOrder { expected: self.next, found: position });
        }
        fold::fold(&mut self.counters, at, fact).ok_or(ViewError::Overflow)?;
        self.next = Position(position.0 + 1);
        Ok(())
    }

    /// Whether so much is in memory that it should be written now, whatever the time since the last flush.
    pub fn should_flush(&self) -> bool {
        self.counters.len() >= MEMORY_ROWS_MAX
    }

    /// Writes what is in memory, and the position it reflects, in one transaction.
    ///
    /// # Errors
    /// Any; then the memory and [`Views::flushed`] are as they were, and it may be tried again.
    pub fn flush(&mut self) -> Result<(), ViewError> {
        if self.flushed() == self.next {
            return Ok(());
        }
        self.store.write(&self.counters, self.next)?;
        self.counters.clear();
        Ok(())
    }
}
