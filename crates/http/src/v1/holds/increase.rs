//! `POST /v1/holds/{id}/increase`: set more credits aside under an open hold.

use chargly_api::{IdKind, ObjectWriter, Problem};
use chargly_engine::Outcome;
use chargly_engine::ledger::{EntryId, IncreaseRequest, WalletEvent, WalletFact};
use compact_str::CompactString;

use crate::answer::Answer;
use crate::call::Call;
use crate::{read, view};

fn from_request(call: &Call, hold: EntryId) -> Result<(IncreaseRequest, Option<CompactString>), Problem> {
    call.read(|fields, problems| {
        let quantity = fields.optional("quantity", problems, read::quantity);
        let credits = fields.optional("credits", problems, read::some_credits);
        if quantity.is_some() == credits.is_some() {
            problems.add("credits", "or quantity must be sent, one of the two".to_owned());
        }
        Some((IncreaseRequest { hold, quantity, credits }, call.key_of(fields, problems)))
    })
}

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let hold = call.id(IdKind::Hold)?;
    let (request, key) = from_request(&call, hold)?;
    call.may_choose(request.credits)?;
    let increased = call.env.increase_hold(call.actor(), request, key).await;
    let outcome = increased.map_err(|error| call.problem(error))?;
    let customer = call.customer_of_fact(&outcome.fact).await?;
    Ok(call.answer(&outcome, &customer, |o, fact| into_view(o, &outcome, fact, hold, &customer)))
}

fn into_view(o: &mut ObjectWriter<'_>, outcome: &Outcome, fact: &WalletFact, hold: EntryId, customer: &str) {
    let WalletEvent::HoldIncreased { credits, .. } = &fact.event else { return };
    o.shown("id", view::id(IdKind::Hold, hold)).text("state", "open").text("customer", customer);
    o.number("increased_by", credits);
    view::balance(o, &fact.header.after);
    view::instant(o, "recorded_at", outcome.at);
}
