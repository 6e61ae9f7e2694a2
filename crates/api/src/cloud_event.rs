//! CloudEvents 1.0, as senders of other metering systems send them: an event's attributes and data, out of a JSON
//! object (structured mode, an item of a batch) or out of headers and a body (binary mode).
//!
//! Lenient where senders differ: header values come percent-encoded, quoted or as raw UTF-8; extension attributes are
//! ignored; a number in quotes is that number. Strict about what money hangs on: every problem names its attribute.
//!
//! Not owned here: what the attributes mean (the doors), and which mode a request is in.

use std::borrow::Cow;

use crate::fields::{Fields, Path};
use crate::json::write_text;
use crate::limits::CLOUD_EVENT_ATTRIBUTE_BYTES_MAX;
use crate::object::Item;
use crate::problem::Problems;
use crate::properties::Properties;
use crate::value::Value;

/// The version of the specification that is read.
const SPEC_VERSION: &str = "1.0";
/// What headers of binary mode begin with.
const HEADER_PREFIX: &str = "ce-";

/// What of a CloudEvent is used here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloudEvent<'a> {
    /// Who sent it: with `id`, what it is told apart by.
    pub source: Cow<'a, str>,
    /// Its id at its source.
    pub id: Cow<'a, str>,
    /// What happened.
    pub kind: Cow<'a, str>,
    /// Whom it is about.
    pub subject: Cow<'a, str>,
    /// When it happened.
    pub time: Option<Cow<'a, str>>,
    /// Its data: the text of a JSON object.
    pub data: Option<Cow<'a, str>>,
}

impl<'a> CloudEvent<'a> {
    /// Reads one in structured mode. `None` only where a problem was noted.
    pub fn structured(item: Item<'a>, problems: &mut Problems) -> Option<Self> {
        let mut fields = Fields::of(item, Path::Field(""), problems)?;
        fields.required("specversion", problems, |value| check_version(&value.text()?));
        let source = fields.required("source", problems, attribute);
        let id = fields.required("id", problems, attribute);
        let kind = fields.required("type", problems, attribute);
        let subject = fields.required("subject", problems, attribute);
        let time = fields.optional("time", problems, attribute);
        let data = fields.optional("data", problems, |value| data(value.raw()));
        if fields.has("data_base64") {
            problems.add("data_base64", "is not read here: send data, as a JSON object".to_owned());
        }
        Some(Self { source: source?, id: id?, kind: kind?, subject: subject?, time, data })
    }

    /// Reads one in binary mode, out of all headers of a request and its body. `None` only where a problem was noted.
    pub fn binary<'h>(
        headers: impl Iterator<Item = (&'h str, &'h [u8])>,
        body: &'a str,
        problems: &mut Problems,
    ) -> Option<Self> {
        let mut sent = Headers { list: Vec::new() };
        for (name, value) in headers.filter(|(name, _)| is_attribute_header(name)) {
            sent.list.push((name.to_ascii_lowercase(), value));
        }
        sent.required("ce-specversion", problems, |text| check_version(text).map(|()| text.to_owned()));
        let mut attribute = |name: &'static str| {
            sent.required(name, problems, |text| check_attribute(text).map(|()| text.to_owned()))
        };
        let (source, id) = (attribute("ce-source"), attribute("ce-id"));
        let (kind, subject) = (attribute("ce-type"), attribute("ce-subject"));
        let time = sent.optional("ce-time", problems, |text| check_attribute(text).map(|()| text.to_owned()));
        let body = body.trim();
        let data = if body.is_empty() || body == "null" { Ok(None) } else { data(body).map(Some) };
        let data = data.map_err(|problem| problems.add("body", problem)).ok().flatten();
        Some(Self {
            source: source?.into(),
            id: id?.into(),
            kind: kind?.into(),
            subject: subject?.into(),
            time: time.map(Cow::Owned),
            data,
        })
    }

    /// What the event is told apart by: its source and id, with the length of the first, so that no two pairs ever
    /// make one text.
    pub fn key(&self) -> String {
        format!("{} {}{}", self.source.len(), self.source, self.id)
    }

    /// The data as properties: numbers in quotes are numbers in them.
    ///
    /// # Errors
    /// What is wrong with them, to follow the field's name.
    pub fn properties(&self) -> Option<Result<Properties<'_>, String>> {
        self.data.as_deref().map(|data| Properties::read(Value(data)))
    }

    /// The members of the data, for those that are more than properties.
    pub fn data_fields(&self, problems: &mut Problems) -> Option<Fields<'_>> {
        Fields::read(self.data.as_deref()?, "data", problems)
    }
}

/// Whether this is a header that binary mode has.
pub fn is_attribute_header(name: &str) -> bool {
    name.get(..HEADER_PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(HEADER_PREFIX))
}

