//! An event's properties, brought into one canonical text: names sorted, no white space, numbers as they were
//! written. Two requests say the same exactly when their canonical texts are equal.

use std::borrow::Cow;

use crate::json::write_text;
use crate::limits::{
    PROPERTIES_BYTES_MAX, PROPERTIES_DEPTH_MAX, PROPERTIES_KEYS_MAX, PROPERTY_NAME_BYTES_MAX,
};
use crate::object::{Entries, entries, items};
use crate::scan::plain_end;
use crate::value::Value;

/// Properties in canonical form, and those at the top by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Properties<'a> {
    /// Canonical JSON: the text as it was sent where that is canonical already.
    pub canonical: Cow<'a, str>,
    top: Entries<'a>,
}

impl<'a> Properties<'a> {
    /// Reads a JSON object.
    pub fn read(value: Value<'a>) -> Result<Self, String> {
        let raw = value.raw();
        if !raw.starts_with('{') {
            return Err(format!("must be an object, not {}", value.kind()));
        }
        let top = entries(raw).map_err(|error| error.to_string())?;
        if is_canonical(raw, &top) {
            return Ok(Self { canonical: Cow::Borrowed(raw), top });
        }
        Ok(Self { canonical: Cow::Owned(canonical_text(raw, top.clone())?), top })
    }

    /// A property at the top, unless it is missing or null.
    pub fn get(&self, name: &str) -> Option<Value<'a>> {
        let (_, raw) = self.top.iter().find(|(known, _)| known == name)?;
        Some(Value(raw)).filter(|value| !value.is_null())
    }

    /// The properties at the top, as they were sent.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Value<'a>)> {
        self.top.iter().map(|(name, raw)| (name.as_ref(), Value(raw)))
    }
}

