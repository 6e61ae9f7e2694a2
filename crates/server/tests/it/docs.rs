//! Every curl in the docs is sent to a real server, as printed, and must succeed.

use crate::docs_selling;
use crate::support::{Project, Server};

/// Answers for as long as it is listened to; the tests of the stream itself are with the HTTP door.
const NEVER_ENDS: &str = "/v1/stream";

/// Where accepted events are answered with nothing.
pub(crate) const CLOUD_EVENTS: &str = "/api/v1/events";

/// A call as a page prints it.
pub(crate) struct Printed {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) body: Option<String>,
}

/// The curl commands of a page's shell blocks.
pub(crate) fn printed(page: &str) -> Vec<Printed> {
    let blocks = page.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    let joined: Vec<String> = blocks.map(|block| block.replace("\\\n", " ")).collect();
    let lines = joined.iter().flat_map(|block| block.lines());
    lines.filter(|line| line.starts_with("curl ")).map(parse).collect()
}

fn parse(line: &str) -> Printed {
    let mut words = line.split_whitespace().map(|word| word.trim_matches('"'));
    let url = words.find(|word| word.starts_with("http://")).expect("an address");
    let path = url.strip_prefix("http://127.0.0.1:8080").expect("the default address").to_owned();
    let body = line.split_once("-d '").map(|(_, rest)| rest.trim_end().trim_end_matches('\'').to_owned());
    let said = line.split_once("-X ").and_then(|(_, rest)| rest.split_whitespace().next());
    let method = said.unwrap_or(if body.is_some() { "POST" } else { "GET" }).to_owned();
    Printed { method, path, body }
}

/// Sends what a page prints, with an id of a fresh thing in place of each `evt_…`.
pub(crate) fn all_succeed(page: &str, server: &Server, key: &str) -> usize {
    let calls = printed(page);
    for Printed { method, path, body } in &calls {
        if path == NEVER_ENDS {
            continue;
        }
        let path = fill(path, server, key);
        let body = body.as_deref().map(|body| fill_message(body, &path, server, key));
        let answer = server.call(method, &path, key, body.as_deref());
        // Work that goes on after the answer is accepted, not done.
        let expected = match path.as_str() {
            "/v1/price-simulations" => 202,
            CLOUD_EVENTS => 204,
            _ => 200,
        };
        assert_eq!(answer.status, expected, "{method} {path}: {}", String::from_utf8_lossy(&answer.bytes));
    }
    calls.len()
}

