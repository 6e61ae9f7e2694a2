//! How sure a claim may be stated, and what is missing before it can be acted on.

use chargly_ledger::{
    Cap, CapReason, Evidence, Guardrail, GuardrailRule, MEDIUM_BP, Need, Needed, PriceVersion,
    REVIEW_AFTER_MS,
};

use super::subject::{Subject, WHOLE_BP};
use crate::Chance;
use crate::statistics::basis_points;

/// Customers who paid, below whom nothing is acted on: fewer, and one customer's habit decides.
const PAYING_CUSTOMERS_MIN: u32 = 20;
/// Events below which nothing is acted on.
const EVENTS_MIN: u64 = 200;
/// Days with events below which nothing is acted on: two weekends.
const DAYS_MIN: u32 = 14;
/// The largest part of the cost that one customer may have, in basis points.
const LARGEST_CUSTOMER_MAX_BP: u32 = 5_000;
/// The least part of events whose cost is known, in basis points.
pub(crate) const COSTS_KNOWN_MIN_BP: i64 = 9_800;
/// From this part of the cost on that is estimated, in basis points, nothing is stated above [`ESTIMATED_CAP_BP`].
pub(crate) const ESTIMATED_MAX_BP: i64 = 2_000;
const ESTIMATED_CAP_BP: u32 = 8_000;
/// Looks, a week apart, that must say the same: a single one is too often by chance.
const LOOKS_MIN: i64 = 2;
/// Days that a price is left alone after a change: four weeks tell, and top-ups answer late.
const COOL_DOWN_DAYS: i64 = 30;
/// Days in which a price does not turn around.
const REVERSAL_DAYS: i64 = 60;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// What claims about profit may state while the priors disagree: on these alone, and with one own change or two.
const PRIOR_ALONE_CAP_BP: u32 = 8_000;
const FEW_CHANGES_CAP_BP: u32 = 9_000;
const OWN_CHANGES_ENOUGH: u32 = 3;
/// What claims about cost may state below so many customers.
const CUSTOMER_CAPS: [(u32, CapReason, u32); 2] =
    [(20, CapReason::VeryFewCustomers, 8_500), (50, CapReason::FewCustomers, 9_500)];

/// A probability as it is stated.
pub(crate) struct Stated {
    pub(crate) probability_bp: u32,
    pub(crate) uncapped_bp: u32,
    pub(crate) is_exact: bool,
    pub(crate) caps: Vec<Cap>,
    /// Under each prior, in basis points; empty where the claim rests on none.
    pub(crate) by_prior_bp: Vec<u32>,
}

impl Stated {
    /// A sum, and no estimate.
    pub(crate) fn exactly(is_true: bool) -> Self {
        let probability_bp = if is_true { 10_000 } else { 0 };
        Self {
            probability_bp,
            uncapped_bp: probability_bp,
            is_exact: true,
            caps: Vec::new(),
            by_prior_bp: Vec::new(),
        }
    }

    /// A claim about cost.
    pub(crate) fn of_cost(probability: f64, evidence: &Evidence) -> Self {
        let few = CUSTOMER_CAPS.iter().find(|(below, ..)| evidence.customers < *below);
        let cap = few.map(|(_, why, at_bp)| Cap { why: *why, at_bp: *at_bp });
        Self::capped(basis_points(probability), [cap, estimated(evidence)], Vec::new())
    }

    /// A claim about profit or revenue: the lowest of three priors.
    pub(crate) fn of_gain(chance: &Chance, evidence: &Evidence) -> Self {
        let cap = match evidence.own_changes {
            _ if !chance.disagree => None,
            0 => Some(Cap { why: CapReason::PriorAlone, at_bp: PRIOR_ALONE_CAP_BP }),
            changes if changes < OWN_CHANGES_ENOUGH => {
                Some(Cap { why: CapReason::FewChanges, at_bp: FEW_CHANGES_CAP_BP })
            }
            _ => None,
        };
        let by_prior_bp = chance.by_centre.map(basis_points).to_vec();
        Self::capped(basis_points(chance.lowest), [cap, estimated(evidence)], by_prior_bp)
    }

