//! What leaves memory once a checkpoint holds it: ended holds, orders that are done with, what became of events, lots
//! with nothing left.
//!
//! Almost no call looks at them again; one that does is told what it [needs](State::needs), its caller reads that
//! from the index, off the writer, and the call is taken up again with the state [warmed](State::thaw).
//!
//! Always in memory, because calls and time alone look at them: open holds, open orders, lots with credits left, and
//! what became of an event that is still owed.

use smallvec::SmallVec;

use crate::codec::{DecodeError, codec_enum, decode_one, encode_one};
use crate::state::{Amended, HoldRef, State};
use crate::{Action, Fact, Lot, LotNo, Position, TopUp, WalletEvent, WalletNo};

/// Names something that may have left memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ColdKey {
    /// What is remembered of an ended hold, by the place of its fact.
    Hold(Position),
    /// What became of an event after it was charged.
    Event(Position),
    /// An order.
    Order(Position),
    /// A lot with nothing left.
    Lot(WalletNo, LotNo),
}

/// Something that may leave memory, with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cold {
    /// What is remembered of an ended hold.
    Hold {
        /// Where its fact stands.
        placed: Position,
        /// What is remembered.
        hold: HoldRef,
    },
    /// What became of an event after it was charged.
    Event {
        /// Where its fact stands.
        event: Position,
        /// What became of it.
        amended: Amended,
    },
    /// An order.
    Order {
        /// Where its fact stands.
        placed: Position,
        /// What is remembered of it.
        order: Box<TopUp>,
    },
    /// A lot with nothing left.
    Lot {
        /// Whose.
        wallet: WalletNo,
        /// The lot.
        lot: Lot,
    },
}
codec_enum!(Cold, "cold record" { 1 => Hold { placed, hold }, 2 => Event { event, amended }, 3 => Lot { wallet, lot }, 4 => Order { placed, order } });

impl Cold {
    /// Its name.
    pub const fn key(&self) -> ColdKey {
        match self {
            Self::Hold { placed, .. } => ColdKey::Hold(*placed),
            Self::Event { event, .. } => ColdKey::Event(*event),
            Self::Order { placed, .. } => ColdKey::Order(*placed),
            Self::Lot { wallet, lot } => ColdKey::Lot(*wallet, lot.number),
        }
    }

    /// As bytes.
    pub fn encode(&self) -> Vec<u8> {
        encode_one(self)
    }

    /// Reads [`Cold::encode`] back.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        decode_one(bytes)
    }
}

impl State {
    /// What this action looks at that is not in memory: it may never have been, or have left.
    pub fn needs(&self, action: &Action) -> SmallVec<[ColdKey; 2]> {
        let hold = match action {
            Action::IncreaseHold(r) => r.hold,
            Action::ExtendHold(r) => r.hold,
            Action::CaptureHold { request, .. } => request.hold,
            Action::VoidHold(r) => r.hold,
            Action::Reverse { request, original } => {
                let later = self.amended(request.event).into_iter().flat_map(|a| &a.later);
                let payers = original.charge.draws.iter().map(|d| d.lot).chain(later.map(|(lot, _)| *lot));
                return self.needs_to_amend(request.event, original.wallet, payers);
            }
            Action::Recharge { request, original } => {
                return self.needs_to_amend(request.event, original.wallet, std::iter::empty());
            }
            Action::Collect { request, original } => {
                return self.needs_to_amend(request.event, original.wallet, std::iter::empty());
            }
            Action::SetCost { request, original, .. } => {
                return self.needs_to_amend(request.event, original.wallet, std::iter::empty());
            }
            Action::Annotate { annotated: Some(annotated), .. } => {
                let (event, wallet) = (annotated.event.position, annotated.original.wallet);
                return self.needs_to_amend(event, wallet, std::iter::empty());
            }
            Action::OpenCheckout(request) => return self.needs_of_order(request.order.position),
            Action::SettleOrder(request) => return self.needs_of_order(request.order.position),
            Action::RefundOrder(request) => return self.needs_of_order(request.order.position),
            _ => return SmallVec::new(),
        };
        let is_known = self.holds.contains_key(&hold.position);
        if is_known { SmallVec::new() } else { SmallVec::from_slice(&[ColdKey::Hold(hold.position)]) }
    }

    /// As [`State::needs`], for a fact about to be folded again.
    pub fn needs_of(&self, fact: &Fact) -> SmallVec<[ColdKey; 2]> {
        match fact {
            Fact::Wallet(fact) => match &fact.event {
                WalletEvent::Reversed { request, returns, .. } => {
                    let lots = returns.iter().map(|back| back.lot);
                    self.needs_to_amend(request.event, fact.header.wallet, lots)
                }
                WalletEvent::Recharged { request, .. } => {
                    self.needs_to_amend(request.event, fact.header.wallet, std::iter::empty())
                }
                WalletEvent::Collected { request, .. } => {
                    self.needs_to_amend(request.event, fact.header.wallet, std::iter::empty())
                }
                WalletEvent::CostSet { request, .. } => {
                    self.needs_to_amend(request.event, fact.header.wallet, std::iter::empty())
                }
                WalletEvent::EventAnnotated { event, .. } => {
                    self.needs_to_amend(event.position, fact.header.wallet, std::iter::empty())
                }
                WalletEvent::CheckoutOpened { request } => self.needs_of_order_alone(request.order.position),
                WalletEvent::OrderSettled { request, fulfilment, reclaim, .. } => {
                    let mut needs = self.needs_of_order_alone(request.order.position);
                    // Asked for once, where the order itself may not be there yet: the fact names its lot.
                    if let (None, Some(reclaim)) = (fulfilment, reclaim) {
                        let lots = reclaim.returns.iter().map(|back| back.lot).chain([reclaim.order_lot]);
                        needs.extend(self.needs_to_amend(request.order.position, fact.header.wallet, lots));
                    }
                    needs
                }
                // The lot has credits left, and is there.
                WalletEvent::RefundStarted { request, .. } => {
                    self.needs_of_order_alone(request.order.position)
                }
                _ => SmallVec::new(),
            },
            _ => SmallVec::new(),
        }
    }

