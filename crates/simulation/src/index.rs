//! What stands beside the journal: the checkpoint, the records that left the writer's memory, and the sealed runs.
//!
//! Runs, their filter and their builder are the real ones, in memory; the checkpoint is a plain map in the place of
//! its database. Whatever the engine does on threads of its own happens here in single steps, at any moment: a
//! checkpoint is handed over, written or not, and heard of; the run that fills is filled, sealed, and only later
//! forgotten by the writer.
//!
//! One checkpoint is under way at a time: what changed until it failed goes with the next, which holds nothing else
//! of it.

mod store;

use std::collections::VecDeque;

use chargly_engine::ledger::{Cold, ColdKey, Fact, KeyHash, Millis, Position, WalletNo};
use chargly_engine::{RunLength, Warm};
use chargly_index::{Delta, Run, RunBuilder, Runs};
use chargly_journal::Chunk;

use crate::auditor::Finding;
use crate::dice::Dice;
use crate::planted::Bug;
use store::Store;

/// Facts of a run: few, so that a short simulation seals many of them.
const RUN_FACTS: (i64, i64) = (16, 128);

/// The index of one environment.
pub(crate) struct Index {
    pub(crate) length: RunLength,
    /// What is on the disk of the last checkpoint.
    pub(crate) store: Store,
    /// Handed over by the writer, and not written yet.
    in_hand: Option<Delta>,
    /// What became of the ones before, of which the writer has not heard yet.
    pub(crate) news: VecDeque<News>,
    /// The files of the sealed runs.
    images: Vec<Vec<u8>>,
    runs: Runs,
    filling: RunBuilder,
    /// The last checkpoint failed.
    has_failed: bool,
    bug: Option<Bug>,
}

/// What became of a checkpoint that was handed over.
pub(crate) enum News {
    /// It is written.
    Written { next: Position, cold: Vec<Cold> },
    /// It is not.
    Failed { wallets: Vec<WalletNo>, cold: Vec<Cold> },
}

/// Where a key was found, and up to where it was looked for.
pub(crate) struct KeyFound {
    pub(crate) position: Option<Position>,
    pub(crate) checked_to: Position,
}

impl Index {
    pub(crate) fn new(dice: &mut Dice, bug: Option<Bug>) -> Self {
        let facts = u32::try_from(dice.between(RUN_FACTS.0, RUN_FACTS.1)).ok();
        let length = facts.and_then(RunLength::new).unwrap_or(RunLength::FULL);
        Self {
            length,
            store: Store::empty(),
            in_hand: None,
            news: VecDeque::new(),
            images: Vec::new(),
            runs: Runs::new(length),
            filling: RunBuilder::new(0, length),
            has_failed: false,
            bug,
        }
    }

    /// Whether a checkpoint is on its way to the disk, or the writer has not heard of the last one.
    pub(crate) fn is_busy(&self) -> bool {
        self.in_hand.is_some() || !self.news.is_empty()
    }

    /// Takes a checkpoint in hand; gives it back where one is in hand already.
    pub(crate) fn hand_over(&mut self, delta: Delta) -> Result<(), Box<Delta>> {
        if self.is_busy() && self.bug != Some(Bug::CheckpointBehindAFailedOne) {
            return Err(Box::new(delta));
        }
        // In that bug two are under way: the first fails, and the second is written all the same.
        self.write(true);
        self.in_hand = Some(delta);
        Ok(())
    }

