//! A CloudEvent, structured and binary: whatever the bytes are, every error is noted and nothing panics, and data that is
//! accepted are properties that read back as they are. The lines before the first empty one are headers, the rest a body.
#![no_main]

use chargly_api::{CloudEvent, Item, Problems, body_text};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let end = bytes.windows(2).position(|two| two == b"\n\n").unwrap_or(bytes.len());
    let (head, body) = (&bytes[..end], bytes.get(end + 2..).unwrap_or_default());
    let Ok(body) = body_text(body) else { return };
    check(CloudEvent::structured(Item::unread(body.trim()), &mut Problems::default()));
    let headers = head.split(|byte| *byte == b'\n').filter_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        Some((std::str::from_utf8(&line[..colon]).ok()?, &line[colon + 1..]))
    });
    check(CloudEvent::binary(headers, body, &mut Problems::default()));
});

fn check(event: Option<CloudEvent<'_>>) {
    let Some(event) = event else { return };
    let (length, rest) = {
        let key = event.key();
        let (length, rest) = key.split_once(' ').expect("a length, then both");
        (length.parse::<usize>().expect("a length"), rest.to_owned())
    };
    assert_eq!(rest.split_at(length), (event.source.as_ref(), event.id.as_ref()), "the key has both in it");
    if let Some(properties) = event.properties() {
        let canonical = properties.expect("data that was accepted are properties").canonical.into_owned();
        let again = format!(
            "{{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"a\",\"type\":\"t\",\"subject\":\"s\",\"data\":{canonical}}}"
        );
        let again =
            CloudEvent::structured(Item::unread(&again), &mut Problems::default()).expect("canonical data");
        assert_eq!(again.properties().expect("data").expect("properties").canonical, canonical);
    }
}
