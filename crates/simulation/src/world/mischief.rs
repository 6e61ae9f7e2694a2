//! What happens next: by the habits of this run, some of which are left out.

use std::collections::{BTreeMap, BTreeSet};

use chargly_engine::journal::memory::Fault;
use chargly_engine::ledger::Fact;
use chargly_testkit::model::{Kind, Request};
use chargly_testkit::script::{CUSTOMERS, Command, altered};

use super::World;
use crate::auditor::Finding;
use crate::calls::{Asked, CallNo, Part};
use crate::clock::DRAG_MAX_MS;
use crate::dice::Dice;
use crate::workload::resolve;

const SECOND_MS: i64 = 1_000;
const DAY_MS: i64 = 24 * 60 * 60 * SECOND_MS;
/// Heavy calls in a batch that shall not fit into one frame.
const HEAVY_CALLS: usize = 60;

/// Old events and holds that clients come back to most.
const REMEMBERED: usize = 6;

/// What a run does, and how often.
pub(super) struct Habits {
    choices: Vec<(u32, Deed)>,
    /// Whether processes die in this run.
    pub(super) crashes: bool,
    /// Whether calls take their time to arrive. Not before the catalogue is there.
    pub(super) travels: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Follow,
    Group,
    Duplicate,
    Rival,
    Batch,
    HeavyBatch,
    Atomic,
    HeavyAtomic,
    Doomed,
    Read,
    Fault,
    Clock,
    Drag,
    Crash,
    Keep,
    Runs,
    Remember,
    Race,
    Reset,
}

impl Habits {
    pub(super) fn new(dice: &mut Dice) -> Self {
        let all = [
            (60, Deed::Follow),
            (40, Deed::Group),
            (8, Deed::Duplicate),
            (6, Deed::Rival),
            (5, Deed::Batch),
            (1, Deed::HeavyBatch),
            (6, Deed::Atomic),
            (1, Deed::HeavyAtomic),
            (1, Deed::Doomed),
            (8, Deed::Read),
            (7, Deed::Fault),
            (4, Deed::Clock),
            (1, Deed::Drag),
            (3, Deed::Crash),
            (14, Deed::Keep),
            (10, Deed::Runs),
            (8, Deed::Remember),
            (2, Deed::Race),
            (2, Deed::Reset),
        ];
        let keeps = |deed, dice: &mut Dice| matches!(deed, Deed::Follow | Deed::Group) || !dice.once_in(4);
        let choices: Vec<_> = all.into_iter().filter(|(_, deed)| keeps(*deed, dice)).collect();
        let crashes = choices.iter().any(|(_, deed)| *deed == Deed::Crash);
        Self { choices, crashes, travels: false }
    }

    /// The catalogue is there: the rest may begin.
    pub(super) fn begin(&mut self, dice: &mut Dice) {
        self.travels = !dice.once_in(3);
    }
}

impl World {
    /// One deed.
    pub(super) fn mischief(&mut self) -> Result<(), Finding> {
        let deed = self.dice.weighted(&self.habits.choices);
        self.books.trace_step(&format!("{deed:?}"));
        match deed {
            Deed::Follow => self.follow(),
            Deed::Group => return self.group(),
            Deed::Duplicate => self.duplicate(),
            Deed::Rival => self.rival(),
            Deed::Batch => self.batch(),
            Deed::HeavyBatch => self.heavy_batch(),
            Deed::Atomic => self.atomic(),
            Deed::HeavyAtomic => self.heavy_atomic(),
            Deed::Doomed => return self.doomed(),
            Deed::Read => self.read(),
            Deed::Fault => self.fault(),
            Deed::Clock => self.move_clock(),
            Deed::Drag => {
                let drag = self.dice.between(0, DRAG_MAX_MS);
                self.clock.set_drag(drag);
            }
            Deed::Crash => {
                self.books.seen.note_if(!self.flights.is_empty(), "crash with calls waiting");
                return self.restart();
            }
            Deed::Keep => return self.keep(),
            Deed::Runs => return self.run_on(),
            Deed::Remember => self.remember(),
            Deed::Race => return self.race(),
            Deed::Reset => self.reset_connection(),
        }
        Ok(())
    }

    /// Nothing goes wrong from now on, and the wall clock is right.
    pub(super) fn calm(&mut self) {
        self.disk.faults().stand(None);
        self.full_for = 0;
        self.is_unreadable_next = false;
        self.clock.set_drag(0);
        self.habits.crashes = false;
        self.habits.travels = false;
        self.right_the_clock();
    }

    /// The next command of the script.
    pub(super) fn follow(&mut self) {
        match self.workload.next() {
            Command::Wait(ms) => self.clock.advance(ms),
            Command::Ask(request) => {
                if let Some(request) = resolve(request, &self.books)
                    && let Some(call) = self.make_call(request, false)
                {
                    let with_read = self.dice.once_in(10);
                    self.send(&[call], with_read);
                }
            }
            Command::Retry { pick, altered } => self.retry(pick, altered),
            Command::Sweep(customer) => self.submit(vec![Part::Read(customer)]),
        }
    }

