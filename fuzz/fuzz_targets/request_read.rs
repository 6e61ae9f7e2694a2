//! A request's body read from bytes: whatever they are, every error is noted and nothing panics, and properties that
//! are accepted have one canonical form.
#![no_main]

use chargly_api::{Fields, Problems, Properties, body_text};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(body) = body_text(bytes) else { return };
    let mut problems = Problems::default();
    let Some(mut fields) = Fields::read(body, "", &mut problems) else { return };
    let _ = fields.required("event", &mut problems, |value| value.text().map(|text| text.len()));
    let _ = fields.optional("quantity", &mut problems, |value| value.number().map(str::len));
    let canonical = fields.optional("properties", &mut problems, |value| {
        Properties::read(value).map(|p| p.canonical.to_string())
    });
    fields.finish(&mut problems);
    if let Some(canonical) = canonical {
        let again = format!("{{\"properties\":{canonical}}}");
        let mut problems = Problems::default();
        let mut fields = Fields::read(&again, "", &mut problems).expect("canonical JSON is JSON");
        let read = fields.optional("properties", &mut problems, |value| {
            Properties::read(value).map(|p| p.canonical.to_string())
        });
        assert_eq!(read, Some(canonical), "the canonical form is its own");
    }
});
