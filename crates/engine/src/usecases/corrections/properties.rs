//! An event's properties as a price rule sees them, read back from its payload.

use std::collections::HashMap;

use chargly_ledger::{PriceInputs, PropertyValue};
use compact_str::CompactString;
use serde_json::value::RawValue;

/// Those of the properties that a rule looks at. They were checked and brought into canonical form when they came in;
/// numbers are read from their own text, exactly.
pub(super) fn inputs_of<'n>(
    canonical: Option<&str>,
    names: impl Iterator<Item = &'n CompactString>,
) -> PriceInputs {
    let all: HashMap<String, &RawValue> =
        canonical.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let mut inputs = PriceInputs::new();
    for name in names {
        if inputs.iter().any(|(known, _)| known == name) {
            continue;
        }
        if let Some(raw) = all.get(name.as_str()).map(|raw| raw.get()).filter(|raw| *raw != "null") {
            inputs.push((name.clone(), seen_by_prices(raw)));
        }
    }
    inputs
}

fn seen_by_prices(raw: &str) -> PropertyValue {
    if raw.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
        return PropertyValue::number(raw);
    }
    match raw {
        "true" | "false" => PropertyValue::Text(raw.into()),
        // Objects and lists have no text that a condition could ask for.
        _ => PropertyValue::Text(serde_json::from_str::<String>(raw).unwrap_or_default().into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chargly_ledger::Quantity;

    #[test]
    fn properties_are_read_back_exactly() {
        let text = r#"{"a\"b":2.50,"model":"gpt","none":null,"tokens":812,"zero":0}"#;
        let names = ["tokens", "a\"b", "model", "none", "missing"].map(CompactString::from);
        let inputs = inputs_of(Some(text), names.iter());
        let number = |text| PropertyValue::Number(Quantity::parse(text).expect("a quantity"));
        let expected = [
            ("tokens".into(), number("812")),
            ("a\"b".into(), number("2.5")),
            ("model".into(), PropertyValue::Text("gpt".into())),
        ];
        assert_eq!(inputs.as_slice(), expected);
        let zero = inputs_of(Some(text), ["zero".into()].iter());
        assert!(matches!(zero[0].1, PropertyValue::BadNumber(_)));
        assert!(inputs_of(None, names.iter()).is_empty());
    }
}
