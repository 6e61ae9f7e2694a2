//! Hand-worked figures, and what is missing when there are too few.

use chargly_advisor::{
    ActiveDay, Basis, CUSTOMERS_MIN, Cap, Claim, Day, DaySeries, EVENTS_EACH_SIDE_MIN, Estimate, Impact,
    ImpactError, Level, Options, PriceChange, Question, Status, Why, Window, Windows, price_impact,
};
use chargly_ledger::{EventTypeNo, PriceNo};

/// The day on which type 0's price changes.
const CHANGE_DAY: i32 = 100;

/// A product small enough to work out by hand: each type's units a day before and after the change.
struct Product {
    series: Vec<DaySeries>,
    changes: Vec<PriceChange>,
    first_day: i32,
    through_day: i32,
    customers: u32,
    active_after: u32,
}

impl Product {
    /// Each unit is an event, costs 1 nano-unit, and brings 4 before the change and 5 after it.
    fn new(units: &[(u64, u64)]) -> Self {
        Self::between(CHANGE_DAY - 120, CHANGE_DAY + 30, units)
    }

    fn between(first_day: i32, through_day: i32, units: &[(u64, u64)]) -> Self {
        let series = (0..).zip(units).map(|(number, (before, after))| {
            let days = (first_day..=through_day).map(|day| match day < CHANGE_DAY {
                true => day_of(day, *before, 4),
                false => day_of(day, *after, if number == 0 { 5 } else { 4 }),
            });
            DaySeries { event_type: EventTypeNo(number), family: None, days: days.collect() }
        });
        let series = series.collect();
        Self {
            series,
            changes: vec![change(0, 1, CHANGE_DAY)],
            first_day,
            through_day,
            customers: 50,
            active_after: 50,
        }
    }

    fn impact(&self) -> Impact {
        self.impact_with(Options::default()).expect("a question in order")
    }

    fn impact_with(&self, options: Options) -> Result<Impact, ImpactError> {
        let active: Vec<ActiveDay> = (self.first_day..=self.through_day)
            .map(|day| ActiveDay { day, customers: if day < CHANGE_DAY { 50 } else { self.active_after } })
            .collect();
        price_impact(&Question {
            series: &self.series,
            active: &active,
            changes: &self.changes,
            asked: PriceNo(1),
            through_day: self.through_day,
            customers: Some(self.customers),
            options,
        })
    }

    fn why(&self) -> Option<Why> {
        match self.impact().status {
            Status::TooEarly { why, .. } => Some(why),
            Status::NoControls(_) | Status::Estimated(_) => None,
        }
    }
}

fn day_of(day: i32, events: u64, revenue_a_unit: i128) -> Day {
    let units = i128::from(events);
    Day {
        day,
        units_micro: units * 1_000_000,
        events,
        active_customers: 30,
        credits_micro: units * revenue_a_unit * 1_000_000,
        revenue_nano: units * revenue_a_unit,
        cost_nano: units,
        cost_missing: 0,
    }
}

fn change(event_type: u32, version: u32, day: i32) -> PriceChange {
    PriceChange {
        event_type: EventTypeNo(event_type),
        version: PriceNo(version),
        day,
        old_credits_micro: 4_000_000,
        new_credits_micro: 5_000_000,
    }
}

fn estimate(impact: &Impact) -> &Estimate {
    match &impact.status {
        Status::Estimated(estimate) | Status::NoControls(estimate) => estimate,
        Status::TooEarly { .. } => panic!("{:?}", impact.status),
    }
}

