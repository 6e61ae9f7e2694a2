//! `DELETE /v1/keys/{id}`: revoke a key. It is dead when this is answered.

use chargly_api::Problem;

use super::{answer, find};
use crate::answer::Answer;
use crate::call::Call;

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let number = find(&call, &call.env.catalogue())?.number;
    let revoked = call.env.revoke_key(call.actor(), number, 0).await;
    let outcome = revoked.map_err(|error| call.problem(error))?;
    answer(&call, number, &outcome, None).await
}
