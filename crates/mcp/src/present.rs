//! What presenters share: fields of a route's answer, and schemas of what is made of them.
//!
//! A field that has no value is left out, since many clients of models know no types with null.

pub(crate) use chargly_api::product::{at, hundred_times, object};
use serde_json::{Map, Value, json};

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
    fn names_are_written_as_this_door_writes_them_and_null_is_left_out() {
        let answer = json!({"next_cursor": null, "data": [{"balance_after": 1, "event_id": null}]});
        assert_eq!(camel(&answer), json!({"data": [{"balanceAfter": 1}]}));
    }
}