    fn needs_of_order_alone(&self, placed: Position) -> SmallVec<[ColdKey; 2]> {
        let is_known = self.orders.contains_key(&placed);
        if is_known { SmallVec::new() } else { SmallVec::from_slice(&[ColdKey::Order(placed)]) }
    }

    /// What settling an order looks at: the order, its lot, and what became of the debt that is kept under its place.
    fn needs_of_order(&self, placed: Position) -> SmallVec<[ColdKey; 2]> {
        let Some(order) = self.orders.get(&placed) else {
            return SmallVec::from_slice(&[ColdKey::Order(placed)]);
        };
        let later = self.amended(placed).into_iter().flat_map(|a| &a.later).map(|(lot, _)| *lot);
        let lots = order.lot.into_iter().chain(later);
        let mut needs = self.needs_to_amend(placed, order.wallet, lots);
        // Before it has given credits there was nothing to take back, and nothing that became of it.
        if order.lot.is_none() {
            needs.retain(|key| !matches!(key, ColdKey::Event(_)));
        }
        needs
    }

    fn needs_to_amend(
        &self,
        event: Position,
        wallet: WalletNo,
        payers: impl Iterator<Item = LotNo>,
    ) -> SmallVec<[ColdKey; 2]> {
        let is_gone = |lot: &LotNo| self.wallet(wallet).is_some_and(|w| w.lot(*lot).is_none());
        let lots = payers.filter(is_gone).map(|lot| ColdKey::Lot(wallet, lot));
        let event = (!self.amended.contains_key(&event)).then_some(ColdKey::Event(event));
        event.into_iter().chain(lots).collect()
    }

    /// What has to be in memory after [`State::restore`], where there is such a record: what became of events that
    /// are still owed, since the next grant pays for them.
    pub fn always_warm(&self) -> Vec<ColdKey> {
        let owed = self.wallets().flat_map(crate::Wallet::debts).map(|slice| slice.event);
        let orders =
            self.wallets().flat_map(crate::Wallet::open_orders).map(|placed| ColdKey::Order(*placed));
        owed.map(ColdKey::Event).chain(orders).collect()
    }

    /// Takes a record back into memory. What is there already is newer and stays.
    pub fn thaw(&mut self, cold: Cold) {
        // It leaves again with the next checkpoint.
        self.changed_cold.push(cold.key());
        match cold {
            Cold::Hold { placed, hold } => {
                self.holds.entry(placed).or_insert(hold);
            }
            Cold::Event { event, amended } => {
                self.amended.entry(event).or_insert(amended);
            }
            Cold::Order { placed, order } => {
                self.orders.entry(placed).or_insert(order);
            }
            Cold::Lot { wallet, lot } => self.put_closed_lot(wallet, lot),
        }
    }

    /// Copies of what changed since this was last asked and may leave memory, for a checkpoint. Lots with nothing
    /// left are to be taken from the wallets that changed, too.
    pub fn take_cold(&mut self) -> Vec<Cold> {
        let mut keys = std::mem::take(&mut self.changed_cold);
        keys.sort_unstable();
        keys.dedup();
        keys.into_iter().filter_map(|key| self.cold(key)).collect()
    }

    /// Counts these as changed again: their checkpoint was not written after all.
    pub fn put_back_cold(&mut self, cold: &[Cold]) {
        self.changed_cold.extend(cold.iter().map(Cold::key));
    }

    /// Lets go of records that a checkpoint holds now, but for those that changed meanwhile or have to stay. Must not
    /// be called while anything may still be undone.
    pub fn evict(&mut self, cold: &[Cold]) {
        debug_assert!(self.is_settled(), "nothing leaves that may have to be undone");
        for record in cold {
            if self.cold(record.key()).as_ref() != Some(record) {
                continue;
            }
            match record {
                Cold::Hold { placed, .. } => drop(self.holds.remove(placed)),
                Cold::Event { event, amended } => {
                    let owes = |w: &crate::Wallet| w.debts().iter().any(|slice| slice.event == *event);
                    if !self.wallet(amended.wallet).is_some_and(owes) {
                        self.amended.remove(event);
                    }
                }
                Cold::Order { placed, order } if !order.is_open() => drop(self.orders.remove(placed)),
                Cold::Order { .. } => {}
                Cold::Lot { wallet, lot } => self.drop_closed_lot(*wallet, lot.number),
            }
        }
    }

    fn cold(&self, key: ColdKey) -> Option<Cold> {
        match key {
            ColdKey::Hold(placed) => {
                let ended = self.holds.get(&placed).filter(|hold| hold.end.is_some());
                ended.map(|hold| Cold::Hold { placed, hold: *hold })
            }
            ColdKey::Event(event) => {
                self.amended.get(&event).map(|amended| Cold::Event { event, amended: amended.clone() })
            }
            ColdKey::Order(placed) => {
                self.orders.get(&placed).map(|order| Cold::Order { placed, order: order.clone() })
            }
            ColdKey::Lot(wallet, number) => {
                let closed = self.wallet(wallet)?.closed_lots();
                let lot = closed.iter().find(|lot| lot.number == number)?;
                Some(Cold::Lot { wallet, lot: lot.clone() })
            }
        }
    }
}
