//! From the arguments of a tool to a call of its route, and back from the route's names of fields to the tool's.
//!
//! What a value may be is the route's to say. Here is refused what would not reach it as it was meant: an unknown name,
//! a missing argument, another type, a number that a double cannot carry. All of it at once, by name.

use chargly_api::{Problem, Problems, limits, nearest};
use serde_json::{Map, Value};

use crate::api::{ApiRequest, Nonce};
use crate::tool::{Field, Shape, To, Tool, WithoutKey};

/// Digits of a number that come through a double unchanged, whatever they are.
const DIGITS_MAX: usize = 15;

/// What is sent to the route, and what is still needed when it answers.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) request: ApiRequest,
    /// The idempotency key, the caller's or ours.
    pub(crate) key: Option<String>,
}

/// Reads the arguments of a tool. A key that is missing is made of `nonce`.
///
/// # Errors
/// `invalid_request`, with everything that is wrong.
pub(crate) fn read(tool: &Tool, args: &Map<String, Value>, nonce: Nonce) -> Result<Sent, Problem> {
    let mut problems = Problems::default();
    for name in args.keys().filter(|name| tool.fields.iter().all(|field| field.name != name.as_str())) {
        let known = tool.fields.iter().map(|field| field.name);
        let problem = match nearest(name, known) {
            Some(near) => format!("is not an argument of this tool; did you mean {near:?}?"),
            None => "is not an argument of this tool".to_owned(),
        };
        problems.add(name, problem);
    }
    let mut target = tool.path.to_owned();
    let (mut query, mut body, mut key) = (Vec::new(), Map::new(), None);
    for field in tool.fields {
        let given = args.get(field.name).filter(|value| !value.is_null());
        let value = match (given, field.shape) {
            (None, Shape::Key(without)) => Some(Value::String(stand_in(without, args, nonce))),
            (None, _) => None,
            (Some(value), _) => Some(value.clone()),
        };
        let Some(value) = value else {
            if field.required {
                problems.add(field.name, "is required".to_owned());
            }
            continue;
        };
        let empty = matches!(field.to, To::Path(_)) && value == Value::String(String::new());
        let checked = if empty { Err("must not be empty".to_owned()) } else { check(field.shape, &value) };
        if let Err(problem) = checked {
            problems.add(field.name, problem);
            continue;
        }
        if matches!(field.shape, Shape::Key(_)) {
            key = value.as_str().map(str::to_owned);
        }
        match field.to {
            To::Path(name) => target = target.replace(&format!("{{{name}}}"), &encoded(&as_text(&value))),
            To::Query(name) => query.push(format!("{name}={}", encoded(&as_text(&value)))),
            To::Body(name) => {
                body.insert(name.to_owned(), value);
            }
        }
    }
    problems.check()?;
    if !query.is_empty() {
        target = format!("{target}?{}", query.join("&"));
    }
    let body = if tool.method == "GET" { String::new() } else { Value::Object(body).to_string() };
    Ok(Sent { request: ApiRequest { method: tool.method, target, body }, key })
}

/// Puts the tool's names in the place of the route's in what the route found wrong.
pub(crate) fn rename_fields(tool: &Tool, problem: &mut Map<String, Value>) {
    let Some(Value::Array(errors)) = problem.get_mut("errors") else { return };
    let mut renamed = Vec::new();
    for error in errors {
        let Some(Value::String(path)) = error.get_mut("field") else { continue };
        let end = path.find(['.', '[']).unwrap_or(path.len());
        if let Some(field) = tool.fields.iter().find(|field: &&Field| field.to.name() == &path[..end]) {
            let named = format!("{}{}", field.name, &path[end..]);
            renamed.push((path.clone(), named.clone()));
            *path = named;
        }
    }
    // The sentence about a single field begins with its name.
    if let ([(from, to)], Some(Value::String(detail))) = (renamed.as_slice(), problem.get_mut("detail"))
        && let Some(rest) = detail.strip_prefix(from.as_str())
    {
        *detail = format!("{to}{rest}");
    }
}

