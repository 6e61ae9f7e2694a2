//! Whatever is wrong gets the error that says so, and spends nothing.

use axum::body::Body;
use axum::http::{HeaderValue, Request};
use serde_json::{Value, json};

use crate::world::{World, call};

#[tokio::test]
async fn wrong_arguments_are_told_all_at_once_by_the_names_that_were_sent() {
    let world = World::start().await;
    let before = world.stands("user_42").await;
    let meter = |change: Value| {
        let mut args = json!({"customerId": "user_42", "event": "image.generate"});
        for (name, value) in change.as_object().expect("an object") {
            args[name] = value.clone();
        }
        args
    };
    for (tool, args, fields) in [
        ("chargly.meter_event", json!({}), vec!["customerId", "event"]),
        (
            "chargly.meter_event",
            json!({"customerId": 1, "event": [], "x": 1}),
            vec!["x", "customerId", "event"],
        ),
        ("chargly.meter_event", meter(json!({"event": "Not A Name"})), vec!["event"]),
        ("chargly.meter_event", meter(json!({"customerId": ""})), vec!["customerId"]),
        ("chargly.meter_event", meter(json!({"customerId": "a\nb"})), vec!["customerId"]),
        ("chargly.meter_event", meter(json!({"credits": "12"})), vec!["credits"]),
        ("chargly.meter_event", meter(json!({"credits": -1})), vec!["credits"]),
        ("chargly.meter_event", meter(json!({"credits": 1e300})), vec!["credits"]),
        ("chargly.meter_event", meter(json!({"credits": 0.123_456_789_012_345_6})), vec!["credits"]),
        ("chargly.meter_event", meter(json!({"metadata": "model"})), vec!["metadata"]),
        ("chargly.meter_event", meter(json!({"idempotencyKey": "a b"})), vec!["idempotencyKey"]),
        ("chargly.meter_event", meter(json!({"idempotencyKey": "a".repeat(256)})), vec!["idempotencyKey"]),
        ("chargly.meter_event", meter(json!({"idempotencyKey": 7})), vec!["idempotencyKey"]),
        ("chargly.meter_event", meter(json!({"if_insufficient": "record"})), vec!["if_insufficient"]),
        ("chargly.place_hold", meter(json!({"quantity": 1, "credits": 1})), vec!["credits"]),
        ("chargly.place_hold", meter(json!({"expiresInSeconds": 0})), vec!["expiresInSeconds"]),
        ("chargly.get_wallet", json!({"customerId": ""}), vec!["customerId"]),
        ("chargly.get_usage", json!({"from": "yesterday"}), vec!["from"]),
        ("chargly.get_usage", json!({"groupBy": "weather"}), vec!["groupBy"]),
        ("chargly.list_wallet_history", json!({"customerId": "user_42", "limit": 1001}), vec!["limit"]),
        ("chargly.list_wallet_history", json!({"customerId": "user_42", "limit": "1"}), vec!["limit"]),
    ] {
        let problem = world.refused(tool, args.clone()).await;
        assert_eq!(problem["code"], "invalid_request", "{args}");
        let errors = problem["errors"].as_array().expect("errors");
        let named: Vec<&str> = errors.iter().filter_map(|error| error["field"].as_str()).collect();
        assert_eq!(named, fields, "{args}");
        if let [one] = fields.as_slice() {
            assert!(problem["detail"].as_str().is_some_and(|detail| detail.starts_with(one)), "{problem}");
        }
    }
    assert_eq!(world.stands("user_42").await, before);
}

#[tokio::test]
async fn what_does_not_exist_is_named() {
    let world = World::start().await;
    for (tool, args, code) in [
        (
            "chargly.meter_event",
            json!({"customerId": "user_42", "event": "image.generat"}),
            "unknown_event_type",
        ),
        ("chargly.create_checkout", json!({"customerId": "user_42", "creditPackId": "none"}), "not_found"),
        ("chargly.capture_hold", json!({"holdId": "hld_none"}), "not_found"),
        ("chargly.void_hold", json!({"holdId": "../events"}), "not_found"),
        ("chargly.get_pricing_rule", json!({"feature": "no.such"}), "not_found"),
        ("chargly.get_pricing_recommendation", json!({"recommendationId": "rec_x"}), "not_found"),
        ("chargly.apply_pricing_recommendation", json!({"recommendationId": "rec_x"}), "not_found"),
    ] {
        assert_eq!(world.refused(tool, args).await["code"], code, "{tool}");
    }
}

