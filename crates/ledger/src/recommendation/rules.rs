//! When a recommendation may be made, applied, turned down, taken back and graded.

use super::{AdviceStatus, Advised, Because, Decision, Outcome, REVIEW_AFTER_MS, Recommendation, Sureness};
use crate::{Catalogue, EntryId, EventTypeNo, Millis, Position, PriceRequest, Rejection};

impl Catalogue {
    /// A recommendation by the place of its fact.
    pub fn recommendation(&self, position: Position) -> Option<&Advised> {
        let at = self.recommendations.binary_search_by_key(&position, |known| known.id.position).ok()?;
        self.recommendations.get(at)
    }

    fn advised(&self, id: EntryId) -> Result<&Advised, Rejection> {
        let known = self.recommendation(id.position).filter(|known| known.id == id);
        known.ok_or(Rejection::NotFound { kind: "recommendation" })
    }

    fn advised_mut(&mut self, position: Position) -> Option<&mut Advised> {
        let at = self.recommendations.binary_search_by_key(&position, |known| known.id.position).ok()?;
        self.recommendations.get_mut(at)
    }

    /// Puts a new recommendation in the place of what is open of its kind and event type.
    pub(crate) fn put_recommendation(&mut self, advised: Advised) {
        let new = &advised.recommendation;
        for known in &mut self.recommendations {
            let old = &known.recommendation;
            let is_same = old.kind == new.kind && old.event_type == new.event_type;
            if is_same && known.decision == Decision::Open {
                known.decision = Decision::Superseded { at: advised.made_at };
            }
        }
        self.recommendations.push(advised);
    }

    /// Notes that a price version was published: what was advised of the one before no longer fits.
    pub(crate) fn note_published(
        &mut self,
        event_type: EventTypeNo,
        (because, decision): (Option<Because>, Decision),
        at: Millis,
    ) {
        if let Some(Because::RollsBack { id }) = because
            && let Decision::Applied { price, .. } = decision
            && let Some(known) = self.advised_mut(id.position)
        {
            known.rolled_back = Some(price);
        }
        for known in &mut self.recommendations {
            if known.recommendation.event_type != event_type || known.decision != Decision::Open {
                continue;
            }
            known.decision = match because {
                Some(Because::Approves { id, .. }) if id == known.id => decision.clone(),
                _ if known.recommendation.proposal.is_some() => Decision::Overtaken { at },
                _ => Decision::Open,
            };
        }
    }

    pub(crate) fn note_rejected(&mut self, position: Position, decision: Decision) {
        if let Some(known) = self.advised_mut(position) {
            known.decision = decision;
        }
    }

    pub(crate) fn note_graded(&mut self, position: Position, grade: super::Grade) {
        if let Some(known) = self.advised_mut(position) {
            known.grade = Some(grade);
        }
    }
}

/// Whether advice may be recorded: of a known event type, and for the version that is the newest.
pub(crate) fn make(catalogue: &Catalogue, made: &Recommendation) -> Result<(), Rejection> {
    let event_type = catalogue.event_type_no(made.event_type).ok_or(Rejection::UnknownEventType)?;
    if made.base != event_type.prices.last().copied() {
        return Err(Rejection::invalid("base", "is not the newest price version any more"));
    }
    let Some(proposal) = &made.proposal else { return Ok(()) };
    catalogue.checked_rule(&proposal.rule, proposal.rounding).map(|_| ())
}

/// Whether a price may be published because of a recommendation.
pub(crate) fn publish(
    catalogue: &Catalogue,
    request: &PriceRequest,
    because: Because,
    now: Millis,
) -> Result<(), Rejection> {
    match because {
        Because::Approves { id, notice_days } => {
            let known = catalogue.advised(id)?;
            approve(request, known, now)?;
            notice(catalogue, (request, notice_days), known, now)
        }
        Because::RollsBack { id } => roll_back(catalogue, request, catalogue.advised(id)?, now),
    }
}

fn approve(request: &PriceRequest, known: &Advised, now: Millis) -> Result<(), Rejection> {
    let status = known.status(now);
    if status != AdviceStatus::Pending {
        return Err(Rejection::RecommendationNotOpen { status });
    }
    let advised = &known.recommendation;
    let Some(proposal) = advised.proposal.as_ref().filter(|_| advised.sureness() > Sureness::Watching) else {
        return Err(Rejection::RecommendationNotApplicable);
    };
    let is_same = request.event_type == advised.event_type
        && request.replaces == advised.base
        && request.grid == proposal.grid
        && request.rounding == proposal.rounding
        && request.rule.as_asked() == proposal.rule.as_asked();
    if !is_same {
        return Err(Rejection::invalid("recommendation", "proposes another price than this one"));
    }
    Ok(())
}

