//! Notices: what the stand-in signs is believed, and what was never delivered is found.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::routing::post;
use chargly_engine::payments::{About, Notice, NoticeError, PaymentProvider as _};
use chargly_fake_stripe::Command;
use tokio::sync::Mutex;

use crate::{NOON_MS, Pair, SECRET};

type Inbox = Arc<Mutex<Vec<(String, Bytes)>>>;

/// An endpoint of ours that keeps what comes in.
async fn endpoint(pair: &Pair, secrets: &[&str]) -> Inbox {
    let inbox = Inbox::default();
    let kept = Arc::clone(&inbox);
    let receive = move |headers: HeaderMap, body: Bytes| async move {
        let signature = headers["stripe-signature"].to_str().expect("ASCII").to_owned();
        kept.lock().await.push((signature, body));
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/", post(receive))).await });
    let secrets = secrets.iter().map(|secret| (*secret).to_owned()).collect();
    pair.fake.control(Command::AddEndpoint { url, secrets }).await.expect("always");
    inbox
}

async fn read(pair: &Pair, inbox: &Inbox) -> Vec<Result<Notice, NoticeError>> {
    let kept = inbox.lock().await;
    kept.iter().map(|(signature, body)| pair.stripe.read_notice(signature, body, NOON_MS)).collect()
}

fn kinds(notices: &[Notice]) -> Vec<&str> {
    notices.iter().map(|notice| notice.kind.as_str()).collect()
}

#[tokio::test]
async fn delivered_notices_are_believed_and_name_their_order() {
    let pair = Pair::start().await;
    let inbox = endpoint(&pair, &[SECRET]).await;
    let payment = pair.paid("ord_1").await.payment.expect("a payment");
    let dispute = Command::Dispute { payment: payment.clone(), amount: None, is_inquiry: false };
    pair.fake.control(dispute).await.expect("a dispute");
    assert!(pair.fake.deliver().await.iter().all(|attempt| attempt.status == 200));
    let notices: Vec<Notice> =
        read(&pair, &inbox).await.into_iter().collect::<Result<_, _>>().expect("all are believed");
    let told: Vec<(&str, &About)> =
        notices.iter().map(|notice| (notice.kind.as_str(), &notice.about)).collect();
    assert_eq!(
        told,
        [
            ("charge.succeeded", &About::Nothing),
            ("payment_intent.succeeded", &About::Nothing),
            ("checkout.session.completed", &About::Order("ord_1".to_owned())),
            ("charge.dispute.created", &About::Payment(payment)),
        ]
    );
    for notice in &notices {
        assert!(!notice.is_live);
        assert_eq!(notice.created_ms, NOON_MS);
        for hidden in ["4242", "Ada", "buyer@example.com", "Xt5EWLLDS7FJjR1c", "_secret_"] {
            assert!(!notice.body.contains(hidden), "{hidden} in {}", notice.body);
        }
    }
}

#[tokio::test]
async fn notice_signed_by_another_or_long_ago_is_not_believed() {
    let pair = Pair::start().await;
    let inbox = endpoint(&pair, &["whsec_other"]).await;
    pair.checkout("ord_1").await;
    pair.fake.advance(3_600);
    pair.fake.deliver().await;
    assert_eq!(read(&pair, &inbox).await, [Err(NoticeError::WrongSignature)]);
}

#[tokio::test]
async fn notice_is_believed_while_secrets_rotate_and_for_five_minutes() {
    let pair = Pair::start().await;
    let inbox = endpoint(&pair, &["whsec_other", SECRET]).await;
    pair.paid("ord_1").await;
    pair.fake.deliver_as(Some(vec![2]), 2, 300).await;
    pair.fake.deliver_as(Some(vec![0]), 1, 301).await;
    let out = NoticeError::OutOfTime { seconds: 301, limit: 300 };
    let read = read(&pair, &inbox).await;
    assert!(read[0].is_ok() && read[0] == read[1], "the same one twice: {read:?}");
    assert_eq!(read[2..], [Err(out)]);
}

#[tokio::test]
async fn what_was_never_delivered_is_found_oldest_first() {
    let pair = Pair::start().await;
    endpoint(&pair, &[SECRET]).await;
    pair.paid("ord_1").await;
    pair.fake.deliver().await;
    assert_eq!(pair.stripe.missed(0, false).await, Ok(Vec::new()));
    let sent = pair.stripe.missed(0, true).await.expect("a list");
    assert_eq!(
        kinds(&sent),
        ["checkout.session.completed"],
        "what was delivered is listed for whoever lost it"
    );
    pair.fake.advance(60);
    let order = pair.paid("ord_2").await;
    let payment = order.payment.expect("a payment");
    pair.fake
        .control(Command::Refund { payment, amount: Some(100), is_pending: false })
        .await
        .expect("by hand");
    pair.fake.control(Command::SetFailing { times: 9, status: 500 }).await.expect("always");
    pair.fake.deliver().await;
    let missed = pair.stripe.missed(NOON_MS, false).await.expect("a list");
    assert_eq!(kinds(&missed), ["checkout.session.completed", "refund.created", "charge.refunded"]);
    assert_eq!(missed[2].about, About::Order("ord_2".to_owned()));
    assert_eq!(pair.stripe.missed(NOON_MS + 61_000, false).await, Ok(Vec::new()));
}

#[tokio::test]
async fn more_missed_than_one_page_are_all_found() {
    let pair = Pair::start().await;
    for index in 0..230 {
        pair.paid(&format!("ord_{index}")).await;
    }
    let missed = pair.stripe.missed(0, false).await.expect("a list");
    let orders: Vec<About> = missed.into_iter().map(|notice| notice.about).collect();
    let expected: Vec<About> = (0..230).map(|index| About::Order(format!("ord_{index}"))).collect();
    assert_eq!(orders, expected);
}
