//! What a provider takes for a unit moved: told by rate cards, or noticed in reported costs.
#![expect(clippy::float_arithmetic, reason = "rates and shares are estimates; amounts are integers")]

use chargly_ledger::{AdviceKind, Credits, Detail, Driver, Needed, Quantity, Span, Usage};

use super::{Found, Tried, lacks};
use crate::advice::gather::{Cell, UsedModel, Window};
use crate::advice::price::{grid_of, moved, stepped};
use crate::advice::subject::Subject;
use crate::advice::sureness::{Stated, guardrails, sample_needs, waiting_needs};
use crate::statistics::{float, whole128};
use crate::{Aim, DayRate, Drift, drift};

/// A rate that moved by less is left alone.
const MOVED_MIN: f64 = 0.05;
/// Of an event type's cost, what a rate must have to be told of.
const SHARE_MIN: f64 = 0.1;
/// The part of a move that customers must have seen at their own use.
const OF_EACH_MIN: f64 = 0.4;
/// Days after which a move that was noticed is no news.
const NEWS_DAYS: i32 = 28;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// A move, and what it does to the whole event type.
struct Move {
    of: compact_str::CompactString,
    before: f64,
    after: f64,
    since_day: i32,
    noticed_day: i32,
    probability: f64,
    is_declared: bool,
    /// What a unit of the event type cost before, and costs since, in nano-units.
    unit_before: f64,
    unit_after: f64,
}

/// Claim: the rate moved by at least 5 %.
pub(crate) fn cost_drift(subject: &Subject<'_>) -> Option<Found> {
    let window = Window::Now;
    let sums = subject.of.total(window);
    let units = float(subject.units_micro(&sums)) / 1e6;
    let unit_cost = float(Subject::cost_nano(&sums)) / units.max(f64::MIN_POSITIVE);
    let noticed = subject.of.cells().filter_map(|cell| noticed(subject, cell, (units, unit_cost)));
    let declared =
        subject.of.used_models().iter().filter_map(|model| declared(subject, model, (units, unit_cost)));
    let weight = |found: &Move| (found.unit_after - found.unit_before).abs();
    let found = declared.chain(noticed).max_by(|a, b| weight(a).total_cmp(&weight(b)))?;

    let mut evidence = subject.evidence(window);
    let price_for = |unit_cost: f64| {
        subject.price_for(whole128(unit_cost * units), subject.units_micro(&sums), evidence.target_bp)
    };
    let (target_before, target_after) = (price_for(found.unit_before), price_for(found.unit_after)?);
    let cost_after = whole128(found.unit_after * units);
    let current = subject.current(&sums)?;
    let proposed = re_priced(subject, current, target_after, cost_after);
    let exactly = |rate: f64| Span::exactly(whole128(rate));
    evidence.break_even = subject.price_for(cost_after, subject.units_micro(&sums), 0);
    evidence.target_price = Some(target_after);
    evidence.cost_per_unit_before = i64::try_from(whole128(found.unit_before)).ok();
    evidence.cost_per_unit = Span::exactly(whole128(found.unit_after));
    evidence.margin_bp = chargly_ledger::margin_bp(subject.planned_nano(&sums), cost_after);
    evidence.detail = Detail::Rate {
        of: found.of.clone(),
        before: exactly(found.before),
        after: exactly(found.after),
        since_day: found.since_day,
        noticed_day: found.noticed_day,
        is_declared: found.is_declared,
        target_before,
    };
    let stated = match found.is_declared {
        true => Stated::exactly(true),
        false => Stated::of_cost(found.probability, &evidence),
    };
    let mut needs = waiting_needs(subject);
    if !found.is_declared {
        // A rate is the provider's, however many the customers are; but one who is half of them is all that is seen.
        let is_of_sample =
            |need: &chargly_ledger::Need| matches!(need.what, Needed::Events | Needed::LargestCustomer);
        needs.extend(sample_needs(&evidence).into_iter().filter(is_of_sample));
    }
    let tried = proposed.map(|proposed| Tried::new(subject, window, (current, proposed), cost_after));
    evidence.margin_after_bp = tried.as_ref().and_then(|tried| tried.margin_after_bp);
    let lift = match (&tried, subject.unit_cost(window)) {
        (Some(tried), Some(cost)) => {
            let repricing = tried.repricing(subject, &sums, 0, Aim::Profit);
            tried.lift(subject, (window, &sums), &repricing, cost)
        }
        _ => Span::default(),
    };
    let target_bp = evidence.target_bp;
    Some(Found {
        kind: AdviceKind::CostDrift,
        window,
        proposal: proposed.and_then(|proposed| moved(subject.base, current, proposed)),
        current: Some(current),
        recommended: proposed,
        driver: Driver::Cost,
        needs: if proposed.is_some() { needs } else { Vec::new() },
        guardrails: proposed.map_or_else(Vec::new, |proposed| {
            guardrails(subject, (current.micro(), proposed.micro()), evidence.margin_after_bp, false)
        }),
        lift,
        if_left: if found.unit_after > found.unit_before {
            lacks(subject, window, &evidence, target_bp)
        } else {
            Span::default()
        },
        stated,
        evidence,
    })
}

/// The price that follows the cost: up where it rose and the margin is under its target, down where it fell and the
/// margin is over it.
fn re_priced(subject: &Subject<'_>, current: Credits, target: Credits, cost_after: i128) -> Option<Credits> {
    let settings = &subject.inputs.catalogue.settings;
    let sums = subject.of.total(Window::Now);
    let margin_bp = chargly_ledger::margin_bp(subject.planned_nano(&sums), cost_after).unwrap_or(i64::MIN);
    let off_bp = margin_bp.saturating_sub(settings.target_margin_bp.into());
    if off_bp.abs() <= i64::from(settings.advice.dead_band_bp) {
        return None;
    }
    let proposed = stepped(current, target, grid_of(&subject.base.rule), settings.advice.step_bp)?;
    ((proposed > current) == (off_bp < 0)).then_some(proposed)
}

