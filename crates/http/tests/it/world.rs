//! A project with test and live environments, a clock that stands, and short ways to ask.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use chargly_engine::ledger::{KeyNo, Scope, Scopes};
use chargly_engine::payments::{PaymentProvider, PaymentSetup, Sandbox};
use chargly_engine::{Clock, Environment, ManualClock, OpenOptions, RunLength, SystemEntropy, create};
use chargly_http::{Project, WIRE_NAMES, router};
use chargly_stripe::{Patience, Stripe, StripeConfig};
use chargly_webhooks::ops::{Ops, Vault};
use chargly_webhooks::{Options, Webhooks};
use serde_json::Value;
use tower::ServiceExt as _;

use crate::openapi::{self, Sent};

/// 2026-11-23T10:00:00Z, when every world begins.
pub(crate) const START_MS: i64 = 1_795_428_000_000;
/// Where buyers reach the door.
pub(crate) const PUBLIC_URL: &str = "https://billing.example.com";

/// A project, its router and its keys.
pub(crate) struct World {
    pub(crate) router: Router,
    pub(crate) test: Arc<Environment>,
    pub(crate) live: Arc<Environment>,
    /// The webhooks of *test* and of *live*.
    pub(crate) webhooks: Vec<Arc<Webhooks>>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) key: String,
    pub(crate) live_key: String,
    /// How *test* is connected to Stripe, if it is.
    stripe: Option<StripeConfig>,
    dir: tempfile::TempDir,
}

/// Asks again at once; an answer that takes a second will not come.
const PATIENCE: Patience = Patience {
    timeout: Duration::from_secs(1),
    attempts: 3,
    first_pause: Duration::from_millis(1),
    pause_max: Duration::from_millis(1),
};

/// An answer.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Got {
    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// A text in the body, by pointer.
    #[track_caller]
    pub(crate) fn text(&self, pointer: &str) -> String {
        let json = self.json();
        let found = json.pointer(pointer).and_then(Value::as_str);
        found.unwrap_or_else(|| panic!("no text at {pointer} in {json}")).to_owned()
    }

    /// A number in the body, as it was written.
    #[track_caller]
    pub(crate) fn number(&self, pointer: &str) -> String {
        let json = self.json();
        let found = json.pointer(pointer).filter(|value| value.is_number());
        found.unwrap_or_else(|| panic!("no number at {pointer} in {json}")).to_string()
    }

    /// The error's code.
    #[track_caller]
    pub(crate) fn code(&self) -> String {
        let is_for_client = self.json().get("error").is_some();
        self.text(if is_for_client { "/error/code" } else { "/code" })
    }

    /// The fields that an `invalid_request` names.
    #[track_caller]
    pub(crate) fn fields(&self) -> Vec<String> {
        assert_eq!(self.code(), "invalid_request", "{self:?}");
        let json = self.json();
        let errors = json["errors"].as_array().expect("a list of errors").clone();
        errors.iter().map(|error| error["field"].as_str().expect("a field").to_owned()).collect()
    }

    /// Whether it is a first answer given again.
    pub(crate) fn is_replay(&self) -> bool {
        self.headers.contains_key("idempotent-replayed")
    }

    /// Its `Chargly-Position`.
    pub(crate) fn position(&self) -> String {
        self.headers["chargly-position"].to_str().expect("ASCII").to_owned()
    }

    /// Passes it on if its status is this.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", String::from_utf8_lossy(&self.bytes));
        self
    }
}

impl World {
    /// An empty project. Packs are sold in the sandbox of *test*, and not at all in *live*.
    pub(crate) async fn empty() -> Self {
        Self::selling_by(None).await
    }

