//! One customer from nothing to a purchase, to use, to nothing left, by these routes alone; and that it is the ledger of
//! `/v1`.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use super::{Client, names, refused};
use crate::world::World;

const PACK: &str =
    r#"{"name":"Starter","credits":90,"bonus_credits":10,"price":{"amount":"9.99","currency":"usd"}}"#;

#[tokio::test]
async fn a_customer_buys_uses_and_runs_out_by_these_routes_alone() {
    let world = World::start().await;
    world.put("/v1/packs/starter", PACK).await.expect(200);
    let client = Client::of(&world);

    let packs = client.get("/api/credit-packs").await.expect(200).json();
    let pack = &packs["items"][0];
    assert_eq!(names(pack), ["code", "credits", "currency", "id", "name", "priceCents"]);
    assert!(pack["id"].as_str().is_some_and(|id| id.starts_with("pck_")));
    assert_eq!((&pack["code"], &pack["name"]), (&json!("starter"), &json!("Starter")));
    assert_eq!(
        (&pack["credits"], &pack["priceCents"], &pack["currency"]),
        (&json!(100), &json!(999), &json!("usd")),
        "the bonus is among the credits"
    );

    let before = client.get("/api/wallet/balance/ada").await.expect(200).json();
    assert_eq!(before, json!({"userId": "ada", "walletId": null, "balance": 0, "unit": "credits"}));
    let order = json!({"userId": "ada", "creditPackCode": pack["code"]});
    let checkout = client.post_with("/api/billing/checkout", Some("buy"), &order).await.expect(200);
    assert_eq!(names(&checkout.json()), ["checkoutId", "checkoutUrl", "credits"]);
    assert_eq!(checkout.number("/credits"), "100");
    assert!(checkout.text("/checkoutId").starts_with("chk_"));
    let again = client.post_with("/api/billing/checkout", Some("buy"), &order).await.expect(200);
    assert!(again.is_replay());
    assert_eq!(again.bytes, checkout.bytes);
    let url = checkout.text("/checkoutUrl");
    let page = &url[url.find("/sandbox/").expect("the pay page of test")..];
    let press = Request::builder().method("POST").uri(page);
    let press = press.header("content-type", "application/x-www-form-urlencoded");
    world.send(press.body(Body::from("action=pay")).expect("a request")).await.expect(303);
    let wallet = client.get("/api/wallet/balance/ada").await.expect(200);
    assert_eq!(wallet.number("/balance"), "100");
    assert!(wallet.text("/walletId").starts_with("wal_"));

    let consume = json!({"userId": "ada", "amount": 12, "source": "image.generate"});
    let consumed = client.post_with("/api/wallet/consume", Some("one"), &consume).await.expect(200);
    let body = consumed.json();
    assert_eq!(names(&body), ["balanceAfter", "creditsCharged", "success", "transactionId"]);
    assert_eq!(
        (&body["success"], &body["creditsCharged"], &body["balanceAfter"]),
        (&json!(true), &json!(12), &json!(88))
    );
    let replayed = client.post_with("/api/wallet/consume", Some("one"), &consume).await.expect(200);
    assert!(replayed.is_replay());
    assert_eq!(replayed.bytes, consumed.bytes);

    let log = json!({"userId": "ada", "featureKey": "image.generate", "creditsCharged": 12,
        "metadata": {"model": "dall-e-3"}});
    let logged = client.post("/api/usage/log", &log).await.expect(200);
    assert_eq!(logged.json(), json!({"id": body["transactionId"]}));
    assert_eq!(client.balance("ada").await, "88", "telling of it charges nothing");

    for left in ["76", "64", "52", "40", "28", "16", "4"] {
        // Without a key each call is its own.
        client.post("/api/wallet/consume", &consume).await.expect(200);
        assert_eq!(client.balance("ada").await, left);
    }
    let poor = client.post_with("/api/wallet/consume", Some("last"), &consume).await;
    let message = refused(&poor, 400, "insufficient_balance");
    assert!(message.contains('4') && message.contains("12"), "{message}");
    let final_for_its_key = client.post_with("/api/wallet/consume", Some("last"), &consume).await;
    assert_eq!(final_for_its_key.bytes, poor.bytes);
    assert!(final_for_its_key.is_replay());
    assert_eq!(client.balance("ada").await, "4");
}

/// Calls of both doors, one after the other, for a customer each; what stands in the ledgers is the same but for ids.
#[tokio::test]
async fn both_doors_leave_the_same_entries_and_figures() {
    let world = World::start().await;
    world.put("/v1/event-types/agent.run", r#"{"caller_set_credits":true}"#).await.expect(200);
    let client = Client::of(&world);
    for customer in ["by_v1", "by_api"] {
        world.grant(customer, "100").await;
    }
    for (event, amount) in
        [("image.generate", Some("12")), ("image.generate", None), ("agent.run", Some("2.5"))]
    {
        let credits = amount.map(|amount| format!(r#","credits":{amount}"#)).unwrap_or_default();
        let body = format!(r#"{{"event":"{event}","customer":"by_v1"{credits}}}"#);
        world.post("/v1/events", &body).await.expect(200);
        let amount: Value = amount.map_or(Value::Null, |amount| amount.parse().expect("a number"));
        let body = json!({"userId": "by_api", "source": event, "amount": amount});
        client.post("/api/wallet/consume", &body).await.expect(200);
    }
    let entries = async |customer: &str| {
        let ledger = world.get(&format!("/v1/customers/{customer}/ledger")).await.expect(200).json();
        let lines = ledger["data"].as_array().expect("lines").clone();
        let shown = lines.iter().map(|line| {
            [&line["kind"], &line["label"], &line["credits"], &line["balance_after"]].map(Value::to_string)
        });
        shown.collect::<Vec<_>>()
    };
    let by_v1 = entries("by_v1").await;
    assert_eq!(by_v1.len(), 4);
    assert_eq!(entries("by_api").await, by_v1);
    let events = async |customer: &str| {
        let found = world.get(&format!("/v1/events?customer={customer}")).await.expect(200).json();
        let list = found["data"].as_array().expect("events").clone();
        let shown = list.iter().map(|event| {
            ["event", "quantity", "credits", "revenue", "price_version"].map(|name| event[name].to_string())
        });
        shown.collect::<Vec<_>>()
    };
    assert_eq!(events("by_api").await, events("by_v1").await, "an amount that is the price is priced");

    // A key is the customer's, by whichever door it comes.
    let body = r#"{"event":"image.generate","customer":"by_api","idempotency_key":"k"}"#;
    let first = world.post("/v1/events", body).await.expect(200);
    let same = json!({"userId": "by_api", "source": "image.generate"});
    let again = client.post_with("/api/wallet/consume", Some("k"), &same).await.expect(200);
    assert!(again.is_replay());
    assert_eq!(again.text("/transactionId"), first.text("/id"));
}
