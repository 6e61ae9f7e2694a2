//! `POST /v1/quote`: what an event would cost, and whether it would be accepted. Changes nothing.

use chargly_api::{ObjectWriter, Problem};
use chargly_engine::ledger::{Catalogue, IfInsufficient, Scope};
use chargly_engine::{MeterEvent, Quote};

use super::events::request::Context;
use crate::answer::Answer;
use crate::call::Call;
use crate::errors::{problem_of, refusal_problem};
use crate::view;

fn from_request(call: &Call) -> Result<MeterEvent, Problem> {
    let catalogue = call.env.catalogue();
    let context = Context { catalogue: &catalogue, now_ms: call.env.wall_ms() };
    call.read(|fields, problems| context.event(fields, problems))
}

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let event = from_request(&call)?;
    if event.if_insufficient == IfInsufficient::Record {
        call.needs(Scope::Record)?;
    }
    let (customer, name) = (event.customer.clone(), event.event.clone());
    let quoted = call.env.quote(event).await;
    let catalogue = call.env.catalogue();
    let quote = quoted.map_err(|error| problem_of(error, &catalogue, Some(&name)))?;
    Ok(Answer::object(|o| into_view(o, &quote, &name, &customer, &catalogue, &call.instance)))
}

fn into_view(
    o: &mut ObjectWriter<'_>,
    quote: &Quote,
    event: &str,
    customer: &str,
    catalogue: &Catalogue,
    instance: &str,
) {
    o.text("event", event).text("customer", customer);
    o.number("credits", quote.credits).number("available", quote.available);
    o.boolean("accepted", quote.refusal.is_none());
    view::price_version(o, quote.price, catalogue);
    match &quote.refusal {
        Some(refusal) => {
            let problem = refusal_problem(refusal, Some(customer), catalogue);
            o.object("refusal", |o| problem.write(o, instance));
        }
        None => {
            o.null("refusal");
        }
    }
}
