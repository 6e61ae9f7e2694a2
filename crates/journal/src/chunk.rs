//! [`Chunk`]: part of a frame, with the hash that proves it, ready to be read.
//!
//! A chunk in memory always has well-formed sections: it was sealed from a frame or decoded. Whether its hash
//! fits is what [`Chunk::verify`] says.

use crate::chain::{PayloadRoot, chunk_hash, payload_digest};
use crate::codec::{Header, length};
use crate::position::{ChainHash, Head, Position};
pub use crate::section::PayloadRef;
use crate::section::{SectionCursor, StoredPayload, write_payload};

/// Consecutive entries of one frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Epoch of the frame.
    pub epoch: u32,
    /// Number of the frame, from 0.
    pub frame: u64,
    /// Position of the first entry.
    pub first: Position,
    /// Time of the frame, in milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// True for the chunk with which the frame is complete.
    pub last_in_frame: bool,
    /// Hash of the chunk before.
    pub prev_hash: ChainHash,
    /// Hash of this chunk.
    pub hash: ChainHash,
    count: u32,
    facts: Vec<u8>,
    payloads: Vec<u8>,
}

/// One entry of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryRef<'a> {
    /// Where it stands in the journal.
    pub position: Position,
    /// What happened.
    pub fact: &'a [u8],
    /// What may be forgotten about it.
    pub payload: PayloadRef<'a>,
}

/// The bytes of a chunk are not those that were hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the chunk says hash {stored}, its bytes have {computed}")]
pub struct HashMismatch {
    /// The hash that came with the chunk.
    pub stored: ChainHash,
    /// The hash of its bytes.
    pub computed: ChainHash,
}

impl Chunk {
    /// Entries in the chunk, at least 1.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// Never true; chunks have entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The position after the last entry.
    #[must_use]
    pub fn end(&self) -> Position {
        Position(self.first.0 + u64::from(self.count))
    }

    /// Bytes of the chunk in memory.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.facts.len() + self.payloads.len()
    }

    /// The entries in order.
    pub fn entries(&self) -> impl Iterator<Item = EntryRef<'_>> + Clone {
        let mut cursor = SectionCursor::new(&self.facts, &self.payloads);
        (self.first.0..self.end().0).map_while(move |position| {
            let (fact, payload) = cursor.read()?;
            let payload = match payload {
                StoredPayload::None => PayloadRef::None,
                StoredPayload::Present(bytes) => PayloadRef::Present(bytes),
                StoredPayload::Erased(_) => PayloadRef::Erased,
            };
            Some(EntryRef { position: Position(position), fact, payload })
        })
    }

    /// The entry at this position, if the chunk holds it.
    #[must_use]
    pub fn entry(&self, position: Position) -> Option<EntryRef<'_>> {
        let index = position.0.checked_sub(self.first.0)?;
        self.entries().nth(usize::try_from(index).ok()?)
    }

    /// Where the journal stood when this was its last chunk.
    #[must_use]
    pub fn head_after(&self) -> Head {
        self.header().head_after(self.hash)
    }

    /// Computes the hash again from the bytes and from the hash before.
    ///
    /// # Errors
    /// The two hashes, when they differ.
    pub fn verify(&self) -> Result<(), HashMismatch> {
        let mut root = PayloadRoot::new();
        let mut cursor = SectionCursor::new(&self.facts, &self.payloads);
        while let Some((_, payload)) = cursor.read() {
            match payload {
                StoredPayload::None => {}
                StoredPayload::Present(bytes) => root.push(&payload_digest(bytes)),
                StoredPayload::Erased(digest) => root.push(digest),
            }
        }
        let computed = chunk_hash(&self.prev_hash, &self.header(), &self.facts, &root);
        if computed == self.hash { Ok(()) } else { Err(HashMismatch { stored: self.hash, computed }) }
    }

    /// The sections must be well-formed: from a [`FrameBuilder`](crate::FrameBuilder), or checked.
    pub(crate) fn new(
        header: &Header,
        prev_hash: ChainHash,
        hash: ChainHash,
        facts: Vec<u8>,
        payloads: Vec<u8>,
    ) -> Self {
        let &Header { epoch, frame, first, count, at_ms, last_in_frame, facts_len: _ } = header;
        Self { epoch, frame, first, at_ms, last_in_frame, prev_hash, hash, count, facts, payloads }
    }

    pub(crate) fn header(&self) -> Header {
        Header {
            epoch: self.epoch,
            frame: self.frame,
            first: self.first,
            count: self.count,
            at_ms: self.at_ms,
            last_in_frame: self.last_in_frame,
            facts_len: length(self.facts.len()),
        }
    }

    pub(crate) fn facts(&self) -> &[u8] {
        &self.facts
    }

    pub(crate) fn payloads(&self) -> &[u8] {
        &self.payloads
    }

    /// Replaces the payloads at these positions (sorted) by their digests, and says how many there were.
    pub(crate) fn erase_payloads(&mut self, positions: &[Position]) -> usize {
        let mut erased = 0;
        let mut kept = Vec::with_capacity(self.payloads.len());
        let mut cursor = SectionCursor::new(&self.facts, &self.payloads);
        for position in self.first.0..self.end().0 {
            let Some((_, payload)) = cursor.read() else { break };
            match payload {
                StoredPayload::Present(bytes) if positions.binary_search(&Position(position)).is_ok() => {
                    write_payload(&mut kept, StoredPayload::Erased(&payload_digest(bytes)));
                    erased += 1;
                }
                other => write_payload(&mut kept, other),
            }
        }
        if erased > 0 {
            self.payloads = kept;
        }
        erased
    }
}
