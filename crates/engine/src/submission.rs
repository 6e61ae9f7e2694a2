//! What callers hand to the writer, and what they get back.

use std::collections::HashMap;
use std::ops::{AddAssign, Range};
use std::sync::Arc;

use chargly_ledger::{
    Call, Cold, ColdKey, Credits, EntryId, Fact, HoldRef, KeyHash, KeyNo, Means, Millis, Position, Rejection,
    State, TopUp, Wallet, WalletNo,
};
use compact_str::CompactString;
use smallvec::SmallVec;
use thiserror::Error;
use tokio::sync::oneshot;

use crate::usecases::ExpiringSlice;
use crate::usecases::figures::{Aged, Calendar, LotsSlice};

/// One thing asked of the writer.
#[derive(Debug)]
pub struct Item {
    /// What is asked.
    pub ask: Ask,
    /// Under which idempotency key.
    pub key: Key,
    /// Where in the submission's arena the payload stands.
    pub payload: Range<usize>,
    /// Its digest, computed by the caller.
    pub digest: [u8; 32],
    /// Facts up to this position that looked like duplicates were found to be other keys'.
    pub cleared: Option<Position>,
    /// The key is in no sealed run below this position.
    pub checked_to: Position,
    /// What the caller brought back from the index.
    pub warm: Option<Box<Warm>>,
}

/// Records that had left memory, brought back by the caller.
#[derive(Debug)]
pub struct Warm {
    /// The checkpoint they were read at.
    pub as_of: Position,
    /// What was looked for.
    pub looked_for: Vec<ColdKey>,
    /// What was found.
    pub found: Vec<Cold>,
}

impl Item {
    /// An item that only asks.
    pub fn read(ask: Ask) -> Self {
        let (checked_to, digest) = (Position(0), [0; 32]);
        Self { ask, key: Key::None, payload: 0..0, digest, cleared: None, checked_to, warm: None }
    }
}

/// What is asked.
#[derive(Debug)]
pub enum Ask {
    /// To do something. The writer fills in the key's hash where the caller could not.
    Act(Call),
    /// To tell how a wallet stands.
    Wallet(WalletAsked),
    /// To tell how a hold stands, and its wallet.
    Hold(EntryId),
    /// To tell what became of the event at a position.
    Amended(Position),
    /// To tell how an order stands, and its wallet.
    Order(EntryId),
    /// To tell which orders' providers have to be asked for news.
    OpenOrders,
    /// To tell how many wallets there are, and the like.
    Census,
    /// To tell what was spent today by keys with a budget.
    Spent,
    /// To tell what a key may still spend today for a customer.
    Means(KeyNo, CompactString),
    /// To tell what the lots of some wallets still owe, from this wallet on, and by when.
    Lots(WalletNo, Arc<Calendar>),
    /// To tell which lots of some wallets, from this wallet on, expire before this time.
    Expiring(WalletNo, Millis),
    /// To erase payloads of facts that are recorded.
    Erase(Erase),
}

/// Payloads to erase, in one turn of the writer.
#[derive(Debug)]
pub struct Erase {
    /// Of which facts.
    pub positions: Vec<Position>,
    /// The erasure that is carried out with these, by the place of its fact.
    pub completes: Option<Position>,
}

/// Which wallet a read is about.
#[derive(Debug)]
pub enum WalletAsked {
    /// The customer's own id.
    Customer(CompactString),
    /// Its number.
    Number(WalletNo),
}

/// An idempotency key, as far as the caller could hash it.
#[derive(Clone, Debug)]
pub enum Key {
    /// None was given.
    None,
    /// Hashed in its namespace.
    Hash(KeyHash),
    /// To be hashed in the namespace of the customer whose hold, grant or event this is about: only the writer knows
    /// whose.
    OfWalletsCustomer(CompactString),
}

/// What the writer says of one item.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// Durable: done, or refused by a recorded verdict.
    Done {
        /// Its place.
        position: Position,
        /// Its time.
        at: Millis,
        /// What happened.
        fact: Box<Fact>,
    },
    /// Not taken up; no trace.
    Rejected(Rejection),
    /// One event of an atomic batch was not taken up; no trace of any.
    RejectedInBatch {
        /// Which.
        index: usize,
        /// Why.
        rejection: Rejection,
    },
    /// The key was seen, perhaps: the fact at this position says.
    PerhapsDuplicate(Position),
    /// The key has to be looked for in the sealed runs first.
    CheckRuns(KeyHash),
    /// What is asked depends on records that have to be looked for in the index first.
    Cold(SmallVec<[ColdKey; 2]>),
    /// How the wallet stands.
    Wallet(Option<Box<Wallet>>),
    /// How the hold stands, and its wallet; `None` where there is no such hold.
    Hold(Option<Box<(HoldRef, Wallet)>>),
    /// What became of the event; `None` where nothing did, or what did has left memory.
    Amended(Option<chargly_ledger::Amended>),
    /// How the order stands, and its wallet; `None` where there is no such order, or it has left memory.
    Order(Option<Box<(TopUp, Wallet)>>),
    /// Orders whose providers have to be asked for news, oldest first.
    OpenOrders(Vec<EntryId>),
    /// Figures about the environment.
    Census(Census),
    /// What was spent today by keys with a budget.
    Spent(SpentToday),
    /// What the key may still spend today for the customer.
    Means(Means),
    /// What the lots of some wallets still owe, and by when.
    Lots(Box<(LotsSlice, Aged)>),
    /// Which lots of some wallets expire.
    Expiring(Box<ExpiringSlice>),
    /// Payloads are erased, durably.
    Erased(chargly_journal::Erased),
    /// Not applied, or nobody knows.
    Failed(Failure),
}

