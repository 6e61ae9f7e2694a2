//! Every route, walked from the table: without a key, with a key that lacks the scope, with the other environment's
//! ids, with a method it does not take.

use chargly_engine::ledger::Scope;
use chargly_http::{Errors, ROUTES, Route};

use crate::v1::recommendations::{advice, recorded};
use crate::world::World;

fn concrete(route: &Route, id: &str) -> String {
    let path = route.path.replace("{customer}", "user_42").replace("{name}", "image.generate");
    path.replace("{code}", "regular_500").replace("{id}", id)
}

fn keyed() -> impl Iterator<Item = &'static Route> {
    ROUTES.iter().filter(|route| route.scope.is_some())
}

#[tokio::test]
async fn no_route_answers_without_a_key_or_with_a_wrong_one() {
    let world = World::start().await;
    for route in keyed() {
        let path = concrete(route, "hld_x");
        let unknown = format!("{}x", world.key);
        for key in [None, Some("sk_test_"), Some("sk_nowhere_x"), Some("x"), Some(unknown.as_str())] {
            let got = world.ask(route.method, &path, key, "{").await.expect(401);
            assert_eq!(got.code(), "unauthorized", "{} {path}", route.method);
            assert!(got.headers.contains_key("www-authenticate"));
        }
    }
}

#[tokio::test]
async fn no_route_answers_a_key_that_lacks_its_scope() {
    let world = World::start().await;
    for route in keyed() {
        let needed = route.scope.expect("a scope");
        let others: Vec<Scope> = Scope::ALL.into_iter().filter(|scope| *scope != needed).collect();
        let key = world.key_with(&others).await;
        let got = world.ask(route.method, &concrete(route, "hld_x"), Some(&key), "{").await.expect(403);
        assert_eq!(got.code(), "forbidden");
        match route.errors {
            Errors::Problem => assert_eq!(got.text("/required_scope"), needed.as_str()),
            Errors::Client => assert!(got.text("/error/message").contains(needed.as_str())),
        }
    }
}

/// A body that passes the reader of a route with an id, so that the id decides.
fn body_for(path: &str) -> &'static str {
    match path.rsplit('/').next() {
        Some("reverse") => r#"{"reason":"wrong"}"#,
        Some("cost") => r#"{"cost":{"amount":"1","currency":"usd"}}"#,
        Some("increase") => r#"{"credits":1}"#,
        Some("extend") => r#"{"expires_in_s":60}"#,
        Some("resend") => r#"{"message":"msg_x"}"#,
        _ => "{}",
    }
}

