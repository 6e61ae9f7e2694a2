//! The world: one disk, one clock, one writer at a time, and clients who hear nothing but what it answers.
//!
//! A step is one thing that happens: a client asks, a group is decided, a disk is about to fail, a clock jumps, the
//! process dies. After each group the auditor reads the disk before any client hears anything.

mod clients;
mod keeper;
mod mischief;
mod network;
mod process;

use chargly_engine::Writer;
use chargly_engine::journal::memory::{Fault, MemoryDisk};
use chargly_engine::{Failure, GroupEnd};
use chargly_journal::{Journal as _, MemoryJournal};
use tokio::sync::oneshot::error::TryRecvError;

use crate::auditor::{Auditor, Finding};
use crate::calls::{CallNo, Flight};
use crate::clock::SimClock;
use crate::dice::Dice;
use crate::index::Index;
use crate::journal::SimJournal;
use crate::planted::Bug;
use crate::workload::{Workload, catalogue};
use crate::{Outcome, world::mischief::Habits};

/// When every run begins: 2026-11-23T10:00:00Z.
const BEGINNING_MS: i64 = 1_795_428_000_000;
/// Groups within which everything must be answered once nothing goes wrong any more.
const HEALING_GROUPS_MAX: usize = 10_000;
/// Calls sent again in one submission at the end.
const REPLAYS_AT_ONCE: usize = 32;

/// Everything of a run.
pub(crate) struct World {
    books: Auditor,
    dice: Dice,
    habits: Habits,
    workload: Workload,
    disk: MemoryDisk,
    clock: SimClock,
    writer: Writer<SimJournal>,
    /// The writer has stopped for good; somebody has to restart the process.
    is_stopped: bool,
    flights: Vec<Flight>,
    index: Index,
    /// The next group finds the disk unreadable.
    is_unreadable_next: bool,
    /// The fault that was scripted last, until it is met.
    armed: Option<Fault>,
    /// A flush failed; the next crash decides what became of its frame.
    is_flush_open: bool,
    /// Calls that could fill a frame were sent since the writer started.
    had_heavy_calls: bool,
    /// Whatever is sent now takes its time to arrive.
    is_slow: bool,
    /// Steps for which the disk stays full.
    full_for: u32,
    bug: Option<Bug>,
    /// What each customer was told last, for [`Bug::StaleReads`].
    stale: std::collections::BTreeMap<String, chargly_engine::Verdict>,
}

impl World {
    /// A world with a catalogue.
    pub(crate) fn new(seed: u64, bug: Option<Bug>) -> Result<Self, Finding> {
        let mut dice = Dice::new(seed);
        let (disk, clock) = (MemoryDisk::new(), SimClock::at(BEGINNING_MS));
        let books = Auditor::new(&clock);
        let index = Index::new(&mut dice, bug);
        let writer = process::first_writer(&disk, &clock, &mut dice, index.length);
        let (habits, workload) = (Habits::new(&mut dice), Workload::new(&mut dice));
        let mut world = Self {
            books,
            dice,
            habits,
            workload,
            disk,
            clock,
            writer,
            is_stopped: false,
            flights: Vec::new(),
            index,
            is_unreadable_next: false,
            armed: None,
            is_flush_open: false,
            had_heavy_calls: false,
            is_slow: false,
            full_for: 0,
            bug,
            stale: std::collections::BTreeMap::new(),
        };
        world.create()?;
        for request in catalogue() {
            if let Some(call) = world.make_call(request, false) {
                world.send(&[call], false);
            }
            world.group()?;
        }
        world.habits.begin(&mut world.dice);
        Ok(world)
    }

    /// One thing happens.
    pub(crate) fn step(&mut self) -> Result<(), Finding> {
        if self.full_for > 0 {
            self.full_for -= 1;
            if self.full_for == 0 {
                self.disk.faults().stand(None);
            }
        }
        if self.is_stopped {
            // Known: a writer whose last frame was full does not come back from being asked.
            let may_ask = !self.had_heavy_calls && self.dice.once_in(2);
            return if may_ask { self.ask_stopped_writer() } else { self.restart() };
        }
        self.deliver(false);
        self.mischief()
    }

