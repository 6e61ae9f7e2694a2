//! The product's own names: what a route answers, as the tools of models and the compatibility surface show it, with
//! camelCase fields and without those that have no value.

use serde_json::Value;

use crate::code::ErrorCode;
use crate::problem::Problem;

/// Makes an object of those fields that have a value.
pub fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let known = fields.into_iter().filter(|(_, value)| !value.is_null());
    Value::Object(known.map(|(name, value)| (name.to_owned(), value)).collect())
}

/// A field of the route's answer, by pointer; null where there is none.
pub fn at(answer: &Value, pointer: &str) -> Value {
    answer.pointer(pointer).cloned().unwrap_or_default()
}

/// The price in force, out of an event type: flat and made of costs in two numbers, any other with its whole rule.
///
/// # Errors
/// `no_active_price` where there is none.
pub fn rule(event_type: &Value) -> Result<Value, Problem> {
    let price = &event_type["price"];
    if price.is_null() {
        let event = event_type["name"].as_str().unwrap_or_default();
        let detail = "The event type has no price in force.";
        return Err(Problem::new(ErrorCode::NoActivePrice, detail).text("event", event));
    }
    let rule = &price["rule"];
    let nothing = || Value::from(0);
    let least = || Some(at(rule, "/minimum")).filter(|least| !least.is_null()).unwrap_or_else(nothing);
    let (multiplier, minimum, whole) = match rule["type"].as_str() {
        Some("flat") => (nothing(), at(rule, "/credits"), Value::Null),
        Some("cost_plus") => (as_number(&rule["multiplier"]), least(), Value::Null),
        _ => (nothing(), least(), rule.clone()),
    };
    Ok(object([
        ("id", at(price, "/id")),
        ("feature", at(event_type, "/name")),
        ("multiplier", multiplier),
        ("minimumCredits", minimum),
        ("enabled", (event_type["archived"] != Value::Bool(true)).into()),
        ("version", at(price, "/version")),
        ("rule", whole),
        ("inWords", at(price, "/in_words")),
    ]))
}

/// One piece of advice.
pub fn recommendation(answer: &Value) -> Value {
    object([
        ("id", at(answer, "/id")),
        ("feature", at(answer, "/event")),
        ("currentCredits", at(answer, "/current_credits")),
        ("recommendedCredits", at(answer, "/recommended_credits")),
        ("reason", at(answer, "/reason")),
        ("confidence", at(answer, "/confidence")),
        ("estimatedLift", at(answer, "/estimated_lift")),
        ("versionFrom", at(answer, "/version_from")),
        ("versionTo", at(answer, "/version_to")),
        ("status", at(answer, "/status")),
    ])
}

/// Why one piece of advice is given.
pub fn explanation(answer: &Value) -> Value {
    let versions = &answer["version_transition"];
    object([
        ("recommendationId", at(answer, "/id")),
        ("reason", at(answer, "/reason")),
        ("confidence", at(answer, "/confidence")),
        ("targetMarginPercent", hundred_times(&answer["target_margin"])),
        ("estimatedMarginPercent", hundred_times(&answer["estimated_margin"])),
        ("providerCostContext", at(answer, "/cost_context")),
        ("versionTransition", object([("from", at(versions, "/from")), ("to", at(versions, "/to"))])),
    ])
}

/// What was decided about one piece of advice.
pub fn decided(answer: &Value) -> Value {
    object([
        ("success", true.into()),
        ("recommendationId", at(answer, "/id")),
        ("status", at(answer, "/status")),
        ("newVersion", at(answer, "/version")),
    ])
}

/// A decimal that the route writes as text, times a hundred, as a number: a share as per cent, an amount as cents. Moved
/// by its digits, since a product of doubles has digits of its own.
pub fn hundred_times(decimal: &Value) -> Value {
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

/// A decimal that the route writes as text.
fn as_number(decimal: &Value) -> Value {
    decimal.as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_else(|| decimal.clone())
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
}
