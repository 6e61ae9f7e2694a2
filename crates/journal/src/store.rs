//! The [`Journal`] and [`JournalReader`] traits: what every backend promises.
//!
//! **Compare-and-append is the law.** An append names the position that it expects to be next, and fails when
//! somebody else has appended. That fences a writer that lost its place, on every backend.

use std::error::Error;
use std::sync::Arc;

use crate::chunk::{Chunk, HashMismatch};
use crate::codec::DecodeError;
use crate::frame::FrameBuilder;
use crate::position::{EpochStart, Head, Position};

/// A cause from below: SQLite, the file system.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// The one that may append. There is one per journal; what fences a second one is [`AppendError::Moved`].
pub trait Journal: Send {
    /// Where the journal stands after the last append that succeeded.
    fn head(&self) -> Head;

    /// Appends a frame whose first entry is to stand at `expected`; when it answers `Ok`, the frame is on disk.
    ///
    /// # Errors
    /// See [`AppendError`]: each variant says what is known about the frame.
    fn append(&mut self, frame: &FrameBuilder, expected: Position) -> Result<Appended, AppendError>;

    /// Finds out what became of a frame whose append ended in [`AppendError::Unknown`].
    ///
    /// The answer holds across a crash: backends settle the doubt with a durable write of their own first.
    ///
    /// # Errors
    /// [`ReadError::Poisoned`] after a failed flush: what can be read may not be on disk. Otherwise the journal
    /// is unreadable; then nothing may be appended, nor answered about the frame.
    fn read_back(&mut self, frame: &FrameBuilder, expected: Position) -> Result<ReadBack, ReadError>;

    /// Replaces payloads by their digests, for good. Facts, hashes and positions stay. Erasing again, or where
    /// there is no payload, changes nothing.
    ///
    /// Durable when `Ok`; after an error some of the payloads may be erased, and the call can be repeated.
    ///
    /// # Errors
    /// See [`EraseError`].
    fn erase_payloads(&mut self, positions: &[Position]) -> Result<Erased, EraseError>;

    /// A reader that sees every frame appended so far and later, and may run on another thread.
    fn reader(&self) -> Box<dyn JournalReader>;
}

/// Reads durable frames. Each call is one short read transaction; nothing is held between calls.
///
/// Every chunk handed out fits its hash and its place; one that does not is [`ReadError::Damaged`].
pub trait JournalReader: Send {
    /// Where the journal stands now.
    ///
    /// # Errors
    /// See [`ReadError`].
    fn head(&mut self) -> Result<Head, ReadError>;

    /// The chunk that holds this position; `None` at and after the head.
    ///
    /// # Errors
    /// See [`ReadError`].
    fn chunk_at(&mut self, position: Position) -> Result<Option<Chunk>, ReadError>;

    /// Chunks in order from the one that holds `from`; none at and after the head. Stops before passing
    /// `max_bytes` in memory, but after one chunk at the earliest.
    ///
    /// # Errors
    /// See [`ReadError`].
    fn chunks_from(&mut self, from: Position, max_bytes: usize) -> Result<Vec<Chunk>, ReadError>;

    /// Chunks that hold positions below `before`, newest first; `max_bytes` as for [`chunks_from`](Self::chunks_from).
    /// The first chunk may also hold positions at and above `before`.
    ///
    /// # Errors
    /// See [`ReadError`].
    fn chunks_before(&mut self, before: Position, max_bytes: usize) -> Result<Vec<Chunk>, ReadError>;

    /// Where each epoch began, oldest first.
    ///
    /// # Errors
    /// See [`ReadError`].
    fn epochs(&mut self) -> Result<Vec<EpochStart>, ReadError>;

    /// Which chunks were rewritten by erasures, in that order: those numbered above `after`, at most `max` of them.
    ///
    /// # Errors
    /// See [`ReadError`].
    fn erasures(&mut self, after: u64, max: usize) -> Result<Vec<Erasure>, ReadError>;
}

/// One chunk of which an erasure replaced payloads. What was erased is in the chunk; this says where to look, so
/// that whoever keeps a copy need not compare everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// Its number, from 1; later erasures have higher ones.
    pub number: u64,
    /// Position of the chunk's first entry.
    pub chunk: Position,
}

/// A frame that is on disk.
#[derive(Clone, Debug)]
pub struct Appended {
    /// Where the journal stands now.
    pub head: Head,
    /// The frame's chunks, for those who follow live.
    pub chunks: Vec<Arc<Chunk>>,
}

