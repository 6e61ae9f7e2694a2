//! The writer: the one place where anything is decided and recorded.
//!
//! It takes whatever waits, decides it in memory, appends it with one flush, then answers all of them. Nothing leaves
//! before the flush it depends on: answers, refusals, reads, duplicates. A group that cannot be committed is undone
//! in state and keys, and its callers are told so.
//!
//! This is a plain synchronous machine: the thread that drives it, the clock, the disk and the randomness are
//! arguments, so that a simulation can own them all.

use std::collections::VecDeque;
use std::sync::Arc;

use chargly_index::{Delta, Erasure, RecentKeys};
use chargly_journal::{AppendError, Appended, Chunk, EraseError, Erased, Head, Journal, ReadBack, ReadError};
use chargly_ledger::{
    Action, Call, Cold, ColdKey, Fact, KeyHash, KeyNo, Millis, Origin, Position, Recorder as _, RecorderFull,
    State, Stop, WalletEvent, WalletNo, accept_batch, execute, key_hash, refuse_batch, sweep,
};
use smallvec::SmallVec;

use crate::clock::{Clock, JournalClock};
use crate::erasures::Erasures;
use crate::fold::Fold;
use crate::recorder::{Desk, Entropy};
use crate::submission::{
    Ask, Census, Erase, Failure, Item, Key, SpentToday, Submission, Verdict, WalletAsked, Warm, Weight,
};
use crate::usecases::ExpiringSlice;
use crate::usecases::figures::LotsSlice;

/// Facts one group may hold. Bounds how long the first of them waits for the last.
pub const GROUP_FACTS_MAX: usize = 4_096;
/// How long a group may be decided on, in milliseconds, before it is flushed.
pub const GROUP_DECIDING_MS_MAX: i64 = 2;
/// Items of one submission taken up in its turn: a large batch is split, so that single events do not wait behind it.
pub const TURN_ITEMS_MAX: usize = 1_000;
/// Bytes a frame must still have free for another item to be begun. A fact of ordinary size with the largest payload
/// fits; a larger one stops the group and is taken up again in the next.
const ITEM_ROOM_BYTES: usize = 16 * 1024;
/// Idle wallets swept per group when something of theirs is due.
const SWEEPS_PER_GROUP_MAX: usize = 256;

/// What became of a group.
#[derive(Debug)]
pub enum GroupEnd {
    /// There was nothing to record; reads were answered.
    Nothing,
    /// It is durable.
    Committed(Vec<Arc<Chunk>>),
    /// It was undone and its callers told; the next may succeed.
    Undone(Failure),
    /// The writer must never write again.
    Stopped(&'static str),
}

/// The writer's whole world.
pub struct Writer<J> {
    journal: J,
    state: State,
    keys: RecentKeys,
    /// The checkpoint with which records have last left memory: what is brought back must not be older.
    evicted_to: Position,
    desk: Desk,
    clock: JournalClock,
    pending: VecDeque<Submission>,
    /// Done in the current group, to be answered when it is durable.
    finished: Vec<Submission>,
    /// Keys bound in the current group, to be taken back if it fails.
    bound: Vec<(KeyHash, Position)>,
    /// Counts the groups.
    group: u64,
    /// Submissions answered since this was last asked.
    answered: Weight,
    /// Erasures that are recorded and not carried out yet.
    erasures: Erasures,
}

impl<J: Journal> Writer<J> {
    /// A writer over a state that has been folded up to the journal's head, from a checkpoint at `evicted_to` or from
    /// the start.
    pub fn new(
        journal: J,
        Recovered { state, keys, evicted_to, erasures }: Recovered,
        clock: &dyn Clock,
        accept_clock: bool,
        entropy: Box<dyn Entropy>,
    ) -> Self {
        let head = journal.head();
        let last = (head.next.0 > 0).then_some(Millis(head.at_ms));
        Self {
            journal,
            state,
            keys,
            evicted_to,
            desk: Desk::new(entropy),
            clock: JournalClock::resume(clock, last, accept_clock),
            pending: VecDeque::new(),
            finished: Vec::new(),
            bound: Vec::new(),
            group: 0,
            answered: Weight::default(),
            erasures,
        }
    }

