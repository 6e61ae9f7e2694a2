//! The bytes of a chunk, as every backend stores them and as they leave the machine.
//!
//! All numbers are little-endian. `docs/journal-format.md` tells the same to readers in other languages.
//!
//! | offset | bytes | field |
//! |---:|---:|---|
//! | 0 | 1 | format, 1 |
//! | 1 | 1 | flags: 1 = last chunk of its frame, 2 = facts compressed, 4 = payloads compressed |
//! | 2 | 4 | epoch |
//! | 6 | 4 | count of entries, at least 1 |
//! | 10 | 4 | length of the facts section, uncompressed |
//! | 14 | 8 | frame |
//! | 22 | 8 | position of the first entry |
//! | 30 | 8 | time of the frame, milliseconds since 1970 UTC |
//! | 38 | 4 | length of the facts section as stored |
//! | 42 | 4 | length of the payloads section, uncompressed |
//! | 46 | 4 | length of the payloads section as stored |
//! | 50 | 32 | hash of the chunk before |
//! | 82 | 32 | hash of this chunk |
//! | 114 | | facts section, then payloads section |
//!
//! The hash covers bytes 0 to 37, with the two compression flags taken as zero: what the lengths as stored say may
//! change (another zstd, an erased payload), what happened may not.
//!
//! [`decode_chunk`] is total: arbitrary bytes give a chunk or a [`DecodeError`], and never allocate more than two
//! sections of the largest size. It checks form and limits; [`Chunk::verify`] checks the hash.

use crate::chunk::Chunk;
use crate::compress::{compress_onto, decompress};
use crate::limits::{FRAME_ENTRIES_MAX, POSITION_MAX, SECTION_BYTES_MAX};
use crate::position::{ChainHash, Head, Position};
use crate::section::check_sections;
pub(crate) use crate::section::write_varint;

/// The version of the chunk encoding that this build writes. Every older one stays readable.
pub const FORMAT: u8 = 1;

const HASHED_BYTES: usize = 38;
const FIXED_BYTES: usize = 114;

const LAST_IN_FRAME: u8 = 1;
const FACTS_COMPRESSED: u8 = 2;
const PAYLOADS_COMPRESSED: u8 = 4;

/// Why bytes are not a chunk.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes end inside the header, or the sections are not as long as the header says.
    #[error("{found} bytes where a chunk has {expected}")]
    Length {
        /// Bytes given.
        found: usize,
        /// Bytes of the header, or of the chunk that it announces.
        expected: usize,
    },
    /// The format is not one that this build reads; a newer build may.
    #[error("chunk format {0}, and this build reads format {FORMAT}")]
    Format(u8),
    /// Flags that do not exist in this format.
    #[error("unknown flags {0:#04x}")]
    Flags(u8),
    /// A field beyond its limit.
    #[error("{what}: {found} is above {max}")]
    OverLimit {
        /// The field.
        what: &'static str,
        /// Its value.
        found: usize,
        /// Its limit.
        max: usize,
    },
    /// A chunk without entries, or one whose positions pass [`POSITION_MAX`].
    #[error("{count} entries from position {first} are not a chunk")]
    Range {
        /// Position of the first entry.
        first: u64,
        /// Count of entries.
        count: u32,
    },
    /// A time before 1970.
    #[error("time {0} ms")]
    Time(i64),
    /// A section does not decompress to the length that the header says.
    #[error("the {0} section does not decompress")]
    Compression(&'static str),
    /// An entry is cut short or malformed.
    #[error("entry {index} of the chunk is malformed")]
    Entry {
        /// Its index in the chunk.
        index: u32,
    },
    /// More entries than the header counts.
    #[error("bytes follow the last entry")]
    TrailingEntries,
}

/// Everything about a chunk that is fixed when it is written, and that its hash covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) epoch: u32,
    pub(crate) frame: u64,
    pub(crate) first: Position,
    pub(crate) count: u32,
    pub(crate) at_ms: i64,
    pub(crate) last_in_frame: bool,
    pub(crate) facts_len: u32,
}

