//! Stripe's signature of a webhook. Written here a second time on purpose: a stand-in that shared the code of what it
//! tests would agree with it in every mistake.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The header `Stripe-Signature` for `body`, with a signature of each secret.
pub fn sign(body: &[u8], secrets: &[String], at_s: i64) -> String {
    let mut header = format!("t={at_s}");
    for secret in secrets {
        let _infallible = write!(header, ",v1={}", hex_hmac(body, secret, at_s));
    }
    header
}

fn hex_hmac(body: &[u8], secret: &str, at_s: i64) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    mac.update(format!("{at_s}.").as_bytes());
    mac.update(body);
    mac.finalize().into_bytes().iter().fold(String::new(), |mut hex, byte| {
        let _infallible = write!(hex, "{byte:02x}");
        hex
    })
}
