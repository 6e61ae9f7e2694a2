//! `/try`: what Chargly does, to be clicked. Each click is a real event of the playground, made by the routes that
//! everybody calls, under a key that nobody is shown.
//!
//! Invariants: a visitor is a cookie, and their wallet's name is made from it by a hash, so that nobody reaches another's;
//! nothing here touches test or live; how much may be played is bounded (`turnstile.rs`).

mod acts;
mod calculators;
mod code;
mod lines;
mod page;
mod refusals;
mod stream;
mod tiles;
mod turnstile;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HOST, HeaderName, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::Response;
use axum::routing::{any, get};
use chargly_engine::ledger::Scope;
use chargly_engine::{Environment, PLAYGROUND};

use crate::api::{Api, Target};
use crate::own_key::OwnKey;
use crate::serve::{
    Dashboard, cookie, html_response, put, read_form, root_of, see_other, set_cookie, trouble_page,
};
use crate::state::State;
use crate::trouble::Trouble;
use acts::{BUTTONS, Hand};
use page::Answer;
use stream::Follow;
use turnstile::Turnstile;

/// The cookie that a visitor is known by.
const VISITOR_COOKIE: &str = "chargly_visitor";
/// How long a browser keeps it.
const VISITOR_SECONDS: i64 = 30 * 24 * 3_600;
/// Characters of a visitor's token, and of the name that is made from it.
const TOKEN_CHARACTERS: usize = 64;
const NAME_CHARACTERS: usize = 16;
/// What the playground's key is called in its audit log.
const KEY_LABEL: &str = "Try it (nobody has its secret)";
/// What visitors may do with it.
const SCOPES: &[Scope] = &[Scope::Read, Scope::Meter, Scope::Grant];

/// The routes of the playground.
pub(crate) fn router(dashboard: &Dashboard) -> Router {
    let dashboard = dashboard.clone();
    let playground =
        Arc::new(Playground { dashboard, turnstile: Arc::default(), key: OwnKey::new(KEY_LABEL, SCOPES) });
    let for_stream = Arc::clone(&playground);
    Router::new()
        .route(
            "/try",
            any(move |request: Request| {
                let playground = Arc::clone(&playground);
                async move { playground.serve(request).await }
            }),
        )
        .route(
            "/try/stream",
            get(move |request: Request| {
                let playground = Arc::clone(&for_stream);
                async move { playground.stream(request).await }
            }),
        )
}

struct Playground {
    dashboard: Dashboard,
    turnstile: Arc<Turnstile>,
    /// The key under which visitors act.
    key: OwnKey,
}

/// Somebody who plays.
struct Visitor {
    token: String,
    is_new: bool,
}

impl Visitor {
    /// The customer that they are.
    fn customer(&self) -> String {
        let name = blake3::derive_key("chargly playground visitors", self.token.as_bytes());
        let name: String = name.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("visitor_{}", &name[..NAME_CHARACTERS])
    }
}

/// What a request of a visitor is answered with.
struct Play {
    env: Arc<Environment>,
    api: Api,
    customer: String,
    currency: String,
    root: String,
    /// By which address the visitor reaches us: for code that can be pasted, and to come back to.
    origin: String,
    state: State,
}

impl Playground {
    async fn serve(&self, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let root = root_of(parts.uri.path());
        let visitor = self.visitor(&parts.headers);
        let play = match self.play(&visitor, &root, &parts.headers).await {
            Ok(Some(play)) => Play { state: State::parse(parts.uri.query().unwrap_or_default()), ..play },
            Ok(None) => return html_response(StatusCode::NOT_FOUND, &page::turned_off(&root)),
            Err(trouble) => return trouble_page(&root, &trouble),
        };
        let answer = match parts.method {
            Method::GET | Method::HEAD => Ok(Answer::None),
            Method::POST => self.act(&play, &parts.headers, body).await,
            _ => Err(Trouble::NotFound),
        };
        let mut response = match answer {
            Ok(Answer::To(address)) => see_other(&address),
            Ok(answer) => self.show(&play, &answer).await,
            Err(trouble) => trouble_page(&root, &trouble),
        };
        if visitor.is_new {
            let is_secure = is_secure(&parts.headers);
            set_cookie(&mut response, VISITOR_COOKIE, &visitor.token, is_secure, VISITOR_SECONDS);
        }
        response
    }

