//! What there is: the list of tools as clients read it, and the scope of each.

use chargly_engine::ledger::Scope;
use chargly_http::ROUTES;
use serde_json::{Value, json};

use crate::world::World;

async fn listed(world: &World) -> Vec<Value> {
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}});
    let got = world.send(world.message(&message)).await.json();
    got["result"]["tools"].as_array().expect("tools").clone()
}

#[tokio::test]
async fn list_of_tools_is_as_it_was_published() {
    let tools = listed(&World::start().await).await;
    insta::assert_json_snapshot!("tools", tools);
}

#[tokio::test]
async fn every_tool_has_what_a_model_needs_to_choose_it() {
    for tool in listed(&World::start().await).await {
        let name = tool["name"].as_str().expect("a name");
        assert!(name.starts_with("chargly."), "{name}");
        assert!(tool["title"].is_string() && tool["annotations"]["title"] == tool["title"], "{name}");
        assert!(tool["description"].as_str().is_some_and(|text| text.len() > 80), "{name}");
        for schema in [&tool["inputSchema"], &tool["outputSchema"]] {
            assert_eq!(schema["type"], "object", "{name}");
            assert!(!schema.to_string().contains("null"), "{name} has a type with null");
        }
        assert_eq!(tool["inputSchema"]["additionalProperties"], false, "{name}");
        for hint in ["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"] {
            assert!(tool["annotations"][hint].is_boolean(), "{name}: {hint}");
        }
    }
}

/// Tool, scope: what a person reads before making a key for an agent.
const SCOPES: [(&str, Scope); 16] = [
    ("chargly.meter_event", Scope::Meter),
    ("chargly.quote", Scope::Meter),
    ("chargly.get_wallet", Scope::Read),
    ("chargly.list_wallet_history", Scope::Read),
    ("chargly.list_credit_packs", Scope::Read),
    ("chargly.create_checkout", Scope::Meter),
    ("chargly.place_hold", Scope::Meter),
    ("chargly.capture_hold", Scope::Meter),
    ("chargly.void_hold", Scope::Meter),
    ("chargly.get_usage", Scope::Read),
    ("chargly.get_pricing_rule", Scope::Read),
    ("chargly.list_pricing_recommendations", Scope::Read),
    ("chargly.get_pricing_recommendation", Scope::Read),
    ("chargly.explain_pricing_recommendation", Scope::Read),
    ("chargly.apply_pricing_recommendation", Scope::Prices),
    ("chargly.reject_pricing_recommendation", Scope::Prices),
];

#[test]
fn every_tool_is_one_route_and_says_its_scope() {
    let told: Vec<_> = chargly_mcp::routes_of_tools().collect();
    assert_eq!(told.len(), SCOPES.len());
    for ((name, method, path, scope), (expected, needed)) in told.into_iter().zip(SCOPES) {
        assert_eq!(name, expected);
        let route = ROUTES.iter().find(|route| route.method == method && route.path == path);
        let route = route.unwrap_or_else(|| panic!("{name} is no route"));
        assert_eq!(route.scope, Some(needed), "{name}");
        assert_eq!(scope, needed.as_str(), "{name}");
    }
}

/// Arguments that pass the reader.
fn args_of(tool: &Value) -> Value {
    let required = tool["inputSchema"]["required"].as_array().expect("a list");
    let value = |name: &str| match name {
        "event" | "feature" => "image.generate",
        "customerId" => "user_42",
        "creditPackId" => "starter_500",
        _ => "some",
    };
    required
        .iter()
        .filter_map(Value::as_str)
        .map(|name| (name.to_owned(), Value::from(value(name))))
        .collect()
}

#[tokio::test]
async fn key_that_lacks_the_scope_of_a_tool_is_refused_and_nothing_moves() {
    let world = World::start().await;
    let before = world.stands("user_42").await;
    for (tool, (name, needed)) in listed(&world).await.iter().zip(SCOPES) {
        let others: Vec<Scope> = Scope::ALL.into_iter().filter(|scope| *scope != needed).collect();
        let key = world.key_with(&others).await;
        let problem = world.refused_with(&key, name, args_of(tool)).await;
        assert_eq!(problem["code"], "forbidden", "{name}");
        assert_eq!(problem["required_scope"], needed.as_str(), "{name}");
    }
    assert_eq!(world.stands("user_42").await, before);
}

#[tokio::test]
async fn unknown_argument_is_refused_by_name_by_every_tool() {
    let world = World::start().await;
    let before = world.stands("user_42").await;
    for tool in listed(&world).await {
        let mut args = args_of(&tool);
        args["customer_id"] = "user_42".into();
        let problem = world.refused(tool["name"].as_str().expect("a name"), args).await;
        assert_eq!(problem["code"], "invalid_request");
        assert_eq!(problem["errors"][0]["field"], "customer_id");
    }
    assert_eq!(world.stands("user_42").await, before);
}
