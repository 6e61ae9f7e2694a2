//! Customers: their sizes, and what they do when credits run out.

use chargly_market::{MarketPlan, Preset, preset_over};

use crate::support::{played, played_on_paper};

fn plan(seed: u64) -> MarketPlan {
    MarketPlan { seed, ..preset_over(Preset::Calm, 90) }
}

#[test]
fn a_tenth_of_the_customers_makes_more_than_two_fifths_of_all_use() {
    for seed in 1..=5 {
        let share = played_on_paper(&plan(seed)).tally.top_share_bp(10);
        assert!((4_000..8_000).contains(&share), "seed {seed}: {share}");
    }
}

#[test]
fn customers_run_out_are_refused_buy_again_and_some_leave() {
    let tally = played_on_paper(&plan(1)).tally;
    let bought = tally.paid_of.iter().filter(|paid| **paid > 0).count() as u64;
    assert!(tally.purchases > bought, "{} purchases by {bought}", tally.purchases);
    assert!(tally.run_outs > 50 && tally.total().refused >= tally.run_outs);
    assert!((3..50).contains(&tally.left.len()), "{:?}", tally.left);
}

#[test]
fn who_has_left_uses_nothing_any_more() {
    let mut plan = plan(1);
    (plan.habits.buys, plan.habits.leaves, plan.habits.buys_ahead) = (0.0, 1.0, 0.0);
    let tally = played_on_paper(&plan).tally;
    let of_day = |day: u32| (0..plan.events.len()).map(|e| tally.span(e, day..day + 1).events).sum::<u64>();
    assert!(of_day(80) * 3 < of_day(5), "{} and {}", of_day(5), of_day(80));
    assert_eq!(tally.run_outs, tally.left.len() as u64, "each runs out once");
}

#[test]
fn the_first_customer_makes_the_part_that_is_planned() {
    let truth = played_on_paper(&preset_over(Preset::WhaleHalf, 60)).truth;
    assert!((4_300..6_200).contains(&truth.largest_share_bp), "{}", truth.largest_share_bp);
    let alone = played_on_paper(&preset_over(Preset::OneCustomer, 20)).truth;
    assert_eq!(alone.largest_share_bp, 10_000);
}

#[test]
fn who_is_only_given_credits_pays_nothing_and_no_price_is_advised() {
    let mut plan = preset_over(Preset::PromoOnly, 40);
    plan.customers = 30;
    plan.scale_to(20_000);
    let played = played(&plan);
    assert_eq!((played.tally.cash_nano, played.truth.paying_customers), (0, 0));
    assert!(played.tally.total().events > 1_000 && played.tally.total().refused > 0);
    let mut advice = played.truth.types.iter().flat_map(|of| &of.advice);
    assert!(advice.all(|advice| !advice.is_right));
}

#[test]
fn weekends_are_quieter_as_planned() {
    let plan = preset_over(Preset::Golden, 70);
    let tally = played_on_paper(&plan).tally;
    // The first day is a Sunday.
    let (mut week, mut weekend) = (0, 0);
    for day in 0..70 {
        let events = tally.span(0, day..day + 1).events;
        if matches!(day % 7, 0 | 6) { weekend += events } else { week += events }
    }
    let ratio = weekend * 5 * 100 / (week * 2);
    assert!((62..71).contains(&ratio), "{ratio} % of a weekday's");
}
