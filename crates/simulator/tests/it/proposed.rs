//! What a proposal changes, in numbers that a billing person can check, and what it may never break.

use chargly_ledger::{Credits, EventTypeNo, Grid, LotStatus, Measure, Rounding, Rule, Wallet};
use chargly_simulator::{Mode, Proposal, ProposedPrice, Tally, World, elasticities};
use chargly_testkit::script::{Run, commands};
use chargly_testkit::story::told;
use proptest::prelude::*;
use proptest::test_runner::Config;

use crate::support::{Span, sum_of_figures};

const CASES: u32 = 64;

fn config() -> Config {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok());
    Config { cases: asked.unwrap_or(CASES), failure_persistence: None, ..Config::default() }
}

fn flat(event_type: u32, micro: i64) -> (EventTypeNo, ProposedPrice) {
    let rule = Rule::Flat { credits: Credits::from_micro(micro) };
    (EventTypeNo(event_type), ProposedPrice { rule, grid: Grid::MicroCredit, rounding: Rounding::HalfUp })
}

fn each(event_type: u32, micro: i64) -> (EventTypeNo, ProposedPrice) {
    let credits = Credits::from_micro(micro);
    let (base, measure) = (Credits::ZERO, Measure::Quantity);
    let rule = Rule::PerUnit { base, credits, measure, minimum: None, maximum: None };
    (EventTypeNo(event_type), ProposedPrice { rule, grid: Grid::MicroCredit, rounding: Rounding::HalfUp })
}

