//! `POST /v1/recommendations/{id}/roll-back`: publish the price again that it replaced.

use chargly_api::Problem;

use super::KIND;
use super::apply::answer;
use crate::answer::Answer;
use crate::call::Call;
use crate::read;

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let id = call.id(KIND)?;
    let (reason, key) = call.read(|fields, problems| {
        let reason = fields.optional("reason", problems, read::reason).unwrap_or_default();
        Some((reason, call.key_of(fields, problems)))
    })?;
    let rolled_back = call.env.roll_back_recommendation(call.actor(), id, reason, key).await;
    let outcome = rolled_back.map_err(|error| call.problem(error))?;
    answer(&call, &outcome)
}
