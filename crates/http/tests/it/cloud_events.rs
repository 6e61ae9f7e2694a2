//! `/api/v1/events`: CloudEvents, and what becomes of work that nobody paid for.

use axum::body::Body;
use chargly_engine::ledger::Scope;
use serde_json::json;

use crate::world::{Got, World};

const PATH: &str = "/api/v1/events";

/// An event as most send it.
fn event(id: &str, subject: &str) -> String {
    json!({"specversion": "1.0", "type": "image.generate", "source": "/app", "id": id, "subject": subject})
        .to_string()
}

async fn send(world: &World, headers: &[(&str, &[u8])], body: &str) -> Got {
    let mut request = world.request("POST", PATH);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    world.send(request.body(Body::from(body.to_owned())).expect("a request")).await
}

async fn structured(world: &World, body: &str) -> Got {
    send(world, &[("content-type", b"application/cloudevents+json; charset=utf-8")], body).await
}

async fn batched(world: &World, events: &[String]) -> Got {
    let body = format!("[{}]", events.join(","));
    send(world, &[("content-type", b"application/cloudevents-batch+json")], &body).await
}

async fn newest(world: &World) -> serde_json::Value {
    world.get("/v1/events?limit=1").await.expect(200).json()["data"][0].clone()
}

#[tokio::test]
async fn each_mode_is_accepted_with_204_and_charged_once_however_often_it_comes() {
    let world = World::start().await;
    let plain = [
        ("ce-specversion", &b"1.0"[..]),
        ("ce-id", b"b1"),
        ("ce-source", b"/app"),
        ("ce-type", b"image.generate"),
        ("ce-subject", b"user_42"),
    ];
    let of_json: Vec<_> = plain.into_iter().chain([("content-type", &b"application/json"[..])]).collect();
    for round in 0..3 {
        for got in [
            structured(&world, &event("s1", "user_42")).await,
            send(&world, &[("content-type", b"application/json")], &event("s1", "user_42")).await,
            send(&world, &[], &event("s1", "user_42")).await,
            send(&world, &plain, "").await,
            send(&world, &of_json, "").await,
            batched(&world, &[event("s1", "user_42"), event("b1", "user_42"), event("x1", "user_42")]).await,
            send(&world, &[("content-type", b"application/json")], &format!("[{}]", event("x1", "user_42")))
                .await,
        ] {
            let got = got.expect(204);
            assert!(got.bytes.is_empty() && !got.headers.contains_key("content-type"), "{got:?}");
            got.position();
        }
        assert_eq!(world.available("user_42").await, "964", "round {round}: three events in all");
    }
    assert!(structured(&world, &event("s1", "user_42")).await.is_replay());
    batched(&world, &[]).await.expect(204);
}

