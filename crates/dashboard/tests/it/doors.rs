//! What every world of these tests stands on: environments with a clock that stands, behind both doors.

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::response::Parts;
use axum::http::{HeaderMap, Request, StatusCode};
use chargly_dashboard::{Dashboard, People};
use chargly_engine::ledger::{KeyNo, Scopes};
use chargly_engine::payments::{PaymentProvider, PaymentSetup, Sandbox};
use chargly_engine::{Clock, Entropy as _, Environment, ManualClock, OpenOptions, SystemEntropy, create};
use chargly_http::{Project, WIRE_NAMES};
use chargly_ops::{Ops, Vault};
use serde_json::Value;
use tower::ServiceExt as _;

/// 2026-11-23T10:00:00Z, when every world begins.
pub(crate) const START_MS: i64 = 1_795_428_000_000;
/// Where buyers reach the door.
pub(crate) const PUBLIC_URL: &str = "https://billing.example.com";

/// A project and its doors.
pub(crate) struct Doors {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) router: Router,
    pub(crate) environments: Vec<Arc<Environment>>,
    /// A key for everything in each environment.
    keys: Vec<String>,
    pub(crate) dir: tempfile::TempDir,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Got {
    /// Passes it on if its status is this.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    /// Fails where the page does not say this.
    #[track_caller]
    pub(crate) fn says(&self, text: &str) -> &Self {
        assert!(self.text.contains(text), "{text:?} is not on the page:\n{}", self.text);
        self
    }

    /// Fails where it does.
    #[track_caller]
    pub(crate) fn is_silent_on(&self, text: &str) -> &Self {
        assert!(!self.text.contains(text), "{text:?} is on the page:\n{}", self.text);
        self
    }

    /// A header; empty where it was not sent.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

impl Doors {
    /// Empty environments of these names; packs are sold in the sandbox, but for *live*.
    pub(crate) async fn open(names: &[&str], people: impl FnOnce(&Path) -> People) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let clock = Arc::new(ManualClock::at(START_MS));
        let (mut environments, mut keys) = (Vec::new(), Vec::new());
        for (name, salt) in names.iter().zip(1..) {
            let options = || OpenOptions::new(Arc::clone(&clock) as Arc<dyn Clock>, "0.0.0");
            create(&dir.path().join(name), name, [salt; 32], options()).expect("a new environment");
            let env = Environment::open(&dir.path().join(name), options()).expect("an environment");
            sell(&env);
            let made = env.create_key(KeyNo::SYSTEM, "admin".into(), Scopes::all(), None).await;
            keys.push(made.expect("a key").secret);
            environments.push(env);
        }
        let project = Project::new(environments.clone(), Vec::new(), None, "0.0.0");
        let routes = chargly_http::router(Arc::clone(&project));
        let people = Arc::new(people(dir.path()));
        let dashboard = Dashboard::new(project, routes.clone(), people, || SystemEntropy.nonce());
        let router = routes.merge(chargly_dashboard::router(dashboard));
        Self { clock, router, environments, keys, dir }
    }

    /// The key of an environment.
    pub(crate) fn key_of(&self, environment: &str) -> &str {
        let at = self.environments.iter().position(|env| env.name() == environment);
        &self.keys[at.expect("an environment")]
    }

    /// Asks the API.
    pub(crate) async fn ask(&self, key: &str, method: &str, path: &str, body: &str) -> Got {
        let request =
            Request::builder().method(method).uri(path).header("authorization", format!("Bearer {key}"));
        self.send(request.body(Body::from(body.to_owned())).expect("a request")).await
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Got {
        let (parts, bytes) = self.exchange(request).await;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Got { status: parts.status, headers: parts.headers, text }
    }

    /// What comes as it comes, compressed where that was asked for.
    pub(crate) async fn exchange(&self, request: Request<Body>) -> (Parts, Bytes) {
        let response = self.router.clone().oneshot(request).await.expect("the router cannot fail");
        let (parts, body) = response.into_parts();
        (parts, axum::body::to_bytes(body, usize::MAX).await.expect("a whole body"))
    }
}

impl Drop for Doors {
    fn drop(&mut self) {
        self.environments.iter().for_each(|env| env.close());
    }
}

/// Packs are sold in the sandbox.
fn sell(env: &Arc<Environment>) {
    let vault = Vault::new(Box::new(|_| Ok([9; 32])));
    let ops = Arc::new(Ops::open(env.dir(), Arc::new(vault)).expect("ops.db"));
    let providers: Vec<Arc<dyn PaymentProvider>> = match env.name() {
        "live" => Vec::new(),
        _ => vec![Arc::new(Sandbox::new(Arc::downgrade(env)))],
    };
    env.set_up_payments(PaymentSetup {
        public_url: PUBLIC_URL.to_owned(),
        providers,
        ops,
        names: WIRE_NAMES,
        allows_loopback: env.name() != "live",
    });
}
