//! `POST /v1/events`: price one event, deduct it, answer when it is durable.

use chargly_api::Problem;
use chargly_engine::MeterEvent;
use chargly_engine::ledger::{IfInsufficient, Scope};

use super::request::Context;
use super::view::write_event;
use crate::answer::Answer;
use crate::call::Call;
use crate::errors::problem_of;

fn from_request(call: &Call) -> Result<MeterEvent, Problem> {
    let catalogue = call.env.catalogue();
    let context = Context { catalogue: &catalogue, now_ms: call.env.wall_ms() };
    call.read(|fields, problems| {
        let key = call.key_of(fields, problems);
        context.event(fields, problems).map(|event| MeterEvent { key, ..event })
    })
}

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let event = from_request(&call)?;
    if event.if_insufficient == IfInsufficient::Record {
        call.needs(Scope::Record)?;
    }
    call.may_choose(event.credits)?;
    let (customer, name) = (event.customer.clone(), event.event.clone());
    let metered = call.env.meter_one(call.actor(), event).await;
    let catalogue = call.env.catalogue();
    let outcome = metered.map_err(|error| problem_of(error, &catalogue, Some(&name)))?;
    Ok(call.answer(&outcome, &customer, |o, fact| {
        write_event(o, (outcome.id, outcome.at), fact, &customer, &catalogue);
    }))
}
