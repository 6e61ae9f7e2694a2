//! `POST /v1/grants/{id}/void`: take back what is left of a lot.

use chargly_api::{IdKind, ObjectWriter, Problem};
use chargly_engine::Outcome;
use chargly_engine::ledger::{EntryId, WalletEvent, WalletFact};
use compact_str::CompactString;

use crate::answer::Answer;
use crate::call::Call;
use crate::{read, view};

struct Request {
    reason: Option<CompactString>,
    key: Option<CompactString>,
}

fn from_request(call: &Call) -> Result<Request, Problem> {
    call.read(|fields, problems| {
        let reason = fields.optional("reason", problems, read::reason);
        Some(Request { reason, key: call.key_of(fields, problems) })
    })
}

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let grant = call.id(IdKind::Grant)?;
    let Request { reason, key } = from_request(&call)?;
    let voided = call.env.void_grant(call.actor(), grant, reason, key).await;
    let outcome = voided.map_err(|error| call.problem(error))?;
    let customer = call.customer_of_fact(&outcome.fact).await?;
    Ok(call.answer(&outcome, &customer, |o, fact| into_view(o, &outcome, fact, grant, &customer)))
}

fn into_view(o: &mut ObjectWriter<'_>, outcome: &Outcome, fact: &WalletFact, grant: EntryId, customer: &str) {
    let WalletEvent::GrantVoided { credits, .. } = &fact.event else { return };
    o.shown("id", view::id(IdKind::Grant, grant)).text("customer", customer).text("status", "voided");
    o.number("credits", credits);
    view::balance(o, &fact.header.after);
    view::instant(o, "recorded_at", outcome.at);
}
