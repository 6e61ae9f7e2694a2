//! [`FrameBuilder`]: what the writer fills between two flushes.
//!
//! Entries are laid down in the form in which chunks carry them, so that sealing a frame copies slices and
//! computes hashes, nothing else. The builder is reused: it keeps its memory between groups.

use std::ops::Range;

use crate::chain::DIGEST_BYTES;
use crate::codec::{length, write_varint};
use crate::limits::{CHUNK_BYTES_MAX, ENTRY_BYTES_MAX, FRAME_BYTES_MAX, FRAME_ENTRIES_MAX, POSITION_MAX};
use crate::position::Position;

/// The entries of one group commit, in the making.
#[derive(Debug, Default)]
pub struct FrameBuilder {
    epoch: u32,
    at_ms: i64,
    first: Position,
    facts: Vec<u8>,
    payloads: Vec<u8>,
    digests: Vec<[u8; DIGEST_BYTES]>,
    marks: Vec<Mark>,
}

/// Bytes beside a fact that may have to be forgotten one day.
#[derive(Clone, Copy, Debug)]
pub struct Payload<'a> {
    /// The bytes.
    pub bytes: &'a [u8],
    /// [`payload_digest`](crate::payload_digest) of the bytes. It is an argument so that callers' threads compute
    /// it and the writer need not; a wrong one makes a chunk that never verifies.
    pub digest: [u8; DIGEST_BYTES],
}

/// Why an entry was not taken; the frame is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameFull {
    /// The frame holds [`FRAME_ENTRIES_MAX`] entries; the entry fits the next frame.
    #[error("the frame has its {FRAME_ENTRIES_MAX} entries")]
    Entries,
    /// The frame would pass [`FRAME_BYTES_MAX`]; the entry fits the next frame.
    #[error("the frame has its {FRAME_BYTES_MAX} bytes")]
    Bytes,
    /// The entry alone passes [`ENTRY_BYTES_MAX`], and fits no frame.
    #[error("an entry of {bytes} bytes is larger than {ENTRY_BYTES_MAX}")]
    EntryTooLarge {
        /// Bytes of fact and payload.
        bytes: usize,
    },
    /// The entry would pass [`POSITION_MAX`].
    #[error("the journal has no positions left")]
    Positions,
}

/// Where an entry ends in the buffers of its frame.
#[derive(Clone, Copy, Debug, Default)]
struct Mark {
    fact_start: u32,
    fact_end: u32,
    payload_start: u32,
    payload_end: u32,
    digests_end: u32,
    /// Bytes of facts and payloads up to here, without their lengths.
    bytes_end: u32,
}

/// A slice of a frame that becomes one chunk.
pub(crate) struct Part<'a> {
    pub(crate) entries: Range<usize>,
    pub(crate) facts: &'a [u8],
    pub(crate) payloads: &'a [u8],
    pub(crate) digests: &'a [[u8; DIGEST_BYTES]],
}

impl<'a> Payload<'a> {
    /// A payload with its digest, computed here.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, digest: crate::payload_digest(bytes) }
    }
}

impl FrameBuilder {
    /// An empty frame; call [`begin`](Self::begin) before pushing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets all entries and starts a frame of `epoch` at `at_ms` (milliseconds since 1970 UTC), whose first
    /// entry will be at `first`.
    pub fn begin(&mut self, epoch: u32, at_ms: i64, first: Position) {
        self.truncate(0);
        (self.epoch, self.at_ms, self.first) = (epoch, at_ms, first);
    }