/// The fixed bytes at the front of an encoded chunk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Envelope {
    pub(crate) header: Header,
    pub(crate) prev_hash: ChainHash,
    pub(crate) hash: ChainHash,
    flags: u8,
    facts_stored: usize,
    payloads_len: usize,
    payloads_stored: usize,
}

/// Writes a chunk after whatever `out` holds.
pub fn encode_chunk(chunk: &Chunk, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(&[0; FIXED_BYTES]);
    let (facts_flag, facts_stored) = encode_section(out, chunk.facts(), FACTS_COMPRESSED);
    let (payloads_flag, payloads_stored) = encode_section(out, chunk.payloads(), PAYLOADS_COMPRESSED);

    let fixed = &mut out[start..start + FIXED_BYTES];
    fixed[..HASHED_BYTES].copy_from_slice(&chunk.header().hashed_bytes());
    fixed[1] |= facts_flag | payloads_flag;
    fixed[38..42].copy_from_slice(&facts_stored.to_le_bytes());
    fixed[42..46].copy_from_slice(&length(chunk.payloads().len()).to_le_bytes());
    fixed[46..50].copy_from_slice(&payloads_stored.to_le_bytes());
    fixed[50..82].copy_from_slice(&chunk.prev_hash.0);
    fixed[82..114].copy_from_slice(&chunk.hash.0);
}

/// Reads a chunk that is exactly `bytes`, without checking its hash.
///
/// # Errors
/// What in the bytes cannot be part of a chunk.
pub fn decode_chunk(bytes: &[u8]) -> Result<Chunk, DecodeError> {
    let envelope = Envelope::decode(bytes)?;
    let expected = FIXED_BYTES + envelope.facts_stored + envelope.payloads_stored;
    if bytes.len() != expected {
        return Err(DecodeError::Length { found: bytes.len(), expected });
    }
    let (facts, payloads) = bytes[FIXED_BYTES..].split_at(envelope.facts_stored);
    let is_set = |flag| envelope.flags & flag != 0;
    let header = &envelope.header;
    let facts = decode_section("facts", facts, header.facts_len as usize, is_set(FACTS_COMPRESSED))?;
    let payloads = decode_section("payloads", payloads, envelope.payloads_len, is_set(PAYLOADS_COMPRESSED))?;
    check_sections(header.count, &facts, &payloads)?;
    Ok(Chunk::new(header, envelope.prev_hash, envelope.hash, facts, payloads))
}

impl Header {
    /// The bytes that the hash covers, which are also the first of the encoded chunk.
    pub(crate) fn hashed_bytes(&self) -> [u8; HASHED_BYTES] {
        let mut bytes = [0; HASHED_BYTES];
        bytes[0] = FORMAT;
        bytes[1] = if self.last_in_frame { LAST_IN_FRAME } else { 0 };
        bytes[2..6].copy_from_slice(&self.epoch.to_le_bytes());
        bytes[6..10].copy_from_slice(&self.count.to_le_bytes());
        bytes[10..14].copy_from_slice(&self.facts_len.to_le_bytes());
        bytes[14..22].copy_from_slice(&self.frame.to_le_bytes());
        bytes[22..30].copy_from_slice(&self.first.0.to_le_bytes());
        bytes[30..38].copy_from_slice(&self.at_ms.to_le_bytes());
        bytes
    }

    /// Where the journal stood when the chunk with this header and `hash` was its last.
    pub(crate) fn head_after(&self, hash: ChainHash) -> Head {
        let frame = self.frame + u64::from(self.last_in_frame);
        let next = Position(self.first.0 + u64::from(self.count));
        Head { epoch: self.epoch, frame, next, hash, at_ms: self.at_ms }
    }
}

