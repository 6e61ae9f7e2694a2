//! `POST /v1/webhook-endpoints/{id}/rotate`: a new secret; the old one goes on signing beside it for a while.

use chargly_api::Problem;
use chargly_api::limits::{WEBHOOK_OVERLAP_SECONDS_DEFAULT, WEBHOOK_OVERLAP_SECONDS_MAX};
use chargly_engine::ledger::Millis;

use super::{find, problem, webhooks, write_endpoint};
use crate::answer::Answer;
use crate::call::Call;
use crate::view;

/// Seconds for which the old secret goes on signing.
fn from_request(call: &Call) -> Result<i64, Problem> {
    let most = i64::try_from(WEBHOOK_OVERLAP_SECONDS_MAX).unwrap_or(i64::MAX);
    let usual = i64::try_from(WEBHOOK_OVERLAP_SECONDS_DEFAULT).unwrap_or(i64::MAX);
    call.read(|fields, problems| {
        Some(fields.optional("overlap_s", problems, |value| value.integer(0, most)).unwrap_or(usual))
    })
}

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let endpoint = find(&call)?;
    let overlap_s = from_request(&call)?;
    let webhooks = webhooks(&call)?;
    let rotated = webhooks.rotate(&endpoint, overlap_s * 1_000).await;
    let secret = rotated.map_err(|error| problem(&call, error))?;
    let overlap = webhooks.overlap_ends_ms(&endpoint).await.map_err(|error| problem(&call, error))?;
    Ok(Answer::object(|o| {
        write_endpoint(o, &endpoint, Some(&secret));
        view::instant_or_null(o, "former_secret_ends_at", overlap.map(Millis));
    }))
}
