//! Testing the connection: what each way to fail is called, without a secret and without waiting.

use chargly_engine::payments::{ConnectionTest, ConnectionVerdict, PaymentProvider as _};
use chargly_fake_stripe::{FakeStripe, Fault, Options};
use chargly_stripe::{STRIPE_VERSION, Stripe, StripeConfig};

use crate::{NOON_MS, Pair, config, patience};

/// A client of what listens there, with this key.
fn client(base_url: &str, secret_key: &str) -> Stripe {
    let config = StripeConfig { secret_key: secret_key.to_owned(), ..config(base_url) };
    Stripe::new(&config).expect("a good configuration").with_patience(patience())
}

async fn verdict(stripe: &Stripe) -> (ConnectionVerdict, String) {
    let ConnectionTest { verdict, said } = stripe.test().await;
    assert!(!said.contains("hush"), "{said}");
    (verdict, said)
}

#[tokio::test]
async fn each_way_to_fail_has_its_own_word() {
    let pair = Pair::start().await;
    assert_eq!(verdict(&pair.stripe).await, (ConnectionVerdict::Good, String::new()));

    let (other, said) = verdict(&client(pair.fake.base_url(), "sk_test_hush_hush")).await;
    assert_eq!(other, ConnectionVerdict::KeyRefused);
    assert!(said.starts_with("Invalid API Key provided"), "{said}");

    for (status, expected) in [
        (403, ConnectionVerdict::NotAllowed),
        (429, ConnectionVerdict::Unreachable),
        (500, ConnectionVerdict::Unreachable),
        (400, ConnectionVerdict::NotUnderstood),
    ] {
        let before = pair.fake.requests().len();
        pair.fake.inject(Fault::Status(status));
        assert_eq!(verdict(&pair.stripe).await.0, expected, "{status}");
        assert_eq!(pair.fake.requests().len(), before, "it is asked once");
    }

    // A port that was free a moment ago: nobody listens there.
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", nobody.local_addr().expect("an address"));
    drop(nobody);
    let alone = client(&url, "sk_test_fake");
    assert_eq!(verdict(&alone).await, (ConnectionVerdict::Unreachable, "no connection".to_owned()));
}

#[tokio::test]
async fn events_of_the_other_mode_are_told() {
    let options = Options { now_s: Some(NOON_MS / 1_000), is_live: true, ..Options::default() };
    let fake = FakeStripe::start_with(options).await.expect("a free port");
    let stripe = client(fake.base_url(), "sk_test_fake");
    assert_eq!(verdict(&stripe).await.0, ConnectionVerdict::Good, "nothing has happened there yet");
    let started = stripe.start(&crate::new_checkout("ord_1")).await.expect("a checkout");
    fake.pay(&started.reference).await.expect("an open checkout");
    let (found, said) = verdict(&stripe).await;
    assert_eq!((found, &*said), (ConnectionVerdict::OtherMode, "the account's events are of live mode"));
}

#[tokio::test]
async fn connection_is_told_without_a_secret() {
    let pair = Pair::start().await;
    let connection = pair.stripe.connection();
    assert_eq!(connection.address.as_deref(), Some(pair.fake.base_url()));
    assert_eq!((connection.api_version, connection.is_live), (Some(STRIPE_VERSION), false));
    assert_eq!(connection.believes_notices, Some(true));
    assert!(!format!("{connection:?}").contains("sk_test"), "{connection:?}");
    let deaf = StripeConfig { webhook_secrets: Vec::new(), ..config(pair.fake.base_url()) };
    let deaf = Stripe::new(&deaf).expect("a good configuration");
    assert_eq!(deaf.connection().believes_notices, Some(false));
}
