//! A project with a playground behind its doors, and browsers that keep their cookies.

use std::cell::RefCell;
use std::ops::Deref;

use axum::body::Body;
use axum::http::Request;
use chargly_dashboard::People;

use crate::doors::Doors;
pub(crate) use crate::doors::Got;

/// A project that nobody is signed in to.
pub(crate) struct World(Doors);

impl World {
    /// *Test* and *live*, and the playground where it is wanted, with two event types and a pack in each.
    pub(crate) async fn with(names: &[&str]) -> Self {
        let world = Self(Doors::open(names, |_| People::in_memory().expect("people")).await);
        for name in names {
            let key = world.key_of(name);
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

    pub(crate) fn browser(&self) -> Browser<'_> {
        Browser { world: self, cookie: RefCell::default() }
    }
}

impl Deref for World {
    type Target = Doors;

    fn deref(&self) -> &Doors {
        &self.0
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
