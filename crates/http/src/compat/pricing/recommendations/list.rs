//! `GET /api/pricing/recommendations`: advice on prices, newest first.

use chargly_api::{Problem, product};
use serde_json::json;

use crate::answer::Answer;
use crate::call::Call;
use crate::v1::recommendations::list;

pub(crate) async fn handle(mut call: Call) -> Result<Answer, Problem> {
    call.query.rename("feature", "event");
    call.query.keep(&["event", "status", "limit"]);
    let listed = list::handle(call).await.map_err(|problem| problem.with_field_called("event", "feature"))?;
    listed
        .shown(|answer| {
            let data = answer["data"].as_array().map(Vec::as_slice).unwrap_or_default();
            json!({"items": data.iter().map(product::recommendation).collect::<Vec<_>>()})
        })
        .await
}
