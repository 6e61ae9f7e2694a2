//! Secrets, sealed under a master key that lies outside the data directory: whoever has a copy of the data has none of
//! the secrets.
//!
//! A secret is sealed together with the name of what it belongs to, so that a sealed secret that is moved to another
//! row cannot be opened there. The key is asked for when it is needed first, and made only then.

use std::sync::OnceLock;

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use thiserror::Error;

/// Bytes of a master key.
pub const MASTER_KEY_BYTES: usize = 32;
/// Bytes of what makes each sealing another one, and must not come twice.
pub const NONCE_BYTES: usize = 24;

/// Where the master key comes from. Asked at most once; told whether one may be made where there is none.
pub type KeySource = Box<dyn Fn(bool) -> Result<[u8; MASTER_KEY_BYTES], String> + Send + Sync>;

/// Why secrets cannot be sealed or opened.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KeyError {
    /// There is no key to be had.
    #[error("the master key cannot be had: {0}")]
    Missing(String),
    /// The key is not the one they were sealed with, or a sealed secret is damaged.
    #[error("the master key is not the one that they were sealed with")]
    WrongKey,
}

/// Seals and opens secrets.
pub struct Vault {
    source: KeySource,
    cipher: OnceLock<XChaCha20Poly1305>,
}

impl Vault {
    /// A vault whose key comes from there, once it is needed.
    pub fn new(source: KeySource) -> Self {
        Self { source, cipher: OnceLock::new() }
    }

    /// Seals a secret of what `owner` names.
    ///
    /// # Errors
    /// If there is no key and none can be made.
    pub fn seal(&self, owner: &str, nonce: [u8; NONCE_BYTES], secret: &[u8]) -> Result<Vec<u8>, KeyError> {
        let payload = Payload { msg: secret, aad: owner.as_bytes() };
        let sealed = self.cipher(true)?.encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.map_err(|_| KeyError::WrongKey)?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Opens a sealed secret of what `owner` names.
    ///
    /// # Errors
    /// If there is no key, or another one sealed it, or it belongs to something else.
    pub fn open(&self, owner: &str, sealed: &[u8]) -> Result<Vec<u8>, KeyError> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or(KeyError::WrongKey)?;
        let payload = Payload { msg: sealed, aad: owner.as_bytes() };
        self.cipher(false)?.decrypt(&XNonce::from(*nonce), payload).map_err(|_| KeyError::WrongKey)
    }

    fn cipher(&self, may_make: bool) -> Result<&XChaCha20Poly1305, KeyError> {
        if let Some(cipher) = self.cipher.get() {
            return Ok(cipher);
        }
        let key = (self.source)(may_make).map_err(KeyError::Missing)?;
        Ok(self.cipher.get_or_init(|| XChaCha20Poly1305::new(&key.into())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault(key: u8) -> Vault {
        Vault::new(Box::new(move |_| Ok([key; MASTER_KEY_BYTES])))
    }

    #[test]
    fn what_is_sealed_opens_only_with_its_key_for_its_owner_and_unchanged() {
        let sealed = vault(1).seal("whk_a", [7; NONCE_BYTES], b"whsec_x").expect("sealed");
        assert!(!sealed.windows(7).any(|window| window == b"whsec_x"));
        assert_eq!(vault(1).open("whk_a", &sealed).as_deref(), Ok(b"whsec_x".as_slice()));
        assert_eq!(vault(2).open("whk_a", &sealed), Err(KeyError::WrongKey));
        assert_eq!(vault(1).open("whk_b", &sealed), Err(KeyError::WrongKey));
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(vault(1).open("whk_a", &changed), Err(KeyError::WrongKey), "byte {at}");
        }
        assert_eq!(vault(1).open("whk_a", &sealed[..10]), Err(KeyError::WrongKey));
    }

    #[test]
    fn key_is_asked_for_when_it_is_needed_and_made_only_to_seal() {
        let vault = Vault::new(Box::new(|may_make| match may_make {
            true => Ok([3; MASTER_KEY_BYTES]),
            false => Err("no file".to_owned()),
        }));
        assert_eq!(vault.open("a", &[0; 64]), Err(KeyError::Missing("no file".to_owned())));
        let sealed = vault.seal("a", [1; NONCE_BYTES], b"s").expect("a key is made");
        assert_eq!(vault.open("a", &sealed).as_deref(), Ok(b"s".as_slice()));
    }
}
