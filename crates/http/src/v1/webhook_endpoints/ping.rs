//! `POST /v1/webhook-endpoints/{id}/ping`: send a test message at once, and answer with what came of it.

use chargly_api::Problem;
use chargly_engine::ledger::Millis;

use super::{find, problem, webhooks};
use crate::answer::Answer;
use crate::call::Call;
use crate::view;

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let endpoint = find(&call)?;
    call.read(|_, _| Some(()))?;
    let pinged = webhooks(&call)?.ping(&endpoint).await.map_err(|error| problem(&call, error))?;
    Ok(Answer::object(|o| {
        o.text("message", &pinged.id).boolean("delivered", pinged.result == "delivered");
        o.raw("body", pinged.body.as_bytes());
        o.object("attempt", |o| {
            view::instant(o, "at", Millis(pinged.at_ms));
            o.number("took_ms", pinged.took_ms).text("result", pinged.result);
            match pinged.status {
                Some(status) => o.number("status", status),
                None => o.null("status"),
            };
            o.text_or_null("answer", pinged.answer.as_deref());
        });
    }))
}
