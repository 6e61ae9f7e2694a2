//! The process around the writer: it starts from what the disk has, and it dies at any moment.

use chargly_engine::journal::memory::MemoryDisk;
use chargly_engine::ledger::{
    Currency, Fact, KeyHash, Position, Rest, State, Wallet, key_hash, state_digest,
};
use chargly_engine::{Answered, Fold, GroupEnd, Key, Submission, Writer};
use chargly_journal::MemoryJournal;

use super::World;
use crate::auditor::Finding;
use crate::calls::{CallNo, Flight, Part, SALT};
use crate::clock::SimClock;
use crate::dice::Dice;
use crate::journal::SimJournal;
use crate::planted::Bug;

/// Bytes of journal read at once.
const READ_BYTES: usize = 1024 * 1024;
/// How often a start is tried before the operator clears the disk's faults away.
const STARTS_MAX: usize = 4;

/// The state at one position, as bytes, as a checkpoint file would have it.
pub(super) struct Checkpoint {
    next: Position,
    rest: Vec<u8>,
    wallets: Vec<Vec<u8>>,
}

/// A writer on an empty disk.
pub(super) fn first_writer(disk: &MemoryDisk, clock: &SimClock, dice: &mut Dice) -> Writer<SimJournal> {
    let journal = SimJournal { inner: MemoryJournal::open(disk), is_hasty: false };
    let fold = Fold::from_start();
    Writer::new(journal, fold.into(), clock, false, Box::new(dice.split()))
}

impl World {
    /// Records the journal's first fact.
    pub(super) fn create(&mut self) -> Result<(), Finding> {
        let created = Fact::EnvironmentCreated { name: "test".into(), salt: SALT, currency: Currency::USD };
        self.books.clock_will_be_read(&self.clock);
        match self.writer.record_own(1, &created, &self.clock) {
            GroupEnd::Committed(_) => self.catch_up(),
            other => Err(format!("the first fact was not recorded: {other:?}")),
        }
    }

    /// The process dies, whatever it was doing, and another one starts. Faults may keep it from starting; then the
    /// writer counts as stopped.
    pub(super) fn restart(&mut self) -> Result<(), Finding> {
        let (before, len_before) = (state_digest(self.writer.state()), self.books.len());
        let was_stopped = std::mem::replace(&mut self.is_stopped, false);
        self.disk.crash();
        self.lose_answers();
        self.catch_up()?;
        let survived = self.books.len() > len_before;
        if !was_stopped && survived {
            return Err("a crash brought facts to light that the writer did not know of".to_owned());
        }
        if std::mem::take(&mut self.is_flush_open) {
            let what = if survived { "flush failed: frame survived" } else { "flush failed: frame lost" };
            self.books.seen.note(what);
        }
        self.note_lost_calls();
        for _ in 0..STARTS_MAX {
            if self.start(before, !was_stopped)? {
                return self.run_again();
            }
            self.books.seen.note("epoch could not be recorded");
            self.disk.faults().stand(None);
            self.disk.crash();
            self.catch_up()?;
        }
        self.is_stopped = true;
        Ok(())
    }

    /// Starts a writer; says whether its epoch could be recorded.
    fn start(&mut self, before: [u8; 32], is_known: bool) -> Result<bool, Finding> {
        let fold = self.fold_disk()?;
        if self.looks_inside() && state_digest(&fold.state) != self.books.digest() {
            return Err("a restart folds the disk to another state than following it did".to_owned());
        }
        if self.looks_inside() && is_known && self.books.digest() != before {
            return Err("the state after the restart is not the one before".to_owned());
        }
        if self.looks_inside() && fold.keys.len() != self.books.fold.keys.len() {
            return Err("a restart finds other keys than following the disk did".to_owned());
        }
        self.books.writer_started(&self.clock);
        self.writer = self.writer_over(fold);
        let epoch = self.writer.head().epoch + 1;
        let fact = Fact::EpochStarted { epoch, software: "simulation".into() };
        self.books.clock_will_be_read(&self.clock);
        let end = self.writer.record_own(epoch, &fact, &self.clock);
        self.note_fault();
        self.catch_up()?;
        let is_committed = matches!(end, GroupEnd::Committed(_));
        if self.looks_inside() && is_committed && state_digest(self.writer.state()) != self.books.digest() {
            return Err("the writer starts with another state than the disk has".to_owned());
        }
        Ok(is_committed)
    }

