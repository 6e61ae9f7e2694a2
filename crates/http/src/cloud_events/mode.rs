//! Which of the three modes a request is in, and the events in it.

use chargly_api::limits::BATCH_EVENTS_MAX;
use chargly_api::{
    BodyError, CloudEvent, ErrorCode, Item, Problem, Problems, body_text, each_item, is_attribute_header,
};

use super::request::{Context, Received, Seen};
use crate::call::Call;

const STRUCTURED: &str = "application/cloudevents+json";
const BATCHED: &str = "application/cloudevents-batch+json";
/// What other formats of the specification begin with; none of them is read.
const ANY_FORMAT: &str = "application/cloudevents";

/// What was sent.
pub(super) enum Sent {
    /// One event.
    One(Box<Received>),
    /// Any number, each readable or not.
    Batch(Vec<Result<Received, (Seen, Problem)>>),
}

/// Reads a request. The kind of the body decides, then headers, then the body itself.
pub(super) fn read(call: &Call) -> Result<Sent, Problem> {
    let body = body_text(&call.body).map_err(|error| Problem::invalid("body", error.to_string()))?.trim();
    let kind = call.content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let catalogue = call.env.catalogue();
    let context = Context { catalogue: &catalogue, now_ms: call.env.wall_ms() };
    let one = |received| Sent::One(Box::new(received));
    let structured = || structured(&context, Item::unread(body)).map(one).map_err(|(_, problem)| problem);
    match kind.as_str() {
        STRUCTURED => structured(),
        BATCHED => batched(&context, body),
        other if other.starts_with(ANY_FORMAT) => {
            let detail = "Send CloudEvents as JSON: `application/cloudevents+json`, or with `ce-` headers.";
            Err(Problem::new(ErrorCode::UnsupportedMediaType, detail))
        }
        _ if call.headers.keys().any(|name| is_attribute_header(name.as_str())) => {
            binary(&context, call, body).map(one)
        }
        // A sender that does not say what it sends: the body does.
        _ if body.starts_with('[') => batched(&context, body),
        _ if body.is_empty() => {
            let problem = "is required: send a CloudEvent with `ce-` headers, or as the body";
            Err(Problem::invalid("specversion", problem))
        }
        _ => structured(),
    }
}

fn structured(context: &Context<'_>, item: Item<'_>) -> Result<Received, (Seen, Problem)> {
    let mut problems = Problems::default();
    let seen = Seen::of(item.raw);
    let event = CloudEvent::structured(item, &mut problems);
    let event = event.and_then(|event| context.event(&event, "data", &mut problems));
    match problems.finish(event) {
        Ok(event) => Ok(Received { event, seen }),
        Err(problem) => Err((seen, problem)),
    }
}

fn binary(context: &Context<'_>, call: &Call, body: &str) -> Result<Received, Problem> {
    let mut problems = Problems::default();
    let headers = call.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    let event = CloudEvent::binary(headers, body, &mut problems);
    let event = event.and_then(|event| context.event(&event, "body", &mut problems));
    let seen = Seen::default();
    problems.finish(event).map(|event| Received { event, seen })
}

fn batched(context: &Context<'_>, body: &str) -> Result<Sent, Problem> {
    let mut received = Vec::new();
    each_item(body, BATCH_EVENTS_MAX, |item| received.push(structured(context, item))).map_err(|error| {
        match error {
            BodyError::TooManyItems(_) => {
                let detail = format!("Such a batch may have at most {BATCH_EVENTS_MAX} events.");
                Problem::new(ErrorCode::TooLarge, detail).number("limit", BATCH_EVENTS_MAX)
            }
            error => Problem::invalid("body", error.to_string()),
        }
    })?;
    Ok(Sent::Batch(received))
}
