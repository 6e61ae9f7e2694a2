//! Starting a checkout: what is refused, what is answered again, and what waits.

use serde_json::{Value, json};

use super::shop::Shop;
use crate::world::{PUBLIC_URL, World};

fn order(fields: &Value) -> String {
    let mut order = json!({"customer": "user_42", "pack": "regular_500", "idempotency_key": "k"});
    for (name, value) in fields.as_object().expect("fields") {
        order[name] = value.clone();
    }
    order.to_string()
}

#[tokio::test]
async fn checkout_of_a_pack_that_is_not_for_sale_is_refused_and_binds_no_key() {
    let shop = Shop::open().await;
    let world = &shop.world;
    let got = world.post("/v1/checkouts", &order(&json!({"pack": "no_such"}))).await.expect(404);
    assert_eq!((got.code(), got.text("/kind")), ("not_found".into(), "pack".into()));
    world.post("/v1/packs/regular_500/retire", "").await.expect(200);
    let got = world.post("/v1/checkouts", &order(&json!({}))).await.expect(400);
    assert_eq!(got.fields(), ["pack"]);
    world.post("/v1/packs/regular_500/restore", "").await.expect(200);
    let got = world.post("/v1/checkouts", &order(&json!({}))).await.expect(200);
    assert!(!got.is_replay());
}

#[tokio::test]
async fn buyer_is_sent_nowhere_that_nobody_allowed() {
    let shop = Shop::open().await;
    let ours = format!("{PUBLIC_URL}/thanks");
    let allow = r#"{"redirect_origins":["https://shop.example:8443"]}"#;
    shop.world.put("/v1/settings", allow).await.expect(200);
    for (url, status) in [
        (ours.as_str(), 200),
        ("https://shop.example:8443/thanks?a=b#c", 200),
        ("http://127.0.0.1:3000/back", 200),
        ("http://localhost/back", 200),
        ("http://[::1]:3000/", 200),
        ("https://shop.example/thanks", 400),
        ("http://shop.example:8443/thanks", 400),
        ("https://shop.example:8443.evil.example/", 400),
        ("https://evil.example/?https://shop.example:8443", 400),
        ("https://localhost.evil.example/", 400),
        ("https://shop.example:8443@evil.example/", 400),
        ("https://user@shop.example:8443/", 400),
        ("https://:secret@shop.example:8443/", 400),
        ("javascript:alert(1)", 400),
        ("data:text/html,x", 400),
        ("//evil.example/", 400),
        ("/thanks", 400),
        ("https://", 400),
        ("\\\\evil.example", 400),
        ("", 400),
    ] {
        for field in ["success_url", "cancel_url"] {
            let key = format!("{field} {url}").replace(' ', "_");
            let key: String = key.chars().filter(char::is_ascii_graphic).collect();
            let fields = json!({field: url, "idempotency_key": key});
            let got = shop.world.post("/v1/checkouts", &order(&fields)).await.expect(status);
            if status == 400 {
                assert_eq!(got.fields(), [field], "{url}");
            }
        }
    }
    let long = |bytes: usize| format!("{PUBLIC_URL}/{}", "a".repeat(bytes - PUBLIC_URL.len() - 1));
    for (bytes, status) in [(2_000, 200), (2_001, 400)] {
        let fields = json!({"success_url": long(bytes), "idempotency_key": bytes.to_string()});
        shop.world.post("/v1/checkouts", &order(&fields)).await.expect(status);
    }
}

#[tokio::test]
async fn buyer_is_sent_on_to_where_the_caller_said() {
    let shop = Shop::open().await;
    let fields = json!({"success_url": "http://localhost/thanks", "cancel_url": "http://localhost/packs"});
    let order =
        super::shop::Ordered::of(&shop.world.post("/v1/checkouts", &order(&fields)).await.expect(200));
    let session = shop.fake.object(&order.session).expect("a session");
    let gave_up = session["cancel_url"].as_str().expect("an address")[PUBLIC_URL.len()..].to_owned();
    let sent_back = shop.world.ask("GET", &gave_up, None, "").await.expect(303);
    assert_eq!(sent_back.headers["location"], "http://localhost/packs");
    shop.fake.pay(&order.session).await.expect("an open session");
    let sent_on = shop.return_to(&order).await.expect(303);
    assert_eq!(sent_on.headers["location"], "http://localhost/thanks");
    assert_eq!(shop.world.available("user_42").await, "547");
}

#[tokio::test]
async fn orders_of_one_customer_that_nobody_has_paid_are_bounded() {
    let shop = Shop::open().await;
    let ask = |customer: &'static str, key: u32| {
        let shop = &shop;
        async move { shop.ask_for_checkout(customer, &key.to_string()).await }
    };
    for key in 0..100 {
        ask("user_42", key).await.expect(200);
    }
    let refused = ask("user_42", 100).await.expect(409);
    assert_eq!((refused.code(), refused.number("/limit")), ("too_many_orders".into(), "100".into()));
    ask("user_43", 0).await.expect(200);
    let again = ask("user_42", 7).await.expect(200);
    assert!(again.is_replay(), "what is there already is no further one");
    shop.fake.pay("cs_test_000001").await.expect("an open session");
    shop.deliver().await;
    ask("user_42", 101).await.expect(200);
    assert_eq!(ask("user_42", 100).await.expect(409).bytes, refused.bytes, "its verdict is final");
}

