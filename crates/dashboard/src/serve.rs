//! One request, start to end: whose session, may they, which page, answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{FromRequestParts as _, RawPathParams, Request};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, LOCATION,
    REFERRER_POLICY, SET_COOKIE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::Response;
use axum::routing::{any, get};
use chargly_engine::Environment;
use chargly_http::Project;
use maud::{Markup, html};
use tokio::sync::Semaphore;
use tower_http::compression::CompressionLayer;

use crate::api::Api;
use crate::exports::{self, EXPORTS_MAX};
use crate::live;
use crate::look::{Around, around, find_asset};
use crate::page::Page;
use crate::people::password::{self, WrongOnes};
use crate::people::{People, Person};
use crate::pressed::Pressed;
use crate::routes::{EXPORT, PAGES, PageRoute, STREAM};
use crate::sample::SampleData;
use crate::state::State;
use crate::trouble::Trouble;
use crate::visit::Visit;

/// Bytes of a form.
pub(crate) const FORM_BYTES_MAX: usize = 256 * 1024;
/// The cookie of a session.
const SESSION_COOKIE: &str = "chargly_session";
/// What a page may do: our own files, our own address, no frames.
const POLICY: &str = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; \
                      frame-ancestors 'none'; form-action 'self'";

/// What the dashboard is made over.
#[derive(Clone)]
pub struct Dashboard {
    /// The environments.
    pub project: Arc<Project>,
    /// The routes of the HTTP door.
    pub routes: Router,
    /// Who may look.
    pub people: Arc<People>,
    /// Where chance comes from: 16 bytes that nobody has seen before.
    pub nonce: fn() -> [u8; 16],
    /// Who makes sample data, where it can be made.
    pub sample: Option<Arc<dyn SampleData>>,
    /// Wrong passwords of late.
    wrong_ones: Arc<WrongOnes>,
    /// Files that may still be written at one time.
    exports: Arc<Semaphore>,
    /// Forms of late whose calls take no idempotency key.
    pressed: Arc<Pressed>,
}

impl Dashboard {
    /// A dashboard over these environments and routes, for these people.
    pub fn new(project: Arc<Project>, routes: Router, people: Arc<People>, nonce: fn() -> [u8; 16]) -> Self {
        let exports = Arc::new(Semaphore::new(EXPORTS_MAX));
        Self {
            project,
            routes,
            people,
            nonce,
            sample: None,
            wrong_ones: Arc::default(),
            exports,
            pressed: Arc::default(),
        }
    }
}

/// The fields of a form, each given once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Form(BTreeMap<String, String>);

impl Form {
    /// A field, without spaces around; empty where it was not sent.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", |value| value.trim())
    }

    /// A field as it was typed.
    pub(crate) fn raw(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// A field that is not empty.
    pub(crate) fn some(&self, name: &str) -> Option<&str> {
        Some(self.get(name)).filter(|value| !value.is_empty())
    }
}

/// What an action did.
pub(crate) enum Done {
    /// Said at the top of the page, which is shown again.
    Said(String),
    /// The same, at another page of this environment, in the range that was chosen.
    At(String, String),
    /// To another address, relative to this one: what was asked stands in it.
    To(String),
    /// The same, in another environment.
    Elsewhere(&'static str, String, String),
    /// A page that is shown this once: a secret.
    Shown(Box<Page>),
}

/// The routes of the dashboard.
pub fn router(dashboard: Dashboard) -> Router {
    let mut router = Router::new().route("/dashboard/assets/{file}", get(asset));
    for route in PAGES {
        let dashboard = dashboard.clone();
        let serve = move |request: Request| {
            let dashboard = dashboard.clone();
            async move { dashboard.serve(route, request).await }
        };
        router = router.route(&format!("/dashboard/{{environment}}/{}", route.path), any(serve));
    }
    router = router.merge(crate::try_it::router(&dashboard)).merge(crate::wallet::router(&dashboard));
    let at_link = dashboard.clone();
    let at_stream = dashboard.clone();
    let at_exports = dashboard.clone();
    let at_sign_in = dashboard.clone();
    let at_root = dashboard.clone();
    let at_end = dashboard;
    router
        .route("/dashboard", get(move |request: Request| async move { at_root.begin(&request) }))
        .route(
            "/dashboard/{environment}/stream",
            get(move |request: Request| async move { at_stream.stream(request).await }),
        )
        .route(
            "/dashboard/{environment}/exports/{file}",
            get(move |request: Request| async move { at_exports.export(request).await }),
        )
        .route("/sign-in", any(move |request: Request| async move { at_sign_in.sign_in(request).await }))
        .route(
            "/sign-in/{token}",
            any(move |request: Request| async move { at_link.sign_in_by_link(request).await }),
        )
        .route("/sign-out", any(move |request: Request| async move { at_end.sign_out(request).await }))
        .layer(CompressionLayer::new())
}

impl Dashboard {
    async fn serve(&self, route: &'static PageRoute, request: Request) -> Response {
        let (mut parts, body) = request.into_parts();
        let root = root_of(parts.uri.path());
        match self.visit(route, &mut parts).await {
            Ok(visit) => match parts.method {
                Method::GET | Method::HEAD => show(route, &visit).await,
                Method::POST => self.act(route, visit, &parts.headers, body).await,
                _ => trouble_page(&root, &Trouble::NotFound),
            },
            Err(trouble) => trouble_page(&root, &trouble),
        }
    }