    async fn show(&self, play: &Play, answer: &Answer) -> Response {
        let status = StatusCode::from_u16(answer.status()).unwrap_or(StatusCode::OK);
        match page::show(play, answer, &self.dashboard.token()[..32]).await {
            Ok(page) => {
                let mut response = html_response(status, &page);
                if status == StatusCode::TOO_MANY_REQUESTS {
                    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("60"));
                }
                response
            }
            Err(trouble) => trouble_page(&play.root, &trouble),
        }
    }

    /// Does what a button says.
    async fn act(&self, play: &Play, headers: &HeaderMap, body: Body) -> Result<Answer, Trouble> {
        let form = read_form(headers, body).await?;
        let wanted = form.get("do").to_owned();
        let button = BUTTONS.iter().find(|button| button.event == wanted);
        let pack = wanted.strip_prefix("top_up ");
        if button.is_none() && pack.is_none() {
            return Err(Trouble::NotFound);
        }
        let now_ms = play.env.wall_ms();
        if let Err(limit) = self.turnstile.click(&play.customer, now_ms) {
            return Ok(Answer::Limited(limit.to_owned()));
        }
        let made = self.dashboard.token();
        let key = form.some("key").filter(|key| is_key(key)).unwrap_or(&made);
        let hand = Hand { api: &play.api, customer: &play.customer, currency: &play.currency, key };
        if !hand.has_wallet().await {
            if let Err(limit) = self.turnstile.newcomer(now_ms) {
                return Ok(Answer::Limited(limit.to_owned()));
            }
            if let Err(said) = hand.welcome().await {
                return Ok(Answer::Failed(said));
            }
        }
        if let Some(button) = button {
            return Ok(Answer::Clicked(hand.click(button).await));
        }
        // Back to this page, by the address that the visitor came by; a page of ours where that is not allowed.
        let pack = pack.unwrap_or_default();
        let back = format!("{}/try", play.origin);
        let ordered = match hand.top_up(pack, Some(&back)).await {
            Err(_) => hand.top_up(pack, None).await,
            ordered => ordered,
        };
        Ok(match ordered {
            Ok(url) => Answer::To(within(&url, &play.root)),
            Err(said) => Answer::Failed(said),
        })
    }

    async fn stream(&self, request: Request) -> Response {
        let root = root_of(request.uri().path());
        let visitor = self.visitor(request.headers());
        let play = match self.play(&visitor, &root, request.headers()).await {
            Ok(Some(play)) if !visitor.is_new => play,
            Ok(_) => return trouble_page(&root, &Trouble::NotFound),
            Err(trouble) => return trouble_page(&root, &trouble),
        };
        let Some(room) = self.turnstile.stream(&play.customer) else {
            let mut full = Response::new(Body::empty());
            *full.status_mut() = StatusCode::TOO_MANY_REQUESTS;
            return full;
        };
        // A browser that comes back says where it was; one that begins, where its page ends.
        let state = State::parse(request.uri().query().unwrap_or_default());
        let after = request.headers().get("last-event-id").and_then(|id| id.to_str().ok());
        let after =
            after.or(state.get("after")).map(|after| (HeaderName::from_static("last-event-id"), after));
        let target = Target::new("/v1/stream").with("customer", &play.customer);
        let upstream = play.api.call("GET", target.into(), Body::empty(), after.as_slice()).await;
        if !upstream.status().is_success() {
            return upstream;
        }
        let labels = page::event_types(&play.api).await.unwrap_or_default();
        let labels = labels
            .iter()
            .map(|one| (one.get("name").text().to_owned(), one.get("label").text().to_owned()))
            .collect();
        let follow = Follow { api: play.api, customer: play.customer, labels, _room: room };
        let mut response = Response::new(follow.over(upstream.into_body()));
        put(&mut response, &[(CONTENT_TYPE, "text/event-stream"), (CACHE_CONTROL, "no-store")]);
        // Proxies that collect answers would hold the events back.
        response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
        response
    }

    fn visitor(&self, headers: &HeaderMap) -> Visitor {
        let is_token = |token: &String| {
            token.len() == TOKEN_CHARACTERS && token.bytes().all(|byte| byte.is_ascii_hexdigit())
        };
        match cookie(headers, VISITOR_COOKIE).filter(is_token) {
            Some(token) => Visitor { token, is_new: false },
            None => Visitor { token: self.dashboard.token(), is_new: true },
        }
    }

    /// `None` where there is no playground.
    async fn play(
        &self,
        visitor: &Visitor,
        root: &str,
        headers: &HeaderMap,
    ) -> Result<Option<Play>, Trouble> {
        let Some(env) = self.dashboard.environment(PLAYGROUND) else { return Ok(None) };
        let key = self.key.of(&env).await?;
        Ok(Some(Play {
            api: Api::new(self.dashboard.routes.clone(), Arc::clone(&env), key),
            customer: visitor.customer(),
            currency: env.catalogue().currency.as_str().to_owned(),
            root: root.to_owned(),
            origin: origin(headers, &env),
            state: State::default(),
            env,
        }))
    }
}

/// A key of a form of ours; the script counts behind it.
fn is_key(key: &str) -> bool {
    (8..=64).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// A page of ours by its full address, from where the visitor is: they may reach us by another name than we know.
fn within(url: &str, root: &str) -> String {
    let path = ["/sandbox/", "/checkout/"].into_iter().find_map(|page| url.find(page));
    path.map_or_else(|| url.to_owned(), |at| format!("{root}{}", &url[at + 1..]))
}

fn is_secure(headers: &HeaderMap) -> bool {
    headers.get("x-forwarded-proto").is_some_and(|proto| proto == "https")
}

/// Where the visitor reaches us: by the name that they came by where that is this machine's, since a cookie belongs to a
/// name; else by the public one.
fn origin(headers: &HeaderMap, env: &Environment) -> String {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let is_near = ["localhost", "127.0.0.1", "[::1]"]
        .iter()
        .any(|near| host.strip_prefix(near).is_some_and(|port| port.is_empty() || port.starts_with(':')));
    match env.public_url() {
        Some(public) if !is_near => public.to_owned(),
        _ => format!("http://{host}"),
    }
}