    /// A client sends a call again, or means another by the same key.
    fn retry(&mut self, pick: u64, is_altered: bool) {
        let Some(call) = self.keyed(pick) else { return };
        if is_altered && let Asked::One(request) = self.books.calls[call].asked.clone() {
            if let Some(rival) = self.make_rival(call, Asked::One(altered(&request))) {
                self.send(&[rival], false);
            }
            return;
        }
        self.send(&[call], false);
    }

    /// A new call, sent up to five times at once.
    fn duplicate(&mut self) {
        let request = self.workload.next_request(&self.books);
        let Some(call) = self.make_call(request, false).filter(|c| self.books.calls[*c].slot.is_some())
        else {
            return;
        };
        for _ in 0..self.dice.between(2, 5) {
            self.send(&[call], false);
        }
    }

    /// Something quite different under a key that was used.
    fn rival(&mut self) {
        let pick = self.dice.below(20);
        let Some(of) = self.keyed(pick) else { return };
        let mut meter = self.workload.next_meter();
        let Some((owner, _)) = self.books.calls[of].slot.clone() else { return };
        if let Request::Meter { customer, .. } = &mut meter {
            *customer = owner;
        }
        let asked = if self.dice.once_in(2) { Asked::One(meter) } else { Asked::Batch(vec![meter; 2]) };
        if let Some(rival) = self.make_rival(of, asked) {
            self.send(&[rival], false);
        }
    }

    /// Several calls of all kinds in one submission, some of them twice.
    fn batch(&mut self) {
        let mut calls: Vec<CallNo> = Vec::new();
        for _ in 0..self.dice.between(2, 8) {
            let request = self.workload.next_request(&self.books);
            calls.extend(self.make_call(request, false));
        }
        let is_keyed = |call: &CallNo| self.books.calls[*call].slot.is_some();
        if let Some(twice) = calls.iter().copied().find(is_keyed).filter(|_| self.dice.once_in(2)) {
            calls.push(twice);
        }
        let with_read = self.dice.once_in(4);
        self.send(&calls, with_read);
    }

    /// More than one frame holds.
    fn heavy_batch(&mut self) {
        let mut calls: Vec<CallNo> = Vec::new();
        for _ in 0..=self.dice.index(HEAVY_CALLS).unwrap_or(0) {
            let request = self.workload.next_meter();
            calls.extend(self.make_call(request, true));
        }
        if self.disk.faults().are_spent() && self.dice.once_in(2) {
            self.disk.faults().after(1, Fault::NotApplied);
        }
        self.send(&calls, false);
    }

    fn atomic(&mut self) {
        let count = self.dice.below(6) + 1;
        let requests = self.meters_of_one(count);
        let call = self.make_batch(requests, false);
        for _ in 0..self.dice.between(1, 2) {
            self.send(&[call], false);
            if self.books.calls[call].slot.is_none() {
                break;
            }
        }
    }

    /// Perhaps more than one frame holds, which is too much for a batch that must not be split.
    fn heavy_atomic(&mut self) {
        let count = self.dice.index(HEAVY_CALLS).unwrap_or(0) + 1;
        let meters = vec![self.workload.next_meter(); count];
        let call = self.make_batch(meters, true);
        self.send(&[call], false);
    }

    /// A lot lapses while a hold reserves it, which chance alone hardly ever brings about.
    fn doomed(&mut self) -> Result<(), Finding> {
        let customer = CUSTOMERS[self.dice.index(CUSTOMERS.len()).unwrap_or(0)].to_owned();
        let grant = Request::Grant {
            customer: customer.clone(),
            credits: 9,
            kind: Kind::Promotional,
            price: None,
            priority: -100,
            effective_at: None,
            expires_at: Some(self.books.now() + 5 * SECOND_MS),
            scope: BTreeSet::new(),
        };
        let (event_type, ttl_s) = ("chat".to_owned(), Some(600));
        let hold = Request::PlaceHold { customer, event_type, quantity: None, credits: Some(9), ttl_s };
        for request in [grant, hold] {
            if let Some(call) = self.make_call(request, false) {
                self.send(&[call], false);
            }
        }
        self.group()?;
        self.clock.advance(6 * SECOND_MS);
        let Some(hold) = self.books.holds.last().copied().filter(|_| !self.is_stopped) else { return Ok(()) };
        let capture = Request::CaptureHold {
            hold,
            quantity: None,
            credits: Some(self.dice.between(1, 9).into()),
            cost: None,
            record: false,
            is_final: true,
            properties: BTreeMap::new(),
        };
        if let Some(call) = self.make_call(capture, false) {
            self.send(&[call], false);
        }
        Ok(())
    }

