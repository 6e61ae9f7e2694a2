//! A chunk read from bytes: whatever they are, it is refused, or its entries can be walked and its hash be checked.
#![no_main]

use chargly_journal::{decode_chunk, encode_chunk};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(chunk) = decode_chunk(bytes) else { return };
    assert_eq!(chunk.entries().count(), chunk.len());
    let _ = chunk.verify();
    let mut written = Vec::new();
    encode_chunk(&chunk, &mut written);
    assert_eq!(decode_chunk(&written).expect("what was written is read"), chunk);
});
