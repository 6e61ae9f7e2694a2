//! One pass over JSON text, for text as programs send it: what stands where, borrowed, nothing decoded.
//!
//! Invariants: whatever is taken here is valid JSON (RFC 8259), and means the same as serde_json would make of it.
//! Whatever is unusual (escaped names, deep nesting) or wrong is not taken: the callers then ask serde_json, which
//! reads it or says in its words what is wrong. So this module knows no errors, only `None`.

use std::borrow::Cow;

use crate::limits::OBJECT_FIELDS_MAX;
use crate::object::{ENTRIES_ABOUT, Entries, Item};

/// Nesting that is followed here: one bit each of a machine word.
const DEPTH_MAX: u32 = 64;

const EACH_BYTE: u64 = 0x0101_0101_0101_0101;
const TOP_BITS: u64 = 0x8080_8080_8080_8080;

/// A reader of JSON text.
pub(crate) struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scan<'a> {
    /// Begins at the start of the text.
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Takes this byte, after any white space.
    #[inline]
    pub(crate) fn take(&mut self, byte: u8) -> Option<()> {
        // Programs write no white space, so the byte is most often right here.
        let is_here = self.text.as_bytes().get(self.at) == Some(&byte);
        (is_here || self.peek()? == byte).then(|| self.at += 1)
    }

    /// The next byte that is no white space. It is not taken.
    #[inline]
    pub(crate) fn peek(&mut self) -> Option<u8> {
        loop {
            match *self.text.as_bytes().get(self.at)? {
                byte if byte > b' ' => return Some(byte),
                b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                byte => return Some(byte),
            }
        }
    }

    /// Whether nothing is left but white space.
    pub(crate) fn is_at_end(&mut self) -> bool {
        self.peek().is_none()
    }

    /// Takes an item of an array, with its fields where it is an object as programs write it.
    pub(crate) fn item(&mut self) -> Option<Item<'a>> {
        self.peek()?;
        let start = self.at;
        if let Some(entries) = self.object() {
            return Some(Item { raw: self.text.get(start..self.at)?, entries: Some(entries) });
        }
        self.at = start;
        Some(Item { raw: self.value()?, entries: None })
    }

    /// Takes an object: its names with the raw text of their values, no name twice, none with an escape.
    pub(crate) fn object(&mut self) -> Option<Entries<'a>> {
        let mut entries = Entries::with_capacity(ENTRIES_ABOUT);
        self.take(b'{')?;
        if self.peek()? == b'}' {
            self.at += 1;
            return Some(entries);
        }
        loop {
            self.take(b'"')?;
            let name = self.plain_string()?;
            let is_known = entries.iter().any(|(known, _)| *known == name);
            if is_known || entries.len() == OBJECT_FIELDS_MAX {
                return None;
            }
            self.take(b':')?;
            entries.push((Cow::Borrowed(name), self.value()?));
            match self.peek()? {
                b',' => self.at += 1,
                b'}' => break,
                _ => return None,
            }
        }
        self.at += 1;
        Some(entries)
    }

    /// Takes any value: its raw text. What is inside is checked as strictly as what is outside.
    pub(crate) fn value(&mut self) -> Option<&'a str> {
        self.peek()?;
        let start = self.at;
        // Which of the containers around us are objects, the innermost in the lowest bit.
        let (mut objects, mut depth) = (0u64, 0);
        loop {
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    self.string()?;
                }
                b'-' | b'0'..=b'9' => self.number()?,
                byte @ (b'{' | b'[') => {
                    self.at += 1;
                    let is_object = byte == b'{';
                    if self.peek()? == closing(is_object) {
                        self.at += 1;
                    } else if depth == DEPTH_MAX {
                        return None;
                    } else {
                        (objects, depth) = (objects << 1 | u64::from(is_object), depth + 1);
                        self.name_in(objects)?;
                        continue;
                    }
                }
                _ => self.word()?,
            }
            // A value has ended, and perhaps containers with it.
            while depth > 0 {
                let byte = self.peek()?;
                self.at += 1;
                if byte == b',' {
                    self.name_in(objects)?;
                    break;
                }
                if byte != closing(objects & 1 == 1) {
                    return None;
                }
                (objects, depth) = (objects >> 1, depth - 1);
            }
            if depth == 0 {
                return self.text.get(start..self.at);
            }
        }
    }

    /// Takes the name before a value, where the innermost container is an object.
    #[inline]
    fn name_in(&mut self, objects: u64) -> Option<()> {
        if objects & 1 == 0 {
            return Some(());
        }
        self.take(b'"')?;
        self.string()?;
        self.take(b':')
    }

    /// Takes the rest of a string without escapes, behind its first quote: what stands inside.
    fn plain_string(&mut self) -> Option<&'a str> {
        let (start, end) = (self.at, plain_end(self.text.as_bytes(), self.at));
        self.at = end + 1;
        (*self.text.as_bytes().get(end)? == b'"').then(|| self.text.get(start..end))?
    }

    /// Takes the rest of a string, behind its first quote.
    fn string(&mut self) -> Option<()> {
        let bytes = self.text.as_bytes();
        loop {
            let at = plain_end(bytes, self.at);
            self.at = at + 1;
            match bytes.get(at)? {
                b'"' => return Some(()),
                b'\\' => match bytes.get(at + 1)? {
                    b'u' if bytes.get(at + 2..at + 6)?.iter().all(u8::is_ascii_hexdigit) => self.at = at + 6,
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.at = at + 2,
                    _ => return None,
                },
                _ => return None,
            }
        }
    }

    fn number(&mut self) -> Option<()> {
        let bytes = self.text.as_bytes();
        let digits = |at: usize| {
            let count = bytes.get(at..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
            (count > 0).then_some(at + count)
        };
        let mut at = self.at + usize::from(bytes[self.at] == b'-');
        at = if bytes.get(at) == Some(&b'0') { at + 1 } else { digits(at)? };
        if bytes.get(at) == Some(&b'.') {
            at = digits(at + 1)?;
        }
        if let Some(b'e' | b'E') = bytes.get(at) {
            at = digits(at + 1 + usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-'))))?;
        }
        self.at = at;
        Some(())
    }

    fn word(&mut self) -> Option<()> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let word = ["true", "false", "null"].into_iter().find(|word| rest.starts_with(word.as_bytes()))?;
        self.at += word.len();
        Some(())
    }
}

