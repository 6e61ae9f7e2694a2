//! The process around the writer: it starts from what the disk has, and it dies at any moment.

use chargly_engine::journal::memory::MemoryDisk;
use chargly_engine::ledger::{ColdKey, Currency, Fact, KeyHash, Position, key_hash};
use chargly_engine::{Answered, Fold, GroupEnd, Key, Recovered, RunLength, Submission, Writer};
use chargly_index::RecentKeys;
use chargly_journal::{Chunk, MemoryJournal};

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

/// A writer on an empty disk.
pub(super) fn first_writer(
    disk: &MemoryDisk,
    clock: &SimClock,
    dice: &mut Dice,
    length: RunLength,
) -> Writer<SimJournal> {
    let journal = SimJournal { inner: MemoryJournal::open(disk), is_hasty: false };
    let mut recovered: Recovered = Fold::from_start().into();
    recovered.keys = RecentKeys::new(length, Position(0));
    Writer::new(journal, recovered, clock, false, Box::new(dice.split()))
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
        let (before, len_before) = (self.whole_digest()?, self.books.len());
        let was_stopped = std::mem::replace(&mut self.is_stopped, false);
        self.disk.crash();
        self.books.seen.note_if(self.index.crash(), "checkpoint lost in a crash");
        self.lose_answers();
        self.had_heavy_calls = false;
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
        if self.looks_inside() && is_known && self.books.digest() != before {
            return Err("the state after the restart is not the one before".to_owned());
        }
        let recovered = self.recover()?;
        self.books.writer_started(&self.clock);
        self.writer = self.writer_over(recovered);
        if self.looks_inside() {
            self.compare_with_disk("after a restart")?;
        }
        let epoch = self.writer.head().epoch + 1;
        let fact = Fact::EpochStarted { epoch, software: "simulation".into() };
        self.books.clock_will_be_read(&self.clock);
        let end = self.writer.record_own(epoch, &fact, &self.clock);
        self.note_fault();
        self.catch_up()?;
        let is_committed = matches!(end, GroupEnd::Committed(_));
        if self.looks_inside() && is_committed {
            self.compare_with_disk("after its epoch")?;
        }
        Ok(is_committed)
    }

    fn writer_over(&mut self, recovered: Recovered) -> Writer<SimJournal> {
        let is_hasty = self.bug == Some(Bug::HastyAnswers);
        let journal = SimJournal { inner: MemoryJournal::open(&self.disk), is_hasty };
        let believes = self.bug == Some(Bug::ClockBelieved);
        Writer::new(journal, recovered, &self.clock, believes, Box::new(self.dice.split()))
    }

    /// Folds the disk from the checkpoint and the sealed runs, as far as they are good, and seals on the way.
    fn recover(&mut self) -> Result<Recovered, Finding> {
        self.damage_index()?;
        let keys_from = self.index.filled_to();
        let mut fold = match self.index.store.state()? {
            Some(state) => {
                self.books.seen.note("restart from a checkpoint");
                Fold::from_state(state, self.index.store.next)
            }
            None => {
                self.index.drop_checkpoint();
                Fold::from_start()
            }
        };
        let evicted_to = fold.next;
        fold.keys = RecentKeys::new(self.index.length, keys_from);
        let mut reader = self.reader();
        let mut from = chargly_journal::Position(fold.next.min(keys_from).0);
        loop {
            let chunks = reader.chunks_from(from, READ_BYTES).map_err(|e| e.to_string())?;
            let Some(last) = chunks.last() else { break };
            from = last.end();
            let forgets = self.bug == Some(Bug::FrameLostAtRestart) && from.0 == self.books.len();
            for chunk in &chunks[..chunks.len() - usize::from(forgets)] {
                self.fold_on(&mut fold, chunk, keys_from)?;
            }
        }
        fold.keys.forget_below(self.index.sealed_to());
        Ok(Recovered::new(fold, evicted_to))
    }

    /// Folds a chunk, and takes it into the run that fills.
    fn fold_on(&mut self, fold: &mut Fold, chunk: &Chunk, keys_from: Position) -> Result<(), Finding> {
        let mut missing = None;
        let store = &self.index.store;
        let mut warm_up = |keys: &[ColdKey]| {
            Ok(store.load(keys).unwrap_or_else(|finding| {
                missing = Some(finding);
                Vec::new()
            }))
        };
        let mut facts = Vec::new();
        let mut each = |position: Position, fact: &Fact| facts.push((position, fact.clone()));
        fold.fold_on(chunk, keys_from, &mut warm_up, &mut each).map_err(|e| e.to_string())?;
        if let Some(missing) = missing {
            return Err(missing);
        }
        for (position, fact) in facts {
            let is_sealed = self.index.fill(position, chunk, &fact)?;
            self.books.seen.note_if(is_sealed, "run sealed in a restart");
        }
        Ok(())
    }

    /// Once in a while a start finds the checkpoint or some runs damaged, and does without.
    fn damage_index(&mut self) -> Result<(), Finding> {
        if self.dice.once_in(6) {
            self.books.seen.note_if(self.index.store.next > Position(0), "checkpoint found damaged");
            self.index.drop_checkpoint();
        }
        let runs = self.index.run_count();
        let damaged = if self.dice.once_in(6) { self.dice.index(runs + 1).unwrap_or(0) } else { 0 };
        self.books.seen.note_if(damaged > 0, "runs found damaged");
        self.index.reopen(damaged)
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
        let Ok(mut recovered) = self.recover() else { return };
        let slots = failed.iter().filter_map(|call| self.books.calls[*call].slot.as_ref());
        for (customer, key) in slots {
            let hash: KeyHash = key_hash(&SALT, Some(customer), key);
            if recovered.keys.find(hash, None).is_none() {
                recovered.keys.insert(hash, Position(self.books.len()));
            }
        }
        self.lose_answers();
        self.writer = self.writer_over(recovered);
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
