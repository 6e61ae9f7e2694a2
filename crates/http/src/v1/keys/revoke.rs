//! `DELETE /v1/keys/{id}`: revoke a key. It is dead when this is answered.

use chargly_api::Problem;
use chargly_engine::ledger::Millis;

use super::{find, write_key};
use crate::answer::Answer;
use crate::call::Call;

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let number = find(&call, &call.env.catalogue())?.number;
    let revoked = call.env.revoke_key(call.actor(), number, 0).await;
    let outcome = revoked.map_err(|error| call.problem(error))?;
    let catalogue = call.env.catalogue();
    let key = catalogue.key(number).ok_or_else(|| Problem::not_found("key"))?;
    let now = Millis(call.env.wall_ms());
    Ok(call.written(&outcome, Answer::object(|o| write_key(o, key, None, now))))
}
