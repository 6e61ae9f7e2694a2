//! `GET /v1/webhook-endpoints/{id}`: one endpoint, without its secret.

use chargly_api::Problem;
use chargly_engine::ledger::Millis;

use super::{find, problem, webhooks, write_endpoint};
use crate::answer::Answer;
use crate::call::Call;
use crate::view;

pub(crate) async fn handle(mut call: Call) -> Result<Answer, Problem> {
    call.finish_query()?;
    let endpoint = find(&call)?;
    let overlap = webhooks(&call)?.overlap_ends_ms(&endpoint).await;
    let overlap_ms = overlap.map_err(|error| problem(&call, error))?;
    Ok(Answer::object(|o| {
        write_endpoint(o, &endpoint, None);
        view::instant_or_null(o, "former_secret_ends_at", overlap_ms.map(Millis));
    }))
}
