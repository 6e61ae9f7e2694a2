//! `POST /v1/quote`: what an event would cost, and whether it would be accepted. Changes nothing.

use chargly_api::{ObjectWriter, Problem};
use chargly_engine::ledger::{Catalogue, Credits, IfInsufficient, Position, Scope};
use chargly_engine::{MeterEvent, Quote, TriedRule, TriedSample};

use super::events::request::Context;
use crate::answer::Answer;
use crate::call::Call;
use crate::errors::{problem_of, refusal_problem, with_checkout_hint};
use crate::view;

mod samples;

enum Asked {
    /// One event of one customer.
    Event(Box<MeterEvent>, Option<TriedRule>),
    /// Samples, which are no customer's.
    Samples(samples::Request),
}

fn from_request(call: &Call) -> Result<Asked, Problem> {
    let catalogue = call.env.catalogue();
    let context = Context { catalogue: &catalogue, now_ms: call.env.wall_ms() };
    call.read(|fields, problems| {
        if fields.has("samples") {
            return samples::from_request(&context, fields, problems).map(Asked::Samples);
        }
        let (proposed, also) = samples::proposed(fields, problems);
        Some(Asked::Event(Box::new(context.event_tried(&also, fields, problems)?), proposed))
    })
}

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let (event, proposed) = match from_request(&call)? {
        Asked::Event(event, proposed) => (*event, proposed),
        Asked::Samples(request) => return samples::answer(&call, request),
    };
    if event.if_insufficient == IfInsufficient::Record {
        call.needs(Scope::Record)?;
    }
    call.may_choose(event.credits)?;
    let (customer, name) = (event.customer.clone(), event.event.clone());
    let tried = proposed.map(|rule| try_on(&call, &event, rule)).transpose()?;
    let quoted = call.env.quote(call.actor(), event).await;
    let catalogue = call.env.catalogue();
    let quote = quoted.map_err(|error| problem_of(error, &catalogue, Some(&name)))?;
    Ok(Answer::object(|o| {
        into_view(o, &quote, &name, &customer, &catalogue, &call.instance);
        if let Some((rule, credits)) = &tried {
            samples::write_proposed(o, Some(rule));
            o.number("proposed_credits", credits);
        }
    }))
}

/// What the event would cost by a rule that is not published.
fn try_on(call: &Call, event: &MeterEvent, rule: TriedRule) -> Result<(TriedRule, Credits), Problem> {
    let sample = TriedSample {
        quantity: event.quantity,
        properties: event.properties.clone(),
        cost: event.cost,
        usage: event.usage.clone(),
    };
    let tried = call.env.try_price(&event.event, Some(rule), vec![sample]);
    let tried = tried.map_err(|error| samples::problem_of(error, &call.env.catalogue(), &event.event, ""))?;
    let credits = tried.credits.first().and_then(|(_, proposed)| *proposed).unwrap_or_default();
    tried.proposed.map(|rule| (rule, credits)).ok_or_else(|| Problem::not_found("rule"))
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
    let words = quote.price.and_then(|no| catalogue.price(no)).map(|p| p.rule.in_words(p.grid, p.rounding));
    o.text_or_null("in_words", words.as_deref());
    match &quote.refusal {
        Some(refusal) => {
            let problem = refusal_problem(refusal, Some(customer), catalogue);
            let problem = with_checkout_hint(problem, refusal, catalogue, Position(u64::MAX));
            o.object("refusal", |o| problem.write(o, instance));
        }
        None => {
            o.null("refusal");
        }
    }
}
