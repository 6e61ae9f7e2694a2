//! `POST /v1/webhook-endpoints/{id}/disable`: send nothing to it. What waits goes on waiting.

use chargly_api::Problem;

use super::{find, problem, webhooks, write_endpoint};
use crate::answer::Answer;
use crate::call::Call;

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let endpoint = find(&call)?;
    call.read(|_, _| Some(()))?;
    let disabled = webhooks(&call)?.disable(&endpoint).await.map_err(|error| problem(&call, error))?;
    Ok(Answer::object(|o| write_endpoint(o, &disabled, None)))
}
