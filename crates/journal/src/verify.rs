//! Proving the chain: every position, frame, time, epoch and hash follows from the one before.
//!
//! [`ChainCheck`] is for those who read the journal anyway; [`verify_chain`] reads it to prove it. What the facts
//! say is not their matter.

use crate::chunk::Chunk;
use crate::position::{ChainHash, Head, Position};
use crate::store::{ChunkDamage, JournalReader, ReadError};

/// Bytes of chunks read at a time: a few frames, so that read transactions stay short.
const STEP_BYTES: usize = 2 * 1024 * 1024;

/// What a verified stretch of the journal holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainReport {
    /// Frames that ended in the stretch.
    pub frames: u64,
    /// Entries.
    pub entries: u64,
    /// Bytes of facts and payloads, uncompressed, with their lengths.
    pub bytes: u64,
    /// Where the journal stands after it.
    pub head: Head,
}

/// Why the chain does not hold.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    /// A chunk is damaged, missing, or not the one that belongs there.
    #[error("the chain breaks at position {position}")]
    Broken {
        /// The first position that cannot be trusted.
        position: Position,
        /// What is wrong.
        #[source]
        damage: ChunkDamage,
    },
    /// The chunks end before the head, or inside a frame.
    #[error("the chain ends at position {position}, and the head is at {head}")]
    EndsEarly {
        /// The first position that is not there.
        position: Position,
        /// The position that should be next.
        head: Position,
    },
    /// The storage failed; nothing is said about the chain.
    #[error("the chain could not be read to its end")]
    Read(#[source] ReadError),
}

/// How a chunk fails to continue the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BrokenLink {
    /// Positions are dense.
    #[error("it begins at position {found} where {expected} is due")]
    Position {
        /// The position after the chunk before.
        expected: Position,
        /// Where the chunk begins.
        found: Position,
    },
    /// Frame numbers are dense, and a frame's chunks share its number.
    #[error("it belongs to frame {found} where {expected} is due")]
    Frame {
        /// The frame that is due.
        expected: u64,
        /// The frame of the chunk.
        found: u64,
    },
    /// Each chunk names the hash of the one before.
    #[error("it continues {found}, and the chunk before has {expected}")]
    Hash {
        /// Hash of the chunk before.
        expected: ChainHash,
        /// Hash that the chunk continues.
        found: ChainHash,
    },
    /// Epochs never go back, and never change inside a frame.
    #[error("it is of epoch {found}, after epoch {before}")]
    Epoch {
        /// Epoch of the chunk before.
        before: u32,
        /// Epoch of the chunk.
        found: u32,
    },
    /// Time never goes back, and does not pass inside a frame.
    #[error("it is of {found_ms} ms, after {before_ms} ms")]
    Time {
        /// Time of the chunk before, milliseconds since 1970 UTC.
        before_ms: i64,
        /// Time of the chunk, milliseconds since 1970 UTC.
        found_ms: i64,
    },
}

/// Follows a chain chunk by chunk.
#[derive(Clone, Copy, Debug)]
pub struct ChainCheck {
    before: Option<Before>,
}

#[derive(Clone, Copy, Debug)]
struct Before {
    head: Head,
    is_inside_frame: bool,
}

/// Verifies every chunk from the one that holds `from` to the head at the time of the call, and shows each to
/// `on_chunk`. `progress` is called with positions done and to do.
///
/// From position 0 the chain must begin with its beginning; from elsewhere the first chunk's word is taken for
/// what came before it.
///
/// # Errors
/// The first place where the chain does not hold.
pub fn verify_chain(
    reader: &mut dyn JournalReader,
    from: Position,
    progress: &mut dyn FnMut(u64, u64),
    on_chunk: &mut dyn FnMut(&Chunk),
) -> Result<ChainReport, ChainError> {
    let head = reader.head().map_err(ChainError::from)?;
    let mut check =
        if from == Position(0) { ChainCheck::after(Head::EMPTY) } else { ChainCheck::from_anywhere() };
    let mut report = ChainReport { frames: 0, entries: 0, bytes: 0, head };
    let mut next = from;
    while next < head.next {
        let chunks = reader.chunks_from(next, STEP_BYTES)?;
        if chunks.is_empty() {
            return Err(ChainError::EndsEarly { position: next, head: head.next });
        }
        for chunk in chunks.iter().take_while(|chunk| chunk.first < head.next) {
            let broken = |damage| ChainError::Broken { position: chunk.first, damage };
            chunk.verify().map_err(|mismatch| broken(mismatch.into()))?;
            check.continues_with(chunk).map_err(|link| broken(link.into()))?;
            on_chunk(chunk);
            report.frames += u64::from(chunk.last_in_frame);
            report.entries += chunk.len() as u64;
            report.bytes += chunk.bytes() as u64;
            next = chunk.end();
            progress(next.0.saturating_sub(from.0), head.next.0.saturating_sub(from.0));
        }
    }
    match check.before {
        Some(before) if before.head != head => Err(ChainError::EndsEarly { position: next, head: head.next }),
        _ => Ok(report),
    }
}

impl ChainCheck {
    /// A check for the chunks after `head`.
    #[must_use]
    pub fn after(head: Head) -> Self {
        Self { before: Some(Before { head, is_inside_frame: false }) }
    }

    /// A check that takes the first chunk's word for what came before it.
    #[must_use]
    pub fn from_anywhere() -> Self {
        Self { before: None }
    }

    /// Checks that `chunk` continues what was checked before. Its own hash is [`Chunk::verify`]'s matter.
    ///
    /// # Errors
    /// What does not fit; the check stands where it stood.
    pub fn continues_with(&mut self, chunk: &Chunk) -> Result<(), BrokenLink> {
        if let Some(before) = &self.before {
            before.check(chunk)?;
        }
        self.before = Some(Before { head: chunk.head_after(), is_inside_frame: !chunk.last_in_frame });
        Ok(())
    }
}

impl Before {
    fn check(&self, chunk: &Chunk) -> Result<(), BrokenLink> {
        let Head { epoch, frame, next, hash, at_ms } = self.head;
        let may_follow = |ordering: std::cmp::Ordering| {
            if self.is_inside_frame { ordering.is_eq() } else { ordering.is_ge() }
        };
        if chunk.first != next {
            Err(BrokenLink::Position { expected: next, found: chunk.first })
        } else if chunk.frame != frame {
            Err(BrokenLink::Frame { expected: frame, found: chunk.frame })
        } else if chunk.prev_hash != hash {
            Err(BrokenLink::Hash { expected: hash, found: chunk.prev_hash })
        } else if !may_follow(chunk.epoch.cmp(&epoch)) {
            Err(BrokenLink::Epoch { before: epoch, found: chunk.epoch })
        } else if !may_follow(chunk.at_ms.cmp(&at_ms)) {
            Err(BrokenLink::Time { before_ms: at_ms, found_ms: chunk.at_ms })
        } else {
            Ok(())
        }
    }
}

impl From<ReadError> for ChainError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Damaged { position, damage } => Self::Broken { position, damage },
            other => Self::Read(other),
        }
    }
}
