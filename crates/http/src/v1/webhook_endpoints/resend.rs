//! `POST /v1/webhook-endpoints/{id}/resend`: send a message again, under its id, whether it had arrived or was given up.

use chargly_api::{IdKind, Problem};

use super::{find, problem, webhooks};
use crate::answer::Answer;
use crate::call::Call;

/// The message. A text that is no message's id names nothing here, like one that is another endpoint's.
fn from_request(call: &Call) -> Result<String, Problem> {
    call.read(|fields, problems| fields.required("message", problems, |value| Ok(value.text()?.into_owned())))
}

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let endpoint = find(&call)?;
    let message = from_request(&call)?;
    if chargly_api::Id::parse(&message, IdKind::Message).is_none() {
        return Err(Problem::not_found(IdKind::Message.noun()));
    }
    webhooks(&call)?.resend(&endpoint, &message).await.map_err(|error| problem(&call, error))?;
    Ok(Answer::object(|o| {
        o.text("message", &message).text("state", "pending");
    }))
}