    /// Adds an entry and says which position it will have.
    ///
    /// # Errors
    /// The limit that the entry would pass.
    pub fn push(&mut self, fact: &[u8], payload: Option<Payload<'_>>) -> Result<Position, FrameFull> {
        let last = self.last_mark(self.len());
        let bytes = fact.len().saturating_add(payload.map_or(0, |payload| payload.bytes.len()));
        let position = self.first.0.saturating_add(self.len() as u64);
        if bytes > ENTRY_BYTES_MAX {
            return Err(FrameFull::EntryTooLarge { bytes });
        } else if self.len() == FRAME_ENTRIES_MAX {
            return Err(FrameFull::Entries);
        } else if self.bytes() + bytes > FRAME_BYTES_MAX {
            return Err(FrameFull::Bytes);
        } else if position > POSITION_MAX {
            return Err(FrameFull::Positions);
        }

        // Nothing is refused from here on.
        write_varint(&mut self.facts, length(fact.len()) << 1 | u32::from(payload.is_some()));
        let fact_start = length(self.facts.len());
        self.facts.extend_from_slice(fact);
        let mut payload_start = last.payload_end;
        if let Some(payload) = payload {
            debug_assert_eq!(payload.digest, crate::payload_digest(payload.bytes), "digest of other bytes");
            write_varint(&mut self.payloads, length(payload.bytes.len()) << 1);
            payload_start = length(self.payloads.len());
            self.payloads.extend_from_slice(payload.bytes);
            self.digests.push(payload.digest);
        }
        self.marks.push(Mark {
            fact_start,
            fact_end: length(self.facts.len()),
            payload_start,
            payload_end: length(self.payloads.len()),
            digests_end: length(self.digests.len()),
            bytes_end: last.bytes_end + length(bytes),
        });
        Ok(Position(position))
    }

    /// Drops all entries but the first `len`: back to where the frame stood when it held so many.
    pub fn truncate(&mut self, len: usize) {
        let last = self.last_mark(len);
        self.marks.truncate(len);
        self.facts.truncate(last.fact_end as usize);
        self.payloads.truncate(last.payload_end as usize);
        self.digests.truncate(last.digests_end as usize);
    }

