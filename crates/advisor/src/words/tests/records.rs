//! Records by hand, one of each kind. The figures of each agree with each other.

use chargly_ledger::{
    AdviceKind, AdvisedPrice, Backtest, Cap, CapReason, CardPin, Catalogue, Credits, Detail, Driver,
    EventType, EventTypeNo, Evidence, Grid, Guardrail, GuardrailRule, KeyNo, Level, Measure, Millis,
    Position, PriceNo, PriceRun, PriceVersion, Quantity, Ratio, Recommendation, Rounding, Row, Rule, Shock,
    Span, Tail,
};

pub(super) const DOLLAR: i128 = 1_000_000_000;
const CENT: i128 = DOLLAR / 100;
const DAY_MS: i64 = 86_400_000;
/// 1 March 2026.
const FROM_DAY: i64 = 20_513;

pub(super) fn local_day(at: Millis) -> i32 {
    i32::try_from(at.0.div_euclid(DAY_MS)).expect("a day")
}

pub(super) fn cr(text: &str) -> Credits {
    Credits::parse(text).expect("credits")
}

fn flat(credits: &str) -> Rule {
    Rule::Flat { credits: cr(credits) }
}

fn proposed(rule: Rule) -> Option<AdvisedPrice> {
    Some(AdvisedPrice { rule, grid: Grid::MicroCredit, rounding: Rounding::Up })
}

fn span(low: i128, middle: i128, high: i128) -> Span {
    Span { low, middle, high }
}

/// A catalogue with one event type that has one price.
pub(super) fn catalogue(name: &str, rule: Rule) -> Catalogue {
    let mut catalogue = Catalogue::default();
    catalogue.event_types.push(EventType {
        number: EventTypeNo(0),
        name: name.into(),
        label: name.into(),
        description: "".into(),
        caller_set_credits: false,
        dimensions: vec!["model".into()],
        archived: false,
        estimated_cost_nano: None,
        prices: vec![PriceNo(0)],
        created_at: Millis(0),
    });
    catalogue.prices.push(PriceVersion {
        number: PriceNo(0),
        id: chargly_ledger::EntryId::seal(Position(0), Millis(0), b""),
        event_type: EventTypeNo(0),
        version: 1,
        rule,
        grid: Grid::Credit,
        rounding: Rounding::Up,
        effective_at: Millis(0),
        note: "".into(),
        author: KeyNo(0),
        published_at: Millis(0),
    });
    catalogue
}

fn pass(rule: GuardrailRule, value: i64, limit: i64) -> Guardrail {
    Guardrail { rule, is_kept: true, value, limit }
}

/// What a reply, at 0.42 ¢ and 4 credits of 0.4 ¢, says in four weeks of 45,500 a month of 30 days.
fn reply() -> Recommendation {
    let events = 42_467;
    let cost_nano = 4_200_000 * i128::from(events);
    let planned_nano = 16_000_000 * i128::from(events);
    Recommendation {
        kind: AdviceKind::UnderTarget,
        event_type: EventTypeNo(0),
        base: Some(PriceNo(0)),
        proposal: proposed(flat("5")),
        current: Some(cr("4")),
        recommended: Some(cr("5")),
        driver: Driver::Demand,
        probability_bp: 8_000,
        uncapped_bp: 8_800,
        is_exact: false,
        caps: vec![Cap { why: CapReason::PriorAlone, at_bp: 8_000 }],
        needs: Vec::new(),
        guardrails: vec![
            pass(GuardrailRule::Step, 2_500, 2_000),
            pass(GuardrailRule::Floor, 7_900, 4_000),
            pass(GuardrailRule::Doubling, 12_500, 20_000),
            pass(GuardrailRule::BillShock, 2_500, 2_500),
            pass(GuardrailRule::CoolDown, 90, 30),
            pass(GuardrailRule::LiveChanges, 1, 2),
        ],
        lift: span(21 * DOLLAR, 182 * DOLLAR, 182 * DOLLAR),
        if_left: span(9 * DOLLAR, 9 * DOLLAR, 9 * DOLLAR),
        evidence: Evidence {
            events,
            customers: 412,
            paying_customers: 96,
            days: 28,
            largest_customer_bp: 610,
            quantity_micro: 1_000_000 * i128::from(events),
            credits_micro: 4_000_000 * i128::from(events),
            cost_nano,
            booked_nano: planned_nano * 9 / 10,
            planned_nano,
            paid_nano: 1_200 * DOLLAR,
            paid_micro: 300_000_000_000,
            cost_per_unit: Span::exactly(4_200_000),
            cost_is_exact: true,
            cost_per_unit_before: Some(4_200_000),
            margin_bp: Some(7_375),
            booked_margin_bp: Some(7_083),
            margin_after_bp: Some(7_900),
            target_bp: 7_500,
            floor_bp: 4_000,
            break_even: Some(cr("1.05")),
            target_price: Some(cr("4.2")),
            elasticity_milli: Some(span(-1_500, -700, -100)),
            own_changes: 0,
            by_prior_bp: vec![9_400, 9_100, 8_800],
            ..Evidence::default()
        },
        backtest: Some(backtest(679 * DOLLAR + 472_000_000, 178 * DOLLAR + 361_400_000)),
        window_from: Millis(FROM_DAY * DAY_MS),
        window_to: Millis((FROM_DAY + 28) * DAY_MS),
        cut_off: Position(123_456),
        method: 1,
        seed: 7,
    }
}

