//! `POST /v1/holds/{id}/void`: give an open hold up.

use chargly_api::{IdKind, ObjectWriter, Problem};
use chargly_engine::Outcome;
use chargly_engine::ledger::{Credits, EntryId, VoidHoldRequest, WalletEvent, WalletFact};
use compact_str::CompactString;

use crate::answer::Answer;
use crate::call::Call;
use crate::view;

fn from_request(call: &Call) -> Result<CompactString, Problem> {
    call.read(|fields, problems| {
        Some(call.key_of(fields, problems).unwrap_or_else(|| call.param("id").into()))
    })
}

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let hold = call.id(IdKind::Hold)?;
    let key = from_request(&call)?;
    let voided = call.env.void_hold(call.actor(), VoidHoldRequest { hold }, Some(key)).await;
    let outcome = voided.map_err(|error| call.problem(error))?;
    let customer = call.customer_of_fact(&outcome.fact).await?;
    Ok(call.answer(&outcome, &customer, |o, fact| into_view(o, &outcome, fact, hold, &customer)))
}

fn into_view(o: &mut ObjectWriter<'_>, outcome: &Outcome, fact: &WalletFact, hold: EntryId, customer: &str) {
    let WalletEvent::HoldVoided { released, .. } = &fact.event else { return };
    let released: Credits = released.iter().map(|reserve| reserve.credits).sum();
    o.shown("id", view::id(IdKind::Hold, hold)).text("state", "voided").text("customer", customer);
    o.number("released", released);
    view::balance(o, &fact.header.after);
    view::instant(o, "recorded_at", outcome.at);
}