    /// The journal's head.
    pub fn head(&self) -> Head {
        self.journal.head()
    }

    /// The state as committed.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The keys as committed, as far as they are not in sealed runs.
    pub fn keys(&self) -> &RecentKeys {
        &self.keys
    }

    /// What changed since the last checkpoint. To be called between groups.
    pub fn checkpoint(&mut self) -> Delta {
        let head = self.journal.head();
        let mut wallets: Vec<_> =
            self.state.take_dirty().iter().filter_map(|no| self.state.wallet(*no).cloned()).collect();
        let mut cold = self.state.take_cold();
        for wallet in &mut wallets {
            let number = wallet.number;
            cold.extend(wallet.take_closed_lots().into_iter().map(|lot| Cold::Lot { wallet: number, lot }));
        }
        Delta {
            next: Position(head.next.0),
            hash: head.hash.0,
            catalogue: Arc::clone(self.state.catalogue()),
            spending: self.state.spending().clone(),
            wallets,
            wallet_count: self.state.wallet_count(),
            cold,
            erasures: self.erasures.pending().to_vec(),
        }
    }

    /// Erasures that are recorded and not carried out yet.
    pub(crate) fn erasures(&self) -> &[Erasure] {
        self.erasures.pending()
    }

    /// Whether a customer was erased whose id the written checkpoint still has.
    pub(crate) fn needs_checkpoint(&self) -> bool {
        self.erasures.is_beyond(self.evicted_to)
    }