#[tokio::test]
async fn ids_of_the_other_environment_name_nothing() {
    let world = World::start().await;
    let (key, live) = (&world.key, &world.live_key);
    let hold =
        world.post("/v1/holds", r#"{"event":"image.generate","customer":"user_42"}"#).await.text("/id");
    let event = world.meter("user_42", "k").await.text("/id");
    let grant = world.grant("user_42", "5").await.text("/id");
    let keys = world.get("/v1/keys").await.text("/data/0/id");
    let hook = r#"{"url":"http://127.0.0.1:9/","types":["price.published"]}"#;
    let hook = world.post("/v1/webhook-endpoints", hook).await.expect(200).text("/id");
    let pack = r#"{"name":"Regular","credits":500,"price":{"amount":"10","currency":"usd"}}"#;
    world.put("/v1/packs/regular_500", pack).await.expect(200);
    let order = r#"{"customer":"user_42","pack":"regular_500"}"#;
    let checkout = world.post("/v1/checkouts", order).await.expect(200);
    let (order, checkout) = (checkout.text("/order"), checkout.text("/id"));
    let advice = recorded(&world, advice(&world, "image.generate")).await;
    for route in keyed().filter(|route| route.path.contains("{id}")) {
        let id = match route.path.split('/').nth(2) {
            Some("events") => &event,
            Some("holds") => &hold,
            Some("grants") => &grant,
            Some("webhook-endpoints") => &hook,
            Some("orders") => &order,
            Some("checkouts") => &checkout,
            // Of the compatibility surface no other routes have an id.
            Some("recommendations" | "pricing") => &advice,
            _ => &keys,
        };
        let path = concrete(route, id);
        let got = world.ask(route.method, &path, Some(live), body_for(&path)).await.expect(404);
        assert_eq!(got.code(), "not_found", "{path}");
        // An order and its checkout share a number, and not a name.
        let other = if id.starts_with("ord_") { &checkout } else { &order };
        let wrong_ids = ["hld_", "evt_00000000000000000000", "x", "%F0%9F%92%A9", &event[..event.len() - 1]];
        for wrong in wrong_ids.into_iter().chain([other.as_str()]) {
            let path = concrete(route, wrong);
            world.ask(route.method, &path, Some(key), body_for(&path)).await.expect(404);
        }
        let kept = world.ask("GET", "/v1/customers/user_42/wallet", Some(live), "").await.expect(200);
        assert_eq!(kept.number("/posted"), "0");
    }
}

#[tokio::test]
async fn codes_of_the_other_environment_name_nothing() {
    let world = World::start().await;
    let pack = r#"{"name":"Regular","credits":500,"price":{"amount":"10","currency":"usd"}}"#;
    world.put("/v1/packs/regular_500", pack).await.expect(200);
    let allowance = r#"{"credits":10,"period":"day"}"#;
    world.put("/v1/customers/user_42/allowances/regular_500", allowance).await.expect(200);
    for route in keyed().filter(|route| route.path.contains("{code}") && route.method != "PUT") {
        let path = concrete(route, "");
        let got = world.ask(route.method, &path, Some(&world.live_key), "").await.expect(404);
        assert_eq!(got.code(), "not_found", "{path}");
        let unknown = path.replace("regular_500", "no_such");
        world.ask(route.method, &unknown, Some(&world.key), "").await.expect(404);
    }
    let order = r#"{"customer":"user_42","pack":"regular_500"}"#;
    world.ask("POST", "/v1/checkouts", Some(&world.live_key), order).await.expect(409);
    let listed = world.ask("GET", "/v1/customers/user_42/allowances", Some(&world.live_key), "").await;
    assert_eq!(listed.expect(200).json()["data"], serde_json::json!([]));
}

#[tokio::test]
async fn method_that_a_path_does_not_take_is_refused_with_those_it_takes() {
    let world = World::start().await;
    for route in ROUTES {
        let path = concrete(route, "hld_x");
        let got = world.ask("PATCH", &path, Some(&world.key), "").await.expect(405);
        assert_eq!(got.code(), "method_not_allowed");
        let allow = got.headers["allow"].to_str().expect("ASCII");
        assert!(allow.contains(route.method), "{path}: {allow}");
    }
    world.get("/v1/nothing").await.expect(404);
}

#[tokio::test]
async fn key_may_come_in_either_header() {
    let world = World::start().await;
    for (name, value) in [
        ("x-api-key", world.key.clone()),
        ("authorization", format!("bearer {}", world.key)),
        ("authorization", format!("Bearer  {} ", world.key)),
    ] {
        let request = axum::http::Request::builder().uri("/v1/customers/user_42/wallet").header(name, value);
        world.send(request.body(axum::body::Body::empty()).expect("a request")).await.expect(200);
    }
}

#[tokio::test]
async fn keys_that_differ_in_one_request_are_all_refused() {
    let world = World::start().await;
    let (test, live) = (&world.key, &world.live_key);
    let bearer = |key: &str| format!("Bearer {key}");
    for (headers, status) in [
        ([("authorization", bearer(test)), ("x-api-key", live.clone())], 401),
        ([("x-api-key", live.clone()), ("authorization", bearer(test))], 401),
        ([("authorization", bearer(test)), ("authorization", bearer(live))], 401),
        ([("x-api-key", test.clone()), ("x-api-key", "sk_test_x".to_owned())], 401),
        ([("authorization", bearer(test)), ("x-api-key", test.clone())], 200),
        // What a proxy asks for itself is not ours.
        ([("authorization", "Basic dTpw".to_owned()), ("x-api-key", test.clone())], 200),
    ] {
        let mut request = axum::http::Request::builder().uri("/v1/customers/user_42/wallet");
        for (name, value) in &headers {
            request = request.header(*name, value);
        }
        let got = world.send(request.body(axum::body::Body::empty()).expect("a request")).await;
        assert_eq!(got.status.as_u16(), status, "{headers:?}");
    }
}

#[tokio::test]
async fn a_key_of_any_wrong_form_is_answered_like_an_unknown_one() {
    let world = World::start().await;
    let answer = async |key: &[u8]| {
        let value = axum::http::HeaderValue::from_bytes(key).expect("bytes of a header");
        let request = axum::http::Request::builder().uri("/v1/events").header("x-api-key", value);
        world.send(request.body(axum::body::Body::empty()).expect("a request")).await.expect(401).bytes
    };
    let unknown = answer(b"sk_test_0000000000000000000000000000000000000000").await;
    let long = [b"sk_test_".to_vec(), vec![b'a'; 60_000]].concat();
    let name = format!("sk_live{}", &world.key[7..]);
    for wrong in
        [&b"sk_test_"[..], b"sk_nowhere_x", b"sk_", b"x", b"../../etc/passwd", &long, name.as_bytes()]
    {
        assert_eq!(answer(wrong).await, unknown, "{}", String::from_utf8_lossy(wrong));
    }
    // Bytes that are no text are no key at all.
    answer(b"sk_test_\xff").await;
    answer(b"").await;
}

#[tokio::test]
async fn routes_for_everybody_tell_no_secret() {
    let world = World::start().await;
    for route in ROUTES.iter().filter(|route| route.scope.is_none() && !route.is_public()) {
        let got = world.ask(route.method, route.path, None, "").await.expect(200);
        let text = String::from_utf8(got.bytes).expect("UTF-8");
        assert!(!text.contains(&world.key) && !text.contains("sk_test_0"), "{text}");
        // Made when the program was built: the customers of their examples are nobody's.
        let is_built_in = ["/docs", "/openapi.json"].contains(&route.path);
        assert!(is_built_in || !text.contains("user_42"), "{text}");
    }
}

#[tokio::test]
async fn route_that_wants_a_proof_answers_every_made_up_one_alike_and_tells_nothing() {
    let world = World::start().await;
    let paths = |route: &Route, proof: &str| {
        let parts = route.path.split('/').map(|part| if part.starts_with('{') { proof } else { part });
        parts.collect::<Vec<_>>().join("/")
    };
    let long = "a".repeat(4_000);
    for route in ROUTES.iter().filter(|route| route.is_public()) {
        let answer = async |proof: &str, key: Option<&str>| {
            let got = world.ask(route.method, &paths(route, proof), key, "").await;
            assert!([400, 404].contains(&got.status.as_u16()), "{} {}: {got:?}", route.method, route.path);
            String::from_utf8(got.bytes).expect("UTF-8")
        };
        let first = answer("x", None).await;
        assert!(!first.contains("test") && !first.contains("live") && !first.contains("user_42"), "{first}");
        for proof in
            ["user_42", "sk_test_x", "chk_00000000000000000000", "..%2f..", "%00", "%F0%9F%92%A9", &long]
        {
            assert_eq!(answer(proof, None).await, first, "{} {proof}", route.path);
        }
        // A key is no proof here.
        assert_eq!(answer("x", Some(&world.key)).await, first);
    }
}

#[tokio::test]
async fn readiness_tells_each_environment() {
    let world = World::start().await;
    let got = world.ask("GET", "/readyz", None, "").await.expect(200);
    assert_eq!(got.text("/status"), "ready");
    assert_eq!(got.json()["environments"]["live"]["ready"], true);
}
