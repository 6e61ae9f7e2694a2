//! `/api`: what the product's published client speaks, over the same use cases as `/v1`.
//!
//! A translation and nothing else: fields by that client's names, errors as `{"error": {"code", "message"}}`, and the
//! same ledger behind it, so that a call may begin here and be looked at there. Fields and parameters that are not known
//! here are passed over, not refused as everywhere else: which versions of that client are about, and what they send
//! beside what they need, nobody here decides.
//!
//! Not owned here: what an amount may be and which charge a log is about (the ledger and the engine), and
//! `/api/v1/events`, which speaks CloudEvents.

pub(crate) mod billing;
pub(crate) mod credit_packs;
pub(crate) mod pricing;
pub(crate) mod usage;
pub(crate) mod wallet;

use axum::http::StatusCode;
use chargly_api::{ErrorCode, Fields, Problem, Problems, object};
use compact_str::CompactString;

use crate::answer;
use crate::call::Call;
use crate::read;

/// What every path here begins with.
pub(crate) const PREFIX: &str = "/api/";
/// What begins so and is not of here.
pub(crate) const NOT_OURS: &str = "/api/v1/";

/// The client's name of the code that it knows by another.
const INSUFFICIENT_BALANCE: &str = "insufficient_balance";

/// The status that the client expects.
pub(crate) fn status_of(problem: &Problem) -> StatusCode {
    match problem.code {
        ErrorCode::InsufficientCredits => StatusCode::BAD_REQUEST,
        _ => answer::status_of(problem),
    }
}

/// An error as the client reads it. The message says all that is wrong with fields, since nothing else does.
pub(crate) fn error_body(problem: &Problem) -> Vec<u8> {
    let code = match problem.code {
        ErrorCode::InsufficientCredits => INSUFFICIENT_BALANCE,
        code => code.as_str(),
    };
    let fields: Vec<String> =
        problem.fields().iter().map(|field| format!("{} {}", field.field, field.problem)).collect();
    let message = match fields.as_slice() {
        [] | [_] => problem.detail.clone(),
        fields => format!("{}.", fields.join("; ")),
    };
    object(|o| {
        o.object("error", |o| {
            o.text("code", code).text("message", &message);
        });
    })
}

impl Call {
    /// Reads the body as one object, and passes over what is not known. An empty body is an empty object.
    fn read_known<'a, T>(
        &'a self,
        read: impl FnOnce(&mut Fields<'a>, &mut Problems) -> Option<T>,
    ) -> Result<T, Problem> {
        let body = self.text()?;
        let body = if body.is_empty() { "{}" } else { body };
        let mut problems = Problems::default();
        let found =
            Fields::read(body, "", &mut problems).and_then(|mut fields| read(&mut fields, &mut problems));
        problems.finish(found)
    }

    /// The idempotency key, from the header or the body: a key must not be passed over under any of its names.
    fn client_key(&self, fields: &mut Fields<'_>, problems: &mut Problems) -> Option<CompactString> {
        let camel = fields.optional("idempotencyKey", problems, read::idempotency_key);
        let known = self.key_of(fields, problems);
        if camel.is_some() && known.is_some() && camel != known {
            problems.add("idempotencyKey", "differs from the key that was sent beside it".to_owned());
        }
        known.or(camel)
    }
}
