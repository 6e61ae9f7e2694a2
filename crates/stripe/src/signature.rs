//! Signatures of notices: `Stripe-Signature: t=<seconds>,v1=<hex>[,v1=<hex>…]`.
//!
//! Each `v1` is the HMAC-SHA256 of `t`, a dot and the raw body, under the whole `whsec_…` text. Several are sent while
//! Stripe rotates a secret, and several secrets are configured while we do: any that fits any is enough. Other schemes
//! prove nothing and are ignored.
//!
//! The signature is judged before the time: whoever is told that the time is wrong knows that the secret is right.

use std::fmt::Write as _;

use chargly_engine::payments::NoticeError;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// How far from now a notice may have been signed, in seconds, either way. Stripe's libraries allow the same into the
/// past; they do not bound the future, which would let somebody who once got hold of a signature keep it.
pub const SIGNATURE_AGE_MAX_S: i64 = 300;

/// Bytes of a header that are looked at: two secrets of Stripe's and a few schemes to come fit several times.
const HEADER_BYTES_MAX: usize = 4_096;

/// The header for `body`, as Stripe would write it.
pub fn sign(body: &[u8], secret: &str, at_s: i64) -> String {
    let code = keyed(body, secret, at_s).finalize().into_bytes();
    let mut header = format!("t={at_s},v1=");
    for byte in code {
        let _infallible = write!(header, "{byte:02x}");
    }
    header
}

/// Whether one of `secrets` signed `body`, and not long ago.
pub(crate) fn verify(header: &str, body: &[u8], secrets: &[String], now_s: i64) -> Result<(), NoticeError> {
    let signed = parse(header).ok_or(NoticeError::Malformed)?;
    let fits = |secret: &String| {
        let mac = keyed(body, secret, signed.at_s);
        // Every signature is compared, and in constant time: how long it takes says nothing about any.
        signed.codes.iter().filter(|code| mac.clone().verify_slice(code).is_ok()).count() > 0
    };
    if secrets.iter().filter(|secret| fits(secret)).count() == 0 {
        return Err(NoticeError::WrongSignature);
    }
    let seconds = now_s.saturating_sub(signed.at_s);
    if seconds.saturating_abs() > SIGNATURE_AGE_MAX_S {
        return Err(NoticeError::OutOfTime { seconds, limit: SIGNATURE_AGE_MAX_S });
    }
    Ok(())
}

struct Signed {
    at_s: i64,
    codes: Vec<Vec<u8>>,
}

fn parse(header: &str) -> Option<Signed> {
    if header.len() > HEADER_BYTES_MAX {
        return None;
    }
    let items: Vec<(&str, &str)> = header.split(',').filter_map(|item| item.trim().split_once('=')).collect();
    let times: Vec<&str> = values(&items, "t").collect();
    // Two times would let a reader and a signer mean different ones.
    let [time] = times[..] else { return None };
    let at_s = time.bytes().all(|b| b.is_ascii_digit()).then(|| time.parse().ok())??;
    let codes: Vec<Vec<u8>> = values(&items, "v1").filter_map(from_hex).collect();
    (!codes.is_empty()).then_some(Signed { at_s, codes })
}

fn values<'a>(items: &'a [(&'a str, &'a str)], scheme: &'a str) -> impl Iterator<Item = &'a str> {
    items.iter().filter(move |(key, _)| *key == scheme).map(|(_, value)| *value)
}

