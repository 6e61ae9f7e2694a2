//! `POST /v1/webhook-endpoints`: make an endpoint. Its secret is in this answer and nowhere else.

use chargly_api::Problem;

use super::{from_request, problem, webhooks, write_endpoint};
use crate::answer::Answer;
use crate::call::Call;

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let asked = from_request(&call)?;
    let made = webhooks(&call)?.create(asked).await;
    let (endpoint, secret) = made.map_err(|error| problem(&call, error))?;
    Ok(Answer::object(|o| write_endpoint(o, &endpoint, Some(&secret))))
}
