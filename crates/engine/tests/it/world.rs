//! A writer on a disk in memory, on a clock that the test moves.

use chargly_engine::journal::Journal as _;
use chargly_engine::journal::memory::{Faults, MemoryDisk};
use chargly_engine::journal::{MemoryJournal, payload_digest};
use chargly_engine::ledger::{
    Action, Call, Credits, Currency, EventTypeNo, Fact, IfInsufficient, KeyNo, MeterRequest, Payload,
    Quantity, WalletEvent, key_hash,
};
use chargly_engine::{
    Answered, Ask, Entropy, Failure, Fold, GroupEnd, Item, Key, ManualClock, Submission, Verdict,
    WalletAsked, Writer,
};
use tokio::sync::oneshot::{Receiver, error::TryRecvError};

use crate::fixtures::{event_type, lot};

pub(crate) const NOON: i64 = 1_800_000_000_000;

struct Zeros;

impl Entropy for Zeros {
    fn nonce(&mut self) -> [u8; 16] {
        [0; 16]
    }
}

pub(crate) struct World {
    pub(crate) disk: MemoryDisk,
    pub(crate) clock: ManualClock,
    pub(crate) writer: Writer<MemoryJournal>,
}

/// Answers that have not come yet.
pub(crate) struct Waiting(Receiver<Answered>);

impl Waiting {
    pub(crate) fn is_answered(&mut self) -> bool {
        !matches!(self.0.try_recv(), Err(TryRecvError::Empty))
    }

    pub(crate) fn verdicts(mut self) -> Vec<Verdict> {
        self.0.try_recv().expect("answered").verdicts
    }

    pub(crate) fn verdict(self) -> Verdict {
        self.verdicts().remove(0)
    }
}

impl World {
    /// With one event type, `chat.reply`, at 10 credits.
    pub(crate) fn new() -> Self {
        let (disk, clock) = (MemoryDisk::new(), ManualClock::at(NOON));
        let writer = open(&disk, &clock, false);
        let mut world = Self { disk, clock, writer };
        let created =
            Fact::EnvironmentCreated { name: "test".into(), salt: [7; 32], currency: Currency::USD };
        assert!(matches!(world.writer.record_own(1, &created, &world.clock), GroupEnd::Committed(_)));
        let define = Action::DefineEventType(event_type("chat.reply", 10));
        assert!(matches!(world.act(define, None), Verdict::Done { .. }));
        world
    }

    pub(crate) fn faults(&self) -> Faults {
        self.disk.faults()
    }

    /// The writer's process dies and another one starts.
    pub(crate) fn restart(&mut self) {
        self.disk.crash();
        self.writer = open(&self.disk, &self.clock, false);
    }

    /// As [`World::restart`], and whoever does it confirms what the wall clock says.
    pub(crate) fn restart_accepting_clock(&mut self) {
        self.disk.crash();
        self.writer = open(&self.disk, &self.clock, true);
    }

    pub(crate) fn submit(&mut self, items: Vec<Item>, arena: Vec<u8>, atomic: bool) -> Waiting {
        let (mut submission, answer) = Submission::new(items, arena);
        submission.atomic = atomic;
        self.writer.pending().push_back(submission);
        Waiting(answer)
    }

    pub(crate) fn submit_act(&mut self, action: Action, key: Option<&str>) -> Waiting {
        let mut arena = Vec::new();
        let item = item(action, key, &mut arena);
        self.submit(vec![item], arena, false)
    }

    /// Runs one group and, where it was committed, releases its answers.
    pub(crate) fn run(&mut self) -> GroupEnd {
        let end = self.writer.run_group(&self.clock);
        if matches!(end, GroupEnd::Committed(_)) {
            self.writer.answer_finished();
        }
        end
    }

    pub(crate) fn act(&mut self, action: Action, key: Option<&str>) -> Verdict {
        let waiting = self.submit_act(action, key);
        self.run();
        waiting.verdict()
    }