    fn capped(uncapped_bp: u32, caps: [Option<Cap>; 2], by_prior_bp: Vec<u32>) -> Self {
        // Nothing that is estimated is certain.
        let uncapped_bp = uncapped_bp.min(9_999);
        let caps: Vec<Cap> = caps.into_iter().flatten().filter(|cap| cap.at_bp < uncapped_bp).collect();
        let probability_bp = caps.iter().map(|cap| cap.at_bp).min().unwrap_or(uncapped_bp);
        Self { probability_bp, uncapped_bp, is_exact: false, caps, by_prior_bp }
    }

    /// What is missing where it is not likely enough.
    pub(crate) fn need(&self) -> Option<Need> {
        (self.probability_bp < MEDIUM_BP).then_some(Need {
            what: Needed::Certainty,
            have: self.probability_bp.into(),
            need: MEDIUM_BP.into(),
        })
    }
}

fn estimated(evidence: &Evidence) -> Option<Cap> {
    let is_much = share_bp(evidence.estimated_nano, evidence.cost_nano) > ESTIMATED_MAX_BP;
    is_much.then_some(Cap { why: CapReason::EstimatedCosts, at_bp: ESTIMATED_CAP_BP })
}

/// `part` of `whole` in basis points; 0 of nothing.
pub(crate) fn share_bp(part: i128, whole: i128) -> i64 {
    if whole <= 0 { 0 } else { i64::try_from(part.saturating_mul(WHOLE_BP) / whole).unwrap_or(i64::MAX) }
}

/// What an estimate misses of its sample.
pub(crate) fn sample_needs(evidence: &Evidence) -> Vec<Need> {
    let mut needs = Vec::new();
    let mut at_least = |what, have: i64, need: i64| {
        if have < need {
            needs.push(Need { what, have, need });
        }
    };
    at_least(Needed::PayingCustomers, evidence.paying_customers.into(), PAYING_CUSTOMERS_MIN.into());
    at_least(Needed::Events, i64::try_from(evidence.events).unwrap_or(i64::MAX), EVENTS_MIN.cast_signed());
    at_least(Needed::Days, evidence.days.into(), DAYS_MIN.into());
    at_least(Needed::CostsKnown, costs_known_bp(evidence), COSTS_KNOWN_MIN_BP);
    if evidence.largest_customer_bp > LARGEST_CUSTOMER_MAX_BP {
        needs.push(Need {
            what: Needed::LargestCustomer,
            have: evidence.largest_customer_bp.into(),
            need: LARGEST_CUSTOMER_MAX_BP.into(),
        });
    }
    needs
}

/// What is missing where nothing was ever sold and nobody said what a credit is worth.
pub(crate) fn worth_need(subject: &Subject<'_>) -> Option<Need> {
    (subject.worth.nano <= 0).then_some(Need { what: Needed::PaidCredits, have: 0, need: 1 })
}

/// The part of events whose cost is known, in basis points.
pub(crate) fn costs_known_bp(evidence: &Evidence) -> i64 {
    let events = i128::from(evidence.events);
    share_bp(events - i128::from(evidence.cost_missing), events)
}

/// What is missing where only this many looks said the same.
pub(crate) fn looks_need(looks: i64) -> Option<Need> {
    (looks < LOOKS_MIN).then_some(Need { what: Needed::Looks, have: looks, need: LOOKS_MIN })
}

/// What a change of this price has to wait for.
pub(crate) fn waiting_needs(subject: &Subject<'_>) -> Vec<Need> {
    let mut needs = Vec::new();
    if let Some(days) = days_since_change(subject).filter(|days| *days < COOL_DOWN_DAYS) {
        needs.push(Need { what: Needed::DaysSinceChange, have: days, need: COOL_DOWN_DAYS });
    }
    let most = i64::from(subject.inputs.catalogue.settings.advice.live_changes_max);
    let live = live_changes(subject);
    if live >= most {
        needs.push(Need { what: Needed::LiveChanges, have: live, need: most - 1 });
    }
    needs
}

