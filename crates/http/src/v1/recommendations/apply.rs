//! `POST /v1/recommendations/{id}/apply`: publish the price that it proposes, exactly that.

use chargly_api::{IdKind, ObjectWriter, Problem, Value};
use chargly_engine::ledger::{
    AdviceStatus, Because, Catalogue, CatalogueChange, CatalogueFact, EntryId, Fact, Millis, PriceVersion,
};
use chargly_engine::{ApplyAdvice, Outcome};

use compact_str::CompactString;

use super::KIND;
use crate::answer::Answer;
use crate::call::Call;
use crate::errors::{refusal_of, refusal_problem};
use crate::{read, view};

/// Days of notice that can be given; the ledger has the last word.
const NOTICE_DAYS_MAX: i64 = 365;

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let id = call.id(KIND)?;
    let (request, key) = call.read(|fields, problems| {
        let notice_days = fields.optional("notice_days", problems, days);
        let effective_at = fields.optional("effective_at", problems, read::instant);
        let reason = fields.optional("reason", problems, read::reason);
        let key = call.key_of(fields, problems);
        let reason = reason.unwrap_or_default();
        Some((ApplyAdvice { recommendation: id, notice_days, effective_at, reason }, key))
    })?;
    apply(&call, request, key).await
}

/// Applies a recommendation and shows what came of it.
pub(crate) async fn apply(
    call: &Call,
    request: ApplyAdvice,
    key: Option<CompactString>,
) -> Result<Answer, Problem> {
    let applied = call.env.apply_recommendation(call.actor(), request, key).await;
    let outcome = applied.map_err(|error| call.problem(error))?;
    answer(call, &outcome)
}

fn days(value: Value<'_>) -> Result<u32, String> {
    u32::try_from(value.integer(0, NOTICE_DAYS_MAX)?).map_err(|error| error.to_string())
}

/// The answer to a price that was published because of a recommendation, or to one that was refused. Rendered from the
/// fact and the version, neither of which changes.
pub(super) fn answer(call: &Call, outcome: &Outcome) -> Result<Answer, Problem> {
    let catalogue = call.env.catalogue();
    if let Some(refusal) = refusal_of(&outcome.fact) {
        let problem = refusal_problem(refusal, None, &catalogue);
        return Ok(call.written(outcome, call.refuse(&problem)));
    }
    let Fact::Catalogue(CatalogueFact { change, .. }) = outcome.fact.as_ref() else {
        return Err(Problem::not_found("price_version"));
    };
    let CatalogueChange::PricePublished { request, price, .. } = change else {
        return Err(Problem::not_found("price_version"));
    };
    let version = catalogue.price(*price).ok_or_else(|| Problem::not_found("price_version"))?;
    let (id, is_rolled_back) = match request.because {
        Some(Because::Approves { id, .. }) => (id, false),
        Some(Because::RollsBack { id }) => (id, true),
        None => return Err(Problem::not_found(KIND.noun())),
    };
    // A price that takes back one that is still to come begins with it.
    let is_to_come = version.effective_at > outcome.at;
    let status = if is_to_come { AdviceStatus::Accepted } else { AdviceStatus::Applied };
    let standing = (id, status, is_rolled_back);
    let answer = Answer::object(|o| write(o, standing, version, outcome.at, &catalogue));
    Ok(call.written(outcome, answer))
}

fn write(
    o: &mut ObjectWriter<'_>,
    (id, status, is_rolled_back): (EntryId, AdviceStatus, bool),
    version: &PriceVersion,
    at: Millis,
    catalogue: &Catalogue,
) {
    o.id("id", view::id(IdKind::Recommendation, id)).text("status", status.as_str());
    o.boolean("rolled_back", is_rolled_back);
    o.text("event", view::event_name(catalogue, version.event_type));
    o.id("price_version", view::price_id(version)).number("version", version.version);
    o.text("in_words", &version.rule.in_words(version.grid, version.rounding));
    view::instant(o, "effective_at", version.effective_at);
    view::instant(o, "at", at);
    o.text("reason", &version.note);
}
