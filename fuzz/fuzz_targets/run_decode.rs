//! A run read from bytes: whatever they are, every answer is one or is refused.
//!
//! Checksums are made good first; a fuzzer would not get past them.
#![no_main]

use chargly_index::{Posting, RUN_PAGE_BYTES, Run, RunLength};
use chargly_ledger::{EventTypeNo, KeyHash, WalletNo};
use libfuzzer_sys::fuzz_target;

/// Facts of the run: few, so that small inputs hold a whole one.
const FACTS: u32 = 64;

fuzz_target!(|bytes: &[u8]| {
    // Pages come compressed, since the fuzzer's inputs are small: 128 bytes of each, the rest is zero.
    let mut image = Vec::new();
    for (page_no, input) in bytes.chunks(128).enumerate() {
        let mut page = [0; RUN_PAGE_BYTES];
        page[..input.len()].copy_from_slice(input);
        if page_no == 0 {
            // What no input would hit upon.
            page[..8].copy_from_slice(b"chrg.run");
            page[8..20].copy_from_slice(&[1, 0, 0, 0, 0, 0, 0, 0, 64, 0, 0, 0]);
        }
        // Run 0 in every page; the number of the page after it.
        page[4_092..].copy_from_slice(&u32::try_from(page_no).unwrap().to_le_bytes());
        let hash = blake3::hash(&page);
        page[4_088..].copy_from_slice(&hash.as_bytes()[..8]);
        image.extend_from_slice(&page);
    }
    let Ok(run) = Run::decode(image, 0, RunLength::new(FACTS).unwrap()) else { return };
    let is_sound = run.verify().is_ok();
    let mut keys = Vec::new();
    let read = run.each_key(|prefix, offset| keys.push((prefix, offset)));
    assert!(read.is_ok() || !is_sound);
    for (prefix, offset) in keys {
        let mut key = KeyHash([0; 16]);
        key.0[..8].copy_from_slice(&prefix.to_le_bytes());
        let found = run.find(key);
        assert!(!is_sound || found.unwrap().iter().any(|position| position.0 == u64::from(offset)));
    }
    let lists = (0..8).flat_map(|n| [Posting::Wallet(WalletNo(n)), Posting::EventType(EventTypeNo(n))]);
    for list in lists.chain([Posting::Audited]) {
        let offsets = run.postings(list);
        assert!(offsets.is_ok() || !is_sound);
        let offsets = offsets.unwrap_or_default();
        assert!(offsets.is_sorted() && offsets.iter().all(|offset| *offset < FACTS));
    }
});
