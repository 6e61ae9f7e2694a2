//! A notice of Stripe's: without a good signature it is refused whatever it is; with one it is refused or read, and what
//! is kept of it is JSON. The first line of an input is the header, the rest the body.
#![no_main]

use std::sync::LazyLock;

use chargly_engine::payments::PaymentProvider;
use chargly_stripe::{STRIPE_URL, Stripe, StripeConfig, sign};
use libfuzzer_sys::fuzz_target;

const NOW_S: i64 = 1_800_000_000;
const SECRET: &str = "whsec_fuzz";

static STRIPE: LazyLock<Stripe> = LazyLock::new(|| {
    let config = StripeConfig {
        secret_key: "sk_test_fuzz".to_owned(),
        webhook_secrets: vec![SECRET.to_owned()],
        base_url: STRIPE_URL.to_owned(),
        is_live: false,
    };
    Stripe::new(&config).expect("a good configuration")
});

fuzz_target!(|bytes: &[u8]| {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (header, body) = (String::from_utf8_lossy(&bytes[..end]), bytes.get(end + 1..).unwrap_or_default());
    assert!(STRIPE.read_notice(&header, body, NOW_S * 1_000).is_err(), "nobody can guess a signature");
    if let Ok(notice) = STRIPE.read_notice(&sign(body, SECRET, NOW_S), body, NOW_S * 1_000) {
        assert!(notice.body.starts_with('{') && notice.body.ends_with('}'));
    }
});
