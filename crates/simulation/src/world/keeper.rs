//! What an environment's other threads do: one writes checkpoints and says so, one fills runs and seals them. Each step
//! happens at some moment, and others may come between.

use chargly_engine::ledger::{Cold, Fact, State, WalletNo, state_digest};

use super::World;
use crate::auditor::Finding;
use crate::index::News;
use crate::planted::Bug;

/// Bytes of journal taken into runs at once.
const FILL_BYTES: usize = 16 * 1024;

impl World {
    /// Something happens to a checkpoint.
    pub(super) fn keep(&mut self) -> Result<(), Finding> {
        if !self.index.is_busy() || self.dice.once_in(5) {
            self.hand_over();
            return Ok(());
        }
        let fails = self.dice.once_in(4);
        match self.index.write(fails) {
            Some(what) => {
                self.books.seen.note(what);
                Ok(())
            }
            None => self.hear_news(),
        }
    }

    /// A checkpoint without anything in between.
    pub(super) fn checkpoint_at_once(&mut self) -> Result<(), Finding> {
        for _ in 0..2 {
            self.hand_over();
            self.index.write(false);
            while !self.index.news.is_empty() {
                self.hear_news()?;
            }
        }
        Ok(())
    }

    /// Something happens to the runs.
    pub(super) fn run_on(&mut self) -> Result<(), Finding> {
        if self.dice.once_in(3) {
            let sealed_to = self.index.sealed_to();
            self.books.seen.note_if(self.writer.keys().covers_from() < sealed_to, "keys left memory");
            self.writer.forget_keys_below(sealed_to);
            return Ok(());
        }
        self.fill_runs()
    }

    /// The writer hands over what changed since the last checkpoint.
    fn hand_over(&mut self) {
        let delta = self.writer.checkpoint();
        if let Err(delta) = self.index.hand_over(delta) {
            self.books.seen.note("checkpoint refused: another is under way");
            let wallets: Vec<WalletNo> = delta.wallets.iter().map(|wallet| wallet.number).collect();
            self.writer.checkpoint_failed(&wallets, &delta.cold);
        }
    }

    /// The writer hears what became of a checkpoint, and lets go of what it holds.
    fn hear_news(&mut self) -> Result<(), Finding> {
        match self.index.news.pop_front() {
            None => return Ok(()),
            Some(News::Failed { wallets, cold }) => self.writer.checkpoint_failed(&wallets, &cold),
            Some(News::Written { next, mut cold }) => {
                self.books.seen.note_if(!cold.is_empty(), "records left memory");
                let now: Vec<Cold> = cold.iter().map(|record| self.as_it_is_now(record)).collect();
                self.books.seen.note_if(now != cold, "record changed before it could leave memory");
                if self.bug == Some(Bug::ChangedRecordEvicted) {
                    cold = now;
                }
                self.writer.evict(next, &cold);
            }
        }
        if self.looks_inside() && self.whole_digest()? != self.books.digest() {
            return Err("memory and checkpoint together are not the fold of the disk".to_owned());
        }
        Ok(())
    }

    /// What became of an event by now, where it changed since the record was made.
    fn as_it_is_now(&self, record: &Cold) -> Cold {
        match record {
            Cold::Event { event, .. } => match self.writer.state().amended(*event) {
                Some(amended) => Cold::Event { event: *event, amended: amended.clone() },
                None => record.clone(),
            },
            Cold::Hold { .. } | Cold::Order { .. } | Cold::Lot { .. } => record.clone(),
        }
    }

    /// The next facts go into the run that fills.
    fn fill_runs(&mut self) -> Result<(), Finding> {
        let from = self.index.filled_to();
        if from.0 >= self.books.len() {
            return Ok(());
        }
        let mut reader = self.reader();
        let chunks = reader.chunks_from(chargly_journal::Position(from.0), FILL_BYTES);
        for chunk in chunks.map_err(|error| error.to_string())? {
            for entry in chunk.entries() {
                let fact = Fact::decode(entry.fact).map_err(|error| error.to_string())?;
                let position = chargly_engine::ledger::Position(entry.position.0);
                if self.index.fill(position, &chunk, &fact)? {
                    self.books.seen.note("run sealed");
                }
            }
        }
        Ok(())
    }

    /// The digest of the writer's state with all records that left it.
    pub(super) fn whole_digest(&self) -> Result<[u8; 32], Finding> {
        self.digest_with_cold(self.writer.state())
    }

    pub(super) fn digest_with_cold(&self, state: &State) -> Result<[u8; 32], Finding> {
        let mut whole = State::restore(state.rest(), state.wallets().cloned());
        for record in self.index.store.all()? {
            whole.thaw(record);
        }
        Ok(state_digest(&whole))
    }

    /// Notes what kinds of records were brought back.
    pub(super) fn note_found(&mut self, found: &[Cold]) {
        for record in found {
            self.books.seen.note(match record {
                Cold::Hold { .. } => "ended hold brought back",
                Cold::Event { .. } => "amended event brought back",
                Cold::Order { .. } => "order brought back",
                Cold::Lot { .. } => "used-up lot brought back",
            });
        }
    }
}
