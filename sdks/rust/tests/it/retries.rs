//! What is tried again, when, and under which key. No server: one that plays our own answers.

use std::collections::HashSet;
use std::time::Duration;

use chargly_client::{BatchResult, Client, Cost, Error, Hold, Meter, MeterResult, Method, PlaceHold};
use serde_json::json;

use crate::script::{Script, Step, good, problem, refusal, text};

const SOON: Duration = Duration::from_millis(200);

#[tokio::test]
async fn what_may_pass_is_tried_again_under_one_key() {
    for (what, step) in [
        ("a lost connection", Step::Lose),
        ("an answer that is cut off", Step::CutOff),
        ("no answer in time", Step::Hang),
        ("408", text(408, "")),
        ("429", problem(429, "rate_limited")),
        ("500 of a proxy", text(502, "<html>")),
        ("503", problem(503, "unavailable")),
        ("507", problem(507, "storage_full")),
    ] {
        let script = Script::of([step.clone(), step, good()]).await;
        let client = script.builder().timeout(SOON).build().unwrap();
        let result =
            client.meter_event("image.generate", "u").await.unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(script.keys().len(), 3, "{what}");
        assert_eq!(
            HashSet::from_iter(script.keys()),
            HashSet::from([result.idempotency_key.clone()]),
            "{what}"
        );
        assert_eq!(result.remaining_balance.to_string(), "60.5");
        assert!(script.asked()[0].0.contains("authorization: Bearer sk_test_x"));
        // A UUIDv7.
        assert_eq!((result.idempotency_key.len(), result.idempotency_key.as_bytes()[14]), (36, b'7'));
    }
}

