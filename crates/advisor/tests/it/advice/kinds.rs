//! Each kind of recommendation, and what it proposes.

use chargly_ledger::{AdviceKind, Credits, Detail, Driver, Measure, Needed, Rule, Sureness};

use super::books::{Books, DAYS, Sale, cr, flat, of_kind};

/// The golden vector: cost $0.0042, a credit worth $0.004, target 75 %: 4 credits make 73.75 %, 5 make 79 %.
#[test]
fn golden_vector_goes_from_4_to_5_credits() {
    let mut books = Books::new(&[flat("4")], 7_500);
    books.set(|settings| settings.advice.dead_band_bp = 0);
    books.sells_daily(65, 20..DAYS, |_, _| Sale::default());
    let advice = books.advise();
    let made = of_kind(&advice, AdviceKind::UnderTarget).expect("73.75 % is under 75 %");
    assert_eq!((made.current, made.recommended), (Some(cr("4")), Some(cr("5"))));
    assert_eq!((made.evidence.margin_bp, made.evidence.margin_after_bp), (Some(7_375), Some(7_900)));
    assert_eq!(made.evidence.target_price, Some(cr("4.2")));
    assert_eq!(made.evidence.break_even, Some(cr("1.05")));
    assert!(made.evidence.cost_is_exact, "every event costs the same");
    // 65 customers on 28 days, 30 days a month, $0.004 each.
    assert_eq!(made.lift.middle, 65 * 28 * 4_000_000 * 30 / 28);
    assert_eq!(made.proposal.as_ref().map(|p| &p.rule), Some(&flat("5")));
    // A margin this high is no reason to believe that a quarter more pays: that takes customers who hardly mind.
    assert_eq!(made.evidence.by_prior_bp.len(), 3);
    assert!(made.needs.iter().all(|need| need.what == Needed::Certainty), "{:?}", made.needs);
    assert!(
        made.guardrails.iter().all(|guardrail| guardrail.is_kept),
        "one step of the grid is always allowed"
    );
}

#[test]
fn loss_at_an_exact_cost_needs_neither_sample_nor_second_look() {
    let mut books = Books::new(&[flat("10")], 6_000);
    books.pays(0);
    for _ in 0..3 {
        books.sells(&Sale { day: DAYS - 1, credits: "10", cost_nano: Some(60_000_000), ..Sale::default() });
    }
    let advice = books.advise();
    let made = of_kind(&advice, AdviceKind::LossMaking).expect("6 cents for 4");
    assert!(made.is_exact && made.needs.is_empty());
    assert_eq!(made.recommended, Some(cr("15")), "what covers the cost, further than one step");
    assert_eq!(made.driver, Driver::Cost);
    assert!(made.if_left.middle > 0);
}

#[test]
fn loss_whose_cost_scatters_is_watched_until_there_is_a_sample() {
    let mut books = Books::new(&[flat("10")], 6_000);
    books.pays(0);
    for day in 60..64 {
        let cost_nano = Some(50_000_000 + i64::try_from(day).expect("a day") * 1_000_000);
        books.sells(&Sale {
            day,
            customer: u32::from(day % 2 == 0),
            credits: "10",
            cost_nano,
            ..Sale::default()
        });
    }
    let advice = books.advise();
    let made = of_kind(&advice, AdviceKind::LossMaking).expect("a loss all the same");
    assert_eq!(made.sureness(), Sureness::Watching);
    let lacks = |what| made.needs.iter().any(|need| need.what == what);
    assert!(lacks(Needed::PayingCustomers) && lacks(Needed::Events) && lacks(Needed::Days));
}

#[test]
fn raise_of_a_low_margin_is_one_step_towards_the_target() {
    let mut books = Books::new(&[flat("10")], 6_000);
    // A unit earns 4 cents, and costs 3.2 to 3.6 by customer: 15 %.
    books.sells_daily(60, 20..DAYS, |_, customer| Sale {
        credits: "10",
        cost_nano: Some(32_000_000 + i64::from(customer % 5) * 1_000_000),
        ..Sale::default()
    });
    let advice = books.advise();
    let made = of_kind(&advice, AdviceKind::UnderTarget).expect("15 % is under 60 %");
    assert_eq!(made.recommended, Some(cr("12")), "a fifth, not the 21.25 that the target takes");
    assert!(made.probability_bp >= 8_500, "a raise from so low a margin pays at any elasticity: {made:?}");
    assert!(made.caps.is_empty());
    assert_eq!(made.driver, Driver::Demand, "its cost has not moved");
}

