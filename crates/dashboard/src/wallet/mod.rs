//! `/wallet/{environment}/{token}`: what a customer sees of their own wallet, and where they buy more.
//!
//! The operator's backend makes the link (`POST /v1/customers/{customer}/wallet-links`); who has it is let in until it
//! ends, and to nobody else's wallet. The same is told as JSON to the two components that stand in the operator's pages.
//!
//! Invariants: the customer comes from the token alone; a token that is none, of another environment, or over is one
//! answer; words of the product and of nothing behind it (`history.rs`); a page is framed, and answers read, only where
//! the project's `redirect_origins` say so, and in *test* from this machine.

mod history;
mod page;
mod shown;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, ORIGIN,
    REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::Response;
use axum::routing::{any, get};
use chargly_engine::ledger::Scope;
use chargly_engine::{Environment, WalletLink};
use maud::Markup;

use crate::api::{Api, Target};
use crate::own_key::OwnKey;
use crate::serve::{Dashboard, FORM_BYTES_MAX, html_response, put, root_of, see_other};
use crate::state::State;
use crate::trouble::Trouble;
use page::Frame;
use shown::Shown;

/// What the wallet pages' key is called in audit logs.
const KEY_LABEL: &str = "Wallet pages (nobody has its secret)";
/// What wallet pages do: read, and begin checkouts.
const SCOPES: &[Scope] = &[Scope::Read, Scope::Meter];
/// How long the link is good by which a buyer comes back: as long as a checkout is.
const BACK_MS: i64 = 24 * 3_600_000;
/// The components for pages of the operator.
const COMPONENTS: &str = include_str!("../../assets/components.js");

/// The routes of wallet pages.
pub(crate) fn router(dashboard: &Dashboard) -> Router {
    let pages = Arc::new(Pages { dashboard: dashboard.clone(), key: OwnKey::new(KEY_LABEL, SCOPES) });
    let at = |serve: fn(Arc<Pages>, Request) -> futures_util::future::BoxFuture<'static, Response>| {
        let pages = Arc::clone(&pages);
        any(move |request: Request| serve(Arc::clone(&pages), request))
    };
    Router::new()
        .route("/wallet/components.js", get(components))
        .route(
            "/wallet/{environment}/{token}",
            at(|pages, request| Box::pin(async move { pages.serve(request).await })),
        )
        .route(
            "/wallet/{environment}/{token}/state",
            at(|pages, request| Box::pin(async move { pages.state(request).await })),
        )
        .route(
            "/wallet/{environment}/{token}/checkout",
            at(|pages, request| Box::pin(async move { pages.checkout(request).await })),
        )
}

struct Pages {
    dashboard: Dashboard,
    key: OwnKey,
}

/// Whoever has a good link.
struct Holder {
    env: Arc<Environment>,
    api: Api,
    customer: String,
    root: String,
}

impl Pages {
    async fn serve(&self, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let root = root_of(parts.uri.path());
        let holder = match self.holder(parts.uri.path()).await {
            Ok(Some(holder)) => holder,
            Ok(None) => return html_response(StatusCode::NOT_FOUND, &page::ended(&root)),
            Err(_) => return html_response(StatusCode::SERVICE_UNAVAILABLE, &page::not_now(&root)),
        };
        let state = State::parse(parts.uri.query().unwrap_or_default());
        match parts.method {
            Method::GET | Method::HEAD => self.show(&holder, &state, None).await,
            Method::POST => match self.buy(&holder, body).await {
                Ok(url) => go_on(&holder, &url),
                Err(said) => self.show(&holder, &state, Some(&said)).await,
            },
            _ => html_response(StatusCode::NOT_FOUND, &page::ended(&root)),
        }
    }

    async fn show(&self, holder: &Holder, state: &State, trouble: Option<&str>) -> Response {
        let came_back = state.get("back").is_some();
        if came_back {
            holder.look_after_newest_order().await;
        }
        let shown = Shown::read(&holder.api, &holder.customer, state.get("before"), came_back).await;
        let Ok(shown) = shown else {
            return html_response(StatusCode::SERVICE_UNAVAILABLE, &page::not_now(&holder.root));
        };
        let frame = Frame {
            root: &holder.root,
            key: &self.dashboard.token()[..32],
            came_back,
            looks_again: came_back && state.get("stay").is_none(),
            trouble,
        };
        let status = if trouble.is_some() { StatusCode::CONFLICT } else { StatusCode::OK };
        framed(html_response_of(status, &page::page(&shown, &frame)), &holder.origins(&shown.origins))
    }