fn fill(path: &str, server: &Server, key: &str) -> String {
    if path.ends_with("/evt_…/collect") {
        return path.replace("evt_…", &uncharged_event(server, key));
    }
    let made_by = [
        ("evt_…", "/v1/events", r#"{"event":"image.generate","customer":"user_42"}"#),
        ("hld_…", "/v1/holds", r#"{"event":"image.generate","customer":"user_42","credits":100}"#),
        ("grt_…", "/v1/customers/user_42/grants", r#"{"credits":5,"kind":"promotional"}"#),
        (
            "sim_…",
            "/v1/price-simulations",
            r#"{"from":"2026-01-01T00:00:00Z","to":"2030-01-01T00:00:00Z","rules":[]}"#,
        ),
        // Nobody listens there.
        ("whk_…", "/v1/webhook-endpoints", r#"{"url":"http://127.0.0.1:9/","types":["wallet.debited"]}"#),
        ("key_…", "/v1/keys", r#"{"label":"spare","scopes":["read"]}"#),
    ];
    match made_by.into_iter().find(|(placeholder, ..)| path.contains(placeholder)) {
        Some((placeholder, made_at, body)) => {
            let made = server.call("POST", made_at, key, Some(body)).json();
            path.replace(placeholder, made["id"].as_str().expect("an id"))
        }
        None => path.to_owned(),
    }
}

/// An event that its customer could not pay when it came, and now can.
fn uncharged_event(server: &Server, key: &str) -> String {
    let event =
        r#"{"specversion":"1.0","type":"image.generate","source":"/docs","id":"1","subject":"late_payer"}"#;
    assert_eq!(server.call("POST", CLOUD_EVENTS, key, Some(event)).status, 204);
    let lot = r#"{"credits":1000,"kind":"promotional"}"#;
    assert_eq!(server.call("POST", "/v1/customers/late_payer/grants", key, Some(lot)).status, 200);
    let listed = server.call("GET", "/v1/events?uncharged=true&customer=late_payer", key, None).json();
    listed["data"][0]["id"].as_str().expect("an id").to_owned()
}

/// With the id of a message that waits for the endpoint of a path in place of `msg_…`.
fn fill_message(body: &str, path: &str, server: &Server, key: &str) -> String {
    if !body.contains("msg_…") {
        return body.to_owned();
    }
    let event = r#"{"event":"image.generate","customer":"user_42"}"#;
    assert_eq!(server.call("POST", "/v1/events", key, Some(event)).status, 200);
    let log = path.replace("/resend", "/deliveries");
    for _ in 0..1_000 {
        let found = server.call("GET", &log, key, None).json();
        if let Some(message) = found["data"][0]["message"].as_str() {
            return body.replace("msg_…", message);
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("no message is ever made");
}

#[test]
fn every_call_of_the_readme_and_the_quickstart_succeeds_as_printed() {
    let project = Project::begin();
    let server = project.serve();
    let readme = all_succeed(include_str!("../../../../README.md"), &server, &project.test_key);
    let quickstart =
        all_succeed(include_str!("../../../../docs/guides/quickstart.md"), &server, &project.test_key);
    assert!(readme >= 1 && quickstart >= 6, "{readme} and {quickstart} calls found");
}

/// Waits until the newest correction is done.
fn correction_done(server: &Server, key: &str) -> String {
    for _ in 0..1_000 {
        let newest = server.call("GET", "/v1/corrections?limit=1", key, None).json();
        if newest["data"][0]["status"] == "done" {
            return newest["data"][0]["id"].as_str().expect("an id").to_owned();
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("the correction does not end");
}

#[test]
fn every_call_and_command_of_the_guide_to_corrections_does_what_it_says() {
    let project = Project::begin();
    let server = project.serve();
    let key = &project.test_key;
    let page = include_str!("../../../../docs/guides/corrections.md");
    let available = || {
        let wallet = server.call("GET", "/v1/customers/studio_7/wallet", key, None).json();
        wallet["available"].as_i64().expect("a whole number")
    };
    let (mut preview, mut balances) = (String::new(), Vec::new());
    for Printed { method, path, body } in printed(page) {
        let path = match path.contains("cor_…") {
            // The correction that the page is about is the first; its undoing comes after.
            true => path.replace("cor_…", &correction_done(&server, key)),
            false => path,
        };
        let body = body.map(|body| body.replace(r#""preview":"…""#, &format!(r#""preview":"{preview}""#)));
        let answer = server.call(&method, &path, key, body.as_deref());
        assert!(
            [200, 202].contains(&answer.status),
            "{method} {path}: {}",
            String::from_utf8_lossy(&answer.bytes)
        );
        if let Some(seal) = answer.json()["preview"].as_str() {
            preview = seal.to_owned();
            balances.push(available());
        }
        if answer.status == 202 {
            correction_done(&server, key);
            balances.push(available());
        }
    }
    assert_eq!(balances, [400, 940, 940, 400], "previews change nothing; the page's figures are right");

    let place = ["--url", server.url.as_str(), "--key", key];
    let mut commands = 0;
    for line in page.lines().filter_map(|line| line.strip_prefix("chargly corrections ")) {
        let line = line.replace("cor_…", &correction_done(&server, key));
        let mut words: Vec<&str> = vec!["corrections"];
        for (index, part) in line.split('"').enumerate() {
            // What stands between quotation marks is one word.
            if index % 2 == 1 { words.push(part) } else { words.extend(part.split_whitespace()) }
        }
        if words[1] != "list" {
            words.push("--yes");
        }
        let output = crate::support::chargly(&[&words[..], &place].concat());
        assert!(output.status.success(), "{words:?}: {}", crate::support::said(&output));
        commands += 1;
    }
    assert_eq!((commands, available()), (3, 400));
    server.stop();
    project.verified();
}

#[test]
fn every_call_of_the_guide_to_provider_cost_succeeds_as_printed() {
    let project = Project::begin();
    let server = project.serve();
    let lot = r#"{"credits":1000,"kind":"promotional"}"#;
    server.call("POST", "/v1/customers/user_42/grants", &project.test_key, Some(lot));
    let page = include_str!("../../../../docs/guides/provider-cost.md");
    let calls = all_succeed(page, &server, &project.test_key);
    assert!(calls >= 5, "{calls} calls found");
    // Its table, row by row.
    for (used, cost) in [
        (r#""input_tokens":812,"cached_input_tokens":512,"output_tokens":164"#, Some("0.002518")),
        (r#""input_tokens":1000,"cache_write_tokens":600"#, Some("0.002875")),
        (r#""input_tokens":1000,"output_tokens":100,"batch":true"#, Some("0.00175")),
        (r#""input_tokens":250000,"output_tokens":1000"#, Some("1.265")),
        (r#""input_tokens":200000"#, Some("0.5")),
        // Missing in the table; the page has published an estimate by now.
        (r#""images":1"#, None),
    ] {
        let event = format!(
            r#"{{"event":"image.generate","customer":"user_42","cost":{{"provider":"acme","model":"writer-1",{used}}}}}"#
        );
        let id = server.call("POST", "/v1/events", &project.test_key, Some(&event)).json()["id"].clone();
        let path = format!("/v1/events/{}", id.as_str().expect("an id"));
        let got = server.call("GET", &path, &project.test_key, None).json()["cost"].clone();
        assert_eq!(got["source"], if cost.is_some() { "rate_card" } else { "estimated" }, "{used}: {got}");
        if let Some(cost) = cost {
            assert_eq!(got["amount"], cost, "{used}");
            assert!(page.contains(&format!("| ${cost} |")), "the page has ${cost}");
        }
    }
}

#[test]
fn every_call_of_the_http_reference_succeeds_as_printed() {
    let project = Project::begin();
    let server = Server::start(&project.data(), &[("CHARGLY_WEBHOOK_ALLOW_PRIVATE", "true")]);
    let key = &project.live_key;
    let define = server.call("PUT", "/v1/event-types/image.generate", key, Some(r#"{"credits":12}"#));
    assert_eq!(define.status, 200);
    let lot = r#"{"credits":100000,"kind":"promotional"}"#;
    assert_eq!(server.call("POST", "/v1/customers/user_42/grants", key, Some(lot)).status, 200);
    let page = include_str!("../../../../docs/reference/http-api.md");
    // Nothing is sold in live before it is connected to a payment provider; test has the sandbox.
    let (before, rest) = page.split_once("\n## Selling credits\n").expect("a section on selling");
    let (selling, after) = rest.split_once("\n## ").expect("a section after it");
    let (before, rest) = before.split_once("\n## Recommendations\n").expect("a section on advice");
    let (advice, between) = rest.split_once("\n## ").expect("a section after it");
    let calls = crate::advise::all_succeed(advice, &server, key);
    assert!(calls >= 9, "{calls} calls found");
    let others = [before, between, after].join("\n").replace("/assets/…", &docs_selling::asset(&server));
    let calls = all_succeed(&others, &server, key);
    assert!(calls >= 30, "{calls} calls found");
    let calls = docs_selling::all_succeed(selling, &server, &project.test_key);
    assert!(calls >= 12, "{calls} calls found");
}

#[test]
fn every_call_of_the_guides_to_figures_succeeds_as_printed() {
    let project = Project::begin();
    let server = project.serve();
    for (page, least) in [
        (include_str!("../../../../docs/guides/usage.md"), 1),
        (include_str!("../../../../docs/guides/revenue.md"), 1),
        (include_str!("../../../../docs/guides/margin.md"), 1),
        (include_str!("../../../../docs/guides/customers.md"), 2),
    ] {
        assert!(all_succeed(page, &server, &project.test_key) >= least);
    }
}

#[test]
fn every_call_of_the_pricing_guide_succeeds_as_printed() {
    let project = Project::begin();
    let server = project.serve();
    let calls = all_succeed(include_str!("../../../../docs/guides/pricing.md"), &server, &project.test_key);
    assert!(calls >= 9, "{calls} calls found");
}

#[test]
fn every_call_of_the_guide_to_compatibility_does_what_it_says() {
    let project = Project::begin();
    let server = project.serve();
    let key = &project.test_key;
    let page = include_str!("../../../../docs/guides/compatibility.md");
    let calls = all_succeed(page, &server, key);
    assert!(calls >= 7, "{calls} calls found");
    let left = server.call("GET", "/api/wallet/balance/demo_user", key, None).json();
    assert_eq!(left["balance"], 960, "charged once, and told of");
    let events = server.call("GET", "/v1/events?customer=demo_user", key, None).json();
    assert_eq!(events["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(events["data"][0]["properties"]["model"], "dall-e-3");
    server.stop();
    project.verified();
    let exported = project.run(&["export", "events", "--format", "ndjson"]);
    let rows = String::from_utf8_lossy(&exported.stdout).lines().map(str::to_owned).collect::<Vec<_>>();
    let row = |index: usize| serde_json::from_str::<serde_json::Value>(&rows[index]).expect("JSON");
    assert_eq!(
        (rows.len(), row(0)["kind"].as_str(), row(1)["kind"].as_str()),
        (2, Some("metered"), Some("annotated"))
    );
    assert_eq!((&row(0)["id"], &row(1)["properties"]["model"]), (&row(1)["id"], &"dall-e-3".into()));
}

#[test]
fn every_call_of_the_guide_to_webhooks_succeeds_as_printed() {
    let project = Project::begin();
    let server = Server::start(&project.data(), &[("CHARGLY_WEBHOOK_ALLOW_PRIVATE", "true")]);
    let page = include_str!("../../../../docs/guides/webhooks.md");
    let calls = all_succeed(page, &server, &project.test_key);
    assert!(calls >= 3, "{calls} calls found");
}

#[test]
fn every_call_of_the_guide_to_the_wallet_page_succeeds_as_printed() {
    let project = Project::begin();
    let server = project.serve();
    let calls =
        all_succeed(include_str!("../../../../docs/guides/wallet-page.md"), &server, &project.test_key);
    assert_eq!(calls, 1);
}

#[test]
fn every_command_of_the_guide_to_the_dashboard_does_what_it_says() {
    let project = Project::begin();
    let server = project.serve();
    let page = include_str!("../../../../docs/guides/dashboard.md");
    let data = project.data();
    let mut commands = Vec::new();
    for block in page.split("```").skip(1).step_by(2) {
        for line in block.lines() {
            let Some(line) = line.trim_start_matches("$ ").strip_prefix("chargly ") else { continue };
            // The server's own address is what it takes where none is named.
            let words = line.replace("http://127.0.0.1:8080", &server.url);
            let words = words.replace("./chargly-data", crate::support::text(&data));
            let output = crate::support::command(&words.split_whitespace().collect::<Vec<_>>())
                .env("CHARGLY_API_KEY", &project.test_key)
                .env("CHARGLY_URL", &server.url)
                .output()
                .expect("the binary runs");
            assert!(output.status.success(), "{line}: {}", crate::support::said(&output));
            commands.push((line.to_owned(), String::from_utf8_lossy(&output.stdout).into_owned()));
        }
    }
    let said = |begins: &str| {
        let found = commands.iter().find(|(line, _)| line.starts_with(begins));
        found.map(|(_, said)| said.clone()).unwrap_or_else(|| panic!("no command begins with {begins}"))
    };
    // The link signs in, once; it was made while the server runs.
    let link = said("sign-in-link");
    let path = &link[link.find("/sign-in/").expect("a link")..].lines().next().expect("a line").trim();
    assert_eq!(server.call("GET", path, "", None).status, 200, "{link}");
    assert!(said("brief --url").contains("1. Did we make money"), "{}", said("brief --url"));
    assert!(said("brief --week").starts_with('{'), "{}", said("brief --week"));
    assert_eq!(commands.len(), 3, "{commands:?}");
}