    /// Nothing goes wrong any more: everything must be answered, and everything ever answered still stands.
    pub(crate) fn heal(&mut self) -> Result<(), Finding> {
        self.calm();
        self.restart()?;
        while !self.disk.faults().are_spent() {
            self.restart()?;
        }
        if self.is_stopped {
            return Err("the writer does not start although nothing goes wrong any more".to_owned());
        }
        self.settle()?;
        for call in self.unanswered() {
            self.send(&[call], false);
        }
        self.settle()?;
        if let Some(call) = self.unanswered().iter().find(|call| !self.books.calls[**call].is_settled) {
            return Err(format!("call {call} has no answer although nothing goes wrong any more"));
        }
        let (batches, singles): (Vec<CallNo>, Vec<CallNo>) =
            self.answered().into_iter().partition(|call| self.books.calls[*call].is_batch());
        for calls in singles.chunks(REPLAYS_AT_ONCE).chain(batches.chunks(1)) {
            self.send(calls, false);
        }
        self.settle()?;
        self.restart()?;
        self.books.read_all_again(&mut *self.reader())
    }

    pub(crate) fn outcome(self, seed: u64) -> Outcome {
        Outcome {
            seed,
            facts: self.books.len(),
            digest: self.books.digest(),
            trace: self.books.trace(),
            seen: self.books.seen.0.clone(),
        }
    }

    /// Runs groups until nothing waits and nothing is due.
    fn settle(&mut self) -> Result<(), Finding> {
        for _ in 0..HEALING_GROUPS_MAX {
            self.deliver(true);
            self.books.clock_will_be_read(&self.clock);
            let is_due = self.writer.has_due(&self.clock);
            if self.flights.is_empty() && !is_due {
                return Ok(());
            }
            self.group()?;
        }
        Err(format!("{} submissions wait although nothing goes wrong any more", self.flights.len()))
    }

    /// Decides and commits one group; the disk is read before anybody hears of it.
    fn group(&mut self) -> Result<(), Finding> {
        let len_before = self.books.len();
        let waiting = self.flights.len();
        self.refuse_for_room()?;
        if self.is_unreadable_next {
            self.disk.faults().set_unreadable(true);
        }
        self.books.clock_will_be_read(&self.clock);
        let end = self.writer.run_group(&self.clock);
        self.disk.faults().set_unreadable(false);
        let was_unreadable = std::mem::take(&mut self.is_unreadable_next);
        self.note_fault();
        match end {
            GroupEnd::Nothing => self.collect().map(|_| ()),
            GroupEnd::Committed(_) => {
                self.nobody_heard()?;
                self.catch_up()?;
                if self.looks_inside() && self.books.len() == len_before {
                    return Err("a group is said to be committed, and the disk has nothing new".to_owned());
                }
                if self.looks_inside() {
                    self.compare_with_disk("after a group")?;
                }
                self.books.seen.note_if(waiting > 1, "several calls in one group");
                if self.habits.crashes && self.dice.once_in(60) {
                    self.books.seen.note("crash before answer");
                    return self.restart();
                }
                self.writer.answer_finished();
                self.collect().map(|_| ())
            }
            GroupEnd::Undone(why) => {
                self.catch_up()?;
                if self.books.len() != len_before {
                    return Err(format!("a group was undone ({why}), and the disk is not as before"));
                }
                if self.looks_inside() {
                    self.compare_with_disk("after an undone group")?;
                }
                let is_full = why == Failure::StorageFull;
                self.books.seen.note(if is_full {
                    "group undone: disk full"
                } else {
                    "group undone: not applied"
                });
                for flight in &mut self.flights {
                    flight.was_held_back = true;
                }
                let failed = self.collect()?;
                if self.bug == Some(Bug::KeysKeptOnUndo) {
                    self.keep_keys(&failed);
                }
                Ok(())
            }
            GroupEnd::Stopped(_) => {
                self.is_stopped = true;
                if self.looks_inside() {
                    self.compare_with_disk("after it stopped")?;
                }
                self.catch_up()?;
                let was_applied = self.books.len() > len_before;
                self.books
                    .seen
                    .note_if(was_unreadable && was_applied, "unknown outcome: unreadable, was applied");
                self.books
                    .seen
                    .note_if(was_unreadable && !was_applied, "unknown outcome: unreadable, was not applied");
                self.writer.fail_all(Failure::Stopped);
                self.collect().map(|_| ())
            }
        }
    }

