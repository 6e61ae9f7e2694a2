//! One call of a tool, start to end: arguments, route, answer.

use axum::http::HeaderMap;
use chargly_api::{ErrorCode, Problem};
use serde_json::{Map, Value};

use crate::api::{Api, ApiAnswer, NoAnswer, Nonce};
use crate::args::{Sent, read, rename_fields};
use crate::tool::Tool;

/// Calls a tool.
///
/// # Errors
/// The body of a problem, as the HTTP door has it. It is an answer, of which a model makes something, and no failure of
/// the protocol.
pub(crate) async fn call(
    tool: &Tool,
    api: &dyn Api,
    credentials: &HeaderMap,
    args: Map<String, Value>,
    nonce: Nonce,
) -> Result<Value, Value> {
    let sent = read(tool, &args, nonce).map_err(|problem| body_of(tool, &problem))?;
    let answered = api.call(sent.request.clone(), credentials).await;
    let ApiAnswer { status, body } =
        answered.map_err(|NoAnswer(why)| unreachable_problem(tool, &sent, &why))?;
    let Ok(json) = serde_json::from_slice::<Value>(&body) else {
        return Err(unreachable_problem(
            tool,
            &sent,
            &format!("what was answered, with {status}, is no JSON"),
        ));
    };
    if (200..300).contains(&status) {
        return (tool.present)(&json, &sent).map_err(|problem| body_of(tool, &problem));
    }
    match json {
        Value::Object(mut problem) => {
            rename_fields(tool, &mut problem);
            Err(with_key(problem, &sent))
        }
        _ => {
            Err(unreachable_problem(tool, &sent, &format!("what was answered, with {status}, is no problem")))
        }
    }
}

fn body_of(tool: &Tool, problem: &Problem) -> Value {
    serde_json::from_slice(&problem.body(tool.path)).unwrap_or_default()
}

/// Nobody knows whether it was carried out.
fn unreachable_problem(tool: &Tool, sent: &Sent, why: &str) -> Value {
    let detail = format!("The server gave no answer: {why}.");
    match body_of(tool, &Problem::new(ErrorCode::Unavailable, detail)) {
        Value::Object(problem) => with_key(problem, sent),
        other => other,
    }
}

/// With the key under which the call can be repeated safely, where repeating helps: if it was ours, nobody else has it.
fn with_key(mut problem: Map<String, Value>, sent: &Sent) -> Value {
    if let Some(key) = &sent.key
        && problem.get("retryable") == Some(&Value::Bool(true))
    {
        problem.insert("idempotencyKey".to_owned(), key.clone().into());
    }
    Value::Object(problem)
}
