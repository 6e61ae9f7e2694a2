//! JSON whose fields keep their order, so that a person reads a document as it was written and a change of one line is
//! a difference of one line.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// A JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    /// `null`
    Null,
    /// `true`, `false`
    Boolean(bool),
    /// A number, as it is written.
    Number(String),
    /// A string.
    Text(Cow<'static, str>),
    /// An array.
    List(Vec<Self>),
    /// An object.
    Object(Vec<(Cow<'static, str>, Self)>),
}

impl Json {
    /// An object of these fields.
    pub fn object<N: Into<Cow<'static, str>>>(fields: impl IntoIterator<Item = (N, Self)>) -> Self {
        Self::Object(fields.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }

    /// A list of these.
    pub fn list<T: Into<Self>>(items: impl IntoIterator<Item = T>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }

    /// What is written in a text; `None` where it is no JSON.
    pub fn parse(text: &str) -> Option<Self> {
        let raw: &RawValue = serde_json::from_str(text).ok()?;
        let text = raw.get();
        match text.as_bytes().first()? {
            b'{' => serde_json::Deserializer::from_str(text).deserialize_map(Fields).ok(),
            b'[' => serde_json::Deserializer::from_str(text).deserialize_seq(Items).ok(),
            b'"' => Some(Self::Text(serde_json::from_str::<String>(text).ok()?.into())),
            b't' | b'f' => Some(Self::Boolean(text == "true")),
            b'n' => Some(Self::Null),
            _ => Some(Self::Number(text.to_owned())),
        }
    }

    /// A field of an object.
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.fields().iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// The fields of an object; none of anything else.
    pub fn fields(&self) -> &[(Cow<'static, str>, Self)] {
        match self {
            Self::Object(fields) => fields,
            _ => &[],
        }
    }

    /// The items of a list; none of anything else.
    pub fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    /// A text.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A text in a field.
    pub fn text_of(&self, name: &str) -> Option<&str> {
        self.get(name)?.text()
    }

    /// Puts a field behind the others, or in the place of the one of this name.
    pub(crate) fn set(&mut self, name: &'static str, value: impl Into<Self>) {
        let Self::Object(fields) = self else { return };
        match fields.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = value.into(),
            None => fields.push((name.into(), value.into())),
        }
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Boolean(value) => write!(f, "{value}"),
            Self::Number(number) => f.write_str(number),
            Self::Text(text) => write_text(f, text),
            Self::List(items) if items.iter().all(Self::is_plain) => {
                f.write_str("[")?;
                for (index, item) in items.iter().enumerate() {
                    f.write_str(if index == 0 { "" } else { ", " })?;
                    item.write(f, depth)?;
                }
                f.write_str("]")
            }
            Self::List(items) => {
                f.write_str("[")?;
                for (index, item) in items.iter().enumerate() {
                    line(f, index, depth + 1)?;
                    item.write(f, depth + 1)?;
                }
                line(f, 0, depth)?;
                f.write_str("]")
            }
            Self::Object(fields) if fields.is_empty() => f.write_str("{}"),
            Self::Object(fields) => {
                f.write_str("{")?;
                for (index, (name, value)) in fields.iter().enumerate() {
                    line(f, index, depth + 1)?;
                    write_text(f, name)?;
                    f.write_str(": ")?;
                    value.write(f, depth + 1)?;
                }
                line(f, 0, depth)?;
                f.write_str("}")
            }
        }
    }

    fn is_plain(&self) -> bool {
        !matches!(self, Self::List(_) | Self::Object(_))
    }
}

fn line(f: &mut fmt::Formatter<'_>, index: usize, depth: usize) -> fmt::Result {
    let comma = if index == 0 { "" } else { "," };
    write!(f, "{comma}\n{:depth$}", "", depth = depth * 2)
}

fn write_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str(&serde_json::to_string(text).map_err(|_| fmt::Error)?)
}

/// Over several lines.
impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, 0)
    }
}

impl From<&'static str> for Json {
    fn from(text: &'static str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<bool> for Json {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl From<i64> for Json {
    fn from(number: i64) -> Self {
        Self::Number(number.to_string())
    }
}

impl From<usize> for Json {
    fn from(number: usize) -> Self {
        Self::Number(number.to_string())
    }
}

struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut fields = Vec::new();
        while let Some((name, value)) = map.next_entry::<String, Box<RawValue>>()? {
            fields.push((name.into(), Json::parse(value.get()).unwrap_or(Json::Null)));
        }
        Ok(Json::Object(fields))
    }
}

struct Items;

impl<'de> Visitor<'de> for Items {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element::<Box<RawValue>>()? {
            items.push(Json::parse(item.get()).unwrap_or(Json::Null));
        }
        Ok(Json::List(items))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_is_written_in_its_order_and_with_its_digits() {
        let text = "{\n  \"b\": 1.50,\n  \"a\": [1, null, true],\n  \"c\": [\n    {\n      \"d\": \"\\n\"\n    }\n  ],\n  \"e\": {}\n}";
        let json = Json::parse(text).expect("JSON");
        assert_eq!(json.to_string(), text);
        assert_eq!(json.get("b"), Some(&Json::Number("1.50".to_owned())));
        assert_eq!(Json::parse("{"), None);
    }
}