/// A move that is noticed in reported costs.
fn noticed(subject: &Subject<'_>, cell: &Cell, (units, unit_cost): (f64, f64)) -> Option<Move> {
    let calendar = subject.inputs.gathering.calendar();
    // The last day is not over.
    let over = calendar.days.len().saturating_sub(1);
    let number = |place: usize| calendar.first_day.saturating_add(i32::try_from(place).unwrap_or(i32::MAX));
    let of_day = |(place, (cost, quantity)): (usize, &(i64, i64))| DayRate {
        day: number(place),
        cost: float((*cost).into()),
        units: float((*quantity).into()) / 1e6,
    };
    let days: Vec<DayRate> = cell.days.iter().take(over).enumerate().map(of_day).collect();
    let Drift { since_day, alarm_day, before, after, probability, .. } = drift(&days)?;
    let moved = after / before - 1.0;
    let is_news = alarm_day > number(over).saturating_sub(NEWS_DAYS);
    // Of the window, the days at the old and at the new rate.
    let range = calendar.range(Window::Now);
    let of_window = |at_new: bool| {
        let days = cell.days.iter().enumerate().take(range.end).skip(range.start);
        let is_asked = |place: usize| (number(place) >= since_day) == at_new;
        days.filter(|(place, _)| is_asked(*place))
            .map(|(_, (_, quantity))| float((*quantity).into()) / 1e6)
            .sum::<f64>()
    };
    let (old_units, new_units) = (of_window(false), of_window(true));
    let share = (old_units * before + new_units * after) / (unit_cost * units).max(f64::MIN_POSITIVE);
    if moved.abs() < MOVED_MIN || !is_news || share < SHARE_MIN {
        return None;
    }
    let expected = new_units * (after - before) / (unit_cost * units - new_units * (after - before));
    if !is_of_each_customer(subject, expected) {
        return None;
    }
    let step = (after - before) / units.max(f64::MIN_POSITIVE);
    Some(Move {
        of: cell.name.clone(),
        before,
        after,
        since_day,
        noticed_day: alarm_day,
        probability,
        is_declared: false,
        unit_before: unit_cost - new_units * step,
        unit_after: unit_cost + old_units * step,
    })
}

/// Whether customers who were there before pay the move each: at their own use of before, their costs moved by a good
/// part of what is expected. Else dear customers came, or cheap ones went, and no rate moved. True where nobody was
/// there before.
fn is_of_each_customer(subject: &Subject<'_>, expected: f64) -> bool {
    let (mut then, mut now) = (0.0, 0.0);
    for cluster in subject.of.clusters() {
        let (before, after) =
            (subject.cluster(cluster.of(Window::Earlier)), subject.cluster(cluster.of(Window::Now)));
        if before.units > 0.0 && after.units > 0.0 && before.cost > 0.0 {
            then += before.cost;
            now += before.units * after.cost / after.units;
        }
    }
    if then <= 0.0 {
        return true;
    }
    let moved = now / then - 1.0;
    moved * expected > 0.0 && moved.abs() >= OF_EACH_MIN * expected.abs()
}

/// A move that rate cards tell: what the same use cost when the window began, and costs now.
fn declared(subject: &Subject<'_>, model: &UsedModel, (units, unit_cost): (f64, f64)) -> Option<Move> {
    let calendar = subject.inputs.gathering.calendar();
    let began = calendar.span(Window::Now).start;
    let usage = typical(model)?;
    let rates = &subject.inputs.catalogue.rates;
    let cost_at = |at| rates.cost_of(&usage, at, None).ok().map(|cost| float(cost.nano.into()));
    let (before, after) = (cost_at(began)?, cost_at(subject.inputs.as_of)?);
    if before <= 0.0 || (after / before - 1.0).abs() < MOVED_MIN {
        return None;
    }
    // What was charged at the old rates and at the new ones is not told apart: all of it is put at either.
    let events = float(model.events);
    let share = float(model.cost_nano) / (unit_cost * units).max(f64::MIN_POSITIVE);
    if share < SHARE_MIN {
        return None;
    }
    let others = unit_cost - float(model.cost_nano) / units;
    // The first day of the newest card that holds: found by halving the calendar.
    let changed =
        calendar.days.partition_point(|day| cost_at(*day).is_some_and(|cost| (cost - before).abs() < 0.5));
    let day = calendar.first_day.saturating_add(i32::try_from(changed.saturating_sub(1)).unwrap_or(0));
    let today = i32::try_from(subject.inputs.as_of.0.div_euclid(DAY_MS)).unwrap_or(i32::MAX);
    Some(Move {
        of: compact_str::format_compact!("{}/{}", usage.provider, usage.model),
        before,
        after,
        since_day: day.min(today),
        noticed_day: day.min(today),
        probability: 1.0,
        is_declared: true,
        unit_before: others + before * events / units,
        unit_after: others + after * events / units,
    })
}

/// What a model is used for in one event, on average.
fn typical(model: &UsedModel) -> Option<Usage> {
    let of_event = |(unit, micro): &(chargly_ledger::Unit, i128)| {
        let micro = i64::try_from(micro / model.events.max(1)).ok()?;
        Quantity::from_micro(micro).map(|quantity| (*unit, quantity))
    };
    let quantities = model.units.iter().filter_map(of_event).collect();
    Some(Usage { quantities, ..model.usage.clone() })
}
