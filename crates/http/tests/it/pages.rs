//! The pages of a payment in every state: what a buyer reads, and what a browser is told about them.

use axum::http::StatusCode;
use chargly_engine::ledger::{Credits, Currency, Money};
use chargly_http::pages::{
    PayPage, PayState, PaymentOutcome, Purchase, ReturnPage, Trouble, error_page, page_response, pay_page,
    return_page,
};

use crate::world::World;

const ROOT: &str = "../../";
const SHOP: Option<&str> = Some("https://app.example.com/credits");
/// 2026-11-23T10:30:00Z.
const EXPIRES_AT_MS: i64 = 1_795_429_800_000;

fn purchase(bonus: i64) -> Purchase<'static> {
    Purchase {
        pack: "Power & <more>",
        credits: Credits::whole(4_000).expect("an amount"),
        bonus: Credits::whole(bonus).expect("an amount"),
        price: Money::parse("60", Currency::USD).expect("an amount"),
    }
}

fn pay(state: PayState) -> String {
    let purchase = purchase(200);
    let page = PayPage { purchase, state, return_url: SHOP, cancel_url: SHOP, expires_at_ms: EXPIRES_AT_MS };
    lines(&pay_page(ROOT, &page).into_string())
}

fn returned(outcome: PaymentOutcome) -> String {
    lines(&return_page(ROOT, &ReturnPage { purchase: purchase(0), outcome, back_url: SHOP }).into_string())
}

/// One element a line, for whoever reviews a snapshot, and names of files without their hash.
fn lines(html: &str) -> String {
    let mut out = String::new();
    for (at, piece) in html.split("assets/").enumerate() {
        let rest = piece.split_once('.').filter(|_| at > 0);
        out.push_str(&rest.map_or(piece.to_owned(), |(_, rest)| format!("assets/….{rest}")));
    }
    out.replace("><", ">\n<")
}

#[test]
fn pay_page_of_each_state() {
    insta::assert_snapshot!("pay_open", pay(PayState::Open));
    insta::assert_snapshot!("pay_pending", pay(PayState::Pending));
    insta::assert_snapshot!("pay_paid", pay(PayState::Paid));
    insta::assert_snapshot!("pay_failed", pay(PayState::Failed));
    insta::assert_snapshot!("pay_expired", pay(PayState::Expired));
}

#[test]
fn return_page_of_each_outcome() {
    insta::assert_snapshot!("returned_paid", returned(PaymentOutcome::Paid));
    insta::assert_snapshot!("returned_awaited", returned(PaymentOutcome::Awaited { looks_again: true }));
    insta::assert_snapshot!(
        "returned_awaited_staying",
        returned(PaymentOutcome::Awaited { looks_again: false })
    );
    insta::assert_snapshot!("returned_not_paid", returned(PaymentOutcome::NotPaid));
}

#[test]
fn error_page_of_an_unknown_link() {
    insta::assert_snapshot!(
        "error_unknown_link",
        lines(&error_page(ROOT, Trouble::UnknownLink).into_string())
    );
}

#[test]
fn button_is_there_only_where_something_can_be_decided() {
    for (state, buttons) in [
        (PayState::Open, vec!["pay", "decline", "pay_later"]),
        (PayState::Pending, vec!["arrive", "fail"]),
        (PayState::Paid, vec![]),
        (PayState::Failed, vec![]),
        (PayState::Expired, vec![]),
    ] {
        let html = pay(state);
        let found: Vec<&str> = html
            .split(r#"name="action" value=""#)
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .collect();
        assert_eq!(found, buttons, "{state:?}");
    }
}

#[test]
fn every_state_of_the_sandbox_says_that_no_money_moves() {
    for state in [PayState::Open, PayState::Pending, PayState::Paid, PayState::Failed, PayState::Expired] {
        let html = pay(state);
        assert!(html.contains("No money moves here.") && html.contains("(sandbox)</title>"), "{state:?}");
    }
}

#[test]
fn site_that_is_not_known_is_not_linked() {
    for address in [None, Some("javascript:alert(1)"), Some("/relative")] {
        let page = ReturnPage { purchase: purchase(0), outcome: PaymentOutcome::Paid, back_url: address };
        let html = return_page(ROOT, &page).into_string();
        assert!(!html.contains("Back to") && !html.contains("javascript"), "{html}");
    }
}

#[test]
fn page_may_load_our_stylesheet_and_pictures_and_run_nothing() {
    let page = error_page(ROOT, Trouble::UnknownLink);
    let response = page_response(StatusCode::NOT_FOUND, page, &["https://app.example.com/done?order=1"]);
    assert_eq!(response.status(), 404);
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
        (
            "content-security-policy",
            "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' https://app.example.com",
        ),
    ] {
        assert_eq!(response.headers()[name], value, "{name}");
    }
}

#[test]
fn pages_bring_neither_style_nor_script_of_their_own() {
    let all = [pay(PayState::Open), pay(PayState::Pending), returned(PaymentOutcome::Paid)];
    for html in all {
        for forbidden in ["<style", "style=", "<script", " onclick", "http://", "<form action"] {
            assert!(!html.contains(forbidden), "{forbidden}");
        }
    }
}

#[tokio::test]
async fn files_that_a_page_refers_to_are_served_to_be_kept() {
    let world = World::empty().await;
    let html = error_page("/", Trouble::UnknownLink).into_string();
    let names: Vec<&str> = html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(names.len(), 2, "{html}");
    for (name, kind) in names.into_iter().zip(["image/svg+xml", "text/css"]) {
        let got = world.ask("GET", name, None, "").await.expect(200);
        assert_eq!(got.headers["content-type"], kind);
        assert_eq!(got.headers["cache-control"], "public, max-age=31536000, immutable");
        assert_eq!(got.headers["x-content-type-options"], "nosniff");
        assert!(!got.bytes.is_empty());
    }
}

#[tokio::test]
async fn link_that_lost_a_part_gives_a_person_a_page_and_a_program_a_problem() {
    let world = World::empty().await;
    for (path, root) in [("/nothing", ""), ("/assets/nothing", "../"), ("/a/b/c", "../../")] {
        let accept = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8";
        let request = axum::http::Request::builder().uri(path).header("accept", accept);
        let got = world.send(request.body(axum::body::Body::empty()).expect("a request")).await.expect(404);
        assert_eq!(got.headers["content-type"], "text/html; charset=utf-8");
        let html = String::from_utf8(got.bytes).expect("UTF-8");
        assert_eq!(html, error_page(root, Trouble::UnknownLink).into_string(), "{path}");
        assert_eq!(world.ask("GET", path, None, "").await.expect(404).code(), "not_found");
    }
}
