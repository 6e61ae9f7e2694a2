//! The real ledger, asked in the model's words.

use std::collections::HashMap;

use chargly_ledger::{
    Action, Call, Currency, Fact, KeyHash, KeyNo, Mark, Millis, Position, Recorder, Rejection, State, Stop,
    WalletEvent, WalletNo, difference, execute, key_hash, sweep,
};

use super::cold::Freezer;
use super::{VecRecorder, facts, requests};
use crate::model::{Answer, Entry, Means, Ms, Place, Rejected, Request, WalletView};

/// Keys the hashes of the driver's environment.
const SALT: [u8; 32] = [7; 32];
/// The API key that asks for everything here.
pub(super) const ACTOR: KeyNo = KeyNo(1);

/// A real ledger with a journal in memory and the index of keys that an engine would keep.
pub struct Driver {
    /// The ledger's state.
    pub state: State,
    /// Its journal.
    pub recorder: VecRecorder,
    keys: HashMap<KeyHash, Position>,
    /// Holds ever placed, with their wallets, in order.
    pub(super) holds: Vec<(Position, WalletNo)>,
    /// Events ever charged, with their wallets, in order.
    pub(super) events: Vec<(Position, WalletNo)>,
    /// Orders ever placed, with their wallets, in order.
    pub(super) orders: Vec<(Position, WalletNo)>,
    /// What has left memory, where nothing stays that need not.
    freezer: Option<Freezer>,
}

/// A point to come back to.
#[derive(Clone, Copy, Debug)]
pub struct DriverMark(Mark, usize);

impl Driver {
    /// An environment with one currency, in lower case.
    pub fn new(currency: &str) -> Self {
        let currency = Currency::parse(currency).expect("a currency code");
        let begun = Fact::EnvironmentCreated { name: "test".into(), salt: SALT, currency };
        let (mut state, mut recorder) = (State::new(), VecRecorder::default());
        let recorded = recorder.record(&begun, chargly_ledger::PayloadOf::Nothing).expect("room");
        state.apply(recorded, &begun, None);
        Self {
            state,
            recorder,
            keys: HashMap::new(),
            holds: Vec::new(),
            events: Vec::new(),
            orders: Vec::new(),
            freezer: None,
        }
    }

    /// Keeps from now on nothing in memory that a checkpoint would hold. What is compared after every step is not
    /// there then.
    #[must_use]
    pub fn forgetful(mut self) -> Self {
        self.freezer = Some(Freezer::default());
        self
    }

    /// Brings everything back that left memory.
    pub fn remember(&mut self) {
        if let Some(mut freezer) = self.freezer.take() {
            freezer.thaw_all(&mut self.state);
        }
    }

    /// Asks for something at `now`, as an engine does: the key first, then the rules.
    pub fn ask(&mut self, key: Option<&str>, request: &Request, now: Ms) -> Answer {
        let key = key.map(|key| key_hash(&SALT, self.namespace(request).as_deref(), key));
        // Grants are found by their facts in an engine, and by their numbers here.
        if let (Some(freezer), Request::VoidGrant { .. }) = (&mut self.freezer, request) {
            freezer.thaw_all(&mut self.state);
        }
        let Some(action) = requests::action(self, request) else {
            return Answer::Rejected(Rejected::NotFound);
        };
        if let Some(first) = key.and_then(|k| self.keys.get(&k)).copied() {
            return self.answer_again(first, &action);
        }
        if let Some(freezer) = &mut self.freezer {
            freezer.warm_up(&mut self.state, &action);
        }
        self.recorder.now = Millis(now);
        let begun = self.recorder.stored().len();
        let call = Call { actor: ACTOR, key, action };
        let mut done = execute(&mut self.state, &call, Millis(now), &mut self.recorder);
        if matches!(done, Err(Stop::Full(_))) {
            // As an engine does with the next frame: what was recorded stands, the call is taken up again.
            self.recorder.room = None;
            done = execute(&mut self.state, &call, Millis(now), &mut self.recorder);
        }
        self.note(begun);
        if let Some(freezer) = &mut self.freezer {
            freezer.freeze(&mut self.state);
        }
        match done {
            Ok((recorded, _)) => {
                if let Some(key) = key {
                    self.keys.insert(key, recorded.id.position);
                }
                // A definition that a full frame parted from its first price is answered with the definition.
                let is_parted =
                    matches!(self.recorder.fact(Position(begun as u64)), Some(Fact::Catalogue(_)));
                Answer::Done(if is_parted { begun as Place } else { recorded.id.position.0 })
            }
            Err(Stop::Rejected(rejection)) => Answer::Rejected(rejected(&rejection)),
            Err(Stop::Full(full)) => panic!("a fresh frame has room: {full}"),
        }
    }

