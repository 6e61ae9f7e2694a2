//! All runs of an environment, on disk.

use std::fs;
use std::path::Path;
use std::sync::Mutex;

use chargly_index::{RUNS_DIR, Run, RunError, Runs, run_path};
use chargly_ledger::{KeyHash, Position};

use crate::world::{CHAIN_HASH, Sample, built, length, samples};

const FACTS: u32 = 64;

fn facts_of(number: u32) -> Vec<Sample> {
    samples(u64::from(number) + 100, FACTS, 10)
}

fn seal(dir: &Path, number: u32) -> Run {
    built(number, length(FACTS), &facts_of(number)).seal(dir, CHAIN_HASH).unwrap()
}

fn open(dir: &Path) -> Result<Runs, RunError> {
    Runs::open(dir, length(FACTS), &|_, _| {})
}

fn assert_finds_all(runs: &Runs, count: u32) {
    for number in 0..count {
        for (position, sample) in (u64::from(number * FACTS)..).zip(facts_of(number)) {
            let Some(key) = sample.key else { continue };
            let (found, covered) = runs.find(key).unwrap();
            assert_eq!((found.as_slice(), covered), (&[Position(position)][..], runs.sealed_to()));
        }
    }
}

#[test]
fn runs_added_one_by_one_answer_like_runs_opened_together() {
    let dir = tempfile::tempdir().unwrap();
    let growing = Runs::new(length(FACTS));
    assert_eq!(growing.find(KeyHash([1; 16])).unwrap(), (Default::default(), Position(0)));
    // Through every width of the filter, and into its second group.
    for number in 0..67 {
        growing.add(seal(dir.path(), number)).unwrap();
        assert_eq!(growing.sealed_to(), Position(u64::from((number + 1) * FACTS)));
        if [0, 7, 8, 31, 32, 63, 64, 66].contains(&number) {
            assert_finds_all(&growing, number + 1);
        }
    }
    let told = Mutex::new(Vec::new());
    let opened =
        Runs::open(dir.path(), length(FACTS), &|done, of| told.lock().unwrap().push((done, of))).unwrap();
    assert_finds_all(&opened, 67);
    assert_eq!(opened.filter_bytes(), growing.filter_bytes());
    assert_eq!(opened.all().len(), 67);
    let mut told = told.into_inner().unwrap();
    told.sort_unstable();
    assert_eq!(told, (1..=67).map(|done| (done, 67)).collect::<Vec<_>>());
}

#[test]
fn readers_find_every_key_of_what_is_sealed_while_runs_are_added() {
    let dir = tempfile::tempdir().unwrap();
    let runs = Runs::new(length(FACTS));
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            while runs.sealed_to() < Position(u64::from(20 * FACTS)) {
                let sealed = u32::try_from(runs.sealed_to().0).unwrap() / FACTS;
                assert_finds_first_of_each(&runs, sealed);
            }
        });
        for number in 0..20 {
            runs.add(seal(dir.path(), number)).unwrap();
        }
        reader.join().unwrap();
    });
    assert_finds_all(&runs, 20);
}

fn assert_finds_first_of_each(runs: &Runs, count: u32) {
    for number in 0..count {
        let key = facts_of(number).iter().find_map(|sample| sample.key).unwrap();
        let (found, covered) = runs.find(key).unwrap();
        assert!(!found.is_empty() && covered.0 >= u64::from(count * FACTS));
    }
}

#[test]
fn a_missing_run_is_named_and_nothing_opens() {
    let dir = tempfile::tempdir().unwrap();
    (0..5).for_each(|number| drop(seal(dir.path(), number)));
    fs::remove_file(run_path(dir.path(), 2)).unwrap();
    assert!(matches!(open(dir.path()), Err(RunError::Missing { number: 2 })));
    // What stands after the gap is of no use; without it the rest opens.
    Runs::truncate(dir.path(), length(FACTS), Position(u64::from(2 * FACTS))).unwrap();
    assert_eq!(open(dir.path()).unwrap().sealed_to(), Position(u64::from(2 * FACTS)));
}

#[test]
fn a_run_out_of_turn_is_not_added() {
    let dir = tempfile::tempdir().unwrap();
    let runs = Runs::new(length(FACTS));
    assert!(matches!(runs.add(seal(dir.path(), 1)), Err(RunError::Missing { number: 0 })));
    assert_eq!(runs.sealed_to(), Position(0));
}

#[test]
fn a_damaged_run_does_not_open_and_is_named() {
    let dir = tempfile::tempdir().unwrap();
    (0..3).for_each(|number| drop(seal(dir.path(), number)));
    let path = run_path(dir.path(), 1);
    let mut bytes = fs::read(&path).unwrap();
    // In the keys: after the header and one page of fences.
    bytes[2 * 4_096 + 5] ^= 1;
    fs::write(&path, bytes).unwrap();
    assert!(matches!(open(dir.path()), Err(RunError::Damaged { number: 1, .. })));
}

#[test]
fn a_half_written_run_is_removed_and_its_number_is_free() {
    let dir = tempfile::tempdir().unwrap();
    drop(seal(dir.path(), 0));
    let leftover = dir.path().join(RUNS_DIR).join("run-0000000001.idx.tmp");
    fs::write(&leftover, b"half").unwrap();
    let stranger = dir.path().join(RUNS_DIR).join("notes.tmp");
    fs::write(&stranger, b"somebody's").unwrap();
    let runs = open(dir.path()).unwrap();
    assert!(!leftover.exists() && stranger.exists());
    runs.add(seal(dir.path(), 1)).unwrap();
    assert_finds_all(&runs, 2);
}

#[test]
fn truncating_removes_the_runs_that_reach_beyond_a_position() {
    let facts = u64::from(FACTS);
    for (to, left) in [(0, 0), (1, 0), (facts - 1, 0), (facts, 1), (2 * facts + 1, 2), (9 * facts, 3)] {
        let dir = tempfile::tempdir().unwrap();
        (0..3).for_each(|number| drop(seal(dir.path(), number)));
        Runs::truncate(dir.path(), length(FACTS), Position(to)).unwrap();
        assert_eq!(open(dir.path()).unwrap().all().len(), left, "truncated to {to}");
    }
    let dir = tempfile::tempdir().unwrap();
    Runs::remove_all(dir.path()).unwrap();
    (0..3).for_each(|number| drop(seal(dir.path(), number)));
    Runs::remove_all(dir.path()).unwrap();
    assert_eq!(open(dir.path()).unwrap().sealed_to(), Position(0));
}
