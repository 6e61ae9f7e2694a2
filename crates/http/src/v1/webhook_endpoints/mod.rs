//! `/v1/webhook-endpoints`

use std::sync::Arc;

use chargly_api::limits::{DESCRIPTION_BYTES_MAX, WEBHOOK_URL_BYTES_MAX};
use chargly_api::{ErrorCode, Fields, ObjectWriter, Problem, Problems, Value, nearest};
use chargly_engine::CallError;
use chargly_engine::ledger::Millis;
use chargly_webhooks::ops::{Debits, Endpoint, NewEndpoint, OpsError};
use chargly_webhooks::{ManageError, MessageType, Secret, Webhooks, check_url};

use crate::call::Call;
use crate::{read, view};

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod deliveries;
pub(crate) mod disable;
pub(crate) mod enable;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod ping;
pub(crate) mod resend;
pub(crate) mod rotate;
pub(crate) mod update;

/// The webhooks of the call's environment.
fn webhooks(call: &Call) -> Result<&Arc<Webhooks>, Problem> {
    call.webhooks
        .as_ref()
        .ok_or_else(|| Problem::new(ErrorCode::Unavailable, "Webhooks are not running for this environment."))
}

/// The endpoint that the path names.
fn find(call: &Call) -> Result<Endpoint, Problem> {
    webhooks(call)?.endpoint(call.param("id")).map_err(|error| problem(call, error))
}

/// An endpoint as somebody asks for it.
fn from_request(call: &Call) -> Result<NewEndpoint, Problem> {
    let allow_private = webhooks(call)?.allows_private();
    call.read(|fields, problems| {
        let url = fields.required("url", problems, |value| url(value, allow_private));
        let types = fields.required("types", problems, types);
        let description = description(fields, problems);
        let debits = fields.optional("debits", problems, |value| {
            value.one_of(&Debits::ALL.map(|debits| (debits.as_str(), debits)))
        });
        let debits = debits.unwrap_or_default();
        Some(NewEndpoint { url: url?, description, types: types?, debits })
    })
}

fn url(value: Value<'_>, allow_private: bool) -> Result<String, String> {
    let url = value.text()?;
    if url.len() > WEBHOOK_URL_BYTES_MAX {
        return Err(format!("must be at most {WEBHOOK_URL_BYTES_MAX} bytes"));
    }
    check_url(&url, allow_private).map(String::from)
}

fn types(value: Value<'_>) -> Result<Vec<String>, String> {
    let names = value.array(MessageType::ALL.len())?.into_iter().map(type_name);
    let names: Vec<String> = names.collect::<Result<_, _>>()?;
    if names.is_empty() {
        return Err("must name at least one type".to_owned());
    }
    if (1..names.len()).any(|at| names[..at].contains(&names[at])) {
        return Err("must not name a type twice".to_owned());
    }
    Ok(names)
}

fn type_name(value: Value<'_>) -> Result<String, String> {
    let name = value.text()?;
    let known = MessageType::ALL.into_iter().filter(|kind| kind.can_be_subscribed()).map(MessageType::as_str);
    if known.clone().any(|known| known == name) {
        return Ok(name.into_owned());
    }
    Err(match nearest(&name, known) {
        Some(near) => format!("has an unknown type; did you mean {near:?}?"),
        None => "has an unknown type".to_owned(),
    })
}

fn description(fields: &mut Fields<'_>, problems: &mut Problems) -> String {
    let description =
        fields.optional("description", problems, |value| read::prose(value, DESCRIPTION_BYTES_MAX));
    description.unwrap_or_default().into()
}

/// Writes an endpoint. Its secret is shown once, when it is made, and is in no other answer.
fn write_endpoint(o: &mut ObjectWriter<'_>, endpoint: &Endpoint, secret: Option<&Secret>) {
    o.text("id", &endpoint.id).text("url", &endpoint.asked.url);
    if let Some(secret) = secret {
        o.text("secret", &secret.text());
    }
    o.array("types", |list| {
        for name in &endpoint.asked.types {
            list.text(name);
        }
    });
    o.text("description", &endpoint.asked.description).text("debits", endpoint.asked.debits.as_str());
    o.text("state", if endpoint.disabled.is_none() { "enabled" } else { "disabled" });
    o.text_or_null("disabled_because", endpoint.disabled.as_deref());
    view::instant_or_null(o, "failing_since", endpoint.failing_since_ms.map(Millis));
    view::instant(o, "created_at", Millis(endpoint.created_ms));
}

/// Why something could not be done, as callers are told.
pub(crate) fn problem(call: &Call, error: ManageError) -> Problem {
    match error {
        ManageError::TooMany => Problem::new(ErrorCode::TooManyEndpoints, error.to_string()),
        ManageError::NotFound(kind) => Problem::not_found(kind),
        ManageError::Paused => Problem::new(
            ErrorCode::Unavailable,
            "Nothing is sent after a restore until `chargly resume-effects` was run.",
        ),
        ManageError::Call(error) => call.problem(error),
        ManageError::Ops(error) => refused(&error),
    }
}

/// The file or the key refused: the log says why, callers only that it is so.
fn refused(error: &OpsError) -> Problem {
    tracing::error!(error = error as &dyn std::error::Error, "what is kept of webhooks cannot be used");
    let detail = match error {
        OpsError::Key(_) => "The secrets of webhooks cannot be sealed or opened; the server's log says why.",
        _ => "What is kept of webhooks cannot be read or written; the server's log says why.",
    };
    Problem::new(ErrorCode::Unavailable, detail)
}

/// A customer's wallet number, for filters.
async fn wallet_no(call: &Call, customer: &str) -> Result<Option<u32>, CallError> {
    Ok(call.env.wallet(customer).await?.map(|wallet| wallet.number.0))
}
