//! The state as bytes: for checkpoints, and for the digest by which two folds are compared.

use hashbrown::HashMap;

use crate::codec::{DecodeError, codec_struct, decode_one, encode_one};
use crate::state::{Amended, HoldRef};
use crate::{Catalogue, Position, Spending, State, TopUp, Wallet};

impl Wallet {
    /// The wallet as bytes.
    pub fn encode(&self) -> Vec<u8> {
        encode_one(self)
    }

    /// Reads [`Wallet::encode`] back.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        decode_one(bytes)
    }
}

impl Catalogue {
    /// The catalogue as bytes.
    pub fn encode(&self) -> Vec<u8> {
        encode_one(self)
    }

    /// Reads [`Catalogue::encode`] back.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        decode_one(bytes)
    }
}

/// Everything of a state but its wallets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rest {
    catalogue: Catalogue,
    holds: Vec<(Position, HoldRef)>,
    amended: Vec<(Position, Amended)>,
    orders: Vec<(Position, Box<TopUp>)>,
    spending: Spending,
}
codec_struct!(Rest { catalogue, holds, amended, orders, spending });

impl Rest {
    /// As bytes.
    pub fn encode(&self) -> Vec<u8> {
        encode_one(self)
    }

    /// Reads [`Rest::encode`] back.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        decode_one(bytes)
    }
}

impl State {
    /// A copy of everything but the wallets.
    pub fn rest(&self) -> Rest {
        Rest {
            catalogue: self.catalogue.as_ref().clone(),
            holds: sorted(&self.holds),
            amended: sorted(&self.amended),
            orders: sorted(&self.orders),
            spending: self.spending.clone(),
        }
    }

    /// Puts a state together again from [`State::rest`] and all wallets in the order of opening.
    pub fn restore(rest: Rest, wallets: impl IntoIterator<Item = Wallet>) -> Self {
        let mut state = Self::new();
        state.catalogue = rest.catalogue.into();
        state.holds = rest.holds.into_iter().collect();
        state.amended = rest.amended.into_iter().collect();
        state.orders = rest.orders.into_iter().collect();
        state.spending = rest.spending;
        for wallet in wallets {
            state.insert_wallet(wallet);
        }
        state.take_dirty();
        state
    }

    /// Puts a state together again from a checkpoint: the catalogue, what was spent out of budgets, and all wallets in
    /// the order of opening. What is [always warm](State::always_warm) has to be added.
    pub fn from_checkpoint(
        catalogue: Catalogue,
        spending: Spending,
        wallets: impl IntoIterator<Item = Wallet>,
    ) -> Self {
        let rest = Rest { catalogue, holds: Vec::new(), amended: Vec::new(), orders: Vec::new(), spending };
        let mut state = Self::restore(rest, wallets);
        state.remember_open_holds();
        state
    }
}

/// BLAKE3 over the whole state in a canonical order. Two states are the same if and only if their digests are.
pub fn state_digest(state: &State) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&state.rest().encode());
    for wallet in state.wallets() {
        hasher.update(&wallet.encode());
    }
    *hasher.finalize().as_bytes()
}

fn sorted<V: Clone>(map: &HashMap<Position, V>) -> Vec<(Position, V)> {
    let mut list: Vec<_> = map.iter().map(|(position, value)| (*position, value.clone())).collect();
    list.sort_unstable_by_key(|(position, _)| *position);
    list
}