fn keyed(body: &[u8], secret: &str, at_s: i64) -> Hmac<Sha256> {
    let mut mac = <Hmac<Sha256>>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(at_s.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    mac
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let bytes = text.as_bytes();
    let pairs = bytes.chunks(2).map(|pair| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"id": "evt_1"}"#;
    const NOW: i64 = 1_800_000_000;

    fn secrets(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| format!("whsec_{name}")).collect()
    }

    fn verdict(header: &str) -> Result<(), NoticeError> {
        verify(header, BODY, &secrets(&["new", "old"]), NOW)
    }

    #[test]
    fn signature_of_the_scheme_is_the_one_that_others_compute() {
        // openssl dgst -sha256 -hmac whsec_new, over `1800000000.{"id": "evt_1"}`.
        let expected = "t=1800000000,v1=a1b3a40a6ddb6b0698bdab16cefd85f0b11e2bc28cd24b1ff64d381f26c36c97";
        assert_eq!(sign(BODY, "whsec_new", NOW), expected);
    }

    #[test]
    fn any_signature_of_any_secret_is_enough() {
        let by = |secret: &str| sign(BODY, secret, NOW).split_once(',').map(|(_, v1)| v1.to_owned());
        let (new, old, other) = (by("whsec_new"), by("whsec_old"), by("whsec_other"));
        let header = |codes: &[&Option<String>]| {
            let codes: Vec<&str> = codes.iter().filter_map(|code| code.as_deref()).collect();
            format!("t={NOW},{}", codes.join(","))
        };
        for (codes, expected) in [
            (&[&new][..], Ok(())),
            (&[&old], Ok(())),
            (&[&other, &old], Ok(())),
            (&[&other, &other, &new], Ok(())),
            (&[&other], Err(NoticeError::WrongSignature)),
        ] {
            assert_eq!(verdict(&header(codes)), expected);
        }
    }

    #[test]
    fn other_schemes_and_other_forms_prove_nothing() {
        let good = sign(BODY, "whsec_new", NOW);
        for (header, expected) in [
            (good.clone(), Ok(())),
            (good.replace(',', ", "), Ok(())),
            (format!("{good},v0=00ff,v2=abc,x"), Ok(())),
            (good.replace("v1=", "v0="), Err(NoticeError::Malformed)),
            (good.replace("t=", "time="), Err(NoticeError::Malformed)),
            (format!("{good},t={NOW}"), Err(NoticeError::Malformed)),
            (good.replace("t=", "t=-"), Err(NoticeError::Malformed)),
            (good.replace("t=", "t=+"), Err(NoticeError::Malformed)),
            (format!("t=,{good}"), Err(NoticeError::Malformed)),
            (format!("t={NOW},v1=xyz"), Err(NoticeError::Malformed)),
            (format!("t={NOW},v1="), Err(NoticeError::WrongSignature)),
            (good[..good.len() - 2].to_owned(), Err(NoticeError::WrongSignature)),
            (format!("{good}{}", ",v0=1".repeat(2_000)), Err(NoticeError::Malformed)),
            (String::new(), Err(NoticeError::Malformed)),
        ] {
            assert_eq!(verdict(&header), expected, "{header}");
        }
    }

    #[test]
    fn body_that_was_parsed_and_written_again_is_refused() {
        let header = sign(BODY, "whsec_new", NOW);
        let other = br#"{"id":"evt_1"}"#;
        assert_eq!(verify(&header, other, &secrets(&["new"]), NOW), Err(NoticeError::WrongSignature));
    }

    #[test]
    fn time_of_signing_is_bounded_on_both_sides() {
        let out = |seconds| Err(NoticeError::OutOfTime { seconds, limit: SIGNATURE_AGE_MAX_S });
        for (ago, expected) in [
            (0, Ok(())),
            (300, Ok(())),
            (-300, Ok(())),
            (301, out(301)),
            (-301, out(-301)),
            (1_000_000, out(1_000_000)),
        ] {
            assert_eq!(verdict(&sign(BODY, "whsec_new", NOW - ago)), expected, "{ago}");
        }
    }

    #[test]
    fn wrong_signature_is_told_before_a_wrong_time() {
        assert_eq!(verdict(&sign(BODY, "whsec_other", 1)), Err(NoticeError::WrongSignature));
    }

    #[test]
    fn without_a_secret_nothing_is_believed() {
        let header = sign(BODY, "whsec_new", NOW);
        assert_eq!(verify(&header, BODY, &[], NOW), Err(NoticeError::WrongSignature));
    }

    proptest::proptest! {
        #[test]
        fn no_header_makes_the_parser_panic(header in "\\PC{0,60}|(t=[0-9]{0,22},?|v1=[0-9a-f]{0,66},?){0,4}") {
            let _ = verdict(&header);
        }
    }
}