    /// What the components read.
    async fn state(&self, request: Request) -> Response {
        let origin = request.headers().get(ORIGIN).cloned();
        let came_back = request.uri().query().is_some_and(|query| query.contains("back=1"));
        let Ok(Some(holder)) = self.holder(request.uri().path()).await else {
            return json(404, ENDED.to_owned());
        };
        if came_back {
            holder.look_after_newest_order().await;
        }
        let shown = Shown::read(&holder.api, &holder.customer, None, came_back).await;
        match shown {
            Ok(shown) => {
                let origins = holder.origins(&shown.origins);
                allowed(json(200, shown.json()), origin.as_ref(), &origins)
            }
            Err(_) => json(503, r#"{"error":"not_now"}"#.to_owned()),
        }
    }

    /// Begins a checkout for a component, which opens its address.
    async fn checkout(&self, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let origin = parts.headers.get(ORIGIN).cloned();
        let Ok(Some(holder)) = self.holder(parts.uri.path()).await else {
            return json(404, ENDED.to_owned());
        };
        if parts.method != Method::POST {
            return json(405, r#"{"error":"post"}"#.to_owned());
        }
        let settings = holder.api.get(Target::new("/v1/settings")).await;
        let named: Vec<String> = settings
            .iter()
            .flat_map(|settings| settings.get("redirect_origins").list())
            .map(|one| one.text().to_owned())
            .collect();
        let answer = match self.buy(&holder, body).await {
            Ok(url) => json(200, serde_json::json!({"url": url}).to_string()),
            Err(said) => json(409, serde_json::json!({"error": said}).to_string()),
        };
        allowed(answer, origin.as_ref(), &holder.origins(&named))
    }

    /// Orders a pack, and answers where it is paid. The link by which the buyer comes back is a fresh one.
    async fn buy(&self, holder: &Holder, body: Body) -> Result<String, String> {
        let body = axum::body::to_bytes(body, FORM_BYTES_MAX).await.map_err(|_| SAID_NOTHING.to_owned())?;
        let field = |name: &str| {
            let mut pairs = form_urlencoded::parse(&body);
            pairs.find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
        };
        let made = self.dashboard.token();
        let mut order = serde_json::json!({
            "customer": holder.customer, "pack": field("pack").unwrap_or_default(),
            "idempotency_key": field("key").filter(|key| is_key(key)).unwrap_or(made),
        });
        if let Some(back) = holder.way_back() {
            order["cancel_url"] = back.clone().into();
            order["success_url"] = format!("{back}?back=1").into();
        }
        let ordered = holder.api.send("POST", "/v1/checkouts", order.to_string(), None).await;
        match ordered {
            Ok(checkout) => Ok(checkout.get("url").text().to_owned()),
            // What the API says of it is for the operator, who has it in the log.
            Err(trouble) => {
                tracing::warn!(
                    environment = holder.env.name(),
                    problem = trouble.sentence(),
                    "a wallet page could not begin a checkout"
                );
                Err(SAID_NOTHING.to_owned())
            }
        }
    }

    /// Who has the link in a path; `None` where it is none, or over.
    async fn holder(&self, path: &str) -> Result<Option<Holder>, Trouble> {
        let mut parts = path.trim_start_matches('/').split('/').skip(1);
        let (name, token) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let Some(env) = self.dashboard.environment(name) else { return Ok(None) };
        let link = env.read_wallet_token(token).filter(|link| link.expires_at_ms > env.wall_ms());
        let Some(WalletLink { customer, .. }) = link else { return Ok(None) };
        let key = self.key.of(&env).await?;
        let api = Api::new(self.dashboard.routes.clone(), Arc::clone(&env), key);
        Ok(Some(Holder { env, api, customer, root: root_of(path) }))
    }
}

/// Why nothing was ordered, to who cannot do anything about it.
const SAID_NOTHING: &str =
    "That pack cannot be bought at the moment. Nothing was charged; try again in a while.";
const ENDED: &str = r#"{"error":"link_ended"}"#;

impl Holder {
    /// The page by a fresh link, by the name that buyers know us by.
    fn way_back(&self) -> Option<String> {
        let link =
            WalletLink { customer: self.customer.clone(), expires_at_ms: self.env.wall_ms() + BACK_MS };
        let (root, token) = (self.env.public_url()?, self.env.wallet_token(&link)?);
        Some(format!("{root}/wallet/{}/{token}", self.env.name()))
    }

    /// Asks who takes the money how the newest order stands, where that is not settled: a buyer may be back before any
    /// notice has come. What goes wrong with it shows in the order.
    async fn look_after_newest_order(&self) {
        let orders = Target::new("/v1/orders").with("customer", &self.customer).with("limit", "1");
        let Ok(orders) = self.api.get(orders).await else { return };
        let Some(order) = orders.get("data").list().first() else { return };
        if !matches!(order.get("status").text(), "created" | "pending") {
            return;
        }
        // An order and its checkout share their number.
        let checkout = order.get("id").text().replacen("ord_", "chk_", 1);
        let refresh = Target::new("/v1/checkouts").part(&checkout).then("refresh");
        if let Err(trouble) = self.api.send("POST", refresh, "{}".to_owned(), None).await {
            tracing::info!(problem = trouble.sentence(), "an order could not be looked after");
        }
    }

    /// Where the page may be framed and asked from: what the project names, and while one tries things, this machine.
    fn origins(&self, named: &[String]) -> Vec<String> {
        let near: &[&str] = match self.env.name() {
            "live" => &[],
            _ => &["http://localhost:*", "http://127.0.0.1:*"],
        };
        named.iter().cloned().chain(near.iter().map(|one| (*one).to_owned())).collect()
    }
}

/// A key of a form of ours.
fn is_key(key: &str) -> bool {
    (8..=64).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// To a page of ours at once. To another site by a link: a browser that follows a form there would be stopped by our own
/// policy, which lets forms go nowhere else.
fn go_on(holder: &Holder, url: &str) -> Response {
    match holder.env.public_url().and_then(|ours| url.strip_prefix(ours)) {
        Some(path) => see_other(&format!("{}{}", holder.root, path.trim_start_matches('/'))),
        None => html_response_of(StatusCode::OK, &page::on_to(&holder.root, url)),
    }
}

/// A page whose address is a secret: it is told to no other site.
fn html_response_of(status: StatusCode, page: &Markup) -> Response {
    let mut response = html_response(status, page);
    put(&mut response, &[(REFERRER_POLICY, "no-referrer")]);
    response
}

/// Lets the page be framed by these.
fn framed(mut response: Response, origins: &[String]) -> Response {
    let ancestors = if origins.is_empty() { "'none'".to_owned() } else { origins.join(" ") };
    let policy = format!(
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors {ancestors}; \
         form-action 'self'"
    );
    if let Ok(policy) = HeaderValue::try_from(policy) {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// Lets a page of these read the answer.
fn allowed(mut response: Response, origin: Option<&HeaderValue>, origins: &[String]) -> Response {
    let headers = response.headers_mut();
    headers.insert(VARY, HeaderValue::from_static("origin"));
    if let Some(origin) =
        origin.filter(|origin| origin.to_str().is_ok_and(|origin| is_among(origin, origins)))
    {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    }
    response
}

/// Whether an origin is one of these, which may leave the port open.
fn is_among(origin: &str, origins: &[String]) -> bool {
    origins.iter().any(|known| match known.strip_suffix(":*") {
        Some(host) => origin.strip_prefix(host).is_some_and(|port| {
            port.is_empty()
                || port.strip_prefix(':').is_some_and(|port| port.bytes().all(|b| b.is_ascii_digit()))
        }),
        None => known == origin,
    })
}

fn json(status: u16, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    put(
        &mut response,
        &[
            (CONTENT_TYPE, "application/json"),
            (CACHE_CONTROL, "no-store"),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ],
    );
    response
}

async fn components() -> Response {
    let mut response = Response::new(Body::from(COMPONENTS));
    put(
        &mut response,
        &[
            (CONTENT_TYPE, "text/javascript; charset=utf-8"),
            // Its name stays, so that what an operator wrote into a page stays good; it is looked after every hour.
            (CACHE_CONTROL, "public, max-age=3600"),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
            (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
        ],
    );
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_those_that_are_named_and_an_open_port_is_a_port() {
        let origins = ["https://app.example.com".to_owned(), "http://localhost:*".to_owned()];
        for (origin, expected) in [
            ("https://app.example.com", true),
            ("https://app.example.com.evil.com", false),
            ("http://app.example.com", false),
            ("http://localhost", true),
            ("http://localhost:5173", true),
            ("http://localhost.evil.com", false),
            ("http://localhost:5173.evil.com", false),
            ("null", false),
        ] {
            assert_eq!(is_among(origin, &origins), expected, "{origin}");
        }
    }
}
