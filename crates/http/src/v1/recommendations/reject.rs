//! `POST /v1/recommendations/{id}/reject`: turn it down. The same is not said again until the figures move.

use chargly_api::{IdKind, Problem};
use chargly_engine::Outcome;
use chargly_engine::ledger::{AdviceStatus, CatalogueChange, CatalogueFact, Fact, RejectAdviceRequest};

use compact_str::CompactString;

use super::KIND;
use crate::answer::Answer;
use crate::call::Call;
use crate::{read, view};

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let id = call.id(KIND)?;
    let (request, key) = call.read(|fields, problems| {
        let reason = fields.optional("reason", problems, read::reason).unwrap_or_default();
        Some((RejectAdviceRequest { recommendation: id, reason }, call.key_of(fields, problems)))
    })?;
    reject(&call, request, key).await
}

/// Rejects a recommendation and shows what came of it.
pub(crate) async fn reject(
    call: &Call,
    request: RejectAdviceRequest,
    key: Option<CompactString>,
) -> Result<Answer, Problem> {
    let rejected = call.env.reject_recommendation(call.actor(), request, key).await;
    let outcome = rejected.map_err(|error| call.problem(error))?;
    Ok(call.written(&outcome, answer(&outcome)?))
}

/// Rendered from the fact alone, so that a retry gets the same.
fn answer(outcome: &Outcome) -> Result<Answer, Problem> {
    let Fact::Catalogue(CatalogueFact { change, .. }) = outcome.fact.as_ref() else {
        return Err(Problem::not_found(KIND.noun()));
    };
    let CatalogueChange::RecommendationRejected { request } = change else {
        return Err(Problem::not_found(KIND.noun()));
    };
    Ok(Answer::object(|o| {
        o.id("id", view::id(IdKind::Recommendation, request.recommendation));
        o.text("status", AdviceStatus::Rejected.as_str());
        view::instant(o, "at", outcome.at);
        o.text("reason", &request.reason);
    }))
}
