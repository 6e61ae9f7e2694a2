//! What presenters share: fields of a route's answer, and schemas of what is made of them.
//!
//! A field that has no value is left out, since many clients of models know no types with null.

use serde_json::{Map, Value, json};

/// Makes an answer of those fields that have a value.
pub(crate) fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let known = fields.into_iter().filter(|(_, value)| !value.is_null());
    Value::Object(known.map(|(name, value)| (name.to_owned(), value)).collect())
}

/// A field of the route's answer, by pointer; null where there is none.
pub(crate) fn at(answer: &Value, pointer: &str) -> Value {
    answer.pointer(pointer).cloned().unwrap_or_default()
}

/// The items of a list, each shown by `show`, and where the next page begins.
pub(crate) fn list(answer: &Value, show: impl Fn(&Value) -> Value) -> Value {
    let data = answer["data"].as_array().map(Vec::as_slice).unwrap_or_default();
    let items: Vec<Value> = data.iter().map(show).collect();
    object([("items", items.into()), ("nextCursor", at(answer, "/next_cursor"))])
}

/// The same with names as this door writes them, and without what is null.
pub(crate) fn camel(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let known = fields.iter().filter(|(_, value)| !value.is_null());
            Value::Object(known.map(|(name, value)| (camel_name(name), camel(value))).collect())
        }
        Value::Array(items) => items.iter().map(camel).collect(),
        other => other.clone(),
    }
}

fn camel_name(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut up = false;
    for letter in name.chars() {
        match letter {
            '_' => up = true,
            letter if up => {
                out.push(letter.to_ascii_uppercase());
                up = false;
            }
            letter => out.push(letter),
        }
    }
    out
}

/// A decimal that the route writes as text, times `times`, as a number: a share as per cent, an amount as cents. Moved
/// by its digits, since a product of doubles has digits of its own.
pub(crate) fn hundred_times(decimal: &Value) -> Value {
    let Some(text) = decimal.as_str() else { return Value::Null };
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let part = format!("{part:0<2}");
    let (moved, rest) = part.split_at(2);
    let rest = rest.trim_end_matches('0');
    let sign = if whole.starts_with('-') { "-" } else { "" };
    let digits = format!("{}{moved}", whole.trim_start_matches('-'));
    let digits = match digits.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    };
    let number = if rest.is_empty() { format!("{sign}{digits}") } else { format!("{sign}{digits}.{rest}") };
    serde_json::from_str(&number).unwrap_or_default()
}

/// The schema of an object: its fields with their schemas, and which of them are always there.
pub(crate) fn schema<const N: usize>(fields: [(&str, Value); N], required: &[&str]) -> Value {
    let properties: Map<String, Value> =
        fields.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect();
    json!({"type": "object", "properties": properties, "required": required})
}

/// The schema of a page of a list.
pub(crate) fn page(item: &Value) -> Value {
    let cursor = text("Where the next page begins; absent on the last one");
    schema([("items", json!({"type": "array", "items": item})), ("nextCursor", cursor)], &["items"])
}

/// The schema of text.
pub(crate) fn text(about: &str) -> Value {
    json!({"type": "string", "description": about})
}

/// The schema of a number.
pub(crate) fn number(about: &str) -> Value {
    json!({"type": "number", "description": about})
}

/// The schema of a whole number.
pub(crate) fn whole(about: &str) -> Value {
    json!({"type": "integer", "description": about})
}

/// The schema of yes or no.
pub(crate) fn boolean(about: &str) -> Value {
    json!({"type": "boolean", "description": about})
}

/// The schema of any object.
pub(crate) fn any_object(about: &str) -> Value {
    json!({"type": "object", "description": about})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_moved_by_their_digits() {
        for (decimal, expected) in [
            ("20", "2000"),
            ("19.99", "1999"),
            ("0.6", "60"),
            ("0.625", "62.5"),
            ("0.05", "5"),
            ("0", "0"),
            ("-0.125", "-12.5"),
            ("0.005", "0.5"),
        ] {
            assert_eq!(hundred_times(&decimal.into()).to_string(), expected, "{decimal}");
        }
        assert_eq!(hundred_times(&Value::Null), Value::Null);
    }

    #[test]
    fn names_are_written_as_this_door_writes_them_and_null_is_left_out() {
        let answer = json!({"next_cursor": null, "data": [{"balance_after": 1, "event_id": null}]});
        assert_eq!(camel(&answer), json!({"data": [{"balanceAfter": 1}]}));
    }
}