    /// Writes the checkpoint in hand, or fails to. Says what was met.
    pub(crate) fn write(&mut self, fails: bool) -> Option<&'static str> {
        let delta = self.in_hand.take()?;
        let was_failed = std::mem::replace(&mut self.has_failed, fails);
        if fails {
            let wallets = delta.wallets.iter().map(|wallet| wallet.number).collect();
            self.news.push_back(match self.bug {
                Some(Bug::FailedCheckpointEvicted) => News::Written { next: delta.next, cold: delta.cold },
                _ => News::Failed { wallets, cold: delta.cold },
            });
            return Some("checkpoint failed");
        }
        self.store.write(&delta, self.bug == Some(Bug::ClosedLotLost));
        self.news.push_back(News::Written { next: delta.next, cold: delta.cold });
        Some(if was_failed { "checkpoint written after one that failed" } else { "checkpoint written" })
    }

    /// The process died: what was in its memory is gone. Says whether a checkpoint was under way.
    pub(crate) fn crash(&mut self) -> bool {
        self.news.clear();
        self.in_hand.take().is_some()
    }

    /// Reads records that left memory, as a caller does, and the lots that settled an event beside it.
    pub(crate) fn load(&self, keys: &[ColdKey]) -> Result<Warm, Finding> {
        let mut looked_for = keys.to_vec();
        let mut found = self.store.load(keys)?;
        let settlers: Vec<ColdKey> = found.iter().flat_map(settlers).filter(|k| !keys.contains(k)).collect();
        found.extend(self.store.load(&settlers)?);
        looked_for.extend(settlers);
        let as_of = match self.bug {
            Some(Bug::StaleWarmAccepted) => Position(u64::MAX),
            _ => self.store.next,
        };
        Ok(Warm { as_of, looked_for, found })
    }

    /// Looks for a key in the sealed runs, as a caller does.
    pub(crate) fn find(&self, key: KeyHash) -> KeyFound {
        let (positions, checked_to) = self.runs.find(key).expect("a run in memory is whole");
        let is_forgotten = self.bug == Some(Bug::RunForgotKey) && key.0[0].is_multiple_of(4);
        let position = positions.first().copied().filter(|_| !is_forgotten);
        KeyFound { position, checked_to: checked_to.max(self.sealed_to()) }
    }

    /// The position up to which keys are in sealed runs.
    pub(crate) fn sealed_to(&self) -> Position {
        let sealed_to = self.runs.sealed_to();
        match self.bug {
            // The run that fills is counted as sealed before it is.
            Some(Bug::KeysForgottenEarly) => Position(sealed_to.0 + u64::from(self.length.facts())),
            _ => sealed_to,
        }
    }

    /// The first position that the run being filled does not hold yet.
    pub(crate) fn filled_to(&self) -> Position {
        self.filling.next()
    }

    /// Takes the next fact into the run that fills; seals the run when it is full. Says whether it was.
    pub(crate) fn fill(&mut self, position: Position, chunk: &Chunk, fact: &Fact) -> Result<bool, Finding> {
        if position < self.filling.next() {
            return Ok(false);
        }
        self.filling.add(position, Millis(chunk.at_ms), fact);
        if !self.filling.is_full() {
            return Ok(false);
        }
        let image = self.filling.encode(chunk.hash.0).map_err(|error| error.to_string())?;
        self.publish(&image)?;
        self.images.push(image);
        self.filling = RunBuilder::new(self.filling.number() + 1, self.length);
        Ok(true)
    }

    /// The checkpoint is damaged: a start does without.
    pub(crate) fn drop_checkpoint(&mut self) {
        self.store = Store::empty();
    }

    /// Opens the runs as a start does, of which the last `damaged` are to be sealed again.
    pub(crate) fn reopen(&mut self, damaged: usize) -> Result<(), Finding> {
        self.images.truncate(self.images.len().saturating_sub(damaged));
        self.runs = Runs::new(self.length);
        for image in self.images.clone() {
            self.publish(&image)?;
        }
        self.filling = RunBuilder::new(self.length.number_of(self.runs.sealed_to()), self.length);
        Ok(())
    }

    /// How many runs are sealed.
    pub(crate) fn run_count(&self) -> usize {
        self.images.len()
    }

    fn publish(&self, image: &[u8]) -> Result<(), Finding> {
        let number = self.length.number_of(self.runs.sealed_to());
        let run = Run::decode(image.to_vec(), number, self.length);
        run.and_then(|run| self.runs.add(run)).map_err(|error| error.to_string())
    }
}

fn settlers(record: &Cold) -> impl Iterator<Item = ColdKey> + '_ {
    let amended = match record {
        Cold::Event { amended, .. } => Some(amended),
        Cold::Hold { .. } | Cold::Order { .. } | Cold::Lot { .. } => None,
    };
    amended.into_iter().flat_map(|a| a.later.iter().map(|(lot, _)| ColdKey::Lot(a.wallet, *lot)))
}
