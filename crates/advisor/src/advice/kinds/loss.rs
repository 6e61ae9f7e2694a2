//! An event type that costs more than its credits are worth.

use chargly_ledger::{AdviceKind, Driver, Span, snapped_up};

use super::{Found, Tried, lacks};
use crate::advice::gather::Window;
use crate::advice::price::{grid_of, moved, stepped};
use crate::advice::subject::Subject;
use crate::advice::sureness::{
    COSTS_KNOWN_MIN_BP, Stated, costs_known_bp, guardrails, looks_need, sample_needs, waiting_needs,
};
use crate::{Aim, UnitCost};

/// Claim: the true mean margin is below 0. It may be raised to what covers its cost at once, however far that is.
pub(crate) fn loss_making(subject: &Subject<'_>) -> Option<Found> {
    let window = Window::Now;
    let sums = subject.of.total(window);
    let cost_nano = Subject::cost_nano(&sums);
    if cost_nano <= subject.planned_nano(&sums) {
        return None;
    }
    let mut evidence = subject.evidence(window);
    let of_revenue = subject.cost_of_revenue(window);
    let is_same = of_revenue.as_ref().is_some_and(UnitCost::is_exact);
    let is_exact = is_same && evidence.cost_missing == 0 && evidence.estimated_nano == 0;
    let stated = match &of_revenue {
        Some(_) if is_exact => Stated::exactly(true),
        Some(of_revenue) => Stated::of_cost(of_revenue.probability_above(1.0), &evidence),
        // One customer, or two: nobody can say how far off it is.
        None => Stated::of_cost(0.0, &evidence),
    };
    let current = subject.current(&sums)?;
    let grid = grid_of(&subject.base.rule);
    let step_bp = subject.inputs.catalogue.settings.advice.step_bp;
    let break_even = snapped_up(evidence.break_even?, grid)?;
    let stepped = stepped(current, evidence.target_price?, grid, step_bp);
    let proposed = stepped.map_or(break_even, |price| price.max(break_even));
    let tried = Tried::new(subject, window, (current, proposed), cost_nano);
    evidence.margin_after_bp = tried.margin_after_bp;
    let mut needs = Vec::new();
    if !is_exact {
        needs = sample_needs(&evidence);
        needs.extend(looks_need(1 + i64::from(lost_before(subject))));
        needs.extend(waiting_needs(subject));
    } else if costs_known_bp(&evidence) < COSTS_KNOWN_MIN_BP {
        needs = sample_needs(&evidence);
    }
    let repricing = tried.repricing(subject, &sums, 0, Aim::Profit);
    let lift = match subject.unit_cost(window) {
        Some(cost) => tried.lift(subject, (window, &sums), &repricing, cost),
        None => Span { low: 0, middle: tried.gain_nano, high: tried.gain_nano },
    };
    Some(Found {
        kind: AdviceKind::LossMaking,
        window,
        proposal: moved(subject.base, current, proposed),
        current: Some(current),
        recommended: Some(proposed),
        driver: Driver::Cost,
        needs,
        guardrails: guardrails(subject, (current.micro(), proposed.micro()), tried.margin_after_bp, true),
        lift,
        if_left: lacks(subject, window, &evidence, 0),
        stated,
        evidence,
    })
}

/// Whether the look before would have found the same.
fn lost_before(subject: &Subject<'_>) -> bool {
    let before = subject.of.total(Window::LookBefore);
    before.events > 0 && Subject::cost_nano(&before) > subject.planned_nano(&before)
}