    /// Entries so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.marks.len()
    }

    /// True before the first entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }

    /// Bytes of facts and payloads so far, of at most [`FRAME_BYTES_MAX`].
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.last_mark(self.len()).bytes_end as usize
    }

    /// Time of the frame, in milliseconds since 1970 UTC.
    #[must_use]
    pub fn at_ms(&self) -> i64 {
        self.at_ms
    }

    /// Epoch of the frame.
    #[must_use]
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Position of the first entry.
    #[must_use]
    pub fn first(&self) -> Position {
        self.first
    }

    /// Fact and payload of the entry with this index in the frame.
    ///
    /// # Panics
    /// When there is no such entry.
    #[must_use]
    pub fn entry(&self, index: usize) -> (&[u8], Option<&[u8]>) {
        let mark = self.marks[index];
        let has_payload = mark.digests_end > self.last_mark(index).digests_end;
        let fact = &self.facts[mark.fact_start as usize..mark.fact_end as usize];
        let payload = &self.payloads[mark.payload_start as usize..mark.payload_end as usize];
        (fact, has_payload.then_some(payload))
    }

    /// The chunks-to-be, in order: each as many entries as fit [`CHUNK_BYTES_MAX`], or one that does not.
    pub(crate) fn parts(&self) -> impl Iterator<Item = Part<'_>> {
        let mut start = 0;
        std::iter::from_fn(move || {
            if start == self.len() {
                return None;
            }
            let before = self.last_mark(start);
            let limit = before.bytes_end + length(CHUNK_BYTES_MAX);
            let fitting = self.marks[start..].partition_point(|mark| mark.bytes_end <= limit);
            let entries = start..start + fitting.max(1);
            let end = self.last_mark(entries.end);
            start = entries.end;
            Some(Part {
                entries,
                facts: &self.facts[before.fact_end as usize..end.fact_end as usize],
                payloads: &self.payloads[before.payload_end as usize..end.payload_end as usize],
                digests: &self.digests[before.digests_end as usize..end.digests_end as usize],
            })
        })
    }

    /// The mark of the last of the first `len` entries.
    fn last_mark(&self, len: usize) -> Mark {
        len.min(self.marks.len()).checked_sub(1).map_or_else(Mark::default, |index| self.marks[index])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame_at(first: u64) -> FrameBuilder {
        let mut frame = FrameBuilder::new();
        frame.begin(1, 1_000, Position(first));
        frame
    }

    #[test]
    fn entry_one_byte_above_the_limit_is_refused() {
        let mut frame = frame_at(0);
        assert!(frame.push(&vec![0; ENTRY_BYTES_MAX - 1], None).is_ok());
        assert!(frame.push(&vec![0; ENTRY_BYTES_MAX - 1], Some(Payload::new(b"p"))).is_ok());
        let too_large = frame.push(&vec![0; ENTRY_BYTES_MAX], Some(Payload::new(b"p")));
        assert_eq!(too_large, Err(FrameFull::EntryTooLarge { bytes: ENTRY_BYTES_MAX + 1 }));
        assert_eq!(frame.len(), 2);
    }

    #[test]
    fn frame_takes_its_bytes_exactly_and_not_one_more() {
        let mut frame = frame_at(0);
        for _ in 1..FRAME_BYTES_MAX / ENTRY_BYTES_MAX {
            frame.push(&vec![0; ENTRY_BYTES_MAX], None).expect("fits");
        }
        frame.push(&vec![0; ENTRY_BYTES_MAX - 1], None).expect("fits");
        assert_eq!(frame.push(b"ab", None), Err(FrameFull::Bytes));
        assert!(frame.push(b"a", None).is_ok());
        assert_eq!(frame.bytes(), FRAME_BYTES_MAX);
        assert_eq!(frame.push(b"a", None), Err(FrameFull::Bytes));
        assert!(frame.push(b"", None).is_ok(), "an entry without bytes still fits");
    }

    #[test]
    fn frame_takes_its_entries_exactly_and_not_one_more() {
        let mut frame = frame_at(7);
        for index in 0..FRAME_ENTRIES_MAX {
            assert_eq!(frame.push(b"f", None), Ok(Position(7 + index as u64)));
        }
        assert_eq!(frame.push(b"f", None), Err(FrameFull::Entries));
    }

    #[test]
    fn the_last_position_is_usable_and_the_next_is_refused() {
        let mut frame = frame_at(POSITION_MAX);
        assert_eq!(frame.push(b"f", None), Ok(Position(POSITION_MAX)));
        assert_eq!(frame.push(b"f", None), Err(FrameFull::Positions));
    }

    #[test]
    fn truncate_restores_the_frame_as_it_stood() {
        let mut frame = frame_at(0);
        frame.push(b"kept", Some(Payload::new(b"kept payload"))).expect("fits");
        frame.push(b"kept too", None).expect("fits");
        let bytes = frame.bytes();
        frame.push(b"dropped", Some(Payload::new(b"gone"))).expect("fits");
        frame.truncate(2);
        frame.truncate(5);
        assert_eq!((frame.len(), frame.bytes()), (2, bytes));
        assert_eq!(frame.push(b"next", Some(Payload::new(b""))), Ok(Position(2)));
        assert_eq!(frame.entry(0), (&b"kept"[..], Some(&b"kept payload"[..])));
        assert_eq!(frame.entry(1), (&b"kept too"[..], None));
        assert_eq!(frame.entry(2), (&b"next"[..], Some(&b""[..])));
    }

    #[test]
    fn parts_hold_what_fits_a_chunk_and_large_entries_stand_alone() {
        let check = |sizes: &[usize], expected: &[usize]| {
            let mut frame = frame_at(0);
            for &size in sizes {
                frame.push(&vec![1; size], None).expect("fits");
            }
            let counts: Vec<usize> = frame.parts().map(|part| part.entries.len()).collect();
            assert_eq!(counts, expected, "{sizes:?}");
        };
        check(&[10, 20], &[2]);
        check(&[CHUNK_BYTES_MAX - 1, 1], &[2]);
        check(&[CHUNK_BYTES_MAX - 1, 1, 0], &[3]);
        check(&[CHUNK_BYTES_MAX, 1], &[1, 1]);
        check(&[1, CHUNK_BYTES_MAX + 1, 1, 1], &[1, 1, 2]);
        check(&[ENTRY_BYTES_MAX, ENTRY_BYTES_MAX], &[1, 1]);
    }
}