impl Envelope {
    /// Reads the fixed bytes at the front of `bytes` and holds them against the limits.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        match bytes.first() {
            Some(&FORMAT) | None => {}
            Some(&other) => return Err(DecodeError::Format(other)),
        }
        let Some((fixed, _)) = bytes.split_first_chunk::<FIXED_BYTES>() else {
            return Err(DecodeError::Length { found: bytes.len(), expected: FIXED_BYTES });
        };
        let u32_at = |at: usize| u32::from_le_bytes(array(fixed, at));
        let header = Header {
            epoch: u32_at(2),
            count: u32_at(6),
            facts_len: u32_at(10),
            frame: u64::from_le_bytes(array(fixed, 14)),
            first: Position(u64::from_le_bytes(array(fixed, 22))),
            at_ms: i64::from_le_bytes(array(fixed, 30)),
            last_in_frame: fixed[1] & LAST_IN_FRAME != 0,
        };
        let envelope = Self {
            header,
            flags: fixed[1],
            facts_stored: u32_at(38) as usize,
            payloads_len: u32_at(42) as usize,
            payloads_stored: u32_at(46) as usize,
            prev_hash: ChainHash(array(fixed, 50)),
            hash: ChainHash(array(fixed, 82)),
        };
        envelope.check()?;
        Ok(envelope)
    }

    /// Bytes of the chunk in memory, once decoded.
    pub(crate) fn bytes_in_memory(&self) -> usize {
        self.header.facts_len as usize + self.payloads_len
    }

    /// Where the journal stood when this was its last chunk.
    pub(crate) fn head_after(&self) -> Head {
        self.header.head_after(self.hash)
    }

    fn check(&self) -> Result<(), DecodeError> {
        let Header { first, count, at_ms, facts_len, .. } = self.header;
        if self.flags & !(LAST_IN_FRAME | FACTS_COMPRESSED | PAYLOADS_COMPRESSED) != 0 {
            return Err(DecodeError::Flags(self.flags));
        }
        for (what, found, max) in [
            ("count of entries", count as usize, FRAME_ENTRIES_MAX),
            ("facts section", facts_len as usize, SECTION_BYTES_MAX),
            ("stored facts section", self.facts_stored, SECTION_BYTES_MAX),
            ("payloads section", self.payloads_len, SECTION_BYTES_MAX),
            ("stored payloads section", self.payloads_stored, SECTION_BYTES_MAX),
        ] {
            if found > max {
                return Err(DecodeError::OverLimit { what, found, max });
            }
        }
        let last = u64::from(count).checked_sub(1).and_then(|more| first.0.checked_add(more));
        if last.is_none_or(|last| last > POSITION_MAX) || self.header.frame > POSITION_MAX {
            return Err(DecodeError::Range { first: first.0, count });
        }
        if at_ms < 0 { Err(DecodeError::Time(at_ms)) } else { Ok(()) }
    }
}

/// A length that the limits keep far below 2^32.
pub(crate) fn length(len: usize) -> u32 {
    u32::try_from(len).expect("lengths in a frame are bounded by the limits")
}

/// Writes a section as it is shorter, and says so: its flag, or 0, and its length as stored.
fn encode_section(out: &mut Vec<u8>, raw: &[u8], flag: u8) -> (u8, u32) {
    let start = out.len();
    let flag = if compress_onto(out, raw) {
        flag
    } else {
        out.extend_from_slice(raw);
        0
    };
    (flag, length(out.len() - start))
}

fn decode_section(
    what: &'static str,
    stored: &[u8],
    raw_len: usize,
    is_compressed: bool,
) -> Result<Vec<u8>, DecodeError> {
    if is_compressed {
        decompress(stored, raw_len).map_err(|_| DecodeError::Compression(what))
    } else if stored.len() == raw_len {
        Ok(stored.to_vec())
    } else {
        Err(DecodeError::Length { found: stored.len(), expected: raw_len })
    }
}

fn array<const N: usize>(bytes: &[u8; FIXED_BYTES], at: usize) -> [u8; N] {
    bytes[at..at + N].try_into().expect("fields end inside the fixed bytes")
}
