//! Lists: pages, cursors, filters.

use crate::world::World;

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_repeat() {
    let world = World::start().await;
    let mut expected = Vec::new();
    for i in 0..7 {
        let customer = if i % 2 == 0 { "user_42" } else { "b" };
        world.grant(customer, "12").await;
        expected.insert(0, world.meter(customer, &format!("{i}")).await.expect(200).text("/id"));
    }
    for (query, expected) in [
        ("", expected.clone()),
        ("&customer=b", expected.iter().skip(1).step_by(2).cloned().collect()),
        ("&event=image.generate", expected.clone()),
    ] {
        let mut found = Vec::new();
        let mut cursor = String::new();
        loop {
            let got = world.get(&format!("/v1/events?limit=2{query}{cursor}")).await.expect(200);
            let json = got.json();
            let data = json["data"].as_array().expect("a list");
            assert!(data.len() <= 2);
            found.extend(data.iter().map(|event| event["id"].as_str().expect("an id").to_owned()));
            match json["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(found, expected, "{query}");
    }
}

#[tokio::test]
async fn head_is_answered_like_get_without_a_body() {
    let world = World::start().await;
    let got = world.ask("HEAD", "/v1/events?limit=1", Some(&world.key), "").await.expect(200);
    assert!(got.bytes.is_empty());
}

#[tokio::test]
async fn events_are_filtered_by_when_they_occurred() {
    let world = World::start().await;
    for (key, at) in
        [("1", "2026-11-01T00:00:00Z"), ("2", "2026-11-02T00:00:00Z"), ("3", "2026-11-03T00:00:00Z")]
    {
        let body = format!(
            r#"{{"event":"image.generate","customer":"user_42","idempotency_key":"{key}","occurred_at":"{at}"}}"#
        );
        world.post("/v1/events", &body).await.expect(200);
    }
    let got = world.get("/v1/events?from=2026-11-02T00:00:00Z&to=2026-11-03T00:00:00Z").await.expect(200);
    let json = got.json();
    assert_eq!(json["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(got.text("/data/0/occurred_at"), "2026-11-02T00:00:00.000Z");
    assert_eq!(
        world.get("/v1/events?customer=stranger").await.expect(200).json()["data"],
        serde_json::json!([])
    );
}

#[tokio::test]
async fn cursor_of_another_list_or_of_no_list_is_refused() {
    let world = World::start().await;
    for i in 0..3 {
        world.meter("user_42", &format!("{i}")).await.expect(200);
    }
    let cursor = world.get("/v1/events?limit=1").await.text("/next_cursor");
    for path in [
        format!("/v1/events?customer=user_42&cursor={cursor}"),
        format!("/v1/customers/user_42/ledger?cursor={cursor}"),
        format!("/v1/audit?cursor={cursor}"),
        format!("/v1/keys?cursor={cursor}"),
        "/v1/events?cursor=cur_".to_owned(),
        "/v1/events?cursor=".to_owned(),
    ] {
        assert_eq!(world.get(&path).await.expect(400).fields(), ["cursor"], "{path}");
    }
}

#[tokio::test]
async fn cursor_of_a_lost_future_is_gone() {
    let world = World::start().await;
    let epoch = world.test.tail().committed().epoch;
    for (epoch, position) in [(epoch + 1, 0), (epoch, 1_000_000), (epoch - 1, 1_000_000)] {
        let cursor = chargly_api::Cursor::new("audit", epoch, position);
        assert_eq!(world.get(&format!("/v1/audit?cursor={cursor}")).await.expect(410).code(), "gone");
    }
    let cursor = chargly_api::Cursor::new("audit", epoch - 1, 1);
    world.get(&format!("/v1/audit?cursor={cursor}")).await.expect(200);
}

#[tokio::test]
async fn page_length_holds_its_limits() {
    let world = World::start().await;
    for (limit, status) in
        [("0", 400), ("1", 200), ("999", 200), ("1000", 200), ("1001", 400), ("-1", 400), ("x", 400)]
    {
        for path in ["/v1/events", "/v1/customers/a/ledger", "/v1/audit", "/v1/keys", "/v1/event-types"] {
            world.get(&format!("{path}?limit={limit}")).await.expect(status);
        }
    }
    assert_eq!(world.get("/v1/events?limt=3").await.expect(400).fields(), ["limt"]);
    assert_eq!(world.get("/v1/events?limit=1&limit=2").await.expect(400).fields(), ["limit"]);
}

#[tokio::test]
async fn keys_and_event_types_come_page_by_page() {
    let world = World::start().await;
    for name in ["a", "b", "c"] {
        world.put(&format!("/v1/event-types/{name}"), "{}").await.expect(200);
    }
    let first = world.get("/v1/event-types?limit=3").await.expect(200);
    let path = format!("/v1/event-types?limit=3&cursor={}", first.text("/next_cursor"));
    let rest = world.get(&path).await.expect(200);
    assert_eq!((rest.text("/data/0/name"), rest.json()["next_cursor"].is_null()), ("c".into(), true));
}
