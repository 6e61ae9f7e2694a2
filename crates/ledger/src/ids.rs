//! Numbers that name things inside one environment's journal, each with a type of its own.

use std::fmt;

use compact_str::CompactString;

/// The dense number of an entry in the journal, from 0. Every fact has one, and it is the fact's name for ever.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Position(pub u64);

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A fact's public name: where it stands, sealed with 32 bits of the hash of its time and bytes.
///
/// The seal makes a guessed id useless, and an id handed out before a restore can never mean another fact after it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct EntryId {
    /// Where the fact stands.
    pub position: Position,
    /// The first 32 bits of BLAKE3 over the time of its frame and the fact's bytes.
    pub tag: u32,
}

/// Bytes of time and fact that are hashed in one piece.
const SEAL_BUFFER_BYTES: usize = 256;

impl EntryId {
    /// The id of the fact with these encoded bytes, recorded at this position and time. The time is part of it, so
    /// that the same fact recorded anew after a restore has another id.
    pub fn seal(position: Position, at: Millis, fact_bytes: &[u8]) -> Self {
        // Nearly every fact is small enough for one contiguous input, which takes half the time of two updates.
        let mut input = [0; SEAL_BUFFER_BYTES];
        let (time, rest) = input.split_at_mut(8);
        time.copy_from_slice(&at.0.to_le_bytes());
        let hash = match rest.get_mut(..fact_bytes.len()) {
            Some(rest) => {
                rest.copy_from_slice(fact_bytes);
                blake3::hash(&input[..8 + fact_bytes.len()])
            }
            None => blake3::Hasher::new().update(&at.0.to_le_bytes()).update(fact_bytes).finalize(),
        };
        let [a, b, c, d, ..] = *hash.as_bytes();
        Self { position, tag: u32::from_be_bytes([a, b, c, d]) }
    }
}

macro_rules! number {
    ($(#[$doc:meta] $name:ident),* $(,)?) => {$(
        #[$doc]
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
        pub struct $name(pub u32);

        impl $name {
            /// As an index into the list that holds these things in order.
            pub const fn index(self) -> usize {
                self.0 as usize
            }

            /// The number of the thing at `index` in that list.
            pub fn at(index: usize) -> Self {
                Self(u32::try_from(index).unwrap_or(u32::MAX))
            }
        }
    )*};
}

number! {
    /// A wallet, numbered in the order of opening.
    WalletNo,
    /// A lot within its wallet, numbered in the order of granting.
    LotNo,
    /// An event type, numbered in the order of definition.
    EventTypeNo,
    /// A price version, numbered in the order of publishing over all event types.
    PriceNo,
    /// A version of a credit pack, numbered in the order of publishing over all packs.
    PackNo,
    /// An API key, numbered in the order of creation; 0 is the system itself.
    KeyNo,
    /// A rate card, numbered in the order of publishing, from 1.
    CardNo,
}

impl KeyNo {
    /// The system: what happens by time, at first start, or from the command line.
    pub const SYSTEM: Self = Self(0);
}

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Millis(pub i64);

impl Millis {
    /// Later than everything: what "never expires" sorts as.
    pub const NEVER: Self = Self(i64::MAX);

    /// This many milliseconds later, at most [`Millis::NEVER`].
    pub const fn plus(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }
}

/// 128 bits that stand for an idempotency key in its namespace, for ever, even after the key itself was erased.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct KeyHash(pub [u8; 16]);

/// Hashes an idempotency key in its namespace: the customer's own id, or `None` for the environment's.
///
/// `salt` is the environment's own, so that the same key in another environment is another hash.
pub fn key_hash(salt: &[u8; 32], customer: Option<&str>, key: &str) -> KeyHash {
    // One contiguous input: a keyed BLAKE3 of a short message is a single compression.
    let mut input = [0u8; 520];
    let mut len = 0;
    let mut put = |bytes: &[u8]| {
        let end = (len + bytes.len()).min(input.len());
        input[len..end].copy_from_slice(&bytes[..end - len]);
        len = end;
    };
    match customer {
        Some(customer) => {
            let length = u16::try_from(customer.len()).unwrap_or(u16::MAX);
            put(&[1]);
            put(&length.to_le_bytes());
            put(customer.as_bytes());
        }
        None => put(&[0]),
    }
    put(key.as_bytes());
    let hash = blake3::keyed_hash(salt, &input[..len]);
    let mut out = [0u8; 16];
    out.copy_from_slice(&hash.as_bytes()[..16]);
    KeyHash(out)
}

/// The longest idempotency key that is hashed and kept as it is, in bytes.
const KEY_BYTES_MAX: usize = 255;

/// A key that a door puts together itself, within the length of keys: one that is too long is told apart by its hash
/// instead. `mark` begins both forms, and must not be what the long form could begin with by itself.
pub fn bounded_key(mark: &str, key: &str) -> CompactString {
    if mark.len() + key.len() <= KEY_BYTES_MAX {
        return compact_str::format_compact!("{mark}{key}");
    }
    compact_str::format_compact!("{mark}#{}", blake3::hash(key.as_bytes()).to_hex())
}
