//! `POST /v1/rate-cards/import`: read a public list, and publish what differs from the rates in force. A dry run says
//! what that would be, and what it would have made of the use of late.

use chargly_api::limits::{IMPORT_PROVIDERS_MAX, LABEL_BYTES_MAX, NOTE_BYTES_MAX};
use chargly_api::{Problem, Value};
use chargly_engine::ledger::Millis;
use chargly_ratecards::{Comparison, ListError, compare, held_at, read as read_list, source_of};
use compact_str::CompactString;

use super::effect::{changes_of, write_effect};
use super::publish::published_card;
use crate::answer::Answer;
use crate::call::Call;
use crate::read;

struct Request {
    list: String,
    version: CompactString,
    providers: Vec<CompactString>,
    effective_at: Option<Millis>,
    note: CompactString,
    is_dry_run: bool,
}

fn from_request(call: &Call) -> Result<Request, Problem> {
    call.read(|fields, problems| {
        let list = fields.required("list", problems, |value| value.text().map(String::from));
        let version =
            fields.optional("list_version", problems, |value| read::some_prose(value, LABEL_BYTES_MAX));
        let providers = fields.optional("providers", problems, providers);
        let effective_at = fields.optional("effective_at", problems, read::instant);
        let note = fields.optional("note", problems, |value| read::prose(value, NOTE_BYTES_MAX));
        let is_dry_run = fields.optional("dry_run", problems, Value::boolean);
        Some(Request {
            list: list?,
            version: version.unwrap_or_default(),
            providers: providers.unwrap_or_default(),
            effective_at,
            note: note.unwrap_or_default(),
            is_dry_run: is_dry_run.unwrap_or(false),
        })
    })
}

fn providers(value: Value<'_>) -> Result<Vec<CompactString>, String> {
    let named =
        value.array(IMPORT_PROVIDERS_MAX)?.into_iter().map(|name| name.text().map(CompactString::from));
    named.collect()
}

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let Request { list, version, providers, effective_at, note, is_dry_run } = from_request(&call)?;
    let catalogue = call.env.catalogue();
    let now = Millis(call.env.wall_ms());
    // A list takes tens of milliseconds to read: not on a thread that others' calls wait for.
    let reading = tokio::task::spawn_blocking(move || {
        let at = effective_at.unwrap_or(now);
        let list = read_list(&list, at)?;
        let source = source_of(list.format, &version);
        Ok((compare(list, &held_at(&catalogue.rates, at), &providers), source))
    });
    let read: Result<(Comparison, String), ListError> = reading
        .await
        .map_err(|_| Problem::new(chargly_api::ErrorCode::Internal, "The list could not be read."))?;
    let (comparison, source) = read.map_err(|error| Problem::invalid("list", told(&error)))?;
    let mut cards = Vec::new();
    let mut newest = None;
    if !is_dry_run {
        // One after the other. Where one fails, those before it hold, and importing again publishes the rest.
        for card in comparison.cards(&source, &note, effective_at) {
            let published = call.env.publish_rate_card(call.actor(), card).await;
            let outcome = published.map_err(|error| call.problem(error))?;
            cards.extend(published_card(&outcome));
            newest = Some(outcome);
        }
    }
    let changes = if is_dry_run { changes_of(&comparison) } else { Vec::new() };
    let effect = match changes.is_empty() {
        true => None,
        false => {
            let effect = call.env.rate_effect(changes.clone()).await;
            Some(effect.map_err(|error| call.problem(error))?)
        }
    };
    let catalogue = call.env.catalogue();
    let answer = Answer::object(|o| {
        o.boolean("dry_run", is_dry_run).text("source", &source);
        o.array("cards", |list| {
            for card in &cards {
                list.raw(card.0.to_string().as_bytes());
            }
        });
        o.raw("report", comparison.report().to_string().as_bytes());
        match &effect {
            Some(effect) => write_effect(o, &changes, effect, &catalogue),
            None => {
                o.null("effect");
            }
        }
    });
    Ok(match newest {
        Some(outcome) => call.written(&outcome, answer),
        None => answer,
    })
}

/// With its cause, which says where in the list it is.
fn told(error: &ListError) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("cannot be read: {cause}"),
        None => format!("cannot be read: {error}"),
    }
}
