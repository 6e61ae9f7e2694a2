//! A wallet: one customer's lots, holds and debt.

use compact_str::CompactString;
use smallvec::SmallVec;

use crate::codec::{codec_enum, codec_struct};
use crate::{
    Allowance, Balance, Credits, EntryId, EventTypeNo, Lot, LotNo, LotStatus, Millis, Position, PriceNo,
    Reserve, SetAside, WalletNo,
};

/// What happens when credits run out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Policy {
    /// Calls that the wallet cannot pay are refused. The default.
    #[default]
    Strict,
    /// The wallet may go into debt, down to a limit.
    Overdraft {
        /// The most it may owe, open holds on the overdraft included.
        limit: Credits,
    },
    /// Never refuse: charge what is there, and mark the rest as used, not charged.
    RecordOnly,
}
codec_enum!(Policy, "policy" { 0 => Strict, 1 => Overdraft { limit }, 2 => RecordOnly });

/// An open hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The fact that placed it.
    pub id: EntryId,
    /// What it is for.
    pub event_type: EventTypeNo,
    /// The price version it pinned; `None` where the caller set the credits.
    pub price: Option<PriceNo>,
    /// How much capture may still take.
    pub credits: Credits,
    /// What is set aside, by lot, in burn order.
    pub reserves: SmallVec<[Reserve; 2]>,
    /// What is set aside on the wallet's overdraft.
    pub on_overdraft: Credits,
    /// What of it counts against budgets.
    pub counted: Vec<SetAside>,
    /// When it was placed.
    pub placed_at: Millis,
    /// When it lapses by itself.
    pub expires_at: Millis,
}
codec_struct!(Hold {
    id,
    event_type,
    price,
    credits,
    reserves,
    on_overdraft,
    counted,
    placed_at,
    expires_at
});

impl Hold {
    /// What it takes off the wallet's available credits.
    pub fn held(&self) -> Credits {
        self.on_overdraft + self.reserves.iter().map(|r| r.credits).sum()
    }
}

/// Part of an event that is still owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DebtSlice {
    /// Which event.
    pub event: Position,
    /// Of which type: a lot settles it only if the lot pays for that type.
    pub event_type: EventTypeNo,
    /// Under which price version.
    pub price: Option<PriceNo>,
    /// How much.
    pub credits: Credits,
}
codec_struct!(DebtSlice { event, event_type, price, credits });

/// One customer's credits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wallet {
    /// Its number.
    pub number: WalletNo,
    /// The fact that opened it.
    pub id: EntryId,
    /// The customer's own id; empty once erased.
    pub customer: CompactString,
    /// What it has.
    pub balance: Balance,
    /// What happens when credits run out.
    pub policy: Policy,
    /// Its latest fact.
    pub last: Position,
    /// The number the next lot gets.
    pub next_lot: LotNo,
    /// When the next lot or hold of it falls due; [`Millis::NEVER`] when nothing does.
    pub next_due: Millis,
    /// Lots with credits left, in burn order.
    pub lots: SmallVec<[Lot; 1]>,
    /// What most wallets have none of.
    rest: Option<Box<Rest>>,
}
codec_struct!(Wallet { number, id, customer, balance, policy, last, next_lot, next_due, lots, rest });

#[derive(Clone, Debug, PartialEq, Eq, Default)]
struct Rest {
    holds: Vec<Hold>,
    debts: Vec<DebtSlice>,
    closed: Vec<Lot>,
    frozen_by: Option<Position>,
    open_orders: Vec<Position>,
    allowances: Vec<Allowance>,
}
codec_struct!(Rest { holds, debts, closed, frozen_by, open_orders, allowances });

impl crate::codec::Codec for Box<Rest> {
    fn put(&self, out: &mut Vec<u8>) {
        (**self).put(out);
    }
    fn get(from: &mut crate::codec::Bytes<'_>) -> Result<Self, crate::DecodeError> {
        Rest::get(from).map(Self::new)
    }
}

