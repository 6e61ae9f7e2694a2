//! A payload read from bytes: whatever they are, it is refused or it is written the same way again.
#![no_main]

use chargly_ledger::Payload;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(payload) = Payload::decode(bytes) else { return };
    let written = payload.encode();
    let again = Payload::decode(&written).expect("what was written is read");
    assert_eq!(again.encode(), written, "a payload has one form");
});