#[test]
fn sums_are_exact_and_the_effect_is_the_difference_of_differences() {
    // 200 → 150 units a day while the controls went 100 → 100 and 100 → 121, a factor of √1.21 = 1.1.
    let impact = Product::new(&[(200, 150), (100, 100), (100, 121)]).impact();
    assert_eq!(
        impact.windows,
        Some(Windows {
            before: Window { first_day: 72, last_day: 99 },
            after: Window { first_day: 103, last_day: 130 }
        })
    );
    assert_eq!((impact.before.events, impact.after.events), (28 * 200, 28 * 150));
    assert_eq!((impact.before.revenue_nano, impact.after.revenue_nano), (28 * 800, 28 * 750));
    assert_eq!((impact.before.margin_nano, impact.after.margin_nano), (28 * 600, 28 * 600));
    assert_eq!((impact.before.margin_bp, impact.after.margin_bp), (Some(7_500), Some(8_000)));
    assert_eq!((impact.plain.units_bp, impact.plain.revenue_bp), (Some(-2_500), Some(-625)));
    assert_eq!(impact.plain.margin_points_bp, Some(500));
    assert_eq!(impact.controls, [EventTypeNo(1), EventTypeNo(2)]);

    // 0.75 ÷ 1.1 = 0.6818: without the change there would have been 220 units a day.
    let estimate = estimate(&impact);
    assert!(matches!(impact.status, Status::Estimated(_)));
    assert_eq!((estimate.units_bp.middle, estimate.basis), (-3_182, Basis::Comparison));
    let without = estimate.without_change;
    let units = 28 * 220 * 1_000_000;
    assert!(without.units_micro.low < units && units < without.units_micro.high);
    assert!(without.revenue_nano.low < 28 * 880 && 28 * 880 < without.revenue_nano.high);
    assert!(without.margin_nano.low < 28 * 660 && 28 * 660 < without.margin_nano.high);
    assert!(estimate.margin_gain_nano.low < -28 * 60 && -28 * 60 < estimate.margin_gain_nano.high);
    let confidence = estimate.confidence.expect("all cost is known");
    assert_eq!(confidence.claim, Claim::MarginFell, "660 would have become 600");
}

#[test]
fn days_of_the_washout_do_not_count() {
    let mut product = Product::new(&[(200, 150), (100, 100), (100, 121)]);
    let calm = product.impact();
    for day in product.series[0].days.iter_mut().filter(|day| (CHANGE_DAY..CHANGE_DAY + 3).contains(&day.day))
    {
        *day = day_of(day.day, 9_000, 5);
    }
    assert_eq!(product.impact(), calm);
    product.series[0].days.retain(|day| day.day != CHANGE_DAY + 3);
    assert_ne!(product.impact(), calm);
}

#[test]
fn order_of_series_and_changes_makes_no_difference() {
    let mut product = Product::new(&[(200, 150), (100, 100), (110, 121), (90, 95)]);
    product.changes.push(change(3, 2, 40));
    let first = product.impact();
    product.series.reverse();
    product.changes.reverse();
    assert_eq!(product.impact(), first);
}

#[test]
fn type_of_the_same_family_or_with_a_new_price_is_no_control() {
    let mut product = Product::new(&[(200, 150), (100, 300), (100, 100)]);
    product.series[0].family = Some("image".to_owned());
    product.series[1].family = Some("image".to_owned());
    assert_eq!(product.impact().controls, [EventTypeNo(2)]);
    // Its price changed within the days compared, on their last day, or settled on their first one.
    for (day, is_control) in [(69, true), (70, false), (110, false), (130, false), (131, true)] {
        let mut product = Product::new(&[(200, 150), (100, 300), (100, 100)]);
        product.changes.push(change(1, 2, day));
        assert_eq!(product.impact().controls.contains(&EventTypeNo(1)), is_control, "day {day}");
    }
}

#[test]
fn busiest_64_types_are_looked_at() {
    // Types 1 to 70, each busier than the one before; the type asked about is the least busy of all.
    let units: Vec<(u64, u64)> =
        std::iter::once((50, 40)).chain((1..=70).map(|more| (50 + more, 50 + more))).collect();
    let controls = Product::new(&units).impact().controls;
    assert_eq!(controls, (8..=70).map(EventTypeNo).collect::<Vec<_>>());
}

#[test]
fn without_controls_the_types_own_trend_answers_and_says_so() {
    let impact = Product::new(&[(200, 150)]).impact();
    let Status::NoControls(estimate) = &impact.status else { panic!("{:?}", impact.status) };
    assert_eq!(estimate.basis, Basis::ComparisonAndPrior);
    assert!(estimate.units_bp.low <= -2_500 && -2_500 <= estimate.units_bp.high, "{:?}", estimate.units_bp);
    assert!(impact.controls.is_empty() && impact.status.words().contains("nothing to compare with"));
    let sure = Product::new(&[(200, 198)]).impact();
    let confidence = self::estimate(&sure).confidence.expect("all cost is known");
    assert_eq!((confidence.claim, confidence.probability_bp), (Claim::MarginRose, 6_500));
    assert_eq!((confidence.cap, confidence.level), (Some(Cap::NoControls), Level::Low));
}

