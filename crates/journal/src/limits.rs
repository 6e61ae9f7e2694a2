//! Every limit of the journal: its unit, and why it is what it is.
//!
//! The limits bound what one append costs and what decoding hostile bytes may allocate. They are part of the
//! format: a chunk beyond them is refused by [`decode_chunk`](crate::decode_chunk).

/// Bytes of facts and payloads in one chunk of several entries. Small enough that reading one entry stays cheap,
/// large enough that compression and the 114 bytes around a chunk do not matter.
pub const CHUNK_BYTES_MAX: usize = 64 * 1024;

/// Bytes of fact and payload in one entry. An entry above [`CHUNK_BYTES_MAX`] has a chunk of its own.
pub const ENTRY_BYTES_MAX: usize = 128 * 1024;

/// Bytes of facts and payloads in one frame: what one flush may cost, and what is lost when it fails.
pub const FRAME_BYTES_MAX: usize = 512 * 1024;

/// Entries in one frame: a group of 4,096 commands, with room for the expiries that fall due before them.
pub const FRAME_ENTRIES_MAX: usize = 8_192;

/// The highest position an entry may have; SQLite's row ids are signed.
pub const POSITION_MAX: u64 = i64::MAX.unsigned_abs() - 1;

/// Bytes of a varint that holds a length and a flag; lengths stay below 2^18, so three bytes hold them.
pub(crate) const VARINT_BYTES_MAX: usize = 3;

/// Bytes of an uncompressed section: one entry of the largest size, or many small ones, each with its length, and
/// each payload erased, that is, replaced by a digest longer than itself.
pub(crate) const SECTION_BYTES_MAX: usize =
    ENTRY_BYTES_MAX + FRAME_ENTRIES_MAX * (VARINT_BYTES_MAX + crate::chain::DIGEST_BYTES);

/// Bytes below which a section is stored as it is: compressing so little costs time and saves nothing.
pub(crate) const COMPRESS_BYTES_MIN: usize = 192;
