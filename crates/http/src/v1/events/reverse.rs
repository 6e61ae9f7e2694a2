//! `POST /v1/events/{id}/reverse`: give credits of an event back.

use chargly_api::{IdKind, ObjectWriter, Problem};
use chargly_engine::Outcome;
use chargly_engine::ledger::{Credits, EntryId, WalletEvent, WalletFact};
use compact_str::CompactString;

use crate::answer::Answer;
use crate::call::Call;
use crate::{read, view};

struct Request {
    credits: Option<Credits>,
    reason: Option<CompactString>,
    key: Option<CompactString>,
}

fn from_request(call: &Call) -> Result<Request, Problem> {
    call.read(|fields, problems| {
        let credits = fields.optional("credits", problems, read::some_credits);
        let reason = fields.required("reason", problems, read::reason);
        let key = call.key_of(fields, problems);
        Some(Request { credits, reason: Some(reason?), key })
    })
}

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let event = call.id(IdKind::Event)?;
    let Request { credits, reason, key } = from_request(&call)?;
    let reversed = call.env.reverse_event(call.actor(), event, credits, reason, key).await;
    let outcome = reversed.map_err(|error| call.problem(error))?;
    let customer = call.customer_of_fact(&outcome.fact).await?;
    Ok(call.answer(&outcome, &customer, |o, fact| into_view(o, &outcome, fact, event, &customer)))
}

fn into_view(o: &mut ObjectWriter<'_>, outcome: &Outcome, fact: &WalletFact, event: EntryId, customer: &str) {
    let WalletEvent::Reversed { credits, debt, returns, adjustment, .. } = &fact.event else { return };
    let to_lots: Credits = returns.iter().map(|draw| draw.credits).sum();
    o.shown("id", view::line_id(outcome.id, 0)).shown("event_id", view::id(IdKind::Event, event));
    o.text("customer", customer).number("credits", credits);
    o.number("returned_to_grants", to_lots).number("debt_cancelled", debt);
    o.number("adjusted", adjustment.map(|a| a.credits).unwrap_or_default());
    view::balance(o, &fact.header.after);
    view::instant(o, "recorded_at", outcome.at);
}
