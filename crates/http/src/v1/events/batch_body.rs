//! The three forms of a batch: a JSON array, an object with `events`, and one event per line (NDJSON).

use chargly_api::limits::{ATOMIC_EVENTS_MAX, BATCH_EVENTS_MAX};
use chargly_api::{ErrorCode, Fields, Problem, Problems, items};
use chargly_engine::MeterEvent;
use chargly_engine::ledger::{IfInsufficient, Scope};
use compact_str::CompactString;

use super::request::Context;
use crate::call::Call;
use crate::read;

/// A batch as it was sent.
pub(super) struct Batch {
    /// One per event, in order: read, or what is wrong with it.
    pub(super) events: Vec<Result<MeterEvent, Problem>>,
    /// Whether all or none is to be accepted.
    pub(super) atomic: bool,
    /// The key of the whole.
    pub(super) key: Option<CompactString>,
}

/// Reads a batch. Its form has to be right as a whole; what is wrong with one event is that event's alone, unless the
/// batch is atomic.
pub(super) fn from_request(call: &Call) -> Result<Batch, Problem> {
    let text = call.text()?.trim();
    let is_lines = call.content_type.to_ascii_lowercase().starts_with("application/x-ndjson");
    let batch = if is_lines {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        independent(call, &lines.take(BATCH_EVENTS_MAX + 1).collect::<Vec<_>>())
    } else if text.starts_with('[') {
        independent(call, &array(text, "body")?)
    } else {
        object(call, text)
    }?;
    if !batch.atomic && (batch.key.is_some() || call.idempotency_key.is_some()) {
        let problem = "belongs to each event; a key for the whole batch needs \"atomic\": true";
        return Err(Problem::invalid("idempotency_key", problem));
    }
    Ok(batch)
}

fn object(call: &Call, text: &str) -> Result<Batch, Problem> {
    let mut problems = Problems::default();
    let mut found = None;
    if let Some(mut fields) = Fields::read(text, "", &mut problems) {
        let key = call.key_of(&mut fields, &mut problems);
        let atomic = fields.optional("atomic", &mut problems, chargly_api::Value::boolean);
        let events = fields.required("events", &mut problems, |value| {
            if value.raw().starts_with('[') {
                Ok(value.raw())
            } else {
                Err(format!("must be an array, not {}", value.kind()))
            }
        });
        fields.finish(&mut problems);
        found = events.map(|events| (events, atomic.unwrap_or(false), key));
    }
    let (events, atomic, key) = problems.finish(found)?;
    let events = array(events, "events")?;
    if atomic {
        all_or_none(call, &events, key)
    } else {
        independent(call, &events).map(|b| Batch { key, ..b })
    }
}

fn array<'a>(text: &'a str, field: &str) -> Result<Vec<&'a str>, Problem> {
    match items(text, BATCH_EVENTS_MAX) {
        Err(chargly_api::BodyError::TooManyItems(_)) => Err(too_many(BATCH_EVENTS_MAX)),
        Err(error) => Err(Problem::invalid(field, error.to_string())),
        Ok(items) => Ok(items),
    }
}

fn too_many(limit: usize) -> Problem {
    Problem::new(ErrorCode::TooLarge, format!("Such a batch may have at most {limit} events."))
        .number("limit", limit)
}

fn check_count(count: usize, limit: usize) -> Result<(), Problem> {
    match count {
        0 => Err(Problem::invalid("events", "must have at least one event")),
        count if count > limit => Err(too_many(limit)),
        _ => Ok(()),
    }
}

fn independent(call: &Call, items: &[&str]) -> Result<Batch, Problem> {
    check_count(items.len(), BATCH_EVENTS_MAX)?;
    let catalogue = call.env.catalogue();
    let context = Context { catalogue: &catalogue, now_ms: call.env.wall_ms() };
    let events = items
        .iter()
        .enumerate()
        .map(|(index, text)| {
            let mut problems = Problems::default();
            let mut event = None;
            if let Some(mut fields) = Fields::read(text, &format!("events[{index}]"), &mut problems) {
                let key = fields.optional("idempotency_key", &mut problems, read::idempotency_key);
                event = context.event(&mut fields, &mut problems).map(|event| MeterEvent { key, ..event });
                fields.finish(&mut problems);
            }
            let event = problems.finish(event)?;
            check_record(call, &event)?;
            Ok(event)
        })
        .collect();
    Ok(Batch { events, atomic: false, key: None })
}

fn all_or_none(call: &Call, items: &[&str], key: Option<CompactString>) -> Result<Batch, Problem> {
    check_count(items.len(), ATOMIC_EVENTS_MAX)?;
    let catalogue = call.env.catalogue();
    let context = Context { catalogue: &catalogue, now_ms: call.env.wall_ms() };
    let mut problems = Problems::default();
    let mut events: Vec<MeterEvent> = Vec::with_capacity(items.len());
    for (index, text) in items.iter().enumerate() {
        let path = format!("events[{index}]");
        let Some(mut fields) = Fields::read(text, &path, &mut problems) else { continue };
        if fields.take("idempotency_key").is_some() {
            let problem = "must not be sent: an atomic batch has one key for all its events";
            problems.add(&fields.path_of("idempotency_key"), problem.to_owned());
        }
        if let Some(event) = context.event(&mut fields, &mut problems) {
            if events.first().is_some_and(|first| first.customer != event.customer) {
                let problem = "must be the same in all events of an atomic batch";
                problems.add(&fields.path_of("customer"), problem.to_owned());
            }
            events.push(event);
        }
        fields.finish(&mut problems);
    }
    problems.check()?;
    for event in &events {
        check_record(call, event)?;
    }
    Ok(Batch { events: events.into_iter().map(Ok).collect(), atomic: true, key })
}

fn check_record(call: &Call, event: &MeterEvent) -> Result<(), Problem> {
    match event.if_insufficient {
        IfInsufficient::Record => call.needs(Scope::Record),
        IfInsufficient::Refuse => Ok(()),
    }
}
