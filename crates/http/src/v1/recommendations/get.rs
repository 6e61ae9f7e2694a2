//! `GET /v1/recommendations/{id}`: a recommendation with its figures and its card, and what became of it.

use chargly_api::Problem;

use super::view::write_whole;
use super::{find, now};
use crate::answer::Answer;
use crate::call::Call;

pub(crate) async fn handle(mut call: Call) -> Result<Answer, Problem> {
    call.finish_query()?;
    let catalogue = call.env.catalogue();
    let advised = find(&call, &catalogue)?;
    Ok(Answer::object(|o| write_whole(o, advised, &catalogue, now(&call))))
}