    /// Lets what is due at `now` happen in a customer's wallet.
    pub fn sweep(&mut self, customer: &str, now: Ms) {
        let Some(wallet) = self.state.wallet_of(customer).map(|w| w.number) else { return };
        self.recorder.now = Millis(now);
        let begun = self.recorder.stored().len();
        sweep(&mut self.state, wallet, Millis(now), &mut self.recorder).expect("room");
        self.note(begun);
    }

    /// How many facts there are.
    pub fn len(&self) -> usize {
        self.recorder.stored().len()
    }

    /// Whether there are none; never, as the first one begins the journal.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What happened from `place` on, in the model's words.
    pub fn journal_from(&self, place: usize) -> Vec<Entry> {
        (place as u64..self.len() as u64).filter_map(|place| self.entry(place)).collect()
    }

    /// What happened at `place`, in the model's words.
    pub fn entry(&self, place: Place) -> Option<Entry> {
        let fact = self.recorder.fact(Position(place))?;
        let customer = self.recorder.customer(Position(place));
        Some(facts::entry(&fact, self.state.catalogue(), customer))
    }

    /// Every wallet in the model's words, in the order of opening.
    pub fn wallets(&self) -> Vec<WalletView> {
        self.state.wallets().map(|w| self.view(w)).collect()
    }

    /// What may still be spent in the name of the key that asks, for a wallet, in the model's words.
    pub fn means(&self, wallet: usize, now: Ms) -> Means {
        let means = self.state.means(ACTOR, Some(WalletNo::at(wallet)), Millis(now));
        let words = |allotted: chargly_ledger::Allotted| {
            (allotted.limit.micro().into(), allotted.spent.micro().into())
        };
        Means {
            key: means.key.map(words),
            customer: means.customer.map(words),
            total: means.total.micro().into(),
        }
    }

    /// Notes a point to come back to.
    pub fn mark(&mut self) -> DriverMark {
        DriverMark(self.state.mark(), self.len())
    }

    /// Undoes everything since `mark`: state, journal, keys.
    pub fn rollback(&mut self, mark: DriverMark) {
        let DriverMark(mark, len) = mark;
        self.state.rollback(mark);
        self.recorder.truncate(len);
        let kept = |position: &Position| position.0 < len as u64;
        self.keys.retain(|_, position| kept(position));
        self.holds.retain(|(position, _)| kept(position));
        self.events.retain(|(position, _)| kept(position));
        self.orders.retain(|(position, _)| kept(position));
    }

    fn answer_again(&self, first: Position, action: &Action) -> Answer {
        let catalogue = self.state.catalogue();
        let recorded = self.recorder.fact(first).and_then(|fact| fact.asked_fields(catalogue));
        let (Some(recorded), Some(asked)) = (recorded, action.asked_fields(catalogue)) else {
            panic!("only what can be compared is asked with a key here")
        };
        match difference(&recorded, &asked) {
            Some(different) => Answer::Conflict { field: different.field },
            None => Answer::Replayed(first.0),
        }
    }

    /// The customer whose keys a request's key is told apart from.
    fn namespace(&self, request: &Request) -> Option<String> {
        if let Some(customer) = request.customer() {
            return Some(customer.to_owned());
        }
        let of = |list: &[(Position, WalletNo)], place: Place| {
            list.iter().find(|(at, _)| at.0 == place).map(|(_, wallet)| *wallet)
        };
        let wallet = match (request.event(), request.order()) {
            (Some(event), _) => of(&self.events, event),
            (None, Some(order)) => of(&self.orders, order),
            (None, None) => request.hold().and_then(|hold| of(&self.holds, hold)),
        };
        self.state.customer(wallet?).map(|c| c.to_string())
    }

    fn note(&mut self, begun: usize) {
        for place in begun as u64..self.len() as u64 {
            let Some(Fact::Wallet(fact)) = self.recorder.fact(Position(place)) else { continue };
            let at = (Position(place), fact.header.wallet);
            match fact.event {
                WalletEvent::HoldPlaced { .. } => self.holds.push(at),
                WalletEvent::OrderPlaced { .. } => self.orders.push(at),
                WalletEvent::Metered { .. } | WalletEvent::HoldCaptured { .. } => self.events.push(at),
                _ => {}
            }
        }
    }
}

fn rejected(rejection: &Rejection) -> Rejected {
    match rejection {
        Rejection::UnknownEventType => Rejected::UnknownEventType,
        Rejection::EventTypeArchived => Rejected::EventTypeArchived,
        Rejection::NoActivePrice => Rejected::NoActivePrice,
        Rejection::CostRequired => Rejected::CostRequired,
        Rejection::Invalid { field, .. } => Rejected::Invalid { field: field.to_string() },
        Rejection::NotFound { .. } => Rejected::NotFound,
        Rejection::CustomerErased => Rejected::CustomerErased,
        Rejection::Unchanged => Rejected::Unchanged,
        Rejection::CorrectionRunning
        | Rejection::RecommendationNotOpen { .. }
        | Rejection::RecommendationNotApplicable => panic!("no script asks for that: {rejection}"),
    }
}
