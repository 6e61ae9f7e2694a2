//! Folding a journal into a state: what a restart does from its checkpoint, and `verify` from the very beginning.

use chargly_index::{CheckpointError, RecentKeys, RunLength};
use chargly_journal::{Chunk, EntryRef, PayloadRef};
use chargly_ledger::{Cold, ColdKey, Credits, DecodeError, Fact, Millis, Payload, Position, Recorded, State};
use thiserror::Error;

use crate::erasures::Erasures;
use crate::refold::encoded;
use crate::writer::Recovered;

/// A state being folded.
pub struct Fold {
    /// The state so far.
    pub state: State,
    /// The keys so far.
    pub keys: RecentKeys,
    /// The first position that is not in `state`.
    pub next: Position,
    /// Erasures that are recorded and not known to be carried out.
    pub(crate) erasures: Erasures,
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
    /// The binary form of its payload, where that is there and not erased.
    pub payload: Option<&'a [u8]>,
}

/// A fact that cannot be folded.
#[derive(Debug, Error)]
#[error("the fact at position {position} cannot be folded")]
pub struct FoldError {
    /// Where it stands.
    pub position: Position,
    /// What is wrong.
    pub source: FoldProblem,
}

/// Why a fact cannot be folded.
#[derive(Debug, Error)]
pub enum FoldProblem {
    /// It cannot be read.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// What it builds upon cannot be read from the checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
}

/// Reads records that are not in memory.
pub type WarmUp<'a> = &'a mut dyn FnMut(&[ColdKey]) -> Result<Vec<Cold>, CheckpointError>;

impl Fold {
    /// From the first fact on.
    pub fn from_start() -> Self {
        Self::from_state(State::new(), Position(0))
    }

    /// From a state that holds everything before `next`, and of the keys none.
    pub fn from_state(state: State, next: Position) -> Self {
        Self {
            state,
            keys: RecentKeys::new(RunLength::FULL, Position(0)),
            next,
            erasures: Erasures::default(),
        }
    }

    /// Folds a chunk: the state from `next` on, and all of its keys.
    pub fn fold(&mut self, chunk: &Chunk) -> Result<(), FoldError> {
        for entry in chunk.entries() {
            let position = Position(entry.position.0);
            let fail = |source: DecodeError| FoldError { position, source: source.into() };
            if let Some(key) = Fact::decode_key(entry.fact).map_err(fail)? {
                self.keys.insert(key, position);
            }
        }
        self.fold_state(chunk, |_| {})
    }

    /// Folds a chunk but for its keys; `each` sees every fact from `next` on, after it was applied.
    pub fn fold_state(&mut self, chunk: &Chunk, mut each: impl FnMut(Folded<'_>)) -> Result<(), FoldError> {
        let (at, from) = (Millis(chunk.at_ms), self.next.0);
        for entry in chunk.entries().filter(|entry| entry.position.0 >= from) {
            let position = Position(entry.position.0);
            let fail = |source: DecodeError| FoldError { position, source: source.into() };
            let fact = Fact::decode(entry.fact).map_err(fail)?;
            let posted_before = posted_of_wallet(&self.state, &fact);
            let recorded = self.apply(&entry, at, &fact).map_err(fail)?;
            let payload = encoded(&entry).payload;
            each(Folded { recorded, fact: &fact, posted_before, state: &self.state, payload });
        }
        self.state.commit();
        Ok(())
    }

    /// Folds a chunk at a start: keys from `keys_from` on, the rest from `next` on. `warm_up` reads records that the
    /// checkpoint holds and memory does not; `each` sees every fact from the lower of the two positions on.
    pub fn fold_on(
        &mut self,
        chunk: &Chunk,
        keys_from: Position,
        warm_up: WarmUp<'_>,
        each: &mut dyn FnMut(Position, &Fact),
    ) -> Result<(), FoldError> {
        let (from, at) = (self.next.min(keys_from), Millis(chunk.at_ms));
        for entry in chunk.entries().filter(|entry| entry.position.0 >= from.0) {
            let position = Position(entry.position.0);
            let fail = |source: DecodeError| FoldError { position, source: source.into() };
            let fact = Fact::decode(entry.fact).map_err(fail)?;
            if let Some(key) = fact.origin().and_then(|origin| origin.key).filter(|_| position >= keys_from) {
                self.keys.insert(key, position);
            }
            if position >= self.next {
                let needs = self.state.needs_of(&fact);
                if !needs.is_empty() {
                    let found =
                        warm_up(&needs).map_err(|source| FoldError { position, source: source.into() })?;
                    found.into_iter().for_each(|record| self.state.thaw(record));
                }
                self.apply(&entry, at, &fact).map_err(fail)?;
            }
            each(position, &fact);
        }
        self.state.commit();
        Ok(())
    }

    fn apply(&mut self, entry: &EntryRef<'_>, at: Millis, fact: &Fact) -> Result<Recorded, DecodeError> {
        let position = Position(entry.position.0);
        let customer = match entry.payload {
            PayloadRef::Present(bytes) if is_opening(fact) => Payload::decode_customer(bytes)?,
            PayloadRef::Present(_) | PayloadRef::None | PayloadRef::Erased => None,
        };
        let recorded = Recorded::new(position, at, fact, entry.fact);
        self.state.apply(recorded, fact, customer.as_deref());
        self.erasures.note(position, fact);
        self.next = Position(position.0 + 1);
        Ok(recorded)
    }
}

impl From<Fold> for Recovered {
    /// Of a fold that has everything in memory.
    fn from(fold: Fold) -> Self {
        Self::new(fold, Position(0))
    }
}

fn posted_of_wallet(state: &State, fact: &Fact) -> Credits {
    match fact {
        Fact::Wallet(fact) => state.wallet(fact.header.wallet).map_or(Credits::ZERO, |w| w.balance.posted),
        _ => Credits::ZERO,
    }
}

fn is_opening(fact: &Fact) -> bool {
    matches!(fact, Fact::Wallet(fact) if matches!(fact.event, chargly_ledger::WalletEvent::Opened { .. }))
}