    /// A client comes back to something of long ago: an event to reverse a little of, a hold to capture.
    fn remember(&mut self) {
        let is_hold = self.dice.once_in(4);
        let places = if is_hold { &self.books.holds } else { &self.books.events };
        // Two in three pick among the oldest few, so that one thing is come back to again and again.
        let among = if self.dice.once_in(3) { places.len() } else { places.len().min(REMEMBERED) };
        let Some(at) = self.dice.index(among).map(|index| places[index]) else { return };
        let request = if is_hold {
            Request::CaptureHold {
                hold: at,
                quantity: None,
                credits: Some(1),
                cost: None,
                record: false,
                is_final: true,
                properties: BTreeMap::new(),
            }
        } else {
            match self.dice.below(4) {
                0 => Request::Reverse { event: at, credits: None },
                1 => Request::Recharge { event: at, credits: 2 },
                _ => Request::Reverse { event: at, credits: Some(1) },
            }
        };
        if let Some(call) = self.make_call(request, false) {
            self.send(&[call], false);
        }
    }

    /// Two clients reverse an event that has left memory. What the first one fetches for it is old by the time it
    /// arrives, because the second was quicker and a checkpoint came between.
    fn race(&mut self) -> Result<(), Finding> {
        let Some(index) = self.dice.index(self.books.events.len()) else { return Ok(()) };
        let event = self.books.events[index];
        for is_slow in [true, false] {
            self.checkpoint_at_once()?;
            let credits = Some(1).filter(|_| !is_slow);
            let Some(call) = self.make_call(Request::Reverse { event, credits }, false) else {
                return Ok(());
            };
            self.send(&[call], false);
            self.is_slow = is_slow;
            let end = self.group().and_then(|()| if self.is_stopped { Ok(()) } else { self.group() });
            self.is_slow = false;
            end?;
            if self.is_stopped {
                return Ok(());
            }
        }
        self.checkpoint_at_once()
    }

    fn meters_of_one(&mut self, count: u64) -> Vec<Request> {
        let whose = CUSTOMERS[self.dice.index(CUSTOMERS.len()).unwrap_or(0)];
        let mut requests: Vec<Request> = (0..count).map(|_| self.workload.next_meter()).collect();
        for request in &mut requests {
            if let Request::Meter { customer, .. } = request {
                whose.clone_into(customer);
            }
        }
        requests
    }

    pub(super) fn read(&mut self) {
        let customer = match self.dice.index(CUSTOMERS.len() + 2) {
            Some(index) if index < CUSTOMERS.len() => CUSTOMERS[index].to_owned(),
            Some(index) if index == CUSTOMERS.len() => "nobody".to_owned(),
            _ => return self.submit(vec![Part::Census]),
        };
        self.submit(vec![Part::Read(customer)]);
    }

    /// The next append, or one soon after, meets a fault.
    fn fault(&mut self) {
        let faults = self.disk.faults();
        if !faults.are_spent() {
            return;
        }
        let epoch = self.writer.head().epoch + 1;
        let takeover = Fact::EpochStarted { epoch, software: "another".into() }.encode();
        let applied = self.dice.once_in(2);
        let fault = match self.dice.below(8) {
            0 | 1 => Fault::NotApplied,
            2 => Fault::StorageFull,
            3 => {
                faults.stand(Some(Fault::StorageFull));
                self.full_for = u32::try_from(self.dice.between(2, 20)).unwrap_or(2);
                return;
            }
            4 => Fault::Unknown { applied },
            5 => {
                self.is_unreadable_next = true;
                return faults.next(Fault::Unknown { applied });
            }
            6 => Fault::FlushFailed { survives: applied },
            _ => Fault::Overtaken { epoch, fact: takeover },
        };
        let healthy = self.dice.index(3).unwrap_or(0);
        self.armed = Some(fault.clone());
        faults.after(healthy, fault);
    }

    /// Time passes, or somebody sets the clock.
    fn move_clock(&mut self) {
        match self.dice.below(8) {
            0 | 1 => self.clock.advance(self.dice.between(0, 120) * SECOND_MS),
            2 => self.clock.advance(self.dice.between(1, 40) * DAY_MS),
            3 => self.clock.step_wall(self.dice.between(-70, 70) * SECOND_MS),
            4 => self.clock.step_wall(self.dice.between(1, 800) * DAY_MS),
            5 => self.clock.step_wall(-self.dice.between(1, 800) * DAY_MS),
            _ => self.right_the_clock(),
        }
    }

    fn right_the_clock(&mut self) {
        let wrong = chargly_engine::Clock::wall_ms(&self.clock) - self.books.now();
        self.clock.step_wall(-wrong);
    }

    /// A keyed call, counted back from the newest.
    fn keyed(&self, pick: u64) -> Option<CallNo> {
        let keyed: Vec<CallNo> = (0..self.books.calls.len())
            .rev()
            .filter(|call| self.books.calls[*call].slot.is_some())
            .take(40)
            .collect();
        keyed.get(usize::try_from(pick).ok()?.checked_rem(keyed.len())?).copied()
    }
}
