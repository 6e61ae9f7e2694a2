//! Nothing proposed, nothing changed: every fact comes out as it was recorded.

use crate::support::{Span, sum_of_figures};
use chargly_simulator::{Mode, Proposal};
use chargly_testkit::script::{Command, Run, commands};
use proptest::prelude::*;
use proptest::test_runner::Config;

/// Cases of each property by default; `PROPTEST_CASES` asks for more.
const CASES: u32 = 64;

fn config() -> Config {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok());
    Config { cases: asked.unwrap_or(CASES), failure_persistence: None, ..Config::default() }
}

fn played(script: &[Command]) -> Run {
    let mut run = Run::new();
    run.play(script);
    run
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn without_a_proposal_every_fact_comes_out_as_it_was(script in commands(1..400), begin in 0..100_usize) {
        let run = played(&script);
        let stored = run.pair.driver.recorder.stored();
        // Any span: what lies before it is the opening state.
        let span = Span::new(stored, stored.len() * begin / 100..stored.len());
        for mode in [Mode::Static, Mode::Replenishing] {
            let (world, history) = span.run(&Proposal::default(), mode);
            prop_assert_eq!(world.differences(), 0, "{:?}", mode);
            prop_assert_eq!(chargly_ledger::state_digest(world.state()), span.digest(), "{:?}", mode);
            prop_assert_eq!(sum_of_figures(world.tally()), sum_of_figures(&history));
        }
    }
}
