//! Limits that a caller meets at a route, one step within and one beyond. Those of parsers are tested beside them.

use axum::body::Body;
use bytes::Bytes;
use chargly_api::limits::{
    BODY_BYTES_MAX, DESCRIPTION_BYTES_MAX, GRANT_SCOPE_MAX, KEY_OVERLAP_SECONDS_MAX, LABEL_BYTES_MAX,
    MODEL_NAME_BYTES_MAX, NOTE_BYTES_MAX, PRIORITY_MAX, RATE_CARD_MODELS_MAX, RATES_PER_MODEL_MAX,
    REASON_BYTES_MAX, STREAMS_MAX,
};
use chargly_http::{BODIES_BYTES_MAX, PUBLIC_BODIES_BYTES_MAX, SMALL_BODY_BYTES_MAX};
use futures_util::StreamExt as _;
use tower::ServiceExt as _;

use crate::world::World;

#[tokio::test]
async fn texts_and_numbers_hold_their_limits_on_both_sides() {
    let world = World::start().await;
    let key = world.post("/v1/keys", r#"{"label":"backend","scopes":["read"]}"#).await.text("/id");
    let rotate = format!("/v1/keys/{key}/rotate");
    let text = |n: usize| format!("\"{}\"", "x".repeat(n));
    let number = |n: usize| n.to_string();
    let names = |n: usize| format!("[{}]", vec!["\"image.generate\""; n].join(","));
    let model = |n: usize| format!(r#"{{"provider":"acme","model":"m{n}","rates":[]}}"#);
    let models = |n: usize| format!("[{}]", (0..n).map(model).collect::<Vec<_>>().join(","));
    let rate = |n: usize| format!(r#"{{"unit":"images","rate":"1","above_input_tokens":{}}}"#, n + 1);
    let rates = |n: usize| format!("[{}]", (0..n).map(rate).collect::<Vec<_>>().join(","));
    type Make<'a> = &'a dyn Fn(usize) -> String;
    let cases: [(&str, &str, &str, &str, usize, Make<'_>); 11] = [
        ("PUT", "/v1/event-types/a", r#"{"label":#}"#, "label", LABEL_BYTES_MAX, &text),
        ("PUT", "/v1/event-types/a", r#"{"description":#}"#, "description", DESCRIPTION_BYTES_MAX, &text),
        (
            "POST",
            "/v1/event-types/image.generate/prices",
            r#"{"rule":{"type":"flat","credits":1},"note":#}"#,
            "note",
            NOTE_BYTES_MAX,
            &text,
        ),
        ("POST", "/v1/customers/a/wallet/freeze", r#"{"reason":#}"#, "reason", REASON_BYTES_MAX, &text),
        (
            "POST",
            "/v1/customers/a/grants",
            r#"{"credits":1,"kind":"paid","scope":#}"#,
            "scope",
            GRANT_SCOPE_MAX,
            &names,
        ),
        (
            "POST",
            "/v1/customers/a/grants",
            r#"{"credits":1,"kind":"paid","priority":#}"#,
            "priority",
            PRIORITY_MAX,
            &number,
        ),
        (
            "POST",
            "/v1/customers/a/grants",
            r#"{"credits":1,"kind":"paid","priority":-#}"#,
            "priority",
            PRIORITY_MAX,
            &number,
        ),
        ("POST", "/v1/rate-cards", r#"{"entries":#}"#, "entries", RATE_CARD_MODELS_MAX, &models),
        (
            "POST",
            "/v1/rate-cards",
            r#"{"entries":[{"provider":"acme","model":"a","rates":#}]}"#,
            "entries[0].rates",
            RATES_PER_MODEL_MAX,
            &rates,
        ),
        (
            "POST",
            "/v1/rate-cards",
            r#"{"entries":[{"provider":"acme","model":#,"rates":[]}]}"#,
            "entries[0].model",
            MODEL_NAME_BYTES_MAX,
            &text,
        ),
        ("POST", &rotate, r#"{"overlap_s":#}"#, "overlap_s", KEY_OVERLAP_SECONDS_MAX, &number),
    ];
    for (method, path, body, field, limit, make) in cases {
        for value in [limit - 1, limit] {
            let body = body.replace('#', &make(value));
            world.ask(method, path, Some(&world.key), &body).await.expect(200);
        }
        let body = body.replace('#', &make(limit + 1));
        let got = world.ask(method, path, Some(&world.key), &body).await.expect(400);
        assert_eq!(got.fields(), [field], "{path}");
    }
}

#[tokio::test]
async fn as_many_streams_are_open_as_the_limit_says_and_an_end_makes_room() {
    let world = World::start().await;
    let open = async || {
        let request = world.request("GET", "/v1/stream").body(Body::empty()).expect("a request");
        world.router.clone().oneshot(request).await.expect("the router cannot fail")
    };
    let mut streams = Vec::new();
    for _ in 0..STREAMS_MAX {
        let response = open().await;
        assert_eq!(response.status(), 200);
        streams.push(response);
    }
    let got = world.get("/v1/stream").await.expect(429);
    assert_eq!((got.code(), got.number("/limit")), ("rate_limited".into(), STREAMS_MAX.to_string()));
    assert!(got.headers.contains_key("retry-after"));
    streams.pop();
    assert_eq!(open().await.status(), 200);
}

/// A body that has its first byte here and the rest on its way, for ever.
fn unfinished() -> Body {
    let first = futures_util::stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b" "))]);
    Body::from_stream(first.chain(futures_util::stream::pending()))
}

#[tokio::test]
async fn large_bodies_fill_their_room_and_small_ones_pass_beside_them() {
    let world = World::start().await;
    let mut under_way = tokio::task::JoinSet::new();
    for _ in 0..BODIES_BYTES_MAX / BODY_BYTES_MAX {
        let request = world.request("POST", "/v1/events").header("content-length", BODY_BYTES_MAX);
        let request = request.body(unfinished()).expect("a request");
        let router = world.router.clone();
        under_way.spawn(async move { router.oneshot(request).await.expect("the router cannot fail") });
    }
    // Until all of them have come as far as the body.
    for _ in 0..BODIES_BYTES_MAX / BODY_BYTES_MAX {
        tokio::task::yield_now().await;
    }
    let event = r#"{"event":"image.generate","customer":"user_42"}"#;
    let of = |bytes: usize| format!("{}{event}", " ".repeat(bytes - event.len()));
    let got = world.post("/v1/events", &of(SMALL_BODY_BYTES_MAX + 1)).await.expect(429);
    assert_eq!(got.code(), "overloaded");
    assert!(got.headers.contains_key("retry-after"));
    world.post("/v1/events", &of(SMALL_BODY_BYTES_MAX)).await.expect(200);
    // Without saying beforehand how much it is.
    let pieces = futures_util::stream::iter((0..2).map(|_| Ok::<_, std::io::Error>(vec![b' '; 40_000])));
    let request = world.request("POST", "/v1/events").body(Body::from_stream(pieces)).expect("a request");
    world.send(request).await.expect(429);

    under_way.shutdown().await;
    world.post("/v1/events", &of(SMALL_BODY_BYTES_MAX + 1)).await.expect(200);
    world.post("/v1/events", &of(BODY_BYTES_MAX)).await.expect(200);
}

#[test]
fn reference_page_names_the_limits_of_all_bodies_together() {
    let page = include_str!("../../../../docs/reference/limits.md");
    for (name, value, row) in [
        ("BODIES_BYTES_MAX", BODIES_BYTES_MAX, "268,435,456 bytes"),
        ("PUBLIC_BODIES_BYTES_MAX", PUBLIC_BODIES_BYTES_MAX, "16,777,216 bytes"),
        ("SMALL_BODY_BYTES_MAX", SMALL_BODY_BYTES_MAX, "65,536 bytes"),
    ] {
        assert_eq!(row.replace([',', ' '], ""), format!("{value}bytes"));
        assert!(page.contains(&format!("| `{name}` | {row} |")), "{name} has no row");
    }
}