    fn writer_over(&mut self, fold: Fold) -> Writer<SimJournal> {
        let is_hasty = self.bug == Some(Bug::HastyAnswers);
        let journal = SimJournal { inner: MemoryJournal::open(&self.disk), is_hasty };
        let believes = self.bug == Some(Bug::ClockBelieved);
        Writer::new(journal, fold.into(), &self.clock, believes, Box::new(self.dice.split()))
    }

    /// Folds the disk from a checkpoint, where there is one, or from the first fact.
    fn fold_disk(&mut self) -> Result<Fold, Finding> {
        let mut fold = match self.checkpoint.take().filter(|_| self.dice.once_in(2)) {
            Some(checkpoint) => {
                self.books.seen.note("restart from a checkpoint");
                checkpoint.restore()?
            }
            None => Fold::from_start(),
        };
        let mut reader = self.reader();
        let mut from = chargly_journal::Position(0);
        loop {
            let chunks = reader.chunks_from(from, READ_BYTES).map_err(|e| e.to_string())?;
            let Some(last) = chunks.last() else { return Ok(fold) };
            from = last.end();
            let is_head = from.0 == self.books.len();
            let forgets = self.bug == Some(Bug::FrameLostAtRestart) && is_head && chunks.len() > 1;
            for chunk in &chunks[..chunks.len() - usize::from(forgets)] {
                fold.fold(chunk).map_err(|e| e.to_string())?;
            }
        }
    }

    /// A copy of the committed state, to restart from.
    pub(super) fn take_checkpoint(&mut self) {
        let state = self.writer.state();
        self.checkpoint = Some(Checkpoint {
            next: Position(self.books.len()),
            rest: state.rest().encode(),
            wallets: state.wallets().map(Wallet::encode).collect(),
        });
    }

    /// Nobody will hear what became of what was on its way.
    fn lose_answers(&mut self) {
        for flight in self.flights.drain(..) {
            for part in flight.parts {
                if let Part::Act(call) = part {
                    self.books.calls[call].is_in_doubt = true;
                }
            }
        }
    }

    fn note_lost_calls(&mut self) {
        for call in &mut self.books.calls {
            if std::mem::take(&mut call.is_in_doubt) && call.told.is_none() {
                let applied = call.applied.is_some();
                let what = if applied { "lost answer: was applied" } else { "lost answer: was not applied" };
                self.books.seen.note(what);
            }
        }
    }

    /// [`Bug::CommandRunAgain`]: what was acknowledged is taken up again, as if it never had been.
    fn run_again(&mut self) -> Result<(), Finding> {
        if self.bug != Some(Bug::CommandRunAgain) {
            return Ok(());
        }
        let is_single = |call: &CallNo| !self.books.calls[*call].is_batch();
        let Some(call) = self.answered().into_iter().rfind(is_single) else { return Ok(()) };
        let mut arena = Vec::new();
        let mut items = self.books.calls[call].items(call, &mut arena);
        items.iter_mut().for_each(|item| item.key = Key::None);
        let (submission, _) = Submission::new(items, arena);
        self.writer.pending().push_back(submission);
        Ok(())
    }

    /// [`Bug::KeysKeptOnUndo`]: the keys of these calls stay bound, to where their facts would have stood.
    pub(super) fn keep_keys(&mut self, failed: &[CallNo]) {
        let Ok(mut fold) = self.fold_disk() else { return };
        let slots = failed.iter().filter_map(|call| self.books.calls[*call].slot.as_ref());
        for (customer, key) in slots {
            let hash: KeyHash = key_hash(&SALT, Some(customer), key);
            if fold.keys.find(hash, None).is_none() {
                fold.keys.insert(hash, Position(self.books.len()));
            }
        }
        self.lose_answers();
        self.writer = self.writer_over(fold);
    }

    /// [`Bug::StaleReads`]: everybody is told what was asked before.
    pub(super) fn serve_stale(&mut self, flight: &Flight, answered: &mut Answered) {
        for (part, verdict) in flight.parts.iter().zip(&mut answered.verdicts) {
            if let Part::Read(customer) = part
                && let Some(stale) = self.stale.insert(customer.clone(), verdict.clone())
            {
                *verdict = stale;
            }
        }
    }
}

impl Checkpoint {
    fn restore(self) -> Result<Fold, Finding> {
        let rest = Rest::decode(&self.rest).map_err(|e| e.to_string())?;
        let wallets: Result<Vec<_>, _> = self.wallets.iter().map(|bytes| Wallet::decode(bytes)).collect();
        let state = State::restore(rest, wallets.map_err(|e| e.to_string())?);
        Ok(Fold::from_state(state, self.next))
    }
}
