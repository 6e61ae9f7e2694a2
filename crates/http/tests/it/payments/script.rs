//! Random stories of one order, told in any order, twice, late or never, and compared after every step with a plain
//! model ([`super::model`]).
//!
//! What cannot happen at Stripe is left out as the stand-in refuses it. `CHARGLY_PAYMENT_CASES` runs more stories,
//! `CHARGLY_PAYMENT_SEED` other ones.

mod at_stripe;
mod run;
mod seen;

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, prop_oneof};
use proptest::sample::select;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

use super::model::Policy;
use run::Run;
use seen::Seen;

/// Stories of one run, unless told otherwise: each begins a project of its own.
const CASES: u32 = 32;
/// Steps of a story.
const STEPS: std::ops::Range<usize> = 15..50;

/// Something that happens. Numbers pick among what there is.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// A card pays, with such a discount and such a tax.
    Pay(i64, i64),
    /// A bank debit is ordered, comes, or does not come.
    Debit,
    Arrive,
    FailDebit,
    /// The session ends.
    Expire,
    /// Somebody refunds so many cents in Stripe's dashboard.
    Refund(i64),
    FailRefund(usize),
    /// The buyer goes to the bank about so many cents, and it goes on.
    Dispute(i64),
    Withdraw,
    Reinstate,
    Win,
    Lose,
    /// One of the notices that wait is told, so many times.
    Tell(usize, u32),
    /// All that wait are told, the newest first or last.
    TellAll(bool),
    /// One that was told before is told again.
    TellAgain(usize),
    /// One that waits is never told.
    Drop(usize),
    /// The buyer comes back to our page.
    Return,
    /// An hour passes, and the sweep has looked before and after.
    Sweep,
    /// So many events are metered.
    Meter(u32),
    /// We refund so many unused credits.
    RefundOurs(u32),
    /// Everything of ours ends and begins again.
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    use Step::{
        Arrive, Debit, Dispute, Drop, Expire, FailDebit, FailRefund, Lose, Meter, Pay, Refund, RefundOurs,
        Reinstate, Restart, Return, Sweep, Tell, TellAgain, TellAll, Win, Withdraw,
    };
    let any = || 0..8_usize;
    let cents = || prop_oneof![Just(400), Just(1_000), 1..1_000_i64];
    prop_oneof![
        9 => (select(vec![0, 0, 250, 1_000]), select(vec![0, 0, 190])).prop_map(|(off, tax)| Pay(off, tax)),
        2 => Just(Debit),
        3 => Just(Arrive),
        1 => Just(FailDebit),
        1 => Just(Expire),
        4 => cents().prop_map(Refund),
        2 => any().prop_map(FailRefund),
        3 => cents().prop_map(Dispute),
        2 => Just(Withdraw),
        1 => Just(Reinstate),
        2 => Just(Win),
        1 => Just(Lose),
        8 => (any(), 1..4_u32).prop_map(|(which, times)| Tell(which, times)),
        3 => select(vec![true, false]).prop_map(TellAll),
        2 => any().prop_map(TellAgain),
        3 => any().prop_map(Drop),
        2 => Just(Return),
        2 => Just(Sweep),
        7 => (10..45_u32).prop_map(Meter),
        2 => (1..200_u32).prop_map(RefundOurs),
        1 => Just(Restart),
    ]
}

#[test]
fn every_story_ends_where_the_plain_model_says_whatever_was_told_of_it() {
    let number = |name: &str, default: u32| {
        let set = |text: String| text.parse().unwrap_or_else(|_| panic!("{name} must be a number"));
        std::env::var(name).map_or(default, set)
    };
    let cases = number("CHARGLY_PAYMENT_CASES", CASES);
    let seed = number("CHARGLY_PAYMENT_SEED", 1);
    let config = Config { cases, max_shrink_iters: 300, failure_persistence: None, ..Config::default() };
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&seed.to_le_bytes());
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let policies = || select(Policy::ALL.to_vec());
    let seen = std::cell::RefCell::new(Seen::default());
    let stories = (policies(), policies(), vec(step(), STEPS));
    let ran = runner.run(&stories, |(refunds, disputes, steps)| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let told = runtime.block_on(async {
            let mut run = Run::begin(refunds, disputes).await;
            for step in &steps {
                run = run.take(*step).await.map_err(|what| format!("after {step:?}: {what}"))?;
            }
            run.end().await
        });
        seen.borrow_mut().add(&told.map_err(TestCaseError::fail)?);
        Ok(())
    });
    ran.unwrap_or_else(|found| panic!("CHARGLY_PAYMENT_SEED={seed}: {found}"));
    let seen = seen.into_inner();
    eprintln!("{cases} stories: {seen:?}");
    assert!(cases < CASES || seen.is_everything(), "the stories were no stories: {seen:?}");
}
