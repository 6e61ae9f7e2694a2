//! `POST /v1/stripe/webhook`: what Stripe tells us. Its signature says for which environment it is meant; 200 means that it
//! is kept, and will be followed whatever happens to this server.

use chargly_api::{ErrorCode, Problem};
use chargly_engine::payments::{BelievedNotice, NoticeEnd, NoticeError};

use crate::answer::Answer;
use crate::errors::payment_problem;
use crate::public::PublicCall;

const SIGNATURE: &str = "stripe-signature";

pub(crate) async fn handle(call: PublicCall) -> Result<Answer, Problem> {
    let signature = call.header(SIGNATURE)?.ok_or_else(|| {
        Problem::invalid("Stripe-Signature", "is required: this address is for Stripe alone")
    })?;
    let mut told = NoticeError::None;
    for env in &call.project.environments {
        match env.believe_notice(signature, &call.body) {
            Ok(notice) => return take(env, notice).await,
            Err(error) => told = more_telling(told, error),
        }
    }
    Err(refused(&told))
}

/// Of what two environments say, what helps more: that a secret was right says more than that none was.
fn more_telling(one: NoticeError, other: NoticeError) -> NoticeError {
    match (&one, &other) {
        (_, NoticeError::None) => one,
        (NoticeError::None | NoticeError::WrongSignature, _) => other,
        _ => one,
    }
}

async fn take(env: &chargly_engine::Environment, notice: BelievedNotice) -> Result<Answer, Problem> {
    let taken = env.take_notice(notice).await;
    let end = taken.map_err(|error| payment_problem(error, &env.catalogue()))?;
    Ok(Answer::object(|o| {
        o.boolean("received", true);
        o.text(
            "state",
            match end {
                NoticeEnd::Followed => "done",
                NoticeEnd::Parked => "parked",
                NoticeEnd::Later => "received",
            },
        );
    }))
}

fn refused(error: &NoticeError) -> Problem {
    let problem = match error {
        NoticeError::None => {
            let detail = "No environment here is connected to Stripe with the secret of a webhook endpoint.";
            return Problem::new(ErrorCode::PaymentsNotSetUp, detail);
        }
        NoticeError::Unreadable { .. } => return Problem::invalid("body", error.to_string()),
        NoticeError::Malformed | NoticeError::WrongSignature | NoticeError::OutOfTime { .. } => {
            error.to_string()
        }
    };
    tracing::warn!(%error, "a notice that says it is Stripe's was not believed");
    Problem::invalid("Stripe-Signature", problem)
}
