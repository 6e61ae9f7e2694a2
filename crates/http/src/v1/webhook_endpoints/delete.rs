//! `DELETE /v1/webhook-endpoints/{id}`: delete an endpoint, with its secrets and the log of its deliveries.

use chargly_api::Problem;

use super::{find, problem, webhooks};
use crate::answer::Answer;
use crate::call::Call;

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let endpoint = find(&call)?;
    webhooks(&call)?.delete(&endpoint).await.map_err(|error| problem(&call, error))?;
    Ok(Answer::object(|o| {
        o.text("id", &endpoint.id).boolean("deleted", true);
    }))
}
