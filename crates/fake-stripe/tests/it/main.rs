//! The stand-in as a browser, a script and a server of webhooks meet it.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use chargly_fake_stripe::{Command, FakeStripe, Options, sign};
use serde_json::{Value, json};

const SECRET: &str = "whsec_fake";

async fn start() -> FakeStripe {
    FakeStripe::start_with(Options { now_s: Some(1_800_000_000), ..Options::default() })
        .await
        .expect("a free port")
}

fn http() -> reqwest::Client {
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    client.build().expect("a client")
}

/// A session of $20 with Stripe's answer.
async fn session(fake: &FakeStripe) -> Value {
    let item = |name: &str| format!("line_items[0]{name}");
    let params = [
        ("mode".to_owned(), "payment"),
        ("success_url".to_owned(), "https://shop.example/thanks?session={CHECKOUT_SESSION_ID}"),
        ("cancel_url".to_owned(), "https://shop.example/?a=1&b=\"2\""),
        (item("[quantity]"), "1"),
        (item("[price_data][currency]"), "usd"),
        (item("[price_data][unit_amount]"), "2000"),
        (item("[price_data][product_data][name]"), "Regular"),
    ];
    let url = format!("{}/v1/checkout/sessions", fake.base_url());
    let answer = http().post(url).bearer_auth("sk_test_fake").form(&params).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    answer.json().await.expect("JSON")
}

fn field(value: &Value, name: &str) -> String {
    value[name].as_str().expect("a text").to_owned()
}

