//! The properties that a proposed rule looks at, out of the payload of an event. Only read where a rule asks.

use std::collections::BTreeMap;

use chargly_ledger::{Payload, PriceInputs, PropertyValue};
use compact_str::CompactString;
use serde_json::value::RawValue;

/// The named properties of the event with this payload, as a price rule sees them. What is not there is left out.
pub(crate) fn inputs_of<'n>(
    payload: Option<&[u8]>,
    names: impl Iterator<Item = &'n CompactString>,
) -> PriceInputs {
    let payload = payload.and_then(|bytes| Payload::decode(bytes).ok());
    let Some(properties) = payload.and_then(|payload| payload.properties) else { return PriceInputs::new() };
    // They were valid JSON when they were recorded.
    let known: BTreeMap<String, &RawValue> = serde_json::from_str(&properties).unwrap_or_default();
    let mut inputs = PriceInputs::new();
    for name in names {
        // A rule may look at one property in many rows.
        let is_new = inputs.iter().all(|(read, _)| read != name);
        if let Some(json) = known.get(name.as_str()).filter(|_| is_new) {
            inputs.push((name.clone(), value_of(json.get())));
        }
    }
    inputs
}

fn value_of(json: &str) -> PropertyValue {
    match json.as_bytes().first() {
        Some(b'-' | b'0'..=b'9') => PropertyValue::number(json),
        Some(b'"') => PropertyValue::Text(serde_json::from_str::<String>(json).unwrap_or_default().into()),
        _ => PropertyValue::Text(json.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chargly_ledger::Quantity;

    #[test]
    fn properties_are_read_from_the_payload_as_a_price_sees_them() {
        let properties = Some(r#"{"a\"b":7,"n":12.5,"s":"large","z":0}"#.into());
        let payload = Payload { properties, ..Payload::default() }.encode();
        let names: Vec<CompactString> = ["n", "s", "z", "a\"b", "missing"].map(Into::into).to_vec();
        let inputs = inputs_of(Some(&payload), names.iter());
        let number = |text| PropertyValue::Number(Quantity::parse(text).expect("a quantity"));
        assert_eq!(inputs.len(), 4, "what is missing is left out");
        assert_eq!(inputs[0], ("n".into(), number("12.5")));
        assert_eq!(inputs[1], ("s".into(), PropertyValue::Text("large".into())));
        assert!(matches!(inputs[2].1, PropertyValue::BadNumber(_)), "zero is not counted");
        assert_eq!(inputs[3], ("a\"b".into(), number("7")));
        assert!(inputs_of(None, names.iter()).is_empty(), "an erased payload has none");
    }
}
