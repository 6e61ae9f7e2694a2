//! A run that does not have the bytes that were written is an error, never a wrong answer.

use std::collections::BTreeSet;

use chargly_index::{Posting, RUN_PAGE_BYTES, Run, RunError};
use chargly_ledger::{EventTypeNo, WalletNo};

use crate::world::{CHAIN_HASH, Sample, built, length, positions, postings, samples};

const FACTS: u32 = 600;

fn image(samples: &[Sample]) -> Vec<u8> {
    built(1, length(FACTS), samples).encode(CHAIN_HASH).unwrap()
}

fn open(bytes: &[u8]) -> Result<Run, RunError> {
    Run::decode(bytes.to_vec(), 1, length(FACTS))
}

#[test]
fn any_flipped_byte_is_found_and_no_answer_is_wrong() {
    let samples = samples(3, FACTS, 40);
    let whole = image(&samples);
    let lists: Vec<Posting> = (0..121)
        .map(|wallet| Posting::Wallet(WalletNo(wallet)))
        .chain((0..6).map(|event_type| Posting::EventType(EventTypeNo(event_type))))
        .chain([Posting::Audited])
        .collect();
    let mut noticed_by = BTreeSet::new();
    // A prime, so that every place of a page is met; in full it is minutes of hashing in a debug build.
    for at in (0..whole.len()).step_by(7) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        let Ok(run) = open(&bytes) else {
            noticed_by.insert("open");
            continue;
        };
        assert!(run.verify().is_err(), "byte {at} of page {} goes unnoticed", at / RUN_PAGE_BYTES);
        noticed_by.insert("verify");
        // Answers from other pages may still be given; they must be right.
        if at % (7 * 61) != 0 {
            continue;
        }
        for key in samples.iter().filter_map(|sample| sample.key) {
            match run.find(key) {
                Ok(found) => assert_eq!(found.to_vec(), positions(&samples, run.first(), key)),
                Err(_) => _ = noticed_by.insert("find"),
            }
        }
        for list in &lists {
            match run.postings(*list) {
                Ok(found) => assert_eq!(found, postings(&samples, *list)),
                Err(_) => _ = noticed_by.insert("postings"),
            }
        }
    }
    assert_eq!(noticed_by, BTreeSet::from(["find", "open", "postings", "verify"]));
}

#[test]
fn a_truncated_or_grown_file_is_damaged() {
    let whole = image(&samples(3, FACTS, 40));
    let pages = whole.len() / RUN_PAGE_BYTES;
    for bytes in [0, 1, 11, 4_095, 4_096, (pages - 1) * RUN_PAGE_BYTES, whole.len() - 1] {
        let opened = open(&whole[..bytes]);
        assert!(matches!(opened, Err(RunError::Damaged { number: 1, .. })), "{bytes} bytes: {opened:?}");
    }
    let grown = [&whole[..], &[0; RUN_PAGE_BYTES]].concat();
    assert!(matches!(open(&grown), Err(RunError::Damaged { .. })));
}

#[test]
fn pages_that_changed_places_are_found() {
    let samples = samples(3, FACTS, 40);
    let mut bytes = image(&samples);
    // The keys begin on the third page, after header and fences, and have two.
    let (front, back) = bytes.split_at_mut(3 * RUN_PAGE_BYTES);
    front[2 * RUN_PAGE_BYTES..].swap_with_slice(&mut back[..RUN_PAGE_BYTES]);
    let run = open(&bytes).unwrap();
    assert!(matches!(run.verify(), Err(RunError::Damaged { .. })));
    let key = samples.iter().find_map(|sample| sample.key).unwrap();
    assert!(matches!(run.find(key), Err(RunError::Damaged { .. })));
}

/// A page with the checksum that the format asks for, computed here from its description.
fn reseal(bytes: &mut [u8], page_no: u32) {
    let number = <[u8; 4]>::try_from(&bytes[12..16]).unwrap();
    let page = &mut bytes[page_no as usize * RUN_PAGE_BYTES..][..RUN_PAGE_BYTES];
    page[4_088..4_092].copy_from_slice(&number);
    page[4_092..].copy_from_slice(&page_no.to_le_bytes());
    let hash = blake3::hash(page);
    page[4_088..].copy_from_slice(&hash.as_bytes()[..8]);
}

#[test]
fn a_newer_format_is_refused_by_its_number() {
    let mut bytes = image(&samples(3, FACTS, 40));
    reseal(&mut bytes, 0);
    open(&bytes).expect("the checksum is the one that the format describes");
    bytes[8] = 2;
    reseal(&mut bytes, 0);
    assert!(matches!(open(&bytes), Err(RunError::NewerFormat { number: 1, format: 2 })));
}

#[test]
fn a_run_of_another_number_or_length_is_refused() {
    let bytes = image(&samples(3, FACTS, 40));
    let other = Run::decode(bytes.clone(), 2, length(FACTS));
    assert!(matches!(other, Err(RunError::Other { number: 2, what: "number", found: 1, expected: 2 })));
    let other = Run::decode(bytes, 1, length(FACTS + 1));
    assert!(matches!(other, Err(RunError::Other { what: "facts", found: 600, expected: 601, .. })));
}

#[test]
fn counts_that_cannot_be_are_refused_with_a_good_checksum() {
    let whole = image(&samples(3, FACTS, 40));
    for field in (20..44).step_by(4) {
        let mut bytes = whole.clone();
        bytes[field..field + 4].copy_from_slice(&u32::MAX.to_le_bytes());
        reseal(&mut bytes, 0);
        assert!(matches!(open(&bytes), Err(RunError::Damaged { .. })), "field at {field}");
    }
}

#[test]
fn what_is_searched_must_be_sorted_even_with_good_checksums() {
    let whole = image(&samples(3, FACTS, 40));
    // Exchanges the first two items of each section that has an order.
    for (page_no, item_bytes) in [(2, 12), (4, 8), (6, 8)] {
        let mut bytes = whole.clone();
        let page = &mut bytes[page_no * RUN_PAGE_BYTES..];
        let (first, second) = page[..2 * item_bytes].split_at_mut(item_bytes);
        first.swap_with_slice(second);
        reseal(&mut bytes, u32::try_from(page_no).unwrap());
        let verified = open(&bytes).unwrap().verify();
        assert!(matches!(verified, Err(RunError::Damaged { .. })), "page {page_no}: {verified:?}");
    }
}
