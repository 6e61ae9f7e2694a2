//! `GET /v1/customers/{customer}/allowances`

use chargly_api::Problem;

use super::write_allowance;
use crate::answer::Answer;
use crate::call::Call;

pub(crate) async fn handle(mut call: Call) -> Result<Answer, Problem> {
    let customer = call.customer()?;
    call.finish_query()?;
    let wallet = call.env.wallet(&customer).await.map_err(|error| call.problem(error))?;
    let catalogue = call.env.catalogue();
    Ok(Answer::object(|o| {
        o.array("data", |list| {
            for allowance in wallet.iter().flat_map(|wallet| wallet.allowances()) {
                list.object(|o| write_allowance(o, allowance, &catalogue));
            }
        });
        // There are never more allowances than fit a page.
        o.null("next_cursor");
    }))
}
