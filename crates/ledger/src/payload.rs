//! What may have to be forgotten, kept beside a fact instead of in it: the customer's own id, the raw idempotency
//! key, undeclared properties and free text. Erasing a payload leaves every amount, hash and balance as it was.

use compact_str::CompactString;

use crate::codec::{Bytes, Codec, DecodeError, codec_struct, decode_one, encode_one};

/// The forgettable part of a fact.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Payload {
    /// The customer's own id, on the fact that opens the wallet.
    pub customer: Option<CompactString>,
    /// Random bytes that keep the digest of a short payload from being guessed after its erasure.
    pub nonce: Option<[u8; 16]>,
    /// The idempotency key as the caller wrote it.
    pub key: Option<CompactString>,
    /// Properties in canonical JSON: keys sorted, no white space.
    pub properties: Option<CompactString>,
    /// Free text that says why.
    pub reason: Option<CompactString>,
}
codec_struct!(Payload { customer, nonce, key, properties, reason });

impl Payload {
    /// Whether there is nothing to remember.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The binary form.
    pub fn encode(&self) -> Vec<u8> {
        encode_one(self)
    }

    /// Appends the binary form to `out`.
    pub fn encode_into(&self, out: &mut Vec<u8>) {
        self.put(out);
    }

    /// Reads the binary form back.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        decode_one(bytes)
    }

    /// Reads only the customer's id.
    pub fn decode_customer(bytes: &[u8]) -> Result<Option<CompactString>, DecodeError> {
        Option::<CompactString>::get(&mut Bytes(bytes))
    }
}
