//! `/v1/orders`: pages of them, of one customer, with one status.

use serde_json::{Value, json};

use crate::world::{PUBLIC_URL, World};

async fn order(world: &World, customer: &str) -> (String, String) {
    let body = json!({"customer": customer, "pack": "regular_500"}).to_string();
    let checkout = world.post("/v1/checkouts", &body).await.expect(200);
    (checkout.text("/order"), checkout.text("/url"))
}

async fn press(world: &World, url: &str, button: &str) {
    let path = url.strip_prefix(PUBLIC_URL).expect("an address of ours");
    let press = axum::http::Request::builder().method("POST").uri(path);
    let press = press.header("content-type", "application/x-www-form-urlencoded");
    let pressed = world.send(press.body(format!("action={button}").into()).expect("a request")).await;
    pressed.expect(303);
}

async fn selling() -> World {
    let world = World::start().await;
    let pack = r#"{"name":"Regular","credits":500,"price":{"amount":"10","currency":"usd"}}"#;
    world.put("/v1/packs/regular_500", pack).await.expect(200);
    world
}

/// The ids of all pages.
async fn listed(world: &World, query: &str) -> Vec<String> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = world.get(&format!("/v1/orders?limit=2{query}{cursor}")).await.expect(200).json();
        let data = page["data"].as_array().expect("a list");
        assert!(data.len() <= 2);
        found.extend(data.iter().map(|order| order["id"].as_str().expect("an id").to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
}

#[tokio::test]
async fn orders_come_newest_first_page_by_page_by_customer_and_status() {
    let world = selling().await;
    let mut orders = Vec::new();
    for index in 0..7 {
        let customer = if index % 2 == 0 { "a" } else { "b" };
        orders.insert(0, order(&world, customer).await);
        world.meter("user_42", &format!("{index}")).await.expect(200);
    }
    press(&world, &orders[1].1, "pay").await;
    press(&world, &orders[3].1, "pay_later").await;
    let id = |at: usize| orders[at].0.clone();
    for (query, expected) in [
        ("", (0..7).map(id).collect::<Vec<_>>()),
        ("&customer=a", vec![id(0), id(2), id(4), id(6)]),
        ("&customer=stranger", vec![]),
        ("&status=paid", vec![id(1)]),
        ("&status=pending", vec![id(3)]),
        ("&status=created&customer=b", vec![id(5)]),
        ("&status=held", vec![]),
    ] {
        assert_eq!(listed(&world, query).await, expected, "{query}");
    }
    let world = world.restart().await;
    assert_eq!(listed(&world, "").await, orders.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>());
    for (query, field) in [("status=refunded", "status"), ("limit=0", "limit"), ("stat=paid", "stat")] {
        assert_eq!(world.get(&format!("/v1/orders?{query}")).await.expect(400).fields(), [field]);
    }
}

#[tokio::test]
async fn order_and_its_checkout_show_the_same() {
    let world = selling().await;
    let body = json!({"customer": "a", "pack": "regular_500"}).to_string();
    let checkout = world.post("/v1/checkouts", &body).await.expect(200);
    let order = world.get(&format!("/v1/orders/{}", checkout.text("/order"))).await.expect(200).json();
    let mut shown = world.get(&format!("/v1/checkouts/{}", checkout.text("/id"))).await.expect(200).json();
    shown["id"] = shown["order"].take();
    shown.as_object_mut().expect("fields").remove("order");
    assert_eq!(shown, order);
    assert_eq!(order["status"], Value::from("created"));
}
