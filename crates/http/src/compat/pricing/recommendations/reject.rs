//! `POST /api/pricing/recommendations/{id}/reject`: turn it down.

use chargly_api::{Problem, product};
use chargly_engine::ledger::RejectAdviceRequest;

use crate::answer::Answer;
use crate::call::Call;
use crate::read;
use crate::v1::recommendations::{KIND, reject};

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let recommendation = call.id(KIND)?;
    let (reason, key) = call.read_known(|fields, problems| {
        let reason = fields.optional("reason", problems, read::reason).unwrap_or_default();
        Some((reason, call.client_key(fields, problems)))
    })?;
    let request = RejectAdviceRequest { recommendation, reason };
    reject::reject(&call, request, key).await?.shown(product::decided).await
}
