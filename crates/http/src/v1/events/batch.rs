//! `POST /v1/events/batch`: many events, independent of each other, or all or none.

use chargly_api::{ArrayWriter, Problem, array};
use chargly_engine::ledger::{Asked, Catalogue, Fact, WalletEvent};
use chargly_engine::{BatchOutcome, CallError, MeterEvent, Outcome};
use compact_str::CompactString;

use super::batch_body::{Batch, from_request};
use super::view::write_event;
use crate::answer::Answer;
use crate::call::Call;
use crate::errors::{problem_of, refusal_of, refusal_problem};

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let batch = from_request(&call)?;
    if batch.atomic { all_or_none(&call, batch).await } else { independent(&call, batch).await }
}

/// Events in order, each with an answer of its own, each counted once.
async fn independent(call: &Call, batch: Batch) -> Result<Answer, Problem> {
    let mut sent: Vec<MeterEvent> = Vec::with_capacity(batch.events.len());
    let mut names: Vec<Result<(CompactString, CompactString), Problem>> =
        Vec::with_capacity(batch.events.len());
    for event in batch.events {
        names.push(event.map(|event| {
            let names = (event.customer.clone(), event.event.clone());
            sent.push(event);
            names
        }));
    }
    let metered = call.env.meter(call.actor(), sent).await;
    let catalogue = call.env.catalogue();
    if !metered.is_empty() && names.iter().all(Result::is_ok) && metered.iter().all(is_failed) {
        // Not one of them was even looked at: that is the answer to the call, and a client knows to wait.
        if let Some(Err(error)) = metered.into_iter().next() {
            return Err(problem_of(error, &catalogue, None));
        }
        return Ok(Answer::object(|_| {}));
    }
    let mut counts = Counts::default();
    let mut newest = None;
    let mut metered = metered.into_iter();
    let results = array(|list| {
        for names in names {
            let (customer, name) = match names {
                Ok(names) => names,
                Err(problem) => {
                    counts.refused += 1;
                    write_problem(list, &problem, &call.instance);
                    continue;
                }
            };
            match metered.next() {
                Some(Ok(outcome)) => {
                    counts.count(&outcome);
                    newest = newest.max(Some(outcome.id.position));
                    write_outcome(list, &outcome, &customer, &catalogue, &call.instance);
                }
                Some(Err(error)) => {
                    counts.refused += 1;
                    write_problem(list, &problem_of(error, &catalogue, Some(&name)), &call.instance);
                }
                None => {}
            }
        }
    });
    let epoch = call.env.tail().committed().epoch;
    let answer = counted(&results, counts);
    Ok(match newest {
        Some(position) => answer.at(epoch, position.0),
        None => answer,
    })
}

/// All of one customer, or none.
async fn all_or_none(call: &Call, batch: Batch) -> Result<Answer, Problem> {
    let events: Vec<MeterEvent> = batch.events.into_iter().collect::<Result<_, _>>()?;
    let customer = events.first().map(|event| event.customer.clone()).unwrap_or_default();
    let metered = call.env.meter_atomic(call.actor(), events, batch.key).await;
    let catalogue = call.env.catalogue();
    let BatchOutcome { batch, events } = metered.map_err(|error| problem_of(error, &catalogue, None))?;
    if let Some(refusal) = refusal_of(&batch.fact) {
        let problem =
            refusal_problem(refusal, Some(&customer), &catalogue).number("index", refused_index(&batch.fact));
        return Ok(call.written(&batch, Answer::problem(&problem, &call.instance)));
    }
    let results = array(|list| {
        for outcome in &events {
            write_outcome(list, outcome, &customer, &catalogue, &call.instance);
        }
    });
    // The same bytes when it is replayed: the header says that it was.
    let counts = Counts { accepted: events.len(), ..Counts::default() };
    Ok(call.written(&batch, counted(&results, counts)))
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

fn counted(results: &[u8], counts: Counts) -> Answer {
    Answer::object(|o| {
        o.raw("results", results);
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
            write_problem(list, &refusal_problem(refusal, Some(customer), catalogue), instance);
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
