//! Folding a journal into a state: what a restart does from its checkpoint, and `verify` from the very beginning.

use chargly_index::Keys;
use chargly_journal::{Chunk, PayloadRef};
use chargly_ledger::{Credits, DecodeError, Fact, Millis, Payload, Position, Recorded, State};
use thiserror::Error;

/// A state being folded.
pub struct Fold {
    /// The state so far.
    pub state: State,
    /// The keys so far.
    pub keys: Keys,
    /// The first position that is not in `state`.
    pub next: Position,
}

/// A fact just folded.
pub struct Folded<'a> {
    /// Where and when it was recorded.
    pub recorded: Recorded,
    /// What happened.
    pub fact: &'a Fact,
    /// What the wallet it is about had posted before it; zero where it opens the wallet, or is about none.
    pub posted_before: Credits,
    /// The state after it.
    pub state: &'a State,
}

/// A fact that cannot be folded.
#[derive(Debug, Error)]
#[error("the fact at position {position} cannot be read")]
pub struct FoldError {
    /// Where it stands.
    pub position: Position,
    /// What is wrong with it.
    pub source: DecodeError,
}

impl Fold {
    /// From the first fact on.
    pub fn from_start() -> Self {
        Self::from_state(State::new(), Position(0))
    }

    /// From a state that holds everything before `next`. The keys are folded from the start all the same.
    pub fn from_state(state: State, next: Position) -> Self {
        Self { state, keys: Keys::new(), next }
    }

    /// Folds a chunk; `each` sees every fact that changes the state, after it was applied.
    pub fn fold(&mut self, chunk: &Chunk, mut each: impl FnMut(Folded<'_>)) -> Result<(), FoldError> {
        for entry in chunk.entries() {
            let position = Position(entry.position.0);
            let fail = |source| FoldError { position, source };
            if let Some(key) = Fact::decode_key(entry.fact).map_err(fail)? {
                self.keys.insert(key, position);
            }
            if position < self.next {
                continue;
            }
            let fact = Fact::decode(entry.fact).map_err(fail)?;
            let customer = match entry.payload {
                PayloadRef::Present(bytes) if is_opening(&fact) => {
                    Payload::decode_customer(bytes).map_err(fail)?
                }
                PayloadRef::Present(_) | PayloadRef::None | PayloadRef::Erased => None,
            };
            let recorded = Recorded::new(position, Millis(chunk.at_ms), &fact, entry.fact);
            let posted_before = posted_of_wallet(&self.state, &fact);
            self.state.apply(recorded, &fact, customer.as_deref());
            self.next = Position(position.0 + 1);
            each(Folded { recorded, fact: &fact, posted_before, state: &self.state });
        }
        self.state.commit();
        Ok(())
    }
}

fn posted_of_wallet(state: &State, fact: &Fact) -> Credits {
    match fact {
        Fact::Wallet(fact) => state.wallet(fact.header.wallet).map_or(Credits::ZERO, |w| w.balance.posted),
        _ => Credits::ZERO,
    }
}

fn is_opening(fact: &Fact) -> bool {
    matches!(fact, Fact::Wallet(fact) if fact.event == chargly_ledger::WalletEvent::Opened)
}
