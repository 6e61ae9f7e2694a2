//! The empty handler: the least that a server of this kind could do, on the stack that the product uses.
//!
//! It parses the same JSON into the same kind of borrowed structs and answers bytes of the same shape, and meters
//! nothing. What it reaches is what HTTP and JSON leave over on the machine; the product is measured against that.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::net::TcpListener;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use bytes::Bytes;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use serde::Deserialize;
use serde_json::value::RawValue;

/// Threads that serve, as the product has on the two-core machine that figures are published for.
const WORKER_THREADS: usize = 2;

/// Bytes of one body: the product's limit.
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Bytes of one answer, about.
const ANSWER_BYTES: usize = 320;

/// Serves the empty handler on `listener` for as long as the process lives.
///
/// Blocking: it makes its own runtime, and so must not be called within one.
///
/// # Errors
/// When the runtime or the listener cannot be used.
pub fn serve_yardstick(listener: TcpListener) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKER_THREADS)
        .enable_all()
        .build()
        .context("starting the yardstick's runtime")?;
    runtime.block_on(accept(listener))
}

/// The empty handler's routes, for a caller who has an accept loop of its own.
pub fn yardstick_router() -> Router {
    Router::new()
        .route("/v1/events", post(single))
        .route("/v1/events/batch", post(batch))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
}

async fn accept(listener: TcpListener) -> Result<()> {
    listener.set_nonblocking(true).context("preparing the yardstick's listener")?;
    let listener = tokio::net::TcpListener::from_std(listener).context("the yardstick's listener")?;
    let router = yardstick_router();
    loop {
        let (stream, _) = listener.accept().await.context("accepting a connection")?;
        stream.set_nodelay(true).context("switching off Nagle's delay")?;
        let service = TowerToHyperService::new(router.clone());
        // A connection that a caller breaks off is that caller's matter.
        tokio::spawn(
            async move { http1::Builder::new().serve_connection(TokioIo::new(stream), service).await },
        );
    }
}

/// The request of the contract, borrowed from its body wherever JSON allows.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Event<'a> {
    #[serde(borrow)]
    event: Cow<'a, str>,
    #[serde(borrow)]
    customer: Cow<'a, str>,
    #[serde(borrow, rename = "idempotency_key")]
    _idempotency_key: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "properties")]
    _properties: Option<&'a RawValue>,
    #[serde(borrow, rename = "cost")]
    _cost: Option<Cost<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cost<'a> {
    #[serde(borrow, rename = "amount")]
    _amount: Cow<'a, str>,
    #[serde(borrow, rename = "currency")]
    _currency: Cow<'a, str>,
}

async fn single(body: Bytes) -> Response {
    let event: Event<'_> = match serde_json::from_slice(&body) {
        Ok(event) => event,
        Err(problem) => return refusal(&problem),
    };
    let mut answer = String::with_capacity(ANSWER_BYTES);
    write_answer(&mut answer, &event);
    accepted(answer)
}

async fn batch(body: Bytes) -> Response {
    let events: Vec<Event<'_>> = match serde_json::from_slice(&body) {
        Ok(events) => events,
        Err(problem) => return refusal(&problem),
    };
    let mut answer = String::with_capacity((events.len() + 1) * ANSWER_BYTES);
    answer.push_str(r#"{"results":["#);
    for (index, event) in events.iter().enumerate() {
        if index > 0 {
            answer.push(',');
        }
        write_answer(&mut answer, event);
    }
    let _infallible = write!(answer, r#"],"accepted":{},"refused":0,"replayed":0}}"#, events.len());
    accepted(answer)
}

fn write_answer(answer: &mut String, Event { event, customer, .. }: &Event<'_>) {
    let _infallible = write!(
        answer,
        r#"{{"id":"evt_0000000000000000000000000000","event":"{event}","customer":"{customer}","credits":1,"balance":{{"posted":999999,"held":0,"available":999999}},"price_version":"prv_0000000000000000000000000000","recorded_at":"2026-01-01T00:00:00.000Z"}}"#
    );
}

fn accepted(answer: String) -> Response {
    const POSITION: HeaderName = HeaderName::from_static("chargly-position");
    ([(header::CONTENT_TYPE, "application/json"), (POSITION, "1-1000000-1")], answer).into_response()
}

fn refusal(problem: &serde_json::Error) -> Response {
    (StatusCode::BAD_REQUEST, problem.to_string()).into_response()
}
