//! What happens on the way shows in the figures, and in the truth.
#![expect(clippy::float_arithmetic, reason = "an elasticity is measured")]

use chargly_ledger::{Credits, Fact, WalletEvent, WalletFact, cost_of_event};
use chargly_market::{
    AdviceKind, Happening, LedgerShop, MarketPlan, Played, Preset, play, preset, preset_over, set_types,
};

use crate::support::{off_by_mille, played_on_paper as played, smaller, unit_cost};

/// The advice that is right and can be known, by type.
fn right(played: &Played) -> Vec<(String, AdviceKind)> {
    let types = played.truth.types.iter();
    types
        .flat_map(|of| {
            let right = of.advice.iter().filter(|advice| advice.is_right && advice.can_be_known);
            right.map(|advice| (of.event.to_string(), advice.kind))
        })
        .collect()
}

#[test]
fn each_preset_has_the_truth_that_its_name_says() {
    use AdviceKind::{CostDrift, DataQuality, LossMaking, Minimum, MixDrift, OverTarget, Split, UnderTarget};
    let all = ["chat.reply", "image.generate", "ai.summary", "agent.run"];
    let of_all = |kinds: &[AdviceKind]| -> Vec<(&str, AdviceKind)> {
        all.into_iter().flat_map(|event| kinds.iter().map(move |kind| (event, *kind))).collect()
    };
    let image = |kinds: &[AdviceKind]| kinds.iter().map(|kind| ("image.generate", *kind)).collect();
    let rows: [(Preset, Vec<(&str, AdviceKind)>); 15] = [
        (Preset::Calm, vec![]),
        (Preset::LossMaking, image(&[LossMaking, UnderTarget])),
        (Preset::UnderTarget, image(&[UnderTarget])),
        (Preset::OverTarget, vec![("chat.reply", OverTarget)]),
        (Preset::Split, image(&[Split])),
        (Preset::Minimum, vec![("ai.summary", Minimum)]),
        (Preset::CostDrift, vec![("agent.run", UnderTarget), ("agent.run", CostDrift)]),
        (Preset::MixDrift, image(&[UnderTarget, Split, MixDrift])),
        (Preset::NoCosts, of_all(&[DataQuality])),
        (Preset::OneCustomer, vec![]),
        (Preset::WhaleHalf, vec![]),
        (Preset::PromoOnly, vec![]),
        (Preset::NegativeEverywhere, of_all(&[LossMaking, UnderTarget])),
        (Preset::PriceChange, vec![]),
        (Preset::Golden, vec![]),
    ];
    for (name, expected) in rows {
        let expected: Vec<_> = expected.into_iter().map(|(event, kind)| (event.to_owned(), kind)).collect();
        assert_eq!(right(&played(&smaller(name))), expected, "{}", name.as_str());
    }
}

/// Events of the type whose price changes after and before, beside the same of the others: as a logarithm for each of
/// the ratio of prices.
fn measured_elasticity(plan: &MarketPlan, event: usize, day: u32, ratio: f64) -> f64 {
    let tally = played(plan).tally;
    let grown = |of: usize| {
        let events = |days| tally.span(of, days).events as f64;
        (events(day..plan.days) / events(0..day)).ln()
    };
    let others: Vec<f64> = (0..plan.events.len()).filter(|of| *of != event).map(grown).collect();
    (grown(event) - others.iter().sum::<f64>() / others.len() as f64) / ratio.ln()
}

#[test]
fn over_many_seeds_the_counts_show_the_elasticity() {
    for (elasticity, credits) in [(-1.4, 6), (-0.4, 6), (-0.8, 4)] {
        let seeds = 14;
        let measured = |seed| {
            let mut plan = MarketPlan { seed, customers: 40, ..preset_over(Preset::Calm, 56) };
            plan.scale_to(24_000);
            plan.habits.leaves = 0.0;
            plan.events[1].elasticity = elasticity;
            let credits = Credits::whole(credits).expect("few");
            plan.happenings = vec![Happening::PriceChange { day: 28, event: 1, credits }];
            measured_elasticity(&plan, 1, 28, credits.micro() as f64 / 5e6)
        };
        let mean = (1..=seeds).map(measured).sum::<f64>() / seeds as f64;
        assert!((mean - elasticity).abs() < 0.2, "{mean} for {elasticity}");
    }
}

#[test]
fn a_drift_of_rates_moves_the_cost_from_its_day_on() {
    let played = played(&smaller(Preset::CostDrift));
    let (before, after) = (unit_cost(&played, 3, 60..99), unit_cost(&played, 3, 99..120));
    assert!(off_by_mille(after * 1_000 / before, 1_300) < 50, "{before} and {after}");
    assert_eq!(played.truth.types[3].drifts, [(99, None, 1.3)]);
}

