//! `POST /v1/holds/{id}/extend`: move the time at which an open hold lapses.

use chargly_api::limits::HOLD_SECONDS_MAX;
use chargly_api::{IdKind, ObjectWriter, Problem};
use chargly_engine::Outcome;
use chargly_engine::ledger::{EntryId, ExtendRequest, WalletEvent, WalletFact};
use compact_str::CompactString;

use crate::answer::Answer;
use crate::call::Call;
use crate::{read, view};

fn from_request(call: &Call, hold: EntryId) -> Result<(ExtendRequest, Option<CompactString>), Problem> {
    call.read(|fields, problems| {
        let expires_in_s =
            fields.required("expires_in_s", problems, |value| read::seconds(value, HOLD_SECONDS_MAX));
        let key = call.key_of(fields, problems);
        Some((ExtendRequest { hold, expires_in_s: expires_in_s? }, key))
    })
}

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let hold = call.id(IdKind::Hold)?;
    let (request, key) = from_request(&call, hold)?;
    let extended = call.env.extend_hold(call.actor(), request, key).await;
    let outcome = extended.map_err(|error| call.problem(error))?;
    let customer = call.customer_of_fact(&outcome.fact).await?;
    Ok(call.answer(&outcome, &customer, |o, fact| into_view(o, &outcome, fact, hold, &customer)))
}

fn into_view(o: &mut ObjectWriter<'_>, outcome: &Outcome, fact: &WalletFact, hold: EntryId, customer: &str) {
    let WalletEvent::HoldExtended { expires_at, .. } = &fact.event else { return };
    o.shown("id", view::id(IdKind::Hold, hold)).text("state", "open").text("customer", customer);
    view::instant(o, "expires_at", *expires_at);
    view::balance(o, &fact.header.after);
    view::instant(o, "recorded_at", outcome.at);
}