    async fn stream(&self, request: Request) -> Response {
        let (mut parts, _) = request.into_parts();
        match self.visit(&STREAM, &mut parts).await {
            Ok(visit) => live::stream(&visit, &parts.headers).await,
            Err(trouble) => trouble_page(&root_of(parts.uri.path()), &trouble),
        }
    }

    async fn export(&self, request: Request) -> Response {
        let (mut parts, _) = request.into_parts();
        let found = self.visit(&EXPORT, &mut parts).await;
        let file = found.and_then(|visit| exports::file(&visit, &self.exports));
        file.unwrap_or_else(|trouble| trouble_page(&root_of(parts.uri.path()), &trouble))
    }

    /// Who asks, where, and whether they may.
    async fn visit(&self, route: &'static PageRoute, parts: &mut Parts) -> Result<Visit, Trouble> {
        let root = root_of(parts.uri.path());
        let (person, session) = self.signed_in(&parts.headers)?;
        if person.role < route.role {
            return Err(Trouble::Role(route.role.name()));
        }
        let params = RawPathParams::from_request_parts(parts, &()).await.map_err(|_| Trouble::NotFound)?;
        let params: Vec<(String, String)> =
            params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let environment =
            params.iter().find(|(name, _)| name == "environment").map_or("", |(_, value)| value);
        let env = self.environment(environment).ok_or(Trouble::NotFound)?;
        let key = self.people.acting_key(&person, &env).await?;
        Ok(Visit {
            project: Arc::clone(&self.project),
            api: Api::new(self.routes.clone(), Arc::clone(&env), key),
            env,
            person,
            csrf: csrf_of(&session),
            people: Arc::clone(&self.people),
            session,
            nonce: self.nonce,
            root,
            section: route.section,
            typed: Form::default(),
            params,
            state: State::parse(parts.uri.query().unwrap_or_default()),
            address: address_of(&parts.headers),
            sample: self.sample.clone(),
            pressed: Arc::clone(&self.pressed),
        })
    }

    pub(crate) fn environment(&self, name: &str) -> Option<Arc<Environment>> {
        self.project.environment(name)
    }

    /// The person of the request's session, and its token.
    fn signed_in(&self, headers: &HeaderMap) -> Result<(Person, String), Trouble> {
        let session = cookie(headers, SESSION_COOKIE).ok_or(Trouble::SignedOut)?;
        let person =
            self.people.person_of(&session, self.now_ms()).map_err(|error| Trouble::internal(&error))?;
        person.map(|person| (person, session)).ok_or(Trouble::SignedOut)
    }

