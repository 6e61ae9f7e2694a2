//! A sealed run says what its builder said, and what a naive model says.

use chargly_index::{BLOCK_FACTS, Posting, Run, RunBuilder, RunError};
use chargly_ledger::{EventTypeNo, KeyHash, Position, WalletNo};
use proptest::prelude::*;

use crate::world::{CHAIN_HASH, Sample, blocks, built, length, positions, postings, samples};

fn sealed(builder: &RunBuilder) -> Run {
    let bytes = builder.encode(CHAIN_HASH).expect("it is full");
    Run::decode(bytes, builder.number(), builder.length()).expect("it is whole")
}

fn every_posting(wallets: u32) -> Vec<Posting> {
    let wallets = (0..wallets * 3 + 2).map(|wallet| Posting::Wallet(WalletNo(wallet)));
    let event_types = (0..7).map(|event_type| Posting::EventType(EventTypeNo(event_type)));
    wallets.chain(event_types).chain([Posting::Audited]).collect()
}

fn check(number: u32, samples: &[Sample], wallets: u32) {
    let length = length(u32::try_from(samples.len()).unwrap());
    let builder = built(number, length, samples);
    let run = sealed(&builder);
    run.verify().unwrap();
    assert_eq!(builder.compare(&run).unwrap(), None);
    // The model takes a pass over all facts for each answer: of many answers, a few hundred are enough.
    let postings_asked = every_posting(wallets);
    let stride = postings_asked.len().div_ceil(300);
    for posting in postings_asked.into_iter().rev().step_by(stride) {
        let expected = postings(samples, posting);
        assert_eq!(builder.postings(posting), expected, "{posting:?} in memory");
        assert_eq!(run.postings(posting).unwrap(), expected, "{posting:?} sealed");
    }
    let blocks = blocks(samples, BLOCK_FACTS);
    assert_eq!(builder.blocks(), blocks);
    assert_eq!(run.blocks(), blocks);
    let stride = samples.len().div_ceil(300);
    for key in samples.iter().step_by(stride).filter_map(|sample| sample.key) {
        assert_eq!(run.find(key).unwrap().to_vec(), positions(samples, run.first(), key));
        let mut foreign = key;
        foreign.0[0] ^= 1;
        assert_eq!(run.find(foreign).unwrap().to_vec(), positions(samples, run.first(), foreign));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_run_and_its_builder_say_what_the_facts_say(
        seed in any::<u64>(), number in 0..5u32, facts in 1..1_500u32, wallets in 1..80u32, clash_bits in 1..64u32,
    ) {
        let mut samples = samples(seed, facts, wallets);
        // Few bits of the prefix differ, so that many keys share one, and one prefix fills more than a page.
        let mask = u64::MAX >> clash_bits;
        for sample in &mut samples {
            if let Some(key) = &mut sample.key {
                let prefix = u64::from_le_bytes(key.0[..8].try_into().unwrap()) & !mask;
                key.0[..8].copy_from_slice(&prefix.to_le_bytes());
                set_key(sample);
            }
        }
        check(number, &samples, wallets);
    }
}

fn set_key(sample: &mut Sample) {
    let key = sample.key;
    match &mut sample.fact {
        chargly_ledger::Fact::Wallet(fact) => fact.header.origin.key = key,
        chargly_ledger::Fact::Catalogue(fact) => fact.origin.key = key,
        chargly_ledger::Fact::BatchAccepted { origin, .. } => origin.key = key,
        _ => {}
    }
}

#[test]
fn a_run_of_many_pages_and_blocks_says_what_the_facts_say() {
    check(3, &samples(1, 3 * BLOCK_FACTS + 1, 1_100), 1_100);
}

#[test]
fn a_run_of_one_fact_without_a_key_holds_no_key() {
    let mut samples = samples(1, 1, 1);
    samples[0].key = None;
    set_key(&mut samples[0]);
    check(0, &samples, 1);
    let run = sealed(&built(0, length(1), &samples));
    assert_eq!(run.keys(), 0);
    assert!(run.find(KeyHash([0; 16])).unwrap().is_empty());
    assert!(run.find(KeyHash([255; 16])).unwrap().is_empty());
}

#[test]
fn a_key_bound_by_every_fact_of_many_pages_is_found_at_each() {
    let mut samples = samples(5, 1_000, 4);
    for sample in &mut samples {
        sample.key = Some(KeyHash([9; 16]));
        set_key(sample);
    }
    let run = sealed(&built(2, length(1_000), &samples));
    let expected: Vec<Position> = (2_000..3_000).map(Position).collect();
    assert_eq!(run.find(KeyHash([9; 16])).unwrap().to_vec(), expected);
}

#[test]
fn the_same_facts_seal_to_the_same_bytes() {
    let samples = samples(6, 500, 20);
    let encode = || built(1, length(500), &samples).encode(CHAIN_HASH).unwrap();
    assert_eq!(encode(), encode());
}

#[test]
fn a_run_that_is_not_full_is_not_sealed() {
    let builder = built(0, length(500), &samples(6, 499, 20));
    let refused = builder.encode(CHAIN_HASH);
    assert!(matches!(refused, Err(RunError::NotFull { number: 0, facts: 499 })), "{refused:?}");
}

#[test]
#[should_panic(expected = "8 is not the next fact")]
fn a_fact_out_of_order_is_not_taken() {
    let samples = samples(6, 7, 2);
    let mut builder = built(0, length(64), &samples);
    builder.add(Position(8), samples[0].at, &samples[0].fact);
}

#[test]
fn a_run_that_says_something_else_than_the_facts_is_told_apart() {
    let facts = samples(6, 500, 20);
    let run = sealed(&built(0, length(500), &facts));
    let differs = |change: &dyn Fn(&mut Sample)| {
        // A metered event with a key, of a wallet that has others.
        let at = facts.iter().rposition(|s| s.key.is_some() && s.event.is_some() && !s.is_audited).unwrap();
        let mut changed = facts.clone();
        change(&mut changed[at]);
        built(0, length(500), &changed).compare(&run).unwrap().unwrap_or_default()
    };
    let key = differs(&|sample| {
        sample.key = sample.key.map(|key| KeyHash(key.0.map(|byte| !byte)));
        set_key(sample);
    });
    assert!(key.contains("of its keys is not"), "{key}");
    let no_key = differs(&|sample| {
        sample.key = None;
        set_key(sample);
    });
    assert!(no_key.contains("the size of its keys"), "{no_key}");
    let wallet = differs(&|sample| {
        let chargly_ledger::Fact::Wallet(fact) = &mut sample.fact else { unreachable!("an event") };
        fact.header.wallet.0 = if fact.header.wallet.0 == 0 { 3 } else { 0 };
    });
    assert!(wallet.contains("wallet"), "{wallet}");
    let time = differs(&|sample| sample.at.0 += 1_000_000);
    assert!(time.contains("of its blocks is not"), "{time}");
}
