//! The auditor: keeps the books of what is on the disk and what clients were told, and says where they disagree.
//!
//! It reads the disk after every group, explains every fact by a call that some client made or by time, asks the
//! reference model for the same, and compares. Answers are then held against those books ([`told`]).
//!
//! Invariants checked here: the chain; time never goes back nor ahead of what may have passed; every fact has a
//! cause; every call is applied at most once and every key bound at most once; every number is the model's; every
//! prefix adds up ([`sums`]).

mod explain;
mod sums;
mod time;
mod told;

use std::collections::{BTreeMap, BTreeSet};

use chargly_engine::Fold;
use chargly_engine::ledger::{EntryId, Fact, Payload, Position, State, WalletEvent, state_digest};
use chargly_engine::{StoredPayload, read_entry};
use chargly_journal::{ChainCheck, Chunk, JournalReader};
use chargly_testkit::ledger::Names;
use chargly_testkit::model::{Balance, Happening, Micro, Model, Ms, Place, Request};

use crate::calls::{Call, CallNo, Slot};
use crate::clock::SimClock;
use crate::seen::Seen;
use time::Time;

/// Bytes of journal read at once.
const READ_BYTES: usize = 1024 * 1024;

/// A finding, in words.
pub(crate) type Finding = String;

/// A fact as it was read from the disk.
struct Kept {
    id: EntryId,
    /// The frame it came with.
    frame: u64,
    at: Ms,
    fact: Fact,
    bytes: Vec<u8>,
    payload: Payload,
}

/// What a customer's facts say.
struct Account {
    customer: String,
    /// The balance after each of its facts, in order.
    balances: Vec<(Place, Balance)>,
    /// How far below zero its policy lets it spend, in micro-credits.
    overdraft: Micro,
}

/// The books.
pub(crate) struct Auditor {
    /// The disk, folded as a restart would fold it.
    pub(crate) fold: Fold,
    /// Every call that clients made.
    pub(crate) calls: Vec<Call>,
    /// What was met.
    pub(crate) seen: Seen,
    /// Holds ever placed, and events ever charged, in order.
    pub(crate) holds: Vec<Place>,
    pub(crate) events: Vec<Place>,
    time: Time,
    chain: ChainCheck,
    kept: Vec<Kept>,
    /// How many of them are explained and in the books.
    entered: usize,
    model: Model,
    accounts: Vec<Account>,
    bound: BTreeMap<Slot, (CallNo, Place)>,
    hashes: BTreeMap<[u8; 16], Place>,
    /// Where the facts with a key stand, ascending.
    keyed: Vec<Place>,
    expired_holds: BTreeSet<Place>,
    catalogue_changed_at: Place,
    trace: blake3::Hasher,
}

impl Auditor {
    pub(crate) fn new(clock: &SimClock) -> Self {
        Self {
            fold: Fold::from_start(),
            calls: Vec::new(),
            seen: Seen::default(),
            holds: Vec::new(),
            events: Vec::new(),
            time: Time::new(clock),
            chain: ChainCheck::from_anywhere(),
            kept: Vec::new(),
            entered: 0,
            model: Model::new("usd"),
            accounts: Vec::new(),
            bound: BTreeMap::new(),
            hashes: BTreeMap::new(),
            keyed: Vec::new(),
            expired_holds: BTreeSet::new(),
            catalogue_changed_at: 0,
            trace: blake3::Hasher::new(),
        }
    }

    /// Reads what is new on the disk and explains it.
    pub(crate) fn catch_up(&mut self, reader: &mut dyn JournalReader) -> Result<(), Finding> {
        let from = chargly_journal::Position(self.len());
        for chunk in reader.chunks_from(from, READ_BYTES).map_err(|e| format!("the disk: {e}"))? {
            self.take(&chunk)?;
        }
        while self.entered < self.kept.len() {
            self.explain_next()?;
        }
        Ok(())
    }

    /// The disk once more from the start: everything that was ever read must still be there, byte for byte.
    pub(crate) fn read_all_again(&self, reader: &mut dyn JournalReader) -> Result<(), Finding> {
        let mut from = chargly_journal::Position(0);
        let mut kept = self.kept.iter();
        loop {
            let chunks = reader.chunks_from(from, READ_BYTES).map_err(|e| format!("the disk: {e}"))?;
            let Some(last) = chunks.last() else { break };
            from = last.end();
            for entry in chunks.iter().flat_map(Chunk::entries) {
                if kept.next().is_none_or(|kept| kept.bytes != entry.fact) {
                    return Err(format!("the fact at {} is another than it was", entry.position));
                }
            }
        }
        if kept.next().is_some() { Err("facts are missing at the journal's end".to_owned()) } else { Ok(()) }
    }

    /// How many facts there are.
    pub(crate) fn len(&self) -> Place {
        self.kept.len() as Place
    }

    /// The time of the last frame.
    pub(crate) fn now(&self) -> Ms {
        self.time.last()
    }

    /// Notes that the writer is about to read the clock.
    pub(crate) fn clock_will_be_read(&mut self, clock: &SimClock) {
        self.time.pass(clock);
    }

    /// Notes that a writer was started.
    pub(crate) fn writer_started(&mut self, clock: &SimClock) {
        let len = self.len();
        self.time.restart(clock, len, &mut self.seen);
    }

