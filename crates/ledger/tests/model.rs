//! The ledger against the model: the same random commands, the same answers, facts and wallets after every step.

use std::collections::BTreeSet;

use chargly_testkit::ledger::Audit;
use chargly_testkit::script::{MILESTONES, MILESTONES_OF_BUDGETS, MILESTONES_OF_SALES, Run, commands};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};

/// Cases of the default run; `PROPTEST_CASES` asks for more.
const CASES: u32 = 192;
/// Runs of the fixed seed, each with its own selection of actions; it ends when everything was seen.
const FIXED_RUNS_MAX: usize = 200;

fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(CASES)
}

proptest! {
    #![proptest_config(Config { cases: cases(), failure_persistence: None, ..Config::default() })]

    #[test]
    fn ledger_does_what_the_model_does(script in commands(1..500)) {
        Run::new().play(&script);
    }
}

/// One seed for ever, so that it cannot be green one day and red the next.
#[test]
fn random_runs_come_across_everything_that_can_happen() {
    let mut runner = TestRunner::deterministic();
    // Simulated runs share the first list, and erase nobody.
    let others = MILESTONES_OF_SALES.iter().chain(&MILESTONES_OF_BUDGETS).chain(&["customer_erased"]);
    let mut missing: BTreeSet<_> = MILESTONES.iter().chain(others).copied().collect();
    for _ in 0..FIXED_RUNS_MAX {
        let script = commands(300..301).new_tree(&mut runner).expect("a script").current();
        let mut run = Run::new();
        run.play(&script);
        Audit::new().check(run.pair.driver.recorder.stored());
        missing.retain(|milestone| !run.seen.contains(milestone));
        if missing.is_empty() {
            return;
        }
    }
    panic!("never seen: {missing:?}");
}
