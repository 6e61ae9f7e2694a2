//! What the lots of all wallets still owe, read from the living state: the other way to deferred revenue.
//!
//! The writer is asked for a slice of the wallets in each turn, so that commits never wait for all of them. Slices are
//! therefore read at different positions; what happened between a slice and the position of the answer is added from
//! the facts ([`deferred_change`]), so that deferred revenue is exact at one position. Balances are those of each
//! wallet's slice: on a busy environment they may be as much older as the reading took.

use std::ops::AddAssign;
use std::sync::Arc;

use chargly_ledger::{
    Draw, Fact, GrantKind, LotStatus, Position, Settlement, State, Wallet, WalletEvent, WalletNo,
};

use super::aged::{Aged, Calendar};

/// Wallets and lots looked at in one turn of the writer: some 100 microseconds, less than one flush takes.
pub(crate) const TURN_LOTS_MAX: usize = 4_096;

/// What lots still owe. Sums of 128 bits: a handful of the largest amounts is beyond 64.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LotSums {
    /// Nano-units of prices that are neither recognised nor refunded.
    pub deferred_nano: i128,
    /// Micro-credits left in paid lots, reserved ones and those whose day has not come included.
    pub paid_micro: i128,
    /// Micro-credits left in promotional lots.
    pub promotional_micro: i128,
    /// Micro-credits left in adjustment lots.
    pub adjustment_micro: i128,
    /// Micro-credits that wallets owe.
    pub debt_micro: i128,
}

/// The sums over some wallets, in one turn of the writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LotsSlice {
    /// Over those wallets.
    pub sums: LotSums,
    /// The wallet with which the next slice begins; `None` behind the last.
    pub next: Option<WalletNo>,
    /// The position of the first fact that they do not reflect.
    pub as_of: Position,
}

impl LotsSlice {
    /// Reads the slice that begins with a wallet, and the same told apart by time. At least one wallet, however many lots
    /// it has.
    pub(crate) fn read(
        state: &State,
        from: WalletNo,
        calendar: &Arc<Calendar>,
        as_of: Position,
    ) -> (Self, Aged) {
        let (mut sums, mut looked_at, mut count) = (LotSums::default(), 0, from.index());
        let mut aged = Aged::new(Arc::clone(calendar));
        for wallet in state.wallets().skip(from.index()) {
            sums += LotSums::of(wallet);
            aged.add(&wallet.lots);
            count += 1;
            looked_at += 1 + wallet.lots.len();
            if looked_at >= TURN_LOTS_MAX {
                break;
            }
        }
        let next = (count < state.wallet_count()).then(|| WalletNo::at(count));
        (Self { sums, next, as_of }, aged)
    }
}

impl LotSums {
    /// Of one wallet. Lots with nothing left owe nothing: what was not recognised of their price was refunded.
    pub fn of(wallet: &Wallet) -> Self {
        let mut sums = Self { debt_micro: wallet.balance.debt.micro().into(), ..Self::default() };
        for lot in wallet.lots.iter().filter(|lot| lot.status != LotStatus::Voided) {
            let price_nano = lot.price.map_or(0, |price| price.nano);
            sums.deferred_nano += i128::from(price_nano - lot.recognised_nano(lot.used));
            let left = i128::from(lot.remaining().micro());
            match lot.kind {
                GrantKind::Paid => sums.paid_micro += left,
                GrantKind::Promotional => sums.promotional_micro += left,
                GrantKind::Adjustment => sums.adjustment_micro += left,
            }
        }
        sums
    }
}

impl AddAssign for LotSums {
    fn add_assign(&mut self, more: Self) {
        self.deferred_nano += more.deferred_nano;
        self.paid_micro += more.paid_micro;
        self.promotional_micro += more.promotional_micro;
        self.adjustment_micro += more.adjustment_micro;
        self.debt_micro += more.debt_micro;
    }
}

/// What a fact adds to deferred revenue, in nano-units: what was sold, less what was recognised or refunded.
pub(super) fn deferred_change(fact: &Fact) -> i128 {
    let Fact::Wallet(fact) = fact else { return 0 };
    match &fact.event {
        WalletEvent::Granted { request, settlements, .. } => {
            request.price.map_or(0, |price| i128::from(price.nano)) - settled(settlements)
        }
        WalletEvent::LotActivated { settlements, .. } => -settled(settlements),
        WalletEvent::GrantVoided { refunded_nano, .. } => -i128::from(*refunded_nano),
        WalletEvent::Metered { charge, .. }
        | WalletEvent::Recharged { charge, .. }
        | WalletEvent::Collected { charge, .. } => -charge.revenue_nano(),
        WalletEvent::HoldCaptured { charge, broken, .. } => -charge.revenue_nano() - drawn(broken),
        WalletEvent::LotExpired { broken, .. } => -i128::from(broken.revenue_nano),
        WalletEvent::HoldExpired { broken, .. } | WalletEvent::HoldVoided { broken, .. } => -drawn(broken),
        WalletEvent::Reversed { returns, .. } => drawn(returns),
        WalletEvent::OrderSettled { fulfilment, reclaim, .. } => {
            let sold = fulfilment.as_ref().map_or(0, |f| i128::from(f.price.nano) - settled(&f.settlements));
            let back = reclaim.as_ref().map_or(0, |r| {
                let broken = r.broken.map_or(0, |draw| i128::from(draw.revenue_nano));
                drawn(&r.returns) - i128::from(r.revenue_nano) - i128::from(r.refunded_nano) - broken
            });
            sold + back
        }
        WalletEvent::AllowanceRenewed { renewal } => -drawn(&renewal.lapsed) - settled(&renewal.settlements),
        WalletEvent::Opened { .. }
        | WalletEvent::OrderPlaced { .. }
        | WalletEvent::CheckoutOpened { .. }
        | WalletEvent::RefundStarted { .. }
        | WalletEvent::AllowanceSet { .. }
        | WalletEvent::AllowanceEnded { .. }
        | WalletEvent::HoldPlaced { .. }
        | WalletEvent::HoldIncreased { .. }
        | WalletEvent::HoldExtended { .. }
        | WalletEvent::CostSet { .. }
        | WalletEvent::EventAnnotated { .. }
        | WalletEvent::PolicySet { .. }
        | WalletEvent::Frozen
        | WalletEvent::Thawed
        | WalletEvent::CustomerErased
        | WalletEvent::Refused { .. } => 0,
    }
}

fn settled(settlements: &[Settlement]) -> i128 {
    settlements.iter().map(|settlement| i128::from(settlement.revenue_nano)).sum()
}

fn drawn(draws: &[Draw]) -> i128 {
    draws.iter().map(|draw| i128::from(draw.revenue_nano)).sum()
}
