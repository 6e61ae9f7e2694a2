//! What became of the paid lots of each month or week, folded from facts: pure.
//!
//! Only lots that came in since the fold began are followed; what is drawn from older ones is passed over. Of a lot
//! nothing is kept but when it came.
//!
//! Invariant: what a cohort has left is what its lots have left. Everything counts when it was recorded.

use std::collections::HashMap;

use chargly_ledger::{
    Charge, Credits, Draw, Fact, GrantKind, LotNo, Millis, Settlement, WalletEvent, WalletNo,
};

/// Where cohorts and pieces of time begin, each in order and beginning with the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Grid {
    pub(super) cohorts: Vec<Millis>,
    pub(super) pieces: Vec<Millis>,
    /// When the last piece of time ends.
    pub(super) end: Millis,
}

impl Grid {
    /// The place of the last that began; the first for what lies before.
    fn place(starts: &[Millis], at: Millis) -> usize {
        starts.partition_point(|start| *start <= at).saturating_sub(1)
    }
}

/// Micro-credits that moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// Came in.
    pub granted: i128,
    /// Were used, less what came back by reversals; debt that a lot paid when it came is used, too.
    pub used: i128,
    /// Lapsed.
    pub lapsed: i128,
    /// Were taken back, by hand or with the money.
    pub taken: i128,
}

impl Moved {
    /// What is left of what came in.
    pub const fn left(&self) -> i128 {
        self.granted - self.used - self.lapsed - self.taken
    }

    pub(super) fn add(&mut self, more: &Self) {
        self.granted += more.granted;
        self.used += more.used;
        self.lapsed += more.lapsed;
        self.taken += more.taken;
    }
}

/// The fold.
pub(super) struct Fold {
    grid: Grid,
    /// The cohort of each lot that is followed.
    lots: HashMap<(WalletNo, LotNo), u32>,
    /// By cohort and piece of time.
    moved: Vec<Vec<Moved>>,
}

impl Fold {
    pub(super) fn new(grid: Grid) -> Self {
        let moved = vec![vec![Moved::default(); grid.pieces.len()]; grid.cohorts.len()];
        Self { grid, lots: HashMap::new(), moved }
    }

    /// What moved, by cohort and piece of time.
    pub(super) fn finish(self) -> (Grid, Vec<Vec<Moved>>) {
        (self.grid, self.moved)
    }

    /// A meter event, by far the commonest fact.
    pub(super) fn metered(&mut self, at: Millis, wallet: WalletNo, charge: &Charge) {
        self.drawn(at, wallet, &charge.draws);
    }

    /// Any other fact.
    pub(super) fn note(&mut self, at: Millis, fact: &Fact) {
        let Fact::Wallet(fact) = fact else { return };
        let wallet = fact.header.wallet;
        match &fact.event {
            WalletEvent::Granted { request, lot, settlements, .. } => {
                if request.kind == GrantKind::Paid {
                    self.came(at, (wallet, *lot), request.credits);
                    self.settled(at, (wallet, *lot), settlements);
                }
            }
            WalletEvent::LotActivated { lot, settlements, .. } => {
                self.settled(at, (wallet, *lot), settlements);
            }
            WalletEvent::GrantVoided { request, credits, .. } => {
                self.count(at, (wallet, request.lot), |moved| moved.taken += micro(*credits));
            }
            WalletEvent::LotExpired { broken, .. } => self.lapsed(at, wallet, std::slice::from_ref(broken)),
            WalletEvent::Metered { charge, .. }
            | WalletEvent::Recharged { charge, .. }
            | WalletEvent::Collected { charge, .. } => self.drawn(at, wallet, &charge.draws),
            WalletEvent::HoldCaptured { charge, broken, .. } => {
                self.drawn(at, wallet, &charge.draws);
                self.lapsed(at, wallet, broken);
            }
            WalletEvent::HoldVoided { broken, .. } | WalletEvent::HoldExpired { broken, .. } => {
                self.lapsed(at, wallet, broken);
            }
            WalletEvent::Reversed { returns, .. } => self.returned(at, wallet, returns),
            WalletEvent::AllowanceRenewed { renewal } => self.lapsed(at, wallet, &renewal.lapsed),
            WalletEvent::OrderSettled { fulfilment, reclaim, .. } => {
                if let Some(came) = fulfilment {
                    self.came(at, (wallet, came.lot), came.credits);
                    self.settled(at, (wallet, came.lot), &came.settlements);
                }
                if let Some(back) = reclaim {
                    self.count(at, (wallet, back.order_lot), |moved| {
                        moved.taken += micro(back.taken) - micro(back.restored);
                    });
                    self.lapsed(at, wallet, back.broken.as_slice());
                    self.returned(at, wallet, &back.returns);
                }
            }
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
            | WalletEvent::Refused { .. } => {}
        }
    }

    fn came(&mut self, at: Millis, lot: (WalletNo, LotNo), credits: Credits) {
        let cohort = Grid::place(&self.grid.cohorts, at);
        self.lots.insert(lot, u32::try_from(cohort).unwrap_or(u32::MAX));
        self.count(at, lot, |moved| moved.granted += micro(credits));
    }

    fn settled(&mut self, at: Millis, lot: (WalletNo, LotNo), settlements: &[Settlement]) {
        let paid: i128 = settlements.iter().map(|settlement| micro(settlement.credits)).sum();
        self.count(at, lot, |moved| moved.used += paid);
    }

    fn drawn(&mut self, at: Millis, wallet: WalletNo, draws: &[Draw]) {
        for draw in draws {
            self.count(at, (wallet, draw.lot), |moved| moved.used += micro(draw.credits));
        }
    }

    fn returned(&mut self, at: Millis, wallet: WalletNo, returns: &[Draw]) {
        for draw in returns {
            self.count(at, (wallet, draw.lot), |moved| moved.used -= micro(draw.credits));
        }
    }

    fn lapsed(&mut self, at: Millis, wallet: WalletNo, broken: &[Draw]) {
        for draw in broken {
            self.count(at, (wallet, draw.lot), |moved| moved.lapsed += micro(draw.credits));
        }
    }

    /// Counts for the cohort of a lot, where that is followed.
    fn count(&mut self, at: Millis, lot: (WalletNo, LotNo), count: impl FnOnce(&mut Moved)) {
        let Some(cohort) = self.lots.get(&lot) else { return };
        let piece = Grid::place(&self.grid.pieces, at);
        let row = usize::try_from(*cohort).ok().and_then(|cohort| self.moved.get_mut(cohort));
        if let Some(moved) = row.and_then(|row| row.get_mut(piece)) {
            count(moved);
        }
    }
}

fn micro(credits: Credits) -> i128 {
    credits.micro().into()
}
