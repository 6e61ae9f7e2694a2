//! `POST /v1/packs/{code}/retire` and `/restore`: take a pack off the shelf, and put it back.

use chargly_api::Problem;
use chargly_engine::ledger::PackRequest;

use super::find;
use super::put::publish;
use crate::answer::Answer;
use crate::call::Call;

/// `POST /v1/packs/{code}/retire`
pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    set_active(call, false).await
}

/// `POST /v1/packs/{code}/restore`
pub(crate) async fn undo(call: Call) -> Result<Answer, Problem> {
    set_active(call, true).await
}

async fn set_active(call: Call, is_active: bool) -> Result<Answer, Problem> {
    call.read(|_, _| Some(()))?;
    let terms = find(&call, &call.env.catalogue())?.terms.clone();
    publish(&call, PackRequest { is_active, ..terms }).await
}
