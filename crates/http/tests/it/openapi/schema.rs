//! Whether a value is what a schema says, by the keywords that our schemas use. Fields that a schema does not name are
//! refused unless it says that there may be any. Patterns and formats are left to the judge.

use std::sync::LazyLock;

use chargly_openapi::Schema;
use serde_json::Value;

static NAMED: LazyLock<Value> = LazyLock::new(|| {
    let document: Value = serde_json::from_str(chargly_openapi::document()).expect("JSON");
    document["components"]["schemas"].clone()
});

/// Holds a value against a schema; says the first thing that is wrong.
pub(super) fn check(schema: &Schema, value: &Value) -> Result<(), String> {
    let schema: Value = serde_json::from_str(&schema.json().to_string()).expect("JSON");
    at(&schema, value, "")
}

/// Holds a value against a schema that has a name.
pub(super) fn check_named(name: &str, value: &Value) -> Result<(), String> {
    at(&NAMED[name], value, "")
}

fn at(schema: &Value, value: &Value, path: &str) -> Result<(), String> {
    let wrong = |what: String| Err(format!("{path:?} {what}"));
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.rsplit('/').next().unwrap_or_default();
        return at(&NAMED[name], value, path);
    }
    if let Some(choices) = schema["anyOf"].as_array() {
        let told: Vec<String> = choices.iter().filter_map(|choice| at(choice, value, path).err()).collect();
        return if told.len() < choices.len() {
            Ok(())
        } else {
            wrong(format!("is none of: {}", told.join("; or ")))
        };
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => return wrong("has a schema without a type".to_owned()),
    };
    let is_of = |kind: &&str| match (*kind, value) {
        ("null", Value::Null) | ("boolean", Value::Bool(_)) | ("number", Value::Number(_)) => true,
        ("string", Value::String(_)) | ("array", Value::Array(_)) | ("object", Value::Object(_)) => true,
        ("integer", Value::Number(number)) => number.is_i64() || number.is_u64(),
        _ => false,
    };
    if !kinds.iter().any(is_of) {
        return wrong(format!("is {value}, not {}", kinds.join(" or ")));
    }
    if schema["enum"].as_array().is_some_and(|words| !words.contains(value)) {
        return wrong(format!("is {value}, none of {}", schema["enum"]));
    }
    within(schema, value).or_else(wrong)?;
    match value {
        Value::Object(fields) => {
            for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                if !fields.contains_key(name) {
                    return wrong(format!("lacks {name}"));
                }
            }
            for (name, field) in fields {
                let inside = format!("{path}/{name}");
                match (&schema["properties"][name], &schema["additionalProperties"]) {
                    (Value::Null, Value::Bool(true)) => {}
                    (Value::Null, rest) if rest.is_object() => at(rest, field, &inside)?,
                    (Value::Null, _) if schema.get("maxProperties").is_some() => {}
                    (Value::Null, _) => return Err(format!("{inside:?} is not described")),
                    (described, _) => at(described, field, &inside)?,
                }
            }
            Ok(())
        }
        Value::Array(items) => {
            let of = |(index, item)| at(&schema["items"], item, &format!("{path}/{index}"));
            items.iter().enumerate().try_for_each(of)
        }
        _ => Ok(()),
    }
}

/// Whether a value is neither too small nor too large.
fn within(schema: &Value, value: &Value) -> Result<(), String> {
    let size = match value {
        Value::String(text) => Some((text.chars().count(), "Length")),
        Value::Array(items) => Some((items.len(), "Items")),
        Value::Object(fields) => Some((fields.len(), "Properties")),
        _ => None,
    };
    if let Some((size, noun)) = size {
        let bound = |word: &str| schema[format!("{word}{noun}")].as_u64();
        let size = size as u64;
        if bound("min").is_some_and(|least| size < least) || bound("max").is_some_and(|most| size > most) {
            return Err(format!("has {size} {noun}"));
        }
    }
    let Some(number) = value.as_f64() else { return Ok(()) };
    let bound = |word: &str| schema[word].as_f64();
    let is_out = bound("minimum").is_some_and(|least| number < least)
        || bound("maximum").is_some_and(|most| number > most)
        || bound("exclusiveMinimum").is_some_and(|least| number <= least);
    if is_out { Err(format!("is {value}")) } else { Ok(()) }
}
