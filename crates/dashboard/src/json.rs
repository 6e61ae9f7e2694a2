//! What the API answered, as pages read it: every number exact, every name found or absent, nothing guessed.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::look::Amount;

/// A JSON value whose numbers are decimals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Json {
    Null,
    Boolean(bool),
    Number(Amount),
    Text(String),
    List(Vec<Json>),
    Object(BTreeMap<String, Json>),
}

/// What an absent field is.
static ABSENT: Json = Json::Null;

impl Json {
    /// Reads a body. `None` where it is none, or has a number that is no plain decimal.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Some(match text.trim_start().as_bytes().first()? {
            b'{' => {
                let fields: BTreeMap<String, &RawValue> = serde_json::from_str(text).ok()?;
                let read = fields.into_iter().map(|(name, raw)| Some((name, Self::parse(raw.get())?)));
                Self::Object(read.collect::<Option<_>>()?)
            }
            b'[' => {
                let items: Vec<&RawValue> = serde_json::from_str(text).ok()?;
                Self::List(items.into_iter().map(|raw| Self::parse(raw.get())).collect::<Option<_>>()?)
            }
            b'"' => Self::Text(serde_json::from_str(text).ok()?),
            b't' | b'f' => Self::Boolean(serde_json::from_str(text).ok()?),
            b'n' => Self::Null,
            _ => Self::Number(Amount::parse(text.trim())?),
        })
    }

    /// A field, or null.
    pub(crate) fn get(&self, name: &str) -> &Self {
        match self {
            Self::Object(fields) => fields.get(name).unwrap_or(&ABSENT),
            _ => &ABSENT,
        }
    }

    /// A field of a field: `balance.available`.
    pub(crate) fn path(&self, path: &str) -> &Self {
        path.split('.').fold(self, Self::get)
    }

    pub(crate) fn is_null(&self) -> bool {
        *self == Self::Null
    }

    /// A number, or a decimal in a string, as money and shares are.
    pub(crate) fn amount(&self) -> Option<Amount> {
        match self {
            Self::Number(amount) => Some(*amount),
            Self::Text(text) => Amount::parse(text),
            _ => None,
        }
    }

    /// The same, or nothing where there is none: of counts and sums, which are never unknown.
    pub(crate) fn sum(&self) -> Amount {
        self.amount().unwrap_or_default()
    }

    /// A text; empty where there is none.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            _ => "",
        }
    }

    pub(crate) fn is_true(&self) -> bool {
        *self == Self::Boolean(true)
    }

    /// The items of a list; none where it is no list.
    pub(crate) fn list(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    /// As JSON again, for who wants to see all of it.
    pub(crate) fn shown(&self) -> String {
        let join = |parts: Vec<String>| parts.join(", ");
        match self {
            Self::Null => "null".to_owned(),
            Self::Boolean(value) => value.to_string(),
            Self::Number(amount) => amount.exact(),
            Self::Text(text) => text.clone(),
            Self::List(items) => format!("[{}]", join(items.iter().map(Self::shown).collect())),
            Self::Object(fields) => {
                format!(
                    "{{{}}}",
                    join(fields.iter().map(|(name, value)| format!("{name}: {}", value.shown())).collect())
                )
            }
        }
    }

    /// The fields of an object, by name; none where it is no object.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&str, &Self)> {
        let fields = match self {
            Self::Object(fields) => Some(fields),
            _ => None,
        };
        fields.into_iter().flatten().map(|(name, value)| (name.as_str(), value))
    }

    /// As people read JSON: each field on its own line, `type` first.
    pub(crate) fn pretty(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, 0);
        out
    }

    fn write(&self, out: &mut String, depth: usize) {
        let text = |text: &str| serde_json::Value::from(text).to_string();
        let line = |out: &mut String, depth: usize| {
            out.push('\n');
            out.push_str(&"  ".repeat(depth));
        };
        match self {
            Self::Null => out.push_str("null"),
            Self::Boolean(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Number(amount) => out.push_str(&amount.exact()),
            Self::Text(value) => out.push_str(&text(value)),
            Self::List(items) if items.is_empty() => out.push_str("[]"),
            Self::List(items) => {
                for (at, item) in items.iter().enumerate() {
                    out.push(if at == 0 { '[' } else { ',' });
                    line(out, depth + 1);
                    item.write(out, depth + 1);
                }
                line(out, depth);
                out.push(']');
            }
            Self::Object(fields) if fields.is_empty() => out.push_str("{}"),
            Self::Object(fields) => {
                let first = fields.get_key_value("type");
                let others = fields.iter().filter(|(name, _)| *name != "type");
                for (at, (name, value)) in first.into_iter().chain(others).enumerate() {
                    out.push(if at == 0 { '{' } else { ',' });
                    line(out, depth + 1);
                    out.push_str(&text(name));
                    out.push_str(": ");
                    value.write(out, depth + 1);
                }
                line(out, depth);
                out.push('}');
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exact_and_what_is_absent_is_null() {
        let json = Json::parse(
            r#" {"credits":0.1,"money":"0.016112102","list":[{"a":true},null],"deep":{"er":{"est":12}},"t":"a\"b"} "#,
        )
        .expect("JSON");
        assert_eq!(json.get("credits").amount(), Some(Amount(100_000_000)));
        assert_eq!(json.get("money").amount(), Some(Amount(16_112_102)));
        assert_eq!(json.path("deep.er.est").sum(), Amount::whole(12));
        assert_eq!(json.path("deep.er.nothing.at.all"), &Json::Null);
        assert!(json.get("list").list()[0].get("a").is_true() && json.get("list").list()[1].is_null());
        assert_eq!(json.get("t").text(), "a\"b");
        assert_eq!(json.get("deep").fields().count(), 1);
        assert_eq!((json.get("nothing").text(), json.get("nothing").list().len()), ("", 0));
    }

    #[test]
    fn pretty_is_the_same_json_in_lines() {
        let json = Json::parse(
            r#"{"rows":[{"credits":0.5,"type":"flat"}],"type":"by","none":[],"o":{},"n":null,"b":true}"#,
        )
        .expect("JSON");
        let pretty = json.pretty();
        assert!(pretty.starts_with("{\n  \"type\": \"by\",\n  \"b\": true,\n  \"n\": null,"), "{pretty}");
        assert_eq!(Json::parse(&pretty), Some(json));
    }

    #[test]
    fn what_is_no_json_is_none() {
        for text in ["", "{", "[1,]", "1e5", "nothing?", "\"a"] {
            assert!(Json::parse(text).is_none() || text == "nothing?", "{text}");
        }
    }
}
