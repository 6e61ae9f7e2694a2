//! A project with somebody signed in, and short ways to look and to act.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, Response};
use chargly_dashboard::{PEOPLE_FILE, People};
use chargly_engine::{Environment, ManualClock};
use serde_json::Value;
use tower::ServiceExt as _;

use crate::doors::{Doors, PUBLIC_URL};
pub(crate) use crate::doors::{Got, START_MS};

const DAY_MS: i64 = 86_400_000;
/// The link that signs in.
const LINK: &str = "a-token-that-is-long-enough";

/// A project, and a session of an approver.
pub(crate) struct World {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) test: Arc<Environment>,
    doors: Doors,
    session: String,
}

impl Got {
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
        let people = |dir: &std::path::Path| {
            let people = People::open(dir).expect("people");
            people.link_for_owner(LINK, START_MS).expect("a link");
            people
        };
        let doors = Doors::open(&["test", "live"], people).await;
        let (clock, test) = (Arc::clone(&doors.clock), Arc::clone(&doors.environments[0]));
        let mut world = Self { clock, test, doors, session: String::new() };
        let signed_in = world.send("POST", &format!("/sign-in/{LINK}"), "", &[]).await.expect(303);
        signed_in.header("set-cookie").split(';').next().expect("a cookie").clone_into(&mut world.session);
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
        let db = rusqlite::Connection::open(self.doors.dir.path().join(PEOPLE_FILE)).expect("people.db");
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
        self.doors.ask(self.doors.key_of("test"), method, path, body).await
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

    /// A page, as somebody whom nobody knows.
    pub(crate) async fn without_session(&self, path: &str) -> Got {
        self.send("GET", path, "", &[]).await
    }

    /// The beginning of an answer, whose body is still to be read: packed, as browsers ask for it.
    pub(crate) async fn open(&self, path: &str) -> Response<Body> {
        let request =
            Request::builder().uri(path).header("cookie", &self.session).header("accept-encoding", "gzip");
        let request = request.body(Body::empty()).expect("a request");
        self.doors.router.clone().oneshot(request).await.expect("the router cannot fail")
    }

    /// What an answer weighs as a browser gets it, compressed; and its text.
    pub(crate) async fn weigh(&self, path: &str) -> (usize, Got) {
        let signed_in = ("cookie", self.session.as_str());
        let request = request("GET", path, "", &[signed_in, ("accept-encoding", "gzip")]);
        let (_, sent) = self.doors.exchange(request).await;
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
        self.doors.send(request(method, path, body, headers)).await
    }
}

fn request(method: &str, path: &str, body: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let request = Request::builder().method(method).uri(path);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.body(Body::from(body.to_owned())).expect("a request")
}