    async fn act(
        &self,
        route: &'static PageRoute,
        mut visit: Visit,
        headers: &HeaderMap,
        body: Body,
    ) -> Response {
        let done = match read_form_of(headers, body, route.form_bytes).await {
            Ok(form) => {
                let done = match route.act {
                    None => Err(Trouble::NotFound),
                    Some(_) if form.get("csrf") != visit.csrf => Err(Trouble::Stale),
                    Some(act) => act(&visit, &form).await,
                };
                visit.typed = form;
                done
            }
            Err(trouble) => Err(trouble),
        };
        match done {
            // A reload must not send it again.
            Ok(Done::Said(said)) => see_other(&visit.state.with("said", &said)),
            Ok(Done::At(path, said)) => see_other(&said_at(&visit, visit.env.name(), &path, &said)),
            Ok(Done::Elsewhere(environment, path, said)) => {
                see_other(&said_at(&visit, environment, &path, &said))
            }
            Ok(Done::To(address)) => see_other(&address),
            Ok(Done::Shown(page)) => html_response(StatusCode::OK, &page.in_dashboard(&visit)),
            Err(trouble) => {
                let status =
                    StatusCode::from_u16(trouble.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                // Nobody knows what became of it: sent once more under the same key, it is done once.
                if status.is_client_error() {
                    visit.typed.0.remove("key");
                }
                match (route.show)(&visit).await {
                    Ok(mut page) => {
                        page.trouble = Some(trouble);
                        html_response(status, &page.in_dashboard(&visit))
                    }
                    Err(_) => trouble_page(&visit.root, &trouble),
                }
            }
        }
    }

    /// `/dashboard`: to where somebody starts.
    fn begin(&self, request: &Request) -> Response {
        let root = root_of(request.uri().path());
        match self.signed_in(request.headers()) {
            Ok(_) => see_other(&format!("{root}dashboard/test/overview")),
            Err(trouble) => trouble_page(&root, &trouble),
        }
    }

    /// A link that signs in. Looking at it uses nothing up, so that a program that looks links over ends none.
    async fn sign_in_by_link(&self, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let root = root_of(parts.uri.path());
        let token = parts.uri.path().rsplit('/').next().unwrap_or_default().to_owned();
        let done = async {
            if parts.method != Method::POST {
                let is_good = self.people.is_link_good(&token, self.now_ms());
                return Ok(if is_good.map_err(|error| Trouble::internal(&error))? {
                    html_response(StatusCode::OK, &link_page(&root))
                } else {
                    html_response(StatusCode::NOT_FOUND, &used_link_page(&root))
                });
            }
            read_form(&parts.headers, body).await?;
            let session = self.token();
            let signed_in = self.people.sign_in_by_link(&token, &session, self.now_ms());
            if !signed_in.map_err(|error| Trouble::internal(&error))? {
                return Ok(html_response(StatusCode::NOT_FOUND, &used_link_page(&root)));
            }
            Ok::<_, Trouble>(to_overview(&root, &parts.headers, &session))
        };
        done.await.unwrap_or_else(|trouble| trouble_page(&root, &trouble))
    }

    /// Signing in by address and password.
    async fn sign_in(&self, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let root = root_of(parts.uri.path());
        if parts.method != Method::POST {
            return html_response(StatusCode::OK, &sign_in_page(&root, "", None));
        }
        let form = match read_form(&parts.headers, body).await {
            Ok(form) => form,
            Err(trouble) => return trouble_page(&root, &trouble),
        };
        let (email, now_ms) = (form.get("email").to_owned(), self.now_ms());
        if !self.wrong_ones.allow(&email, now_ms) {
            let wait = "Too many wrong passwords. Wait a quarter of an hour, or sign in by a link.";
            return html_response(StatusCode::TOO_MANY_REQUESTS, &sign_in_page(&root, &email, Some(wait)));
        }
        let password: String = form.raw("password").chars().take(password::PASSWORD_BYTES_MAX).collect();
        let found = match self.people.password_of(&email) {
            Ok(found) => found,
            Err(error) => return trouble_page(&root, &Trouble::internal(&error)),
        };
        let kept = found.as_ref().map(|(_, kept)| kept.clone());
        // Hashing takes its time on purpose: other pages must not wait for it.
        let checked =
            tokio::task::spawn_blocking(move || password::is_right(&password, kept.as_deref())).await;
        let Some((person, _)) = found.filter(|_| checked.unwrap_or(false)) else {
            self.wrong_ones.count(&email);
            let wrong = "Nobody here has this address and password.";
            return html_response(StatusCode::UNAUTHORIZED, &sign_in_page(&root, &email, Some(wrong)));
        };
        let session = self.token();
        match self.people.sign_in(person, &session, now_ms) {
            Ok(()) => to_overview(&root, &parts.headers, &session),
            Err(error) => trouble_page(&root, &Trouble::internal(&error)),
        }
    }

    async fn sign_out(&self, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let root = root_of(parts.uri.path());
        let done = async {
            let (_, session) = self.signed_in(&parts.headers)?;
            if parts.method != Method::POST
                || read_form(&parts.headers, body).await?.get("csrf") != csrf_of(&session)
            {
                return Err(Trouble::Stale);
            }
            self.people.sign_out(&session).map_err(|error| Trouble::internal(&error))?;
            let mut response = see_other(&format!("{root}dashboard"));
            set_cookie(&mut response, SESSION_COOKIE, "", false, 0);
            Ok(response)
        };
        done.await.unwrap_or_else(|trouble| trouble_page(&root, &trouble))
    }

    pub(crate) fn token(&self) -> String {
        let bytes = [(self.nonce)(), (self.nonce)()].concat();
        blake3::hash(&bytes).to_hex().to_string()
    }

    fn now_ms(&self) -> i64 {
        self.project.environments.first().map_or(0, |env| env.wall_ms())
    }
}

/// How long a browser keeps the cookie; the session itself may end before.
const SESSION_COOKIE_SECONDS: i64 = 30 * 24 * 3_600;

/// To the overview, with the cookie of a new session.
fn to_overview(root: &str, headers: &HeaderMap, session: &str) -> Response {
    let mut response = see_other(&format!("{root}dashboard"));
    let is_secure = headers.get("x-forwarded-proto").is_some_and(|proto| proto == "https");
    set_cookie(&mut response, SESSION_COOKIE, session, is_secure, SESSION_COOKIE_SECONDS);
    response
}

async fn show(route: &'static PageRoute, visit: &Visit) -> Response {
    match (route.show)(visit).await {
        Ok(mut page) => {
            if let Some(id) = visit.state.get("csv") {
                return csv_response(visit, &page, id);
            }
            page.said = page.said.or_else(|| visit.state.get("said").map(str::to_owned));
            html_response(StatusCode::OK, &page.in_dashboard(visit))
        }
        Err(trouble) => trouble_page(&visit.root, &trouble),
    }
}

/// Exactly what is drawn, as a file.
fn csv_response(visit: &Visit, page: &Page, id: &str) -> Response {
    let Some(table) = page.sheet.find(id) else { return trouble_page(&visit.root, &Trouble::NotFound) };
    let (zone, at, position) =
        page.as_of.as_ref().map_or(("UTC", "", ""), |as_of| (&*as_of.zone, &*as_of.at, &*as_of.position));
    let of_all = [
        ("environment", visit.env.name()),
        ("time_zone", zone),
        ("as_of_at", at),
        ("as_of_position", position),
    ];
    let mut response = Response::new(Body::from(table.csv(&of_all)));
    put(&mut response, &[(CONTENT_TYPE, "text/csv; charset=utf-8"), (CACHE_CONTROL, "no-store")]);
    let name = format!("attachment; filename=\"chargly-{}-{id}.csv\"", visit.env.name());
    if let Ok(name) = HeaderValue::try_from(name) {
        response.headers_mut().insert(CONTENT_DISPOSITION, name);
    }
    response
}

async fn asset(request: Request) -> Response {
    let name = request.uri().path().rsplit('/').next().unwrap_or_default();
    let Some(asset) = find_asset(name) else {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_FOUND;
        return response;
    };
    let mut response = Response::new(Body::from(asset.content));
    put(
        &mut response,
        &[
            (CONTENT_TYPE, asset.content_type),
            (CACHE_CONTROL, "public, max-age=31536000, immutable"),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            // A picture of ours that is opened by itself is a document too.
            (CONTENT_SECURITY_POLICY, "default-src 'none'"),
        ],
    );
    response
}

/// A page as a response, with what a browser needs to know.
pub(crate) fn html_response(status: StatusCode, page: &Markup) -> Response {
    let mut response = Response::new(Body::from(page.0.clone()));
    *response.status_mut() = status;
    put(
        &mut response,
        &[
            (CONTENT_TYPE, "text/html; charset=utf-8"),
            (CACHE_CONTROL, "no-store"),
            (CONTENT_SECURITY_POLICY, POLICY),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            // A link out, or a form, must not tell where it was.
            (REFERRER_POLICY, "same-origin"),
        ],
    );
    response
}

/// A page of an environment in the range that was chosen, with what is said at its top.
fn said_at(visit: &Visit, environment: &str, path: &str, said: &str) -> String {
    let range = State::parse(visit.state.range_query().trim_start_matches('?'));
    let query = range.with("said", said);
    format!("{}dashboard/{environment}/{path}{}", visit.root, query.trim_end_matches('?'))
}

/// Where this server is reached, as whoever asks reached it. It goes into a line for a shell, so that an odd one is none.
fn address_of(headers: &HeaderMap) -> String {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let is_plain = |host: &&str| {
        !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b))
    };
    let scheme = if text("x-forwarded-proto") == Some("https") { "https" } else { "http" };
    let host = text("x-forwarded-host").or_else(|| text("host")).filter(is_plain).unwrap_or("127.0.0.1:8080");
    format!("{scheme}://{host}")
}

