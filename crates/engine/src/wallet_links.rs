//! Tokens of a customer's own wallet page: whose it is and until when, sealed under a key of this environment.
//!
//! Nothing is kept of a token: it ends with its time, or when its environment begins anew. It tells whoever reads an
//! address or a log nothing about the customer.

use chargly_ops::{NONCE_BYTES, Vault};

use crate::environment::Environment;

/// What each token begins with.
const PREFIX: &str = "wt_";
/// What tokens are sealed for, so that nothing else opens as one.
const OWNER: &str = "wallet page";
/// Bytes of the time in a token.
const TIME_BYTES: usize = 8;
/// Characters of the longest token: of a customer's id of 255 bytes, with all that stands around it.
const TOKEN_CHARACTERS_MAX: usize = 1_024;

/// Whose wallet page it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WalletLink {
    /// The customer.
    pub customer: String,
    /// Until when, in milliseconds since 1970.
    pub expires_at_ms: i64,
}

impl Environment {
    /// The token of a link. `None` where it cannot be sealed.
    pub fn wallet_token(&self, link: &WalletLink) -> Option<String> {
        seal(&self.catalogue().salt, link)
    }

    /// The link of a token; `None` where it is none of this environment. Whether its time is over is for the caller to say.
    pub fn read_wallet_token(&self, token: &str) -> Option<WalletLink> {
        open(&self.catalogue().salt, token)
    }
}

fn seal(salt: &[u8; 32], link: &WalletLink) -> Option<String> {
    let plain = [link.expires_at_ms.to_be_bytes().as_slice(), link.customer.as_bytes()].concat();
    // The same link has the same token: what makes the sealing another one comes from what is sealed.
    let hash = blake3::keyed_hash(&blake3::derive_key("chargly wallet link nonces", salt), &plain);
    let nonce: [u8; NONCE_BYTES] = *hash.as_bytes().first_chunk()?;
    let sealed = vault(salt).seal(OWNER, nonce, &plain).ok()?;
    let hex = sealed.iter().map(|byte| format!("{byte:02x}"));
    Some([PREFIX.to_owned()].into_iter().chain(hex).collect())
}

fn open(salt: &[u8; 32], token: &str) -> Option<WalletLink> {
    let hex = token.strip_prefix(PREFIX).filter(|hex| hex.len() <= TOKEN_CHARACTERS_MAX)?;
    let is_hex =
        hex.len().is_multiple_of(2) && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if !is_hex {
        return None;
    }
    let bytes = (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok());
    let plain = vault(salt).open(OWNER, &bytes.collect::<Option<Vec<u8>>>()?).ok()?;
    let (time, customer) = plain.split_first_chunk::<TIME_BYTES>()?;
    let customer = String::from_utf8(customer.to_vec()).ok()?;
    Some(WalletLink { customer, expires_at_ms: i64::from_be_bytes(*time) })
}

fn vault(salt: &[u8; 32]) -> Vault {
    let key = blake3::derive_key("chargly wallet links", salt);
    Vault::new(Box::new(move |_| Ok(key)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_opens_to_its_link_and_names_nobody() {
        let link = WalletLink { customer: "ada@example.com".to_owned(), expires_at_ms: 1_795_428_000_000 };
        let token = seal(&[1; 32], &link).expect("sealed");
        assert!(token.starts_with("wt_") && !token.contains("ada") && !token.contains("616461"), "{token}");
        assert_eq!(open(&[1; 32], &token), Some(link.clone()));
        assert_eq!(open(&[2; 32], &token), None, "another environment");
        let longest = WalletLink { customer: "ü".repeat(127), ..link };
        let token = seal(&[1; 32], &longest).expect("sealed");
        assert_eq!(open(&[1; 32], &token), Some(longest));
    }

    #[test]
    fn token_that_was_changed_opens_to_nothing() {
        let link = WalletLink { customer: "ada".to_owned(), expires_at_ms: 1 };
        let token = seal(&[1; 32], &link).expect("sealed");
        for at in 3..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'0' { b'1' } else { b'0' };
            assert_eq!(open(&[1; 32], &String::from_utf8(changed).expect("ASCII")), None, "{at}");
        }
        for token in ["", "wt_", "wt_0", "wt_zz", "sk_test_1", "wt_00ü", &format!("wt_{}", "0".repeat(2_000))]
        {
            assert_eq!(open(&[1; 32], token), None, "{token}");
        }
    }
}
