//! The hashes of the chain, and how a frame becomes chunks that continue it.
//!
//! A chunk's hash covers the hash before it, its header, its facts, and the *root* of its payloads: the hash of
//! their digests one after another. Hence the bytes of a payload can be replaced by their digest, and everything
//! still verifies. Hashes cover uncompressed bytes, so that compressing anew changes none.

use std::sync::Arc;

use crate::chunk::Chunk;
use crate::codec::Header;
use crate::frame::FrameBuilder;
use crate::position::{ChainHash, Head, Position};
use crate::store::{AppendError, FrameRefused};

/// Bytes of a payload's digest.
pub(crate) const DIGEST_BYTES: usize = 32;

// BLAKE3 keys keep the three uses apart at no cost. They are public, and part of the format.
const PAYLOAD_KEY: &[u8; 32] = b"chargly.journal.v1.payload......";
const ROOT_KEY: &[u8; 32] = b"chargly.journal.v1.payload.root.";
const CHUNK_KEY: &[u8; 32] = b"chargly.journal.v1.chunk........";

/// The digest by which the chain covers a payload.
///
/// Whoever knows a payload's digest can confirm a guess of its bytes. A payload that must stay secret after its
/// erasure should therefore contain some random bytes.
#[must_use]
pub fn payload_digest(bytes: &[u8]) -> [u8; DIGEST_BYTES] {
    *blake3::keyed_hash(PAYLOAD_KEY, bytes).as_bytes()
}

/// Collects digests, in the order of their entries, into the root of a chunk's payloads.
pub(crate) struct PayloadRoot(blake3::Hasher);

impl PayloadRoot {
    pub(crate) fn new() -> Self {
        Self(blake3::Hasher::new_keyed(ROOT_KEY))
    }

    pub(crate) fn push(&mut self, digest: &[u8]) {
        self.0.update(digest);
    }

    fn finish(&self) -> [u8; 32] {
        *self.0.finalize().as_bytes()
    }
}

/// The hash of a chunk; `header` carries everything about it that may never change.
pub(crate) fn chunk_hash(
    prev_hash: &ChainHash,
    header: &Header,
    facts: &[u8],
    payloads: &PayloadRoot,
) -> ChainHash {
    let mut hasher = blake3::Hasher::new_keyed(CHUNK_KEY);
    hasher.update(&prev_hash.0);
    hasher.update(&header.hashed_bytes());
    hasher.update(facts);
    hasher.update(&payloads.finish());
    ChainHash(*hasher.finalize().as_bytes())
}

/// Refuses a frame that may not follow `head`. Every backend asks this before it writes.
pub(crate) fn check_frame(frame: &FrameBuilder, head: &Head, expected: Position) -> Result<(), AppendError> {
    if expected != head.next {
        return Err(AppendError::Moved { expected, found: head.next });
    }
    let refused = if frame.is_empty() {
        FrameRefused::Empty
    } else if frame.first() != expected {
        FrameRefused::OtherFirst { first: frame.first(), expected }
    } else if frame.epoch() < head.epoch {
        FrameRefused::EpochGoesBack { frame: frame.epoch(), head: head.epoch }
    } else if frame.at_ms() < head.at_ms {
        FrameRefused::TimeGoesBack { frame_ms: frame.at_ms(), head_ms: head.at_ms }
    } else {
        return Ok(());
    };
    Err(AppendError::Refused(refused))
}

/// The chunks of a frame that has passed [`check_frame`], chained to `head`.
pub(crate) fn seal(frame: &FrameBuilder, head: &Head) -> Vec<Arc<Chunk>> {
    let mut chunks = Vec::new();
    let mut prev_hash = head.hash;
    for part in frame.parts() {
        let header = Header {
            epoch: frame.epoch(),
            frame: head.frame,
            first: Position(frame.first().0 + part.entries.start as u64),
            count: crate::codec::length(part.entries.len()),
            at_ms: frame.at_ms(),
            last_in_frame: part.entries.end == frame.len(),
            facts_len: crate::codec::length(part.facts.len()),
        };
        let mut root = PayloadRoot::new();
        for digest in part.digests {
            root.push(digest);
        }
        let hash = chunk_hash(&prev_hash, &header, part.facts, &root);
        chunks.push(Arc::new(Chunk::new(
            &header,
            prev_hash,
            hash,
            part.facts.to_vec(),
            part.payloads.to_vec(),
        )));
        prev_hash = hash;
    }
    chunks
}

/// What became of a frame that was appended, with unknown outcome, to a journal that stood at `before`.
pub(crate) enum Fate {
    Applied(Vec<Arc<Chunk>>),
    NotApplied,
    Moved,
}

/// Tells from the head as it is `found` now. A head's hash covers all before it, so equal heads are equal journals.
pub(crate) fn fate(frame: &FrameBuilder, expected: Position, before: &Head, found: &Head) -> Fate {
    if found == before {
        return Fate::NotApplied;
    }
    if check_frame(frame, before, expected).is_ok() {
        let chunks = seal(frame, before);
        if chunks.last().is_some_and(|last| last.head_after() == *found) {
            return Fate::Applied(chunks);
        }
    }
    Fate::Moved
}
