//! Idempotency keys, for ever: which fact bound a key.

use std::hash::{BuildHasherDefault, Hasher};

use chargly_ledger::{KeyHash, Position};
use hashbrown::HashMap;

/// Every key that was ever bound in an environment, with the position of its fact.
///
/// All of them are in memory, some 30 bytes each, rebuilt from the journal at start. Sealed runs on disk will take
/// the older ones behind this same interface.
#[derive(Default)]
pub struct Keys {
    positions: HashMap<KeyHash, Position, BuildHasherDefault<AlreadyHashed>>,
}

impl Keys {
    /// An index with no keys.
    pub fn new() -> Self {
        Self::default()
    }

    /// The position of the fact that bound this key, or of another key's that clashes with it.
    pub fn find(&self, key: KeyHash) -> Option<Position> {
        self.positions.get(&key).copied()
    }

    /// Binds a key.
    pub fn insert(&mut self, key: KeyHash, position: Position) {
        self.positions.insert(key, position);
    }

    /// Takes a binding back whose fact could not be committed.
    pub fn remove(&mut self, key: KeyHash) {
        self.positions.remove(&key);
    }

    /// How many keys are bound.
    pub fn len(&self) -> usize {
        self.positions.len()
    }

    /// Whether no key is bound.
    pub fn is_empty(&self) -> bool {
        self.positions.is_empty()
    }

    /// Every key with its position, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (KeyHash, Position)> + '_ {
        self.positions.iter().map(|(key, position)| (*key, *position))
    }
}

/// A key's hash is uniform already; hashing it again would only cost time.
#[derive(Default)]
struct AlreadyHashed(u64);

impl Hasher for AlreadyHashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        if let Some(head) = bytes.first_chunk::<8>() {
            self.0 ^= u64::from_le_bytes(*head);
        }
    }

    fn write_usize(&mut self, _length_prefix: usize) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_until_its_binding_is_taken_back() {
        let mut keys = Keys::new();
        let (a, b) = (KeyHash([1; 16]), KeyHash([2; 16]));
        keys.insert(a, Position(7));
        assert_eq!((keys.find(a), keys.find(b)), (Some(Position(7)), None));
        keys.remove(a);
        assert_eq!(keys.find(a), None);
    }
}