fn backtest(revenue_nano: i128, cost_nano: i128) -> Backtest {
    let before = PriceRun { events: 42_467, denied: 12, revenue_nano, cost_nano, cash_nano: 700 * DOLLAR };
    let revenue_nano = revenue_nano * 5 / 4;
    Backtest {
        from: Millis(FROM_DAY * DAY_MS),
        to: Millis((FROM_DAY + 28) * DAY_MS),
        facts: 60_000,
        customers: 412,
        one_in: 1,
        before,
        fixed: PriceRun { revenue_nano, denied: 140, ..before },
        replenishing: Some(PriceRun { revenue_nano: revenue_nano + 4 * DOLLAR, ..before }),
        draws: 20,
        elastic_revenue: Some(span(revenue_nano * 8 / 10, revenue_nano * 9 / 10, revenue_nano)),
        elastic_margin: Some(span(
            (revenue_nano - cost_nano) * 8 / 10,
            (revenue_nano - cost_nano) * 9 / 10,
            revenue_nano - cost_nano,
        )),
        run_outs_before: 20,
        run_outs_newly: 3,
        run_outs_earlier: 11,
        shock: Shock { p50_bp: 2_500, p90_bp: 2_500, max_bp: 2_500, above: 0 },
        winners: 0,
        losers: 412,
        outstanding_micro: cr("120000").micro().into(),
        devaluation_nano: 96 * DOLLAR,
    }
}

/// The golden one.
pub(super) fn under_target() -> (Catalogue, Recommendation) {
    (catalogue("chat.reply", flat("4")), reply())
}

pub(super) fn loss_making() -> (Catalogue, Recommendation) {
    let base = reply();
    let events = 10_307;
    let evidence = Evidence {
        events,
        customers: 63,
        paying_customers: 31,
        quantity_micro: 1_000_000 * i128::from(events),
        credits_micro: 8_000_000 * i128::from(events),
        cost_nano: 4 * CENT * i128::from(events),
        planned_nano: 32_000_000 * i128::from(events),
        cost_per_unit: span(37_500_000, 40_000_000, 43_000_000),
        cost_is_exact: false,
        cost_per_unit_before: Some(32_000_000),
        margin_bp: Some(-2_500),
        booked_margin_bp: Some(-2_480),
        margin_after_bp: Some(0),
        target_bp: 6_000,
        break_even: Some(cr("10")),
        target_price: Some(cr("25")),
        elasticity_milli: None,
        by_prior_bp: Vec::new(),
        largest_customer_bp: 3_400,
        tail: Some(Tail {
            p50_nano: 31_000_000,
            p90_nano: 52_000_000,
            p99_nano: 210_000_000,
            dearest_bp: 2_300,
        }),
        cost_missing: 12,
        estimated_nano: 4 * CENT * i128::from(events) / 10,
        ..base.evidence.clone()
    };
    let recommendation = Recommendation {
        kind: AdviceKind::LossMaking,
        proposal: proposed(flat("10")),
        current: Some(cr("8")),
        recommended: Some(cr("10")),
        driver: Driver::Cost,
        probability_bp: 9_500,
        uncapped_bp: 9_990,
        caps: Vec::new(),
        guardrails: vec![
            pass(GuardrailRule::Step, 2_500, 2_000),
            Guardrail { rule: GuardrailRule::Floor, is_kept: false, value: 0, limit: 4_000 },
            Guardrail { rule: GuardrailRule::BillShock, is_kept: false, value: 3_120, limit: 2_500 },
        ],
        lift: span(60 * DOLLAR, 88 * DOLLAR, 88 * DOLLAR),
        if_left: span(59 * DOLLAR, 88 * DOLLAR, 118 * DOLLAR),
        evidence,
        backtest: None,
        ..base
    };
    (catalogue("image.generate", flat("8")), recommendation)
}