/// Days since the newest price took another one's place, below 0 where it is still to come; `None` for a first price.
pub(crate) fn days_since_change(subject: &Subject<'_>) -> Option<i64> {
    let since_ms = subject.inputs.as_of.0.saturating_sub(subject.base.effective_at.0);
    (subject.base.version > 1).then(|| since_ms.div_euclid(DAY_MS))
}

/// Price changes that are younger than their review, of all event types.
fn live_changes(subject: &Subject<'_>) -> i64 {
    let from = subject.inputs.as_of.plus(-REVIEW_AFTER_MS);
    let is_live = |price: &&PriceVersion| price.version > 1 && price.effective_at > from;
    i64::try_from(subject.inputs.catalogue.prices.iter().filter(is_live).count()).unwrap_or(i64::MAX)
}

/// How a proposal from `current` to `proposed` micro-credits stands to the guardrails that need no backtest. `is_excused`:
/// it may go further than a step, up to what covers its cost.
pub(crate) fn guardrails(
    subject: &Subject<'_>,
    (current, proposed): (i64, i64),
    margin_after_bp: Option<i64>,
    is_excused: bool,
) -> Vec<Guardrail> {
    let advice = &subject.inputs.catalogue.settings.advice;
    let moved_bp = |to: i64, from: i64| share_bp(i128::from(to) - i128::from(from), from.into());
    let one_step = super::price::grid_of(&subject.base.rule).micro();
    let step_bp = moved_bp(proposed, current);
    let is_one_step = (proposed - current).abs() <= one_step;
    let mut found = vec![Guardrail {
        rule: GuardrailRule::Step,
        is_kept: step_bp.abs() <= i64::from(advice.step_bp) || is_one_step || is_excused,
        value: step_bp,
        limit: advice.step_bp.into(),
    }];
    if let Some(margin_bp) = margin_after_bp {
        let limit = i64::from(advice.floor_bp);
        found.push(Guardrail {
            rule: GuardrailRule::Floor,
            is_kept: margin_bp >= limit,
            value: margin_bp,
            limit,
        });
    }
    if let Some(before) = price_before(subject) {
        let of_before = share_bp(proposed.into(), before.into());
        let is_kept = of_before <= 20_000 || is_excused;
        found.push(Guardrail { rule: GuardrailRule::Doubling, is_kept, value: of_before, limit: 20_000 });
    }
    if let Some(days) = days_since_change(subject) {
        found.push(Guardrail {
            rule: GuardrailRule::CoolDown,
            is_kept: days >= COOL_DOWN_DAYS,
            value: days,
            limit: COOL_DOWN_DAYS,
        });
        let own = subject.inputs.history.changes.iter().filter(|c| c.event_type == subject.event_type.number);
        if let Some(last) = own.max_by_key(|change| change.day) {
            let turns = (last.new_credits_micro > last.old_credits_micro) != (proposed > current);
            let is_kept = !turns || days >= REVERSAL_DAYS;
            found.push(Guardrail {
                rule: GuardrailRule::Reversal,
                is_kept,
                value: days,
                limit: REVERSAL_DAYS,
            });
        }
    }
    let (live, most) = (live_changes(subject), i64::from(advice.live_changes_max));
    found.push(Guardrail {
        rule: GuardrailRule::LiveChanges,
        is_kept: live < most,
        value: live + 1,
        limit: most,
    });
    let is_out = advice.blackout_at(subject.inputs.as_of).is_some();
    found.push(Guardrail { rule: GuardrailRule::Blackout, is_kept: !is_out, value: is_out.into(), limit: 0 });
    found
}

/// The flat price 90 days before, in micro-credits.
fn price_before(subject: &Subject<'_>) -> Option<i64> {
    let at = subject.inputs.as_of.plus(-super::price::DOUBLING_MS);
    let version = subject.inputs.catalogue.price_in_force(subject.event_type.number, at)?;
    match &version.rule {
        chargly_ledger::Rule::Flat { credits } if credits.is_positive() => Some(credits.micro()),
        _ => None,
    }
}
