//! `POST /v1/holds`: set credits aside for work that is about to start.

use chargly_api::limits::HOLD_SECONDS_MAX;
use chargly_api::{IdKind, ObjectWriter, Problem};
use chargly_engine::ledger::{Catalogue, WalletEvent, WalletFact};
use chargly_engine::{HoldTerms, Outcome};

use crate::answer::Answer;
use crate::call::Call;
use crate::errors::problem_of;
use crate::{read, view};

fn from_request(call: &Call) -> Result<HoldTerms, Problem> {
    call.read(|fields, problems| {
        let event = fields.required("event", problems, read::event_name);
        let customer = fields.required("customer", problems, read::customer);
        let quantity = fields.optional("quantity", problems, read::quantity);
        let credits = fields.optional("credits", problems, read::some_credits);
        if quantity.is_some() && credits.is_some() {
            problems.add("credits", "must not be sent together with quantity".to_owned());
        }
        let expires_in_s =
            fields.optional("expires_in_s", problems, |value| read::seconds(value, HOLD_SECONDS_MAX));
        let key = call.key_of(fields, problems);
        Some(HoldTerms { customer: customer?, event: event?, quantity, credits, expires_in_s, key })
    })
}

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let terms = from_request(&call)?;
    call.may_choose(terms.credits)?;
    let (customer, event) = (terms.customer.clone(), terms.event.clone());
    let placed = call.env.place_hold(call.actor(), terms).await;
    let catalogue = call.env.catalogue();
    let outcome = placed.map_err(|error| problem_of(error, &catalogue, Some(&event)))?;
    Ok(call.answer(&outcome, &customer, |o, fact| into_view(o, &outcome, fact, &customer, &catalogue)))
}

fn into_view(
    o: &mut ObjectWriter<'_>,
    outcome: &Outcome,
    fact: &WalletFact,
    customer: &str,
    catalogue: &Catalogue,
) {
    let WalletEvent::HoldPlaced { request, price, credits, expires_at, .. } = &fact.event else { return };
    o.shown("id", view::id(IdKind::Hold, outcome.id)).text("state", "open");
    o.text("event", view::event_name(catalogue, request.event_type)).text("customer", customer);
    o.number("credits", credits);
    view::balance(o, &fact.header.after);
    view::price_version(o, *price, catalogue);
    view::instant(o, "placed_at", outcome.at);
    view::instant(o, "expires_at", *expires_at);
}
