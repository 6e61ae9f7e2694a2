//! Errors in Stripe's shape.

use serde_json::{Value, json};

/// What Stripe answers instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// The HTTP status.
    pub status: u16,
    /// `invalid_request_error`, `idempotency_error`, `api_error`, …
    pub kind: &'static str,
    /// A code, where there is one.
    pub code: Option<&'static str>,
    /// Words.
    pub message: String,
    /// The parameter that is wrong, where it is one.
    pub param: Option<String>,
}

impl ApiError {
    /// A request that cannot be done.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self { status: 400, kind: "invalid_request_error", code: None, message: message.into(), param: None }
    }

    pub(crate) fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    pub(crate) fn param(mut self, param: &str) -> Self {
        self.param = Some(param.to_owned());
        self
    }

    pub(crate) fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub(crate) fn kind(mut self, kind: &'static str) -> Self {
        self.kind = kind;
        self
    }

    /// There is no such object.
    pub(crate) fn missing(what: &str, id: &str) -> Self {
        Self::invalid(format!("No such {what}: '{id}'")).status(404).code("resource_missing").param("id")
    }

    /// A parameter that has to be there.
    pub(crate) fn required(param: &str) -> Self {
        Self::invalid(format!("Missing required param: {param}.")).code("parameter_missing").param(param)
    }

    /// The answer to a request that failed for a reason of Stripe's own.
    pub(crate) fn injected(status: u16) -> Self {
        match status {
            409 => Self::invalid("There is currently another in-progress request using this Idempotent Key.")
                .kind("idempotency_error")
                .code("idempotency_key_in_use")
                .status(409),
            429 => Self::invalid("Too many requests. Slow down.").code("rate_limit").status(429),
            status => Self::invalid("Something went wrong on our side.").kind("api_error").status(status),
        }
    }

    pub(crate) fn body(&self) -> Value {
        let mut error = json!({"type": self.kind, "message": self.message});
        if let Some(code) = self.code {
            error["code"] = json!(code);
            error["doc_url"] =
                json!(format!("https://stripe.com/docs/error-codes/{}", code.replace('_', "-")));
        }
        if let Some(param) = &self.param {
            error["param"] = json!(param);
        }
        json!({"error": error})
    }
}
