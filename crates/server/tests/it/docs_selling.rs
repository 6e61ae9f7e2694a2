//! What the pages about selling credits print is sent to a real server, as printed, and does what they say.

use serde_json::Value;

use crate::docs::{self, Printed, printed};
use crate::support::{Answer, Project, Server, client};

/// Sends what a page prints, each call about an order of its own, and counts it.
pub(crate) fn all_succeed(page: &str, server: &Server, key: &str) -> usize {
    let calls = printed(page);
    for Printed { method, path, body } in &calls {
        let order = if path.contains('…') { ordered(server, key) } else { Value::Null };
        if path.contains("ord_…") {
            press(server, &fill("/sandbox/test/…", &order), "action=pay");
        }
        let path = fill(path, &order);
        let answer = send(server, key, method, &path, body.as_deref());
        assert_eq!(answer.status, 200, "{method} {path}: {}", String::from_utf8_lossy(&answer.bytes));
    }
    calls.len()
}

/// The path of a stylesheet, whose name changes with its content.
pub(crate) fn asset(server: &Server) -> String {
    let request = client().get(format!("{}/nowhere", server.url)).header("accept", "text/html");
    let page = request.send().and_then(reqwest::blocking::Response::text).expect("a page");
    let (_, name) = page.split_once("assets/").expect("an asset");
    format!("/assets/{}", name.split('"').next().expect("its name"))
}

/// A fresh order, as its checkout was answered.
fn ordered(server: &Server, key: &str) -> Value {
    let order = r#"{"customer":"buyer_1","pack":"starter_500"}"#;
    server.call("POST", "/v1/checkouts", key, Some(order)).json()
}

/// With an order's ids and the end of its address where a page prints `…`.
fn fill(path: &str, order: &Value) -> String {
    let text = |name: &str| order[name].as_str().unwrap_or_default();
    let page = text("url").rsplit('/').next().unwrap_or_default();
    let path = path.replace("chk_…", text("id")).replace("ord_…", text("order"));
    path.replace("/test/…", &format!("/test/{page}"))
}

fn send(server: &Server, key: &str, method: &str, path: &str, body: Option<&str>) -> Answer {
    match body.filter(|body| !body.starts_with('{')) {
        Some(form) => press(server, path, form),
        None => server.call(method, path, key, body),
    }
}

/// Sends a form as a browser does, and goes where it leads.
fn press(server: &Server, path: &str, form: &str) -> Answer {
    let request = client().post(format!("{}{path}", server.url));
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(form.to_owned());
    let response = request.send().expect("the server answers");
    let status = response.status().as_u16();
    Answer { status, is_replay: false, bytes: response.bytes().expect("a whole page").to_vec() }
}

#[test]
fn every_call_of_the_guide_to_selling_credits_does_what_it_says() {
    let project = Project::begin();
    let server = project.serve();
    let key = &project.test_key;
    let page = include_str!("../../../../docs/guides/sell-credits.md");
    let (mut newest, mut balances, mut refused) = (Value::Null, Vec::new(), 0);
    for Printed { method, path, body } in printed(page) {
        let path = fill(&path, &newest);
        let answer = send(&server, key, &method, &path, body.as_deref());
        if answer.status == 402 {
            let hint = answer.json()["checkout_hint"]["smallest_covering_pack"]["code"].clone();
            assert_eq!(hint, "starter_500");
            refused += 1;
        } else {
            assert_eq!(answer.status, 200, "{method} {path}: {}", String::from_utf8_lossy(&answer.bytes));
        }
        if path == "/v1/checkouts" {
            newest = answer.json();
        }
        let wallet = server.call("GET", "/v1/customers/user_47/wallet", key, None).json();
        let available = wallet["available"].as_i64().expect("a whole number");
        if balances.last() != Some(&available) {
            balances.push(available);
        }
    }
    assert_eq!(refused, 1);
    assert_eq!(balances, [0, 47, 547, 487, 187], "the page's figures are right");

    let ledger = server.call("GET", "/v1/customers/user_47/ledger", key, None).json();
    let lines = ledger["data"].as_array().expect("lines");
    assert_eq!(lines.len(), 5);
    for line in lines {
        let credits = line["credits"].as_i64().expect("a whole number");
        let sign = if credits < 0 { '−' } else { '+' };
        let label = line["label"].as_str().expect("a label");
        let row = format!("| {label} | {sign}{} | {} |", credits.abs(), line["balance_after"]);
        assert!(page.contains(&row), "the page has {row}");
    }
    server.stop();
    project.verified();
}

#[test]
fn every_call_of_the_guides_to_grants_and_to_going_live_succeeds_as_printed() {
    let project = Project::begin();
    let server = project.serve();
    let grants = include_str!("../../../../docs/guides/grants.md");
    let calls = docs::all_succeed(grants, &server, &project.test_key);
    assert!(calls >= 5, "{calls} calls found");
    let go_live = include_str!("../../../../docs/guides/go-live.md");
    let calls = docs::all_succeed(go_live, &server, &project.live_key);
    assert!(calls >= 2, "{calls} calls found");
}