/// posted is what lots have less what is owed, held is what holds and orders set aside, and no lot gives more than it
/// has.
fn check_books(world: &World) {
    for wallet in world.state().wallets() {
        let counted =
            wallet.lots.iter().filter(|l| matches!(l.status, LotStatus::Active | LotStatus::Expired));
        let remaining: Credits = counted.map(chargly_ledger::Lot::remaining).sum();
        let debt: Credits = wallet.debts().iter().map(|d| d.credits).sum();
        let orders = world.state().orders().filter(|(_, order)| order.wallet == wallet.number);
        let set_aside: Credits = orders.map(|(_, order)| order.sums.reserved).sum();
        let by_holds: Credits = wallet.holds().iter().map(chargly_ledger::Hold::held).sum();
        let held = by_holds + set_aside;
        let Wallet { balance, number, .. } = wallet;
        assert_eq!(remaining - debt, balance.posted, "posted of {number:?}");
        assert_eq!((debt, held), (balance.debt, balance.held), "debt and held of {number:?}");
        for lot in wallet.lots.iter().chain(wallet.closed_lots()) {
            assert!((Credits::ZERO..=lot.credits).contains(&lot.used), "{lot:?}");
        }
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_books_balance_under_any_proposal(
        script in commands(1..300), begin in 0..100_usize, chat in 0..30_i64, image in 0..30_i64, seed: u64,
    ) {
        let mut run = Run::new();
        run.play(&script);
        let stored = run.pair.driver.recorder.stored();
        let span = Span::new(stored, stored.len() * begin / 100..stored.len());
        let proposal: Proposal = [flat(0, chat), each(1, image)].into_iter().collect();
        let drawn = elasticities(3, seed).into_iter().map(|elasticity| Mode::Elastic { elasticity, seed });
        for mode in [Mode::Static, Mode::Replenishing].into_iter().chain(drawn) {
            check_books(&span.run(&proposal, mode).0);
        }
    }
}

/// The number of an event type of the example catalogue.
const CHAT: u32 = 0;
const IMAGE: u32 = 1;
const CREDIT: i64 = 1_000_000;

/// A story under a proposal: what happened, and what would have.
fn simulated(story: &str, proposal: &[(EventTypeNo, ProposedPrice)], mode: Mode) -> (Tally, World) {
    let stored = told(story);
    let proposal = proposal.iter().cloned().collect();
    let (world, before) = Span::new(&stored, 0..stored.len()).run(&proposal, mode);
    check_books(&world);
    (before, world)
}

fn posted(world: &World, customer: &str) -> i64 {
    world.state().wallet_of(customer).expect("a customer").balance.posted.micro() / CREDIT
}

#[test]
fn a_higher_price_takes_more_out_of_the_same_lots_and_recognises_more() {
    let story = "
        grant ada 1000 paid $20
        meter ada image.generate cost $0.004
        meter ada image.generate
        meter ada chat.reply
    ";
    let (before, world) = simulated(story, &[flat(IMAGE, 50 * CREDIT)], Mode::Static);
    let after = world.tally();
    assert_eq!((before.totals.used_micro, after.totals.used_micro), (88_000_000, 108_000_000));
    assert_eq!((before.totals.revenue_nano, after.totals.revenue_nano), (1_760_000_000, 2_160_000_000));
    assert_eq!(after.totals.cash_nano, 20_000_000_000, "purchases as they happened");
    assert_eq!((after.totals.cost_nano, after.totals.cost_missing), (4_000_000, 2));
    let image = after.types()[1];
    assert_eq!((image.asked_before_micro, image.asked_after_micro), (80_000_000, 100_000_000));
    assert_eq!(posted(&world, "ada"), 892);
}

#[test]
fn who_cannot_pay_the_new_price_is_refused_and_runs_out_here() {
    let story = "
        grant ada 100 paid $2
        meter ada image.generate
        wait 1d
        meter ada image.generate
    ";
    let (before, world) = simulated(story, &[flat(IMAGE, 60 * CREDIT)], Mode::Static);
    let after = world.tally();
    assert_eq!((before.totals.events, after.totals.events, after.totals.denied), (2, 1, 1));
    assert_eq!(before.customers()[0].ran_out_at, None);
    assert!(after.customers()[0].ran_out_at.is_some());
    assert_eq!(after.customers()[0].asked_after_micro, 120_000_000, "the same usage costs it all the same");
    assert_eq!(posted(&world, "ada"), 40);
}

#[test]
fn what_was_refused_is_let_in_at_a_lower_price_and_counted_apart() {
    let story = "
        grant ada 50 paid $1
        meter ada image.generate
        meter ada image.generate -> refused insufficient_credits required 40 available 10
    ";
    let (before, world) = simulated(story, &[flat(IMAGE, 20 * CREDIT)], Mode::Static);
    let after = world.tally().totals;
    assert_eq!((before.totals.denied, after.let_in, after.let_in_micro), (1, 1, 20_000_000));
    assert_eq!(world.tally().customers()[0].asked_before_micro, 40_000_000, "it is no usage of the past");
}

#[test]
fn a_pack_is_bought_again_for_what_really_happened_only() {
    let story = "
        grant ada 100 paid $2
        meter ada image.generate
        meter ada image.generate
        meter ada image.generate -> refused insufficient_credits required 40 available 20
    ";
    let (_, world) = simulated(story, &[flat(IMAGE, 160 * CREDIT)], Mode::Replenishing);
    let after = world.tally().totals;
    // 160 take the lot and one more, which leaves 40; the next 160 take two more; the third was refused really.
    assert_eq!((after.events, after.packs, after.denied, after.refused_again), (2, 3, 0, 1));
    assert_eq!(after.cash_nano, 8_000_000_000);
    assert_eq!(posted(&world, "ada"), 80);
}

#[test]
fn captures_are_priced_by_what_their_hold_pins_here_and_chosen_credits_keep_their_part() {
    let story = "
        type render
        price render each 10
        grant ada 1000 paid $20
        hold ada render x 10 as a
        capture a x 5
        hold ada render x 10 as b
        capture b credits 80
        hold ada render x 10 as c
        capture c
    ";
    let (before, world) = simulated(story, &[each(5, 20 * CREDIT)], Mode::Static);
    assert_eq!(before.totals.used_micro, (50 + 80 + 100) * 1_000_000);
    assert_eq!(world.tally().totals.used_micro, (100 + 160 + 200) * 1_000_000);
    assert_eq!(posted(&world, "ada"), 540);
}

#[test]
fn a_hold_from_before_the_span_keeps_its_price() {
    let stored = told(
        "
        type render
        price render each 10
        grant ada 1000 paid $20
        hold ada render x 10 as a
        capture a x 5
    ",
    );
    let proposal = [each(5, 20 * CREDIT)].into_iter().collect();
    let (world, _) = Span::new(&stored, stored.len() - 1..stored.len()).run(&proposal, Mode::Static);
    assert_eq!(world.tally().totals.used_micro, 50_000_000);
}

#[test]
fn what_follows_a_refused_hold_or_event_is_left_out() {
    let story = "
        grant ada 100 paid $2
        hold ada image.generate as h
        capture h
        meter ada image.generate as e
        reverse e 20
        meter ada chat.reply as f
        reverse f 4
    ";
    let (_, world) = simulated(story, &[flat(IMAGE, 150 * CREDIT), flat(CHAT, 16 * CREDIT)], Mode::Static);
    let after = world.tally().totals;
    assert_eq!((after.holds_denied, after.denied, after.left_out), (1, 2, 2));
    // The chat reply costs twice as much, and half of it is given back, as it was.
    assert_eq!((after.events, after.used_micro), (1, 8_000_000));
    assert_eq!(posted(&world, "ada"), 92);
}

#[test]
fn a_capture_beyond_its_hold_takes_all_that_is_held_and_is_counted() {
    let story = "
        type render
        price render each 10
        grant ada 1000 paid $20
        hold ada render credits 100 as a
        capture a x 10
    ";
    let (_, world) = simulated(story, &[each(5, 20 * CREDIT)], Mode::Static);
    let after = world.tally().totals;
    assert_eq!((after.capped, after.used_micro), (1, 100_000_000));
}

#[test]
fn lots_are_voided_by_what_granted_them_however_they_are_numbered_here() {
    let story = "
        grant ada 100 paid $2 until +1d
        meter ada image.generate as e
        wait 2d
        due ada
        reverse e
        grant ada 50 paid $1 -> lot 3
        void-grant ada 3
    ";
    // Refused here, so that its reversal makes no lot and the second grant is lot 2.
    let (before, world) = simulated(story, &[flat(IMAGE, 200 * CREDIT)], Mode::Static);
    assert_eq!(before.totals.cash_nano, world.tally().totals.cash_nano);
    assert_eq!(posted(&world, "ada"), 0);
}

#[test]
fn the_price_in_force_proposed_again_changes_nothing() {
    let story = "
        grant ada 1000 paid $20
        meter ada image.generate
        hold ada image.generate as h
        capture h
        meter ada chat.reply as e
        reverse e 3
    ";
    let (before, world) = simulated(story, &[flat(IMAGE, 40 * CREDIT), flat(CHAT, 8 * CREDIT)], Mode::Static);
    assert_eq!(sum_of_figures(&before), sum_of_figures(world.tally()));
}