pub(super) fn over_target() -> (Catalogue, Recommendation) {
    let base = reply();
    let recommendation = Recommendation {
        kind: AdviceKind::OverTarget,
        proposal: proposed(flat("10")),
        current: Some(cr("12")),
        recommended: Some(cr("10")),
        probability_bp: 9_000,
        uncapped_bp: 9_300,
        caps: vec![Cap { why: CapReason::FewChanges, at_bp: 9_000 }],
        lift: span(-12 * DOLLAR, 40 * DOLLAR, 95 * DOLLAR),
        if_left: span(-12 * DOLLAR, 40 * DOLLAR, 95 * DOLLAR),
        evidence: Evidence {
            margin_bp: Some(9_125),
            booked_margin_bp: Some(9_100),
            margin_after_bp: Some(8_950),
            planned_nano: 48_000_000 * i128::from(base.evidence.events),
            credits_micro: 12_000_000 * i128::from(base.evidence.events),
            own_changes: 1,
            elasticity_milli: Some(span(-2_200, -1_600, -1_100)),
            ..base.evidence.clone()
        },
        backtest: None,
        ..base
    };
    (catalogue("ai.summary", flat("12")), recommendation)
}

fn level(value: &str, cost: i64, margin: i64, share_bp: u32, proposed: &str) -> Level {
    Level {
        value: value.into(),
        events: 4_000,
        customers: 40,
        quantity_micro: 4_000_000_000,
        credits_micro: 32_000_000_000,
        cost_nano: i128::from(cost) * 4_000,
        planned_nano: 128 * DOLLAR,
        cost_per_unit_nano: cost,
        margin_bp: Some(margin),
        share_before_bp: None,
        share_bp,
        proposed: Some(cr(proposed)),
    }
}

fn by_model() -> Rule {
    let row = |value: &str, credits: &str| Row {
        when: vec![chargly_ledger::Condition { property: "model".into(), value: value.into() }],
        rule: Box::new(flat(credits)),
    };
    Rule::ByDimension { rows: vec![row("gpt-4o", "14")], default: Box::new(flat("6")) }
}

pub(super) fn split() -> (Catalogue, Recommendation) {
    let (catalogue, base) = loss_making();
    let levels =
        vec![level("gpt-4o", 28_000_000, 1_250, 2_600, "14"), level("", 11_000_000, 6_562, 7_400, "6")];
    let recommendation = Recommendation {
        kind: AdviceKind::Split,
        proposal: proposed(by_model()),
        recommended: Some(cr("8.08")),
        probability_bp: 9_400,
        guardrails: base.guardrails[..1].to_vec(),
        lift: span(18 * DOLLAR, 31 * DOLLAR, 40 * DOLLAR),
        if_left: span(22 * DOLLAR, 34 * DOLLAR, 47 * DOLLAR),
        evidence: Evidence {
            margin_bp: Some(5_200),
            margin_after_bp: Some(6_000),
            detail: Detail::Levels {
                dimension: "model".into(),
                levels,
                gap_bp: span(4_410, 5_312, 6_120),
                cross_subsidy: span(22 * DOLLAR, 34 * DOLLAR, 47 * DOLLAR),
            },
            ..base.evidence.clone()
        },
        ..base
    };
    (catalogue, recommendation)
}