pub(crate) fn put(response: &mut Response, headers: &[(axum::http::HeaderName, &'static str)]) {
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
}

pub(crate) fn see_other(address: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    if let Ok(address) = HeaderValue::try_from(address) {
        response.headers_mut().insert(LOCATION, address);
    }
    response
}

pub(crate) fn set_cookie(response: &mut Response, name: &str, token: &str, is_secure: bool, seconds: i64) {
    let secure = if is_secure { "; Secure" } else { "" };
    let cookie = format!("{name}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    if let Ok(cookie) = HeaderValue::try_from(cookie) {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
}

pub(crate) fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs =
        cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
}

/// What a form of this session has to bring: nobody who has not seen a page of it knows it.
fn csrf_of(session: &str) -> String {
    blake3::derive_key("chargly dashboard forms", session.as_bytes())
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The fields of a form that a page of ours sent.
pub(crate) async fn read_form(headers: &HeaderMap, body: Body) -> Result<Form, Trouble> {
    read_form_of(headers, body, FORM_BYTES_MAX).await
}

/// The same, of a form that may be larger than most.
async fn read_form_of(headers: &HeaderMap, body: Body, bytes_max: usize) -> Result<Form, Trouble> {
    // Browsers say where a form comes from; programs have the API.
    if headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none") {
        return Err(Trouble::Stale);
    }
    let body = axum::body::to_bytes(body, bytes_max).await.map_err(|_| Trouble::Stale)?;
    let fields = form_urlencoded::parse(&body).map(|(name, value)| (name.into_owned(), value.into_owned()));
    Ok(Form(fields.collect()))
}

/// From a path to the root: one step up for each folder that it is in.
pub(crate) fn root_of(path: &str) -> String {
    "../".repeat(path.matches('/').count().saturating_sub(1))
}

pub(crate) fn trouble_page(root: &str, trouble: &Trouble) -> Response {
    let (heading, then) = match trouble {
        Trouble::SignedOut => return html_response(StatusCode::UNAUTHORIZED, &sign_in_page(root, "", None)),
        Trouble::NotFound => {
            ("There is nothing here", html! { p { a href={ (root) "dashboard" } { "To the overview" } } })
        }
        _ => (
            "That did not work",
            html! { p { (trouble.sentence()) } p { a href={ (root) "dashboard" } { "To the overview" } } },
        ),
    };
    let status = StatusCode::from_u16(trouble.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    html_response(status, &card(root, heading, &then))
}

fn sign_in_page(root: &str, email: &str, wrong: Option<&str>) -> Markup {
    card(
        root,
        "Sign in to Chargly",
        &html! {
            @if let Some(wrong) = wrong { p.trouble role="alert" { (wrong) } }
            form.stack method="post" action={ (root) "sign-in" } {
                label { "Email" input type="email" name="email" value=(email) autocomplete="username" required; }
                label { "Password" input type="password" name="password" autocomplete="current-password" required; }
                button.main { "Sign in" }
            }
            p.note { "No password yet? The first start of the server printed a link that signs in once. Whoever has the data "
                "directory makes a new one:" }
            pre { "chargly sign-in-link --data ./chargly-data" }
            p.note { a href={ (root) "try" } { "Try Chargly without signing in" } }
        },
    )
}

fn link_page(root: &str) -> Markup {
    card(
        root,
        "Sign in to Chargly",
        &html! {
            p { "This link signs you in once. The session lasts two weeks from your last visit." }
            form method="post" { button.main { "Sign in" } }
        },
    )
}

fn used_link_page(root: &str) -> Markup {
    card(
        root,
        "This link is used up",
        &html! {
            p { "A link signs in once, within a day. Whoever has the data directory makes a new one:" }
            pre { "chargly sign-in-link --data ./chargly-data" }
        },
    )
}

/// A page that says one thing.
pub(crate) fn card(root: &str, heading: &str, content: &Markup) -> Markup {
    let body = html! {
        main.card { (crate::look::wordmark()) h1 { (heading) } (content) }
    };
    around(&Around { root, title: heading, class: "single", scripts: &[] }, &body)
}
