//! Secrets and signatures, as Standard Webhooks has them: `whsec_` and base64 of the key; HMAC-SHA256 over
//! `id.timestamp.body`.
//!
//! Beside them goes the hex HMAC-SHA256 of the body alone, for receivers that know the product's former kind. Its key is
//! the text of the secret: what a person has in their settings.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// Bytes of a secret's key: as many as the hash has, the most that count.
pub const SECRET_BYTES: usize = 32;
/// How secrets begin.
const PREFIX: &str = "whsec_";

/// A secret that signs. It is shown once, where it is made, and its `Debug` does not tell it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; SECRET_BYTES]);

impl Secret {
    /// The secret of these random bytes.
    pub fn of(bytes: [u8; SECRET_BYTES]) -> Self {
        Self(bytes)
    }

    /// As it was kept.
    pub fn from_kept(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// As it is kept.
    pub fn kept(&self) -> &[u8] {
        &self.0
    }

    /// As it is shown: `whsec_…`.
    pub fn text(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(self.0))
    }

    fn standard(&self, id: &str, timestamp_s: i64, body: &str) -> String {
        let mut mac = mac(&self.0);
        mac.update(format!("{id}.{timestamp_s}.").as_bytes());
        mac.update(body.as_bytes());
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The values of `webhook-signature` (one signature for each secret, separated by spaces) and of `x-chargly-signature`
/// (by the first, the newest).
pub fn signatures(secrets: &[Secret], id: &str, timestamp_s: i64, body: &str) -> (String, String) {
    let all: Vec<String> = secrets.iter().map(|secret| secret.standard(id, timestamp_s, body)).collect();
    let of_body = secrets.first().map(|secret| hex_of(&secret.text(), body)).unwrap_or_default();
    (all.join(" "), of_body)
}

fn hex_of(key: &str, body: &str) -> String {
    let mut mac = mac(key.as_bytes());
    mac.update(body.as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn mac(key: &[u8]) -> Hmac<Sha256> {
    match Hmac::new_from_slice(key) {
        Ok(mac) => mac,
        // HMAC hashes keys that are too long and fills up short ones.
        Err(_) => unreachable!("a key of any length is taken"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the specification's own test data: a 24-byte key is hashed like any other, so only the scheme is shown here;
    /// the judges (`cargo xtask test --only judges`) compare with the published library.
    #[test]
    fn every_secret_signs_and_the_newest_signs_the_body_alone() {
        let (old, new) = (Secret::of([1; SECRET_BYTES]), Secret::of([2; SECRET_BYTES]));
        let (both, hex) = signatures(&[new.clone(), old.clone()], "msg_1", 1_700_000_000, "{}");
        let (first, second) = both.split_once(' ').expect("two");
        assert_eq!(
            signatures(std::slice::from_ref(&new), "msg_1", 1_700_000_000, "{}"),
            (first.to_owned(), hex)
        );
        assert_eq!(signatures(&[old], "msg_1", 1_700_000_000, "{}").0, second);
        assert!(first.starts_with("v1,") && first != second);
        for (id, timestamp_s, body) in
            [("msg_2", 1_700_000_000, "{}"), ("msg_1", 1_700_000_001, "{}"), ("msg_1", 1_700_000_000, "{} ")]
        {
            assert_ne!(signatures(std::slice::from_ref(&new), id, timestamp_s, body).0, first);
        }
    }

    #[test]
    fn known_answers_do_not_change() {
        let secret = Secret::of([7; SECRET_BYTES]);
        assert_eq!(secret.text(), "whsec_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=");
        assert_eq!(Secret::from_kept(secret.kept()), Some(secret.clone()));
        assert_eq!(format!("{secret:?}"), "Secret(…)");
    }
}
