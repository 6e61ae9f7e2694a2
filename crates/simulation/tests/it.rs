//! The simulation on fixed seeds: it finds nothing in the engine, and every bug that was planted on purpose.

use std::collections::BTreeMap;

use chargly_simulation::{Bug, MILESTONES, run, run_with};

/// Seeds of every change; more on demand.
const SEEDS: u64 = 120;
const STEPS: u32 = 500;
/// Within so many seeds every planted bug must be found.
const BUG_SEEDS: u64 = 30;

#[test]
fn fixed_seeds_find_nothing_and_meet_everything() {
    let mut seen: BTreeMap<&str, u64> = BTreeMap::new();
    for seed in 0..SEEDS {
        let outcome = run(seed, STEPS).unwrap_or_else(|failure| panic!("{failure}"));
        for (what, count) in outcome.seen {
            *seen.entry(what).or_default() += count;
        }
    }
    let wanted = MILESTONES.iter().chain(&chargly_testkit::script::MILESTONES);
    let missing: Vec<_> = wanted.filter(|what| !seen.contains_key(**what)).collect();
    assert!(missing.is_empty(), "never met: {missing:?}; met: {seen:#?}");
}

#[test]
fn the_same_seed_is_the_same_run() {
    let (once, again) = (run(7, STEPS), run(7, STEPS));
    assert_eq!(once, again);
    assert_ne!(once.map(|o| o.trace), run(8, STEPS).map(|o| o.trace));
}

#[test]
fn every_planted_bug_is_found() {
    for bug in Bug::ALL {
        let found = (0..BUG_SEEDS).find_map(|seed| run_with(seed, STEPS, Some(bug)).err());
        let found = found.unwrap_or_else(|| panic!("{bug:?} was not found in {BUG_SEEDS} seeds"));
        assert!(
            !found.what.contains("panic"),
            "the auditor finds {bug:?}, nothing breaks by itself: {found}"
        );
    }
}
