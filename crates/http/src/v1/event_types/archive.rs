//! `POST /v1/event-types/{name}/archive` and `/unarchive`: refuse new events of a type, or take them again.

use chargly_api::Problem;
use chargly_engine::ledger::EventTypeRequest;

use super::put::define;
use crate::answer::Answer;
use crate::call::Call;

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    set_archived(&call, true).await
}

/// `POST /v1/event-types/{name}/unarchive`
pub(crate) async fn undo(call: Call) -> Result<Answer, Problem> {
    set_archived(&call, false).await
}

async fn set_archived(call: &Call, archived: bool) -> Result<Answer, Problem> {
    call.read(|_, _| Some(()))?;
    let catalogue = call.env.catalogue();
    let known = catalogue.event_type(call.param("name")).ok_or_else(|| Problem::not_found("event_type"))?;
    let request = EventTypeRequest {
        name: known.name.clone(),
        label: known.label.clone(),
        description: known.description.clone(),
        caller_set_credits: known.caller_set_credits,
        dimensions: known.dimensions.clone(),
        archived,
        estimated_cost_nano: known.estimated_cost_nano,
        first_price: None,
    };
    define(call, request).await
}
