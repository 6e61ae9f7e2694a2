//! Connections, and what goes wrong with them on purpose.
//!
//! Its own accept loop, because a request that is done and never answered needs a connection that can be closed before
//! the first byte of an answer.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State as Extract};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get, post};
use bytes::Bytes;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tower::ServiceExt as _;

use crate::api::{self, Asked};
use crate::control::{Command, Fault};
use crate::errors::ApiError;
use crate::params::Params;
use crate::state::State;
use crate::{Options, deliveries, page};

/// What all connections share.
pub(crate) struct Shared {
    state: Mutex<State>,
    pub(crate) http: reqwest::Client,
    /// One delivery after the other, where events are delivered as they happen.
    delivering: OnceLock<tokio::sync::mpsc::UnboundedSender<()>>,
}

impl Shared {
    pub(crate) fn new(options: Options, base_url: &str) -> Arc<Self> {
        let delivers_at_once = options.delivers_at_once;
        let shared = Arc::new(Self {
            state: Mutex::new(State::new(options, base_url)),
            http: reqwest::Client::builder().no_proxy().build().unwrap_or_default(),
            delivering: OnceLock::new(),
        });
        if delivers_at_once {
            let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
            let _first = shared.delivering.set(sender);
            let weak = Arc::downgrade(&shared);
            tokio::spawn(async move {
                while receiver.recv().await.is_some() {
                    let Some(shared) = weak.upgrade() else { break };
                    deliveries::deliver(&shared, None, 1, 0).await;
                }
            });
        }
        shared
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends what has happened, where that is wanted.
    pub(crate) fn deliver_what_is_new(&self) {
        if let Some(delivering) = self.delivering.get() {
            let _nobody_left = delivering.send(());
        }
    }
}

/// Serves for as long as the task lives.
pub(crate) async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let router = router(Arc::clone(&shared));
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (router, shared) = (router.clone(), Arc::clone(&shared));
        let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
            serve(router.clone(), Arc::clone(&shared), request.map(Body::new))
        });
        // A caller that breaks a connection off, and one that is closed on purpose, are no matter of this loop.
        connections.spawn(async move {
            http1::Builder::new().serve_connection(TokioIo::new(stream), service).await
        });
        while connections.try_join_next().is_some() {}
    }
}

/// The connection ends here, without an answer.
#[derive(Debug)]
struct Closed;

impl std::fmt::Display for Closed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("closed on purpose")
    }
}

impl std::error::Error for Closed {}

async fn serve(router: Router, shared: Arc<Shared>, request: Request) -> Result<Response, Closed> {
    let is_api = request.uri().path().starts_with("/v1/");
    let fault = match is_api {
        true => shared.state().next_fault(request.method().as_str(), request.uri().path()),
        false => None,
    };
    match fault {
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::Status(status)) => return Ok(refuse(&ApiError::injected(status))),
        Some(Fault::Close) | None => {}
    }
    let answer = router.oneshot(request).await.unwrap_or_else(|never: Infallible| match never {});
    if fault == Some(Fault::Close) { Err(Closed) } else { Ok(answer) }
}

fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/v1/{*path}", any(api_call))
        .route("/pay/{session}", get(page::show))
        .route("/pay/{session}/{choice}", post(page::choose))
        .route("/_control/{command}", post(control))
        .with_state(shared)
}

async fn api_call(
    Extract(shared): Extract<Arc<Shared>>,
    method: Method,
    Path(path): Path<String>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let query = request.uri().query().unwrap_or_default().to_owned();
    let body = axum::body::to_bytes(request.into_body(), 1 << 20).await.unwrap_or_default();
    let encoded = if method == Method::POST { body } else { Bytes::from(query) };
    let field = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let asked = Asked {
        path,
        params: Params::parse(&encoded),
        secret_key: field("authorization").and_then(|value| value.strip_prefix("Bearer ").map(str::to_owned)),
        idempotency_key: field("idempotency-key"),
        method,
    };
    let answered = {
        let mut state = shared.state();
        let answered = api::answer(&mut state, &asked);
        let status = answered.as_ref().err().map_or(200, |error| error.status);
        state.requests.push(json!({
            "method": asked.method.as_str(),
            "path": format!("/v1/{}", asked.path),
            "status": status,
            "idempotency_key": asked.idempotency_key,
            "version": field("stripe-version"),
        }));
        answered
    };
    shared.deliver_what_is_new();
    match answered {
        Ok(answer) if answer.is_replay => {
            ([("idempotent-replayed", "true")], accept_json(&answer.body)).into_response()
        }
        Ok(answer) => accept_json(&answer.body),
        Err(error) => refuse(&error),
    }
}

async fn control(
    Extract(shared): Extract<Arc<Shared>>,
    Path(command): Path<String>,
    body: Bytes,
) -> Response {
    let body = if body.is_empty() { Bytes::from_static(b"{}") } else { body };
    let parsed = serde_json::from_slice(&body).and_then(|mut fields: Map<String, Value>| {
        fields.insert("command".to_owned(), Value::from(command));
        serde_json::from_value::<Command>(Value::Object(fields))
    });
    match parsed {
        Ok(command) => {
            shared.control(command).await.map_or_else(|error| refuse(&error), |done| accept_json(&done))
        }
        Err(problem) => refuse(&ApiError::invalid(problem.to_string())),
    }
}

fn accept_json(body: &Value) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

fn refuse(error: &ApiError) -> Response {
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, accept_json(&error.body())).into_response()
}