    /// Erases payloads, in transactions of their own.
    pub(crate) fn erase(&mut self, Erase { positions, completes }: &Erase) -> Result<Erased, Failure> {
        let positions: Vec<_> = positions.iter().map(|at| chargly_journal::Position(at.0)).collect();
        let erased = self.journal.erase_payloads(&positions).map_err(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "payloads could not be erased");
            match error {
                EraseError::Poisoned => Failure::Stopped,
                EraseError::NoSuchEntry(_) | EraseError::Read(_) | EraseError::Storage(_) => {
                    Failure::NotRecorded
                }
            }
        })?;
        if let Some(position) = completes {
            self.erasures.complete(*position);
        }
        Ok(erased)
    }

    /// Lets go of what the checkpoint at `next` holds. To be called between groups.
    pub fn evict(&mut self, next: Position, cold: &[Cold]) {
        self.state.commit();
        self.state.evict(cold);
        self.evicted_to = next;
    }

    /// The checkpoint was not written: what it held goes with the next.
    pub fn checkpoint_failed(&mut self, wallets: &[WalletNo], cold: &[Cold]) {
        self.state.mark_dirty(wallets);
        self.state.put_back_cold(cold);
    }

    /// Forgets keys that sealed runs hold.
    pub fn forget_keys_below(&mut self, sealed_to: Position) {
        self.keys.forget_below(sealed_to);
    }

    /// What waits to be taken up.
    pub fn pending(&mut self) -> &mut VecDeque<Submission> {
        &mut self.pending
    }

    /// Whether the wall clock is believed to be wrong, so that time goes on without it.
    pub fn clock_is_suspect(&self) -> bool {
        self.clock.is_suspect
    }

    /// Whether anything of an idle wallet is due.
    pub fn has_due(&mut self, clock: &dyn Clock) -> bool {
        let now = self.clock.tick(clock);
        self.state.next_due(now).is_some()
    }

    /// Appends a single fact of the engine's own (the journal's first fact, an epoch) in a frame of its own.
    pub fn record_own(&mut self, epoch: u32, fact: &Fact, clock: &dyn Clock) -> GroupEnd {
        let now = self.begin(epoch, clock);
        let mut recorder = self.desk.own_recorder(now);
        match recorder.record(fact, chargly_ledger::PayloadOf::Nothing) {
            Ok(recorded) => self.state.apply(recorded, fact, None),
            Err(_) => return GroupEnd::Stopped("a fact of the engine's own does not fit into a frame"),
        }
        self.end()
    }

    /// Decides what waits, up to the limits of one group, and commits it.
    pub fn run_group(&mut self, clock: &dyn Clock) -> GroupEnd {
        let epoch = self.journal.head().epoch;
        let now = self.begin(epoch, clock);
        let began_ms = clock.monotonic_ms();
        while let Some(mut submission) = self.pending.pop_front() {
            submission.enter(self.group);
            let has_room = self.take_turn(&mut submission, now);
            if submission.is_done() {
                self.finished.push(submission);
            } else if has_room {
                self.pending.push_back(submission);
            } else {
                self.pending.push_front(submission);
                break;
            }
            if self.desk.frame.len() >= GROUP_FACTS_MAX
                || clock.monotonic_ms() - began_ms >= GROUP_DECIDING_MS_MAX
            {
                break;
            }
        }
        self.sweep_idle(now);
        self.end()
    }

    /// Fails everything that waits: the writer will not come back to it.
    pub fn fail_all(&mut self, failure: Failure) {
        for mut submission in self.pending.drain(..).chain(self.finished.drain(..)) {
            submission.fail(failure);
            self.answered += submission.answer();
        }
    }

    /// Fails what waits and may not use what is kept for ending what was begun. Answers that were given are still
    /// given again: that writes nothing.
    pub fn refuse_unless_urgent(&mut self, failure: Failure) {
        let (kept, refused): (Vec<_>, Vec<_>) =
            self.pending.drain(..).partition(|submission| submission.is_urgent || submission.only_reads());
        self.pending.extend(kept);
        for mut submission in refused {
            submission.fail(failure);
            for (verdict, item) in submission.verdicts.iter_mut().zip(&mut submission.items) {
                if let (Key::Hash(key), Ask::Act(call)) = (&item.key, &mut item.ask)
                    && matches!(verdict, Verdict::Failed(_))
                    && let Some(seen) = self.keys.find(*key, item.cleared)
                {
                    call.key = Some(*key);
                    *verdict = Verdict::PerhapsDuplicate(seen);
                }
            }
            self.answered += submission.answer();
        }
    }

    /// Answers what only asks from the state as it was last committed, and fails the rest.
    pub fn answer_reads_only(&mut self, clock: &dyn Clock) {
        let now = self.clock.tick(clock);
        while let Some(mut submission) = self.pending.pop_front() {
            if submission.only_reads() {
                while !submission.is_done() {
                    self.take_turn(&mut submission, now);
                }
            } else {
                submission.fail(Failure::Stopped);
            }
            self.answered += submission.answer();
        }
    }

    /// Submissions answered since this was last asked: so much room there is in the queue again.
    pub fn take_answered(&mut self) -> Weight {
        std::mem::take(&mut self.answered)
    }

    fn begin(&mut self, epoch: u32, clock: &dyn Clock) -> Millis {
        let now = self.clock.tick(clock);
        self.desk.frame.begin(epoch, now.0, self.journal.head().next);
        self.state.commit();
        self.bound.clear();
        self.group += 1;
        now
    }

    /// Takes up some of a submission's items; says whether the frame has room for more.
    fn take_turn(&mut self, submission: &mut Submission, now: Millis) -> bool {
        if submission.atomic {
            return self.take_batch(submission, now);
        }
        for _ in 0..TURN_ITEMS_MAX {
            let Some(item) = submission.items.get_mut(submission.verdicts.len()) else { break };
            if !self.has_room() {
                return false;
            }
            match self.take_item(item, &submission.arena, now) {
                Some(verdict) => submission.verdicts.push(verdict),
                None if self.desk.frame.is_empty() => {
                    submission.verdicts.push(Verdict::Failed(Failure::TooLarge));
                }
                None => return false,
            }
        }
        true
    }

    fn has_room(&self) -> bool {
        self.desk.frame.len() < GROUP_FACTS_MAX
            && self.desk.frame.bytes() + ITEM_ROOM_BYTES < chargly_journal::FRAME_BYTES_MAX
    }

    /// One item: `None` when the frame is full and the item has to be taken up again in the next.
    fn take_item(&mut self, item: &mut Item, arena: &[u8], now: Millis) -> Option<Verdict> {
        let call = match &mut item.ask {
            Ask::Act(call) => call,
            Ask::Wallet(asked) => return Some(Verdict::Wallet(self.find_wallet(asked))),
            Ask::Hold(id) => {
                let hold = self.state.hold_ref(*id);
                let found = hold.and_then(|h| Some(Box::new((*h, self.state.wallet(h.wallet)?.clone()))));
                return Some(Verdict::Hold(found));
            }
            Ask::Amended(event) => {
                return Some(Verdict::Amended(self.state.amended(*event).cloned()));
            }
            Ask::Order(id) => {
                let order = self.state.order(*id);
                let found =
                    order.and_then(|o| Some(Box::new((o.clone(), self.state.wallet(o.wallet)?.clone()))));
                return Some(Verdict::Order(found));
            }
            Ask::OpenOrders => return Some(Verdict::OpenOrders(self.state.open_orders())),
            Ask::Census => return Some(Verdict::Census(self.census())),
            Ask::Spent => return Some(Verdict::Spent(SpentToday::read(&self.state, now))),
            Ask::Means(key, customer) => {
                let wallet = self.state.wallet_of(customer).map(|wallet| wallet.number);
                return Some(Verdict::Means(self.state.means(*key, wallet, now)));
            }
            Ask::Lots(from, calendar) => {
                let as_of = Position(self.journal.head().next.0 + self.desk.frame.len() as u64);
                return Some(Verdict::Lots(Box::new(LotsSlice::read(&self.state, *from, calendar, as_of))));
            }
            Ask::Expiring(from, before) => {
                return Some(Verdict::Expiring(Box::new(ExpiringSlice::read(&self.state, *from, *before))));
            }
            Ask::Erase(erase) => {
                return Some(self.erase(erase).map_or_else(Verdict::Failed, Verdict::Erased));
            }
        };
        let missing = warm_up(&mut self.state, self.evicted_to, item.warm.take(), &call.action);
        if !missing.is_empty() {
            return Some(Verdict::Cold(missing));
        }
        let key = hash_key(&self.state, &item.key, &call.action);
        call.key = key;
        if let Some(verdict) = key.and_then(|key| self.seen(key, item.checked_to, item.cleared)) {
            return Some(verdict);
        }
        let mut recorder = self.desk.recorder(now, &arena[item.payload.clone()], item.digest);
        match execute(&mut self.state, call, now, &mut recorder) {
            Ok((recorded, fact)) => {
                if let Some(key) = key {
                    self.bind(key, recorded.id.position);
                }
                self.erasures.note(recorded.id.position, &fact);
                Some(Verdict::Done { position: recorded.id.position, at: now, fact: Box::new(fact) })
            }
            Err(Stop::Rejected(rejection)) => Some(Verdict::Rejected(rejection)),
            Err(Stop::Full(_)) => None,
        }
    }

    /// Whether a key was seen, perhaps, or has to be looked for in runs sealed since its caller looked.
    fn seen(&self, key: KeyHash, checked_to: Position, cleared: Option<Position>) -> Option<Verdict> {
        if checked_to < self.keys.covers_from() {
            return Some(Verdict::CheckRuns(key));
        }
        self.keys.find(key, cleared).map(Verdict::PerhapsDuplicate)
    }

    fn bind(&mut self, key: KeyHash, position: Position) {
        self.keys.insert(key, position);
        self.bound.push((key, position));
    }

    /// An atomic batch: all of its events or none, and one verdict for its one key.
    fn take_batch(&mut self, submission: &mut Submission, now: Millis) -> bool {
        let Some(first) = submission.items.first() else {
            submission.verdicts.push(Verdict::Failed(Failure::TooLarge));
            return true;
        };
        let Ask::Act(first_call) = &first.ask else {
            submission.verdicts.push(Verdict::Failed(Failure::NotRecorded));
            return true;
        };
        let key = hash_key(&self.state, &first.key, &first_call.action);
        if let Some(verdict) = key.and_then(|key| self.seen(key, first.checked_to, first.cleared)) {
            submission.verdicts.push(verdict);
            return true;
        }
        // What is due of its wallet stands, whatever becomes of the batch, and may fill frames of its own.
        if self.sweep_customer(&first_call.action, now).is_err() {
            return false;
        }
        let (mark, before) = (self.state.mark(), self.desk.frame.len());
        let undo = |writer: &mut Self| {
            writer.state.rollback(mark);
            writer.desk.frame.truncate(before);
        };
        match self.decide_batch(submission, key, now) {
            Ok(verdict) => {
                if let (Some(key), Verdict::Done { position, .. }) = (key, &verdict) {
                    self.bind(key, *position);
                }
                submission.verdicts.push(verdict);
                true
            }
            Err(BatchStop::Rejected(index, rejection)) => {
                undo(self);
                submission.verdicts.push(Verdict::RejectedInBatch { index, rejection });
                true
            }
            Err(BatchStop::Refused(index, refusal)) => {
                undo(self);
                let item = &submission.items[0];
                let Ask::Act(call) = &item.ask else { return true };
                let call = Call { key, ..call.clone() };
                let count = (as_u32(submission.items.len()), as_u32(index));
                let mut recorder =
                    self.desk.recorder(now, &submission.arena[item.payload.clone()], item.digest);
                match refuse_batch(&mut self.state, &call, count, refusal, now, &mut recorder) {
                    Ok((recorded, fact)) => {
                        let position = recorded.id.position;
                        if let Some(key) = key {
                            self.bind(key, position);
                        }
                        submission.verdicts.push(Verdict::Done { position, at: now, fact: Box::new(fact) });
                        true
                    }
                    Err(Stop::Rejected(rejection)) => {
                        submission.verdicts.push(Verdict::Rejected(rejection));
                        true
                    }
                    Err(Stop::Full(_)) => false,
                }
            }
            Err(BatchStop::Full) => {
                undo(self);
                if before == 0 {
                    submission.verdicts.push(Verdict::Failed(Failure::TooLarge));
                    return true;
                }
                false
            }
        }
    }

    fn sweep_customer(&mut self, action: &Action, now: Millis) -> Result<(), RecorderFull> {
        let Action::Meter { customer, .. } = action else { return Ok(()) };
        let due = self.state.wallet_of(customer).filter(|wallet| wallet.next_due <= now);
        match due.map(|wallet| wallet.number) {
            Some(wallet) => sweep(&mut self.state, wallet, now, &mut self.desk.own_recorder(now)).map(drop),
            None => Ok(()),
        }
    }

    fn decide_batch(
        &mut self,
        submission: &Submission,
        key: Option<KeyHash>,
        now: Millis,
    ) -> Result<Verdict, BatchStop> {
        let mut actor = KeyNo::SYSTEM;
        let mut metered: Option<(WalletNo, Position)> = None;
        let mut refusal = None;
        for (index, item) in submission.items.iter().enumerate() {
            let Ask::Act(call) = &item.ask else { continue };
            actor = call.actor;
            let mut recorder = self.desk.recorder(now, &submission.arena[item.payload.clone()], item.digest);
            let (recorded, fact) =
                execute(&mut self.state, call, now, &mut recorder).map_err(|stop| match stop {
                    Stop::Rejected(rejection) => BatchStop::Rejected(index, rejection),
                    Stop::Full(_) => BatchStop::Full,
                })?;
            let Fact::Wallet(fact) = fact else { continue };
            if let WalletEvent::Refused { refusal: why, .. } = fact.event {
                // Go on: something wrong in itself further down leaves no trace, and so comes before a verdict.
                refusal.get_or_insert((index, why));
                continue;
            }
            metered.get_or_insert((fact.header.wallet, recorded.id.position));
        }
        if let Some((index, refusal)) = refusal {
            return Err(BatchStop::Refused(index, refusal));
        }
        let Some((wallet, first)) = metered else { return Err(BatchStop::Full) };
        let (item, events) = (&submission.items[0], as_u32(submission.items.len()));
        let mut recorder = self.desk.recorder(now, &submission.arena[item.payload.clone()], item.digest);
        let origin = Origin { actor, key };
        let (recorded, fact) = accept_batch(&mut self.state, origin, wallet, (first, events), &mut recorder)
            .map_err(|_| BatchStop::Full)?;
        Ok(Verdict::Done { position: recorded.id.position, at: now, fact: Box::new(fact) })
    }

    fn find_wallet(&self, asked: &WalletAsked) -> Option<Box<chargly_ledger::Wallet>> {
        let wallet = match asked {
            WalletAsked::Customer(customer) => self.state.wallet_of(customer),
            WalletAsked::Number(number) => self.state.wallet(*number),
        };
        wallet.cloned().map(Box::new)
    }

    fn census(&self) -> Census {
        Census {
            wallets: self.state.wallet_count(),
            keys: self.keys.len(),
            clock_is_suspect: self.clock.is_suspect,
        }
    }

    /// Lets what is due happen to wallets that nobody touches, some per group.
    fn sweep_idle(&mut self, now: Millis) {
        let mut swept = 0;
        while swept < SWEEPS_PER_GROUP_MAX && self.has_room() {
            let Some(wallet) = self.state.next_due(now) else { break };
            let mut recorder = self.desk.own_recorder(now);
            match sweep(&mut self.state, wallet, now, &mut recorder) {
                Ok(facts) => swept += facts.max(1),
                Err(_) => break,
            }
        }
    }

    /// Commits the group and answers its callers, or undoes it and tells them.
    fn end(&mut self) -> GroupEnd {
        if self.desk.frame.is_empty() {
            self.answer_finished();
            return GroupEnd::Nothing;
        }
        let expected = self.desk.frame.first();
        match self.journal.append(&self.desk.frame, expected) {
            Ok(appended) => self.committed(appended),
            Err(AppendError::StorageFull) => self.undo(Failure::StorageFull),
            Err(AppendError::NotApplied(error)) => {
                tracing::error!(%error, "a group could not be recorded and was undone");
                self.undo(Failure::NotRecorded)
            }
            Err(AppendError::Unknown(error)) => {
                tracing::error!(%error, "the outcome of a commit is unknown; reading it back");
                self.read_back(expected)
            }
            Err(AppendError::Refused(error)) => {
                tracing::error!(%error, "a frame was refused by the journal");
                self.stop("a frame was made that the journal refuses")
            }
            Err(AppendError::Moved { .. }) => self.stop("another writer has appended to this journal"),
            Err(AppendError::Poisoned) => {
                self.stop("a flush to disk failed earlier; nothing is written any more")
            }
        }
    }

    fn committed(&mut self, appended: Appended) -> GroupEnd {
        self.state.commit();
        GroupEnd::Committed(appended.chunks)
    }

    /// Answers the callers of a committed group. Separate from the commit, so that what they may look at (the live
    /// tail, the catalogue) can be published first.
    pub fn answer_finished(&mut self) {
        for submission in self.finished.drain(..) {
            self.answered += submission.answer();
        }
    }

    fn undo(&mut self, failure: Failure) -> GroupEnd {
        self.state.rollback_all();
        self.erasures.undo(Position(self.journal.head().next.0));
        for (key, position) in self.bound.drain(..) {
            self.keys.remove(key, position);
        }
        let (reads, writes): (Vec<_>, Vec<_>) =
            self.finished.drain(..).chain(self.pending.drain(..)).partition(Submission::only_reads);
        for mut submission in writes {
            submission.take_back(self.group);
            submission.fail(failure);
            self.answered += submission.answer();
        }
        // Nobody's write keeps a reader from an answer: it is asked again of the state as it was.
        self.pending.extend(reads.into_iter().map(|mut submission| {
            submission.take_back(self.group);
            submission
        }));
        self.desk.frame.truncate(0);
        GroupEnd::Undone(failure)
    }

    fn stop(&mut self, why: &'static str) -> GroupEnd {
        self.undo(Failure::Stopped);
        GroupEnd::Stopped(why)
    }

    /// After a commit of unknown outcome: ours there = committed, nothing there = not applied, another's = fenced.
    fn read_back(&mut self, expected: chargly_journal::Position) -> GroupEnd {
        match self.journal.read_back(&self.desk.frame, expected) {
            Ok(ReadBack::Applied(appended)) => self.committed(appended),
            Ok(ReadBack::NotApplied) => self.undo(Failure::NotRecorded),
            Ok(ReadBack::Moved { .. }) => self.stop("another writer has appended to this journal"),
            Err(ReadError::Poisoned) => self.stop("a flush to disk failed; nothing is written any more"),
            Err(_) => self.stop("a commit's outcome is unknown and cannot be read back"),
        }
    }
}