pub(super) fn minimum() -> (Catalogue, Recommendation) {
    let (_, base) = loss_making();
    let per_unit = |minimum| Rule::PerUnit {
        base: Credits::ZERO,
        credits: cr("0.05"),
        measure: Measure::Quantity,
        minimum,
        maximum: None,
    };
    let recommendation = Recommendation {
        kind: AdviceKind::Minimum,
        proposal: proposed(per_unit(Some(cr("2")))),
        current: Some(cr("0.05")),
        recommended: Some(cr("0.05")),
        probability_bp: 9_100,
        caps: vec![Cap { why: CapReason::FewCustomers, at_bp: 9_500 }],
        guardrails: Vec::new(),
        if_left: span(4 * DOLLAR, 6 * DOLLAR, 8 * DOLLAR),
        lift: span(4 * DOLLAR, 6 * DOLLAR, 8 * DOLLAR),
        evidence: Evidence {
            customers: 38,
            margin_bp: Some(6_400),
            margin_after_bp: Some(6_800),
            detail: Detail::Line {
                base: span(2_900_000, 3_100_000, 3_400_000),
                per_unit: span(60_000, 62_000, 65_000),
                small: Quantity::from_micro(10_000_000).expect("a quantity"),
                small_margin_bp: -8_600,
                minimum: cr("2"),
            },
            ..base.evidence.clone()
        },
        ..base
    };
    (catalogue("agent.run", per_unit(None)), recommendation)
}

pub(super) fn cost_drift() -> (Catalogue, Recommendation) {
    let (_, base) = under_target();
    let day = |days: i64| i32::try_from(FROM_DAY + days).expect("a day");
    let recommendation = Recommendation {
        kind: AdviceKind::CostDrift,
        driver: Driver::Cost,
        probability_bp: 9_300,
        caps: Vec::new(),
        evidence: Evidence {
            elasticity_milli: None,
            by_prior_bp: Vec::new(),
            cost_is_exact: false,
            detail: Detail::Rate {
                of: "gpt-4o output tokens".into(),
                before: Span::exactly(10_000),
                after: span(11_800, 12_000, 12_200),
                since_day: day(14),
                noticed_day: day(17),
                is_declared: false,
                target_before: Some(cr("3.5")),
            },
            ..base.evidence.clone()
        },
        ..base
    };
    (catalogue("chat.reply", flat("4")), recommendation)
}

pub(super) fn mix_drift() -> (Catalogue, Recommendation) {
    let (catalogue, base) = split();
    let Detail::Levels { dimension, mut levels, .. } = base.evidence.detail.clone() else { unreachable!() };
    levels[0].share_before_bp = Some(900);
    levels[1].share_before_bp = Some(9_100);
    let recommendation = Recommendation {
        kind: AdviceKind::MixDrift,
        evidence: Evidence {
            detail: Detail::Mix {
                dimension,
                levels,
                by_rates: span(0, 100_000, 300_000),
                by_mix: span(2_100_000, 2_900_000, 3_600_000),
            },
            ..base.evidence.clone()
        },
        ..base
    };
    (catalogue, recommendation)
}

pub(super) fn data_quality() -> (Catalogue, Recommendation) {
    let (catalogue, base) = loss_making();
    let recommendation = Recommendation {
        kind: AdviceKind::DataQuality,
        proposal: None,
        recommended: None,
        driver: Driver::Data,
        probability_bp: 10_000,
        is_exact: true,
        guardrails: Vec::new(),
        lift: Span::default(),
        if_left: Span::default(),
        evidence: Evidence {
            cost_missing: 1_206,
            detail: Detail::Missing { events: 1_206, events_bp: 1_170, estimated_bp: 3_040, unpriced: 1 },
            ..base.evidence.clone()
        },
        ..base
    };
    (catalogue, recommendation)
}

/// A rule by cost, for what reads otherwise there.
pub(super) fn cost_plus() -> Rule {
    Rule::CostPlus {
        multiplier: Ratio::new(1_000, 1).expect("a ratio"),
        minimum: Some(cr("3")),
        rate_card: CardPin::NEWEST,
    }
}
