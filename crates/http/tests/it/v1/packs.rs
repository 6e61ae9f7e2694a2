//! `/v1/packs`: put, looked at, retired and restored; and what a customer who has too little is told of them.

use serde_json::{Value, json};

use crate::world::World;

fn pack(credits: u32, dollars: &str) -> String {
    json!({"name": "Some", "credits": credits, "price": {"amount": dollars, "currency": "usd"}}).to_string()
}

async fn put(world: &World, code: &str, body: &str) {
    world.put(&format!("/v1/packs/{code}"), body).await.expect(200);
}

/// The codes of a list of packs.
async fn codes(world: &World, path: &str) -> Vec<String> {
    let got = world.get(path).await.expect(200).json();
    let packs = got["data"].as_array().expect("a list").clone();
    packs.iter().map(|pack| pack["code"].as_str().expect("a code").to_owned()).collect()
}

#[tokio::test]
async fn edit_of_a_pack_is_another_version_and_the_same_again_is_none() {
    let world = World::start().await;
    put(&world, "a", &pack(500, "10")).await;
    let before = world.test.tail().committed();
    let same = world.put("/v1/packs/a", &pack(500, "10.00")).await.expect(200);
    assert_eq!(same.number("/version"), "1");
    assert_eq!(world.test.tail().committed(), before, "nothing was published");
    let dearer = world.put("/v1/packs/a", &pack(500, "12")).await.expect(200);
    assert_eq!(dearer.number("/version"), "2");
    let got = world.get("/v1/packs/a").await.expect(200).json();
    let prices: Vec<&Value> = got["versions"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|version| &version["price"]["amount"])
        .collect();
    assert_eq!((prices, &got["version"]), (vec![&json!("12"), &json!("10")], &json!(2)));
}

#[tokio::test]
async fn packs_for_sale_stand_in_their_order_and_retired_ones_only_among_all() {
    let world = World::start().await;
    for (code, order) in [("c", 1), ("b", 2), ("a", 2)] {
        let body =
            json!({"name": code, "credits": 1, "price": {"amount": "1", "currency": "usd"}, "order": order});
        put(&world, code, &body.to_string()).await;
    }
    assert_eq!(codes(&world, "/v1/packs").await, ["c", "a", "b"]);
    world.post("/v1/packs/c/retire", "").await.expect(200);
    world.post("/v1/packs/c/retire", "").await.expect(200);
    assert_eq!(codes(&world, "/v1/packs").await, ["a", "b"]);
    assert_eq!(codes(&world, "/v1/packs?all=true").await, ["a", "b", "c"]);
    put(&world, "c", &pack(2, "2")).await;
    assert_eq!(codes(&world, "/v1/packs").await, ["a", "b"], "an edit puts nothing back on the shelf");
    world.post("/v1/packs/c/restore", "").await.expect(200);
    assert_eq!(codes(&world, "/v1/packs").await.len(), 3);
    assert_eq!(world.get("/v1/packs?all=maybe").await.expect(400).fields(), ["all"]);
}

#[tokio::test]
async fn every_wrong_field_of_a_pack_is_named() {
    let world = World::start().await;
    let with = |name: &str, value: Value| {
        let mut body = json!({"name": "Some", "credits": 1, "price": {"amount": "1", "currency": "usd"}});
        body[name] = value;
        body.to_string()
    };
    let usd = |amount: &str| json!({"amount": amount, "currency": "usd"});
    for (body, field) in [
        ("{}".to_owned(), "name"),
        (with("name", json!("")), "name"),
        (with("credits", json!(0)), "credits"),
        (with("credits", json!(-1)), "credits"),
        (with("bonus_credits", json!(-1)), "bonus_credits"),
        (with("price", Value::Null), "price"),
        (with("price", usd("0")), "price.amount"),
        (with("price", usd("0.001")), "price.amount"),
        (with("price", usd("-1")), "price.amount"),
        (with("price", json!({"amount": "1", "currency": "eur"})), "price.currency"),
        (with("valid_days", json!(0)), "valid_days"),
        (with("valid_days", json!(3_651)), "valid_days"),
        (with("order", json!(1.5)), "order"),
        (with("active", json!(false)), "active"),
    ] {
        let fields = world.put("/v1/packs/a", &body).await.expect(400).fields();
        assert!(fields.iter().any(|named| named == field), "{field}: {fields:?} of {body}");
    }
    for code in ["A", "a.b", "a%20b", &"a".repeat(65)] {
        let got = world.put(&format!("/v1/packs/{code}"), &pack(1, "1")).await.expect(400);
        assert_eq!(got.fields(), ["code"], "{code}");
    }
    put(&world, &"a".repeat(64), &pack(1, "1")).await;
}

#[tokio::test]
async fn hint_names_the_smallest_pack_that_covers_what_is_missing_or_the_largest() {
    let world = World::start().await;
    put(&world, "small", &pack(10, "1")).await;
    put(&world, "regular", &pack(100, "9")).await;
    put(&world, "power", &pack(1_000, "80")).await;
    for (present, cost, expected) in [
        (0, 12, "regular"),
        (2, 12, "small"),
        (3, 12, "small"),
        (0, 100, "regular"),
        (0, 101, "power"),
        (1, 101, "regular"),
        (0, 5_000, "power"),
    ] {
        let customer = format!("has_{present}_of_{cost}");
        let event_type = json!({"credits": cost}).to_string();
        world.put(&format!("/v1/event-types/{customer}"), &event_type).await.expect(200);
        let grant = json!({"credits": present, "kind": "promotional"}).to_string();
        let granted = world.post(&format!("/v1/customers/{customer}/grants"), &grant).await;
        assert_eq!(granted.status == 200, present > 0);
        let event = json!({"event": customer, "customer": customer}).to_string();
        let got = world.post("/v1/events", &event).await.expect(402);
        assert_eq!(got.text("/checkout_hint/smallest_covering_pack/code"), expected, "{customer}");
    }
}

#[tokio::test]
async fn hint_of_a_refused_event_is_the_same_again_after_packs_have_changed() {
    let world = World::start().await;
    put(&world, "regular", &pack(100, "9")).await;
    let batch = r#"{"events":[{"event":"image.generate","customer":"poor","idempotency_key":"b"}]}"#;
    let first = world.meter("poor", "k").await.expect(402);
    let first_batch = world.post("/v1/events/batch", batch).await.expect(200);
    assert_eq!(first.text("/checkout_hint/smallest_covering_pack/code"), "regular");
    put(&world, "regular", &pack(120, "10")).await;
    put(&world, "small", &pack(20, "2")).await;
    world.post("/v1/packs/regular/retire", "").await.expect(200);
    let later = world.meter("poor", "later").await.expect(402);
    assert_eq!(later.text("/checkout_hint/smallest_covering_pack/code"), "small");
    let world = world.restart().await;
    assert_eq!(world.meter("poor", "k").await.expect(402).bytes, first.bytes);
    let strip = |got: &crate::world::Got| got.json()["results"][0]["error"]["checkout_hint"].clone();
    let again = world.post("/v1/events/batch", batch).await.expect(200);
    assert_eq!(strip(&again), strip(&first_batch));
}
