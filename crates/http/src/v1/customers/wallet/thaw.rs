//! `POST /v1/customers/{customer}/wallet/thaw`: allow a customer to spend again.

use chargly_api::Problem;

use super::write_frozen;
use crate::answer::Answer;
use crate::call::Call;

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let customer = call.customer()?;
    call.read(|_, _| Some(()))?;
    let thawed = call.env.thaw(call.actor(), customer.clone()).await;
    let outcome = thawed.map_err(|error| call.problem(error))?;
    Ok(call.answer(&outcome, &customer, |o, fact| write_frozen(o, &outcome, fact, &customer, false)))
}