    /// An empty project, with *test* connected to Stripe.
    pub(crate) async fn selling_by(stripe: Option<StripeConfig>) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let clock = Arc::new(ManualClock::at(START_MS));
        for (name, salt) in [("test", [1; 32]), ("live", [2; 32])] {
            let options = options(&clock, stripe.as_ref());
            create(&dir.path().join(name), name, salt, options).expect("a new environment");
        }
        let test = open(dir.path(), "test", options(&clock, stripe.as_ref()));
        let live = open(dir.path(), "live", options(&clock, stripe.as_ref()));
        let key = new_key(&test).await;
        let live_key = new_key(&live).await;
        let (router, webhooks) = serve(&test, &live, stripe.as_ref());
        Self { router, test, live, webhooks, clock, key, live_key, stripe, dir }
    }

    /// With an event type at 12 credits, and `user_42` with a paid lot of 1,000 credits sold for 20 dollars.
    pub(crate) async fn start() -> Self {
        let world = Self::empty().await;
        world.put("/v1/event-types/image.generate", r#"{"label":"Image","credits":12}"#).await.expect(200);
        world.grant("user_42", "1000").await;
        world
    }

    /// Grants paid credits, at two cents each.
    pub(crate) async fn grant(&self, customer: &str, credits: &str) -> Got {
        let body =
            format!(r#"{{"credits":{credits},"kind":"paid","price":{{"amount":"20","currency":"usd"}}}}"#);
        self.post(&format!("/v1/customers/{customer}/grants"), &body).await.expect(200)
    }

    /// Meters one event of the usual type.
    pub(crate) async fn meter(&self, customer: &str, key: &str) -> Got {
        let body =
            format!(r#"{{"event":"image.generate","customer":"{customer}","idempotency_key":"{key}"}}"#);
        self.post("/v1/events", &body).await
    }

    /// What a customer has available.
    pub(crate) async fn available(&self, customer: &str) -> String {
        self.get(&format!("/v1/customers/{customer}/wallet")).await.expect(200).number("/available")
    }

    /// Asks with the test key.
    pub(crate) async fn get(&self, path: &str) -> Got {
        self.ask("GET", path, Some(&self.key), "").await
    }

    /// Sends with the test key.
    pub(crate) async fn post(&self, path: &str, body: &str) -> Got {
        self.ask("POST", path, Some(&self.key), body).await
    }

    /// Puts with the test key.
    pub(crate) async fn put(&self, path: &str, body: &str) -> Got {
        self.ask("PUT", path, Some(&self.key), body).await
    }

    /// Asks with any key or none.
    pub(crate) async fn ask(&self, method: &str, path: &str, key: Option<&str>, body: &str) -> Got {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(key) = key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        self.send(request.body(Body::from(body.to_owned())).expect("a request")).await
    }

    /// Sends a request of any make. Every answer, to whatever test, is held against the description of its route.
    pub(crate) async fn send(&self, request: Request<Body>) -> Got {
        let (sent, request) = Sent::of(request).await;
        let response = self.router.clone().oneshot(request).await.expect("the router cannot fail");
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.expect("a whole body");
        let got = Got { status: parts.status, headers: parts.headers, bytes: bytes.to_vec() };
        openapi::hold_to_its_description(&sent, &got);
        got
    }

    /// A request with the test key, to be completed.
    pub(crate) fn request(&self, method: &str, path: &str) -> axum::http::request::Builder {
        Request::builder().method(method).uri(path).header("authorization", format!("Bearer {}", self.key))
    }

    /// Makes a key of the test environment with these scopes.
    pub(crate) async fn key_with(&self, scopes: &[Scope]) -> String {
        let scopes: Scopes = scopes.iter().copied().collect();
        let made = self.test.create_key(KeyNo::SYSTEM, "some".into(), scopes, None).await;
        made.expect("a key").secret
    }

    /// Ends both environments and opens them again.
    pub(crate) async fn restart(mut self) -> Self {
        for webhooks in &self.webhooks {
            webhooks.close().await;
        }
        self.test.close();
        self.live.close();
        let options = || options(&self.clock, self.stripe.as_ref());
        self.test = open(self.dir.path(), "test", options());
        self.live = open(self.dir.path(), "live", options());
        (self.router, self.webhooks) = serve(&self.test, &self.live, self.stripe.as_ref());
        self
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.test.close();
        self.live.close();
    }
}

/// Both environments behind the door, with all that is kept beside their journals.
fn serve(
    test: &Arc<Environment>,
    live: &Arc<Environment>,
    stripe: Option<&StripeConfig>,
) -> (Router, Vec<Arc<Webhooks>>) {
    let environments = vec![Arc::clone(test), Arc::clone(live)];
    let webhooks: Vec<_> = environments.iter().map(|environment| start(environment, stripe)).collect();
    (router(Project::new(environments, webhooks.clone(), None, "0.0.0")), webhooks)
}

/// Payments, and webhooks that may go to this machine.
fn start(environment: &Arc<Environment>, stripe: Option<&StripeConfig>) -> Arc<Webhooks> {
    let vault = Vault::new(Box::new(|_| Ok([9; 32])));
    let ops = Arc::new(Ops::open(environment.dir(), Arc::new(vault)).expect("ops.db"));
    let is_live = environment.name() == "live";
    let mut providers: Vec<Arc<dyn PaymentProvider>> = Vec::new();
    if !is_live {
        if let Some(config) = stripe {
            let stripe = Stripe::new(config).expect("a good configuration");
            providers.push(Arc::new(stripe.with_patience(PATIENCE)));
        }
        providers.push(Arc::new(Sandbox::new(Arc::downgrade(environment))));
    }
    environment.set_up_payments(PaymentSetup {
        public_url: PUBLIC_URL.to_owned(),
        providers,
        ops: Arc::clone(&ops),
        names: WIRE_NAMES,
        allows_loopback: !is_live,
    });
    let mut options = Options::new(Box::new(SystemEntropy));
    options.allow_private = true;
    Webhooks::start(Arc::clone(environment), ops, options).expect("started")
}

/// Of an environment that is connected to Stripe soon everything has left memory: orders are told of long after they
/// are done with.
fn options(clock: &Arc<ManualClock>, stripe: Option<&StripeConfig>) -> OpenOptions {
    let usual = OpenOptions::new(Arc::clone(clock) as Arc<dyn Clock>, "0.0.0");
    match stripe {
        Some(_) => OpenOptions {
            run_length: RunLength::new(64).expect("a length"),
            checkpoint_every_facts: 4,
            ..usual
        },
        None => usual,
    }
}

fn open(dir: &std::path::Path, name: &str, options: OpenOptions) -> Arc<Environment> {
    Environment::open(&dir.join(name), options).expect("an environment")
}

async fn new_key(environment: &Environment) -> String {
    let made = environment.create_key(KeyNo::SYSTEM, "admin".into(), Scopes::all(), None).await;
    made.expect("a key").secret
}
