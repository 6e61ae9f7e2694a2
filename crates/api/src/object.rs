//! Taking a JSON body apart without building a tree: an object becomes its names with the raw text of their values,
//! borrowed from the body.
//!
//! What is written as programs write it takes one pass ([`crate::scan`]). For all else serde_json decides, and says
//! in its words what is wrong; a test compares the two on what nobody would send.

use std::borrow::Cow;
use std::fmt;

use serde::Deserializer as _;
use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use thiserror::Error;

use crate::limits::OBJECT_FIELDS_MAX;
use crate::scan::Scan;

/// Why a body or a value could not be taken apart.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BodyError {
    /// Not UTF-8.
    #[error("is not UTF-8: byte {0} cannot be part of it")]
    NotUtf8(usize),
    /// Not JSON.
    #[error("is not valid JSON: {0}")]
    NotJson(String),
    /// A name twice in one object.
    #[error("has the field {0:?} twice")]
    Twice(String),
    /// More fields than any request has.
    #[error("has more than {OBJECT_FIELDS_MAX} fields")]
    TooManyFields,
    /// More items than allowed.
    #[error("has more than {0} items")]
    TooManyItems(usize),
}

/// The body as text.
pub fn body_text(body: &[u8]) -> Result<&str, BodyError> {
    // Some editors put a byte order mark before everything; RFC 8259 lets a reader ignore it.
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    std::str::from_utf8(body).map_err(|error| BodyError::NotUtf8(error.valid_up_to()))
}

/// The names and raw values of a JSON object, in the order in which they were written.
pub(crate) type Entries<'a> = Vec<(Cow<'a, str>, &'a str)>;
/// Fields for which such a list has room from the start: most events have as many.
pub(crate) const ENTRIES_ABOUT: usize = 8;

/// Takes an object apart.
pub(crate) fn entries(text: &str) -> Result<Entries<'_>, BodyError> {
    let mut scan = Scan::new(text);
    match scan.object() {
        Some(entries) if scan.is_at_end() => Ok(entries),
        _ => read_entries(text),
    }
}

/// The raw items of a JSON array of at most `max`.
pub fn items(text: &str, max: usize) -> Result<Vec<&str>, BodyError> {
    let mut items = Vec::new();
    each_item(text, max, |item| items.push(item.raw))?;
    Ok(items)
}

/// An item of an array.
pub struct Item<'a> {
    /// Its raw text.
    pub raw: &'a str,
    /// Its fields, where it is an object as programs write it.
    pub(crate) entries: Option<Entries<'a>>,
}

impl<'a> Item<'a> {
    /// An item of which nothing is known but its text.
    pub fn unread(raw: &'a str) -> Self {
        Self { raw, entries: None }
    }
}

/// Shows each item of a JSON array of at most `max`, in one pass; returns how many there are. What was shown before
/// an error counts for nothing: the text is no such array.
pub fn each_item<'a>(text: &'a str, max: usize, mut show: impl FnMut(Item<'a>)) -> Result<usize, BodyError> {
    let mut shown = 0;
    let scanned = scan_items(text, max, |item| {
        shown += 1;
        show(item);
    });
    if scanned.is_none() {
        for raw in read_items(text, max)?.into_iter().skip(shown) {
            shown += 1;
            show(Item::unread(raw));
        }
    }
    Ok(shown)
}

/// `None` where the rest is not as programs write it.
fn scan_items<'a>(text: &'a str, max: usize, mut show: impl FnMut(Item<'a>)) -> Option<()> {
    let mut scan = Scan::new(text);
    scan.take(b'[')?;
    if scan.peek()? == b']' {
        scan.take(b']')?;
        return scan.is_at_end().then_some(());
    }
    for _ in 0..max {
        show(scan.item()?);
        match scan.peek()? {
            b',' => scan.take(b',')?,
            _ => {
                scan.take(b']')?;
                return scan.is_at_end().then_some(());
            }
        }
    }
    None
}

fn read_entries(text: &str) -> Result<Entries<'_>, BodyError> {
    let mut problem = None;
    let mut from = serde_json::Deserializer::from_str(text);
    let read = from.deserialize_map(EntriesVisitor { problem: &mut problem });
    match (read.and_then(|entries| from.end().map(|()| entries)), problem) {
        (_, Some(problem)) => Err(problem),
        (Ok(entries), None) => Ok(entries),
        (Err(error), None) => Err(BodyError::NotJson(error.to_string())),
    }
}

fn read_items(text: &str, max: usize) -> Result<Vec<&str>, BodyError> {
    let mut problem = None;
    let mut from = serde_json::Deserializer::from_str(text);
    let read = from.deserialize_seq(ItemsVisitor { max, problem: &mut problem });
    match (read.and_then(|items| from.end().map(|()| items)), problem) {
        (_, Some(problem)) => Err(problem),
        (Ok(items), None) => Ok(items),
        (Err(error), None) => Err(BodyError::NotJson(error.to_string())),
    }
}

