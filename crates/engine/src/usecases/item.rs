//! Making items for the writer: the call, its key, its payload and the payload's digest.

use chargly_journal::payload_digest;
use chargly_ledger::{Action, Call, KeyNo, Payload, key_hash};
use compact_str::CompactString;

use crate::environment::Environment;
use crate::submission::{Ask, Item, Key};

/// Whose namespace an idempotency key belongs to.
pub(crate) enum Namespace<'a> {
    /// This customer's.
    Customer(&'a str),
    /// The customer's whom the writer finds behind a hold, a grant or an event.
    OfWallet,
    /// The environment's.
    Environment,
}

impl Environment {
    /// Makes one item; its payload goes to the end of `arena`.
    pub(crate) fn item(
        &self,
        actor: KeyNo,
        action: Action,
        key: Option<CompactString>,
        namespace: &Namespace<'_>,
        payload: Payload,
        arena: &mut Vec<u8>,
    ) -> Item {
        let salt = &self.catalogue().salt;
        make_item(salt, actor, action, key, namespace, payload, arena)
    }
}

/// Makes one item; `salt` is the environment's.
pub(crate) fn make_item(
    salt: &[u8; 32],
    actor: KeyNo,
    action: Action,
    key: Option<CompactString>,
    namespace: &Namespace<'_>,
    payload: Payload,
    arena: &mut Vec<u8>,
) -> Item {
    let hashed = match (&key, namespace) {
        (None, _) => Key::None,
        (Some(key), Namespace::Customer(customer)) => Key::Hash(key_hash(salt, Some(customer), key)),
        (Some(key), Namespace::Environment) => Key::Hash(key_hash(salt, None, key)),
        (Some(key), Namespace::OfWallet) => Key::OfWalletsCustomer(key.clone()),
    };
    item_of(actor, action, hashed, &Payload { key, ..payload }, arena)
}

/// Makes one item whose key is hashed already; the payload has the raw key.
pub(crate) fn item_of(
    actor: KeyNo,
    action: Action,
    key: Key,
    payload: &Payload,
    arena: &mut Vec<u8>,
) -> Item {
    let start = arena.len();
    if !payload.is_empty() {
        payload.encode_into(arena);
    }
    let payload = start..arena.len();
    let digest = if payload.is_empty() { [0; 32] } else { payload_digest(&arena[payload.clone()]) };
    let ask = Ask::Act(Call { actor, key: None, action });
    Item { key, payload, digest, ..Item::read(ask) }
}
