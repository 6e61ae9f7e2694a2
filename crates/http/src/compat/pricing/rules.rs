//! `GET /api/pricing/rules/{name}`: what an event type costs.

use chargly_api::{Problem, product};
use chargly_engine::ledger::{
    Catalogue, Credits, EventType, Millis, PriceInputs, Quantity, Sample, price_sample,
};
use serde_json::Value;

use crate::answer::Answer;
use crate::call::Call;
use crate::v1::event_types::get;

pub(crate) async fn handle(mut call: Call) -> Result<Answer, Problem> {
    call.query.keep(&[]);
    let catalogue = call.env.catalogue();
    let now = Millis(call.env.wall_ms());
    let known = catalogue.event_type(call.param("name"));
    let typical = known.and_then(|known| typical_credits(known, &catalogue, now));
    let mut refused = None;
    let answer = get::handle(call)
        .await?
        .shown(|event_type| match product::rule(event_type) {
            Ok(rule) => with_typical(rule, typical),
            Err(problem) => {
                refused = Some(problem);
                Value::Null
            }
        })
        .await?;
    refused.map_or(Ok(answer), Err)
}

/// What one unit costs of which nothing else is known; `None` where the price asks for more.
fn typical_credits(known: &EventType, catalogue: &Catalogue, now: Millis) -> Option<Credits> {
    let price = catalogue.price_in_force(known.number, now)?;
    let inputs = PriceInputs::new();
    let sample = Sample { quantity: Quantity::ONE, inputs: &inputs, cost: None, usage: None };
    price_sample(catalogue, price.terms(), &sample, now).ok()
}

/// A price that two numbers do not tell says beside its rule what an event comes to that is like most.
fn with_typical(mut rule: Value, typical: Option<Credits>) -> Value {
    if let (false, Some(typical)) = (rule["rule"].is_null(), typical) {
        rule["typicalCredits"] = serde_json::from_str(&typical.to_string()).unwrap_or_default();
    }
    rule
}
