//! `GET /api/pricing/recommendations/{id}/explain`: why it is given.

use chargly_api::{Problem, product};

use crate::answer::Answer;
use crate::call::Call;
use crate::v1::recommendations::explain;

pub(crate) async fn handle(mut call: Call) -> Result<Answer, Problem> {
    call.query.keep(&[]);
    explain::handle(call).await?.shown(product::explanation).await
}