#[test]
fn margin_within_the_dead_band_is_left_alone() {
    let mut books = Books::new(&[flat("10")], 6_000);
    // 59 %.
    books.sells_daily(60, 20..DAYS, |_, _| Sale {
        credits: "10",
        cost_nano: Some(16_400_000),
        ..Sale::default()
    });
    assert_eq!(books.advise().recommendations, []);
}

#[test]
fn margin_far_over_its_target_is_tried_lower_where_few_use_it() {
    let mut books = Books::new(&[flat("10"), flat("1")], 6_000);
    // 97.5 % with 30 of 300 customers; the others use something else.
    books.sells_daily(30, 20..DAYS, |_, _| Sale {
        credits: "10",
        cost_nano: Some(1_000_000),
        ..Sale::default()
    });
    for day in 20..DAYS {
        for customer in 30..300 {
            let cost_nano = Some(1_500_000);
            books.sells(&Sale { day, customer, event: 1, credits: "1", cost_nano, ..Sale::default() });
        }
    }
    let advice = books.advise();
    let made = of_kind(&advice, AdviceKind::OverTarget).expect("97.5 % is far over 60 %");
    assert_eq!(made.recommended, Some(cr("8")));
    assert_eq!(made.sureness(), Sureness::Watching, "nobody knows that a lower price brings more");
}

#[test]
fn models_that_differ_in_cost_get_a_price_each() {
    let mut books = Books::new(&[flat("10")], 6_000);
    for _ in 0..2 {
        books.sells_daily(60, 20..DAYS, |_, customer| Sale {
            credits: "10",
            cost_nano: Some(28_000_000 + i64::from(customer % 3) * 100_000),
            model: Some("large"),
            ..Sale::default()
        });
    }
    books.sells_daily(60, 20..DAYS, |_, customer| Sale {
        credits: "10",
        cost_nano: Some(8_000_000 + i64::from(customer % 3) * 100_000),
        model: Some("small"),
        ..Sale::default()
    });
    let advice = books.advise();
    let made = of_kind(&advice, AdviceKind::Split).expect("30 % and 80 %");
    let Detail::Levels { dimension, levels, gap_bp, cross_subsidy } = &made.evidence.detail else {
        panic!("{:?}", made.evidence.detail)
    };
    assert_eq!(dimension, "model");
    let prices: Vec<_> = levels.iter().map(|level| (level.value.as_str(), level.proposed)).collect();
    assert_eq!(prices, [("large", Some(cr("12"))), ("small", Some(cr("8"))), ("", Some(cr("10")))]);
    assert!(gap_bp.middle > 4_900 && gap_bp.middle < 5_100 && cross_subsidy.middle > 0);
    let Rule::ByDimension { rows, default } = &made.proposal.as_ref().expect("a price").rule else {
        panic!()
    };
    assert_eq!((rows.len(), default.as_ref()), (2, &flat("10")));
    assert!(made.probability_bp >= 9_000 && made.sureness() > Sureness::Watching);
    assert_eq!(of_kind(&advice, AdviceKind::UnderTarget), None, "the same change would answer it");
}

