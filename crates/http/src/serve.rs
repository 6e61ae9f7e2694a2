//! One request, start to end: who asks, may they, what do they send, run, answer.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequestParts as _, RawPathParams, Request};
use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use chargly_api::limits::{BODY_BYTES_MAX, BODY_SECONDS_MAX};
use chargly_api::{ErrorCode, Problem, Problems};
use chargly_engine::Environment;
use chargly_engine::ledger::{ApiKey, Scope};
use futures_util::StreamExt as _;

use crate::answer::Answer;
use crate::call::{Call, check_position, wait_for};
use crate::project::Project;
use crate::query::Query;
use crate::routes::{Route, Run};

/// Serves one request of a route.
pub(crate) async fn serve(project: Arc<Project>, route: &'static Route, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let instance = parts.uri.path().to_owned();
    let result = match route.run {
        Run::Open(run) => Ok(run(&project)),
        Run::Keyed(run) => match prepare(project, route, parts, body).await {
            Ok(call) => run(call).await,
            Err(problem) => Err(problem),
        },
    };
    let response = match result {
        Ok(answer) => answer.into_response(),
        Err(problem) => respond_problem(&problem, &instance),
    };
    let status = response.status().as_str().to_owned();
    metrics::counter!("chargly_http_requests_total", "operation" => route.operation, "status" => status)
        .increment(1);
    response
}

/// A problem as a response.
pub(crate) fn respond_problem(problem: &Problem, instance: &str) -> Response {
    Answer::problem(problem, instance).into_response()
}

/// Everything before the handler. The key is looked at before a byte of the body is read.
async fn prepare(
    project: Arc<Project>,
    route: &Route,
    mut parts: Parts,
    body: Body,
) -> Result<Call, Problem> {
    let (env, key) = authenticate(&project, &parts.headers)?;
    if let Some(scope) = route.scope {
        check_scope(&key, scope)?;
    }
    let params = match RawPathParams::from_request_parts(&mut parts, &()).await {
        Ok(params) => params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        Err(_) => return Err(Problem::invalid("path", "must be UTF-8, percent-encoded")),
    };
    let mut query = Query::parse(parts.uri.query().unwrap_or_default())?;
    let body = if parts.method == Method::GET || parts.method == Method::HEAD {
        wait_for_position(&env, &mut query).await?;
        Bytes::new()
    } else {
        query.finish_unused()?;
        read_body(&parts.headers, body).await?
    };
    let header = |name: &str| -> Result<Option<String>, Problem> {
        let Some(value) = parts.headers.get(name) else { return Ok(None) };
        let text = value.to_str().map_err(|_| Problem::invalid(name, "must be visible ASCII characters"))?;
        Ok(Some(text.to_owned()))
    };
    let idempotency_key = header("Idempotency-Key")?;
    let last_event_id = header("Last-Event-ID")?;
    let content_type = header(CONTENT_TYPE.as_str())?.unwrap_or_default();
    let instance = parts.uri.path().to_owned();
    Ok(Call {
        project,
        env,
        key,
        instance,
        params,
        query,
        idempotency_key,
        last_event_id,
        content_type,
        body,
    })
}

fn authenticate(project: &Project, headers: &HeaderMap) -> Result<(Arc<Environment>, ApiKey), Problem> {
    let refuse = |detail: &str| Problem::new(ErrorCode::Unauthorized, detail);
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = text(AUTHORIZATION.as_str()).and_then(|value| {
        let (scheme, secret) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim())
    });
    let secret = bearer
        .or_else(|| text("x-api-key").map(str::trim))
        .ok_or_else(|| refuse("Send an API key: `Authorization: Bearer sk_…` or `x-api-key: sk_…`."))?;
    project.authenticate(secret).ok_or_else(|| refuse("This API key is unknown here, or was revoked."))
}

/// Refuses a key without the scope.
pub(crate) fn check_scope(key: &ApiKey, scope: Scope) -> Result<(), Problem> {
    if key.scopes.has(scope) {
        return Ok(());
    }
    let name = scope.as_str();
    let detail = format!("This needs an API key with the scope {name}.");
    Err(Problem::new(ErrorCode::Forbidden, detail).text("required_scope", name))
}

async fn wait_for_position(env: &Arc<Environment>, query: &mut Query) -> Result<(), Problem> {
    let mut problems = Problems::default();
    let wanted = query.optional("min_position", &mut problems, check_position);
    problems.check()?;
    match wanted {
        Some((epoch, position)) => wait_for(env, epoch, position).await,
        None => Ok(()),
    }
}

/// Reads a body that is bounded in bytes and in time.
async fn read_body(headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    let too_large = || {
        let detail = format!("A body may have at most {BODY_BYTES_MAX} bytes.");
        Problem::new(ErrorCode::TooLarge, detail).number("limit", BODY_BYTES_MAX)
    };
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|bytes| bytes > BODY_BYTES_MAX) {
        return Err(too_large());
    }
    let read = async {
        let mut stream = body.into_data_stream();
        let Some(first) = stream.next().await else { return Ok(Bytes::new()) };
        let first = first.map_err(|_| Problem::invalid("body", "broke off before its end"))?;
        let Some(second) = stream.next().await else {
            return if first.len() > BODY_BYTES_MAX { Err(too_large()) } else { Ok(first) };
        };
        let mut whole = BytesMut::from(first);
        let mut next = Some(second);
        while let Some(data) = next {
            let data = data.map_err(|_| Problem::invalid("body", "broke off before its end"))?;
            if whole.len() + data.len() > BODY_BYTES_MAX {
                return Err(too_large());
            }
            whole.extend_from_slice(&data);
            next = stream.next().await;
        }
        Ok(whole.freeze())
    };
    let limit = Duration::from_secs(BODY_SECONDS_MAX as u64);
    tokio::time::timeout(limit, read).await.unwrap_or_else(|_| {
        Err(Problem::new(
            ErrorCode::RequestTimeout,
            format!("The body took more than {BODY_SECONDS_MAX} seconds."),
        ))
    })
}