#[tokio::test]
async fn what_will_not_pass_is_not() {
    for step in [
        refusal(),
        problem(400, "invalid_request"),
        problem(401, "unauthorized"),
        problem(409, "hold_not_open"),
        text(503, r#"{"status":503,"code":"of_tomorrow","retryable":false}"#),
        text(200, "<html>"),
        text(200, "{}"),
        text(302, "").with("location: http://elsewhere/"),
    ] {
        let script = Script::of([step, good()]).await;
        let error = script.builder().build().unwrap().meter_event("image.generate", "u").await.unwrap_err();
        assert_eq!(script.keys().len(), 1, "{error:?}");
        assert_eq!(error.idempotency_key(), script.keys().first().map(String::as_str));
        assert!(!error.retryable());
    }
}

#[tokio::test]
async fn attempts_end_with_their_number_or_the_deadline() {
    let script = Script::of([Step::Lose, Step::Lose, Step::Lose, good()]).await;
    let client = script.builder().max_retries(2).build().unwrap();
    let error = client.meter_event("image.generate", "u").await.unwrap_err();
    assert!(matches!(error, Error::ConnectionLost { .. }) && error.is_in_doubt());
    assert_eq!(script.keys().len(), 3);
    // The key that it was tried with makes it safe to go on.
    let key = error.idempotency_key().unwrap().to_owned();
    client.meter(Meter::new("image.generate", "u").idempotency_key(key.as_str())).await.unwrap();
    assert_eq!(script.keys()[3], key);

    // What the server asks to wait is more than there is time for, so nobody waits.
    let script = Script::of([problem(429, "rate_limited").with("retry-after: 61"), good()]).await;
    let error = script.builder().build().unwrap().meter_event("image.generate", "u").await.unwrap_err();
    assert!(matches!(error, Error::RateLimited { .. }));
    assert_eq!(error.retry_after(), Some(Duration::from_secs(61)));
    assert_eq!(script.keys().len(), 1);

    let script = Script::of([Step::Hang, good()]).await;
    let client = script.builder().deadline(SOON).build().unwrap();
    assert!(matches!(client.meter_event("image.generate", "u").await, Err(Error::TimedOut { .. })));
}

#[tokio::test]
async fn nobody_listens() {
    let client =
        Client::builder().api_key("sk_test_x").base_url("http://127.0.0.1:9").max_retries(1).build().unwrap();
    let error = client.get_wallet("secret_customer").await.unwrap_err();
    assert_eq!((error.code(), error.status_code()), ("no_connection", None));
    assert!(!format!("{error} {error:?}").contains("sk_test"));
}

#[tokio::test]
async fn an_unknown_code_goes_by_its_status() {
    for (status, name) in [
        (400, "InvalidRequest"),
        (401, "Unauthorized"),
        (402, "PaymentRequired"),
        (403, "Forbidden"),
        (404, "NotFound"),
        (405, "Other"),
        (409, "Conflict"),
        (410, "Gone"),
        (413, "TooLarge"),
        (422, "Unprocessable"),
        (429, "RateLimited"),
        (500, "Server"),
        (503, "Unavailable"),
        (507, "StorageFull"),
    ] {
        let script = Script::of([problem(status, "of_tomorrow")]).await;
        let client = script.builder().max_retries(0).build().unwrap();
        let error = client.meter_event("image.generate", "u").await.unwrap_err();
        assert!(format!("{error:?}").starts_with(name), "{status}: {error:?}");
        assert_eq!(
            (error.status_code(), error.code(), error.to_string().as_str()),
            (Some(status), "of_tomorrow", "d")
        );
        assert_eq!(error.raw().to_value()["fact"], 1);
    }
}

#[tokio::test]
async fn a_retry_after_a_top_up_keeps_its_key_until_it_is_refused() {
    let refused_before = refusal().with("idempotent-replayed: true");
    let script = Script::of([refusal(), Step::Lose, good(), refused_before, refusal(), good()]).await;
    let client = script.builder().max_retries(0).build().unwrap();
    let refused = |result: Result<MeterResult, Error>| match result {
        Err(Error::InsufficientCredits(refusal)) => *refusal,
        other => panic!("{other:?}"),
    };
    let first = refused(client.meter(Meter::new("image.generate", "u").idempotency_key("k")).await);
    assert_eq!((first.required, first.available), (40.into(), "0.5".parse().unwrap()));
    assert_eq!(first.shortfall.to_string(), "39.5");
    // Nothing is sent where something else would be read from the answer.
    assert!(matches!(first.retry_after_top_up::<Hold>().await, Err(Error::Configuration { .. })));
    let lost = first.retry_after_top_up::<MeterResult>().await;
    assert!(matches!(lost, Err(Error::ConnectionLost { .. })));
    let result: MeterResult = first.retry_after_top_up().await.unwrap();
    assert_eq!(result.idempotency_key, "k~2");
    // Somebody else was refused under that key already, so the next one is tried.
    let second = refused(first.retry_after_top_up().await);
    second.retry_after_top_up::<MeterResult>().await.unwrap();
    assert_eq!(script.keys(), ["k", "k~2", "k~2", "k~2", "k~3", "k~4"]);
    let bodies: HashSet<String> = script
        .asked()
        .into_iter()
        .map(|(_, mut body)| {
            body["idempotency_key"] = json!("");
            body.to_string()
        })
        .collect();
    assert_eq!(bodies.len(), 1, "but for the key, every attempt asks the same");
}

#[tokio::test]
async fn a_batch_has_a_key_for_each_event() {
    let answer = json!({ "results": [
        { "id": "evt_1", "event": "e", "customer": "u", "credits": 0.1, "balance": { "available": 1 }, "recorded_at": "t" },
        { "error": { "status": 402, "code": "insufficient_credits", "required": 2, "available": 1, "shortfall": 1 } },
        { "error": { "status": 422, "code": "unknown_event_type", "event": "f", "did_you_mean": "e" } },
    ], "accepted": 1, "refused": 2, "replayed": 0 });
    let script = Script::of([Step::Lose, text(200, &answer.to_string()), good()]).await;
    let client = script.builder().build().unwrap();
    let events = [Meter::new("e", "u").idempotency_key("mine"), Meter::new("e", "u"), Meter::new("f", "u")];
    let batch = client.meter_events(events).await.unwrap();
    let asked = script.asked();
    assert_eq!(asked[0].1, asked[1].1);
    assert_eq!(asked[0].1["events"][0]["idempotency_key"], "mine");
    let first = batch.results[0].as_ref().unwrap();
    assert_eq!(
        (first.idempotency_key.as_str(), first.deducted_credits.to_string().as_str()),
        ("mine", "0.1")
    );
    assert_eq!(
        batch.errors().map(|(place, error)| (place, error.code())).collect::<Vec<_>>(),
        [(1, "insufficient_credits"), (2, "unknown_event_type"),]
    );
    let Err(Error::InsufficientCredits(refusal)) = &batch.results[1] else { panic!() };
    let made = asked[0].1["events"][1]["idempotency_key"].as_str().unwrap();
    assert_eq!(refusal.problem.idempotency_key.as_deref(), Some(made));
    let result: MeterResult = refusal.retry_after_top_up().await.unwrap();
    assert_eq!(result.idempotency_key, format!("{made}~2"));

    let one_key = client.meter_atomic([Meter::new("e", "u").idempotency_key("mine")], None).await;
    assert!(matches!(one_key, Err::<BatchResult, _>(Error::Configuration { .. })));
}

#[tokio::test]
async fn any_other_route_is_repeated_where_that_is_safe() {
    let body = json!({ "reason": "test" });
    let script = Script::of([Step::Lose, text(200, r#"{"a":0.10}"#)]).await;
    let client = script.builder().build().unwrap();
    let lost = client.request(Method::POST, "/v1/thing", Some(&body), None).await;
    assert!(matches!(lost, Err(Error::ConnectionLost { .. })));
    assert_eq!(script.asked().len(), 1);
    let answered = client.request(Method::POST, "/v1/thing", Some(&body), Some("k")).await.unwrap();
    assert_eq!(answered.as_str(), r#"{"a":0.10}"#);
    assert_eq!(script.asked()[1].1, json!({ "reason": "test", "idempotency_key": "k" }));

    let script = Script::of([Step::Lose, text(200, "{}")]).await;
    let client = script.builder().build().unwrap();
    client.request(Method::PUT, "/v1/thing", Some(&body), None).await.unwrap();
    assert!(matches!(client.request(Method::GET, "v1", None, None).await, Err(Error::Configuration { .. })));
    let no_object = client.request(Method::POST, "/v1", Some(&json!([])), None).await;
    assert!(matches!(no_object, Err(Error::Configuration { .. })));
}

#[tokio::test]
async fn what_cannot_be_said_is_not_sent() {
    let client = Client::builder().api_key("k").base_url("http://127.0.0.1:9").build().unwrap();
    let mistaken =
        Meter::new("chat.reply", "u").cost(Cost::from(json!({ "amount": 0.04, "currency": "usd" })));
    for error in [
        client.get_wallet("").await.unwrap_err(),
        client.get_hold("..").await.unwrap_err(),
        client.meter(mistaken.clone()).await.unwrap_err(),
        client.meter_events([mistaken]).await.unwrap_err(),
    ] {
        assert!(matches!(error, Error::Configuration { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_block_whose_capture_got_no_answer_leaves_its_hold() {
    let placed = json!({ "id": "hld_1", "event": "agent.run", "customer": "u", "credits": 50, "state": "open",
        "balance": { "available": 50 }, "expires_at": "2026-11-23T21:50:15Z" });
    let captured = json!({ "id": "evt_1", "hold_id": "hld_1", "still_held": 0, "ended": true, "event": "agent.run",
        "customer": "u", "credits": 50, "balance": { "available": 50 }, "recorded_at": "t" });
    let script =
        Script::of([text(200, &placed.to_string()), Step::Lose, text(200, &captured.to_string()), good()])
            .await;
    let client = script.builder().max_retries(0).build().unwrap();
    let failed = client.metered(PlaceHold::new("agent.run", "u"), |_| async { Ok::<_, Error>("done") }).await;
    let Err(chargly_client::MeteredError::NotCaptured { output, hold, .. }) = failed else {
        panic!("{failed:?}")
    };
    assert_eq!((output, hold.ended()), ("done", false));
    assert_eq!(script.asked().len(), 2, "it was not voided");
    let result = hold.capture(chargly_client::Capture::new()).await.unwrap();
    assert_eq!(result.idempotency_key, script.keys()[1], "the same capture again has the same key");
    assert!(hold.ended());
}