#[test]
fn growth_that_was_there_before_is_not_an_effect_of_the_price() {
    let mut product = Product::new(&[(200, 200)]);
    for (number, day) in (0..).zip(&mut product.series[0].days) {
        *day = day_of(day.day, 200 + 10 * number, 4);
    }
    let impact = product.impact();
    assert!(impact.plain.units_bp > Some(2_000), "{:?}", impact.plain);
    let effect = estimate(&impact).units_bp;
    assert!(effect.low < 0 && effect.high < 1_500, "{effect:?}");
}

#[test]
fn more_customers_are_not_an_effect_of_the_price() {
    // Twice the customers use twice the units, from the day of the change on.
    let impact = Product { active_after: 100, ..Product::new(&[(200, 400)]) }.impact();
    assert_eq!(impact.plain.units_bp, Some(10_000));
    let effect = estimate(&impact).units_bp;
    assert!(effect.low < 0 && effect.high < 1_000, "{effect:?}");
}

#[test]
fn what_is_missing_is_named_on_each_side_of_its_limit() {
    let units = &[(200, 150), (100, 100), (100, 121)];
    let through = |through_day| Product::between(CHANGE_DAY - 84, through_day, units).why();
    assert_eq!(through(CHANGE_DAY + 2 + 13), Some(Why::DaysAfter));
    assert_eq!(through(CHANGE_DAY + 2 + 14), None);
    assert_eq!(through(CHANGE_DAY - 10), Some(Why::DaysAfter), "the change is yet to come");

    let from = |first_day| Product::between(first_day, CHANGE_DAY + 30, units).why();
    assert_eq!(from(CHANGE_DAY - 13), Some(Why::DaysBefore { have: 13, need: 14 }));
    assert_eq!(from(CHANGE_DAY - 14), None);

    let again = |day| {
        let mut product = Product::new(units);
        product.changes.push(change(0, 2, day));
        product.why()
    };
    assert_eq!(again(CHANGE_DAY + 3 + 13), Some(Why::ChangedAgain));
    assert_eq!(again(CHANGE_DAY + 3 + 14), None);
    assert_eq!(again(CHANGE_DAY - 3 - 13), Some(Why::DaysBefore { have: 13, need: 14 }));
    assert_eq!(again(CHANGE_DAY - 3 - 14), None);

    let customers = |customers| Product { customers, ..Product::new(units) }.why();
    assert_eq!(customers(CUSTOMERS_MIN - 1), Some(Why::Customers { have: 19, need: 20 }));
    assert_eq!(customers(CUSTOMERS_MIN), None);

    // 28 days: 99 events are 4 on each of the first fifteen days and 3 on the others.
    let events = |on_the_last_day| {
        let mut product = Product::new(units);
        for day in product.series[0].days.iter_mut().filter(|day| day.day > CHANGE_DAY) {
            *day = day_of(day.day, 3, 5);
        }
        let last = product.series[0].days.last_mut().expect("days");
        *last = day_of(last.day, on_the_last_day, 5);
        product.why()
    };
    assert_eq!(events(18), Some(Why::Events { have: 99, need: EVENTS_EACH_SIDE_MIN }));
    assert_eq!(events(19), None);

    let unused = |days: i32| {
        let mut product = Product::new(units);
        product.series[0].days.retain(|day| !(CHANGE_DAY + 3..CHANGE_DAY + 3 + days).contains(&day.day));
        product.why()
    };
    assert_eq!(unused(9), Some(Why::DaysWithoutUse), "19 of 28 days");
    assert_eq!(unused(8), None, "20 of 28 days");
}

#[test]
fn every_shortage_has_its_sentence() {
    let young = Product::between(CHANGE_DAY - 84, CHANGE_DAY + 7, &[(200, 150)]).impact();
    assert_eq!(
        young.status.words(),
        "Too early to say what the price caused: 5 whole days since the change settled, 14 are needed."
    );
    assert_eq!((young.before.days, young.after.days, young.plain.units_bp), (5, 5, Some(-2_500)));
}

#[test]
fn one_control_and_a_short_history_have_nothing_to_take_the_error_from() {
    let units = &[(200, 150), (100, 100)];
    assert_eq!(Product::between(CHANGE_DAY - 30, CHANGE_DAY + 32, units).why(), Some(Why::NoPlaceboDates));
    let impact = Product::between(CHANGE_DAY - 31, CHANGE_DAY + 32, units).impact();
    assert!(matches!(impact.status, Status::Estimated(_)), "{:?}", impact.status);
    assert_eq!(impact.before.days, 14, "windows of 28 days leave no other date");
}

