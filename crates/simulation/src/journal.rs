//! The journal that the writer is given: the one in memory, honest unless a bug is planted.

use chargly_journal::{
    AppendError, Appended, EraseError, Erased, FrameBuilder, Head, Journal, JournalReader, MemoryJournal,
    Position, ReadBack, ReadError,
};

/// A journal in memory that may lie about its flushes.
pub(crate) struct SimJournal {
    pub(crate) inner: MemoryJournal,
    /// [`crate::Bug::HastyAnswers`].
    pub(crate) is_hasty: bool,
}

impl Journal for SimJournal {
    fn head(&self) -> Head {
        self.inner.head()
    }

    fn append(&mut self, frame: &FrameBuilder, expected: Position) -> Result<Appended, AppendError> {
        match self.inner.append(frame, expected) {
            Err(AppendError::NotApplied(_) | AppendError::StorageFull) if self.is_hasty => {
                Ok(Appended { head: self.inner.head(), chunks: Vec::new() })
            }
            result => result,
        }
    }

    fn read_back(&mut self, frame: &FrameBuilder, expected: Position) -> Result<ReadBack, ReadError> {
        self.inner.read_back(frame, expected)
    }

    fn erase_payloads(&mut self, positions: &[Position]) -> Result<Erased, EraseError> {
        self.inner.erase_payloads(positions)
    }

    fn reader(&self) -> Box<dyn JournalReader> {
        self.inner.reader()
    }
}
