//! Sums: the same from the same seed, and those that were planned.

use chargly_ledger::{Fact, WalletEvent, WalletFact, cost_of_event};
use chargly_market::{LedgerShop, MarketPlan, Preset, play, preset_over};

use crate::support::{off_by_mille, played, played_on_paper, smaller, unit_cost};

/// All facts of a market, with their positions and times, one after the other.
fn bytes(plan: &MarketPlan) -> Vec<u8> {
    let mut all = Vec::new();
    let mut shop = LedgerShop::new(|position, at, _, bytes| {
        all.extend(u64::to_le_bytes(position.0));
        all.extend(at.0.to_le_bytes());
        all.extend(bytes);
    });
    play(plan, &mut shop).expect("played");
    all
}

#[test]
fn the_same_seed_makes_the_same_bytes_and_another_seed_others() {
    for preset in [Preset::MixDrift, Preset::CostDrift, Preset::Minimum] {
        let mut plan = MarketPlan { customers: 20, ..preset_over(preset, 30) };
        plan.scale_to(4_000);
        let first = bytes(&plan);
        assert_eq!(first, bytes(&plan), "{}", plan.name);
        assert_ne!(first, bytes(&MarketPlan { seed: 2, ..plan }));
    }
}

#[test]
fn every_fact_is_within_the_days_and_none_before_the_one_before_it() {
    let mut plan = preset_over(Preset::PromoOnly, 40);
    plan.scale_to(10_000);
    let mut last = plan.start;
    let mut shop = LedgerShop::new(|_, at, _, _| {
        assert!(at >= last, "time goes on");
        last = at;
    });
    play(&plan, &mut shop).expect("played");
    assert!(last < plan.start.plus(40 * 86_400_000));
}

#[test]
fn the_sums_are_those_of_the_ledgers_facts() {
    let mut plan = MarketPlan { customers: 20, ..preset_over(Preset::CostDrift, 40) };
    plan.scale_to(12_000);
    let (mut events, mut credits, mut cost, mut refused, mut cash) = (0, 0, 0, 0, 0);
    let mut shop = LedgerShop::new(|_, _, fact, _| {
        let Fact::Wallet(WalletFact { event, .. }) = fact else { return };
        match event {
            WalletEvent::Metered { request, charge, facets } => {
                events += 1;
                credits += charge.charged().micro();
                cost += cost_of_event(request.cost, facets.as_deref()).expect("told").nano;
            }
            WalletEvent::Granted { request, .. } => cash += request.price.map_or(0, |price| price.nano),
            WalletEvent::Refused { .. } => refused += 1,
            _ => {}
        }
    });
    let tally = play(&plan, &mut shop).expect("played").tally;
    let total = tally.total();
    assert_eq!((total.events, total.refused, total.credits_micro), (events, refused, credits));
    assert_eq!(tally.cash_nano, cash);
    // What the rate card makes of tokens rounds a half to the even one, and the market up.
    assert!((total.cost_nano - cost).abs() < 10_000, "{} and {cost}", total.cost_nano);
}

#[test]
fn the_golden_product_can_be_checked_by_hand() {
    let played = played(&preset_over(Preset::Golden, 60));
    let (total, tally) = (played.tally.total(), &played.tally);
    let events = i64::try_from(total.events).expect("few");
    assert!(off_by_mille(events, 91_000) < 40, "{events} events in 60 days");
    assert_eq!(total.cost_nano, events * 4_200_000, "$0.0042 each, to the last digit");
    assert_eq!(total.credits_micro, events * 4_000_000);
    assert_eq!(tally.cash_nano, tally.credits_sold.micro() * 4, "$0.004 a credit");
    assert_eq!(total.refused, 0);
    assert!(tally.events_of.iter().filter(|events| **events > 0).count() >= 30);
    let chat = &played.truth.types[0];
    assert!(chat.is_exact);
    assert_eq!((chat.margin_bp, played.truth.target_margin_bp), (Some(7_375), 7_500));
}

#[test]
fn what_units_cost_is_near_what_is_expected_of_these_customers() {
    for name in Preset::ALL {
        let played = played_on_paper(&smaller(name));
        for (event, of) in played.truth.types.iter().enumerate() {
            let end = of.cost_at_end();
            let found = unit_cost(&played, event, end.from_day..end.to_day);
            let off = off_by_mille(found, end.weighted_nano);
            // Customers who leave and days that differ move it a little.
            assert!(off < 80, "{} of {}: {found} for {}", of.event, name.as_str(), end.weighted_nano);
        }
    }
}

#[test]
fn a_plan_is_scaled_to_about_so_many_events() {
    let mut plan = preset_over(Preset::Golden, 40);
    plan.scale_to(20_000);
    let events = i64::try_from(played_on_paper(&plan).tally.total().events).expect("few");
    assert!(off_by_mille(events, 20_000) < 50, "{events}");
}