/// What became of a frame whose append had an unknown outcome.
#[derive(Clone, Debug)]
pub enum ReadBack {
    /// It is on disk.
    Applied(Appended),
    /// It is not, and will not come back; it may be appended again.
    NotApplied,
    /// Somebody else's frame stands in its place: this writer is fenced.
    Moved {
        /// The position that is next now.
        found: Position,
    },
}

/// What an erasure did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// Payloads that were there and are gone.
    pub payloads: u64,
    /// Chunks rewritten.
    pub chunks: u64,
    /// True when no former bytes are left in the files either. False when a long reader keeps them in SQLite's
    /// write-ahead log a little longer; the next erasure or WAL restart overwrites them.
    pub scrubbed: bool,
}

/// Why a frame was not appended, and what is known about it.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The frame may not follow the head: a mistake of the caller. Surely not applied.
    #[error("the frame may not follow the head")]
    Refused(#[source] FrameRefused),
    /// Somebody else appended. Surely not applied; this writer has lost its place.
    #[error("position {expected} was to be next, and {found} is: somebody else appended")]
    Moved {
        /// The position that the caller expected.
        expected: Position,
        /// The position that is next.
        found: Position,
    },
    /// No space left. Surely not applied; may be tried again once there is.
    #[error("no space left for the journal")]
    StorageFull,
    /// Surely not applied, may be tried again.
    #[error("the frame was not appended")]
    NotApplied(#[source] BoxError),
    /// Nobody knows. The caller must [`read_back`](Journal::read_back).
    #[error("the frame may or may not have been appended")]
    Unknown(#[source] BoxError),
    /// A flush failed earlier; what the disk holds is uncertain, and this journal never writes again.
    #[error("a flush failed earlier; the journal writes no more")]
    Poisoned,
}

/// The rule that a frame breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameRefused {
    /// It has no entries.
    #[error("the frame is empty")]
    Empty,
    /// It was built for another position.
    #[error("the frame begins at {first}, not at {expected}")]
    OtherFirst {
        /// Where the frame begins.
        first: Position,
        /// Where it was to be appended.
        expected: Position,
    },
    /// Epochs never go back.
    #[error("epoch {frame} after epoch {head}")]
    EpochGoesBack {
        /// Epoch of the frame.
        frame: u32,
        /// Epoch of the head.
        head: u32,
    },
    /// Time never goes back.
    #[error("time {frame_ms} ms after {head_ms} ms")]
    TimeGoesBack {
        /// Time of the frame, milliseconds since 1970 UTC.
        frame_ms: i64,
        /// Time of the head, milliseconds since 1970 UTC.
        head_ms: i64,
    },
}

/// Why payloads were not erased.
#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    /// There is no such entry yet; nothing was erased.
    #[error("there is no entry at position {0}")]
    NoSuchEntry(Position),
    /// A chunk to be rewritten is damaged or unreadable.
    #[error("a chunk could not be read")]
    Read(#[from] ReadError),
    /// The rewritten chunks could not be stored.
    #[error("rewritten chunks could not be stored")]
    Storage(#[source] BoxError),
    /// A flush failed earlier; this journal never writes again.
    #[error("a flush failed earlier; the journal writes no more")]
    Poisoned,
}

/// Why something could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A stored chunk is not what was written.
    #[error("the chunk at position {position} is damaged")]
    Damaged {
        /// Where it stands, or should.
        position: Position,
        /// What is wrong with it.
        #[source]
        damage: ChunkDamage,
    },
    /// The storage failed.
    #[error("the journal could not be read")]
    Storage(#[source] BoxError),
    /// A flush failed earlier; what can be read may not be on disk.
    #[error("a flush failed earlier; what can be read may not be on disk")]
    Poisoned,
}

/// What is wrong with a stored chunk.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChunkDamage {
    /// Its bytes are not a chunk.
    #[error(transparent)]
    Undecodable(#[from] DecodeError),
    /// Its hash does not fit its bytes.
    #[error(transparent)]
    Hash(#[from] HashMismatch),
    /// It is another chunk than the one that belongs there.
    #[error("another chunk stands in its place")]
    Misfiled,
    /// It is not there, although later ones are.
    #[error("it is missing")]
    Missing,
    /// It does not continue the chunk before.
    #[error(transparent)]
    Link(#[from] crate::verify::BrokenLink),
}
