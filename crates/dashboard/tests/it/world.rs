//! A project behind both doors, with somebody signed in, a clock that stands, and short ways to look and to act.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::response::Parts;
use axum::http::{HeaderMap, Request, StatusCode};
use chargly_dashboard::{Dashboard, PEOPLE_FILE, People};
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
const PUBLIC_URL: &str = "https://billing.example.com";
const DAY_MS: i64 = 86_400_000;
/// The link that signs in.
const LINK: &str = "a-token-that-is-long-enough";

/// A project, its routers, and a session of an approver.
pub(crate) struct World {
    pub(crate) clock: Arc<ManualClock>,
    router: Router,
    pub(crate) test: Arc<Environment>,
    live: Arc<Environment>,
    key: String,
    session: String,
    dir: tempfile::TempDir,
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

    /// The value of a field of the form that does this.
    #[track_caller]
    pub(crate) fn field(&self, of: &str, name: &str) -> String {
        let begins = format!(r#"name="action" value="{of}""#);
        let form = self.text.split("<form").find(|form| form.contains(&begins));
        let form = form.unwrap_or_else(|| panic!("no form does {of}:\n{}", self.text));
        value_of(form, name).unwrap_or_else(|| panic!("no field {name} in {form}"))
    }

    /// Where links of the page lead, those that leave it.
    pub(crate) fn links(&self) -> BTreeSet<String> {
        let links = self.text.split(r#"href=""#).skip(1).filter_map(|rest| rest.split('"').next());
        links.filter(|link| !link.starts_with('#')).map(|link| link.replace("&amp;", "&")).collect()
    }

    /// Names of the files that the page is drawn with.
    pub(crate) fn assets(&self) -> BTreeSet<String> {
        let names = self.text.split("dashboard/assets/").skip(1).filter_map(|rest| rest.split('"').next());
        names.map(str::to_owned).collect()
    }

    /// Rows of the table behind an id, as its file has them, without the head.
    pub(crate) fn rows(&self) -> Vec<Vec<String>> {
        let lines = self.text.lines().skip(1);
        lines.map(|line| line.split(',').map(str::to_owned).collect()).collect()
    }
}

fn value_of(form: &str, name: &str) -> Option<String> {
    let field = form.split('<').find(|field| field.contains(&format!(r#"name="{name}""#)))?;
    let value = field.split(r#"value=""#).nth(1)?.split('"').next()?;
    Some(value.to_owned())
}

impl World {
    /// An empty project; packs are sold in the sandbox of *test*.
    pub(crate) async fn empty() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let clock = Arc::new(ManualClock::at(START_MS));
        let open = |name: &str, salt| {
            let options = || OpenOptions::new(Arc::clone(&clock) as Arc<dyn Clock>, "0.0.0");
            create(&dir.path().join(name), name, salt, options()).expect("a new environment");
            Environment::open(&dir.path().join(name), options()).expect("an environment")
        };
        let (test, live) = (open("test", [1; 32]), open("live", [2; 32]));
        sell(&test);
        let made = test.create_key(KeyNo::SYSTEM, "admin".into(), Scopes::all(), None).await;
        let key = made.expect("a key").secret;
        let project = Project::new(vec![Arc::clone(&test), Arc::clone(&live)], Vec::new(), None, "0.0.0");
        let routes = chargly_http::router(Arc::clone(&project));
        let people = People::open(dir.path()).expect("people");
        people.link_for_owner(LINK, START_MS).expect("a link");
        let dashboard = Dashboard::new(project, routes.clone(), Arc::new(people), || SystemEntropy.nonce());
        let router = routes.merge(chargly_dashboard::router(dashboard));
        let mut world = Self { clock, router, test, live, key, session: String::new(), dir };
        let signed_in = world.send("POST", &format!("/sign-in/{LINK}"), "", &[]).await.expect(303);
        let cookie = signed_in.headers["set-cookie"].to_str().expect("ASCII");
        cookie.split(';').next().expect("a cookie").clone_into(&mut world.session);
        world
    }

    /// With two event types, and customers who used them over ten days: `ada` pays, `bob` costs more than he pays, and of
    /// `image.generate` the price rose on the fifth day.
    pub(crate) async fn start() -> Self {
        let world = Self::empty().await;
        world
            .put("/v1/event-types/image.generate", r#"{"label":"Image","credits":10,"dimensions":["model"]}"#)
            .await;
        world.put("/v1/event-types/chat.reply", r#"{"label":"Reply","credits":1}"#).await;
        let paid = r#"{"credits":1000,"kind":"paid","price":{"amount":"20","currency":"usd"}}"#;
        let given = r#"{"credits":500,"kind":"promotional","reason":"welcome"}"#;
        world.post("/v1/customers/ada/grants", paid).await;
        world.post("/v1/customers/bob/grants", given).await;
        for day in 0..10 {
            if day == 5 {
                let price = r#"{"rule":{"type":"flat","credits":15},"note":"Dearer model"}"#;
                world.post("/v1/event-types/image.generate/prices", price).await;
            }
            for (event, customer, cost) in [
                (
                    "image.generate",
                    "ada",
                    r#","cost":{"amount":"0.04","currency":"usd"},"properties":{"model":"x1"}"#,
                ),
                (
                    "image.generate",
                    "bob",
                    r#","cost":{"amount":"0.06","currency":"usd"},"properties":{"model":"x2"}"#,
                ),
                ("chat.reply", "ada", ""),
            ] {
                let body = format!(
                    r#"{{"event":"{event}","customer":"{customer}","idempotency_key":"{event}-{day}"{cost}}}"#
                );
                world.post("/v1/events", &body).await;
            }
            world.clock.advance(DAY_MS);
        }
        world.post("/v1/events", r#"{"event":"chat.reply","customer":"ada","idempotency_key":"last"}"#).await;
        world.settled().await;
        world
    }

    /// Waits until figures reflect everything that was answered.
    pub(crate) async fn settled(&self) {
        let touched = self.ask("PUT", "/v1/customers/settled/wallet/policy", r#"{"policy":"strict"}"#).await;
        let position = touched.headers["chargly-position"].to_str().expect("ASCII").to_owned();
        self.get(&format!("/v1/usage?interval=total&min_position={position}")).await;
    }

    /// From now on whoever is signed in has this role.
    pub(crate) fn become_a(&self, role: &str) {
        let db = rusqlite::Connection::open(self.dir.path().join(PEOPLE_FILE)).expect("people.db");
        db.execute("UPDATE person SET role = ?1", [role]).expect("changed");
    }

    /// What the API answers.
    pub(crate) async fn get(&self, path: &str) -> Value {
        self.ask("GET", path, "").await.expect(200).json()
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> Value {
        self.ask("POST", path, body).await.expect(200).json()
    }

    pub(crate) async fn put(&self, path: &str, body: &str) -> Value {
        self.ask("PUT", path, body).await.expect(200).json()
    }

    async fn ask(&self, method: &str, path: &str, body: &str) -> Got {
        self.send(method, path, body, &[("authorization", &format!("Bearer {}", self.key))]).await
    }

    /// Presses a button of the sandbox's pay page, as a buyer.
    pub(crate) async fn press(&self, url: &str, action: &str) {
        let path = url.strip_prefix(PUBLIC_URL).expect("our address");
        let form = [("content-type", "application/x-www-form-urlencoded")];
        self.send("POST", path, &format!("action={action}"), &form).await.expect(303);
    }

    /// A page of *test*.
    pub(crate) async fn page(&self, path: &str) -> Got {
        self.look(&format!("/dashboard/test/{path}")).await
    }

    /// Any page, as whoever is signed in.
    pub(crate) async fn look(&self, path: &str) -> Got {
        self.send("GET", path, "", &[("cookie", &self.session)]).await
    }

    /// What an answer weighs as a browser gets it, compressed; and its text.
    pub(crate) async fn weigh(&self, path: &str) -> (usize, Got) {
        let signed_in = ("cookie", self.session.as_str());
        let (_, sent) = self.exchange("GET", path, "", &[signed_in, ("accept-encoding", "gzip")]).await;
        (sent.len(), self.look(path).await)
    }

    /// The file behind a chart or table, as rows.
    pub(crate) async fn file(&self, path: &str, id: &str) -> Vec<Vec<String>> {
        let joint = if path.contains('?') { '&' } else { '?' };
        let got = self.page(&format!("{path}{joint}csv={id}")).await.expect(200);
        assert_eq!(got.headers["content-type"], "text/csv; charset=utf-8");
        got.rows()
    }

    /// Sends a form as it is.
    pub(crate) async fn send_form(&self, path: &str, fields: &[(&str, &str)]) -> Got {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.send("POST", &format!("/dashboard/test/{path}"), &body, &[("cookie", &self.session)]).await
    }

    /// Fills in the form of a page that does this, and sends it.
    pub(crate) async fn act(&self, path: &str, what: &str, fields: &[(&str, &str)]) -> Got {
        let page = self.page(path).await.expect(200);
        let (csrf, key) = (page.field(what, "csrf"), page.field(what, "key"));
        let mut all = vec![("csrf", csrf.as_str()), ("action", what), ("key", &key)];
        all.extend(fields);
        self.send_form(path, &all).await
    }

    /// Sends a form that needs no key: it changes nothing, or what it does is the same done twice.
    pub(crate) async fn act_without_key(&self, path: &str, fields: &[(&str, &str)]) -> Got {
        let page = self.page(path).await.expect(200);
        let csrf = value_of(&page.text, "csrf").expect("a form");
        self.send_form(path, &[&[("csrf", csrf.as_str())], fields].concat()).await
    }

    async fn send(&self, method: &str, path: &str, body: &str, headers: &[(&str, &str)]) -> Got {
        let (parts, bytes) = self.exchange(method, path, body, headers).await;
        let text = String::from_utf8(bytes.to_vec()).expect("UTF-8");
        Got { status: parts.status, headers: parts.headers, text }
    }

    async fn exchange(
        &self,
        method: &str,
        path: &str,
        body: &str,
        headers: &[(&str, &str)],
    ) -> (Parts, Bytes) {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_owned())).expect("a request");
        let response = self.router.clone().oneshot(request).await.expect("the router cannot fail");
        let (parts, body) = response.into_parts();
        (parts, axum::body::to_bytes(body, usize::MAX).await.expect("a whole body"))
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.test.close();
        self.live.close();
    }
}

/// Packs are sold in the sandbox.
fn sell(environment: &Arc<Environment>) {
    let vault = Vault::new(Box::new(|_| Ok([9; 32])));
    let ops = Arc::new(Ops::open(environment.dir(), Arc::new(vault)).expect("ops.db"));
    let providers: Vec<Arc<dyn PaymentProvider>> = vec![Arc::new(Sandbox::new(Arc::downgrade(environment)))];
    environment.set_up_payments(PaymentSetup {
        public_url: PUBLIC_URL.to_owned(),
        providers,
        ops,
        names: WIRE_NAMES,
        allows_loopback: true,
    });
}
