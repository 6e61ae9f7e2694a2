//! Webhooks, verified by [Standard Webhooks](https://www.standardwebhooks.com).

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde_json::Value;
use sha2::Sha256;

use crate::amount::Amount;
use crate::error::{Error, Result};
use crate::raw::Raw;

/// How much older or newer than the clock a message may be.
const TOLERANCE_S: u64 = 300;

/// A message that is genuine.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct WebhookEvent {
    /// The same however often the message is sent: remember it, and do nothing the second time.
    pub id: String,
    /// Like `wallet.low_balance`.
    pub kind: String,
    /// When it was made, in RFC 3339.
    pub timestamp: String,
    /// Whom it is about.
    pub customer_id: Option<String>,
    /// Whose wallet.
    pub wallet_id: Option<String>,
    /// How many credits it is about.
    pub credits: Option<Amount>,
    /// What the wallet could spend after it.
    pub balance: Option<Amount>,
    /// All fields, in camelCase as they were sent.
    pub data: Value,
    /// The message, to the byte.
    pub raw: Raw,
}

/// Headers of any web framework: an `http::HeaderMap`, a map, or a list of pairs.
pub trait WebhookHeaders {
    /// The header of this name, which is in lower case, however it was written.
    fn header(&self, name: &str) -> Option<&str>;
}

impl WebhookHeaders for HeaderMap {
    fn header(&self, name: &str) -> Option<&str> {
        self.get(name)?.to_str().ok()
    }
}

impl<K: AsRef<str>, V: AsRef<str>, S: BuildHasher> WebhookHeaders for HashMap<K, V, S> {
    fn header(&self, name: &str) -> Option<&str> {
        self.iter()
            .find(|(found, _)| found.as_ref().eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_ref())
    }
}

impl<K: AsRef<str>, V: AsRef<str>> WebhookHeaders for [(K, V)] {
    fn header(&self, name: &str) -> Option<&str> {
        self.iter()
            .find(|(found, _)| found.as_ref().eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_ref())
    }
}

/// The message, where it is Chargly's and no older than five minutes. `body` is the body as it came, before anything
/// parses it; `secret` is the endpoint's, `whsec_…`.
///
/// ```
/// use chargly_client::{Error, verify_webhook};
///
/// let headers = [("webhook-id", "msg_1"), ("webhook-timestamp", "0"), ("webhook-signature", "v1,AAAA")];
/// let refused = verify_webhook(b"{}", headers.as_slice(), "whsec_c2VjcmV0");
/// assert!(matches!(refused, Err(Error::InvalidWebhook { .. })));
/// ```
///
/// # Errors
/// [`Error::InvalidWebhook`] where it is not genuine, or too old: answer 400, and do nothing.
pub fn verify_webhook(
    body: &[u8],
    headers: &(impl WebhookHeaders + ?Sized),
    secret: &str,
) -> Result<WebhookEvent> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    verify_at(body, headers, secret, now)
}

fn verify_at(
    body: &[u8],
    headers: &(impl WebhookHeaders + ?Sized),
    secret: &str,
    now: u64,
) -> Result<WebhookEvent> {
    let header = |name: &str| {
        headers.header(name).ok_or_else(|| Error::invalid_webhook(&format!("the header {name} is missing")))
    };
    let (id, timestamp, signatures) =
        (header("webhook-id")?, header("webhook-timestamp")?, header("webhook-signature")?);
    let is_number = !timestamp.is_empty() && timestamp.bytes().all(|byte| byte.is_ascii_digit());
    let Some(at) = is_number.then(|| timestamp.parse::<u64>().ok()).flatten() else {
        return Err(Error::invalid_webhook("webhook-timestamp is not a number of seconds"));
    };
    if at.abs_diff(now) > TOLERANCE_S {
        let what = "webhook-timestamp is more than five minutes away: an old message, or a wrong clock";
        return Err(Error::invalid_webhook(what));
    }
    let mut mac = mac_of(secret)?;
    for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
        mac.update(part);
    }
    // Several where the secret was rotated; each is compared in constant time.
    let is_genuine = signatures
        .split(' ')
        .filter_map(|one| STANDARD.decode(one.strip_prefix("v1,")?).ok())
        .any(|signature| mac.clone().verify_slice(&signature).is_ok());
    if !is_genuine {
        return Err(Error::invalid_webhook("no signature is by this secret"));
    }
    read(id, body).ok_or_else(|| Error::invalid_webhook("the message is genuine and cannot be read"))
}