#[test]
fn small_events_that_lose_money_get_a_minimum() {
    let rule = Rule::PerUnit {
        base: Credits::ZERO,
        credits: cr("1"),
        measure: Measure::Quantity,
        minimum: None,
        maximum: None,
    };
    let mut books = Books::new(&[rule], 6_000);
    // Half a cent whatever is in it, and a tenth of a cent for each unit, which earns 0.4.
    for (quantity, cost_nano) in [("1", 6_000_000), ("2", 7_000_000), ("5", 10_000_000), ("20", 25_000_000)] {
        books.sells_daily(40, 20..DAYS, move |_, customer| Sale {
            credits: quantity,
            quantity,
            cost_nano: Some(cost_nano + i64::from(customer % 3) * 10_000),
            ..Sale::default()
        });
    }
    let advice = books.advise();
    let made = of_kind(&advice, AdviceKind::Minimum).expect("one unit costs 0.6 cents and earns 0.4");
    let Detail::Line { base, per_unit, small, small_margin_bp, minimum } = &made.evidence.detail else {
        panic!()
    };
    assert!((4_900_000..5_100_000).contains(&base.middle), "{base:?}");
    assert!((950_000..1_050_000).contains(&per_unit.middle), "{per_unit:?}");
    assert!(small.micro() < 1_100_000 && *small_margin_bp < -4_000, "{small:?} {small_margin_bp}");
    assert_eq!(*minimum, cr("4"), "0.6 cents at 60 % are 1.5 cents");
    assert!(made.lift.middle > 0 && made.sureness() > Sureness::Watching, "{:?}", made.needs);
}

#[test]
fn provider_that_charges_a_fifth_more_is_noticed_in_reported_costs() {
    let mut books = Books::new(&[flat("10")], 6_000);
    books.sells_daily(40, 10..DAYS, |day, customer| {
        // Two percent of noise by day, and 20 % more from day 75 on.
        let wobble = [0, 250_000, -300_000, 120_000, -200_000, 330_000, -100_000][day % 7];
        let base = if day < 75 { 16_000_000 } else { 19_200_000 };
        let cost_nano = Some(base + wobble + i64::from(customer % 4) * 20_000);
        Sale { credits: "10", cost_nano, model: Some("large"), ..Sale::default() }
    });
    let advice = books.advise();
    let made = of_kind(&advice, AdviceKind::CostDrift).expect("20 % more");
    let Detail::Rate { of, before, after, since_day, is_declared, target_before, .. } = &made.evidence.detail
    else {
        panic!()
    };
    assert_eq!((of.as_str(), *is_declared), ("large", false));
    assert!(
        (15_800_000..16_300_000).contains(&before.middle) && (19_000_000..19_500_000).contains(&after.middle)
    );
    assert_eq!(*since_day, 20_696 + 75);
    assert!(target_before.is_some_and(|price| price < cr("10.2")));
    assert_eq!(made.recommended, Some(cr("12")), "4.8 cents for 1.92 are 60 %");
    assert!(made.probability_bp >= 9_000 && made.driver == Driver::Cost, "{}", made.probability_bp);
}

#[test]
fn provider_that_charges_less_is_passed_on() {
    let mut books = Books::new(&[flat("10")], 6_000);
    books.sells_daily(40, 10..DAYS, |day, customer| {
        let wobble = [0, 250_000, -300_000, 120_000, -200_000, 330_000, -100_000][day % 7];
        let base = if day < 75 { 16_000_000 } else { 11_200_000 };
        let cost_nano = Some(base + wobble + i64::from(customer % 4) * 20_000);
        Sale { credits: "10", cost_nano, model: Some("large"), ..Sale::default() }
    });
    let advice = books.advise();
    let made = of_kind(&advice, AdviceKind::CostDrift).expect("30 % less");
    assert_eq!(made.recommended, Some(cr("8")), "a step towards 7.1");
}

