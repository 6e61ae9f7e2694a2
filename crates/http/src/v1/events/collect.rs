//! `POST /v1/events/{id}/collect`: charge what of an event was used and not charged.

use chargly_api::{IdKind, ObjectWriter, Problem};
use chargly_engine::Outcome;
use chargly_engine::ledger::{Catalogue, Credits, EntryId, WalletEvent, WalletFact};
use compact_str::CompactString;

use crate::answer::Answer;
use crate::call::Call;
use crate::{read, view};

struct Request {
    credits: Option<Credits>,
    key: Option<CompactString>,
}

fn from_request(call: &Call) -> Result<Request, Problem> {
    call.read(|fields, problems| {
        let credits = fields.optional("credits", problems, read::some_credits);
        let key = call.key_of(fields, problems);
        Some(Request { credits, key })
    })
}

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let event = call.id(IdKind::Event)?;
    let Request { credits, key } = from_request(&call)?;
    let collected = call.env.collect_event(call.actor(), event, credits, key).await;
    let outcome = collected.map_err(|error| call.problem(error))?;
    let customer = call.customer_of_fact(&outcome.fact).await?;
    let catalogue = call.env.catalogue();
    Ok(call.answer(&outcome, &customer, |o, fact| {
        into_view(o, &outcome, fact, event, (&customer, &catalogue));
    }))
}

fn into_view(
    o: &mut ObjectWriter<'_>,
    outcome: &Outcome,
    fact: &WalletFact,
    event: EntryId,
    (customer, catalogue): (&str, &Catalogue),
) {
    let WalletEvent::Collected { charge, of, .. } = &fact.event else { return };
    o.shown("id", view::line_id(outcome.id, 0)).shown("event_id", view::id(IdKind::Event, event));
    let name = of.as_deref().map_or("", |of| view::event_name(catalogue, of.event_type));
    o.text("event", name).text("customer", customer).number("credits", charge.credits);
    if charge.debt.is_positive() {
        o.number("debt", charge.debt);
    }
    view::balance(o, &fact.header.after);
    view::instant(o, "recorded_at", outcome.at);
}
