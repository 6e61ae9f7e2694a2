//! `GET /v1/webhook-endpoints`: all endpoints, in the order in which they were made, without their secrets.

use chargly_api::Problem;

use super::{webhooks, write_endpoint};
use crate::answer::Answer;
use crate::call::Call;

pub(crate) async fn handle(mut call: Call) -> Result<Answer, Problem> {
    let page = call.page()?;
    // There are fewer than a page has at least; a cursor is never handed out.
    page.index("webhook-endpoints")?;
    let endpoints = webhooks(&call)?.endpoints();
    Ok(Answer::object(|o| {
        o.array("data", |list| {
            for endpoint in endpoints.iter() {
                list.object(|o| write_endpoint(o, endpoint, None));
            }
        });
        o.null("next_cursor");
    }))
}
