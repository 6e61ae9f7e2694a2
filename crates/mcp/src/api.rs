//! What stands behind the tools: the routes of the HTTP door, in this process or at the end of a connection.
//!
//! A tool is one call of one route. Keys, scopes, idempotency, limits and every rule are the route's, so that the same
//! operation leaves the same ledger whichever door it came through, and none of them is written twice.

use axum::Router;
use axum::body::Body;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, Request};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use tower::ServiceExt as _;

/// Headers in which a caller proves who it is; nothing else of a message to a tool reaches a route.
const CREDENTIALS: [HeaderName; 2] = [AUTHORIZATION, HeaderName::from_static("x-api-key")];

/// Where chance comes from: 16 bytes that nobody has seen before.
pub type Nonce = fn() -> [u8; 16];

/// A call of a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiRequest {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// Path and query, percent-encoded.
    pub target: String,
    /// JSON; empty where the method has no body.
    pub body: String,
}

/// What a route answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiAnswer {
    /// The HTTP status.
    pub status: u16,
    /// JSON.
    pub body: Bytes,
}

/// Why there is no answer. Whether the call was carried out is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoAnswer(pub String);

/// Where routes are called.
pub trait Api: Send + Sync + 'static {
    /// Calls a route. `credentials` came with the message, where messages come with any.
    fn call(
        &self,
        request: ApiRequest,
        credentials: &HeaderMap,
    ) -> BoxFuture<'static, Result<ApiAnswer, NoAnswer>>;
}

/// The routes of this process.
pub(crate) struct InProcess(pub(crate) Router);

impl Api for InProcess {
    fn call(
        &self,
        request: ApiRequest,
        credentials: &HeaderMap,
    ) -> BoxFuture<'static, Result<ApiAnswer, NoAnswer>> {
        let ApiRequest { method, target, body } = request;
        let mut built = Request::builder().method(method).uri(target);
        if let Some(headers) = built.headers_mut() {
            for name in &CREDENTIALS {
                // All of them: several that differ are refused, and must not become one on the way.
                for value in credentials.get_all(name) {
                    headers.append(name, value.clone());
                }
            }
        }
        let router = self.0.clone();
        Box::pin(async move {
            let built = built.header(CONTENT_TYPE, "application/json").body(Body::from(body));
            let request = built.map_err(|error| NoAnswer(error.to_string()))?;
            let response = match router.oneshot(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            };
            let status = response.status().as_u16();
            let read = axum::body::to_bytes(response.into_body(), usize::MAX).await;
            let body = read.map_err(|error| NoAnswer(error.to_string()))?;
            Ok(ApiAnswer { status, body })
        })
    }
}