    pub(crate) fn available(&mut self, customer: &str) -> Option<Credits> {
        let item = Item::read(Ask::Wallet(WalletAsked::Customer(customer.into())));
        let waiting = self.submit(vec![item], Vec::new(), false);
        self.run();
        match waiting.verdict() {
            Verdict::Wallet(wallet) => wallet.map(|w| w.balance.available()),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn digest(&self) -> [u8; 32] {
        chargly_engine::ledger::state_digest(self.writer.state())
    }
}

fn open(disk: &MemoryDisk, clock: &ManualClock, accept_clock: bool) -> Writer<MemoryJournal> {
    let journal = MemoryJournal::open(disk);
    let mut fold = Fold::from_start();
    let mut reader = journal.reader();
    let mut from = chargly_engine::journal::Position(0);
    loop {
        let chunks = reader.chunks_from(from, 1 << 20).expect("readable");
        let Some(last) = chunks.last() else { break };
        from = last.end();
        for chunk in &chunks {
            fold.fold(chunk).expect("foldable");
        }
    }
    Writer::new(journal, fold.into(), clock, accept_clock, Box::new(Zeros))
}

pub(crate) fn item(action: Action, key: Option<&str>, arena: &mut Vec<u8>) -> Item {
    let customer = match &action {
        Action::Meter { customer, .. } | Action::Grant { customer, .. } => Some(customer.clone()),
        _ => None,
    };
    let start = arena.len();
    if let Some(key) = key {
        Payload { key: Some(key.into()), ..Payload::default() }.encode_into(arena);
    }
    let payload = start..arena.len();
    let digest = payload_digest(&arena[payload.clone()]);
    let key = match key {
        Some(key) => Key::Hash(key_hash(&[7; 32], customer.as_deref(), key)),
        None => Key::None,
    };
    let call = Call { actor: KeyNo::SYSTEM, key: None, action };
    Item { key, payload, digest, ..Item::read(Ask::Act(call)) }
}

pub(crate) fn grant(customer: &str, credits: i64) -> Action {
    let request = lot(credits);
    Action::Grant { customer: customer.into(), request }
}

pub(crate) fn meter(customer: &str) -> Action {
    let request = MeterRequest {
        event_type: EventTypeNo(0),
        quantity: Quantity::ONE,
        credits: None,
        cost: None,
        occurred_at: None,
        if_insufficient: IfInsufficient::Refuse,
    };
    Action::Meter { customer: customer.into(), request, inputs: Default::default(), facets: None }
}

/// What a verdict says, in a word.
pub(crate) fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Done { fact, .. } => match fact.as_ref() {
            Fact::Wallet(fact) => match &fact.event {
                WalletEvent::Metered { .. } => "metered",
                WalletEvent::Granted { .. } => "granted",
                WalletEvent::Refused { refusal, .. } => refusal.code(),
                _ => "done",
            },
            Fact::BatchAccepted { .. } => "batch accepted",
            _ => "done",
        },
        Verdict::Rejected(_) | Verdict::RejectedInBatch { .. } => "rejected",
        Verdict::PerhapsDuplicate(_) => "perhaps a duplicate",
        Verdict::Failed(Failure::StorageFull) => "storage full",
        Verdict::Failed(Failure::NotRecorded) => "not recorded",
        Verdict::Failed(Failure::Stopped) => "stopped",
        Verdict::Failed(Failure::TooLarge) => "too large",
        Verdict::Failed(Failure::Overloaded) => "overloaded",
        Verdict::Failed(Failure::IndexDamaged) => "index damaged",
        Verdict::CheckRuns(_) => "check runs",
        Verdict::Cold(_) => "cold",
        Verdict::Wallet(_)
        | Verdict::Hold(_)
        | Verdict::Amended(_)
        | Verdict::Order(_)
        | Verdict::OpenOrders(_)
        | Verdict::Census(_)
        | Verdict::Spent(_)
        | Verdict::Means(_)
        | Verdict::Lots(_)
        | Verdict::Expiring(_) => "read",
        Verdict::Erased(_) => "erased",
    }
}