/// An endpoint that keeps the ids of events, and takes them only when `takes` says so.
async fn endpoint(fake: &FakeStripe, takes: fn(usize) -> bool) -> Arc<Mutex<Vec<String>>> {
    let inbox: Arc<Mutex<Vec<String>>> = Arc::default();
    let kept = Arc::clone(&inbox);
    let receive = async move |headers: HeaderMap, body: String| {
        let mut kept = kept.lock().expect("no panic");
        let event: Value = serde_json::from_str(&body).expect("JSON");
        let at = headers["stripe-signature"].to_str().expect("ASCII")[2..12].parse().expect("seconds");
        assert_eq!(headers["stripe-signature"], sign(body.as_bytes(), &[SECRET.to_owned()], at));
        kept.push(field(&event, "type"));
        if takes(kept.len()) { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/", post(receive))).await });
    fake.control(Command::AddEndpoint { url, secrets: vec![SECRET.to_owned()] }).await.expect("always");
    inbox
}

#[tokio::test]
async fn buyer_pays_on_the_page_and_is_sent_back_with_the_session() {
    let fake = start().await;
    let session = session(&fake).await;
    let (id, url) = (field(&session, "id"), field(&session, "url"));
    let page = http().get(&url).send().await.expect("a page").text().await.expect("text");
    for part in ["2000 usd", r#"id="pay""#, r#"id="debit""#, r#"id="decline""#, "a=1&amp;b=&quot;2&quot;"] {
        assert!(page.contains(part), "{part} in {page}");
    }
    let declined = http().post(format!("{url}/decline")).send().await.expect("a page");
    assert!(declined.text().await.expect("text").contains("Your card was declined."));
    let paid = http().post(format!("{url}/pay")).send().await.expect("a redirect");
    assert_eq!(paid.status(), 303);
    assert_eq!(paid.headers()["location"], format!("https://shop.example/thanks?session={id}"));
    assert_eq!(fake.object(&id).expect("the session")["payment_status"], "paid");
    let again = http().post(format!("{url}/pay")).send().await.expect("a refusal");
    assert_eq!(again.status(), 400);
}

#[tokio::test]
async fn buyer_may_order_by_bank_debit() {
    let fake = start().await;
    let session = session(&fake).await;
    let paid = http().post(format!("{}/debit", field(&session, "url"))).send().await.expect("a redirect");
    assert_eq!(paid.status(), 303);
    let session = fake.object(&field(&session, "id")).expect("the session");
    assert_eq!((&session["status"], &session["payment_status"]), (&json!("complete"), &json!("unpaid")));
}

#[tokio::test]
async fn everything_can_be_controlled_over_http() {
    let fake = start().await;
    let id = field(&session(&fake).await, "id");
    let control = async |command: &str, body: Value| {
        let url = format!("{}/_control/{command}", fake.base_url());
        let answer = http().post(url).json(&body).send().await.expect("an answer");
        (answer.status().as_u16(), answer.json::<Value>().await.expect("JSON"))
    };
    let (_, paid) = control("pay", json!({"session": id})).await;
    let payment = field(&paid, "payment_intent");
    let (_, refund) = control("refund", json!({"payment": payment, "amount": 500, "is_pending": true})).await;
    assert_eq!(refund["status"], "pending");
    assert_eq!(control("settle_refund", json!({"refund": refund["id"]})).await.1["status"], "succeeded");
    let (_, dispute) = control("dispute", json!({"payment": payment, "is_inquiry": true})).await;
    let moved = control("move_dispute", json!({"dispute": dispute["id"], "to": "close_inquiry"})).await;
    assert_eq!(moved.1["status"], "warning_closed");
    assert_eq!(control("inject", json!({"fault": {"status": 429}, "method": "POST"})).await.0, 200);
    assert_eq!(control("queue", json!({})).await.1["data"].as_array().map(Vec::len), Some(8));
    for (command, body) in [
        ("pay", json!({})),
        ("pay", json!({"session": id, "typo": 1})),
        ("unknown", json!({})),
        ("pay", json!([])),
    ] {
        assert_eq!(control(command, body).await.0, 400, "{command}");
    }
}

#[tokio::test]
async fn events_are_delivered_in_any_order_and_number_until_one_is_taken() {
    let fake = start().await;
    let inbox = endpoint(&fake, |count| count > 2).await;
    fake.pay(&field(&session(&fake).await, "id")).await.expect("an open session");
    fake.deliver_as(Some(vec![2, 0]), 1, 0).await;
    assert_eq!(*inbox.lock().expect("no panic"), ["checkout.session.completed", "charge.succeeded"]);
    assert_eq!(fake.queue().len(), 3, "neither was taken");
    fake.control(Command::SetFailing { times: 1, status: 500 }).await.expect("always");
    let attempts = fake.deliver_as(Some(vec![1]), 3, 0).await;
    assert_eq!(attempts.iter().map(|attempt| attempt.status).collect::<Vec<_>>(), [500, 200, 200]);
    assert_eq!(inbox.lock().expect("no panic").len(), 4, "one was lost on the way");
    fake.control(Command::Drop { index: 0 }).await.expect("two are left");
    fake.deliver().await;
    assert_eq!(
        inbox.lock().expect("no panic").last().map(String::as_str),
        Some("checkout.session.completed")
    );
    assert!(fake.queue().is_empty());
}

#[tokio::test]
async fn events_are_delivered_as_they_happen_where_that_is_wanted() {
    let options = Options { delivers_at_once: true, ..Options::default() };
    let fake = FakeStripe::start_with(options).await.expect("a free port");
    let inbox = endpoint(&fake, |_| true).await;
    fake.pay(&field(&session(&fake).await, "id")).await.expect("an open session");
    for _ in 0..1_000 {
        if inbox.lock().expect("no panic").len() == 3 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let expected = ["charge.succeeded", "payment_intent.succeeded", "checkout.session.completed"];
    assert_eq!(*inbox.lock().expect("no panic"), expected);
}

#[tokio::test]
async fn setting_that_stripe_does_not_know_is_refused() {
    let fake = start().await;
    let url = format!("{}/v1/refunds", fake.base_url());
    let params = [("payment_intent", "pi_1"), ("ammount", "5")];
    let answer = http().post(url).bearer_auth("sk_test_fake").form(&params).send().await.expect("an answer");
    assert_eq!(answer.status(), 400);
    let error: Value = answer.json().await.expect("JSON");
    assert_eq!(
        (&error["error"]["code"], &error["error"]["param"]),
        (&json!("parameter_unknown"), &json!("ammount"))
    );
}