impl Recovered {
    /// Of a fold that began with the checkpoint at `evicted_to`.
    pub fn new(fold: Fold, evicted_to: Position) -> Self {
        Self { state: fold.state, keys: fold.keys, evicted_to, erasures: fold.erasures }
    }
}

/// What a restart has folded together.
pub struct Recovered {
    /// The state at the journal's head.
    pub state: State,
    /// The keys that are in no sealed run.
    pub keys: RecentKeys,
    /// The checkpoint it was folded from: what is not in memory is to be found there. 0 when folded from the start.
    pub evicted_to: Position,
    /// Erasures that are recorded and not known to be carried out.
    pub(crate) erasures: Erasures,
}

/// Takes in what the caller brought back, and says what the action looks at that is still missing.
fn warm_up(
    state: &mut State,
    evicted_to: Position,
    brought: Option<Box<Warm>>,
    action: &Action,
) -> SmallVec<[ColdKey; 2]> {
    let mut missing = state.needs(action);
    // What was read before the last eviction may have changed since.
    let Some(brought) = brought.filter(|b| b.as_of >= evicted_to && !missing.is_empty()) else {
        return missing;
    };
    for record in brought.found {
        state.thaw(record);
    }
    missing = state.needs(action);
    missing.retain(|key| !brought.looked_for.contains(key));
    missing
}

fn hash_key(state: &State, key: &Key, action: &Action) -> Option<KeyHash> {
    match key {
        Key::None => None,
        Key::Hash(hash) => Some(*hash),
        Key::OfWalletsCustomer(key) => {
            let of_hold = |hold| state.hold_ref(hold).map(|h| h.wallet);
            let wallet = match action {
                Action::IncreaseHold(r) => of_hold(r.hold)?,
                Action::ExtendHold(r) => of_hold(r.hold)?,
                Action::CaptureHold { request, .. } => of_hold(request.hold)?,
                Action::VoidHold(r) => of_hold(r.hold)?,
                Action::VoidGrant { wallet, .. } => *wallet,
                Action::RefundOrder(r) => state.order(r.order)?.wallet,
                Action::Reverse { original, .. }
                | Action::Recharge { original, .. }
                | Action::Collect { original, .. }
                | Action::SetCost { original, .. } => original.wallet,
                _ => return None,
            };
            let customer = &state.wallet(wallet)?.customer;
            Some(key_hash(&state.catalogue().salt, Some(customer), key))
        }
    }
}

enum BatchStop {
    Rejected(usize, chargly_ledger::Rejection),
    Refused(usize, chargly_ledger::Refusal),
    Full,
}

fn as_u32(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
