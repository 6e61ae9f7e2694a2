//! The API: which path does what, behind a key, under idempotency keys.

use axum::http::Method;
use serde_json::{Value, json};

use crate::errors::ApiError;
use crate::params::Params;
use crate::state::{Answered, State};
use crate::{disputes, events, payments, refunds, sessions};

/// A request to the API.
pub(crate) struct Asked {
    pub(crate) method: Method,
    /// Behind `/v1/`.
    pub(crate) path: String,
    pub(crate) params: Params,
    /// The key it was sent with.
    pub(crate) secret_key: Option<String>,
    pub(crate) idempotency_key: Option<String>,
}

/// An answer, and whether it was given before.
pub(crate) struct Answer {
    pub(crate) body: Value,
    pub(crate) is_replay: bool,
}

/// Answers a request.
pub(crate) fn answer(state: &mut State, asked: &Asked) -> Result<Answer, ApiError> {
    authenticate(state, asked)?;
    sessions::expire_old(state);
    let key = asked.idempotency_key.as_ref().filter(|_| asked.method == Method::POST);
    if let Some(first) = key.and_then(|key| state.answered.get(key)) {
        return replay(first, asked);
    }
    let body = route(state, asked)?;
    if let Some(key) = key {
        let answered =
            Answered { path: asked.path.clone(), params: asked.params.clone(), body: body.clone() };
        state.answered.insert(key.clone(), answered);
    }
    Ok(Answer { body, is_replay: false })
}

fn authenticate(state: &State, asked: &Asked) -> Result<(), ApiError> {
    match &asked.secret_key {
        Some(key) if *key == state.options.secret_key => Ok(()),
        Some(key) => {
            let shown: String = key.chars().take(8).chain("****".chars()).collect();
            Err(ApiError::invalid(format!("Invalid API Key provided: {shown}")).status(401))
        }
        None => Err(ApiError::invalid("You did not provide an API key.").status(401)),
    }
}

fn replay(first: &Answered, asked: &Asked) -> Result<Answer, ApiError> {
    match first.path == asked.path && first.params == asked.params {
        true => Ok(Answer { body: first.body.clone(), is_replay: true }),
        false => Err(ApiError::invalid(
            "Keys for idempotent requests can only be used with the same parameters they were first used with.",
        )
        .kind("idempotency_error")),
    }
}

fn route(state: &mut State, asked: &Asked) -> Result<Value, ApiError> {
    let path: Vec<&str> = asked.path.split('/').collect();
    let params = &asked.params;
    match (asked.method.as_str(), path.as_slice()) {
        ("POST", ["checkout", "sessions"]) => sessions::create(state, params),
        ("GET", ["checkout", "sessions"]) => sessions::list(state, params),
        ("GET", ["checkout", "sessions", id]) => state.sessions.get(id).cloned(),
        ("POST", ["checkout", "sessions", id, "expire"]) => sessions::expire(state, id),
        ("GET", ["payment_intents", id]) => payments::retrieve(state, id, &params.list("expand")),
        ("GET", ["charges", id]) => state.charges.get(id).cloned(),
        ("POST", ["refunds"]) => refunds::create(state, params),
        ("GET", ["refunds"]) => refunds::list(state, params),
        ("GET", ["refunds", id]) => state.refunds.get(id).cloned(),
        ("GET", ["disputes"]) => disputes::list(state, params),
        ("GET", ["disputes", id]) => state.disputes.get(id).cloned(),
        ("GET", ["events"]) => events::list(state, params),
        ("GET", ["events", id]) => state.events.get(id).cloned(),
        ("GET", ["balance"]) => Ok(json!({
            "object": "balance",
            "available": [],
            "livemode": state.options.is_live,
            "pending": [],
        })),
        (method, _) => {
            let message = format!("Unrecognized request URL ({method}: /v1/{}).", asked.path);
            Err(ApiError::invalid(message).status(404))
        }
    }
}
