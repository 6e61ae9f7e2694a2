//! A fact read from bytes: whatever they are, it is refused or it is a fact that is written the same way again.
//!
//! Bytes need not come back as they were (a number may have had a longer encoding), but what was read must.
#![no_main]

use chargly_ledger::Fact;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(fact) = Fact::decode(bytes) else { return };
    let written = fact.encode();
    let again = Fact::decode(&written).expect("what was written is read");
    assert_eq!(again.encode(), written, "a fact has one form");
});
