//! From flags or a TOML file to the request that a server takes.

use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use chargly_engine::{Clock as _, SystemClock};
use serde_json::{Map, Value, json};

use super::SimulateArgs;
use crate::data_dir::time_text;
use crate::failure::Usage;

/// The body of `POST /v1/price-simulations`. What is on the command line goes before what is in the file.
///
/// # Errors
/// [`Usage`] where nothing is proposed, or both a file and flags propose something; if the file cannot be read.
pub(super) fn request(args: &SimulateArgs) -> Result<Value> {
    let mut body = match (&args.file, &args.event, &args.credits) {
        (Some(file), None, None) => in_file(file)?,
        (None, Some(event), Some(credits)) => {
            let credits: Value =
                serde_json::from_str(credits).map_err(|_| Usage("--credits: must be a number".to_owned()))?;
            let rule = json!({"type": "flat", "credits": credits});
            [("rules".to_owned(), json!([{"event": event, "rule": rule}]))].into_iter().collect()
        }
        (None, None, None) => bail!(Usage("give a file with rules, or --event with --credits".to_owned())),
        _ => bail!(Usage("give either a file with rules, or --event with --credits".to_owned())),
    };
    body.entry("rules").or_insert_with(|| json!([]));
    let mut set = |name: &str, value: Option<Value>| {
        value.map(|value| body.insert(name.to_owned(), value));
    };
    set("from", args.from.as_deref().map(instant));
    set("to", args.to.as_deref().map(instant));
    set("modes", args.modes.as_ref().map(|modes| json!(modes)));
    set("draws", args.draws.map(|draws| json!(draws)));
    set("seed", args.seed.map(|seed| json!(seed)));
    if !body.contains_key("from") {
        bail!(Usage("give --from, or from in the file".to_owned()));
    }
    body.entry("to").or_insert_with(|| json!(time_text(SystemClock::start().wall_ms())));
    Ok(Value::Object(body))
}

fn in_file(file: &Path) -> Result<Map<String, Value>> {
    let text = std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    let table: toml::Table = text.parse().with_context(|| format!("reading {}", file.display()))?;
    let body = in_json(toml::Value::Table(table)).with_context(|| format!("reading {}", file.display()))?;
    let mut body = match body {
        Value::Object(body) => body,
        _ => Map::new(),
    };
    for name in ["from", "to"] {
        if let Some(Value::String(when)) = body.get(name) {
            let when = instant(when);
            body.insert(name.to_owned(), when);
        }
    }
    Ok(body)
}

/// A day is its first instant.
fn instant(when: &str) -> Value {
    let is_a_day = when.len() == "2026-10-01".len();
    Value::String(if is_a_day { format!("{when}T00:00:00Z") } else { when.to_owned() })
}

/// Digits of a decimal that TOML's numbers keep as they were written.
const DIGITS_KEPT: usize = 15;

/// TOML as JSON. A decimal is written with as many digits as tell it apart, which are those that were written, up to
/// [`DIGITS_KEPT`]; one with more is refused, as it may have been changed already.
fn in_json(value: toml::Value) -> Result<Value> {
    Ok(match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => json!(number),
        toml::Value::Float(number) => {
            let digits = number.to_string().bytes().filter(u8::is_ascii_digit).count();
            ensure!(digits <= DIGITS_KEPT, "{number} has more than {DIGITS_KEPT} digits");
            json!(number)
        }
        toml::Value::Boolean(is) => Value::Bool(is),
        toml::Value::Datetime(when) => Value::String(when.to_string()),
        toml::Value::Array(list) => list.into_iter().map(in_json).collect::<Result<_>>()?,
        toml::Value::Table(table) => {
            let field = |(name, value)| Ok((name, in_json(value)?));
            Value::Object(table.into_iter().map(field).collect::<Result<_>>()?)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_that_may_have_been_changed_is_refused() {
        let read = |text: &str| in_json(toml::Value::Table(text.parse().expect("TOML")));
        let kept = read("credits = 4000000000.123456").expect_err("16 digits");
        assert!(kept.to_string().contains("15 digits"), "{kept}");
        assert_eq!(
            read("credits = 40000000.123456").expect("14 digits")["credits"].to_string(),
            "40000000.123456"
        );
    }

    #[test]
    fn a_file_says_the_same_as_a_request() {
        let text = "
            from = 2026-10-01
            to = \"2026-11-01T06:00:00Z\"
            [[rules]]
            event = \"image.generate\"
            rule = { type = \"per_unit\", credits = 0.25 }
        ";
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("prices.toml");
        std::fs::write(&file, text).expect("written");
        let body = Value::Object(in_file(&file).expect("read"));
        let rules = json!([{"event": "image.generate", "rule": {"type": "per_unit", "credits": 0.25}}]);
        assert_eq!(
            body,
            json!({"from": "2026-10-01T00:00:00Z", "to": "2026-11-01T06:00:00Z", "rules": rules})
        );
    }
}
