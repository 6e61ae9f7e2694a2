//! One request, start to end: who asks, may they, what do they send, run, answer.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequestParts as _, RawPathParams, Request};
use axum::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use bytes::Bytes;
use chargly_api::{ErrorCode, Problem, Problems};
use chargly_engine::Environment;
use chargly_engine::ledger::{ApiKey, Credits, Position, Scope};
use tokio::sync::OwnedSemaphorePermit;

use crate::acting::Acting;
use crate::answer::Answer;
use crate::body::HeldBody;
use crate::browser;
use crate::call::{Call, check_position, wait_for};
use crate::project::Project;
use crate::public;
use crate::query::Query;
use crate::routes::{Route, Run};

/// Serves one request of a route.
pub(crate) async fn serve(project: Arc<Project>, route: &'static Route, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let instance = match route.run {
        // The path may hold the proof.
        Run::Public(_) => route.path.to_owned(),
        Run::Open(_) | Run::Keyed(_) => instance(&parts.uri),
    };
    // A page of a person shows what went wrong as a page too.
    let is_for_page = matches!(route.run, Run::Public(_)) && browser::wants_page(&parts.headers);
    let page_root = is_for_page.then(|| browser::root_of(parts.uri.path()));
    let result = match route.run {
        Run::Open(run) => Ok(run(&project)),
        Run::Public(run) => match public::prepare(project, parts, body).await {
            Ok((call, _room)) => run(call).await,
            Err(problem) => Err(problem),
        },
        Run::Keyed(run) => match prepare(project, route, parts, body).await {
            Ok((call, _room)) => run(call).await,
            Err(problem) => Err(problem),
        },
    };
    let response = match result {
        Ok(answer) => answer.into_response(),
        Err(problem) => match page_root {
            Some(root) => Answer::problem_page(&problem, &root).into_response(),
            None => Answer::refusal(route.errors, &problem, &instance).into_response(),
        },
    };
    let status = response.status().as_str().to_owned();
    metrics::counter!("chargly_http_requests_total", "operation" => route.operation, "status" => status)
        .increment(1);
    response
}

/// What was asked for, as errors tell it: the path without its query. A secret that somebody took for an id is left out,
/// since errors are copied into logs and tickets.
pub(crate) fn instance(uri: &Uri) -> String {
    // Base64 may have slashes in it: where the secret of a webhook ends nobody can tell.
    match uri.path().split_once("/whsec_") {
        Some((before, _)) => format!("{}/whsec_…", without_keys(before)),
        None => without_keys(uri.path()),
    }
}

fn without_keys(path: &str) -> String {
    if !path.contains("/sk_") {
        return path.to_owned();
    }
    let shown = path.split('/').map(|segment| if segment.starts_with("sk_") { "sk_…" } else { segment });
    shown.collect::<Vec<_>>().join("/")
}

/// A problem as a response: as a page, where there is a way from it to the door's root.
pub(crate) fn respond_problem(problem: &Problem, instance: &str, page_root: Option<&str>) -> Response {
    match page_root {
        Some(root) => Answer::problem_page(problem, root).into_response(),
        None => Answer::problem(problem, instance).into_response(),
    }
}

/// Everything before the handler, and the room that the body takes until it is answered. The key is looked at before a
/// byte of the body is read.
async fn prepare(
    project: Arc<Project>,
    route: &Route,
    mut parts: Parts,
    body: Body,
) -> Result<(Call, Option<OwnedSemaphorePermit>), Problem> {
    let (env, key) = match parts.extensions.remove::<Acting>() {
        Some(acting) => (acting.environment, acting.key),
        None => authenticate(&project, &parts.headers)?,
    };
    if let Some(scope) = route.scope {
        check_scope(&key, scope)?;
    }
    let params = path_params(&mut parts).await?;
    let mut query = Query::parse(parts.uri.query().unwrap_or_default())?;
    let mut min_position = None;
    let HeldBody { bytes: body, room } = if parts.method == Method::GET || parts.method == Method::HEAD {
        min_position = wait_for_position(&env, &mut query).await?;
        HeldBody { bytes: Bytes::new(), room: None }
    } else {
        query.finish_unused()?;
        project.body_room.read(&parts.headers, body).await?
    };
    let header = |name: &str| Ok::<_, Problem>(one_header(&parts.headers, name)?.map(str::to_owned));
    let idempotency_key = header("Idempotency-Key")?;
    let last_event_id = header("Last-Event-ID")?;
    let content_type = header(CONTENT_TYPE.as_str())?.unwrap_or_default();
    let accepted = parts.headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let accept = accepted.collect::<Vec<_>>().join(",");
    let instance = instance(&parts.uri);
    let call = Call {
        webhooks: project.webhooks_of(&env),
        project,
        env,
        key,
        errors: route.errors,
        instance,
        params,
        query,
        idempotency_key,
        last_event_id,
        accept,
        min_position,
        content_type,
        headers: parts.headers,
        body,
    };
    Ok((call, room))
}

/// The parts of the path that vary.
pub(crate) async fn path_params(parts: &mut Parts) -> Result<Vec<(String, String)>, Problem> {
    let params = RawPathParams::from_request_parts(parts, &()).await;
    let params = params.map_err(|_| Problem::invalid("path", "must be UTF-8, percent-encoded"))?;
    Ok(params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

/// A header that may be given once.
pub(crate) fn one_header<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Problem> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    // Two readers of one request, a proxy and this server, might each believe another one.
    if values.next().is_some() {
        return Err(Problem::invalid(name, "is given twice"));
    }
    value.to_str().map(Some).map_err(|_| Problem::invalid(name, "must be visible ASCII characters"))
}

pub(crate) fn authenticate(
    project: &Project,
    headers: &HeaderMap,
) -> Result<(Arc<Environment>, ApiKey), Problem> {
    let refuse = |detail: &str| Problem::new(ErrorCode::Unauthorized, detail);
    let mut secrets = secrets(headers);
    let secret = secrets
        .next()
        .ok_or_else(|| refuse("Send an API key: `Authorization: Bearer sk_…` or `x-api-key: sk_…`."))?;
    if secrets.any(|other| other != secret) {
        return Err(refuse("Send one API key: several that differ leave open which one is meant."));
    }
    project.authenticate(secret).ok_or_else(|| refuse("This API key is unknown here, or was revoked."))
}

/// Every secret that a request brings, in whichever header.
fn secrets(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let text = |name| headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let bearers = text(AUTHORIZATION.as_str()).filter_map(|value| {
        let (scheme, secret) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim())
    });
    bearers.chain(text("x-api-key").map(str::trim))
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

/// Refuses a key that may not choose credits, where its call does.
pub(crate) fn check_credits_chosen(key: &ApiKey, credits: Option<Credits>) -> Result<(), Problem> {
    if key.may_set_credits || credits.is_none() {
        return Ok(());
    }
    let detail = "This API key may not choose credits: leave `credits` out, so that the price in force holds, or use a \
                  key that was made with `may_set_credits`.";
    Err(Problem::new(ErrorCode::Forbidden, detail).text("required_permission", "may_set_credits"))
}

async fn wait_for_position(env: &Arc<Environment>, query: &mut Query) -> Result<Option<Position>, Problem> {
    let mut problems = Problems::default();
    let wanted = query.optional("min_position", &mut problems, check_position);
    problems.check()?;
    if let Some((epoch, position)) = wanted {
        wait_for(env, epoch, position).await?;
    }
    Ok(wanted.map(|(_, position)| Position(position)))
}