/// A message, a change of it, the HTTP status and what the answer has to say.
#[tokio::test]
async fn requests_that_are_none_are_refused_before_anything_is_spent() {
    let world = World::start().await;
    let before = world.stands("user_42").await;
    let body = call("chargly.meter_event", &json!({"customerId": "user_42", "event": "image.generate"}));
    let good = || world.message(&body);
    let set = |name: &'static str, value: &'static str| {
        let mut request = good();
        request.headers_mut().insert(name, HeaderValue::from_static(value));
        request
    };
    let without = |name: &str| {
        let mut request = good();
        request.headers_mut().remove(name);
        request
    };
    let with_body = |body: String| world.message_with(&world.key, body);
    let large =
        json!({"customerId": "user_42", "event": "image.generate", "metadata": {"a": "a".repeat(65_536)}});
    for (what, request, status, says) in [
        ("no key", without("authorization"), 401, "unauthorized"),
        ("a key that is none", set("authorization", "Bearer sk_test_x"), 401, "unauthorized"),
        ("a key in the address", uri("/mcp?key=x", without("authorization")), 401, "unauthorized"),
        ("two keys that differ", set("x-api-key", "sk_test_other"), 401, "unauthorized"),
        ("a foreign host", set("host", "evil.example.com"), 403, "Host"),
        ("no host", without("host"), 400, "Host"),
        ("a foreign origin", set("origin", "https://evil.example.com"), 403, "Origin"),
        ("an origin of nobody", set("origin", "null"), 403, "Origin"),
        ("an accept without streams", set("accept", "application/json"), 406, "Accept"),
        ("another kind of content", set("content-type", "text/plain"), 415, "Content-Type"),
        ("a version that is none", set("mcp-protocol-version", "1999-01-01"), 400, "1999-01-01"),
        ("no JSON", with_body("{".to_owned()), 400, "-32700"),
        ("no body", with_body(String::new()), 400, "-32700"),
        ("no message", with_body("[1]".to_owned()), 400, "-32600"),
        (
            "a field twice",
            with_body(body.to_string().replace("{\"customerId\"", "{\"customerId\":\"a\",\"customerId\"")),
            400,
            "twice",
        ),
        ("too large", with_body(call("chargly.meter_event", &large).to_string()), 413, "65536"),
        ("a method that is none", method("PUT", good()), 405, ""),
        ("a stream of notices, of which there are none", method("GET", good()), 405, ""),
    ] {
        let got = world.send(request).await;
        let text = String::from_utf8_lossy(&got.bytes).into_owned();
        assert_eq!(got.status.as_u16(), status, "{what}: {text}");
        assert!(text.to_lowercase().contains(&says.to_lowercase()), "{what}: {text}");
        if status == 401 {
            assert!(got.headers.contains_key("www-authenticate"), "{what}");
        }
    }
    assert_eq!(world.stands("user_42").await, before);
}

fn uri(path: &'static str, mut request: Request<Body>) -> Request<Body> {
    *request.uri_mut() = axum::http::Uri::from_static(path);
    request
}

fn method(name: &'static str, mut request: Request<Body>) -> Request<Body> {
    *request.method_mut() = name.parse().expect("a method");
    request
}

#[tokio::test]
async fn unknown_tools_and_methods_are_errors_of_the_protocol() {
    let world = World::start().await;
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/lost"});
    for (message, code) in [
        (call("chargly.spend_everything", &json!({})), -32602),
        (call("meter_event", &json!({})), -32602),
        (list, -32601),
        (json!({"jsonrpc": "2.0", "id": 1, "method": "resources/list"}), -32601),
    ] {
        let got = world.send(world.message(&message)).await.json();
        assert_eq!(got["error"]["code"], code, "{message}: {got}");
    }
}

#[tokio::test]
async fn hosts_that_were_allowed_are_served_and_their_pages_too() {
    let world = World::start().await;
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    for (host, origin) in [
        ("localhost:8080", None),
        ("[::1]:8080", None),
        ("billing.example.com", None),
        ("billing.example.com", Some("https://billing.example.com")),
        ("127.0.0.1:8080", Some("http://localhost:6274")),
    ] {
        let mut request = world.message(&list);
        request.headers_mut().insert("host", HeaderValue::from_static(host));
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", HeaderValue::from_static(origin));
        }
        assert_eq!(world.send(request).await.status, 200, "{host} {origin:?}");
    }
}