/// How a container ends.
const fn closing(is_object: bool) -> u8 {
    if is_object { b'}' } else { b']' }
}

/// Where the next byte stands, at `from` or behind, that a JSON string cannot hold as it is: a quote, a backslash, a
/// control character; the length where there is none.
#[inline]
pub(crate) fn plain_end(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(eight) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        // Eight bytes at once. Each mask may err above the first byte that it marks, never below: the lowest is true.
        let word = u64::from_le_bytes(*eight);
        let zeros = |word: u64| word.wrapping_sub(EACH_BYTE) & !word;
        let quotes = zeros(word ^ (EACH_BYTE * u64::from(b'"')));
        let slashes = zeros(word ^ (EACH_BYTE * u64::from(b'\\')));
        let controls = word.wrapping_sub(EACH_BYTE * 0x20) & !word;
        let marked = (quotes | slashes | controls) & TOP_BITS;
        if marked != 0 {
            return at + (marked.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f)).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn first_special_byte_is_found_wherever_it_stands(
            bytes in proptest::collection::vec(proptest::prop_oneof![
                8 => 0u8..=255, 1 => proptest::prelude::Just(b'"'), 1 => proptest::prelude::Just(b'\\'),
                20 => b'a'..=b'z', 4 => 0x80u8..=255,
            ], 0..40),
            from in 0usize..40,
        ) {
            let from = from.min(bytes.len());
            let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1f);
            let expected = bytes[from..].iter().position(is_special).map_or(bytes.len(), |at| from + at);
            proptest::prop_assert_eq!(plain_end(&bytes, from), expected);
        }
    }
}