/// The key of a call that came without one. Never made of the message's own id, which repeats from one session to the
/// next, so that another session's call would be taken for this one.
fn stand_in(without: WithoutKey, args: &Map<String, Value>, nonce: Nonce) -> String {
    let hold = args.get("holdId").and_then(Value::as_str);
    let is_step = args.get("final") == Some(&Value::Bool(false));
    match (without, hold) {
        (WithoutKey::TheHold, Some(hold)) if !is_step => hold.to_owned(),
        _ => nonce().iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}

fn check(shape: Shape, value: &Value) -> Result<(), String> {
    let must = |what: &str| Err(format!("must be {what}, not {}", kind(value)));
    match (shape, value) {
        (Shape::Text(_) | Shape::Event | Shape::Time | Shape::Word(_) | Shape::Key(_), Value::String(_)) => {
            Ok(())
        }
        (Shape::Text(_) | Shape::Event | Shape::Time | Shape::Word(_) | Shape::Key(_), _) => must("a string"),
        (Shape::Amount | Shape::Credits, Value::Number(number)) => {
            let digits = number.to_string().bytes().filter(u8::is_ascii_digit).count();
            if number.is_f64() && digits > DIGITS_MAX {
                return Err(format!("must have at most {DIGITS_MAX} digits"));
            }
            Ok(())
        }
        (Shape::Amount | Shape::Credits, _) => must("a number"),
        (Shape::Whole(least, most), value) => match value.as_u64() {
            Some(whole) if (least..=most).contains(&whole) => Ok(()),
            _ => Err(format!("must be a whole number from {least} to {most}")),
        },
        (Shape::Boolean, Value::Bool(_)) | (Shape::Object, Value::Object(_)) => Ok(()),
        (Shape::Boolean, _) => must("true or false"),
        (Shape::Object, _) => must("an object"),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn as_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Percent-encoded, so that it is one segment of a path or one value of a query.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_~.".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// The JSON schema of a tool's arguments.
pub(crate) fn schema(tool: &Tool) -> Map<String, Value> {
    let mut properties = Map::new();
    for field in tool.fields {
        let mut one = shape_schema(field.shape);
        one.insert("description".to_owned(), field.about.into());
        properties.insert(field.name.to_owned(), Value::Object(one));
    }
    let required: Vec<&str> =
        tool.fields.iter().filter(|field| field.required).map(|field| field.name).collect();
    let mut schema = Map::new();
    schema.insert("type".to_owned(), "object".into());
    schema.insert("properties".to_owned(), Value::Object(properties));
    schema.insert("required".to_owned(), required.into());
    schema.insert("additionalProperties".to_owned(), false.into());
    schema
}

fn shape_schema(shape: Shape) -> Map<String, Value> {
    let schema = match shape {
        Shape::Text(max) => serde_json::json!({"type": "string", "minLength": 1, "maxLength": max}),
        Shape::Event => serde_json::json!({
            "type": "string",
            "pattern": "^[a-z0-9_]+(\\.[a-z0-9_]+)*$",
            "maxLength": limits::EVENT_NAME_BYTES_MAX,
        }),
        Shape::Time => serde_json::json!({"type": "string", "minLength": 1}),
        Shape::Word(words) => serde_json::json!({"type": "string", "enum": words}),
        Shape::Amount => serde_json::json!({"type": "number", "exclusiveMinimum": 0}),
        Shape::Credits => serde_json::json!({"type": "number", "minimum": 0}),
        Shape::Whole(least, most) => {
            serde_json::json!({"type": "integer", "minimum": least, "maximum": most})
        }
        Shape::Boolean => serde_json::json!({"type": "boolean"}),
        Shape::Object => serde_json::json!({
            "type": "object",
            "maxProperties": limits::PROPERTIES_KEYS_MAX,
        }),
        Shape::Key(_) => serde_json::json!({
            "type": "string",
            "pattern": "^[!-~]+$",
            "minLength": 1,
            "maxLength": limits::IDEMPOTENCY_KEY_BYTES_MAX,
        }),
    };
    match schema {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
