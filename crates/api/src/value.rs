//! One value of a request, as its raw JSON text, and the ways to read it.

use std::borrow::Cow;

use crate::object::items;

/// The raw JSON text of a value. Each reader says in one phrase what is wrong, to follow the field's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value<'a>(pub(crate) &'a str);

impl<'a> Value<'a> {
    /// The raw JSON text.
    pub fn raw(self) -> &'a str {
        self.0
    }

    /// Whether it is `null`, which says as much as leaving the field out.
    pub fn is_null(self) -> bool {
        self.0 == "null"
    }

    /// A string.
    pub fn text(self) -> Result<Cow<'a, str>, String> {
        let inside = self.0.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let inside = inside.ok_or_else(|| format!("must be a string, not {}", self.kind()))?;
        if !inside.contains('\\') {
            return Ok(Cow::Borrowed(inside));
        }
        serde_json::from_str::<String>(self.0)
            .map(Cow::Owned)
            .map_err(|_| "has an escape that is not a character".to_owned())
    }

    /// A number, as it was written: amounts are read from its text.
    pub fn number(self) -> Result<&'a str, String> {
        match self.0.as_bytes().first() {
            Some(b'-' | b'0'..=b'9') => Ok(self.0),
            _ => Err(format!("must be a number, not {}", self.kind())),
        }
    }

    /// `true` or `false`.
    pub fn boolean(self) -> Result<bool, String> {
        match self.0 {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(format!("must be true or false, not {}", self.kind())),
        }
    }

    /// A whole number between two bounds.
    pub fn integer(self, least: i64, most: i64) -> Result<i64, String> {
        let number: Option<i64> = self.number()?.parse().ok();
        number
            .filter(|n| (least..=most).contains(n))
            .ok_or_else(|| format!("must be a whole number from {least} to {most}"))
    }

    /// One of a few words.
    pub fn one_of<T: Copy>(self, words: &[(&str, T)]) -> Result<T, String> {
        let word = self.text()?;
        words.iter().find(|(known, _)| *known == word).map(|(_, value)| *value).ok_or_else(|| {
            let known: Vec<String> = words.iter().map(|(known, _)| format!("{known:?}")).collect();
            format!("must be one of {}", known.join(", "))
        })
    }

    /// An array of at most `max` items.
    pub fn array(self, max: usize) -> Result<Vec<Value<'a>>, String> {
        if !self.0.starts_with('[') {
            return Err(format!("must be an array, not {}", self.kind()));
        }
        items(self.0, max).map(|items| items.into_iter().map(Value).collect()).map_err(|e| e.to_string())
    }

    /// What kind of value it is, as a person would say.
    pub fn kind(self) -> &'static str {
        match self.0.as_bytes().first() {
            Some(b'"') => "a string",
            Some(b'{') => "an object",
            Some(b'[') => "an array",
            Some(b't' | b'f') => "a boolean",
            Some(b'n') => "null",
            _ => "a number",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reader_takes_its_kind_and_refuses_the_others() {
        for raw in ["\"a\"", "1", "true", "null", "[1]", "{}"] {
            let value = Value(raw);
            assert_eq!(value.text().is_ok(), raw == "\"a\"", "{raw}");
            assert_eq!(value.number().is_ok(), raw == "1", "{raw}");
            assert_eq!(value.boolean().is_ok(), raw == "true", "{raw}");
            assert_eq!(value.array(9).is_ok(), raw == "[1]", "{raw}");
            assert_eq!(value.is_null(), raw == "null", "{raw}");
        }
    }

    #[test]
    fn whole_numbers_hold_their_bounds() {
        for (raw, expected) in [
            ("1", true),
            ("9", true),
            ("0", false),
            ("10", false),
            ("1.0", false),
            ("1e0", false),
            ("99999999999999999999", false),
        ] {
            assert_eq!(Value(raw).integer(1, 9).is_ok(), expected, "{raw}");
        }
    }

    #[test]
    fn escapes_are_read_and_half_a_character_is_refused() {
        assert_eq!(Value(r#""a\nb""#).text().as_deref(), Ok("a\nb"));
        assert!(Value(r#""\ud800""#).text().is_err());
    }
}
