//! The two sections of a chunk: facts, and payloads.
//!
//! - facts: per entry `varint(length << 1 | has_payload)` and the fact;
//! - payloads: per entry that has one `varint(length << 1 | erased)` and the payload, or, erased, its digest.
//!
//! Varints are little-endian base 128 in their shortest form; there is one way to write a section.

use crate::chain::DIGEST_BYTES;
use crate::codec::DecodeError;
use crate::limits::{CHUNK_BYTES_MAX, ENTRY_BYTES_MAX, VARINT_BYTES_MAX};

/// The payload of a stored entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayloadRef<'a> {
    /// The entry never had one.
    None,
    /// The payload.
    Present(&'a [u8]),
    /// There was one; only its digest is left.
    Erased,
}

/// What stands in the payload section for one entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StoredPayload<'a> {
    None,
    Present(&'a [u8]),
    Erased(&'a [u8]),
}

/// Reads the sections entry by entry; total on arbitrary bytes.
#[derive(Clone, Debug)]
pub(crate) struct SectionCursor<'a> {
    facts: &'a [u8],
    payloads: &'a [u8],
}

impl<'a> SectionCursor<'a> {
    pub(crate) fn new(facts: &'a [u8], payloads: &'a [u8]) -> Self {
        Self { facts, payloads }
    }

    /// The next entry; `None` when no further entry can be read.
    pub(crate) fn read(&mut self) -> Option<(&'a [u8], StoredPayload<'a>)> {
        let (fact, has_payload) = read_item(&mut self.facts)?;
        if !has_payload {
            return Some((fact, StoredPayload::None));
        }
        let (payload, erased) = read_item(&mut self.payloads)?;
        Some((fact, if erased { StoredPayload::Erased(payload) } else { StoredPayload::Present(payload) }))
    }

    fn is_at_end(&self) -> bool {
        self.facts.is_empty() && self.payloads.is_empty()
    }
}

/// Refuses sections that are not exactly `count` entries within the limits.
pub(crate) fn check_sections(count: u32, facts: &[u8], payloads: &[u8]) -> Result<(), DecodeError> {
    let mut cursor = SectionCursor::new(facts, payloads);
    let mut bytes = 0;
    for index in 0..count {
        let (fact, payload) = cursor.read().ok_or(DecodeError::Entry { index })?;
        bytes += fact.len();
        match payload {
            StoredPayload::None => {}
            StoredPayload::Present(payload) => bytes += payload.len(),
            StoredPayload::Erased(digest) if digest.len() == DIGEST_BYTES => {}
            StoredPayload::Erased(_) => return Err(DecodeError::Entry { index }),
        }
    }
    let bytes_max = if count == 1 { ENTRY_BYTES_MAX } else { CHUNK_BYTES_MAX };
    if bytes > bytes_max {
        return Err(DecodeError::OverLimit { what: "bytes of entries", found: bytes, max: bytes_max });
    }
    if cursor.is_at_end() { Ok(()) } else { Err(DecodeError::TrailingEntries) }
}

/// Writes an item of the payload section.
pub(crate) fn write_payload(section: &mut Vec<u8>, payload: StoredPayload<'_>) {
    let (bytes, erased) = match payload {
        StoredPayload::None => return,
        StoredPayload::Present(bytes) => (bytes, 0),
        StoredPayload::Erased(digest) => (digest, 1),
    };
    write_varint(section, crate::codec::length(bytes.len()) << 1 | erased);
    section.extend_from_slice(bytes);
}

/// Writes a number below 2^21, the most that [`VARINT_BYTES_MAX`] bytes hold.
pub(crate) fn write_varint(out: &mut Vec<u8>, mut value: u32) {
    debug_assert!(value < 1 << (7 * VARINT_BYTES_MAX), "lengths are below the limits");
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push((value & 0x7f) as u8);
}

/// An item and its flag, cut off the front of `bytes`.
fn read_item<'a>(bytes: &mut &'a [u8]) -> Option<(&'a [u8], bool)> {
    let length_and_flag = read_varint(bytes)?;
    let (item, rest) = bytes.split_at_checked((length_and_flag >> 1) as usize)?;
    *bytes = rest;
    Some((item, length_and_flag & 1 == 1))
}

fn read_varint(bytes: &mut &[u8]) -> Option<u32> {
    let mut value = 0;
    for index in 0..VARINT_BYTES_MAX {
        let byte = *bytes.get(index)?;
        value |= u32::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            // A last byte of zero would be a second way to write the same number.
            let is_shortest = byte != 0 || index == 0;
            *bytes = &bytes[index + 1..];
            return is_shortest.then_some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_read_back_at_every_length() {
        for value in [0, 1, 0x7f, 0x80, 0x3fff, 0x4000, (1 << 21) - 1] {
            let mut out = Vec::new();
            write_varint(&mut out, value);
            let mut rest = &out[..];
            assert_eq!(read_varint(&mut rest), Some(value));
            assert!(rest.is_empty());
        }
    }

    #[test]
    fn varint_in_a_longer_form_is_refused() {
        assert_eq!(read_varint(&mut &[0x81, 0x00][..]), None);
        assert_eq!(read_varint(&mut &[0x80, 0x80, 0x80, 0x01][..]), None);
        assert_eq!(read_varint(&mut &[0x80][..]), None);
        assert_eq!(read_varint(&mut &[][..]), None);
    }

    #[test]
    fn sections_must_hold_exactly_the_entries_counted() {
        let facts = [2, b'a', 3, b'b']; // "a" without a payload, "b" with one
        let payloads = [2, b'p'];
        assert_eq!(check_sections(2, &facts, &payloads), Ok(()));
        assert_eq!(check_sections(1, &facts, &payloads), Err(DecodeError::TrailingEntries));
        assert_eq!(check_sections(3, &facts, &payloads), Err(DecodeError::Entry { index: 2 }));
        assert_eq!(check_sections(2, &facts, &[]), Err(DecodeError::Entry { index: 1 }));
        assert_eq!(check_sections(2, &facts, &[2, b'p', 0]), Err(DecodeError::TrailingEntries));
        assert_eq!(
            check_sections(2, &facts, &[3, b'p']),
            Err(DecodeError::Entry { index: 1 }),
            "short digest"
        );
    }

    #[test]
    fn only_a_chunk_of_one_entry_may_pass_the_chunk_limit() {
        let check = |sizes: &[usize]| {
            let mut facts = Vec::new();
            for &size in sizes {
                write_varint(&mut facts, crate::codec::length(size) << 1);
                facts.resize(facts.len() + size, 7);
            }
            check_sections(crate::codec::length(sizes.len()), &facts, &[]).is_ok()
        };
        assert!(check(&[CHUNK_BYTES_MAX - 1, 1]));
        assert!(!check(&[CHUNK_BYTES_MAX, 1]));
        assert!(check(&[CHUNK_BYTES_MAX + 1]));
        assert!(check(&[ENTRY_BYTES_MAX]));
        assert!(!check(&[ENTRY_BYTES_MAX + 1]));
    }
}