    /// A writer that has stopped answers reads from what it knows, and nothing else.
    fn ask_stopped_writer(&mut self) -> Result<(), Finding> {
        self.read();
        self.follow();
        self.deliver(true);
        // Of what it has not heard of, it cannot tell.
        let known = self.writer.head().next.0;
        self.flights.iter_mut().for_each(|flight| flight.from = flight.from.min(known));
        let len_before = self.books.len();
        self.books.clock_will_be_read(&self.clock);
        self.writer.answer_reads_only(&self.clock);
        self.collect()?;
        self.books.seen.note("asked after it stopped");
        self.catch_up()?;
        if self.books.len() == len_before {
            Ok(())
        } else {
            Err("a writer that has stopped has written".to_owned())
        }
    }

    /// As long as the disk is known to be full, only what ends what was begun is taken up.
    fn refuse_for_room(&mut self) -> Result<(), Finding> {
        if self.full_for > 0 && self.dice.once_in(2) {
            self.books.seen.note("only urgent calls taken up");
            self.writer.refuse_unless_urgent(Failure::StorageFull);
            self.collect()?;
        }
        Ok(())
    }

    /// Delivers every answer that has come; returns the calls that were told to have failed.
    fn collect(&mut self) -> Result<Vec<CallNo>, Finding> {
        let mut failed = Vec::new();
        let mut index = 0;
        while index < self.flights.len() {
            match self.flights[index].answer.try_recv() {
                Ok(mut answered) => {
                    let mut flight = self.flights.remove(index);
                    self.sort_out(&mut flight, &mut answered)?;
                    if self.bug == Some(Bug::StaleReads) {
                        self.serve_stale(&flight, &mut answered);
                    }
                    failed.extend(clients::failed_calls(&flight, &answered));
                    self.books.hear(&flight, &answered)?;
                }
                Err(TryRecvError::Empty) => index += 1,
                Err(TryRecvError::Closed) => {
                    return Err("a submission was dropped without an answer".to_owned());
                }
            }
        }
        Ok(failed)
    }

    /// Between a commit and its publication nobody may have been answered.
    fn nobody_heard(&mut self) -> Result<(), Finding> {
        for flight in self.flights.iter_mut().filter(|flight| !flight.is_known_of_old) {
            if flight.answer.try_recv().is_ok() {
                return Err(format!("{:?} was answered before its group was published", flight.parts));
            }
        }
        Ok(())
    }

    /// Memory, with what has left it, must be the fold of the disk.
    fn compare_with_disk(&self, when: &str) -> Result<(), Finding> {
        if self.whole_digest()? != self.books.digest() {
            return Err(format!("{when} the writer's state is not the fold of the disk"));
        }
        let keys = self.writer.keys();
        if keys.len() != self.books.keys_from(keys.covers_from().0) {
            return Err(format!("{when} the writer has other keys than the disk"));
        }
        Ok(())
    }

    /// Whether the writer's own state is compared with the disk, too. Planted bugs must be found without, by what
    /// clients are told and what the disk has.
    fn looks_inside(&self) -> bool {
        self.bug.is_none()
    }

    /// Notes the scripted fault, if this was the append that met it.
    fn note_fault(&mut self) {
        if !self.disk.faults().are_spent() {
            return;
        }
        let what = match self.armed.take() {
            Some(Fault::Unknown { applied: true }) => "unknown outcome: was applied",
            Some(Fault::Unknown { applied: false }) => "unknown outcome: was not applied",
            Some(Fault::Overtaken { .. }) => "overtaken by another writer",
            Some(Fault::FlushFailed { .. }) => {
                self.is_flush_open = true;
                return;
            }
            Some(Fault::NotApplied | Fault::StorageFull) | None => return,
        };
        self.books.seen.note(what);
    }

    fn catch_up(&mut self) -> Result<(), Finding> {
        let mut reader = self.reader();
        self.books.catch_up(&mut *reader)
    }

    fn reader(&self) -> Box<dyn chargly_journal::JournalReader> {
        MemoryJournal::open(&self.disk).reader()
    }
}
