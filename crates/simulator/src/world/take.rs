//! Taking a call up again: the ledger decides, the tally adds up, and the fact keeps the name of the one it repeats.

use chargly_ledger::{
    Action, Call, EntryId, Fact, PayloadOf, Position, Recorded, Recorder, RecorderFull, Refusal, Terms,
    WalletEvent, WalletFact, WalletNo, execute_again, sweep,
};

use super::{Entry, Mode, World};
use crate::tally::Tally;

/// Where the copies of an event stand that happens more than once: far behind every position of a journal.
const COPY_SHIFT: u32 = 48;
/// Where packs stand that are bought again.
const PACK_BIT: u64 = 1 << 62;

/// What came of a call.
pub(super) enum Taken {
    /// It was done.
    Done(Box<WalletEvent>),
    /// It was refused.
    Refused(Refusal),
    /// What it refers to is not there.
    Missing,
}

/// Takes what the ledger records: names it, and adds it up.
pub(crate) struct Taker<'a> {
    tally: &'a mut Tally,
    name: Recorded,
    wallet: WalletNo,
    cost_nano: Option<i64>,
    /// How many more facts it takes.
    room: u32,
    /// What is expected, and how many facts came out as that.
    expected: Option<&'a Fact>,
    records: u32,
    equal: u32,
}

impl<'a> Taker<'a> {
    fn new(tally: &'a mut Tally, name: Recorded, wallet: WalletNo) -> Self {
        Self { tally, name, wallet, cost_nano: None, room: u32::MAX, expected: None, records: 0, equal: 0 }
    }

    /// For what happens by time.
    pub(crate) fn by_time(tally: &'a mut Tally, name: Recorded, wallet: WalletNo) -> Self {
        Self::new(tally, name, wallet)
    }

    /// Whether what is expected is all that came.
    fn is_as_expected(&self) -> bool {
        self.expected.is_none() || (self.records == 1 && self.equal == 1)
    }
}

impl Recorder for Taker<'_> {
    fn record(&mut self, fact: &Fact, payload: PayloadOf<'_>) -> Result<Recorded, RecorderFull> {
        self.room = self.room.checked_sub(1).ok_or(RecorderFull)?;
        self.records += 1;
        if self.expected.is_some_and(|expected| expected == fact) {
            self.equal += 1;
        }
        if let Fact::Wallet(WalletFact { event, .. }) = fact {
            self.tally.happened(self.name.at, self.wallet, event, self.cost_nano);
        }
        // The lot of an allowance's period is remembered by the fact that brought it.
        let brings_lot =
            matches!(fact, Fact::Wallet(fact) if matches!(fact.event, WalletEvent::AllowanceRenewed { .. }));
        Ok(match payload {
            PayloadOf::Call => self.name,
            PayloadOf::Nothing if brings_lot => self.name,
            // What else happens by time is not remembered by its name.
            PayloadOf::Nothing | PayloadOf::Customer(_) => {
                let id = EntryId { position: self.name.id.position, tag: 0 };
                Recorded { id, at: self.name.at }
            }
        })
    }
}

impl World {
    /// Takes a call up again under the name of its fact.
    pub(super) fn take(
        &mut self,
        entry: &Entry<'_>,
        fact: &WalletFact,
        action: Action,
        terms: Terms,
        cost_nano: Option<i64>,
    ) -> Taken {
        self.take_as(entry.recorded, entry, fact, &self.call(fact, action), terms, cost_nano)
    }

    /// As [`World::take`], for something that really happened: who buys again does so until it can be paid.
    pub(super) fn take_paid(
        &mut self,
        entry: &Entry<'_>,
        fact: &WalletFact,
        action: Action,
        (terms, cost_nano): (Terms, Option<i64>),
        copy: u32,
    ) -> Taken {
        let call = self.call(fact, action);
        let name = copy_name(entry.recorded, copy);
        loop {
            let taken = self.take_as(name, entry, fact, &call, terms, cost_nano);
            let is_short = matches!(taken, Taken::Refused(Refusal::InsufficientCredits { .. }));
            if !is_short || !self.buys_again(entry, fact) {
                return taken;
            }
        }
    }

    /// Lets the next thing of a wallet happen that is due when the fact was recorded.
    pub(super) fn by_time(&mut self, entry: &Entry<'_>, wallet: WalletNo) -> bool {
        let mut taker = Taker::new(&mut self.tally, entry.recorded, wallet);
        taker.expected = self.is_checked.then_some(entry.fact);
        taker.room = 1;
        // Full after one: the facts of the others follow, or time will come to them.
        let _ = sweep(&mut self.state, wallet, entry.recorded.at, &mut taker);
        let (taken, is_as_expected) = (taker.records > 0, taker.is_as_expected());
        self.differences += u64::from(taken && !is_as_expected);
        taken
    }

    fn call(&self, fact: &WalletFact, action: Action) -> Call {
        Call { actor: fact.header.origin.actor, key: fact.header.origin.key, action }
    }

    fn take_as(
        &mut self,
        name: Recorded,
        entry: &Entry<'_>,
        fact: &WalletFact,
        call: &Call,
        terms: Terms,
        cost_nano: Option<i64>,
    ) -> Taken {
        let wallet = fact.header.wallet;
        let mut taker = Taker::new(&mut self.tally, name, wallet);
        taker.cost_nano = cost_nano;
        taker.expected = self.is_checked.then_some(entry.fact);
        let taken = execute_again(&mut self.state, wallet, call, terms, entry.recorded.at, &mut taker);
        let is_as_expected = taker.is_as_expected();
        match taken {
            Ok((_, Fact::Wallet(WalletFact { event, .. }))) => {
                self.differences += u64::from(!is_as_expected);
                match event {
                    WalletEvent::Refused { refusal, .. } => Taken::Refused(refusal),
                    event => Taken::Done(Box::new(event)),
                }
            }
            Ok(_) | Err(_) => Taken::Missing,
        }
    }

    fn buys_again(&mut self, entry: &Entry<'_>, fact: &WalletFact) -> bool {
        if self.mode != Mode::Replenishing {
            return false;
        }
        let (wallet, now) = (fact.header.wallet, entry.recorded.at);
        let Some(request) = self.packs.buy(wallet, now) else { return false };
        let action = Action::Grant { customer: Default::default(), request };
        let call = self.call(fact, action);
        let mut taker = Taker::new(&mut self.tally, pack_name(entry.recorded), wallet);
        let bought = execute_again(&mut self.state, wallet, &call, Terms::default(), now, &mut taker);
        let is_bought =
            matches!(bought, Ok((_, Fact::Wallet(WalletFact { event: WalletEvent::Granted { .. }, .. }))));
        self.tally.totals.packs += u64::from(is_bought);
        is_bought
    }
}

/// A name of its own for each copy of an event, so that debts of the copies are told apart.
fn copy_name(recorded: Recorded, copy: u32) -> Recorded {
    renamed(recorded, u64::from(copy) << COPY_SHIFT)
}

fn pack_name(recorded: Recorded) -> Recorded {
    renamed(recorded, PACK_BIT)
}

fn renamed(recorded: Recorded, bits: u64) -> Recorded {
    let EntryId { position, tag } = recorded.id;
    Recorded { id: EntryId { position: Position(position.0 | bits), tag }, at: recorded.at }
}