#[test]
fn dear_model_that_became_more_of_all_is_told_as_mix_and_not_as_rates() {
    let mut books = Books::new(&[flat("10")], 6_000);
    let sale = |model: &'static str, base: i64| {
        move |day: usize, customer: u32| Sale {
            credits: "10",
            cost_nano: Some(
                base + i64::from(customer % 3) * 100_000 + i64::from(day.is_multiple_of(2)) * 50_000,
            ),
            model: Some(model),
            ..Sale::default()
        }
    };
    books.sells_daily(40, 28..56, sale("large", 28_000_000));
    (0..4).for_each(|_| books.sells_daily(40, 28..56, sale("small", 8_000_000)));
    (0..3).for_each(|_| books.sells_daily(40, 56..DAYS, sale("large", 28_000_000)));
    (0..2).for_each(|_| books.sells_daily(40, 56..DAYS, sale("small", 8_000_000)));
    let advice = books.advise();
    let made = of_kind(&advice, AdviceKind::MixDrift).expect("a fifth became three fifths");
    let Detail::Mix { by_rates, by_mix, levels, .. } = &made.evidence.detail else { panic!() };
    assert!((7_900_000..8_100_000).contains(&by_mix.middle), "{by_mix:?}");
    assert!(by_rates.middle.abs() < 100_000, "{by_rates:?}");
    assert_eq!((levels[0].share_before_bp, levels[0].share_bp), (Some(2_000), 6_000));
    assert!(matches!(made.proposal.as_ref().expect("a price each").rule, Rule::ByDimension { .. }));
    assert_eq!(of_kind(&advice, AdviceKind::Split), None, "said once");
}

#[test]
fn the_same_facts_and_seed_give_the_same_advice_and_a_price_for_each_event_type() {
    let mut books = Books::new(&[flat("10"), flat("4")], 6_000);
    for event in 0..2 {
        books.sells_daily(60, 20..DAYS, move |day, customer| Sale {
            event,
            credits: if event == 0 { "10" } else { "4" },
            cost_nano: Some(
                9_000_000 + i64::from(customer * 7 % 11) * 400_000 + i64::from(day % 5 == 0) * 90_000,
            ),
            ..Sale::default()
        });
    }
    let advice = books.advise();
    assert_eq!(advice, books.advise());
    assert!(!advice.recommendations.is_empty());
    assert_ne!(advice, books.advise_by(8), "another seed draws others");
}

#[test]
fn advice_that_stands_is_not_repeated_and_what_was_turned_down_stays_down_until_evidence_moves() {
    let sell = |cost_nano: i64| {
        let mut books = Books::new(&[flat("10")], 6_000);
        books.sells_daily(60, 20..DAYS, move |_, customer| Sale {
            credits: "10",
            cost_nano: Some(cost_nano + i64::from(customer % 5) * 10_000),
            ..Sale::default()
        });
        books
    };
    let mut books = sell(28_000_000);
    let made = books.advise().recommendations;
    assert_eq!(made.len(), 1);
    books.record(&made[0]);
    assert_eq!(books.advise().recommendations, [], "it stands");
    books.reject_last();
    assert_eq!(books.advise().recommendations, [], "it was turned down");
    // The same decision, with a cost that makes 6 points of margin more.
    let mut moved = sell(31_000_000);
    moved.record(&made[0]);
    moved.reject_last();
    assert_eq!(moved.advise().recommendations.len(), 1, "the margin fell by more than 5 points");
}

#[test]
fn cheap_models_are_not_lowered_where_that_costs_more_than_dear_ones_bring() {
    let mut books = Books::new(&[flat("10")], 6_000);
    let sale = |model: &'static str, base: i64| {
        move |_: usize, customer: u32| Sale {
            credits: "10",
            cost_nano: Some(base + i64::from(customer % 3) * 100_000),
            model: Some(model),
            ..Sale::default()
        }
    };
    books.sells_daily(60, 20..DAYS, sale("large", 28_000_000));
    (0..3).for_each(|_| books.sells_daily(60, 20..DAYS, sale("small", 8_000_000)));
    let advice = books.advise();
    let made = of_kind(&advice, AdviceKind::Split).expect("30 % and 80 %");
    let Detail::Levels { levels, .. } = &made.evidence.detail else { panic!() };
    let prices: Vec<_> = levels.iter().map(|level| (level.value.as_str(), level.proposed)).collect();
    assert_eq!(prices, [("large", Some(cr("12"))), ("small", Some(cr("10"))), ("", Some(cr("10")))]);
    let Rule::ByDimension { rows, .. } = &made.proposal.as_ref().expect("a price").rule else { panic!() };
    assert_eq!(rows.len(), 1, "what costs what the default does has no row");
    assert!(made.lift.middle > 0);
}
