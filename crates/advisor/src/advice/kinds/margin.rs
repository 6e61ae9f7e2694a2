//! A margin under its target, or far over it.

use chargly_ledger::{AdviceKind, Credits, Evidence, Objective, Span};

use super::{Found, Tried, driver, lacks};
use crate::advice::gather::Window;
use crate::advice::price::{grid_of, moved, stepped};
use crate::advice::subject::Subject;
use crate::advice::sureness::{Stated, guardrails, looks_need, sample_needs, waiting_needs};
use crate::{Aim, chance};

/// A margin this far over its target is looked at, in basis points.
const OVER_BP: i64 = 1_500;
/// An event type that fewer of the product's customers use, in basis points, has few who tried it.
const LOW_ADOPTION_BP: i64 = 2_000;
/// Below every margin that a price above nothing has.
const NO_MARGIN_BP: i64 = i64::MIN / 2;

/// Claim: profit rises, and the margin afterwards is above the floor where the raise reaches it: a step towards the floor
/// must not be forbidden by it.
pub(crate) fn under_target(subject: &Subject<'_>) -> Option<Found> {
    let window = subject.window();
    let settings = &subject.inputs.catalogue.settings;
    let aimed_bp = i64::from(settings.target_margin_bp) - i64::from(settings.advice.dead_band_bp);
    let is_under =
        |window| subject.margin_bp(&subject.of.total(window)).is_some_and(|margin_bp| margin_bp < aimed_bp);
    let evidence = subject.evidence(window);
    let wants_more = settings.advice.objective != Objective::TargetMargin;
    if !is_under(window) && !wants_more {
        return None;
    }
    let wanted = if wants_more { a_step_up(subject)? } else { evidence.target_price? };
    evidence.margin_bp?;
    let looks = 1 + i64::from(wants_more || is_under(Window::LookBefore));
    let floor_bp = i64::from(settings.advice.floor_bp);
    let found = priced(subject, AdviceKind::UnderTarget, wanted, (floor_bp, looks), evidence)?;
    // What nobody is sure of is no finding where nothing is under its target.
    let is_sure = found.stated.probability_bp >= chargly_ledger::MEDIUM_BP;
    (is_under(window) || is_sure).then_some(found).filter(is_rise)
}

/// Claim: profit rises, and the margin stays at its target.
pub(crate) fn over_target(subject: &Subject<'_>) -> Option<Found> {
    let window = subject.window();
    let settings = &subject.inputs.catalogue.settings;
    let target_bp = i64::from(settings.target_margin_bp);
    let is_over = |window| {
        subject.margin_bp(&subject.of.total(window)).is_some_and(|margin_bp| margin_bp > target_bp + OVER_BP)
    };
    let evidence = subject.evidence(window);
    if !is_over(window) || !is_worth_a_test(subject, &evidence) {
        return None;
    }
    let looks = 1 + i64::from(is_over(Window::LookBefore));
    let found =
        priced(subject, AdviceKind::OverTarget, evidence.target_price?, (target_bp, looks), evidence)?;
    Some(found).filter(|found| !is_rise(found))
}

fn is_rise(found: &Found) -> bool {
    found.recommended > found.current
}

/// Few customers use it, or what own changes taught says that a lower price would bring more.
fn is_worth_a_test(subject: &Subject<'_>, evidence: &Evidence) -> bool {
    let all = subject.inputs.gathering.customers();
    let adoption_bp = crate::advice::sureness::share_bp(evidence.customers.into(), all.into());
    adoption_bp < LOW_ADOPTION_BP || !subject.lessons.is_empty()
}

/// The price to ask about where more profit or revenue is wanted, whatever the margin: one step up.
fn a_step_up(subject: &Subject<'_>) -> Option<Credits> {
    let current = subject.current(&subject.of.total(subject.window()))?;
    let micro = i128::from(current.micro()) * 12 / 10 + i128::from(grid_of(&subject.base.rule).micro());
    i64::try_from(micro).ok().map(Credits::from_micro)
}

fn priced(
    subject: &Subject<'_>,
    kind: AdviceKind,
    wanted: Credits,
    (margin_min_bp, looks): (i64, i64),
    mut evidence: Evidence,
) -> Option<Found> {
    let window = subject.window();
    let (sums, advice) = (subject.of.total(window), &subject.inputs.catalogue.settings.advice);
    let current = subject.current(&sums)?;
    let proposed = stepped(current, wanted, grid_of(&subject.base.rule), advice.step_bp)?;
    let tried = Tried::new(subject, window, (current, proposed), Subject::cost_nano(&sums));
    let cost = subject.unit_cost(window)?;
    let aim = if advice.objective == Objective::Revenue { Aim::Revenue } else { Aim::Profit };
    // A raise that does not reach the floor still goes towards it.
    let reaches = tried.margin_after_bp.is_some_and(|margin_bp| margin_bp >= margin_min_bp);
    let margin_min_bp = if reaches || proposed < current { margin_min_bp } else { NO_MARGIN_BP };
    let repricing = tried.repricing(subject, &sums, margin_min_bp, aim);
    let belief = subject.belief();
    let stated = Stated::of_gain(&chance(&belief, &repricing, cost), &evidence);
    let range = belief.range_milli();
    evidence.elasticity_milli =
        Some(Span { low: range.low.into(), middle: range.middle.into(), high: range.high.into() });
    evidence.margin_after_bp = tried.margin_after_bp;
    let mut needs = sample_needs(&evidence);
    needs.extend(looks_need(looks));
    needs.extend(waiting_needs(subject));
    let target_bp = evidence.target_bp;
    Some(Found {
        kind,
        window,
        proposal: moved(subject.base, current, proposed),
        current: Some(current),
        recommended: Some(proposed),
        driver: driver(&evidence, proposed > current),
        guardrails: guardrails(subject, (current.micro(), proposed.micro()), tried.margin_after_bp, false),
        lift: tried.lift(subject, (window, &sums), &repricing, cost),
        if_left: if proposed > current {
            lacks(subject, window, &evidence, target_bp)
        } else {
            Span::default()
        },
        stated,
        needs,
        evidence,
    })
}