/// Whether the text is plainly canonical and within all limits: flat, sorted, without white space or escapes. What is
/// not plainly so may be canonical all the same.
fn is_canonical(raw: &str, top: &[(Cow<'_, str>, &str)]) -> bool {
    let is_flat = |(name, value): &(Cow<'_, str>, &str)| {
        let is_name = (1..=PROPERTY_NAME_BYTES_MAX).contains(&name.len())
            && name.bytes().all(|b| matches!(b, b' '..=b'~' if b != b'"' && b != b'\\'));
        let is_value = match value.as_bytes() {
            [b'{' | b'[', ..] => false,
            [b'"', inside @ ..] => plain_end(inside, 0) + 1 == inside.len(),
            _ => true,
        };
        is_name && is_value
    };
    // Braces, and for each field two quotes, a colon and a comma: where nothing else stands there is no white space.
    let bytes: usize = top.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
    raw.len() == (bytes + 1).max(2)
        && raw.len() <= PROPERTIES_BYTES_MAX
        && top.len() <= PROPERTIES_KEYS_MAX
        && top.iter().all(is_flat)
        && top.windows(2).all(|two| two[0].0 < two[1].0)
}

fn canonical_text(raw: &str, top: Entries<'_>) -> Result<String, String> {
    let mut canonical = Canonical { out: Vec::with_capacity(raw.len().min(PROPERTIES_BYTES_MAX)), keys: 0 };
    canonical.object(top, 1)?;
    String::from_utf8(canonical.out).map_err(|_| "is not UTF-8".to_owned())
}

struct Canonical {
    out: Vec<u8>,
    keys: usize,
}

impl Canonical {
    fn value(&mut self, raw: &str, depth: usize) -> Result<(), String> {
        let value = Value(raw);
        match raw.as_bytes().first() {
            Some(b'{') => {
                self.check_depth(depth)?;
                self.object(entries(raw).map_err(|error| error.to_string())?, depth + 1)?;
            }
            Some(b'[') => {
                self.check_depth(depth)?;
                self.out.push(b'[');
                // Every item takes two bytes at least.
                for (index, item) in
                    items(raw, PROPERTIES_BYTES_MAX).map_err(|e| e.to_string())?.into_iter().enumerate()
                {
                    if index > 0 {
                        self.out.push(b',');
                    }
                    self.value(item, depth + 1)?;
                }
                self.out.push(b']');
            }
            Some(b'"') => write_text(&mut self.out, &value.text()?),
            _ => self.out.extend_from_slice(raw.as_bytes()),
        }
        self.check_bytes()
    }

    fn object(&mut self, mut entries: Entries<'_>, depth: usize) -> Result<(), String> {
        self.keys += entries.len();
        if self.keys > PROPERTIES_KEYS_MAX {
            return Err(format!("have more than {PROPERTIES_KEYS_MAX} keys"));
        }
        entries.sort();
        self.out.push(b'{');
        for (index, (name, raw)) in entries.iter().enumerate() {
            if name.is_empty() || name.len() > PROPERTY_NAME_BYTES_MAX || name.chars().any(char::is_control) {
                return Err(format!(
                    "have a name that is not 1 to {PROPERTY_NAME_BYTES_MAX} bytes without control characters"
                ));
            }
            if index > 0 {
                self.out.push(b',');
            }
            write_text(&mut self.out, name);
            self.out.push(b':');
            self.value(raw, depth)?;
        }
        self.out.push(b'}');
        self.check_bytes()
    }

    fn check_depth(&self, depth: usize) -> Result<(), String> {
        if depth < PROPERTIES_DEPTH_MAX {
            Ok(())
        } else {
            Err(format!("are nested more than {PROPERTIES_DEPTH_MAX} deep"))
        }
    }

    fn check_bytes(&self) -> Result<(), String> {
        if self.out.len() <= PROPERTIES_BYTES_MAX {
            Ok(())
        } else {
            Err(format!("take more than {PROPERTIES_BYTES_MAX} bytes"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(raw: &str) -> Result<String, String> {
        Properties::read(Value(raw)).map(|p| p.canonical.into_owned())
    }

    #[test]
    fn canonical_form_sorts_names_and_keeps_numbers() {
        for (raw, expected) in [
            ("{}", "{}"),
            (r#"{"b":1.50,"a":"x"}"#, r#"{"a":"x","b":1.50}"#),
            (r#"{"a":1,"aa":2,"a.":3}"#, r#"{"a":1,"a.":3,"aa":2}"#),
            (r#"{ "b" : 1.50, "a" : [ 1 , {"d":2,"c":1} ] }"#, r#"{"a":[1,{"c":1,"d":2}],"b":1.50}"#),
            (r#"{"\u0061":"\u0041\n"}"#, r#"{"a":"A\n"}"#),
            (r#"{"a":null,"b":true}"#, r#"{"a":null,"b":true}"#),
        ] {
            assert_eq!(canonical(raw).as_deref(), Ok(expected), "{raw}");
        }
    }

    #[test]
    fn properties_hold_their_limits_on_both_sides() {
        let bytes = |n: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(n - 8));
        let keys = |n: usize| {
            let all: Vec<String> = (0..n).map(|i| format!("\"k{i}\":0")).collect();
            format!("{{{}}}", all.join(","))
        };
        let depth = |n: usize| format!("{}{}{}", "{\"a\":".repeat(n - 1), "{}", "}".repeat(n - 1));
        let name = |n: usize| format!("{{\"{}\":0}}", "n".repeat(n));
        let cases: [(&dyn Fn(usize) -> String, usize); 4] = [
            (&bytes, PROPERTIES_BYTES_MAX),
            (&keys, PROPERTIES_KEYS_MAX),
            (&depth, PROPERTIES_DEPTH_MAX),
            (&name, PROPERTY_NAME_BYTES_MAX),
        ];
        for (make, limit) in cases {
            assert!(canonical(&make(limit - 1)).is_ok());
            assert!(canonical(&make(limit)).is_ok());
            assert!(canonical(&make(limit + 1)).is_err());
        }
    }

    #[test]
    fn endless_nesting_is_refused_without_following_it() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(500_000), "]".repeat(500_000));
        assert_eq!(canonical(&deep), Err("are nested more than 8 deep".to_owned()));
        assert!(canonical("[]").is_err());
        assert!(canonical(r#"{"a":{"b":1,"b":2}}"#).is_err());
    }

    proptest::proptest! {
        #[test]
        fn text_that_is_taken_as_canonical_is_so(text in crate::testing::object()) {
            let text = text.trim();
            let Ok(top) = entries(text) else { return Ok(()) };
            let written = canonical_text(text, top.clone());
            if is_canonical(text, &top) {
                proptest::prop_assert_eq!(written.as_deref(), Ok(text));
            }
            proptest::prop_assert_eq!(canonical(text), written);
        }

        #[test]
        fn canonical_form_is_its_own_canonical_form(
            names in proptest::collection::btree_set("[a-z\u{e9}\"\\\\]{1,6}", 0..8),
            number in -1e6f64..1e6,
        ) {
            let all: Vec<String> = names
                .iter()
                .map(|name| format!("{}: {number}", serde_json::to_string(name).expect("a string")))
                .rev()
                .collect();
            let once = canonical(&format!("{{{}}}", all.join(" , "))).expect("an object");
            proptest::prop_assert_eq!(canonical(&once).expect("an object"), once);
        }
    }
}
