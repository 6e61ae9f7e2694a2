//! `POST /v1/customers/{customer}/wallet/freeze`: stop a customer's new spending.

use chargly_api::Problem;
use compact_str::CompactString;

use super::write_frozen;
use crate::answer::Answer;
use crate::call::Call;
use crate::read;

fn from_request(call: &Call) -> Result<CompactString, Problem> {
    call.read(|fields, problems| fields.required("reason", problems, read::reason))
}

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let customer = call.customer()?;
    let reason = from_request(&call)?;
    let frozen = call.env.freeze(call.actor(), customer.clone(), reason).await;
    let outcome = frozen.map_err(|error| call.problem(error))?;
    Ok(call.answer(&outcome, &customer, |o, fact| write_frozen(o, &outcome, fact, &customer, true)))
}
