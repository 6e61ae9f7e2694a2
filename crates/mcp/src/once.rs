//! JSON in which every field is given once. Of two, this server would take one and whoever looked before it the other.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Any JSON in which no object names a field twice. A second one is an error of data, not of syntax.
pub(crate) struct EachOnce;

impl<'de> Deserialize<'de> for EachOnce {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Walk)
    }
}

struct Walk;

impl<'de> Visitor<'de> for Walk {
    type Value = EachOnce;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<EachOnce, E> {
        Ok(EachOnce)
    }

    fn visit_i64<E>(self, _: i64) -> Result<EachOnce, E> {
        Ok(EachOnce)
    }

    fn visit_u64<E>(self, _: u64) -> Result<EachOnce, E> {
        Ok(EachOnce)
    }

    fn visit_f64<E>(self, _: f64) -> Result<EachOnce, E> {
        Ok(EachOnce)
    }

    fn visit_str<E>(self, _: &str) -> Result<EachOnce, E> {
        Ok(EachOnce)
    }

    fn visit_unit<E>(self) -> Result<EachOnce, E> {
        Ok(EachOnce)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<EachOnce, A::Error> {
        while items.next_element::<EachOnce>()?.is_some() {}
        Ok(EachOnce)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<EachOnce, A::Error> {
        let mut seen = HashSet::new();
        while let Some(name) = fields.next_key::<String>()? {
            if !seen.insert(name) {
                return Err(A::Error::custom("a field is given twice"));
            }
            fields.next_value::<EachOnce>()?;
        }
        Ok(EachOnce)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn second_field_of_a_name_is_found_at_any_depth() {
        for (json, is_data_error) in [
            (r#"{"a":1,"b":[{"a":null},{"a":-1.5}],"c":{"a":"a"}}"#, None),
            (r#"{"a":1,"a":1}"#, Some(true)),
            (r#"[{"b":{"a":1,"\u0061":2}}]"#, Some(true)),
            ("{", Some(false)),
            ("", Some(false)),
            ("{} {}", Some(false)),
        ] {
            let read = serde_json::from_str::<EachOnce>(json);
            assert_eq!(read.err().map(|error| error.is_data()), is_data_error, "{json}");
        }
    }
}
