//! `POST /v1/corrections/{id}/undo`: take back what a correction did, by another one: first a preview, then, with that
//! preview's seal, the correction.

use chargly_api::Problem;
use chargly_engine::ledger::{CorrectionAction, CorrectionFilter};

use super::KIND;
use super::open::Decision;
use super::view::write_preview;
use crate::answer::Answer;
use crate::call::Call;

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let decision = call.read(|fields, problems| {
        if fields.has("preview") { Decision::read(&call, fields, problems).map(Some) } else { Some(None) }
    })?;
    let state = call.env.correction(call.id(KIND)?).await.map_err(|error| call.problem(error))?;
    let action = CorrectionAction::Undo { correction: state.record.id.position };
    let filter = CorrectionFilter::default();
    if let Some(decision) = decision {
        return decision.carry_out(&call, filter, action).await;
    }
    let preview = call.env.preview_correction(filter, action).await;
    let preview = preview.map_err(|error| call.problem(error))?;
    let catalogue = call.env.catalogue();
    Ok(Answer::object(|o| write_preview(o, &preview, "", &catalogue)))
}
