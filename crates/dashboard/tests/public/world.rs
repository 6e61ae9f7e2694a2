//! A project with a playground behind its doors, a clock that stands, and browsers that keep their cookies.

use std::cell::RefCell;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
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
pub(crate) struct World {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) router: Router,
    environments: Vec<Arc<Environment>>,
    /// A key for everything in each environment.
    keys: Vec<String>,
    _dir: tempfile::TempDir,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Got {
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    #[track_caller]
    pub(crate) fn says(&self, words: &str) -> &Self {
        assert!(self.text.contains(words), "{words:?} is not on the page:\n{}", self.text);
        self
    }

    #[track_caller]
    pub(crate) fn is_silent_on(&self, words: &str) -> &Self {
        assert!(!self.text.contains(words), "{words:?} is on the page:\n{}", self.text);
        self
    }

    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

impl World {
    /// *Test* and *live*, and the playground where it is wanted, with two event types and a pack in each.
    pub(crate) async fn with(names: &[&str]) -> Self {
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
        let people = Arc::new(People::in_memory().expect("people"));
        let dashboard = Dashboard::new(project, routes.clone(), people, || SystemEntropy.nonce());
        let router = routes.merge(chargly_dashboard::router(dashboard));
        let world = Self { clock, router, environments, keys, _dir: dir };
        for key in &world.keys {
            for (name, body) in [
                ("chat.reply", r#"{"label":"Chat reply","credits":1}"#),
                ("image.generate", r#"{"label":"Image generated","credits":12}"#),
                ("agent.run", r#"{"label":"Agent run","credits":25}"#),
            ] {
                world.ask(key, "PUT", &format!("/v1/event-types/{name}"), body).await.expect(200);
            }
            let pack = r#"{"name":"Starter","audience":"For trying things out.","credits":500,"price":{"amount":"10","currency":"usd"}}"#;
            world.ask(key, "PUT", "/v1/packs/starter_500", pack).await.expect(200);
        }
        world
    }

    pub(crate) async fn start() -> Self {
        Self::with(&["test", "live", "playground"]).await
    }

    /// The key of an environment, by its place.
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
        let response = self.router.clone().oneshot(request).await.expect("the router cannot fail");
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.expect("a whole body");
        Got {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    pub(crate) fn browser(&self) -> Browser<'_> {
        Browser { world: self, cookie: RefCell::default() }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.environments.iter().for_each(|env| env.close());
    }
}

/// Somebody's browser: it keeps the cookie that it was given.
pub(crate) struct Browser<'a> {
    world: &'a World,
    cookie: RefCell<String>,
}

impl Browser<'_> {
    pub(crate) async fn get(&self, path: &str) -> Got {
        self.send("GET", path, "").await
    }

    pub(crate) async fn post(&self, path: &str, form: &str) -> Got {
        self.send("POST", path, form).await
    }

    async fn send(&self, method: &str, path: &str, form: &str) -> Got {
        let got = self.world.send(self.request(method, path, form)).await;
        if let Some(cookie) = got.header("set-cookie").split(';').next().filter(|cookie| !cookie.is_empty()) {
            cookie.clone_into(&mut self.cookie.borrow_mut());
        }
        got
    }

    /// A request with the cookie.
    pub(crate) fn request(&self, method: &str, path: &str, form: &str) -> Request<Body> {
        let request = Request::builder().method(method).uri(path).header("host", "127.0.0.1:8080");
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let request = request.header("cookie", self.cookie.borrow().as_str());
        request.body(Body::from(form.to_owned())).expect("a request")
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