fn attribute(value: Value<'_>) -> Result<Cow<'_, str>, String> {
    let text = value.text()?;
    check_attribute(&text)?;
    Ok(text)
}

fn check_version(text: &str) -> Result<(), String> {
    if text == SPEC_VERSION { Ok(()) } else { Err(format!("must be {SPEC_VERSION:?}")) }
}

fn check_attribute(text: &str) -> Result<(), String> {
    if text.is_empty() || text.len() > CLOUD_EVENT_ATTRIBUTE_BYTES_MAX {
        return Err(format!("must have 1 to {CLOUD_EVENT_ATTRIBUTE_BYTES_MAX} bytes"));
    }
    if text.chars().any(char::is_control) {
        return Err("must not contain control characters".to_owned());
    }
    Ok(())
}

/// A JSON object, in which numbers in quotes are made numbers. Whatever the catalogue prices: a retry must be the same
/// as what was first sent, although a price came between.
fn data(raw: &str) -> Result<Cow<'_, str>, String> {
    if !raw.starts_with('{') {
        return Err("must be a JSON object: its members become properties".to_owned());
    }
    let sent = Properties::read(Value(raw))?;
    if !sent.iter().any(|(_, value)| quoted_number(value).is_some()) {
        return Ok(Cow::Borrowed(raw));
    }
    let mut out = vec![b'{'];
    for (index, (name, value)) in sent.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_text(&mut out, name);
        out.push(b':');
        match quoted_number(value) {
            Some(number) => out.extend_from_slice(number.as_bytes()),
            None => out.extend_from_slice(value.raw().as_bytes()),
        }
    }
    out.push(b'}');
    String::from_utf8(out).map(Cow::Owned).map_err(|_| "is not UTF-8".to_owned())
}

/// The number in a string that is a quantity as it could be sent: up to nine digits and six places. Longer ones are
/// somebody's number, and not a count; a leading zero makes it a code.
fn quoted_number(value: Value<'_>) -> Option<Cow<'_, str>> {
    let inside = value.text().ok()?;
    let (whole, places) =
        inside.split_once('.').map_or((inside.as_ref(), None), |(whole, places)| (whole, Some(places)));
    let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_whole = are_digits(whole) && whole.len() <= 9 && (whole == "0" || !whole.starts_with('0'));
    let is_fraction = places.is_none_or(|places| are_digits(places) && places.len() <= 6);
    (is_whole && is_fraction).then_some(inside)
}

/// Headers of binary mode, by their names in lower case.
struct Headers<'h> {
    list: Vec<(String, &'h [u8])>,
}

impl Headers<'_> {
    fn required<T>(
        &self,
        name: &'static str,
        problems: &mut Problems,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let before = problems.count();
        let found = self.optional(name, problems, read);
        if found.is_none() && problems.count() == before {
            problems.add(name, "is required".to_owned());
        }
        found
    }

    fn optional<T>(
        &self,
        name: &'static str,
        problems: &mut Problems,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let mut values = self.list.iter().filter(|(known, _)| known == name).map(|(_, value)| *value);
        let value = values.next()?;
        // Two readers of one request might each believe another one.
        let once = if values.next().is_some() { Err("is given twice".to_owned()) } else { Ok(value) };
        match once.and_then(header_text).and_then(|text| read(&text)) {
            Ok(found) => Some(found),
            Err(problem) => {
                problems.add(name, problem);
                None
            }
        }
    }
}

/// The text of a header value: quotes around it are taken off, what is percent-encoded is decoded, and all else has to
/// be UTF-8 as it stands. A percent sign that encodes nothing is one.
fn header_text(value: &[u8]) -> Result<String, String> {
    let value = value.trim_ascii();
    let value = match value {
        [b'"', inside @ .., b'"'] => Cow::Owned(unquoted(inside)),
        plain => Cow::Borrowed(plain),
    };
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value.as_ref();
    while let [first, behind @ ..] = rest {
        match (first, behind) {
            (b'%', [high, low, behind @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                out.push(hex(*high) << 4 | hex(*low));
                rest = behind;
            }
            _ => {
                out.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8(out).map_err(|_| "must be UTF-8, percent-encoded or as it is".to_owned())
}

/// The inside of a quoted string: a backslash stands before what is meant as it is.
fn unquoted(inside: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(inside.len());
    let mut is_escaped = false;
    for byte in inside {
        if *byte == b'\\' && !is_escaped {
            is_escaped = true;
        } else {
            is_escaped = false;
            out.push(*byte);
        }
    }
    out
}

fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit - b'A' + 10,
    }
}

#[cfg(test)]
mod tests;
