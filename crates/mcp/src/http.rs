//! The door at `/mcp`: what is refused before the protocol sees a message.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Method, Request, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use std::sync::Arc;

use crate::api::{InProcess, Nonce};
use crate::once::EachOnce;
use crate::protocol::{Door, streamable_http};

/// Bytes of one message: room for the largest arguments many times over. What is larger is no call of a tool.
pub const MESSAGE_BYTES_MAX: usize = 64 * 1024;

/// Where the door is.
pub const PATH: &str = "/mcp";

const JSON: &str = "application/json";

/// Hosts that are this machine, whatever the port.
pub const LOOPBACK_HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// The door over the routes of this process. It has no look at keys of its own: whoever mounts it puts it behind one.
///
/// `hosts` are those that a client may have asked for, besides this machine: a page that a browser was led to by another
/// name for our address has another.
pub fn router(routes: Router, software: &'static str, hosts: &[String], nonce: Nonce) -> Router {
    let mut allowed: Vec<String> = LOOPBACK_HOSTS.map(str::to_owned).to_vec();
    allowed.extend_from_slice(hosts);
    let origins: Vec<String> = allowed.iter().flat_map(|host| origins_of(host)).collect();
    let door = Door { api: Arc::new(InProcess(routes)), software, nonce };
    streamable_http(PATH, door, &allowed, &origins).route_layer(from_fn(only_json))
}

/// The origins of pages of a host: of any port, unless one was named.
fn origins_of(host: &str) -> [String; 2] {
    let bracketed = if host.matches(':').count() > 1 && !host.starts_with('[') {
        format!("[{host}]")
    } else {
        host.to_owned()
    };
    let names_port =
        bracketed.rsplit_once(':').is_some_and(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
    let port = if names_port { "" } else { ":*" };
    ["http", "https"].map(|scheme| format!("{scheme}://{bracketed}{port}"))
}

/// Refuses what is no message by the protocol's own error; the library beneath calls it a wrong kind of content.
async fn only_json(request: Request<Body>, next: Next) -> Response {
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, MESSAGE_BYTES_MAX).await else {
        let message = format!("A message may have at most {MESSAGE_BYTES_MAX} bytes");
        return error(StatusCode::PAYLOAD_TOO_LARGE, -32600, &message);
    };
    if let Err(wrong) = serde_json::from_slice::<EachOnce>(&bytes) {
        if wrong.is_data() {
            return error(StatusCode::BAD_REQUEST, -32600, "The message gives a field twice");
        }
        return error(StatusCode::BAD_REQUEST, -32700, "The message is not JSON");
    }
    let kind = parts.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let says_json = kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case(JSON));
    let response = next.run(Request::from_parts(parts, Body::from(bytes))).await;
    if says_json && response.status() == StatusCode::UNSUPPORTED_MEDIA_TYPE {
        return error(
            StatusCode::BAD_REQUEST,
            -32600,
            "The JSON is no message of JSON-RPC 2.0 that is known here",
        );
    }
    response
}

/// An error of JSON-RPC about a message whose id is not known.
fn error(status: StatusCode, code: i32, message: &str) -> Response {
    let body = serde_json::json!({"jsonrpc": "2.0", "id": null, "error": {"code": code, "message": message}});
    let mut response = Response::new(Body::from(Bytes::from(body.to_string())));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
    response
}
