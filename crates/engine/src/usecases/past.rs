//! Reading the past of an environment in small pieces, beside its traffic: for price simulations and looks for advice.
//!
//! Each piece is a read transaction of its own and a few milliseconds of work, after which others get their turn and
//! somebody may have asked to stop. Nothing is written.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use chargly_journal::{Chunk, JournalReader, PayloadRef};
use chargly_ledger::{EntryId, Fact, Millis, Original, Position, Recorded, State};
use chargly_simulator::{Entry, References, original_of};
use thiserror::Error;

use crate::facts::ReadFactError;
use crate::fold::FoldError;

/// Bytes of journal read at once: a few milliseconds of work, after which others get their turn.
const READ_BYTES: usize = 1024 * 1024;

/// Why the past could not be read to its end.
#[derive(Debug, Error)]
pub enum PastError {
    /// Somebody stopped it.
    #[error("it was cancelled")]
    Cancelled,
    /// The journal could not be read.
    #[error("the journal cannot be read")]
    Read(#[from] chargly_journal::ReadError),
    /// The journal could not be folded.
    #[error("the journal cannot be folded")]
    Fold(#[from] FoldError),
    /// A fact could not be read.
    #[error(transparent)]
    Fact(#[from] ReadFactError),
}

/// How far a simulation or a look has come, and whether it is to stop. Shared with whoever waits for it.
#[derive(Debug, Default)]
pub struct Watch {
    done: AtomicU64,
    all: AtomicU64,
    is_cancelled: AtomicBool,
}

impl Watch {
    /// Facts done, and facts in all: one that several runs take up counts once for each. 0 in all until it is known.
    pub fn progress(&self) -> (u64, u64) {
        (self.done.load(Ordering::Relaxed), self.all.load(Ordering::Relaxed))
    }

    /// Stops the work at the next opportunity.
    pub fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether it is to stop.
    pub fn is_cancelled(&self) -> bool {
        self.is_cancelled.load(Ordering::Relaxed)
    }

    /// More facts are to be done than was known.
    pub(super) fn expect(&self, more: u64) {
        self.all.fetch_add(more, Ordering::Relaxed);
    }

    /// So many facts are done.
    pub(super) fn advance(&self, facts: u64) {
        self.done.fetch_add(facts, Ordering::Relaxed);
    }
}

/// A journal being read, which may grow meanwhile.
pub(super) struct Past<'a> {
    reader: &'a mut dyn JournalReader,
    watch: &'a Watch,
    breathe: &'a dyn Fn(),
}

impl<'a> Past<'a> {
    /// Calls `breathe` between pieces of work of a few milliseconds.
    pub(super) fn new(reader: &'a mut dyn JournalReader, watch: &'a Watch, breathe: &'a dyn Fn()) -> Self {
        Self { reader, watch, breathe }
    }

    /// The position after the last fact.
    pub(super) fn head(&mut self) -> Result<Position, PastError> {
        Ok(Position(self.reader.head()?.next.0))
    }

    /// Where the first chunk begins that was recorded at or after `at`; `head` where there is none. Time never goes
    /// back in a journal, so halving finds it.
    pub(super) fn first_at(&mut self, at: Millis, head: u64) -> Result<u64, PastError> {
        let (mut low, mut high) = (0, head);
        while low < high {
            let middle = chargly_journal::Position(low + (high - low) / 2);
            match self.reader.chunk_at(middle)? {
                Some(chunk) if chunk.at_ms < at.0 => low = chunk.end().0,
                Some(chunk) => high = chunk.first.0,
                None => high = middle.0,
            }
        }
        Ok(low)
    }

    /// Reads the chunks of a range of positions, which begins and ends with one.
    pub(super) fn chunks(
        &mut self,
        range: &Range<u64>,
        mut each: impl FnMut(&Chunk) -> Result<(), PastError>,
    ) -> Result<(), PastError> {
        let mut from = range.start;
        while from < range.end {
            let chunks = self.reader.chunks_from(chargly_journal::Position(from), READ_BYTES)?;
            for chunk in chunks.iter().filter(|chunk| chunk.first.0 < range.end) {
                if self.watch.is_cancelled() {
                    return Err(PastError::Cancelled);
                }
                each(chunk)?;
                self.watch.advance(chunk.end().0 - from);
                from = chunk.end().0;
            }
            if chunks.is_empty() {
                break;
            }
            (self.breathe)();
        }
        Ok(())
    }

    /// Reads what a span refers to and does not have, each where it stands; `as_here` renames it.
    pub(super) fn look_up(
        &mut self,
        references: &mut References,
        as_here: impl Fn(Original) -> Original,
    ) -> Result<(), PastError> {
        for position in references.missing() {
            let at = chargly_journal::Position(position.0);
            let Some(chunk) = self.reader.chunk_at(at)? else { continue };
            each_entry(&chunk, |entry| {
                let is_it = entry.recorded.id.position == position;
                if let Some(original) = is_it.then(|| original_of(entry.recorded, entry.fact)).flatten() {
                    references.found(as_here(original));
                }
            })?;
        }
        Ok(())
    }
}

/// Shows every fact of a chunk.
pub(super) fn each_entry(chunk: &Chunk, mut show: impl FnMut(&Entry<'_>)) -> Result<(), ReadFactError> {
    for entry in chunk.entries() {
        let position = Position(entry.position.0);
        let fact = Fact::decode(entry.fact).map_err(|source| ReadFactError::Decode { position, source })?;
        let recorded = Recorded::new(position, Millis(chunk.at_ms), &fact, entry.fact);
        let payload = match entry.payload {
            PayloadRef::Present(bytes) => Some(bytes),
            PayloadRef::None | PayloadRef::Erased => None,
        };
        show(&Entry { recorded, fact: &fact, payload });
    }
    Ok(())
}

/// The name of what happens by time at the end of a span.
pub(super) fn last_of(span: &Range<u64>, to: Millis) -> Recorded {
    Recorded { id: EntryId { position: Position(span.end), tag: 0 }, at: to }
}

/// A state of its own, with the same wallets.
pub(super) fn copy(state: &State) -> State {
    State::restore(state.rest(), state.wallets().cloned())
}