fn mac_of(secret: &str) -> Result<Hmac<Sha256>> {
    let text = secret.trim();
    let key = STANDARD.decode(text.strip_prefix("whsec_").unwrap_or(text)).unwrap_or_default();
    let mac = if key.is_empty() { None } else { Hmac::<Sha256>::new_from_slice(&key).ok() };
    mac.ok_or_else(|| Error::configuration("the webhook secret is not one: it looks like whsec_…"))
}

fn read(id: &str, body: &[u8]) -> Option<WebhookEvent> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Data {
        customer_id: Option<String>,
        wallet_id: Option<String>,
        credits: Option<Amount>,
        balance: Option<Amount>,
    }
    #[derive(Deserialize)]
    struct Message<'a> {
        #[serde(rename = "type")]
        kind: String,
        timestamp: String,
        #[serde(borrow)]
        data: &'a serde_json::value::RawValue,
    }
    let text = std::str::from_utf8(body).ok()?;
    let message: Message<'_> = serde_json::from_str(text).ok()?;
    let data: Data = serde_json::from_str(message.data.get()).ok()?;
    Some(WebhookEvent {
        id: id.to_owned(),
        kind: message.kind,
        timestamp: message.timestamp,
        customer_id: data.customer_id,
        wallet_id: data.wallet_id,
        credits: data.credits,
        balance: data.balance,
        data: serde_json::from_str(message.data.get()).ok()?,
        raw: Raw::of_text(text),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
    const BODY: &[u8] = br#"{"type":"wallet.low_balance","timestamp":"2026-11-29T20:57:17.635Z",
        "data":{"id":"msg_1","customerId":"user_48","walletId":"wal_1","credits":null,"balance":20.5}}"#;

    fn signed(body: &[u8], at: &str) -> String {
        let mut mac = mac_of(SECRET).unwrap();
        mac.update(format!("msg_1.{at}.").as_bytes());
        mac.update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }

    fn verified(body: &[u8], at: &str, signature: &str) -> Result<WebhookEvent> {
        let headers = [("Webhook-Id", "msg_1"), ("Webhook-Timestamp", at), ("Webhook-Signature", signature)];
        verify_at(body, headers.as_slice(), SECRET, 1000)
    }

    #[test]
    fn the_signature_is_that_of_the_standard() {
        // The example in the documentation of those who wrote the standard.
        let headers = HashMap::from([
            ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
            ("webhook-timestamp", "1614265330"),
            ("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
        ]);
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let refused = verify_at(br#"{"test": 2432232314}"#, &headers, secret, 1_614_265_330);
        // It is genuine, and not one of ours.
        assert_eq!(refused.unwrap_err().to_string(), "the message is genuine and cannot be read");
    }

    #[test]
    fn what_is_genuine_is_read() {
        let event = verified(BODY, "1000", &format!("v1,AAAA v2,x {}", signed(BODY, "1000"))).unwrap();
        assert_eq!((event.id.as_str(), event.kind.as_str()), ("msg_1", "wallet.low_balance"));
        assert_eq!(event.customer_id.as_deref(), Some("user_48"));
        assert_eq!((event.credits, event.balance), (None, Some("20.5".parse().unwrap())));
        assert_eq!(event.data["walletId"], "wal_1");
        for at in ["700", "1300"] {
            assert!(verified(BODY, at, &signed(BODY, at)).is_ok(), "{at}");
        }
    }

    #[test]
    fn what_is_not_is_refused() {
        let good = signed(BODY, "1000");
        for (at, signature, body) in [
            ("1000", good.as_str(), b"{}".as_slice()),
            ("1001", good.as_str(), BODY),
            ("1000", good.trim_start_matches("v1,"), BODY),
            ("1000", "", BODY),
            ("1000", "v1,", BODY),
            ("699", &signed(BODY, "699"), BODY),
            ("1301", &signed(BODY, "1301"), BODY),
            ("+1000", &signed(BODY, "+1000"), BODY),
            ("", &signed(BODY, ""), BODY),
            ("1000", &signed(b"[]", "1000"), b"[]"),
        ] {
            assert!(
                matches!(verified(body, at, signature), Err(Error::InvalidWebhook { .. })),
                "{at} {signature}"
            );
        }
        assert!(matches!(
            verify_at(BODY, &HeaderMap::new(), SECRET, 1000),
            Err(Error::InvalidWebhook { .. })
        ));
        for secret in ["", "whsec_", "whsec_!!"] {
            let headers = [("webhook-id", "m"), ("webhook-timestamp", "1000"), ("webhook-signature", "v1,")];
            assert!(matches!(
                verify_at(BODY, headers.as_slice(), secret, 1000),
                Err(Error::Configuration { .. })
            ));
        }
    }
}
