//! The API is as it is described: the same routes, and in every test of this crate every answer. The judge in `judges/`
//! asks what no test of ours thought of; this one sees what only our tests bring about.

mod schema;

use std::sync::LazyLock;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::http::{HeaderMap, Method, Request, Uri};
use chargly_api::ErrorCode;
use chargly_http::ROUTES;
use chargly_openapi::{Access, Errors, Operation, Place};
use serde_json::Value;

use crate::world::{Got, World};

static OPERATIONS: LazyLock<Vec<Operation>> =
    LazyLock::new(|| chargly_openapi::groups().into_iter().flat_map(|group| group.operations).collect());

/// What was sent.
pub(crate) struct Sent {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
}

impl Sent {
    /// A copy of a request, and the request.
    pub(crate) async fn of(request: Request<Body>) -> (Self, Request<Body>) {
        let (parts, body) = request.into_parts();
        // One that comes in pieces may never end, and what it would have been nobody knows.
        if body.size_hint().exact().is_none() {
            let (method, uri, headers) = (parts.method.clone(), parts.uri.clone(), parts.headers.clone());
            let sent = Self { method, uri, headers, body: Bytes::new() };
            return (sent, Request::from_parts(parts, body));
        }
        // A body that breaks off breaks off again.
        match axum::body::to_bytes(body, usize::MAX).await {
            Ok(body) => {
                let (method, uri, headers) = (parts.method.clone(), parts.uri.clone(), parts.headers.clone());
                (
                    Self { method, uri, headers, body: body.clone() },
                    Request::from_parts(parts, Body::from(body)),
                )
            }
            Err(error) => {
                let broken = futures_util::stream::once(async { Err::<Bytes, _>(error) });
                let (method, uri, headers) = (parts.method.clone(), parts.uri.clone(), parts.headers.clone());
                let sent = Self { method, uri, headers, body: Bytes::new() };
                (sent, Request::from_parts(parts, Body::from_stream(broken)))
            }
        }
    }

    fn operation(&self) -> Option<&'static Operation> {
        let path: Vec<&str> = self.uri.path().split('/').collect();
        let fits = |operation: &&Operation| {
            let parts: Vec<&str> = operation.path.split('/').collect();
            operation.method == self.method.as_str()
                && parts.len() == path.len()
                && parts.iter().zip(&path).all(|(part, found)| part.starts_with('{') || part == found)
        };
        OPERATIONS.iter().filter(fits).min_by_key(|operation| operation.path.matches('{').count())
    }
}

/// Panics where an answer is not as it is described, or a request was taken that should have been refused.
pub(crate) fn hold_to_its_description(sent: &Sent, got: &Got) {
    let Some(operation) = sent.operation() else { return };
    let route = operation.route();
    let status = got.status.as_u16();
    let kind = got.headers.get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default();
    let shown = || String::from_utf8_lossy(&got.bytes).into_owned();
    let Some(answer) = operation.answers.iter().find(|answer| answer.status == status) else {
        if operation.access == Access::Proof && kind == "text/html" {
            assert!(operation.errors.iter().any(|code| code.status() == status), "{route}: {status}");
            return;
        }
        if operation.errors_as == Errors::Client {
            assert_eq!(kind, "application/json", "{route}: {status} {}", shown());
            schema::check_named("ClientError", &got.json())
                .unwrap_or_else(|wrong| panic!("{route}: {wrong} in {}", shown()));
            return;
        }
        assert_eq!(kind, "application/problem+json", "{route}: {status} {}", shown());
        let problem = got.json();
        let code = ErrorCode::from_name(problem["code"].as_str().unwrap_or_default());
        let is_described = code.is_some_and(|code| operation.errors.contains(&code));
        assert!(is_described, "{route} is not described to fail with {}", shown());
        schema::check_named("Problem", &problem)
            .unwrap_or_else(|wrong| panic!("{route}: {wrong} in {}", shown()));
        return;
    };
    if answer.contents.is_empty() {
        assert!(got.bytes.is_empty(), "{route}: {status} is not described to say {}", shown());
        return;
    }
    let content = answer.contents.iter().find(|content| content.media_type == kind);
    let content = content.unwrap_or_else(|| panic!("{route}: {status} is not described as {kind:?}"));
    if kind == "application/json" && operation.id != "openapi" {
        schema::check(&content.schema, &got.json())
            .unwrap_or_else(|wrong| panic!("{route}: {wrong} in {}", shown()));
    }
    for (name, is_described) in
        [("chargly-position", operation.has_position), ("idempotent-replayed", operation.has_position)]
    {
        assert!(is_described || !got.headers.contains_key(name), "{route} is not described to send {name}");
    }
    hold_request(operation, sent);
}

