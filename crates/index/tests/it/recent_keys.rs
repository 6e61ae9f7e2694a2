//! The keys that no sealed run has yet.

use std::collections::BTreeSet;

use chargly_index::RecentKeys;
use chargly_ledger::{KeyHash, Position};
use proptest::prelude::*;

use crate::world::length;

fn key(prefix: u8, rest: u8) -> KeyHash {
    let mut bytes = [rest; 16];
    bytes[..8].fill(prefix);
    KeyHash(bytes)
}

#[test]
fn a_key_is_found_until_its_binding_is_taken_back() {
    let mut keys = RecentKeys::new(length(64), Position(0));
    keys.insert(key(1, 0), Position(7));
    assert_eq!((keys.find(key(1, 0), None), keys.find(key(2, 0), None)), (Some(Position(7)), None));
    keys.remove(key(1, 0), Position(6));
    assert_eq!(keys.find(key(1, 0), None), Some(Position(7)), "another fact's binding stays");
    keys.remove(key(1, 0), Position(7));
    assert_eq!((keys.find(key(1, 0), None), keys.len()), (None, 0));
}

#[test]
fn clashing_keys_are_found_one_after_another() {
    let mut keys = RecentKeys::new(length(64), Position(0));
    for position in [200, 3, 70] {
        keys.insert(key(1, 0), Position(position));
    }
    let found: Vec<Position> =
        std::iter::successors(keys.find(key(1, 9), None), |last| keys.find(key(1, 9), Some(*last))).collect();
    assert_eq!(found, [3, 70, 200].map(Position));
}

#[test]
fn sealed_runs_are_forgotten_and_nothing_else() {
    let mut keys = RecentKeys::new(length(64), Position(64));
    for position in 64..300 {
        keys.insert(key(u8::try_from(position % 256).unwrap(), 0), Position(position));
    }
    keys.forget_below(Position(64));
    assert_eq!((keys.covers_from(), keys.len()), (Position(64), 236));
    keys.forget_below(Position(192));
    assert_eq!((keys.covers_from(), keys.len()), (Position(192), 108));
    assert_eq!(keys.find(key(191, 0), None), None);
    assert_eq!(keys.find(key(192, 0), None), Some(Position(192)));
    // What is below is not held again, and need not be taken back.
    keys.insert(key(3, 0), Position(100));
    keys.remove(key(191, 0), Position(191));
    assert_eq!(keys.len(), 108);
}

#[test]
fn all_runs_may_be_sealed_before_the_next_key_comes() {
    let mut keys = RecentKeys::new(length(64), Position(0));
    keys.insert(key(1, 0), Position(0));
    keys.forget_below(Position(640));
    assert_eq!((keys.covers_from(), keys.len()), (Position(640), 0));
    keys.insert(key(1, 0), Position(640));
    assert_eq!(keys.find(key(1, 0), None), Some(Position(640)));
}

#[test]
fn a_table_has_room_for_as_many_keys_as_the_last_one_and_sealing_frees_none_of_it() {
    let mut keys = RecentKeys::new(length(1_000), Position(0));
    let hash =
        |position: u64| KeyHash(*blake3::hash(&position.to_le_bytes()).as_bytes().first_chunk().unwrap());
    let fill = |keys: &mut RecentKeys, run: u64| {
        for position in run * 1_000..(run + 1) * 1_000 {
            keys.insert(hash(position), Position(position));
        }
    };
    fill(&mut keys, 0);
    let one_table = keys.bytes();
    keys.insert(hash(1_000), Position(1_000));
    assert_eq!(keys.bytes(), 2 * one_table, "the second is as large from its first key");
    keys.remove(hash(1_000), Position(1_000));
    fill(&mut keys, 1);
    assert_eq!(keys.bytes(), 2 * one_table);
    keys.forget_below(Position(1_000));
    fill(&mut keys, 2);
    assert_eq!(keys.bytes(), 2 * one_table, "the third uses the memory of the first");
    assert_eq!(keys.find(hash(500), None), None);
}

proptest! {
    #[test]
    fn recent_keys_answer_as_a_list_of_bindings(
        steps in prop::collection::vec((0..4u8, 0..6u8, 0..400u64), 1..200),
    ) {
        let length = length(64);
        let mut keys = RecentKeys::new(length, Position(0));
        let mut bound: BTreeSet<(u64, u8)> = BTreeSet::new();
        let mut sealed_to = 0;
        for (step, prefix, position) in steps {
            match step {
                0 | 1 => {
                    let is_new = position >= sealed_to && !bound.iter().any(|(at, _)| *at == position);
                    if is_new {
                        keys.insert(key(prefix, 0), Position(position));
                        bound.insert((position, prefix));
                    }
                }
                2 => {
                    keys.remove(key(prefix, 0), Position(position));
                    bound.remove(&(position, prefix));
                }
                _ => {
                    sealed_to = sealed_to.max(position / 64 * 64);
                    keys.forget_below(Position(sealed_to));
                    bound.retain(|(at, _)| *at >= sealed_to);
                }
            }
            let after = Some(Position(position));
            for prefix in 0..6 {
                let mut of_prefix = bound.iter().filter(|(_, of)| *of == prefix).map(|(at, _)| Position(*at));
                prop_assert_eq!(keys.find(key(prefix, 1), None), of_prefix.clone().next());
                prop_assert_eq!(keys.find(key(prefix, 1), after), of_prefix.find(|at| Some(*at) > after));
            }
            prop_assert_eq!(keys.len(), bound.len());
            prop_assert_eq!(keys.covers_from(), Position(sealed_to));
        }
    }
}
