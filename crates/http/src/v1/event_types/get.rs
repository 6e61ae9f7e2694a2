//! `GET /v1/event-types/{name}`

use chargly_api::Problem;
use chargly_engine::ledger::Millis;

use super::write_event_type;
use crate::answer::Answer;
use crate::call::Call;

pub(crate) async fn handle(mut call: Call) -> Result<Answer, Problem> {
    call.finish_query()?;
    let catalogue = call.env.catalogue();
    let event_type =
        catalogue.event_type(call.param("name")).ok_or_else(|| Problem::not_found("event_type"))?;
    let now = Millis(call.env.wall_ms());
    Ok(Answer::object(|o| write_event_type(o, event_type, &catalogue, now)))
}
