//! `POST /v1/events/batch`: many events, independent of each other, or all or none.

use chargly_api::{ArrayWriter, Problem};
use chargly_engine::ledger::{Asked, Catalogue, Fact, WalletEvent};
use chargly_engine::{BatchOutcome, CallError, Outcome};
use compact_str::CompactString;

use super::batch_body::{Batch, from_request};
use super::view::write_event;
use crate::answer::Answer;
use crate::call::Call;
use crate::errors::{problem_of, refusal_of, refusal_problem, with_checkout_hint};

/// Room that one charged event is given in an answer, in bytes: what most take.
const EVENT_ANSWER_BYTES_ABOUT: usize = 270;
/// Room for what stands around the events, in bytes.
const COUNTS_BYTES: usize = 128;

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let batch = from_request(&call)?;
    if batch.atomic { all_or_none(&call, batch).await } else { independent(&call, batch).await }
}

/// Events in order, each with an answer of its own, each counted once.
async fn independent(call: &Call, Batch { events, unreadable, .. }: Batch) -> Result<Answer, Problem> {
    let names: Vec<(CompactString, CompactString)> =
        events.iter().map(|event| (event.customer.clone(), event.event.clone())).collect();
    let metered = call.env.meter(call.actor(), events).await;
    let catalogue = call.env.catalogue();
    if !metered.is_empty() && unreadable.is_empty() && metered.iter().all(is_failed) {
        // Not one of them was even looked at: that is the answer to the call, and a client knows to wait.
        if let Some(Err(error)) = metered.into_iter().next() {
            return Err(problem_of(error, &catalogue, None));
        }
        return Ok(Answer::object(|_| {}));
    }
    let mut counts = Counts { refused: unreadable.len(), ..Counts::default() };
    let mut newest = None;
    let events = names.len() + unreadable.len();
    let mut metered = metered.into_iter().zip(names);
    let mut unreadable = unreadable.into_iter().peekable();
    let answer = answer_of(events, |list| {
        for index in 0..events {
            if let Some((_, problem)) = unreadable.next_if(|(at, _)| *at == index) {
                write_problem(list, &problem, &call.instance);
                continue;
            }
            match metered.next() {
                Some((Ok(outcome), (customer, _))) => {
                    counts.count(&outcome);
                    newest = newest.max(Some(outcome.id.position));
                    write_outcome(list, &outcome, &customer, &catalogue, &call.instance);
                }
                Some((Err(error), (_, name))) => {
                    counts.refused += 1;
                    write_problem(list, &problem_of(error, &catalogue, Some(&name)), &call.instance);
                }
                None => {}
            }
        }
        counts
    });
    let epoch = call.env.tail().committed().epoch;
    Ok(match newest {
        Some(position) => answer.at(epoch, position.0),
        None => answer,
    })
}

/// All of one customer, or none.
async fn all_or_none(call: &Call, batch: Batch) -> Result<Answer, Problem> {
    let customer = batch.events.first().map(|event| event.customer.clone()).unwrap_or_default();
    let metered = call.env.meter_atomic(call.actor(), batch.events, batch.key).await;
    let catalogue = call.env.catalogue();
    let BatchOutcome { batch, events } = metered.map_err(|error| problem_of(error, &catalogue, None))?;
    if let Some(refusal) = refusal_of(&batch.fact) {
        let problem = refusal_problem(refusal, Some(&customer), &catalogue);
        let problem = with_checkout_hint(problem, refusal, &catalogue, batch.id.position)
            .number("index", refused_index(&batch.fact));
        return Ok(call.written(&batch, Answer::problem(&problem, &call.instance)));
    }
    let answer = answer_of(events.len(), |list| {
        for outcome in &events {
            write_outcome(list, outcome, &customer, &catalogue, &call.instance);
        }
        // The same bytes when it is replayed: the header says that it was.
        Counts { accepted: events.len(), ..Counts::default() }
    });
    Ok(call.written(&batch, answer))
}

#[derive(Clone, Copy, Default)]
struct Counts {
    accepted: usize,
    refused: usize,
    replayed: usize,
}

impl Counts {
    fn count(&mut self, outcome: &Outcome) {
        if outcome.is_replay {
            self.replayed += 1;
        } else if refusal_of(&outcome.fact).is_some() {
            self.refused += 1;
        } else {
            self.accepted += 1;
        }
    }
}

/// The answer to so many events: what `write` says of each, and its counts.
fn answer_of(events: usize, write: impl FnOnce(&mut ArrayWriter<'_>) -> Counts) -> Answer {
    Answer::object_of_about(events * EVENT_ANSWER_BYTES_ABOUT + COUNTS_BYTES, |o| {
        let mut counts = Counts::default();
        o.array("results", |list| counts = write(list));
        o.number("accepted", counts.accepted)
            .number("refused", counts.refused)
            .number("replayed", counts.replayed);
    })
}

fn write_outcome(
    list: &mut ArrayWriter<'_>,
    outcome: &Outcome,
    customer: &str,
    catalogue: &Catalogue,
    instance: &str,
) {
    match (refusal_of(&outcome.fact), outcome.fact.as_ref()) {
        (Some(refusal), _) => {
            let problem = refusal_problem(refusal, Some(customer), catalogue);
            let problem = with_checkout_hint(problem, refusal, catalogue, outcome.id.position);
            write_problem(list, &problem, instance);
        }
        (None, Fact::Wallet(fact)) => {
            list.object(|o| write_event(o, (outcome.id, outcome.at), fact, customer, catalogue));
        }
        (None, _) => {
            list.object(|_| {});
        }
    }
}

fn write_problem(list: &mut ArrayWriter<'_>, problem: &Problem, instance: &str) {
    list.object(|o| {
        o.object("error", |o| problem.write(o, instance));
    });
}

fn is_failed(result: &Result<Outcome, CallError>) -> bool {
    matches!(result, Err(CallError::Failed(_)))
}

fn refused_index(fact: &Fact) -> u32 {
    match fact {
        Fact::Wallet(fact) => match &fact.event {
            WalletEvent::Refused { asked: Asked::Batch(_, index), .. } => *index,
            _ => 0,
        },
        _ => 0,
    }
}
