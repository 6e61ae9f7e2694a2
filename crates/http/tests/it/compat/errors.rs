//! Errors of `/api`: one shape, the codes and statuses of `/v1` but for one, and everything that is wrong at once.

use axum::body::Body;
use serde_json::json;

use super::{Client, refused};
use crate::world::World;

#[tokio::test]
async fn every_error_has_the_clients_shape() {
    let world = World::start().await;
    let client = Client::of(&world);
    world.post("/v1/customers/cold/wallet/freeze", r#"{"reason":"x"}"#).await.expect(200);
    let consume = "/api/wallet/consume";
    let cold = json!({"userId": "cold", "source": "image.generate"});
    refused(&client.post(consume, &cold).await, 403, "wallet_frozen");
    let checkout = json!({"userId": "a", "creditPackCode": "no_such"});
    refused(&client.post("/api/billing/checkout", &checkout).await, 404, "not_found");
    refused(&Client::live(&world).post("/api/billing/checkout", &checkout).await, 409, "payments_not_set_up");
    refused(&client.get("/api/no/such").await, 404, "not_found");
    refused(&client.get(consume).await, 405, "method_not_allowed");
    refused(&world.ask("GET", "/api/credit-packs", None, "").await, 401, "unauthorized");
    refused(&world.ask("POST", consume, Some(&world.key), "not json").await, 400, "invalid_request");
    let request = world.request("POST", consume).header("content-type", "text/plain");
    let got = world.send(request.body(Body::from("{}")).expect("a request")).await;
    refused(&got, 415, "unsupported_media_type");
    let request = world.request("GET", "/api/wallet/balance/%ff");
    refused(&world.send(request.body(Body::empty()).expect("a request")).await, 400, "invalid_request");
}

#[tokio::test]
async fn message_says_all_that_is_wrong_by_the_clients_names() {
    let world = World::start().await;
    let client = Client::of(&world);
    for (path, body, named) in [
        ("/api/wallet/consume", json!({"amount": "12"}), &["userId", "source", "amount"][..]),
        (
            "/api/usage/log",
            json!({"metadata": 1, "creditsCharged": -1}),
            &["userId", "featureKey", "metadata", "creditsCharged"],
        ),
        (
            "/api/billing/checkout",
            json!({"successUrl": 1, "cancelUrl": {}}),
            &["userId", "creditPackCode", "successUrl", "cancelUrl"],
        ),
    ] {
        let message = refused(&client.post(path, &body).await, 400, "invalid_request");
        for name in named {
            assert!(message.contains(name), "{path}: {message}");
        }
    }
}

#[tokio::test]
async fn what_a_client_sends_beside_is_passed_over() {
    let world = World::start().await;
    let client = Client::of(&world);
    let consume =
        json!({"userId": "user_42", "source": "image.generate", "amount": 12, "sdkVersion": "1.4", "x": {}});
    client.post("/api/wallet/consume", &consume).await.expect(200);
    let log = json!({"userId": "user_42", "featureKey": "image.generate", "traceId": null});
    client.post("/api/usage/log", &log).await.expect(200);
    client.get("/api/wallet/balance/user_42?verbose=1").await.expect(200);
    client.get("/api/credit-packs?v=2").await.expect(200);
    client.get("/api/pricing/rules/image.generate?v=2").await.expect(200);
}
