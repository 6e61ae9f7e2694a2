//! `/api`, as the product's published client calls it: its routes, its fields, its header, its errors, and nothing else.

mod consume;
mod errors;
mod log;
mod pricing;
mod story;

use axum::body::Body;
use axum::http::Request;
use serde_json::Value;

use crate::world::{Got, World};

/// The client: a key in `x-api-key`, JSON both ways.
pub(crate) struct Client<'w> {
    world: &'w World,
    key: &'w str,
}

impl<'w> Client<'w> {
    pub(crate) fn of(world: &'w World) -> Self {
        Self { world, key: &world.key }
    }

    pub(crate) fn live(world: &'w World) -> Self {
        Self { world, key: &world.live_key }
    }

    /// With a key of its own.
    pub(crate) fn with_key(world: &'w World, key: &'w str) -> Self {
        Self { world, key }
    }

    pub(crate) async fn get(&self, path: &str) -> Got {
        let request = Request::builder().uri(path).header("x-api-key", self.key);
        self.world.send(request.body(Body::empty()).expect("a request")).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Got {
        self.post_with(path, None, body).await
    }

    pub(crate) async fn post_with(&self, path: &str, key: Option<&str>, body: &Value) -> Got {
        let mut request = Request::builder().method("POST").uri(path).header("x-api-key", self.key);
        request = request.header("content-type", "application/json");
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        self.world.send(request.body(Body::from(body.to_string())).expect("a request")).await
    }

    /// What a customer can spend.
    pub(crate) async fn balance(&self, customer: &str) -> String {
        self.get(&format!("/api/wallet/balance/{customer}")).await.expect(200).number("/balance")
    }
}

/// The names of an object's fields.
pub(crate) fn names(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

/// Passes an error on whose shape is the client's, with this status and code.
#[track_caller]
pub(crate) fn refused(got: &Got, status: u16, code: &str) -> String {
    assert_eq!(got.status.as_u16(), status, "{}", String::from_utf8_lossy(&got.bytes));
    assert_eq!(got.headers["content-type"], "application/json");
    let body = got.json();
    assert_eq!(names(&body), ["error"]);
    assert_eq!(names(&body["error"]), ["code", "message"]);
    assert_eq!(body["error"]["code"], code, "{body}");
    let message = got.text("/error/message");
    assert!(!message.is_empty());
    message
}