    /// The digest of the disk's state.
    pub(crate) fn digest(&self) -> [u8; 32] {
        state_digest(&self.fold.state)
    }

    /// How many keys were bound from a place on.
    pub(crate) fn keys_from(&self, place: Place) -> usize {
        self.keyed.len() - self.keyed.partition_point(|keyed| *keyed < place)
    }

    /// A hash over everything read and heard so far.
    pub(crate) fn trace(&self) -> [u8; 32] {
        *self.trace.finalize().as_bytes()
    }

    /// Notes a step in the trace.
    pub(crate) fn trace_step(&mut self, what: &str) {
        self.trace.update(what.as_bytes());
    }

    /// Whose keys this request's key is told apart from.
    pub(crate) fn owner(&self, request: &Request) -> Option<String> {
        if let Some(customer) = request.customer() {
            return Some(customer.to_owned());
        }
        let place = request.event().or_else(|| request.hold())?;
        match &self.at(place)?.fact {
            Fact::Wallet(fact) => {
                self.accounts.get(fact.header.wallet.index()).map(|account| account.customer.clone())
            }
            _ => None,
        }
    }

    /// How many lots a customer ever had.
    pub(crate) fn lots_of(&self, customer: &str) -> Option<u32> {
        let wallet = self.fold.state.wallet_of(customer)?;
        u32::try_from(wallet.lots.len() + wallet.closed_lots().len()).ok().filter(|lots| *lots > 0)
    }

    /// Whether this key is bound.
    pub(crate) fn is_bound(&self, slot: &Slot) -> bool {
        self.bound.contains_key(slot)
    }

    fn at(&self, place: Place) -> Option<&Kept> {
        self.kept.get(usize::try_from(place).ok()?)
    }

    /// Reads a chunk off the disk: only its form is looked at, its facts are explained later.
    fn take(&mut self, chunk: &Chunk) -> Result<(), Finding> {
        chunk.verify().map_err(|e| format!("chunk {}: {e}", chunk.first))?;
        self.chain.continues_with(chunk).map_err(|e| format!("chunk {}: {e}", chunk.first))?;
        self.time.frame(chunk.at_ms, &mut self.seen)?;
        self.trace.update(&chunk.hash.0);
        for entry in chunk.entries() {
            if entry.position.0 != self.len() {
                return Err(format!("position {} follows {} facts", entry.position, self.len()));
            }
            let stored = read_entry(chunk, &entry).map_err(|e| format!("fact {}: {e}", entry.position))?;
            let StoredPayload::Present(payload) = stored.payload else {
                return Err(format!("the payload of {} is gone, and nobody erased it", entry.position));
            };
            let bytes = entry.fact.to_vec();
            let hash = stored.fact.origin().and_then(|origin| origin.key);
            if let Some(first) = hash.and_then(|hash| self.hashes.insert(hash.0, entry.position.0)) {
                return Err(format!("one key was bound by the facts at {first} and {}", entry.position));
            }
            if hash.is_some() {
                self.keyed.push(entry.position.0);
            }
            let (id, frame, at, fact) = (stored.id, chunk.frame, chunk.at_ms, stored.fact);
            self.kept.push(Kept { id, frame, at, fact, bytes, payload });
        }
        self.fold.fold(chunk).map_err(|e| e.to_string())
    }

    /// What the model and the disk agree on is entered in the books.
    fn enter(&mut self, place: usize) -> Result<(), Finding> {
        let (kept, entry) = (&self.kept[place], &self.model.journal[place]);
        if let Happening::Opened { customer, .. } = &entry.what {
            let customer = customer.clone();
            self.accounts.push(Account { customer, balances: Vec::new(), overdraft: 0 });
        }
        if let Some(account) = entry.wallet.and_then(|number| self.accounts.get_mut(number)) {
            sums::check(account, &kept.fact, entry).map_err(|what| format!("fact {place}: {what}"))?;
            account.balances.push((place as Place, entry.after));
        }
        for what in chargly_testkit::script::in_entry(entry, &self.expired_holds) {
            self.seen.note(what);
        }
        let place = place as Place;
        match &entry.what {
            Happening::HoldPlaced { .. } => self.holds.push(place),
            Happening::Metered { .. } | Happening::HoldCaptured { .. } => self.events.push(place),
            Happening::HoldExpired { hold, .. } => {
                self.expired_holds.insert(*hold);
            }
            Happening::EventTypeDefined { .. } | Happening::PricePublished { .. } => {
                self.catalogue_changed_at = place;
            }
            _ => {}
        }
        self.entered += 1;
        Ok(())
    }
}

impl Names for Auditor {
    fn state(&self) -> &State {
        &self.fold.state
    }

    fn id(&self, position: Position) -> Option<EntryId> {
        self.at(position.0).map(|kept| kept.id)
    }

    fn fact(&self, position: Position) -> Option<Fact> {
        self.at(position.0).map(|kept| kept.fact.clone())
    }
}

/// Whether a fact happened by time alone.
fn is_by_time(fact: &Fact) -> bool {
    let Fact::Wallet(fact) = fact else { return false };
    matches!(
        fact.event,
        WalletEvent::HoldExpired { .. } | WalletEvent::LotExpired { .. } | WalletEvent::LotActivated { .. }
    )
}
