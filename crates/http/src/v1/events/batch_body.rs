//! The three forms of a batch: a JSON array, an object with `events`, and one event per line (NDJSON).

use chargly_api::limits::{ATOMIC_EVENTS_MAX, BATCH_EVENTS_MAX};
use chargly_api::{BodyError, ErrorCode, Fields, Item, Path, Problem, Problems, each_item};
use chargly_engine::MeterEvent;
use chargly_engine::ledger::{IfInsufficient, Scope};
use compact_str::CompactString;

use super::request::Context;
use crate::call::Call;
use crate::read;

/// Bytes of an event as most are sent, in bytes: what a body makes room for before it is read.
const EVENT_BYTES_ABOUT: usize = 180;

/// A batch as it was sent.
pub(super) struct Batch {
    /// Those that could be read, in order.
    pub(super) events: Vec<MeterEvent>,
    /// What is wrong with the others: their index among all, ascending, and the problem.
    pub(super) unreadable: Vec<(usize, Problem)>,
    /// Whether all or none is to be accepted.
    pub(super) atomic: bool,
    /// The key of the whole.
    pub(super) key: Option<CompactString>,
}

/// Reads a batch. Its form has to be right as a whole; what is wrong with one event is that event's alone, unless the
/// batch is atomic.
pub(super) fn from_request(call: &Call) -> Result<Batch, Problem> {
    let text = call.text()?.trim();
    let batch = if is_lines(&call.content_type) {
        independent(call, text, |show| {
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            let lines = lines.take(BATCH_EVENTS_MAX + 1);
            Ok(lines.map(|line| show(Item::unread(line))).count())
        })
    } else if text.starts_with('[') {
        independent(call, text, |show| array(text, "body", show))
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
    if atomic {
        let mut items = Vec::new();
        array(events, "events", &mut |item| items.push(item.raw))?;
        all_or_none(call, &items, key)
    } else {
        independent(call, events, |show| array(events, "events", show)).map(|batch| Batch { key, ..batch })
    }
}

fn is_lines(content_type: &str) -> bool {
    const LINES: &str = "application/x-ndjson";
    content_type.get(..LINES.len()).is_some_and(|kind| kind.eq_ignore_ascii_case(LINES))
}

fn array<'a>(text: &'a str, field: &str, show: &mut dyn FnMut(Item<'a>)) -> Result<usize, Problem> {
    each_item(text, BATCH_EVENTS_MAX, show).map_err(|error| match error {
        BodyError::TooManyItems(_) => too_many(BATCH_EVENTS_MAX),
        error => Problem::invalid(field, error.to_string()),
    })
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

/// Reads events as `each` shows them, from so much text.
fn independent<'a>(
    call: &'a Call,
    text: &'a str,
    each: impl FnOnce(&mut dyn FnMut(Item<'a>)) -> Result<usize, Problem>,
) -> Result<Batch, Problem> {
    let catalogue = call.env.catalogue();
    let context = Context { catalogue: &catalogue, now_ms: call.env.wall_ms() };
    let mut events = Vec::with_capacity((text.len() / EVENT_BYTES_ABOUT).min(BATCH_EVENTS_MAX));
    let mut unreadable = Vec::new();
    let mut index = 0;
    let count = each(&mut |item| {
        let mut problems = Problems::default();
        let event = one(&context, item, index, &mut problems);
        match problems.finish(event).and_then(|event| check_asked(call, &event).map(|()| event)) {
            Ok(event) => events.push(event),
            Err(problem) => unreadable.push((index, problem)),
        }
        index += 1;
    })?;
    check_count(count, BATCH_EVENTS_MAX)?;
    Ok(Batch { events, unreadable, atomic: false, key: None })
}

fn one(context: &Context<'_>, item: Item<'_>, index: usize, problems: &mut Problems) -> Option<MeterEvent> {
    let mut fields = Fields::of(item, Path::Item("events", index), problems)?;
    let key = fields.optional("idempotency_key", problems, read::idempotency_key);
    let mut event = context.event(&mut fields, problems);
    if let Some(event) = &mut event {
        event.key = key;
    }
    fields.finish(problems);
    event
}

fn all_or_none(call: &Call, items: &[&str], key: Option<CompactString>) -> Result<Batch, Problem> {
    check_count(items.len(), ATOMIC_EVENTS_MAX)?;
    let catalogue = call.env.catalogue();
    let context = Context { catalogue: &catalogue, now_ms: call.env.wall_ms() };
    let mut problems = Problems::default();
    let mut events: Vec<MeterEvent> = Vec::with_capacity(items.len());
    for (index, text) in items.iter().enumerate() {
        let path = Path::Item("events", index);
        let Some(mut fields) = Fields::read(text, path, &mut problems) else { continue };
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
        check_asked(call, event)?;
    }
    Ok(Batch { events, unreadable: Vec::new(), atomic: true, key })
}

/// Refuses what the key may not ask for.
fn check_asked(call: &Call, event: &MeterEvent) -> Result<(), Problem> {
    match event.if_insufficient {
        IfInsufficient::Record => call.needs(Scope::Record)?,
        // Nobody can ask for the second here.
        IfInsufficient::Refuse | IfInsufficient::Uncharged => {}
    }
    call.may_choose(event.credits)
}