impl Wallet {
    pub(crate) fn open(number: WalletNo, id: EntryId, customer: CompactString) -> Self {
        Self {
            number,
            id,
            customer,
            balance: Balance::default(),
            policy: Policy::Strict,
            last: id.position,
            next_lot: LotNo(1),
            next_due: Millis::NEVER,
            lots: SmallVec::new(),
            rest: None,
        }
    }

    /// Open holds, oldest first.
    pub fn holds(&self) -> &[Hold] {
        self.rest.as_ref().map_or(&[], |r| &r.holds)
    }

    /// What is owed, oldest first.
    pub fn debts(&self) -> &[DebtSlice] {
        self.rest.as_ref().map_or(&[], |r| &r.debts)
    }

    /// Whether its customer was erased.
    pub fn is_erased(&self) -> bool {
        self.customer.is_empty()
    }

    /// Lots with nothing left, by number: used up, lapsed or voided. A reversal may bring one back. Those that a
    /// checkpoint holds may have left memory.
    pub fn closed_lots(&self) -> &[Lot] {
        self.rest.as_ref().map_or(&[], |r| &r.closed)
    }

    /// The fact that froze the wallet, while it is frozen.
    pub fn frozen_by(&self) -> Option<Position> {
        self.rest.as_ref().and_then(|r| r.frozen_by)
    }

    /// Orders whose provider has to be asked for news, oldest first, by their places.
    pub fn open_orders(&self) -> &[Position] {
        self.rest.as_ref().map_or(&[], |r| &r.open_orders)
    }

    /// What it is given again and again.
    pub fn allowances(&self) -> &[Allowance] {
        self.rest.as_ref().map_or(&[], |r| &r.allowances)
    }

    /// An allowance by its code.
    pub fn allowance(&self, code: &str) -> Option<&Allowance> {
        self.allowances().iter().find(|allowance| allowance.terms.code == code)
    }

    /// An open hold by the place of its fact.
    pub fn hold(&self, placed: Position) -> Option<&Hold> {
        self.holds().iter().find(|h| h.id.position == placed)
    }

    /// A lot, live or closed.
    pub fn lot(&self, number: LotNo) -> Option<&Lot> {
        self.lots.iter().chain(self.closed_lots()).find(|l| l.number == number)
    }

    /// What a charge for this event type could draw from lots now. Debt counts against it.
    pub fn spendable(&self, event_type: EventTypeNo) -> Credits {
        let free: Credits = self.lots.iter().filter(|l| l.pays_for(event_type)).map(Lot::free).sum();
        free.min(self.balance.available()).max(Credits::ZERO)
    }

    /// What the wallet may still owe under its policy, beyond what it owes or holds on the overdraft already.
    pub fn overdraft_left(&self) -> Credits {
        match self.policy {
            Policy::Strict | Policy::RecordOnly => Credits::ZERO,
            Policy::Overdraft { limit } => {
                (limit - self.balance.debt - self.held_on_overdraft()).max(Credits::ZERO)
            }
        }
    }

    /// What open holds hold on the overdraft: debt to be, once they are captured.
    pub(crate) fn held_on_overdraft(&self) -> Credits {
        self.holds().iter().map(|h| h.on_overdraft).sum()
    }

    /// Credits of lots whose day has not come.
    pub(crate) fn to_come(&self) -> Credits {
        self.lots.iter().filter(|l| l.status == LotStatus::Pending).map(Lot::remaining).sum()
    }

    pub(crate) fn holds_mut(&mut self) -> &mut Vec<Hold> {
        &mut self.rest_mut().holds
    }

    pub(crate) fn debts_mut(&mut self) -> &mut Vec<DebtSlice> {
        &mut self.rest_mut().debts
    }

    pub(crate) fn allowances_mut(&mut self) -> &mut Vec<Allowance> {
        &mut self.rest_mut().allowances
    }

