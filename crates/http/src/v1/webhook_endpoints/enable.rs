//! `POST /v1/webhook-endpoints/{id}/enable`: send to it again: what waited, and what happens from now on.

use chargly_api::Problem;

use super::{find, problem, webhooks, write_endpoint};
use crate::answer::Answer;
use crate::call::Call;

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let endpoint = find(&call)?;
    call.read(|_, _| Some(()))?;
    let enabled = webhooks(&call)?.enable(&endpoint).await.map_err(|error| problem(&call, error))?;
    Ok(Answer::object(|o| write_endpoint(o, &enabled, None)))
}
