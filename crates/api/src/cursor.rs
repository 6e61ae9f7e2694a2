//! Cursors of lists: opaque to callers, total to read, tied to the list they came from.

use thiserror::Error;

use crate::base32;

const PREFIX: &str = "cur_";
/// Digits of a cursor: 128 bits.
const WIDTH: usize = 26;
/// The form of cursors handed out by this version.
const VERSION: u8 = 1;

/// Where the next page of a list begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The epoch in which it was handed out (its lowest 24 bits).
    pub epoch: u32,
    /// The position in the journal.
    pub position: u64,
    /// Which list, with which filters.
    list: u32,
}

/// Why a text is no cursor of this list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CursorError {
    /// It was never handed out.
    #[error("is not a cursor: pass next_cursor of the page before as it is")]
    Malformed,
    /// It belongs to another list, or the filters were changed.
    #[error("belongs to another list or to other filters: start again without it")]
    OtherList,
}

impl Cursor {
    /// A cursor of the list that `list` names with all its filters.
    pub fn new(list: &str, epoch: u32, position: u64) -> Self {
        Self { epoch: epoch & 0xff_ffff, position, list: fingerprint(list) }
    }

    /// Reads a cursor of this list.
    pub fn parse(text: &str, list: &str) -> Result<Self, CursorError> {
        let digits = text.strip_prefix(PREFIX).ok_or(CursorError::Malformed)?;
        let value = base32::read(digits, WIDTH, 128).ok_or(CursorError::Malformed)?;
        let bytes = value.to_be_bytes();
        if bytes[0] != VERSION {
            return Err(CursorError::Malformed);
        }
        let u32_at = |at: usize| u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let [_, _, _, _, _, _, _, _, position @ ..] = bytes;
        let cursor = Self { epoch: u32_at(1) >> 8, list: u32_at(4), position: u64::from_be_bytes(position) };
        if cursor.list == fingerprint(list) { Ok(cursor) } else { Err(CursorError::OtherList) }
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let value = u128::from(VERSION) << 120
            | u128::from(self.epoch) << 96
            | u128::from(self.list) << 64
            | u128::from(self.position);
        f.write_str(PREFIX)?;
        f.write_str(std::str::from_utf8(&base32::digits::<WIDTH>(value)).unwrap_or_default())
    }
}

/// FNV-1a: tells lists apart by mistake, not by attack; whoever has a key may read them all.
fn fingerprint(list: &str) -> u32 {
    list.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn cursor_of_another_list_is_told_apart() {
        let text = Cursor::new("events|customer=a", 3, 99).to_string();
        assert_eq!(Cursor::parse(&text, "events|customer=b"), Err(CursorError::OtherList));
        assert_eq!(Cursor::parse("cur_0", "events"), Err(CursorError::Malformed));
        assert_eq!(Cursor::parse(&text.replace("cur_", "hld_"), "events"), Err(CursorError::Malformed));
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(epoch in 0u32..1 << 24, position: u64) {
            let cursor = Cursor::new("list", epoch, position);
            prop_assert_eq!(Cursor::parse(&cursor.to_string(), "list"), Ok(cursor));
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in "(cur_)?\\PC{0,30}") {
            let _ = Cursor::parse(&text, "list");
        }
    }
}
