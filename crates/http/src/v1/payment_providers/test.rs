//! `POST /v1/payment-providers/{provider}/test`: ask a provider for something that changes nothing, and say what came of it.

use chargly_api::Problem;

use crate::answer::Answer;
use crate::call::Call;
use crate::errors::payment_problem;

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    call.read(|_, _| Some(()))?;
    let tested = call.env.test_payments(call.param("provider")).await;
    let tested = tested.map_err(|error| payment_problem(error, &call.env.catalogue()))?;
    let test = tested.ok_or_else(|| Problem::not_found("payment_provider"))?;
    Ok(Answer::object(|o| {
        o.text("provider", call.param("provider")).text("verdict", test.verdict.as_str());
        o.text("said", &test.said).instant("at", call.env.wall_ms());
    }))
}