#[test]
fn a_shift_of_the_mix_moves_the_cost_although_no_rate_did() {
    let played = played(&smaller(Preset::MixDrift));
    let of = played.truth.of_event("image.generate").expect("a type");
    let (before, after) = (of.costs[0].weighted_nano, of.costs[1].weighted_nano);
    assert!(off_by_mille(unit_cost(&played, 1, 0..99), before) < 60);
    assert!(off_by_mille(unit_cost(&played, 1, 99..120), after) < 60);
    assert!(after > 2 * before && of.drifts.is_empty());
    assert_eq!(of.shifts, [(99, "fine-1".into(), 0.5)]);
}

#[test]
fn abuse_shows_in_one_customers_use() {
    let quiet = MarketPlan { customers: 50, ..preset_over(Preset::Golden, 30) };
    let mut plan = quiet.clone();
    plan.happenings = vec![Happening::Abuse { day: 20, days: 5, customer: 7, factor: 80.0 }];
    let (quiet, abused) = (played(&quiet).tally, played(&plan).tally);
    assert!(abused.events_of[7] > 4 * quiet.events_of[7]);
    let others = |tally: &chargly_market::Tally| tally.events_of.iter().sum::<u64>() - tally.events_of[7];
    assert!(others(&abused).abs_diff(others(&quiet)) * 50 < others(&quiet), "the others go on as before");
}

/// How many events of the first type came with a reported cost, an estimated one, and none.
fn told(plan: &MarketPlan) -> [u64; 3] {
    let mut counts = [0; 3];
    let mut shop = LedgerShop::new(|_, _, fact, _| {
        let Fact::Wallet(WalletFact { event: WalletEvent::Metered { request, facets, .. }, .. }) = fact
        else {
            return;
        };
        match cost_of_event(request.cost, facets.as_deref()).map(|cost| cost.source.as_str()) {
            Some("reported") => counts[0] += 1,
            Some(_) => counts[1] += 1,
            None => counts[2] += 1,
        }
    });
    play(plan, &mut shop).expect("played");
    counts
}

#[test]
fn costs_that_are_not_told_are_missing_or_estimated() {
    let mut plan = preset_over(Preset::Golden, 20);
    plan.happenings = vec![Happening::CostsMissing { event: 0, share: 0.3 }];
    let [reported, estimated, missing] = told(&plan);
    assert!(estimated == 0 && (28..33).contains(&(missing * 100 / (reported + missing))));
    assert_eq!(right(&played(&plan)), [("chat.reply".to_owned(), AdviceKind::DataQuality)]);

    plan.happenings = vec![Happening::CostsEstimated { event: 0, share: 0.3, unit_nano: 5_000_000 }];
    let [reported, estimated, missing] = told(&plan);
    assert!(missing == 0 && (28..33).contains(&(estimated * 100 / (reported + estimated))));
    assert_eq!(right(&played(&plan)), [("chat.reply".to_owned(), AdviceKind::DataQuality)]);
}

#[test]
fn more_types_are_more_of_the_same_kind() {
    let mut plan = preset_over(Preset::CostDrift, 10);
    set_types(&mut plan, 6);
    let names: Vec<&str> = plan.events.iter().map(|event| event.name.as_str()).collect();
    assert_eq!(names[3..], ["agent.run", "chat.reply_2", "image.generate_2"]);
    assert!(plan.check().is_ok() && played(&plan).tally.span(5, 0..10).events > 100);
    set_types(&mut plan, 2);
    assert_eq!(
        (plan.events.len(), plan.happenings.len()),
        (2, 0),
        "what happened to a type that is gone is gone"
    );
}

#[test]
fn a_plan_that_cannot_be_is_refused_with_the_part_that_is_wrong() {
    type Break = fn(&mut MarketPlan);
    let broken: [(&str, Break); 7] = [
        ("customers", |plan| plan.customers = 0),
        ("customers", |plan| plan.customers = 1_000_001),
        ("days", |plan| plan.days = 1_831),
        ("event types", |plan| plan.events.clear()),
        ("image.generate", |plan| plan.events[1].levels[0].share = 0.1),
        ("a happening", |plan| {
            plan.happenings = vec![Happening::CostsMissing { event: 9, share: 1.0 }];
        }),
        ("a happening", |plan| {
            plan.happenings = vec![Happening::MixShift { day: 0, event: 0, level: 0, share: 1.0 }];
        }),
    ];
    for (what, breaks) in broken {
        let mut plan = preset(Preset::Split);
        breaks(&mut plan);
        assert_eq!(plan.check().expect_err(what).what, what);
    }
}
