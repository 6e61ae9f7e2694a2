//! `GET /api/pricing/recommendations/{id}`: one piece of advice, and where it stands.

use chargly_api::{Problem, product};

use crate::answer::Answer;
use crate::call::Call;
use crate::v1::recommendations::get;

pub(crate) async fn handle(mut call: Call) -> Result<Answer, Problem> {
    call.query.keep(&[]);
    get::handle(call).await?.shown(product::recommendation).await
}
