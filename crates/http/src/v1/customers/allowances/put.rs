//! `PUT /v1/customers/{customer}/allowances/{code}`: give an allowance, or change it from its next period on.

use chargly_api::{Fields, Problem, Problems};
use chargly_engine::ledger::{AllowanceRequest, Catalogue, Credits, Period, WalletEvent};
use compact_str::CompactString;

use super::write_terms;
use crate::answer::Answer;
use crate::call::Call;
use crate::v1::customers::grants::{priority, scope};
use crate::{read, view};

fn from_request(
    call: &Call,
    catalogue: &Catalogue,
) -> Result<(AllowanceRequest, Option<CompactString>), Problem> {
    call.read(|fields, problems| {
        let credits = fields.required("credits", problems, read::some_credits);
        let period = fields.required("period", problems, |value| {
            value.one_of(&[Period::Day, Period::Week, Period::Month].map(|period| (period.as_str(), period)))
        });
        let starts_at = fields.optional("starts_at", problems, read::instant);
        let (rollover_min, rollover_max) = rollover(fields, problems);
        let priority = fields.optional("priority", problems, priority);
        let scope = fields.optional("scope", problems, |value| scope(value, catalogue));
        let key = call.key_of(fields, problems);
        let request = AllowanceRequest {
            code: call.param("code").into(),
            credits: credits?,
            period: period?,
            starts_at,
            rollover_min,
            rollover_max,
            priority: priority.unwrap_or(0),
            scope: scope.unwrap_or_default(),
        };
        Some((request, key))
    })
}

/// What is carried over, at least and at most; nothing where nothing is said.
fn rollover(fields: &mut Fields<'_>, problems: &mut Problems) -> (Credits, Credits) {
    let Some(mut rollover) = fields.object("rollover", problems) else {
        return (Credits::ZERO, Credits::ZERO);
    };
    let min = rollover.optional("min", problems, read::credits).unwrap_or(Credits::ZERO);
    let max = rollover.optional("max", problems, read::credits).unwrap_or(min);
    rollover.finish(problems);
    (min, max)
}

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let customer = call.customer()?;
    let catalogue = call.env.catalogue();
    let (request, key) = from_request(&call, &catalogue)?;
    let set = call.env.set_allowance(call.actor(), customer.clone(), request, key).await;
    let outcome = set.map_err(|error| call.problem(error))?;
    Ok(call.answer(&outcome, &customer, |o, fact| {
        let WalletEvent::AllowanceSet { request } = &fact.event else { return };
        o.text("customer", &customer);
        write_terms(o, request, &catalogue);
        view::instant_or_null(o, "starts_at", request.starts_at);
        view::instant(o, "recorded_at", outcome.at);
    }))
}