#[test]
fn product_that_rests_at_weekends_is_compared_on_its_working_days() {
    let mut product = Product::new(&[(200, 150), (100, 100), (100, 121)]);
    for series in &mut product.series {
        series.days.retain(|day| day.day.rem_euclid(7) < 5);
    }
    let impact = product.impact();
    assert_eq!((impact.before.days, impact.before.days_with_events), (28, 20));
    assert_eq!(estimate(&impact).units_bp.middle, -3_182);
}

#[test]
fn price_from_or_to_nothing_has_an_effect_and_no_elasticity() {
    let mut product = Product::new(&[(200, 150), (100, 100), (100, 121)]);
    product.changes[0].old_credits_micro = 0;
    let impact = product.impact();
    let charged = estimate(&impact);
    assert_eq!((charged.elasticity_milli, charged.units_bp.middle), (None, -3_182));
    assert_eq!((charged.without_change.revenue_nano.low, charged.without_change.revenue_nano.high), (0, 0));

    product.changes[0].old_credits_micro = 4_000_000;
    product.changes[0].new_credits_micro = 0;
    let impact = product.impact();
    let free = estimate(&impact);
    assert_eq!((free.elasticity_milli, free.confidence), (None, None));
    let revenue = free.without_change.revenue_nano;
    assert!(revenue.low < 28 * 880 && 28 * 880 < revenue.high, "{revenue:?}");

    // 1 % is less than demand moves by itself.
    product.changes[0].new_credits_micro = 4_040_000;
    assert_eq!(estimate(&product.impact()).elasticity_milli, None);
    product.changes[0].new_credits_micro = 4_100_000;
    assert!(estimate(&product.impact()).elasticity_milli.is_some());
}

#[test]
fn nothing_is_claimed_about_margin_while_cost_is_missing() {
    let claimed = |missing| {
        let mut product = Product::new(&[(200, 150), (100, 100), (100, 121)]);
        product.series[0].days.last_mut().expect("days").cost_missing = missing;
        estimate(&product.impact()).confidence.is_some()
    };
    assert!(claimed(84), "2 % of 4,200 events");
    assert!(!claimed(85));
}

#[test]
fn question_that_is_not_in_order_is_refused() {
    let product = || Product::new(&[(200, 150)]);
    let mut unknown = product();
    unknown.changes.clear();
    assert_eq!(unknown.impact_with(Options::default()), Err(ImpactError::UnknownChange(PriceNo(1))));
    let mut twice = product();
    twice.series[0].days[1].day = twice.series[0].days[0].day;
    assert_eq!(twice.impact_with(Options::default()), Err(ImpactError::DaysOutOfOrder(EventTypeNo(0))));
    let mut huge = product();
    huge.series[0].days.iter_mut().for_each(|day| day.units_micro = i128::MAX);
    assert_eq!(huge.impact_with(Options::default()), Err(ImpactError::Overflow));
    let ok = Options::default();
    for (options, name) in [
        (Options { window_days: 13, ..ok }, "window_days"),
        (Options { window_days: 92, ..ok }, "window_days"),
        (Options { washout_days: 15, ..ok }, "washout_days"),
        (Options { prior_centre_milli: -10_001, ..ok }, "prior_centre_milli"),
        (Options { prior_scale_milli: 99, ..ok }, "prior_scale_milli"),
    ] {
        assert_eq!(product().impact_with(options), Err(ImpactError::OptionOutOfRange(name)));
    }
    let widest =
        Options { window_days: 91, washout_days: 14, prior_centre_milli: -10_000, prior_scale_milli: 100 };
    assert!(product().impact_with(widest).is_ok());
}

#[test]
fn days_at_the_ends_of_the_calendar_and_no_figures_at_all_are_answered() {
    for day in [i32::MIN, -1, 0, i32::MAX] {
        for through_day in [i32::MIN, 0, i32::MAX] {
            let far = [DaySeries {
                event_type: EventTypeNo(0),
                family: None,
                days: vec![day_of(i32::MIN, 500, 4), day_of(i32::MAX, 500, 4)],
            }];
            for series in [&far[..], &[]] {
                let question = Question {
                    series,
                    active: &[ActiveDay { day: i32::MIN, customers: 1 }],
                    changes: &[change(0, 1, day)],
                    asked: PriceNo(1),
                    through_day,
                    customers: Some(50),
                    options: Options::default(),
                };
                let impact = price_impact(&question).expect("in order");
                assert!(matches!(impact.status, Status::TooEarly { .. }), "{day} {through_day}");
            }
        }
    }
}