/// Figures about an environment's state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Wallets opened.
    pub wallets: usize,
    /// Idempotency keys bound that are in no sealed run yet.
    pub keys: usize,
    /// Whether the wall clock is believed to be wrong, so that time goes on without it.
    pub clock_is_suspect: bool,
}

/// What was spent today by keys with a budget.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpentToday {
    /// When that was asked.
    pub now: Millis,
    /// By key: in all, and for how many customers, where there is a limit for each.
    pub by_key: HashMap<KeyNo, (Credits, usize)>,
}

impl SpentToday {
    /// As the state has it.
    pub(crate) fn read(state: &State, now: Millis) -> Self {
        let limited = state.catalogue().keys.iter().filter(|key| key.budget.is_some());
        Self { now, by_key: limited.map(|key| (key.number, state.spending().of(key, now))).collect() }
    }

    /// What was spent in the name of a key and those it was made in place of: in all, and for how many customers.
    pub fn of(&self, key: KeyNo) -> (Credits, usize) {
        self.by_key.get(&key).copied().unwrap_or_default()
    }
}

/// Why the writer could not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Failure {
    /// Too much is waiting. Not applied.
    #[error("too many calls are waiting")]
    Overloaded,
    /// The disk is full. Not applied.
    #[error("the disk is full: nothing more can be recorded until there is room")]
    StorageFull,
    /// The group could not be committed. Not applied.
    #[error("the call could not be recorded")]
    NotRecorded,
    /// The writer has stopped. Whether the call was applied is not known here; asking again with the same key is safe.
    #[error("the writer has stopped")]
    Stopped,
    /// An index cannot be read, so that nobody knows whether the key was used before. Not applied.
    #[error("an index of the data directory is damaged")]
    IndexDamaged,
    /// The batch does not fit into one frame, and an atomic one must.
    #[error("the batch is too large to be accepted or refused as a whole")]
    TooLarge,
}

/// A submission come back: what was asked, and what was said of it.
#[derive(Debug)]
pub struct Answered {
    /// As submitted.
    pub is_urgent: bool,
    /// As submitted.
    pub items: Vec<Item>,
    /// As submitted.
    pub arena: Vec<u8>,
    /// One per item, or a single one for an atomic batch.
    pub verdicts: Vec<Verdict>,
}

/// What submissions take of the queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weight {
    /// All of them, in bytes.
    pub bytes: usize,
    /// Those that may use the reserve, in bytes.
    pub urgent_bytes: usize,
}

impl AddAssign for Weight {
    fn add_assign(&mut self, other: Self) {
        self.bytes += other.bytes;
        self.urgent_bytes += other.urgent_bytes;
    }
}

/// A caller's items, with what belongs to them.
#[derive(Debug)]
pub struct Submission {
    /// In the order in which they are to be taken up.
    pub items: Vec<Item>,
    /// Their payloads.
    pub arena: Vec<u8>,
    /// Whether they are to be accepted all or none. Their key is then the first item's.
    pub atomic: bool,
    /// Whether this may use the reserve that is kept for ending what was begun.
    pub is_urgent: bool,
    /// Whether it goes on with a batch that was let in: a batch is let in or turned away as a whole.
    pub(crate) is_admitted: bool,
    reply: Option<oneshot::Sender<Answered>>,
    /// Verdicts so far.
    pub(crate) verdicts: Vec<Verdict>,
    /// The group it was last taken up in.
    group: u64,
    /// How many verdicts there were when that group began: those are durable.
    durable: usize,
}

impl Submission {
    /// A submission, and where its verdicts will arrive: one per item, or a single one for an atomic batch.
    pub fn new(items: Vec<Item>, arena: Vec<u8>) -> (Self, oneshot::Receiver<Answered>) {
        let (reply, answer) = oneshot::channel();
        let verdicts = Vec::with_capacity(items.len());
        let submission = Self {
            items,
            arena,
            atomic: false,
            is_urgent: false,
            is_admitted: false,
            reply: Some(reply),
            verdicts,
            group: 0,
            durable: 0,
        };
        (submission, answer)
    }

    /// What it takes of the queue.
    pub(crate) fn weight(&self) -> Weight {
        let bytes = self.arena.len() + self.items.len() * size_of::<Item>() + 64;
        Weight { bytes, urgent_bytes: if self.is_urgent { bytes } else { 0 } }
    }

    pub(crate) fn is_done(&self) -> bool {
        self.atomic && !self.verdicts.is_empty() || self.verdicts.len() >= self.items.len()
    }

    /// Notes that it is taken up, perhaps not for the first time, in this group.
    pub(crate) fn enter(&mut self, group: u64) {
        if self.group != group {
            self.group = group;
            self.durable = self.verdicts.len();
        }
    }

    /// Whether it only asks, so that a failed write of others need not fail it.
    pub(crate) fn only_reads(&self) -> bool {
        self.items.iter().all(|item| !matches!(item.ask, Ask::Act(_)))
    }

    /// Takes back what was decided in this group, which could not be committed. What earlier groups decided stands.
    pub(crate) fn take_back(&mut self, group: u64) {
        if self.group == group {
            self.verdicts.truncate(self.durable);
        }
    }

    /// Fails what has no verdict yet.
    pub(crate) fn fail(&mut self, failure: Failure) {
        let wanted = if self.atomic { 1 } else { self.items.len() };
        self.verdicts.resize(wanted, Verdict::Failed(failure));
    }

    /// Answers, and says what it took of the queue. A caller that has gone away does not matter: what was decided
    /// stands.
    pub(crate) fn answer(mut self) -> Weight {
        let weight = self.weight();
        if let Some(reply) = self.reply.take() {
            let Self { is_urgent, items, arena, verdicts, .. } = self;
            let _ = reply.send(Answered { is_urgent, items, arena, verdicts });
        }
        weight
    }
}
