//! `DELETE /v1/customers/{customer}/allowances/{code}`: no more periods. What was given stays until its time.

use chargly_api::Problem;

use crate::answer::Answer;
use crate::call::Call;
use crate::view;

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let customer = call.customer()?;
    call.read(|_, _| Some(()))?;
    let code = call.param("code");
    let ended = call.env.end_allowance(call.actor(), customer.clone(), code.into()).await;
    let outcome = ended.map_err(|error| call.problem(error))?;
    Ok(call.answer(&outcome, &customer, |o, _| {
        o.text("customer", &customer).text("code", code).text("status", "ended");
        view::instant(o, "recorded_at", outcome.at);
    }))
}