    pub(crate) fn end_allowances(&mut self) {
        if let Some(rest) = &mut self.rest {
            rest.allowances.clear();
        }
    }

    /// Lists an order as open, or no longer.
    pub(crate) fn note_order(&mut self, order: Position, is_open: bool) {
        let is_listed = self.open_orders().contains(&order);
        if is_open && !is_listed {
            let open = &mut self.rest_mut().open_orders;
            open.insert(open.partition_point(|other| *other < order), order);
        } else if !is_open && is_listed {
            self.rest_mut().open_orders.retain(|other| *other != order);
        }
    }

    pub(crate) fn set_frozen_by(&mut self, frozen_by: Option<Position>) {
        if frozen_by.is_some() || self.rest.is_some() {
            self.rest_mut().frozen_by = frozen_by;
        }
    }

    fn rest_mut(&mut self) -> &mut Rest {
        self.rest.get_or_insert_default()
    }

    /// Puts a lot where the burn order wants it.
    pub(crate) fn insert_lot(&mut self, lot: Lot) {
        let at = self.lots.partition_point(|other| other.burns_before(&lot).is_lt());
        self.lots.insert(at, lot);
    }

    /// Changes a lot, then moves it between the live and the closed ones as its credits say.
    pub(crate) fn change_lot(&mut self, number: LotNo, change: impl FnOnce(&mut Lot)) {
        if let Some(at) = self.lots.iter().position(|l| l.number == number) {
            change(&mut self.lots[at]);
            if self.lots[at].remaining().is_zero() {
                let lot = self.lots.remove(at);
                self.put_closed_lot(lot);
            }
            return;
        }
        let rest = self.rest_mut();
        if let Some(at) = rest.closed.iter().position(|l| l.number == number) {
            change(&mut rest.closed[at]);
            if rest.closed[at].remaining().is_positive() {
                let lot = rest.closed.remove(at);
                self.insert_lot(lot);
            }
        }
    }

    /// Changes a lot that is not closed in a way that may move it in the burn order.
    pub(crate) fn replace_lot(&mut self, number: LotNo, change: impl FnOnce(&mut Lot)) {
        if let Some(at) = self.lots.iter().position(|l| l.number == number) {
            let mut lot = self.lots.remove(at);
            change(&mut lot);
            self.insert_lot(lot);
        }
    }

    /// Puts a lot with nothing left among the closed ones, by number, where it is not among the lots already.
    pub(crate) fn put_closed_lot(&mut self, lot: Lot) {
        if self.lot(lot.number).is_none() {
            let closed = &mut self.rest_mut().closed;
            closed.insert(closed.partition_point(|other| other.number < lot.number), lot);
        }
    }

    /// Forgets a closed lot, which a checkpoint holds.
    pub(crate) fn drop_closed_lot(&mut self, number: LotNo) {
        if let Some(rest) = &mut self.rest {
            rest.closed.retain(|lot| lot.number != number);
        }
    }

    /// Takes the closed lots out of a copy of the wallet: a checkpoint keeps them apart.
    pub fn take_closed_lots(&mut self) -> Vec<Lot> {
        self.rest.as_mut().map(|rest| std::mem::take(&mut rest.closed)).unwrap_or_default()
    }

    /// Recomputes when something of this wallet falls due.
    pub(crate) fn reschedule(&mut self) {
        let lots = self.lots.iter().map(|lot| match lot.status {
            LotStatus::Pending => lot.effective_at,
            LotStatus::Active => lot.expires_at,
            LotStatus::Expired | LotStatus::Voided => Millis::NEVER,
        });
        let holds = self.rest.iter().flat_map(|r| r.holds.iter().map(|h| h.expires_at));
        let allowances = self.allowances().iter().map(Allowance::next_at);
        self.next_due = lots.chain(holds).chain(allowances).min().unwrap_or(Millis::NEVER);
    }
}
