//! Bad input: each a clear 4xx that names the field; nothing recorded, server unharmed.

use axum::body::Body;
use chargly_api::limits::BODY_BYTES_MAX;

use crate::world::World;

/// An event with one field more, or another value in it.
fn with(field: &str) -> String {
    format!(r#"{{"event":"image.generate","customer":"user_42",{field}}}"#)
}

#[tokio::test]
async fn every_bad_event_is_refused_with_its_fields_and_leaves_no_trace() {
    let world = World::start().await;
    let before = world.test.tail().committed();
    let long = |n: usize| "x".repeat(n);
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    for (body, fields) in [
        // Malformed.
        ("".to_owned(), vec!["event", "customer"]),
        ("{".to_owned(), vec!["body"]),
        ("[]".to_owned(), vec!["body"]),
        ("null".to_owned(), vec!["body"]),
        ("{\"event\":\"image.generate\",}".to_owned(), vec!["body"]),
        (with("\"customer\":\"again\""), vec!["body"]),
        (deep.clone(), vec!["body"]),
        // Wrong types.
        (r#"{"event":1,"customer":["a"]}"#.to_owned(), vec!["event", "customer"]),
        (with(r#""quantity":"1""#), vec!["quantity"]),
        (with(r#""quantity":true"#), vec!["quantity"]),
        (with(r#""credits":"1""#), vec!["credits"]),
        (with(r#""cost":0.04"#), vec!["cost"]),
        (with(r#""cost":{"amount":0.04,"currency":"usd"}"#), vec!["cost.amount"]),
        (with(r#""properties":[]"#), vec!["properties"]),
        (with(r#""occurred_at":1764000000"#), vec!["occurred_at"]),
        (with(r#""idempotency_key":7"#), vec!["idempotency_key"]),
        (with(r#""if_insufficient":"maybe""#), vec!["if_insufficient"]),
        // Unknown fields.
        (with(r#""quantitty":1,"zzz":2"#), vec!["quantitty", "zzz"]),
        (with(r#""cost":{"amount":"1","currency":"usd","vat":1}"#), vec!["cost.vat"]),
        // Usage of a model.
        (with(r#""cost":{"provider":"acme","model":"writer"}"#), vec!["cost.input_tokens"]),
        (with(r#""cost":{"model":"writer","images":1}"#), vec!["cost.provider"]),
        (with(r#""cost":{"provider":"acme","model":"","images":1}"#), vec!["cost.model"]),
        (with(r#""cost":{"provider":"acme","model":"w","images":1,"amount":"1"}"#), vec!["cost.amount"]),
        (with(r#""cost":{"provider":"acme","model":"w","images":1.5}"#), vec!["cost.images"]),
        (with(r#""cost":{"provider":"acme","model":"w","input_tokens":-1}"#), vec!["cost.input_tokens"]),
        (with(r#""cost":{"provider":"acme","model":"w","input_tokens":"9"}"#), vec!["cost.input_tokens"]),
        (with(r#""cost":{"provider":"acme","model":"w","tokens":9,"images":1}"#), vec!["cost.tokens"]),
        (with(r#""cost":{"provider":"acme","model":"w","images":1,"batch":"yes"}"#), vec!["cost.batch"]),
        (
            with(r#""cost":{"provider":"acme","model":"w","input_tokens":9,"cached_input_tokens":10}"#),
            vec!["cost.input_tokens"],
        ),
        // Amounts: negative, zero, absurd, over-precise.
        (with(r#""quantity":-1"#), vec!["quantity"]),
        (with(r#""quantity":0"#), vec!["quantity"]),
        (with(r#""quantity":1000000000.000001"#), vec!["quantity"]),
        (with(r#""quantity":1e400"#), vec!["quantity"]),
        (with(r#""quantity":0.0000001"#), vec!["quantity"]),
        (with(r#""credits":-1"#), vec!["credits"]),
        (with(r#""credits":8000000000.000001"#), vec!["credits"]),
        (with(r#""cost":{"amount":"-1","currency":"usd"}"#), vec!["cost.amount"]),
        (with(r#""cost":{"amount":"0.0000000001","currency":"usd"}"#), vec!["cost.amount"]),
        (with(r#""cost":{"amount":"1,5","currency":"us"}"#), vec!["cost.amount", "cost.currency"]),
        (with(r#""cost":{"amount":"1","currency":"eur"}"#), vec!["cost.currency"]),
        (with(r#""cost":{}"#), vec!["cost.amount", "cost.currency"]),
        // Control characters, Unicode form, lengths.
        (r#"{"event":"image.generate","customer":"a\u0000b"}"#.to_owned(), vec!["customer"]),
        (r#"{"event":"image.generate","customer":"a\nb"}"#.to_owned(), vec!["customer"]),
        ("{\"event\":\"image.generate\",\"customer\":\"Jose\u{301}\"}".to_owned(), vec!["customer"]),
        (r#"{"event":"image.generate","customer":"\ud800"}"#.to_owned(), vec!["customer"]),
        (format!(r#"{{"event":"image.generate","customer":"{}"}}"#, long(256)), vec!["customer"]),
        (r#"{"event":"Image Generate","customer":""}"#.to_owned(), vec!["event", "customer"]),
        (format!(r#"{{"event":"{}","customer":"a"}}"#, long(65)), vec!["event"]),
        (with(r#""idempotency_key":"""#), vec!["idempotency_key"]),
        (with(r#""idempotency_key":"a b""#), vec!["idempotency_key"]),
        (with("\"idempotency_key\":\"caf\u{e9}\""), vec!["idempotency_key"]),
        (with(&format!(r#""idempotency_key":"{}""#, long(256))), vec!["idempotency_key"]),
        // Properties: deep, large, twice.
        (with(&format!(r#""properties":{{"a":{deep}}}"#)), vec!["properties"]),
        (with(&format!(r#""properties":{{"a":"{}"}}"#, long(5_000))), vec!["properties"]),
        (with(r#""properties":{"a":1,"a":2}"#), vec!["properties"]),
        // Times far off.
        (with(r#""occurred_at":"1999-12-31T23:59:59Z""#), vec!["occurred_at"]),
        (with(r#""occurred_at":"2026-11-24T10:00:00.001Z""#), vec!["occurred_at"]),
        (with(r#""occurred_at":"9999-12-31T23:59:59Z""#), vec!["occurred_at"]),
        (with(r#""occurred_at":"2026-02-30T00:00:00Z""#), vec!["occurred_at"]),
        // All at once.
        (
            r#"{"customer":"","quantity":0,"cost":{"amount":1}}"#.to_owned(),
            vec!["event", "customer", "quantity", "cost.amount", "cost.currency"],
        ),
    ] {
        let got = world.post("/v1/events", &body).await;
        assert_eq!(got.status.as_u16(), 400, "{body:.200}");
        assert_eq!(got.fields(), fields, "{body:.200}");
    }
    assert_eq!(world.test.tail().committed(), before);
    world.meter("user_42", "k").await.expect(200);
}

#[tokio::test]
async fn what_is_just_within_the_limits_is_accepted() {
    let world = World::start().await;
    for field in [
        r#""occurred_at":"2026-11-24T10:00:00Z""#.to_owned(),
        r#""occurred_at":"2000-01-01T00:00:00Z""#.to_owned(),
        r#""quantity":1000000000"#.to_owned(),
        r#""quantity":0.000001"#.to_owned(),
        format!(r#""idempotency_key":"{}""#, "k".repeat(255)),
        format!(r#""properties":{{"a":"{}"}}"#, "x".repeat(4_096 - 8)),
    ] {
        world.post("/v1/events", &with(&field)).await.expect(200);
    }
    let customer = "é".repeat(127);
    world.grant(&"%C3%A9".repeat(127), "12").await;
    world.meter(&customer, "k").await.expect(200);
}

#[tokio::test]
async fn invalid_utf_8_is_refused() {
    let world = World::start().await;
    let request = world.request("POST", "/v1/events");
    let body = b"{\"event\":\"image.generate\",\"customer\":\"\xff\"}".to_vec();
    let got = world.send(request.body(Body::from(body)).expect("a request")).await.expect(400);
    assert_eq!(got.fields(), ["body"]);
    for path in ["/v1/customers/%ff/wallet", "/v1/customers/a%00b/wallet", "/v1/events?customer=%ff"] {
        world.get(path).await.expect(400);
    }
}

#[tokio::test]
async fn body_may_be_as_large_as_the_limit_and_no_larger() {
    let world = World::start().await;
    let of = |bytes: usize| {
        let event = r#"{"event":"image.generate","customer":"user_42"}"#;
        format!("{}{event}", " ".repeat(bytes - event.len()))
    };
    world.post("/v1/events", &of(BODY_BYTES_MAX - 1)).await.expect(200);
    world.post("/v1/events", &of(BODY_BYTES_MAX)).await.expect(200);
    let got = world.post("/v1/events", &of(BODY_BYTES_MAX + 1)).await.expect(413);
    assert_eq!((got.code(), got.number("/limit")), ("too_large".into(), BODY_BYTES_MAX.to_string()));
    // In pieces, without saying beforehand how much is to come.
    let piece = vec![b' '; 1024 * 1024];
    let pieces = futures_util::stream::iter((0..17).map(move |_| Ok::<_, std::io::Error>(piece.clone())));
    let request = world.request("POST", "/v1/events").body(Body::from_stream(pieces)).expect("a request");
    world.send(request).await.expect(413);
    let request = world.request("POST", "/v1/events").header("content-length", "99999999999");
    world.send(request.body(Body::empty()).expect("a request")).await.expect(413);
}

#[tokio::test(start_paused = true)]
async fn body_that_does_not_arrive_is_given_up() {
    let world = World::start().await;
    let never = futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>();
    let request = world.request("POST", "/v1/events").body(Body::from_stream(never)).expect("a request");
    assert_eq!(world.send(request).await.expect(408).code(), "request_timeout");
    world.meter("user_42", "k").await.expect(200);
}

#[tokio::test]
async fn body_that_breaks_off_is_refused() {
    let world = World::start().await;
    let broken =
        futures_util::stream::iter([Ok(b"{\"event\":".to_vec()), Err(std::io::Error::other("gone"))]);
    let request = world.request("POST", "/v1/events").body(Body::from_stream(broken)).expect("a request");
    assert_eq!(world.send(request).await.expect(400).fields(), ["body"]);
}

#[tokio::test]
async fn kinds_of_body_that_are_not_read_are_refused() {
    let world = World::start().await;
    let event = r#"{"event":"image.generate","customer":"user_42"}"#;
    for (kind, status) in [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("APPLICATION/JSON", 200),
        ("application/vnd.api+json", 200),
        ("application/x-www-form-urlencoded", 200),
        ("text/html", 415),
        ("multipart/form-data; boundary=x", 415),
    ] {
        let request = world.request("POST", "/v1/events").header("content-type", kind);
        let got = world.send(request.body(Body::from(event)).expect("a request")).await;
        assert_eq!(got.status.as_u16(), status, "{kind}");
    }
}

#[tokio::test]
async fn parameters_on_a_write_are_refused() {
    let world = World::start().await;
    let got = world.post("/v1/events?dry_run=true", &with(r#""quantity":1"#)).await.expect(400);
    assert_eq!(got.fields(), ["dry_run"]);
    assert_eq!(world.available("user_42").await, "1000");
}

#[tokio::test]
async fn spellings_of_one_customer_in_other_unicode_forms_never_split_a_wallet() {
    let world = World::start().await;
    world.grant("Jos%C3%A9", "100").await;
    assert_eq!(world.available("Jos%C3%A9").await, "100");
    let got = world.get("/v1/customers/Jose%CC%81/wallet").await.expect(400);
    assert_eq!(got.fields(), ["customer"]);
}

#[tokio::test]
async fn headers_given_twice_are_refused() {
    let world = World::start().await;
    let event = r#"{"event":"image.generate","customer":"user_42"}"#;
    for (name, values) in
        [("idempotency-key", ["a", "b"]), ("content-type", ["application/json", "text/html"])]
    {
        let request = world.request("POST", "/v1/events").header(name, values[0]).header(name, values[1]);
        world.send(request.body(Body::from(event)).expect("a request")).await.expect(400);
    }
    assert_eq!(world.available("user_42").await, "1000");
}

#[tokio::test]
async fn a_secret_in_a_path_is_not_told_in_the_error() {
    let world = World::start().await;
    let got = world.ask("DELETE", "/v1/keys/sk_test_abc", Some(&world.key), "").await.expect(404);
    assert_eq!(got.text("/instance"), "/v1/keys/sk_…");
    let got = world.get("/v1/nothing/task_1").await.expect(404);
    assert_eq!(got.text("/instance"), "/v1/nothing/task_1");
}