struct EntriesVisitor<'p> {
    problem: &'p mut Option<BodyError>,
}

impl<'de> Visitor<'de> for EntriesVisitor<'_> {
    type Value = Entries<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Entries::with_capacity(ENTRIES_ABOUT);
        while let Some(name) = map.next_key_seed(Name)? {
            if entries.len() == OBJECT_FIELDS_MAX {
                *self.problem = Some(BodyError::TooManyFields);
                return Err(de::Error::custom("too many fields"));
            }
            if entries.iter().any(|(known, _)| *known == name) {
                *self.problem = Some(BodyError::Twice(name.into_owned()));
                return Err(de::Error::custom("a field twice"));
            }
            entries.push((name, map.next_value::<&'de RawValue>()?.get()));
        }
        Ok(entries)
    }
}

/// A name, borrowed unless it has escapes.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}

struct ItemsVisitor<'p> {
    max: usize,
    problem: &'p mut Option<BodyError>,
}

impl<'de> Visitor<'de> for ItemsVisitor<'_> {
    type Value = Vec<&'de str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element::<&'de RawValue>()? {
            if items.len() == self.max {
                *self.problem = Some(BodyError::TooManyItems(self.max));
                return Err(de::Error::custom("too many items"));
            }
            items.push(item.get());
        }
        Ok(items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_the_text_as_written() {
        let found = entries(r#" {"a": 1.50, "b\u0063": [ 1,{}], "":null} "#).expect("an object");
        let found: Vec<_> = found.iter().map(|(name, raw)| (name.as_ref(), *raw)).collect();
        assert_eq!(found, [("a", "1.50"), ("bc", "[ 1,{}]"), ("", "null")]);
    }

    #[test]
    fn field_given_twice_is_refused_by_name() {
        assert_eq!(entries(r#"{"a":1,"b":2,"a":3}"#), Err(BodyError::Twice("a".into())));
        assert_eq!(entries(r#"{"a":1,"\u0061":3}"#), Err(BodyError::Twice("a".into())));
    }

    #[test]
    fn an_object_may_have_the_largest_number_of_fields_and_no_more() {
        let with = |n: usize| {
            let fields: Vec<String> = (0..n).map(|i| format!("\"f{i}\":0")).collect();
            format!("{{{}}}", fields.join(","))
        };
        assert_eq!(entries(&with(OBJECT_FIELDS_MAX)).map(|e| e.len()), Ok(OBJECT_FIELDS_MAX));
        assert_eq!(entries(&with(OBJECT_FIELDS_MAX + 1)), Err(BodyError::TooManyFields));
    }

    #[test]
    fn what_is_not_json_is_refused() {
        let deep = "[".repeat(1_000_000);
        for text in
            ["", "{", "[]", "1", "{}{}", "{\"a\":}", "{'a':1}", "{\"a\":01}", "{\"a\":\"\u{1}\"}", &deep]
        {
            assert!(matches!(entries(text), Err(BodyError::NotJson(_))), "{text:.40}");
        }
        assert_eq!(body_text(b"{\"a\":\"\xff\"}"), Err(BodyError::NotUtf8(6)));
    }

    proptest::proptest! {
        #[test]
        fn the_quick_reader_and_the_other_agree_on_any_text(text in crate::testing::near_json()) {
            proptest::prop_assert_eq!(entries(&text), read_entries(&text));
            let list = format!("[{text}");
            proptest::prop_assert_eq!(items(&list, 3), read_items(&list, 3));
        }

        #[test]
        fn an_item_has_the_fields_that_its_text_has(text in crate::testing::near_json()) {
            let list = format!("[{text},{{}}]");
            let _ = each_item(&list, 9, |item| {
                if let Some(entries) = item.entries {
                    assert_eq!(Ok(entries), read_entries(item.raw));
                }
            });
        }
    }

    #[test]
    fn nesting_is_followed_as_deep_as_it_goes() {
        for depth in [1, 63, 64, 65, 66, 1_000] {
            for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
                let deep = format!("{}1{}", open.repeat(depth), close.repeat(depth));
                assert_eq!(items(&format!("[{deep}]"), 1), Ok(vec![deep.as_str()]), "{depth}");
                for end in ["", if close == "]" { "}" } else { "]" }] {
                    let wrong = format!("[{}{end}]", &deep[..deep.len() - 1]);
                    assert!(items(&wrong, 1).is_err(), "{depth}");
                }
            }
        }
    }

    #[test]
    fn items_are_counted_as_they_are_read() {
        assert_eq!(items("[1, 2]", 2).map(|i| i.len()), Ok(2));
        assert_eq!(items("[1, 2, 3]", 2), Err(BodyError::TooManyItems(2)));
        assert!(matches!(items("{}", 2), Err(BodyError::NotJson(_))));
    }
}