/// What was accepted has to be what may be sent.
fn hold_request(operation: &Operation, sent: &Sent) {
    let route = operation.route();
    // Whatever a payment provider or a campaign adds to the address of a buyer's page is left alone.
    // The product's client may send what it likes.
    let is_strict = operation.access != Access::Proof && operation.errors_as == Errors::Problem;
    let query = sent.uri.query().filter(|_| is_strict).unwrap_or_default();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let name = pair.split(['=', '[', '%']).next().unwrap_or_default();
        let known = |place| operation.parameters.iter().any(|p| p.place == place && p.name == name);
        assert!(known(Place::Query), "{route} is not described to take {name}");
    }
    let kind = sent.headers.get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let is_form = kind.contains("form") && operation.access == Access::Proof;
    let is_json = !kind.contains("ndjson") && !is_form;
    let body = operation.bodies.iter().find(|content| content.media_type == "application/json");
    // What is wrong with one event of a batch is answered in its place, and no reason to refuse the others.
    let is_taken_as_it_is = ["stripe_webhook", "meter_events"].contains(&operation.id);
    let Some(body) = body.filter(|_| is_json && !is_taken_as_it_is) else { return };
    if sent.body.trim_ascii().is_empty() {
        assert!(operation.is_body_optional, "{route} is not described to do without a body");
        return;
    }
    let value: Value = serde_json::from_slice(&sent.body).expect("JSON, since it was read");
    schema::check(&body.schema, &value)
        .unwrap_or_else(|wrong| panic!("{route} took what it is not described to: {wrong} in {value}"));
}

#[test]
fn every_route_is_described_with_its_operation_and_its_scope_and_nothing_else_is() {
    for route in ROUTES {
        let name = format!("{} {}", route.method, route.path);
        let described = OPERATIONS.iter().find(|operation| operation.route() == name);
        let described = described.unwrap_or_else(|| {
            panic!("{name} has no description: crates/openapi/src/groups, see CONTRIBUTING.md")
        });
        assert_eq!(described.id, route.operation, "{name}");
        let access = match route.scope {
            Some(scope) => Access::Key(scope),
            None if route.is_public() => Access::Proof,
            None => Access::Everybody,
        };
        assert_eq!(described.access, access, "{name}");
    }
    for operation in OPERATIONS.iter() {
        let name = operation.route();
        let is_served = ROUTES.iter().any(|route| format!("{} {}", route.method, route.path) == name);
        assert!(is_served, "{name} is described and not served");
    }
}

#[test]
fn every_example_is_what_its_schema_says() {
    let contents = |operation: &'static Operation| {
        operation.bodies.iter().chain(operation.answers.iter().flat_map(|answer| &answer.contents))
    };
    for operation in OPERATIONS.iter() {
        for content in contents(operation).filter(|content| content.media_type == "application/json") {
            let Some(example) = &content.example else { continue };
            let example = serde_json::from_str(&example.to_string()).expect("JSON");
            schema::check(&content.schema, &example)
                .unwrap_or_else(|wrong| panic!("{}: {wrong} in {example}", operation.route()));
        }
    }
}

#[tokio::test]
async fn document_and_page_are_served_to_whoever_asks_and_need_no_other_host() {
    let world = World::empty().await;
    let document = world.ask("GET", "/openapi.json", None, "").await.expect(200);
    assert_eq!(document.text("/openapi"), "3.1.0");
    assert_eq!(document.bytes, chargly_openapi::document().as_bytes());
    let page = world.ask("GET", "/docs", None, "").await.expect(200);
    let policy = page.headers["content-security-policy"].to_str().expect("ASCII").to_owned();
    assert!(policy.starts_with("default-src 'none'; style-src 'self'"), "{policy}");
    let page = String::from_utf8(page.bytes).expect("UTF-8");
    for forbidden in ["<script", "<style", " style=", " onclick=", "src=\"http", "href=\"http"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    let (_, rest) = page.split_once("rel=\"stylesheet\" href=\"").expect("a stylesheet");
    let stylesheet = format!("/{}", rest.split('"').next().expect("an address"));
    let stylesheet = world.ask("GET", &stylesheet, None, "").await.expect(200);
    assert_eq!(stylesheet.headers["content-type"], "text/css");
}

#[tokio::test]
async fn page_leads_to_every_operation_and_every_error_and_all_its_links_lead_somewhere() {
    let world = World::empty().await;
    let page = world.ask("GET", "/docs", None, "").await.expect(200);
    let page = String::from_utf8(page.bytes).expect("UTF-8");
    let ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let mut once = ids.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), ids.len(), "an anchor twice");
    let operations = OPERATIONS.iter().map(|operation| operation.id);
    for wanted in operations.chain(ErrorCode::ALL.iter().map(|code| code.as_str())) {
        assert!(ids.contains(&wanted), "{wanted}");
    }
    for link in page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(ids.contains(&link), "#{link} leads nowhere");
    }
}
