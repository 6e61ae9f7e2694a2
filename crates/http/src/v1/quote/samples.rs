//! `POST /v1/quote` with `samples` or a `rule`: what a rule that is not published would charge, beside the version in
//! force.

use chargly_api::limits::QUOTE_SAMPLES_MAX;
use chargly_api::{ErrorCode, Fields, Item, ObjectWriter, Path, Problem, Problems};
use chargly_engine::ledger::{Catalogue, Quantity, Rejection};
use chargly_engine::{Tried, TriedRule, TriedSample, TryError};
use compact_str::CompactString;

use crate::answer::Answer;
use crate::call::Call;
use crate::errors::{rejection_problem, unknown_event_type};
use crate::read;
use crate::v1::event_types::prices::rule::{self, Terms};
use crate::v1::events::request::Context;
use crate::v1::events::sent_cost::{SentCost, read_cost};
use crate::view;

/// Samples to price.
pub(super) struct Request {
    event: CompactString,
    proposed: Option<TriedRule>,
    samples: Vec<TriedSample>,
}

/// Reads the rule to try, where there is one, and the properties it looks at.
pub(super) fn proposed(
    fields: &mut Fields<'_>,
    problems: &mut Problems,
) -> (Option<TriedRule>, Vec<CompactString>) {
    if !fields.has("rule") {
        return (None, Vec::new());
    }
    let Some(Terms { rule, grid, rounding }) = rule::terms(fields, problems) else {
        return (None, Vec::new());
    };
    let mut looked_at: Vec<CompactString> = rule.properties().cloned().collect();
    looked_at.sort();
    looked_at.dedup();
    (Some(TriedRule { rule, grid, rounding }), looked_at)
}

/// Reads a request with samples.
pub(super) fn from_request(
    context: &Context<'_>,
    fields: &mut Fields<'_>,
    problems: &mut Problems,
) -> Option<Request> {
    let event = fields.required("event", problems, read::event_name);
    let (proposed, also) = proposed(fields, problems);
    let event_type = event.as_ref().and_then(|name| context.catalogue.event_type(name));
    let items = fields.required("samples", problems, |value| value.array(QUOTE_SAMPLES_MAX))?;
    let mut samples = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        let path = Path::Item("samples", index);
        let Some(mut sample) = Fields::of(Item::unread(item.raw()), path, problems) else { continue };
        let quantity = sample.optional("quantity", problems, read::quantity).unwrap_or(Quantity::ONE);
        let properties = context.properties_tried(event_type, &also, &mut sample, problems);
        let SentCost { reported: cost, usage } = read_cost(&mut sample, problems);
        sample.finish(problems);
        samples.push(TriedSample { quantity, properties, cost, usage });
    }
    Some(Request { event: event?, proposed, samples })
}

/// Prices them.
pub(super) fn answer(call: &Call, request: Request) -> Result<Answer, Problem> {
    let Request { event, proposed, samples } = request;
    let tried = call.env.try_price(&event, proposed, samples);
    let catalogue = call.env.catalogue();
    let tried = tried.map_err(|error| problem_of(error, &catalogue, &event, "samples"))?;
    Ok(Answer::object(|o| into_view(o, &tried, &event, &catalogue)))
}

/// `list` is the array that samples stand in; empty where the sample is the request itself.
pub(super) fn problem_of(error: TryError, catalogue: &Catalogue, event: &str, list: &str) -> Problem {
    match error {
        TryError::UnknownEventType { name } => unknown_event_type(&name, catalogue),
        TryError::Rule(rejection) => rejection_problem(rejection, Some(event), ""),
        TryError::Sample { index, is_proposed, rejection } => {
            let path = if list.is_empty() { String::new() } else { format!("{list}[{index}].") };
            let by = if is_proposed { "the proposed rule" } else { "the price in force" };
            match rejection {
                Rejection::CostRequired => {
                    let detail = format!("{by} is made of the provider's cost: send {path}cost.");
                    Problem::new(ErrorCode::CostRequired, detail).text("field", &format!("{path}cost"))
                }
                Rejection::Invalid { field, problem } => {
                    Problem::invalid(&format!("{path}{field}"), format!("{problem} ({by})"))
                }
                rejection => rejection_problem(rejection, Some(event), &path),
            }
        }
    }
}

fn into_view(o: &mut ObjectWriter<'_>, tried: &Tried, event: &str, catalogue: &Catalogue) {
    o.text("event", event);
    view::price_version(o, tried.in_force, catalogue);
    let words =
        tried.in_force.and_then(|no| catalogue.price(no)).map(|p| p.rule.in_words(p.grid, p.rounding));
    o.text_or_null("in_words", words.as_deref());
    write_proposed(o, tried.proposed.as_ref());
    o.array("samples", |list| {
        for (now, then) in &tried.credits {
            list.object(|o| {
                for (name, credits) in [("credits", now), ("proposed", then)] {
                    match credits {
                        Some(credits) => o.number(name, credits),
                        None => o.null(name),
                    };
                }
            });
        }
    });
}

/// The rule that was tried, in full and in words.
pub(super) fn write_proposed(o: &mut ObjectWriter<'_>, proposed: Option<&TriedRule>) {
    let Some(TriedRule { rule, grid, rounding }) = proposed else {
        o.null("proposed");
        return;
    };
    o.object("proposed", |o| {
        o.object("rule", |o| rule::into_view(o, rule));
        o.text("grid", rule::grid_name(*grid)).text("rounding", rule::rounding_name(*rounding));
        o.text("in_words", &rule.in_words(*grid, *rounding));
    });
}
