//! What stands behind every page: the routes of the HTTP door, called in this process in the name of the person.
//!
//! A page shows what the API answers, so that both always have the same figures, and an action of a page is the call
//! that a program would make: the same rules, keys, scopes and audit, none of them written twice.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_TYPE, HeaderName};
use axum::http::{Request, Response};
use chargly_engine::Environment;
use chargly_engine::ledger::{ApiKey, KeyNo};
use chargly_http::Acting;
use tower::ServiceExt as _;

use crate::json::Json;
use crate::trouble::Trouble;

/// Calls routes in the name of somebody.
#[derive(Clone)]
pub(crate) struct Api {
    router: Router,
    acting: Acting,
}

impl Api {
    pub(crate) fn new(router: Router, environment: Arc<Environment>, key: ApiKey) -> Self {
        Self { router, acting: Acting { environment, key } }
    }

    /// The key in whose name calls are made.
    pub(crate) fn actor(&self) -> KeyNo {
        self.acting.key.number
    }

    /// What a route answers. `target` is path and query, percent-encoded: see [`Target`].
    pub(crate) async fn get(&self, target: impl Into<String>) -> Result<Json, Trouble> {
        self.read(self.call("GET", target.into(), Body::empty(), &[]).await).await
    }

    /// The same, as it was written.
    pub(crate) async fn text(&self, target: impl Into<String>) -> Result<String, Trouble> {
        let response = self.call("GET", target.into(), Body::empty(), &[]).await;
        if !response.status().is_success() {
            return self.read(response).await.map(|_| String::new());
        }
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await;
        let body = body.map_err(|error| Trouble::internal(&error))?;
        String::from_utf8(body.into()).map_err(|error| Trouble::internal(&error))
    }

    /// The same; `None` where there is no such thing.
    pub(crate) async fn find(&self, target: impl Into<String>) -> Result<Option<Json>, Trouble> {
        match self.get(target).await {
            Ok(found) => Ok(Some(found)),
            Err(Trouble::Problem(problem)) if problem.status == 404 => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }

    /// Carries out what a form asks for. `key` is the form's own, made when the page was: sent twice, it is done once.
    pub(crate) async fn send(
        &self,
        method: &'static str,
        target: impl Into<String>,
        body: String,
        key: Option<&str>,
    ) -> Result<Json, Trouble> {
        let key = key.map(|key| (HeaderName::from_static("idempotency-key"), key));
        self.read(self.call(method, target.into(), Body::from(body), key.as_slice()).await).await
    }

    /// The response as it comes: a file, a stream.
    pub(crate) async fn call(
        &self,
        method: &'static str,
        target: String,
        body: Body,
        headers: &[(HeaderName, &str)],
    ) -> Response<Body> {
        let mut request =
            Request::builder().method(method).uri(target).header(CONTENT_TYPE, "application/json");
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        let Ok(mut request) = request.body(body) else {
            return bad_request();
        };
        request.extensions_mut().insert(self.acting.clone());
        match self.router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }

    async fn read(&self, response: Response<Body>) -> Result<Json, Trouble> {
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await;
        let body: Bytes = body.map_err(|error| Trouble::internal(&error))?;
        let text = std::str::from_utf8(&body).map_err(|error| Trouble::internal(&error))?;
        let json = if text.is_empty() { Some(Json::Null) } else { Json::parse(text) };
        let json = json.ok_or_else(|| Trouble::internal(&"an answer of the API is no JSON"))?;
        if status.is_success() { Ok(json) } else { Err(Trouble::of_problem(status.as_u16(), &json)) }
    }
}

fn bad_request() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = axum::http::StatusCode::BAD_REQUEST;
    response
}

/// An object as it is sent.
pub(crate) fn body_of(object: Vec<u8>) -> String {
    String::from_utf8(object).unwrap_or_default()
}

/// A path and a query, each part percent-encoded.
#[derive(Clone, Debug)]
pub(crate) struct Target(String);

impl Target {
    /// A route without parts that vary.
    pub(crate) fn new(path: &str) -> Self {
        Self(path.to_owned())
    }

    /// One more part of the path, of anybody's making.
    pub(crate) fn part(mut self, part: &str) -> Self {
        self.0.push('/');
        for byte in part.bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~') {
                self.0.push(char::from(byte));
            } else if byte == b'.' && part != "." && part != ".." {
                self.0.push('.');
            } else {
                // Writing to a string cannot fail.
                let _ = write!(self.0, "%{byte:02X}");
            }
        }
        self
    }

    /// One more fixed part of the path.
    pub(crate) fn then(mut self, part: &str) -> Self {
        self.0.push('/');
        self.0.push_str(part);
        self
    }

    /// A parameter of the query.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.0.push(if self.0.contains('?') { '&' } else { '?' });
        let pair = form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish();
        self.0.push_str(&pair);
        self
    }

    /// A parameter, where there is a value for it.
    pub(crate) fn with_some(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }
}

impl From<Target> for String {
    fn from(target: Target) -> Self {
        target.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_and_parameters_of_anybodys_making_stay_in_their_place() {
        let target = Target::new("/v1/customers")
            .part("a/b ü?..")
            .then("ledger")
            .with("limit", "5")
            .with("f[x]", "a&b");
        assert_eq!(String::from(target), "/v1/customers/a%2Fb%20%C3%BC%3F../ledger?limit=5&f%5Bx%5D=a%26b");
        assert_eq!(String::from(Target::new("/v1/customers").part("..")), "/v1/customers/%2E%2E");
    }
}
