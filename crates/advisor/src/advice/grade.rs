//! How advice that was followed came out.

use chargly_ledger::{
    AdviceKind, Advised, Decision, Detail, Outcome, Recommendation, Span, Verdict, margin_bp,
};

use super::Inputs;
use super::gather::Window;
use super::subject::MONTH_DAYS;
use super::subject::Subject;
use super::sureness::share_bp;
use crate::statistics::{float, whole128};
use crate::{AmountRange, Estimate, Impact, Options, Status, line, price_impact};

/// Days after which a grade is final: usage answers in days, top-ups in weeks, and who leaves does so at the end of a
/// wallet.
const FINAL_DAYS: i64 = 60;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// A rate that stayed moved by less has come back, in basis points.
const MOVED_BP: i64 = 500;
/// A gap between margins that is still one, in basis points.
const GAP_BP: i64 = 1_500;

/// How a recommendation whose price has been in force since its review came out; `None` before that, and where a later
/// look would say no more than the grade it has.
pub fn grade(inputs: &Inputs<'_>, advised: &Advised) -> Option<Outcome> {
    let Decision::Applied { price, effective_at, .. } = &advised.decision else { return None };
    let is_due = advised.review_at().is_some_and(|review_at| review_at <= inputs.as_of);
    let days = (inputs.as_of.0 - effective_at.0).div_euclid(DAY_MS);
    let is_provisional = days < FINAL_DAYS;
    let says_more =
        advised.grade.as_ref().is_none_or(|known| known.outcome.is_provisional && !is_provisional);
    if !is_due || !says_more {
        return None;
    }
    let advice = &advised.recommendation;
    let event_type = inputs.catalogue.event_type_no(advice.event_type)?;
    let of = inputs.gathering.of(advice.event_type);
    let subject = of.and_then(|of| Subject::new(inputs, event_type, of));
    let question = inputs.history.question(*price, Options::default());
    let realised = price_impact(&question).ok().and_then(|impact| realised(&impact));
    let window = Window::Weeks;
    let sums = subject.as_ref().map(|subject| subject.of.total(window)).unwrap_or_default();
    let verdict = match &subject {
        Some(subject) if sums.events > sums.missing => verdict(subject, advice, realised),
        _ => Verdict::Undecided,
    };
    Some(Outcome {
        verdict,
        is_provisional,
        days: u32::try_from(days).unwrap_or(u32::MAX),
        predicted: advice.lift,
        realised,
        cost_per_unit_nano: subject.as_ref().and_then(|s| i64::try_from(s.unit_cost_nano(&sums)).ok()),
        margin_bp: subject.as_ref().and_then(|subject| subject.margin_bp(&sums)),
    })
}

/// Whether what was claimed is so, by the four weeks since.
fn verdict(subject: &Subject<'_>, advice: &Recommendation, realised: Option<Span>) -> Verdict {
    let sums = subject.of.total(Window::Weeks);
    let cost = subject.unit_cost_nano(&sums);
    // What a unit would have earned at the price before.
    let earned_before = advice.current.map(|price| subject.worth.of(price.micro().into()));
    let is_true = match (advice.kind, &advice.evidence.detail) {
        (AdviceKind::LossMaking, _) => earned_before.map(|earned| cost > earned),
        (AdviceKind::UnderTarget | AdviceKind::OverTarget, _) => realised.map(|gain| gain.middle > 0),
        (AdviceKind::CostDrift, Detail::Rate { of, before, after, .. }) => {
            rate_of(subject, of).map(|rate| is_still_moved(before.middle, after.middle, rate))
        }
        (AdviceKind::Split, Detail::Levels { dimension, levels, .. }) => earned_before.and_then(|earned| {
            let known = subject.of.dimensions().iter().find(|known| known.name == *dimension)?;
            let margins = levels.iter().filter_map(|level| {
                let now =
                    known.levels.iter().find(|now| now.value == level.value && !now.value.is_empty())?;
                margin_bp(earned, subject.unit_cost_nano(&now.weeks))
            });
            let margins: Vec<i64> = margins.collect();
            Some(margins.iter().max()? - margins.iter().min()? > GAP_BP)
        }),
        (AdviceKind::Minimum, Detail::Line { .. }) => {
            line(&subject.of.lines(), subject.seed()).map(|fitted| fitted.a() > 0.0)
        }
        (AdviceKind::MixDrift, _) => advice
            .evidence
            .cost_per_unit_before
            .map(|before| share_bp(cost - i128::from(before), before.into()) >= MOVED_BP),
        _ => None,
    };
    match is_true {
        Some(true) => Verdict::True,
        Some(false) => Verdict::False,
        None => Verdict::Undecided,
    }
}

fn is_still_moved(before: i128, after: i128, now: i128) -> bool {
    let moved_bp = share_bp(now - before, before);
    if after > before { moved_bp >= MOVED_BP } else { moved_bp <= -MOVED_BP }
}

/// What a cell's unit costs, over the four weeks, in nano-units.
#[expect(clippy::float_arithmetic, reason = "a rate, which is compared and not booked")]
fn rate_of(subject: &Subject<'_>, of: &str) -> Option<i128> {
    let range = subject.inputs.gathering.calendar().range(Window::Weeks);
    let cell = subject.of.cells().find(|cell| cell.name == of)?;
    let days = cell.days.get(range)?;
    let sum = |of: fn(&(i64, i64)) -> i64| days.iter().map(|day| i128::from(of(day))).sum::<i128>();
    let (cost, quantity) = (sum(|day| day.0), sum(|day| day.1));
    (quantity > 0).then(|| whole128(float(cost) / float(quantity) * 1e6))
}

/// What the change brought in a month, by comparison with event types whose price stayed.
fn realised(impact: &Impact) -> Option<Span> {
    let Status::Estimated(Estimate { margin_gain_nano: AmountRange { low, high }, .. }) = &impact.status
    else {
        return None;
    };
    let after = impact.windows?.after;
    let days = i128::from(after.last_day - after.first_day + 1).max(1);
    let a_month = |amount: i128| amount.saturating_mul(MONTH_DAYS) / days;
    Some(Span { low: a_month(*low), middle: a_month(low.saturating_add(*high) / 2), high: a_month(*high) })
}
