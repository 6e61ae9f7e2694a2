//! Writing answers: fields in the order in which they are written, so that the same fact gives the same bytes.

use std::fmt::Display;
use std::io::Write as _;

use crate::ids::Id;
use crate::scan::plain_end;
use crate::{digits, time};

/// Writes a JSON object into new bytes.
pub fn object(write: impl FnOnce(&mut ObjectWriter<'_>)) -> Vec<u8> {
    object_of_about(512, write)
}

/// Writes a JSON object into new bytes, with room from the start for about so many.
pub fn object_of_about(bytes: usize, write: impl FnOnce(&mut ObjectWriter<'_>)) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes);
    ObjectWriter::write(&mut out, write);
    out
}

/// Writes a JSON array into new bytes.
pub fn array(write: impl FnOnce(&mut ArrayWriter<'_>)) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    ArrayWriter::write(&mut out, write);
    out
}

/// An object being written.
pub struct ObjectWriter<'a> {
    out: &'a mut Vec<u8>,
    is_first: bool,
}

impl ObjectWriter<'_> {
    /// Appends an object to `out`.
    pub fn write(out: &mut Vec<u8>, write: impl FnOnce(&mut ObjectWriter<'_>)) {
        out.push(b'{');
        write(&mut ObjectWriter { out, is_first: true });
        out.push(b'}');
    }

    /// A string.
    pub fn text(&mut self, name: &str, value: &str) -> &mut Self {
        write_text(self.name(name), value);
        self
    }

    /// An id.
    pub fn id(&mut self, name: &str, id: Id) -> &mut Self {
        let out = self.name(name);
        out.push(b'"');
        id.write(out);
        out.push(b'"');
        self
    }

    /// A time, in milliseconds since 1970.
    pub fn instant(&mut self, name: &str, ms: i64) -> &mut Self {
        let out = self.name(name);
        out.push(b'"');
        time::write(ms, out);
        out.push(b'"');
        self
    }

    /// An integer of 10⁻⁶ of a unit, as a number of the unit.
    pub fn micro(&mut self, name: &str, micro: i64) -> &mut Self {
        digits::write_micro(micro, self.name(name));
        self
    }

    /// A string of what prints without characters to escape: amounts of money, codes.
    pub fn shown(&mut self, name: &str, value: impl Display) -> &mut Self {
        let out = self.name(name);
        out.push(b'"');
        show(out, value);
        out.push(b'"');
        self
    }

    /// A number, as it prints.
    pub fn number(&mut self, name: &str, value: impl Display) -> &mut Self {
        show(self.name(name), value);
        self
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, name: &str, value: bool) -> &mut Self {
        show(self.name(name), value);
        self
    }

    /// `null`.
    pub fn null(&mut self, name: &str) -> &mut Self {
        self.name(name).extend_from_slice(b"null");
        self
    }

    /// A string of what prints, or `null`.
    pub fn shown_or_null(&mut self, name: &str, value: Option<impl Display>) -> &mut Self {
        match value {
            Some(value) => self.shown(name, value),
            None => self.null(name),
        }
    }

    /// A string, or `null`.
    pub fn text_or_null(&mut self, name: &str, value: Option<&str>) -> &mut Self {
        match value {
            Some(value) => self.text(name, value),
            None => self.null(name),
        }
    }

    /// JSON that is written already.
    pub fn raw(&mut self, name: &str, json: &[u8]) -> &mut Self {
        self.name(name).extend_from_slice(json);
        self
    }

    /// A nested object.
    pub fn object(&mut self, name: &str, write: impl FnOnce(&mut ObjectWriter<'_>)) -> &mut Self {
        ObjectWriter::write(self.name(name), write);
        self
    }

    /// A nested array.
    pub fn array(&mut self, name: &str, write: impl FnOnce(&mut ArrayWriter<'_>)) -> &mut Self {
        ArrayWriter::write(self.name(name), write);
        self
    }

    #[inline]
    fn name(&mut self, name: &str) -> &mut Vec<u8> {
        debug_assert_eq!(plain_end(name.as_bytes(), 0), name.len(), "names are ours, and need no escapes");
        self.out.reserve(name.len() + 4);
        if !std::mem::take(&mut self.is_first) {
            self.out.push(b',');
        }
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.out
    }
}

/// An array being written.
pub struct ArrayWriter<'a> {
    out: &'a mut Vec<u8>,
    is_first: bool,
}

impl ArrayWriter<'_> {
    /// Appends an array to `out`.
    pub fn write(out: &mut Vec<u8>, write: impl FnOnce(&mut ArrayWriter<'_>)) {
        out.push(b'[');
        write(&mut ArrayWriter { out, is_first: true });
        out.push(b']');
    }

    /// An object.
    pub fn object(&mut self, write: impl FnOnce(&mut ObjectWriter<'_>)) -> &mut Self {
        ObjectWriter::write(self.item(), write);
        self
    }

    /// A string.
    pub fn text(&mut self, value: &str) -> &mut Self {
        write_text(self.item(), value);
        self
    }

    /// JSON that is written already.
    pub fn raw(&mut self, json: &[u8]) -> &mut Self {
        self.item().extend_from_slice(json);
        self
    }

    fn item(&mut self) -> &mut Vec<u8> {
        if !std::mem::take(&mut self.is_first) {
            self.out.push(b',');
        }
        self.out
    }
}

fn show(out: &mut Vec<u8>, value: impl Display) {
    // Writing into memory cannot fail.
    let _ = write!(out, "{value}");
}

/// Appends a JSON string.
pub(crate) fn write_text(out: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    out.reserve(bytes.len() + 2);
    out.push(b'"');
    let mut from = 0;
    loop {
        let at = plain_end(bytes, from);
        out.extend_from_slice(&bytes[from..at]);
        let Some(special) = bytes.get(at) else { break };
        match special {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            control => show(out, format_args!("\\u{control:04x}")),
        }
        from = at + 1;
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_stand_in_the_order_in_which_they_were_written() {
        let written = object(|o| {
            o.text("b", "x\"y").number("a", 1).null("n").boolean("t", true).shown("id", "evt_1");
            o.object("o", |o| {
                o.shown_or_null("none", None::<u8>);
            });
            o.array("l", |l| {
                l.text("x").object(|_| {}).raw(b"2");
            });
        });
        assert_eq!(
            String::from_utf8(written).expect("UTF-8"),
            r#"{"b":"x\"y","a":1,"n":null,"t":true,"id":"evt_1","o":{"none":null},"l":["x",{},2]}"#
        );
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_is_read_back_by_another_reader(text in "\\PC*|[\\x00-\\x7f]*") {
            let mut out = Vec::new();
            write_text(&mut out, &text);
            proptest::prop_assert_eq!(serde_json::from_slice::<String>(&out).expect("a string"), text);
        }
    }
}
