//! A project behind both doors, and short ways to send a message.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use chargly_engine::ledger::{KeyNo, Scope, Scopes};
use chargly_engine::payments::{PaymentSetup, Sandbox};
use chargly_engine::{Clock, Entropy as _, Environment, ManualClock, OpenOptions, SystemEntropy, create};
use chargly_http::{Project, WIRE_NAMES, behind_keys, router};
use chargly_ops::{Ops, Vault};
use serde_json::{Value, json};
use tower::ServiceExt as _;

/// 2026-11-23T10:00:00Z, when every world begins.
const START_MS: i64 = 1_795_428_000_000;

/// A project with one environment, at both doors.
pub(crate) struct World {
    pub(crate) router: Router,
    pub(crate) test: Arc<Environment>,
    pub(crate) key: String,
    _dir: tempfile::TempDir,
}

/// An answer of HTTP.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Got {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }
}

impl World {
    /// With image.generate at 12 credits, a pack of 500 for ten dollars, and `user_42` with 100 credits.
    pub(crate) async fn start() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let clock = Arc::new(ManualClock::at(START_MS));
        let options = || OpenOptions::new(Arc::clone(&clock) as Arc<dyn Clock>, "0.0.0");
        create(&dir.path().join("test"), "test", [1; 32], options()).expect("a new environment");
        let test = Environment::open(&dir.path().join("test"), options()).expect("an environment");
        sell_in_sandbox(&test);
        let key = key_with(&test, &Scope::ALL).await;
        let project = Project::new(vec![Arc::clone(&test)], Vec::new(), None, "0.0.0");
        let routes = router(Arc::clone(&project));
        let tools = chargly_mcp::router(routes.clone(), "0.0.0", &["billing.example.com".to_owned()], || {
            SystemEntropy.nonce()
        });
        let router = routes.merge(behind_keys(project, tools));
        let world = Self { router, test, key, _dir: dir };
        world.http("PUT", "/v1/event-types/image.generate", r#"{"label":"Image","credits":12}"#).await;
        world.http("PUT", "/v1/packs/starter_500", PACK).await;
        world.grant("user_42", 100).await;
        world
    }

    pub(crate) async fn grant(&self, customer: &str, credits: u64) {
        let body = json!({"credits": credits, "kind": "promotional"}).to_string();
        self.http("POST", &format!("/v1/customers/{customer}/grants"), &body).await;
    }

    /// A call of a route that has to succeed.
    pub(crate) async fn http(&self, method: &str, path: &str, body: &str) -> Value {
        let got = self.http_any(method, path, body).await;
        assert!(got.status.is_success(), "{method} {path}: {}", String::from_utf8_lossy(&got.bytes));
        got.json()
    }

    /// A call of a route.
    pub(crate) async fn http_any(&self, method: &str, path: &str, body: &str) -> Got {
        let request = Request::builder().method(method).uri(path);
        let request = request.header("authorization", format!("Bearer {}", self.key));
        self.send(request.body(Body::from(body.to_owned())).expect("a request")).await
    }

    /// Sends a request of any make.
    pub(crate) async fn send(&self, request: Request<Body>) -> Got {
        let response = self.router.clone().oneshot(request).await.expect("the router cannot fail");
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.expect("a whole body");
        Got { status: parts.status, headers: parts.headers, bytes: bytes.to_vec() }
    }

    /// A message as clients send it, to be changed.
    pub(crate) fn message(&self, body: &Value) -> Request<Body> {
        self.message_with(&self.key, body.to_string())
    }

    /// The same with another key and any body.
    pub(crate) fn message_with(&self, key: &str, body: String) -> Request<Body> {
        Request::builder()
            .method("POST")
            .uri("/mcp")
            .header("host", "127.0.0.1:8080")
            .header("authorization", format!("Bearer {key}"))
            .header("accept", "application/json, text/event-stream")
            .header("content-type", "application/json")
            .header("mcp-protocol-version", "2025-11-25")
            .body(Body::from(body))
            .expect("a request")
    }

    /// The whole result of a call of a tool.
    pub(crate) async fn result(&self, key: &str, tool: &str, args: Value) -> Value {
        let got = self.send(self.message_with(key, call(tool, &args).to_string())).await;
        assert_eq!(got.status, StatusCode::OK, "{}", String::from_utf8_lossy(&got.bytes));
        got.json()["result"].clone()
    }

    /// Calls a tool, which has to succeed: what is structured in its answer.
    pub(crate) async fn tool(&self, tool: &str, args: Value) -> Value {
        let result = self.result(&self.key, tool, args).await;
        assert_eq!(result["isError"], false, "{tool}: {result}");
        let text = result["content"][0]["text"].as_str().expect("a copy as text");
        let copy: Value = serde_json::from_str(text).expect("JSON");
        assert_eq!(copy, result["structuredContent"]);
        copy
    }

    /// Calls a tool, which has to refuse: the problem.
    pub(crate) async fn refused(&self, tool: &str, args: Value) -> Value {
        self.refused_with(&self.key, tool, args).await
    }

    /// The same with another key.
    pub(crate) async fn refused_with(&self, key: &str, tool: &str, args: Value) -> Value {
        let result = self.result(key, tool, args).await;
        assert_eq!(result["isError"], true, "{tool}: {result}");
        // A client would hold it against the schema of an answer.
        assert_eq!(result.get("structuredContent"), None);
        serde_json::from_str(result["content"][0]["text"].as_str().expect("text")).expect("JSON")
    }

    pub(crate) async fn key_with(&self, scopes: &[Scope]) -> String {
        key_with(&self.test, scopes).await
    }

    /// What a customer can spend, and how often something moved it.
    pub(crate) async fn stands(&self, customer: &str) -> (Value, usize) {
        let wallet = self.http("GET", &format!("/v1/customers/{customer}/wallet"), "").await;
        let lines = self.http("GET", &format!("/v1/customers/{customer}/ledger"), "").await;
        (wallet["available"].clone(), lines["data"].as_array().map_or(0, Vec::len))
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.test.close();
    }
}

const PACK: &str =
    r#"{"name":"Starter","credits":450,"bonus_credits":50,"price":{"amount":"10","currency":"usd"}}"#;

/// A message that calls a tool.
pub(crate) fn call(tool: &str, args: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": args}})
}

async fn key_with(environment: &Environment, scopes: &[Scope]) -> String {
    let scopes: Scopes = scopes.iter().copied().collect();
    let made = environment.create_key(KeyNo::SYSTEM, "some".into(), scopes, None).await;
    made.expect("a key").secret
}

fn sell_in_sandbox(environment: &Arc<Environment>) {
    let vault = Vault::new(Box::new(|_| Ok([9; 32])));
    let ops = Arc::new(Ops::open(environment.dir(), Arc::new(vault)).expect("ops.db"));
    environment.set_up_payments(PaymentSetup {
        public_url: "https://billing.example.com".to_owned(),
        providers: vec![Arc::new(Sandbox::new(Arc::downgrade(environment)))],
        ops,
        names: WIRE_NAMES,
        allows_loopback: true,
    });
}
