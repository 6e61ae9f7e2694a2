//! What a handler answers, before it becomes an HTTP response.

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use chargly_api::{ErrorCode, ObjectWriter, Problem, object, object_of_about};
use maud::Markup;
use serde_json::Value;

use crate::browser;
use crate::compat;
use crate::pages::{Trouble, error_page};

const JSON: &str = "application/json";
const PROBLEM_JSON: &str = "application/problem+json";
const HTML: &str = "text/html; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

/// Epoch and position of the newest fact that an answer tells of.
const POSITION: HeaderName = HeaderName::from_static("chargly-position");
/// Marks a first answer that is given again.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// How a route's errors are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errors {
    /// As problem details (RFC 9457).
    Problem,
    /// As the product's published client reads them: `{"error": {"code", "message"}}`.
    Client,
}

/// An answer.
pub(crate) struct Answer {
    status: StatusCode,
    content_type: &'static str,
    body: Body,
    position: Option<(u32, u64)>,
    is_replay: bool,
    retry_after_s: Option<u32>,
    is_unauthorized: bool,
    /// Besides those that follow from the above, which these overrule.
    headers: HeaderMap,
}

impl Answer {
    /// 200 with a JSON object.
    pub(crate) fn object(write: impl FnOnce(&mut ObjectWriter<'_>)) -> Self {
        Self::json(object(write))
    }

    /// 200 with a JSON object, with room from the start for about so many bytes.
    pub(crate) fn object_of_about(bytes: usize, write: impl FnOnce(&mut ObjectWriter<'_>)) -> Self {
        Self::json(object_of_about(bytes, write))
    }

    /// 204: done, and there is nothing to say about it.
    pub(crate) fn nothing() -> Self {
        Self::new(StatusCode::NO_CONTENT, JSON, Body::empty())
    }

    /// 207 with JSON: several results, each with a status of its own.
    pub(crate) fn several(body: Vec<u8>) -> Self {
        Self::new(StatusCode::MULTI_STATUS, JSON, Body::from(body))
    }

    /// 202 with JSON: decided, and going on.
    pub(crate) fn accepted(body: Vec<u8>) -> Self {
        Self::new(StatusCode::ACCEPTED, JSON, Body::from(body))
    }

    /// 200 with JSON.
    pub(crate) fn json(body: Vec<u8>) -> Self {
        Self::new(StatusCode::OK, JSON, Body::from(body))
    }

    /// A problem, as a route's errors are written.
    pub(crate) fn refusal(errors: Errors, problem: &Problem, instance: &str) -> Self {
        match errors {
            Errors::Problem => Self::problem(problem, instance),
            Errors::Client => Self::client_error(problem),
        }
    }

    /// A problem, for the product's published client.
    fn client_error(problem: &Problem) -> Self {
        let status = compat::status_of(problem);
        Self {
            retry_after_s: problem.retry_after_s,
            is_unauthorized: status == StatusCode::UNAUTHORIZED,
            ..Self::new(status, JSON, Body::from(compat::error_body(problem)))
        }
    }

    /// What is answered with 200, shown in another way. An error stays as it is.
    pub(crate) async fn shown(self, show: impl FnOnce(&Value) -> Value) -> Result<Self, Problem> {
        if self.status != StatusCode::OK {
            return Ok(self);
        }
        // It was written here, and is as long as it is.
        let unreadable = || Problem::new(ErrorCode::Internal, "The answer could not be read.");
        let bytes = axum::body::to_bytes(self.body, usize::MAX).await.map_err(|_| unreadable())?;
        let answer: Value = serde_json::from_slice(&bytes).map_err(|_| unreadable())?;
        Ok(Self { body: Body::from(show(&answer).to_string()), ..self })
    }

    /// A problem.
    pub(crate) fn problem(problem: &Problem, instance: &str) -> Self {
        let status = status_of(problem);
        Self {
            retry_after_s: problem.retry_after_s,
            is_unauthorized: status == StatusCode::UNAUTHORIZED,
            ..Self::new(status, PROBLEM_JSON, Body::from(problem.body(instance)))
        }
    }

    /// A problem, for the person at a browser. `root` leads from the path that was asked for to the door's root.
    pub(crate) fn problem_page(problem: &Problem, root: &str) -> Self {
        let page = error_page(root, Trouble::of(problem));
        Self { retry_after_s: problem.retry_after_s, ..Self::page(status_of(problem), page) }
    }

    /// Any other answer.
    pub(crate) fn new(status: StatusCode, content_type: &'static str, body: Body) -> Self {
        Self {
            status,
            content_type,
            body,
            position: None,
            is_replay: false,
            retry_after_s: None,
            is_unauthorized: false,
            headers: HeaderMap::new(),
        }
    }

    /// A page for a browser.
    pub(crate) fn page(status: StatusCode, page: Markup) -> Self {
        Self {
            headers: browser::page_headers(&[]),
            ..Self::new(status, HTML, Body::from(page.into_string()))
        }
    }

    /// A page that was made once, and is the same for whoever asks.
    pub(crate) fn built_in_page(page: &'static str) -> Self {
        Self { headers: browser::page_headers(&[]), ..Self::new(StatusCode::OK, HTML, Body::from(page)) }
    }

    /// With the sites of these addresses as places where a form of this page may lead on to: a browser refuses a
    /// redirect to any other site.
    pub(crate) fn leading_on_to(self, addresses: &[&str]) -> Self {
        Self { headers: browser::page_headers(addresses), ..self }
    }

    /// 303 to another page: what a form is answered with, so that a reload does not send it again. A relative address
    /// is one from the path of the request, and holds behind a proxy's prefix too.
    pub(crate) fn see_other(address: &str) -> Result<Self, Problem> {
        let headers = browser::redirect_headers(address)?;
        Ok(Self { headers, ..Self::new(StatusCode::SEE_OTHER, TEXT, Body::empty()) })
    }

    /// A file whose name changes with its content.
    pub(crate) fn asset(content_type: &'static str, body: &'static str) -> Self {
        Self {
            headers: browser::asset_headers(),
            ..Self::new(StatusCode::OK, content_type, Body::from(body))
        }
    }

    /// With the place of the newest fact that it tells of: epoch and position.
    pub(crate) fn at(self, epoch: u32, position: u64) -> Self {
        Self { position: Some((epoch, position)), ..self }
    }

    /// With the mark of a first answer given again.
    pub(crate) fn replayed(self, is_replay: bool) -> Self {
        Self { is_replay, ..self }
    }

    /// The response.
    pub(crate) fn into_response(self) -> Response {
        let mut response = Response::new(self.body);
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        if self.status != StatusCode::NO_CONTENT {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        }
        // Balances and secrets are nobody's cache's business.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some((epoch, position)) = self.position
            && let Ok(value) = HeaderValue::try_from(format!("{epoch}.{position}"))
        {
            headers.insert(POSITION, value);
        }
        if self.is_replay {
            headers.insert(REPLAYED, HeaderValue::from_static("true"));
        }
        if let Some(seconds) = self.retry_after_s {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.is_unauthorized {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"chargly\""));
        }
        for (name, value) in &self.headers {
            headers.insert(name, value.clone());
        }
        response
    }
}

pub(crate) fn status_of(problem: &Problem) -> StatusCode {
    StatusCode::from_u16(problem.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
