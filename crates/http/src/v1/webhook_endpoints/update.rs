//! `PUT /v1/webhook-endpoints/{id}`: change where to, which types, and how. The whole of it is sent.

use chargly_api::Problem;

use super::{find, from_request, problem, webhooks, write_endpoint};
use crate::answer::Answer;
use crate::call::Call;

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let endpoint = find(&call)?;
    let asked = from_request(&call)?;
    let changed = webhooks(&call)?.update(&endpoint, asked).await;
    let changed = changed.map_err(|error| problem(&call, error))?;
    Ok(Answer::object(|o| write_endpoint(o, &changed, None)))
}