/// Days of notice that customers may get: a price that is further away is no advice on this month.
const NOTICE_DAYS_MAX: u32 = 365;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// From when a price holds: an approved one after its notice. One that takes back a price that is still to come begins
/// with it, as at one instant the later version counts; earlier, and the other would follow.
pub(crate) fn effective_at(catalogue: &Catalogue, request: &PriceRequest, now: Millis) -> Millis {
    let by_itself = match request.because {
        Some(Because::Approves { notice_days, .. }) => {
            let notice_days = notice_days.unwrap_or(catalogue.settings.advice.notice_days);
            now.plus(i64::from(notice_days) * DAY_MS)
        }
        Some(Because::RollsBack { .. }) => {
            let taken_back = request.replaces.and_then(|price| catalogue.price(price));
            taken_back.map_or(now, |price| price.effective_at.max(now))
        }
        None => now,
    };
    request.effective_at.unwrap_or(by_itself)
}

fn notice(
    catalogue: &Catalogue,
    (request, notice_days): (&PriceRequest, Option<u32>),
    known: &Advised,
    now: Millis,
) -> Result<(), Rejection> {
    let is_said = notice_days.is_some() || request.effective_at.is_some();
    if known.recommendation.wants_notice() && !is_said {
        let problem = "must be chosen: bills of one customer in ten or more rise by over 25 % (14 and 30 are usual, 0 is none)";
        return Err(Rejection::invalid("notice_days", problem));
    }
    if notice_days.is_some() && request.effective_at.is_some() {
        return Err(Rejection::invalid("effective_at", "and notice_days exclude each other"));
    }
    if notice_days.is_some_and(|days| days > NOTICE_DAYS_MAX) {
        return Err(Rejection::invalid("notice_days", format!("must be {NOTICE_DAYS_MAX} at most")));
    }
    match catalogue.settings.advice.blackout_at(effective_at(catalogue, request, now)) {
        None => Ok(()),
        Some(_) => Err(Rejection::invalid(
            "notice_days",
            "leads into a stretch of days on which prices stay as they are (settings: advice.blackouts)",
        )),
    }
}

fn roll_back(
    catalogue: &Catalogue,
    request: &PriceRequest,
    known: &Advised,
    now: Millis,
) -> Result<(), Rejection> {
    let Decision::Applied { price, .. } = known.decision else {
        return Err(Rejection::RecommendationNotOpen { status: known.status(now) });
    };
    let before = known.recommendation.base.and_then(|base| catalogue.price(base));
    let is_same = before.is_some_and(|before| {
        request.event_type == before.event_type
            && (&request.rule, request.grid, request.rounding) == before.terms()
            && request.replaces == Some(price)
    });
    if is_same {
        Ok(())
    } else {
        Err(Rejection::invalid("recommendation", "replaced another price than this one"))
    }
}

/// Whether a recommendation may be turned down.
pub(crate) fn reject(catalogue: &Catalogue, id: EntryId, now: Millis) -> Result<(), Rejection> {
    let status = catalogue.advised(id)?.status(now);
    if status == AdviceStatus::Pending { Ok(()) } else { Err(Rejection::RecommendationNotOpen { status }) }
}

/// Whether a recommendation may be graded: once its time has come, and again while the grade is provisional.
pub(crate) fn grade(
    catalogue: &Catalogue,
    position: Position,
    outcome: &Outcome,
    now: Millis,
) -> Result<(), Rejection> {
    let known = catalogue.recommendation(position).ok_or(Rejection::NotFound { kind: "recommendation" })?;
    let is_due = known.review_at().is_some_and(|review_at| review_at <= now);
    let is_better =
        known.grade.as_ref().is_none_or(|grade| grade.outcome.is_provisional && !outcome.is_provisional);
    if is_due && is_better {
        return Ok(());
    }
    Err(Rejection::invalid(
        "recommendation",
        format!("is graded once, {} days after its price", REVIEW_AFTER_MS / 86_400_000),
    ))
}
