//! The properties that a proposed rule looks at, out of the payload of an event. Only read where a rule asks.

use std::collections::BTreeMap;

use chargly_ledger::{Payload, PriceInputs, PropertyValue, Quantity};
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
    names.filter_map(|name| Some((name.clone(), value_of(known.get(name.as_str())?.get())))).collect()
}

fn value_of(json: &str) -> PropertyValue {
    if !json.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
        return PropertyValue::NotANumber;
    }
    Quantity::parse(json).map_or_else(PropertyValue::BadNumber, PropertyValue::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_are_read_from_the_payload_as_a_price_sees_them() {
        let properties = Some(r#"{"a\"b":7,"n":12.5,"s":"large","z":0}"#.into());
        let payload = Payload { properties, ..Payload::default() }.encode();
        let names: Vec<CompactString> = ["n", "s", "z", "a\"b", "missing"].map(Into::into).to_vec();
        let inputs = inputs_of(Some(&payload), names.iter());
        let number = |text| PropertyValue::Number(Quantity::parse(text).expect("a quantity"));
        assert_eq!(inputs.len(), 4, "what is missing is left out");
        assert_eq!(inputs[0], ("n".into(), number("12.5")));
        assert_eq!(inputs[1], ("s".into(), PropertyValue::NotANumber));
        assert!(matches!(inputs[2].1, PropertyValue::BadNumber(_)), "zero is not counted");
        assert_eq!(inputs[3], ("a\"b".into(), number("7")));
        assert!(inputs_of(None, names.iter()).is_empty(), "an erased payload has none");
    }
}
