//! `POST /v1/corrections/preview`: what a correction would do, customer by customer. Changes nothing.

use chargly_api::Problem;

use super::request::Asked;
use super::view::write_preview;
use crate::answer::Answer;
use crate::call::Call;

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let catalogue = call.env.catalogue();
    let asked = call.read(|fields, problems| Asked::read(&catalogue, fields, problems))?;
    let (filter, action) = asked.found(&call).await?;
    let preview = call.env.preview_correction(filter, action).await;
    let preview = preview.map_err(|error| call.problem(error))?;
    let customer = call.customer_of_filter(&preview.filter).await?;
    Ok(Answer::object(|o| write_preview(o, &preview, &customer, &catalogue)))
}
