//! Every page in every state, with fixed data and without an environment: to be looked at, and for the browser tests.
//!
//! `cargo run -p chargly-http --example pages [PORT]`; without a port it takes a free one. It prints its address, and
//! `/` lists the pages, one path a line. Buttons lead from state to state as they do in the product.
#![expect(clippy::print_stdout, reason = "the address is for whoever started this")]

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use chargly_engine::ledger::{Credits, Currency, Money};
use chargly_http::pages::{
    PayAction, PayPage, PayState, PaymentOutcome, Purchase, ReturnPage, Trouble, error_page, page_response,
    pay_page, return_page,
};
use chargly_http::{Project, router};

/// From each page here to the root.
const ROOT: &str = "../";
const SHOP: Option<&str> = Some("https://app.example.com/credits?from=checkout");
/// 2026-11-23T10:30:00Z.
const EXPIRES_AT_MS: i64 = 1_795_429_800_000;

const PAY: [(&str, PayState); 5] = [
    ("open", PayState::Open),
    ("pending", PayState::Pending),
    ("paid", PayState::Paid),
    ("failed", PayState::Failed),
    ("expired", PayState::Expired),
];
const RETURNED: [(&str, PaymentOutcome); 4] = [
    ("paid", PaymentOutcome::Paid),
    ("awaited", PaymentOutcome::Awaited { looks_again: true }),
    ("awaited-staying", PaymentOutcome::Awaited { looks_again: false }),
    ("not-paid", PaymentOutcome::NotPaid),
];
const ERRORS: [(&str, StatusCode, Trouble); 4] = [
    ("unknown-link", StatusCode::NOT_FOUND, Trouble::UnknownLink),
    ("bad-form", StatusCode::BAD_REQUEST, Trouble::BadForm),
    ("not-now", StatusCode::SERVICE_UNAVAILABLE, Trouble::NotNow),
    ("ours", StatusCode::INTERNAL_SERVER_ERROR, Trouble::Ours),
];

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let port = std::env::args().nth(1).and_then(|port| port.parse().ok()).unwrap_or(0);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("http://{}", listener.local_addr()?);
    let pages = Router::new()
        .route("/", get(index))
        .route("/pay/{state}", get(pay).post(act))
        .route("/elsewhere/{policy}", get(form_to_elsewhere).post(go_elsewhere))
        .route("/return/{outcome}", get(returned))
        .route("/error/{trouble}", get(error));
    // The rest is the door's own: the files that pages refer to, and what it answers at an unknown path.
    axum::serve(listener, pages.fallback_service(router(Project::new(Vec::new(), Vec::new(), None, "0.0.0"))))
        .await
}

async fn index() -> String {
    let pay = PAY.iter().map(|(name, _)| format!("/pay/{name}\n"));
    let returned = RETURNED.iter().map(|(name, _)| format!("/return/{name}\n"));
    let errors = ERRORS.iter().map(|(name, ..)| format!("/error/{name}\n"));
    let odd = ["/pay/odd\n", "/return/odd\n"].map(str::to_owned);
    pay.chain(returned).chain(errors).chain(odd).collect()
}

async fn pay(Path(name): Path<String>) -> Response {
    let state = PAY.iter().find(|(known, _)| *known == name).map(|(_, state)| *state);
    let (purchase, state) = match (name.as_str(), state) {
        ("odd", _) => (odd(), PayState::Open),
        (_, Some(state)) => (regular(), state),
        (_, None) => return trouble(StatusCode::NOT_FOUND, Trouble::UnknownLink),
    };
    let page = PayPage { purchase, state, return_url: SHOP, cancel_url: SHOP, expires_at_ms: EXPIRES_AT_MS };
    page_response(StatusCode::OK, pay_page(ROOT, &page), &[])
}

async fn act(body: String) -> Response {
    let action = body.strip_prefix("action=").and_then(PayAction::parse);
    let next = match action {
        Some(PayAction::Pay | PayAction::Arrive) => "paid",
        Some(PayAction::Decline | PayAction::Fail) => "failed",
        Some(PayAction::PayLater) => "pending",
        None => return trouble(StatusCode::BAD_REQUEST, Trouble::BadForm),
    };
    Redirect::to(next).into_response()
}

/// The open page again, whose buttons end at another site: one that it names to the browser, or one that it does not.
async fn form_to_elsewhere(Path(policy): Path<String>, headers: HeaderMap) -> Response {
    let (named, elsewhere) = (policy == "named", elsewhere(&headers));
    let page = PayPage {
        purchase: regular(),
        state: PayState::Open,
        return_url: SHOP,
        cancel_url: SHOP,
        expires_at_ms: EXPIRES_AT_MS,
    };
    let leads_on_to = if named { vec![elsewhere.as_str()] } else { Vec::new() };
    page_response(StatusCode::OK, pay_page(ROOT, &page), &leads_on_to)
}

async fn go_elsewhere(headers: HeaderMap) -> Response {
    Redirect::to(&elsewhere(&headers)).into_response()
}

/// The same server by another name is another site.
fn elsewhere(headers: &HeaderMap) -> String {
    let host = headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or_default();
    format!("http://{}/return/paid", host.replace("127.0.0.1", "localhost"))
}

async fn returned(Path(name): Path<String>) -> Response {
    let outcome = RETURNED.iter().find(|(known, _)| *known == name).map(|(_, outcome)| *outcome);
    let (purchase, outcome) = match (name.as_str(), outcome) {
        ("odd", _) => (odd(), PaymentOutcome::Paid),
        (_, Some(outcome)) => (plain(), outcome),
        (_, None) => return trouble(StatusCode::NOT_FOUND, Trouble::UnknownLink),
    };
    let page = ReturnPage { purchase, outcome, back_url: SHOP };
    page_response(StatusCode::OK, return_page(ROOT, &page), &[])
}

async fn error(Path(name): Path<String>) -> Response {
    let found = ERRORS.iter().find(|(known, ..)| *known == name);
    let (_, status, kind) = found.unwrap_or(&ERRORS[0]);
    trouble(*status, *kind)
}

fn trouble(status: StatusCode, trouble: Trouble) -> Response {
    page_response(status, error_page(ROOT, trouble), &[])
}

fn regular() -> Purchase<'static> {
    Purchase { pack: "Regular", credits: credits(1_200), bonus: credits(50), price: dollars(20) }
}

fn plain() -> Purchase<'static> {
    Purchase { pack: "Starter", credits: credits(547), bonus: Credits::ZERO, price: dollars(10) }
}

/// What hardly fits: the longest name without a space, the largest amounts, a currency without a sign.
fn odd() -> Purchase<'static> {
    Purchase {
        pack: "Großzügigkeitspaketfürvielbeschäftigteunternehmensberatungen-mit-allem-was-dazugehört",
        credits: Credits::from_micro(7_999_999_999_123_456),
        bonus: Credits::from_micro(876_544),
        price: Money {
            nano: 8_999_999_999_990_000_000,
            currency: Currency::parse("chf").unwrap_or(Currency::USD),
        },
    }
}

fn credits(whole: i64) -> Credits {
    Credits::whole(whole).unwrap_or_default()
}

fn dollars(whole: i64) -> Money {
    Money { nano: whole * 1_000_000_000, currency: Currency::USD }
}
