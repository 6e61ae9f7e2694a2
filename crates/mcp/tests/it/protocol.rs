//! Both eras of the protocol at one address, and no memory between two messages.

use axum::body::Body;
use axum::http::{HeaderValue, Request};
use serde_json::{Value, json};

use crate::world::{Got, World};

const TODAY: &str = "2026-07-28";

fn initialize(version: &str) -> Value {
    let client = json!({"name": "test", "version": "1"});
    let params = json!({"protocolVersion": version, "capabilities": {}, "clientInfo": client});
    json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params})
}

#[tokio::test]
async fn clients_that_begin_with_initialize_are_given_the_version_that_they_ask_for() {
    let world = World::start().await;
    for (asked, given) in [
        ("2025-06-18", "2025-06-18"),
        ("2025-11-25", "2025-11-25"),
        // No such version: the newest that begins so.
        ("2031-01-01", "2025-11-25"),
    ] {
        let mut request = world.message(&initialize(asked));
        request.headers_mut().remove("mcp-protocol-version");
        let got = world.send(request).await;
        assert!(!got.headers.contains_key("mcp-session-id"));
        let result = &got.json()["result"];
        assert_eq!(result["protocolVersion"], given, "{result}");
        assert_eq!(result["serverInfo"]["name"], "chargly");
        assert!(result["capabilities"]["tools"].is_object());
        assert!(result["instructions"].is_string());
    }
    let done = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    assert_eq!(world.send(world.message(&done)).await.status, 202);
}

fn of_today(world: &World, method: &str, params: Value, header: (&str, &str)) -> Request<Body> {
    let mut params = params;
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": TODAY,
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    let mut request = world.message(&body);
    let headers = request.headers_mut();
    headers.insert("mcp-protocol-version", HeaderValue::from_static(TODAY));
    headers.insert("mcp-method", HeaderValue::from_str(header.0).expect("ASCII"));
    if !header.1.is_empty() {
        headers.insert("mcp-name", HeaderValue::from_str(header.1).expect("ASCII"));
    }
    request
}

async fn meter_today(world: &World, header: (&str, &str)) -> Got {
    let args = json!({"customerId": "user_42", "event": "image.generate", "idempotencyKey": "k"});
    let params = json!({"name": "chargly.meter_event", "arguments": args});
    world.send(of_today(world, "tools/call", params, header)).await
}

#[tokio::test]
async fn messages_of_2026_07_28_stand_alone() {
    let world = World::start().await;
    let request = of_today(&world, "server/discover", json!({}), ("server/discover", ""));
    let found = world.send(request).await.json();
    let versions = found["result"]["supportedVersions"].as_array().expect("versions");
    for version in ["2025-06-18", "2025-11-25", TODAY] {
        assert!(versions.contains(&version.into()), "{found}");
    }
    let request = of_today(&world, "tools/list", json!({}), ("tools/list", ""));
    let listed = world.send(request).await.json();
    assert_eq!(listed["result"]["tools"].as_array().map(Vec::len), Some(16));
    let got = meter_today(&world, ("tools/call", "chargly.meter_event")).await.json();
    assert_eq!(got["result"]["structuredContent"]["remainingBalance"], 88);
    assert_eq!(got["result"]["resultType"], "complete");
}

#[tokio::test]
async fn headers_that_say_otherwise_than_the_message_are_refused_and_nothing_is_spent() {
    let world = World::start().await;
    let before = world.stands("user_42").await;
    for header in
        [("tools/list", "chargly.meter_event"), ("tools/call", "chargly.get_wallet"), ("tools/call", "")]
    {
        let got = meter_today(&world, header).await;
        assert_eq!(got.status, 400, "{header:?}: {}", String::from_utf8_lossy(&got.bytes));
    }
    assert_eq!(world.stands("user_42").await, before);
}
