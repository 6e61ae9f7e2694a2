//! `POST /api/pricing/recommendations/{id}/apply`: publish exactly the price that it proposes.

use chargly_api::{Problem, product};
use chargly_engine::ApplyAdvice;

use crate::answer::Answer;
use crate::call::Call;
use crate::read;
use crate::v1::recommendations::{KIND, apply};

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let recommendation = call.id(KIND)?;
    let (reason, key) = call.read_known(|fields, problems| {
        let reason = fields.optional("reason", problems, read::reason).unwrap_or_default();
        Some((reason, call.client_key(fields, problems)))
    })?;
    let request = ApplyAdvice { recommendation, notice_days: None, effective_at: None, reason };
    apply::apply(&call, request, key).await?.shown(product::decided).await
}
