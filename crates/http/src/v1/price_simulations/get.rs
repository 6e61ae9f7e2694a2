//! `GET /v1/price-simulations/{id}`: how far it is, and what came of it.

use chargly_api::Problem;

use super::{find, write_job};
use crate::answer::Answer;
use crate::call::Call;

pub(crate) async fn handle(mut call: Call) -> Result<Answer, Problem> {
    call.finish_query()?;
    let (job, catalogue) = (find(&call)?, call.env.catalogue());
    Ok(Answer::object(|o| write_job(o, &job, &catalogue)))
}
