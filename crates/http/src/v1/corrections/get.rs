//! `GET /v1/corrections/{id}`: what was decided, and how far it has come.

use chargly_api::Problem;

use super::KIND;
use super::view::write_correction;
use crate::answer::Answer;
use crate::call::Call;

pub(crate) async fn handle(mut call: Call) -> Result<Answer, Problem> {
    call.finish_query()?;
    let state = call.env.correction(call.id(KIND)?).await.map_err(|error| call.problem(error))?;
    let customer = call.customer_of_filter(&state.request.filter).await?;
    let catalogue = call.env.catalogue();
    Ok(Answer::object(|o| write_correction(o, &state, &customer, &catalogue)))
}