#[tokio::test]
async fn where_nobody_takes_money_nothing_is_sold() {
    let world = World::start().await;
    let pack = r#"{"name":"Regular","credits":500,"price":{"amount":"10","currency":"usd"}}"#;
    world.ask("PUT", "/v1/packs/regular_500", Some(&world.live_key), pack).await.expect(200);
    let body = order(&json!({}));
    let got = world.ask("POST", "/v1/checkouts", Some(&world.live_key), &body).await.expect(409);
    assert_eq!(got.code(), "payments_not_set_up");
    let orders = world.ask("GET", "/v1/orders", Some(&world.live_key), "").await.expect(200);
    assert_eq!(orders.json()["data"], json!([]));
}

#[tokio::test]
async fn answer_of_a_checkout_is_the_same_again_whatever_has_changed_since() {
    let shop = Shop::open().await;
    let world = &shop.world;
    let body = order(&json!({}));
    let first = world.post("/v1/checkouts", &body).await.expect(200);
    let dearer = r#"{"name":"Better","credits":700,"price":{"amount":"20","currency":"usd"}}"#;
    world.put("/v1/packs/regular_500", dearer).await.expect(200);
    assert_eq!(world.post("/v1/checkouts", &body).await.expect(200).bytes, first.bytes, "another version");
    world.post("/v1/packs/regular_500/retire", "").await.expect(200);
    assert_eq!(world.post("/v1/checkouts", &body).await.expect(200).bytes, first.bytes, "retired");
    let ordered = super::shop::Ordered::of(&first);
    shop.fake.pay(&ordered.session).await.expect("an open session");
    shop.deliver().await;
    assert_eq!(world.post("/v1/checkouts", &body).await.expect(200).bytes, first.bytes, "paid");
    let shop = shop.restart().await;
    assert_eq!(shop.world.post("/v1/checkouts", &body).await.expect(200).bytes, first.bytes, "restarted");
    assert_eq!(shop.world.available("user_42").await, "547", "as it was sold");
    assert_eq!(shop.fake.object("cs_test_000002"), None);
}

#[tokio::test]
async fn other_order_under_the_same_key_conflicts_on_the_field() {
    let shop = Shop::open().await;
    let world = &shop.world;
    let small = r#"{"name":"Small","credits":5,"price":{"amount":"1","currency":"usd"}}"#;
    world.put("/v1/packs/small_5", small).await.expect(200);
    world.post("/v1/checkouts", &order(&json!({"success_url": "http://localhost/a"}))).await.expect(200);
    for (fields, field) in [
        (json!({"success_url": "http://localhost/a", "pack": "small_5"}), "pack"),
        (json!({"success_url": "http://localhost/b"}), "success_url"),
        (json!({}), "success_url"),
        (json!({"success_url": "http://localhost/a", "cancel_url": "http://localhost/a"}), "cancel_url"),
    ] {
        let got = world.post("/v1/checkouts", &order(&fields)).await.expect(409);
        assert_eq!((got.code(), got.text("/field")), ("idempotency_conflict".into(), field.into()));
    }
}

#[tokio::test]
async fn one_key_asked_many_times_at_once_orders_once() {
    let shop = Shop::open().await;
    let asked = futures_util::future::join_all((0..8).map(|_| shop.ask_for_checkout("user_42", "k"))).await;
    let first = asked[0].bytes.clone();
    for got in asked {
        assert_eq!(got.expect(200).bytes, first);
    }
    assert_eq!(shop.fake.object("cs_test_000002"), None);
}

/// Opening the page of an order is no proof of having been given its address, unless every part of it fits.
#[tokio::test]
async fn page_of_an_order_is_found_by_its_whole_address_alone() {
    let shop = Shop::open().await;
    let order = shop.order("user_42", "k").await;
    let other = shop.order("user_43", "k").await;
    let path = |ordered: &super::shop::Ordered| {
        let session = shop.fake.object(&ordered.session).expect("a session");
        session["success_url"].as_str().expect("an address")[PUBLIC_URL.len()..].to_owned()
    };
    let (path, other) = (path(&order), path(&other));
    let (id, token) = path.rsplit('/').next().expect("a name").split_once('.').expect("a token");
    let other_token = other.rsplit_once('.').expect("a token").1;
    shop.world.ask("GET", &path, None, "").await.expect(200);
    shop.world.ask("GET", &format!("{path}?session_id=cs_1&utm_source=mail"), None, "").await.expect(200);
    for wrong in [
        path.replace("/test/", "/live/"),
        path.replace("/test/", "/nowhere/"),
        format!("/checkout/test/{id}"),
        format!("/checkout/test/{id}."),
        format!("/checkout/test/{id}.{other_token}"),
        format!("/checkout/test/{id}.{}", &token[1..]),
        format!("/checkout/test/{}.{token}", order.order),
        path.replace("/checkout/", "/sandbox/"),
    ] {
        shop.world.ask("GET", &wrong, None, "").await.expect(404);
    }
}
