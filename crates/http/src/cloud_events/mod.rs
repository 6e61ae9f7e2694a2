//! `POST /api/v1/events`: CloudEvents 1.0, so that senders of other metering systems can be pointed here.
//!
//! They report finished work, retry under the id they have, and understand little of an answer. Therefore: 204 where the
//! event is accepted, at once or before; a wallet that cannot pay, or is frozen, refuses nothing: the event is recorded
//! as used and not charged, to be listed and collected; and what only failed for now fails as a whole, so that the
//! sender sends all of it again.
//!
//! Not owned here: what such an event may cost, and that nobody is charged twice (the ledger).

mod mode;
mod request;

use chargly_api::{ErrorCode, Problem, array, object};
use chargly_engine::ledger::{Catalogue, Rejection};
use chargly_engine::{CallError, Outcome};

use self::mode::Sent;
use self::request::{Received, Seen};
use crate::answer::Answer;
use crate::call::Call;
use crate::errors::{problem_of, refusal_of, refusal_problem};

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    // It could neither be refused nor stay within its budget: finished work is there, whoever pays for it.
    if call.key.budget.is_some() {
        let detail = "A key with a budget cannot report finished work, which cannot be refused. Use a key without one.";
        return Err(Problem::new(ErrorCode::Forbidden, detail).text("required_permission", "no_budget"));
    }
    match mode::read(&call)? {
        Sent::One(received) => one(&call, *received).await,
        Sent::Batch(received) => batch(&call, received).await,
    }
}

async fn one(call: &Call, Received { event, .. }: Received) -> Result<Answer, Problem> {
    let name = event.event.clone();
    let metered = call.env.meter_one(call.actor(), event).await;
    let catalogue = call.env.catalogue();
    let outcome = metered.map_err(|error| error_problem(error, &catalogue, &name))?;
    match refusal_of(&outcome.fact) {
        Some(refusal) => Err(refusal_problem(refusal, None, &catalogue)),
        None => Ok(call.written(&outcome, Answer::nothing())),
    }
}

/// Events in order. 204 when all of them are accepted, else a result for each.
async fn batch(call: &Call, items: Vec<Result<Received, (Seen, Problem)>>) -> Result<Answer, Problem> {
    let mut events = Vec::with_capacity(items.len());
    let mut names = Vec::with_capacity(items.len());
    let seen: Vec<(Seen, Option<Problem>)> = items
        .into_iter()
        .map(|item| match item {
            Ok(Received { event, seen }) => {
                names.push(event.event.clone());
                events.push(event);
                (seen, None)
            }
            Err((seen, problem)) => (seen, Some(problem)),
        })
        .collect();
    let metered = call.env.meter(call.actor(), events).await;
    let catalogue = call.env.catalogue();
    let mut metered: Vec<Result<Outcome, Problem>> = metered
        .into_iter()
        .zip(names)
        .map(|(result, name)| result.map_err(|error| error_problem(error, &catalogue, &name)))
        .collect();
    // What only failed for now will be sent again, as a whole; what was accepted is not charged again.
    let is_for_now =
        |result: &Result<Outcome, Problem>| matches!(result, Err(problem) if problem.code.is_retryable());
    if let Some(failed) = metered.iter().position(is_for_now) {
        metered.swap_remove(failed)?;
    }
    let newest = metered.iter().flatten().map(|outcome| outcome.id.position).max();
    let mut metered = metered.into_iter();
    let results: Vec<(Seen, Result<bool, Problem>)> =
        seen.into_iter()
            .map(|(seen, unreadable)| {
                let result = match (unreadable, metered.len()) {
                    (Some(problem), _) => Err(problem),
                    (None, _) => metered.next().unwrap_or_else(|| Err(lost())).and_then(|outcome| {
                        match refusal_of(&outcome.fact) {
                            Some(refusal) => Err(refusal_problem(refusal, None, &catalogue)),
                            None => Ok(outcome.is_replay),
                        }
                    }),
                };
                (seen, result)
            })
            .collect();
    let answer = if results.iter().all(|(_, result)| result.is_ok()) {
        Answer::nothing()
    } else {
        Answer::several(results_body(&results, &call.instance))
    };
    let epoch = call.env.tail().committed().epoch;
    Ok(match newest {
        Some(position) => answer.at(epoch, position.0),
        None => answer,
    })
}

fn lost() -> Problem {
    Problem::new(ErrorCode::Internal, "There is no result for this event.")
}

fn results_body(results: &[(Seen, Result<bool, Problem>)], instance: &str) -> Vec<u8> {
    let count = |is: fn(&Result<bool, Problem>) -> bool| results.iter().filter(|(_, r)| is(r)).count();
    let list = array(|list| {
        for (seen, result) in results {
            list.object(|o| {
                o.text_or_null("source", seen.source.as_deref()).text_or_null("id", seen.id.as_deref());
                match result {
                    Ok(_) => o.number("status", 204),
                    Err(problem) => {
                        o.number("status", problem.code.status());
                        o.object("error", |o| problem.write(o, instance))
                    }
                };
            });
        }
    });
    object(|o| {
        o.raw("results", &list);
        o.number("accepted", count(|result| matches!(result, Ok(false))));
        o.number("refused", count(Result::is_err));
        o.number("replayed", count(|result| matches!(result, Ok(true))));
    })
}

/// As at `/v1/events`, with fields by the names they have in a CloudEvent.
fn error_problem(error: CallError, catalogue: &Catalogue, name: &str) -> Problem {
    let error = match error {
        CallError::Rejected(Rejection::Invalid { field, problem }) => {
            let field = match field.strip_prefix("properties.") {
                Some(name) => format!("data.{name}").into(),
                None => field,
            };
            CallError::Rejected(Rejection::Invalid { field, problem })
        }
        error => error,
    };
    problem_of(error, catalogue, Some(name))
}
