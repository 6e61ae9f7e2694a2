//! A price for each unit, where every event costs something whatever is in it: small events lose money.
#![expect(clippy::float_arithmetic, reason = "a fitted line; amounts are integers")]

use chargly_ledger::{
    AdviceKind, AdvisedPrice, Credits, Detail, Driver, Measure, Quantity, Rule, Span, margin_bp, snapped_up,
};

use super::Found;
use crate::advice::gather::Window;
use crate::advice::price::grid_of;
use crate::advice::subject::Subject;
use crate::advice::sureness::{Stated, guardrails, looks_need, sample_needs, waiting_needs};
use crate::line;
use crate::statistics::{float, whole128};

/// One event in ten is smaller than a small one.
const SMALL_IN_THOUSAND: u64 = 100;
/// A minimum that brings less than one part in so many of what the event type earns is not worth a rule.
const GAIN_ONE_IN: i128 = 100;

/// Claim: there is a base cost, and the margin of small events is below the floor.
pub(crate) fn minimum(subject: &Subject<'_>) -> Option<Found> {
    let Rule::PerUnit { base, credits, measure: Measure::Quantity, minimum, maximum } = &subject.base.rule
    else {
        return None;
    };
    let window = subject.window();
    if !subject.of.is_varied || window != Window::Weeks {
        return None;
    }
    let fitted = line(&subject.of.lines(), subject.seed())?;
    let small_micro = subject.of.quantities.quantile(SMALL_IN_THOUSAND);
    let price_of = |quantity_micro: i64| {
        let micro =
            i128::from(base.micro()) + i128::from(credits.micro()) * i128::from(quantity_micro) / 1_000_000;
        let micro = micro.max(minimum.map_or(0, |least| least.micro().into()));
        micro.min(maximum.map_or(i128::MAX, |most| most.micro().into()))
    };
    let revenue = subject.worth.of(price_of(small_micro));
    let floor_bp = i64::from(subject.inputs.catalogue.settings.advice.floor_bp);
    // The line is in nano-units and micro-units.
    let q = float(small_micro.into());
    let cost_of_small = whole128(fitted.a() + fitted.b() * q);
    let small_margin_bp = margin_bp(revenue, cost_of_small)?;
    let mut evidence = subject.evidence(window);
    // The line may be bent by the largest events: small ones must have lost money themselves.
    let small = |bin: &(i64, u64, i128)| bin.0 <= small_micro;
    let (earned, spent) = subject.of.quantities.bins().filter(small).fold((0, 0), |(earned, spent), bin| {
        (earned + subject.worth.of(price_of(bin.0)) * i128::from(bin.1), spent + bin.2)
    });
    let is_seen = margin_bp(earned, spent).is_some_and(|margin_bp| margin_bp < floor_bp);
    if fitted.a() <= 0.0 || small_margin_bp >= floor_bp || !is_seen {
        return None;
    }
    let grid = grid_of(&subject.base.rule);
    let least = subject.price_for(cost_of_small, 1_000_000, evidence.target_bp)?;
    let least = snapped_up(least, grid)?;
    if minimum.is_some_and(|known| known >= least) || maximum.is_some_and(|most| most < least) {
        return None;
    }
    let (floor, revenue) = (float(floor_bp.into()) / 1e4, float(revenue));
    let holds = |a: f64, b: f64| a > 0.0 && revenue - (a + b * q) < floor * revenue;
    let stated = Stated::of_cost(fitted.probability(holds), &evidence);
    let span = |(low, high): (f64, f64), middle: f64, factor: f64| Span {
        low: whole128(low * factor),
        middle: whole128(middle * factor),
        high: whole128(high * factor),
    };
    evidence.detail = Detail::Line {
        base: span(fitted.a_range(), fitted.a(), 1.0),
        per_unit: span(fitted.b_range(), fitted.b(), 1e6),
        small: Quantity::from_micro(small_micro)?,
        small_margin_bp,
        minimum: least,
    };
    // What events below it bring more.
    let more = |(quantity, count, _): (i64, u64, i128)| {
        let lacks = i128::from(least.micro()) - price_of(quantity);
        lacks.max(0) * i128::from(count)
    };
    let gained = subject.worth.of(subject.of.quantities.bins().map(more).sum());
    let sums = subject.of.total(window);
    let planned = subject.planned_nano(&sums);
    if gained.saturating_mul(GAIN_ONE_IN) < planned {
        return None;
    }
    evidence.margin_after_bp = margin_bp(planned + gained, Subject::cost_nano(&sums));
    let mut needs = sample_needs(&evidence);
    // What is fitted to four weeks stands as one look; the four a week before would be three quarters the same.
    needs.extend(looks_need(2));
    needs.extend(waiting_needs(subject));
    let current = subject.current(&sums)?;
    let rule = Rule::PerUnit {
        base: *base,
        credits: *credits,
        measure: Measure::Quantity,
        minimum: Some(least),
        maximum: *maximum,
    };
    let gain = subject.a_month(window, gained);
    let after = Credits::from_micro(
        i64::try_from(i128::from(current.micro()) * (planned + gained) / planned.max(1))
            .unwrap_or(current.micro()),
    );
    Some(Found {
        kind: AdviceKind::Minimum,
        window,
        proposal: Some(AdvisedPrice { rule, grid: subject.base.grid, rounding: subject.base.rounding }),
        current: Some(current),
        recommended: Some(after),
        driver: Driver::Cost,
        guardrails: guardrails(subject, (current.micro(), after.micro()), evidence.margin_after_bp, false),
        // Whoever stops using small events takes their cost along.
        lift: Span { low: 0.min(gain), middle: gain, high: gain },
        if_left: Span::exactly(gain),
        stated,
        needs,
        evidence,
    })
}
