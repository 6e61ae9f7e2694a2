//! `DELETE /v1/price-simulations/{id}`: stop a simulation. One that is over stays as it is.

use chargly_api::Problem;

use super::{find, write_job};
use crate::answer::Answer;
use crate::call::Call;

pub(crate) async fn handle(mut call: Call) -> Result<Answer, Problem> {
    call.finish_query()?;
    let (job, catalogue) = (find(&call)?, call.env.catalogue());
    job.watch.cancel();
    Ok(Answer::object(|o| write_job(o, &job, &catalogue)))
}
