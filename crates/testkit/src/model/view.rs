//! A wallet as it is compared: every number that the real ledger keeps, added up here from history.

use std::collections::BTreeSet;

use super::orders::OrderView;
use super::wallet::{Hold, Lot, Wallet};
use super::{Balance, HoldEnd, Kind, Micro, Model, Money, Ms, Nano, Place, Policy};

/// Where a lot stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LotStatus {
    /// Its day has not come.
    Pending,
    /// Usable.
    Active,
    /// Over, but for what holds reserve.
    Expired,
    /// Taken back.
    Voided,
}

/// A lot, all amounts in micro-credits.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the glossary")]
pub struct LotView {
    pub number: u32,
    pub kind: Kind,
    pub status: LotStatus,
    pub credits: Micro,
    pub used: Micro,
    pub lapsed: Micro,
    pub held: Micro,
    pub price: Option<Money>,
    pub priority: i32,
    pub effective_at: Ms,
    pub expires_at: Option<Ms>,
    pub scope: BTreeSet<String>,
}

/// An open hold, all amounts in micro-credits.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the glossary")]
pub struct HoldView {
    pub placed: Place,
    pub event_type: String,
    pub price: Option<u32>,
    pub credits: Micro,
    pub reserved: Vec<(u32, Micro)>,
    pub on_overdraft: Micro,
    pub expires_at: Ms,
}

/// A wallet and everything remembered of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WalletView {
    /// Whose.
    pub customer: String,
    /// What it has.
    pub balance: Balance,
    /// Its policy.
    pub policy: Policy,
    /// What froze it.
    pub frozen_by: Option<Place>,
    /// Lots with credits left, in burn order.
    pub live: Vec<LotView>,
    /// The others, by number.
    pub closed: Vec<LotView>,
    /// Open holds, oldest first.
    pub holds: Vec<HoldView>,
    /// How every other hold ended.
    pub ended: Vec<(Place, HoldEnd)>,
    /// Owed, oldest first: event, type, micro-credits.
    pub debts: Vec<(Place, String, Micro)>,
    /// Undone so far, by event, where anything was.
    pub reversed: Vec<(Place, Micro)>,
    /// Charged again so far, by event, where anything was.
    pub recharged: Vec<(Place, Micro)>,
    /// The latest word on what an event cost, where there was one.
    pub costs: Vec<(Place, Nano)>,
    /// Its orders, oldest first.
    pub orders: Vec<OrderView>,
    /// Those of them whose provider has to be asked for news.
    pub open_orders: Vec<Place>,
    /// Its allowances: the fact that gave each first, its code, when its next period begins, and its lots.
    pub allowances: Vec<(Place, String, Ms, Vec<u32>)>,
}

impl Model {
    /// Every wallet, in the order of opening.
    pub fn wallets(&self) -> Vec<WalletView> {
        self.wallets.iter().map(Wallet::view).collect()
    }

    /// An order, whosever it is.
    pub fn order(&self, placed: Place) -> Option<OrderView> {
        let wallet = &self.wallets[self.wallet_of_order(placed)?];
        Some(wallet.order_view(wallet.orders.iter().find(|order| order.placed == placed)?))
    }

    /// One customer's wallet.
    pub fn wallet(&self, customer: &str) -> Option<WalletView> {
        self.wallets.iter().find(|w| w.customer == customer).map(Wallet::view)
    }
}

impl Wallet {
    fn view(&self) -> WalletView {
        let live = self.live_lots();
        let closed = self.lots.iter().filter(|l| live.iter().all(|other| other.number != l.number));
        let mut owed: Vec<_> = self.events.iter().filter(|e| e.owed > 0).collect();
        owed.sort_by_key(|e| e.owed_since);
        WalletView {
            customer: self.customer.clone(),
            balance: self.balance(),
            policy: self.policy,
            frozen_by: self.frozen_by,
            live: live.iter().map(|l| self.lot_view(l)).collect(),
            closed: closed.map(|l| self.lot_view(l)).collect(),
            holds: self.open_holds().map(hold_view).collect(),
            ended: self.holds.iter().filter_map(|h| h.end.map(|end| (h.placed, end))).collect(),
            debts: owed.into_iter().map(|e| (e.place, e.event_type.clone(), e.owed)).collect(),
            reversed: self.events.iter().filter(|e| e.reversed > 0).map(|e| (e.place, e.reversed)).collect(),
            recharged: self
                .events
                .iter()
                .filter(|e| e.recharged > 0)
                .map(|e| (e.place, e.recharged))
                .collect(),
            costs: self.events.iter().filter_map(|e| Some((e.place, e.cost.1?))).collect(),
            orders: self.orders.iter().map(|order| self.order_view(order)).collect(),
            open_orders: self.orders.iter().filter(|o| o.is_open()).map(|o| o.placed).collect(),
            allowances: self
                .allowances
                .iter()
                .map(|a| (a.given_by, a.code.clone(), a.begins(a.periods), a.lots.clone()))
                .collect(),
        }
    }

    fn lot_view(&self, lot: &Lot) -> LotView {
        LotView {
            number: lot.number,
            kind: lot.kind,
            status: lot.status,
            credits: lot.credits,
            used: lot.used(),
            lapsed: lot.lapses.iter().sum(),
            held: self.reserved(lot.number),
            price: lot.price.clone(),
            priority: lot.priority,
            effective_at: lot.effective_at,
            expires_at: lot.expires_at,
            scope: lot.scope.clone(),
        }
    }
}

fn hold_view(hold: &Hold) -> HoldView {
    HoldView {
        placed: hold.placed,
        event_type: hold.event_type.clone(),
        price: hold.price,
        credits: hold.credits,
        reserved: hold.reserved.clone(),
        on_overdraft: hold.on_overdraft,
        expires_at: hold.expires_at,
    }
}
