//! Secrets are in no error and no debug text, even where somebody else repeats them.

use chargly_engine::payments::ProviderError;
use chargly_stripe::{Stripe, StripeConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{Pair, SECRET, config, patience};

const KEY: &str = "sk_test_hush_hush";

#[tokio::test]
async fn key_that_stripe_refuses_is_not_in_the_error() {
    let pair = Pair::start().await;
    let stripe = Stripe::new(&StripeConfig { secret_key: KEY.to_owned(), ..config(pair.fake.base_url()) });
    let stripe = stripe.expect("a key of the right form").with_patience(patience());
    let refused = stripe.check().await.expect_err("a key that nobody knows");
    assert!(matches!(refused, ProviderError::Refused { .. }), "{refused:?}");
    let said = format!("{refused} {refused:?} {stripe:?}");
    assert!(!said.contains("hush"), "{said}");
    assert!(!format!("{stripe:?}").contains(SECRET));
}

/// A server that answers every request with the key it was sent with.
async fn echo() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _read = stream.read(&mut request).await;
            let body =
                format!(r#"{{"error":{{"type":"invalid_request_error","message":"no such key: {KEY}"}}}}"#);
            let head = format!("HTTP/1.1 401 Unauthorized\r\nContent-Length: {}\r\n\r\n", body.len());
            let _sent = stream.write_all((head + &body).as_bytes()).await;
        }
    });
    url
}

#[tokio::test]
async fn key_that_is_repeated_to_us_is_cut_out() {
    let stripe = Stripe::new(&StripeConfig { secret_key: KEY.to_owned(), ..config(&echo().await) });
    let refused = stripe.expect("a key of the right form").check().await.expect_err("it is refused");
    let said = format!("{refused} {refused:?}");
    assert!(said.contains("no such key") && !said.contains("hush"), "{said}");
}