#[tokio::test]
async fn attributes_and_data_become_what_an_event_has_here() {
    let world = World::start().await;
    let price = r#"{"rule":{"type":"per_unit","credits":0.01,"of":"properties.tokens"},"note":"By tokens"}"#;
    world.put("/v1/event-types/chat.reply", r#"{"dimensions":["model"]}"#).await.expect(200);
    world.post("/v1/event-types/chat.reply/prices", price).await.expect(200);
    let body = json!({"specversion": "1.0", "type": "chat.reply", "source": "https://app.example/a", "id": "1",
        "subject": "user_42", "time": "2026-11-23T11:30:00.123456+02:00", "traceparent": "00-1", "dataschema": null,
        "data": {"tokens": "1234", "model": "gpt-4o", "cost": {"amount": "0.02", "currency": "usd"}}});
    structured(&world, &body.to_string()).await.expect(204);
    let got = newest(&world).await;
    assert_eq!(
        (got["credits"].to_string(), got["occurred_at"].as_str()),
        ("12.34".into(), Some("2026-11-23T09:30:00.123Z"))
    );
    assert_eq!(
        got["properties"],
        json!({"tokens": 1234, "model": "gpt-4o", "cost": {"amount": "0.02", "currency": "usd"}})
    );
    assert_eq!(
        (got["cost"]["amount"].as_str(), got["cost"]["source"].as_str()),
        (Some("0.02"), Some("reported"))
    );
    // A cost of another form is a property like any other, and credits are, unless callers may set them.
    let body = json!({"specversion": "1.0", "type": "image.generate", "source": "/a", "id": "2", "subject": "user_42",
        "data": {"quantity": "2", "credits": 5, "cost": "0.10"}});
    structured(&world, &body.to_string()).await.expect(204);
    let got = newest(&world).await;
    assert_eq!((got["quantity"].to_string(), got["credits"].to_string()), ("2".into(), "12".into()));
    assert_eq!(got["cost"]["source"], "missing");
    world.put("/v1/event-types/tool", r#"{"caller_set_credits":true}"#).await.expect(200);
    structured(&world, &body.to_string().replace("image.generate", "tool").replace("\"2\",\"s", "\"3\",\"s"))
        .await
        .expect(204);
    assert_eq!(newest(&world).await["credits"], 5);
}

#[tokio::test]
async fn one_customer_is_one_however_its_header_is_encoded() {
    let world = World::start().await;
    world.grant("Zo%C3%AB", "100").await;
    for (id, subject) in [("1", "Zo%C3%AB".as_bytes()), ("2", "Zoë".as_bytes()), ("3", b"\"Zo%c3%ab\"")] {
        let headers = [
            ("ce-specversion", &b"1.0"[..]),
            ("ce-id", id.as_bytes()),
            ("ce-source", b"/app"),
            ("ce-type", b"image.generate"),
            ("ce-subject", subject),
        ];
        send(&world, &headers, "").await.expect(204);
    }
    structured(&world, &event("1", "Zoë")).await.expect(204);
    assert_eq!(world.available("Zo%C3%AB").await, "64");
}

#[tokio::test]
async fn wrong_attributes_are_named_and_leave_nothing_behind() {
    let world = World::start().await;
    let good = event("1", "user_42");
    let long = "s".repeat(1_025);
    for (body, fields) in [
        (good.replace("\"1.0\"", "\"0.3\""), vec!["specversion"]),
        (good.replace("\"/app\"", "7"), vec!["source"]),
        (good.replace("/app", &long), vec!["source"]),
        (good.replace("image.generate", "Image!"), vec!["type"]),
        (good.replace("user_42", "a\\nb"), vec!["subject"]),
        (good.replace("}", ",\"time\":\"yesterday\"}"), vec!["time"]),
        (good.replace("}", ",\"time\":\"2030-01-01T00:00:00Z\"}"), vec!["time"]),
        (good.replace("}", ",\"data\":\"text\"}"), vec!["data"]),
        (good.replace("}", ",\"data\":{\"quantity\":\"many\"}}"), vec!["data.quantity"]),
        (good.replace("}", ",\"data\":{\"quantity\":0}}"), vec!["data.quantity"]),
        (
            good.replace("}", ",\"data\":{\"cost\":{\"amount\":1,\"currency\":\"usd\"}}}"),
            vec!["data.cost.amount"],
        ),
        (good.replace("}", &format!(",\"data\":{{\"a\":\"{}\"}}}}", "x".repeat(4_096))), vec!["data"]),
        (good.replace("}", ",\"id\":\"2\"}"), vec!["body"]),
        ("{}".to_owned(), vec!["specversion", "source", "id", "type", "subject"]),
        ("{\"specversion\":".to_owned(), vec!["body"]),
        ("7".to_owned(), vec!["body"]),
        (String::new(), vec!["specversion"]),
    ] {
        assert_eq!(send(&world, &[], &body).await.expect(400).fields(), fields, "{body}");
    }
    let twice = [
        ("ce-specversion", &b"1.0"[..]),
        ("ce-specversion", b"1.0"),
        ("ce-id", b"1"),
        ("ce-source", b"/a"),
        ("ce-type", b"image.generate"),
        ("ce-subject", b"user_42"),
    ];
    assert_eq!(send(&world, &twice, "").await.expect(400).fields(), ["ce-specversion"]);
    assert_eq!(
        send(&world, &twice[1..3], "[]").await.expect(400).fields(),
        ["ce-source", "ce-type", "ce-subject", "body"]
    );
    send(&world, &[("content-type", b"application/cloudevents+xml")], "<a/>").await.expect(415);
    let got = structured(&world, &good.replace("image.generate", "image.genrate")).await.expect(422);
    assert_eq!(
        (got.code(), got.text("/did_you_mean")),
        ("unknown_event_type".into(), "image.generate".into())
    );
    world.get("/api/v1/events").await.expect(405);
    assert_eq!(world.available("user_42").await, "1000");
    structured(&world, &good).await.expect(204);
    let other = good.replace("}", ",\"data\":{\"quantity\":2}}");
    let got = structured(&world, &other).await.expect(409);
    assert_eq!((got.code(), got.text("/field")), ("idempotency_conflict".into(), "quantity".into()));
}

#[tokio::test]
async fn a_batch_keeps_its_good_items_and_says_what_is_wrong_with_the_others() {
    let world = World::start().await;
    structured(&world, &event("1", "user_42")).await.expect(204);
    let items = [
        event("1", "user_42"),
        event("2", "user_42"),
        event("3", "user_42").replace("1.0", "0.9"),
        event("4", "user_42").replace("image.generate", "no.such"),
        "7".to_owned(),
        event("5", "user_42"),
    ];
    let got = batched(&world, &items).await.expect(207);
    let results = got.json()["results"].as_array().expect("results").clone();
    let statuses: Vec<_> = results.iter().map(|r| r["status"].as_u64().expect("a status")).collect();
    assert_eq!(statuses, [204, 204, 400, 422, 400, 204]);
    let ids: Vec<_> = results.iter().map(|r| r["id"].as_str().unwrap_or("-").to_owned()).collect();
    assert_eq!(ids, ["1", "2", "3", "4", "-", "5"]);
    assert_eq!(results[2]["error"]["errors"][0]["field"], "specversion");
    assert_eq!(results[3]["error"]["code"], "unknown_event_type");
    for (name, count) in [("accepted", "2"), ("refused", "3"), ("replayed", "1")] {
        assert_eq!(got.number(&format!("/{name}")), count);
    }
    assert_eq!(world.available("user_42").await, "964");
    batched(&world, &[event("2", "user_42"), event("5", "user_42")]).await.expect(204);
    assert_eq!(world.available("user_42").await, "964");
}

#[tokio::test]
async fn batches_hold_their_limit_on_both_sides() {
    let world = World::start().await;
    let items = |count: usize| vec!["7".to_owned(); count];
    let got = batched(&world, &items(10_000)).await.expect(207);
    assert_eq!(got.number("/refused"), "10000");
    let got = batched(&world, &items(10_001)).await.expect(413);
    assert_eq!((got.code(), got.number("/limit")), ("too_large".into(), "10000".into()));
    let open = format!("[{}", event("1", "user_42"));
    assert_eq!(send(&world, &[], &open).await.expect(400).fields(), ["body"]);
    assert_eq!(world.available("user_42").await, "1000");
}

#[tokio::test]
async fn keys_of_cloud_events_are_no_callers_keys_and_of_any_length() {
    let world = World::start().await;
    let long = "s".repeat(1_000);
    for (source, id) in
        [("a", "b"), ("ab", "c"), ("a", "bc"), (long.as_str(), "1"), (long.as_str(), "2"), ("é", "ü")]
    {
        let body = json!({"specversion": "1.0", "type": "image.generate", "source": source, "id": id, "subject": "user_42"});
        structured(&world, &body.to_string()).await.expect(204);
        structured(&world, &body.to_string()).await.expect(204);
    }
    // Six pairs, six charges, and a caller's key that looks like one of theirs is its own.
    assert_eq!(world.available("user_42").await, "928");
    world.meter("user_42", "1:a:b").await.expect(200);
    assert_eq!(world.available("user_42").await, "916");
}

#[tokio::test]
async fn a_sender_needs_the_scope_to_meter_and_none_to_leave_debt() {
    let world = World::start().await;
    let meter = world.key_with(&[Scope::Meter]).await;
    world.ask("POST", PATH, Some(&meter), &event("1", "nobody")).await.expect(204);
    let other = world.key_with(&[Scope::Read, Scope::Record, Scope::Grant]).await;
    world.ask("POST", PATH, Some(&other), &event("2", "nobody")).await.expect(403);
    world.ask("POST", PATH, None, &event("2", "nobody")).await.expect(401);
    let wallet = world.get("/v1/customers/nobody/wallet").await.expect(200);
    assert_eq!((wallet.number("/posted"), wallet.number("/debt")), ("0".into(), "0".into()));
}

#[tokio::test]
async fn work_that_nobody_paid_is_listed_and_collected_once() {
    let world = World::start().await;
    world.grant("poor", "20").await;
    let paid_for =
        |id: &str| event(id, "poor").replace('}', r#","data":{"cost":{"amount":"0.04","currency":"usd"}}}"#);
    batched(&world, &[paid_for("1"), paid_for("2"), paid_for("3")]).await.expect(204);
    assert_eq!(world.available("poor").await, "8");
    let listed = world.get("/v1/events?uncharged=true&customer=poor").await.expect(200);
    assert_eq!(listed.json()["data"].as_array().map(Vec::len), Some(2));
    assert_eq!(
        listed.json()["totals"].to_string(),
        r#"{"events":2,"unbilled_cost":{"amount":"0.08","currency":"usd","missing":0},"uncharged":24}"#
    );
    let newest = listed.text("/data/0/id");
    assert_eq!(
        (listed.number("/data/0/credits"), listed.number("/data/0/uncharged")),
        ("12".into(), "12".into())
    );
    let uncharged = |got: Got| got.json()["data"].as_array().map(Vec::len);
    assert_eq!(uncharged(world.get("/v1/events?uncharged=true&to=2026-11-23T10:00:00Z").await), Some(0));
    assert_eq!(uncharged(world.get("/v1/events?uncharged=false&customer=poor").await), Some(3));
    assert_eq!(world.get("/v1/events?uncharged=yes").await.expect(400).fields(), ["uncharged"]);
    // One page is one cursor of this list alone.
    let page = world.get("/v1/events?uncharged=true&limit=1").await.expect(200);
    let cursor = page.text("/next_cursor");
    let next = world.get(&format!("/v1/events?uncharged=true&limit=1&cursor={cursor}")).await.expect(200);
    assert_ne!(page.text("/data/0/id"), next.text("/data/0/id"));
    world.get(&format!("/v1/events?limit=1&cursor={cursor}")).await.expect(400);

    // Not enough there: all is refused, and a part is taken only where it is named.
    let collect = format!("/v1/events/{newest}/collect");
    let got = world.post(&collect, "").await.expect(402);
    assert_eq!((got.code(), got.number("/shortfall")), ("insufficient_credits".into(), "4".into()));
    let got = world.post("/v1/customers/poor/collect", "").await.expect(402);
    assert_eq!(
        (got.number("/uncharged/credits"), got.number("/uncharged/events")),
        ("24".into(), "2".into())
    );
    let got = world.post(&collect, r#"{"credits":5,"idempotency_key":"part"}"#).await.expect(200);
    assert_eq!((got.number("/credits"), got.number("/balance/available")), ("5".into(), "3".into()));
    assert_eq!(got.text("/event_id"), newest);
    let again = world.post(&collect, r#"{"credits":5,"idempotency_key":"part"}"#).await.expect(200);
    assert!(again.is_replay() && again.bytes == got.bytes, "{again:?}");
    let got = world.post(&collect, r#"{"credits":6,"idempotency_key":"part"}"#).await.expect(409);
    assert_eq!(got.text("/field"), "credits");
    assert_eq!(world.post(&collect, r#"{"credits":8}"#).await.expect(400).fields(), ["credits"]);
    let event = world.get(&format!("/v1/events/{newest}")).await.expect(200);
    assert_eq!((event.number("/uncharged"), event.number("/collected")), ("7".into(), "5".into()));

    // The oldest first, whole events, as far as it goes.
    world.grant("poor", "12").await;
    let got = world.post("/v1/customers/poor/collect", "").await.expect(200);
    assert_eq!(
        (got.number("/collected/events"), got.number("/collected/credits")),
        ("1".into(), "12".into())
    );
    assert_eq!((got.number("/uncharged/events"), got.number("/uncharged/credits")), ("1".into(), "7".into()));
    assert_eq!(got.text("/refused/0/code"), "insufficient_credits");
    assert_eq!(got.number("/balance/available"), "3");
    world.grant("poor", "100").await;
    let got = world.post("/v1/customers/poor/collect", "").await.expect(200);
    assert_eq!(
        (got.number("/collected/credits"), got.number("/balance/available")),
        ("7".into(), "96".into())
    );
    let position = got.position();
    let got = world.post("/v1/customers/poor/collect", "").await.expect(200);
    assert_eq!(
        (got.number("/collected/events"), got.json()["refused"].to_string()),
        ("0".into(), "[]".into())
    );
    assert_eq!(world.post(&collect, "").await.expect(409).code(), "unchanged");
    let left = world.get("/v1/events?uncharged=true").await.expect(200);
    assert_eq!(left.json()["data"], json!([]));

    // The books: three events charged, their revenue recognised from the lots that paid, and who did it.
    let usage = world
        .get(&format!("/v1/usage?customer=poor&interval=total&min_position={position}"))
        .await
        .expect(200);
    assert_eq!(
        (usage.number("/data/0/credits_used"), usage.number("/data/0/uncharged")),
        ("36".into(), "0".into())
    );
    let audited = world.get("/v1/audit").await.expect(200).json();
    let kinds: Vec<_> =
        audited["data"].as_array().expect("a list").iter().map(|line| line["type"].clone()).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == "collected").count(), 3, "{kinds:?}");
    let ledger = world.get("/v1/customers/poor/ledger").await.expect(200).json();
    let line = &ledger["data"][0];
    assert_eq!(
        (line["event_id"].as_str(), line["label"].as_str()),
        (Some(newest.as_str()), Some("Image: charged later"))
    );
    // What was collected can be given back.
    let got = world.post(&format!("/v1/events/{newest}/reverse"), r#"{"reason":"bad"}"#).await.expect(200);
    assert_eq!(got.number("/credits"), "12");
}

#[tokio::test]
async fn a_frozen_wallet_keeps_the_work_and_collects_when_it_is_thawed() {
    let world = World::start().await;
    world.post("/v1/customers/user_42/wallet/freeze", r#"{"reason":"dispute"}"#).await.expect(200);
    structured(&world, &event("1", "user_42")).await.expect(204);
    assert_eq!(world.available("user_42").await, "1000");
    assert_eq!(world.post("/v1/customers/user_42/collect", "{}").await.expect(403).code(), "wallet_frozen");
    world.post("/v1/customers/user_42/wallet/thaw", "").await.expect(200);
    structured(&world, &event("1", "user_42")).await.expect(204);
    assert_eq!(world.available("user_42").await, "1000", "a retry does not charge it");
    world.post("/v1/customers/user_42/collect", "{}").await.expect(200);
    assert_eq!(world.available("user_42").await, "988");
    let body = r#"{"from":"2026-11-24T00:00:00Z","cursor":"x"}"#;
    assert_eq!(world.post("/v1/customers/user_42/collect", body).await.expect(400).fields(), ["cursor"]);
    world.ask("DELETE", "/v1/customers/user_42", Some(&world.key), "").await.expect(200);
    let got = world.post("/v1/customers/user_42/collect", "{}").await.expect(200);
    assert_eq!(got.number("/collected/events"), "0");
}

#[tokio::test]
async fn an_event_that_is_made_anew_with_another_time_is_the_same_and_keeps_the_first() {
    let world = World::start().await;
    let at = |time: &str| event("1", "user_42").replace('}', &format!(r#","time":"{time}"}}"#));
    for body in [at("2026-11-23T09:00:00Z"), at("2026-11-23T09:30:00Z"), event("1", "user_42")] {
        structured(&world, &body).await.expect(204);
    }
    assert_eq!(newest(&world).await["occurred_at"], "2026-11-23T09:00:00.000Z");
    assert_eq!(world.available("user_42").await, "988");
}
