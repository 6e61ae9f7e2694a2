//! An auditor: folds a journal fact by fact and demands, at every prefix, what must always hold.
//!
//! It looks at facts and wallets only, never at requests: whatever led to a fact, the books must balance behind it.

mod orders;

use std::collections::BTreeMap;

use chargly_ledger::{
    Balance, Charge, Credits, Draw, Fact, IfInsufficient, LotNo, LotStatus, Millis, Policy, Position, State,
    Wallet, WalletEvent, WalletFact, WalletNo, entries,
};

use self::orders::{check_orders, orders_of};
use super::recorder::{Stored, fold};

/// A fold that checks as it goes.
#[derive(Default)]
pub struct Audit {
    /// The state so far.
    pub state: State,
    /// What each lot has earned and what of its price was given up, in nano-units.
    money: BTreeMap<(WalletNo, LotNo), Earned>,
    /// What each event was charged at first, how much of that lots paid, and what nobody did.
    events: BTreeMap<Position, (Credits, Credits, Credits)>,
}

#[derive(Clone, Copy, Default)]
struct Earned {
    recognised: i128,
    /// Of voided lots.
    refunded: i128,
    /// By refunds and disputes of an order: of credits that count as used.
    reclaimed: i128,
}

impl Audit {
    /// Before the first fact.
    pub fn new() -> Self {
        Self { state: State::new(), money: BTreeMap::new(), events: BTreeMap::new() }
    }

    /// Folds facts one by one.
    ///
    /// # Panics
    /// At the first fact behind which something does not hold, naming it.
    pub fn check(&mut self, facts: &[Stored]) {
        for stored in facts {
            let fact = Fact::decode(&stored.fact).expect("a journal decodes");
            assert_eq!(fact.encode(), stored.fact, "{}: one form for one fact", stored.position);
            let before = match &fact {
                Fact::Wallet(fact) => self.state.wallet(fact.header.wallet).map(|w| (w.balance, w.last)),
                _ => None,
            };
            fold(&mut self.state, std::slice::from_ref(stored)).expect("a journal decodes");
            if let Fact::Wallet(of_wallet) = &fact {
                let lines: Credits = entries(&fact).iter().map(|line| line.credits).sum();
                self.check_fact(stored.position, of_wallet, before, lines);
            }
        }
    }

    fn check_fact(
        &mut self,
        at: Position,
        fact: &WalletFact,
        before: Option<(Balance, Position)>,
        lines: Credits,
    ) {
        let header = fact.header;
        let (balance, last) = before.unzip();
        assert_eq!(header.previous, last, "{at}: a wallet's history is a chain");
        let moved = header.after.posted - balance.unwrap_or_default().posted;
        assert_eq!(lines, moved, "{at}: the lines add up to the change of the balance: {fact:?}");
        self.book(fact);
        self.note_event(at, fact);
        let wallet = self.state.wallet(header.wallet).expect("a fact about a wallet has one");
        assert_eq!(wallet.balance, header.after, "{at}: the balance is what the fact says");
        check_floor(at, wallet, &fact.event);
        check_sums(at, wallet, &self.state);
        check_lots(at, wallet, &self.state);
        check_holds(at, wallet, &self.state);
        self.check_money(at, wallet);
        self.check_events(at, fact, wallet);
        check_orders(at, wallet, &self.state);
    }

    fn note_event(&mut self, at: Position, fact: &WalletFact) {
        if let WalletEvent::Metered { charge, .. } | WalletEvent::HoldCaptured { charge, .. } = &fact.event {
            let drawn = charge.draws.iter().map(|d| d.credits).sum();
            self.events.insert(at, (charge.charged(), drawn, charge.uncharged));
        }
    }

    /// What an event was charged, and again, and given back, is what is owed of it and what lots paid for it.
    fn check_events(&self, at: Position, fact: &WalletFact, wallet: &Wallet) {
        let mut touched: Vec<Position> = Vec::new();
        match &fact.event {
            WalletEvent::Metered { .. } | WalletEvent::HoldCaptured { .. } => touched.push(at),
            WalletEvent::Reversed { request, .. } => touched.push(request.event),
            WalletEvent::Recharged { request, .. } => touched.push(request.event),
            WalletEvent::Collected { request, .. } => touched.push(request.event),
            WalletEvent::Granted { settlements, .. } | WalletEvent::LotActivated { settlements, .. } => {
                touched.extend(settlements.iter().map(|settled| settled.event));
            }
            WalletEvent::OrderSettled { fulfilment: Some(fulfilment), .. } => {
                touched.extend(fulfilment.settlements.iter().map(|settled| settled.event));
            }
            WalletEvent::AllowanceRenewed { renewal } => {
                touched.extend(renewal.settlements.iter().map(|settled| settled.event));
            }
            _ => {}
        }
        // Orders have a check of their own.
        touched.retain(|event| self.events.contains_key(event));
        for event in touched {
            let (charged, drawn, uncharged) = self.events[&event];
            let amended = self.state.amended(event).cloned().unwrap_or_default();
            let left = charged + amended.recharged + amended.collected - amended.reversed;
            assert!(amended.collected <= uncharged, "{at}: more is collected than was left: {amended:?}");
            assert!(
                left >= Credits::ZERO,
                "{at}: more is given back of {event} than was charged: {amended:?}"
            );
            assert!(amended.corrected <= amended.reversed, "{at}: {amended:?}");
            let owed: Credits = wallet.debts().iter().filter(|d| d.event == event).map(|d| d.credits).sum();
            let later: Credits = amended.later.iter().map(|(_, credits)| *credits).sum();
            let paid = drawn - amended.from_first + later;
            assert_eq!(left, owed + paid, "{at}: {event} is owed and paid as it is charged: {amended:?}");
        }
    }

    /// Books revenue by what the fact itself says.
    fn book(&mut self, fact: &WalletFact) {
        let mut earn = |lot: LotNo, nano: i64| {
            self.money.entry((fact.header.wallet, lot)).or_default().recognised += i128::from(nano);
        };
        let mut draws =
            |list: &[Draw], sign: i64| list.iter().for_each(|d| earn(d.lot, sign * d.revenue_nano));
        match &fact.event {
            WalletEvent::Metered { charge, .. }
            | WalletEvent::Recharged { charge, .. }
            | WalletEvent::Collected { charge, .. } => {
                draws(&charge.draws, 1);
            }
            WalletEvent::HoldCaptured { charge, broken, .. } => {
                draws(&charge.draws, 1);
                draws(broken, 1);
            }
            WalletEvent::HoldVoided { broken, .. } | WalletEvent::HoldExpired { broken, .. } => {
                draws(broken, 1);
            }
            WalletEvent::LotExpired { broken, .. } => draws(&[*broken], 1),
            WalletEvent::Reversed { returns, .. } => draws(returns, -1),
            WalletEvent::Granted { lot, settlements, .. }
            | WalletEvent::LotActivated { lot, settlements, .. } => {
                settlements.iter().for_each(|s| earn(*lot, s.revenue_nano));
            }
            WalletEvent::GrantVoided { request, refunded_nano, .. } => {
                let money = self.money.entry((fact.header.wallet, request.lot)).or_default();
                money.refunded += i128::from(*refunded_nano);
            }
            WalletEvent::OrderSettled { fulfilment, reclaim, .. } => {
                if let Some(fulfilment) = fulfilment {
                    fulfilment.settlements.iter().for_each(|s| earn(fulfilment.lot, s.revenue_nano));
                }
                if let Some(reclaim) = reclaim {
                    earn(reclaim.order_lot, reclaim.revenue_nano);
                    for back in &reclaim.returns {
                        earn(back.lot, -back.revenue_nano);
                    }
                    if let Some(broken) = reclaim.broken {
                        earn(broken.lot, broken.revenue_nano);
                    }
                    let money = self.money.entry((fact.header.wallet, reclaim.order_lot)).or_default();
                    money.reclaimed += i128::from(reclaim.refunded_nano);
                }
            }
            WalletEvent::AllowanceRenewed { renewal } => {
                renewal.lapsed.iter().for_each(|d| earn(d.lot, d.revenue_nano));
                if let Some(lot) = renewal.lot {
                    renewal.settlements.iter().for_each(|s| earn(lot, s.revenue_nano));
                }
            }
            _ => {}
        }
    }

    /// Recognised, deferred and refunded add up to the price of each lot.
    fn check_money(&self, at: Position, wallet: &Wallet) {
        for lot in wallet.lots.iter().chain(wallet.closed_lots()) {
            let price = lot.price.map_or(0, |p| i128::from(p.nano));
            let Earned { recognised, refunded, reclaimed } =
                self.money.get(&(wallet.number, lot.number)).copied().unwrap_or_default();
            let share = i128::from(lot.recognised_nano(lot.used));
            assert_eq!(recognised + reclaimed, share, "{at}: money is the share of what left {lot:?}");
            let deferred = price - recognised - refunded - reclaimed;
            assert!(refunded >= 0 && reclaimed >= 0 && deferred >= 0, "{at}: {deferred} deferred of {lot:?}");
            // Where money goes back for credits that an open hold reserves, they are owed, and yet to earn.
            let to_earn = if reclaimed > 0 { deferred } else { 0 };
            assert!(recognised >= -to_earn, "{at}: {recognised} recognised of {lot:?}");
            if lot.remaining().is_zero() {
                assert_eq!(deferred, 0, "{at}: nothing is deferred of a lot with nothing left: {lot:?}");
            }
        }
    }
}

/// New spending never takes a wallet below its floor, unless the caller was allowed to record finished work.
fn check_floor(at: Position, wallet: &Wallet, event: &WalletEvent) {
    let spent = match event {
        WalletEvent::Metered { request, charge, .. } if request.if_insufficient != IfInsufficient::Record => {
            check_charge(at, charge);
            charge.charged()
        }
        WalletEvent::Collected { charge, .. } => {
            check_charge(at, charge);
            assert!(charge.uncharged.is_zero(), "{at}: all or nothing is collected: {charge:?}");
            charge.charged()
        }
        WalletEvent::Metered { charge, .. }
        | WalletEvent::HoldCaptured { charge, .. }
        | WalletEvent::Recharged { charge, .. } => {
            check_charge(at, charge);
            return;
        }
        WalletEvent::HoldPlaced { credits, .. } | WalletEvent::HoldIncreased { credits, .. } => *credits,
        _ => return,
    };
    let floor = match wallet.policy {
        Policy::Strict | Policy::RecordOnly => Credits::ZERO,
        Policy::Overdraft { limit } => Credits::ZERO - limit,
    };
    // A record-only wallet reserves and charges what is there: below its floor, that is nothing.
    if spent.is_positive() && wallet.policy != Policy::RecordOnly {
        assert!(wallet.balance.available() >= floor, "{at}: {:?} is below the floor", wallet.balance);
    }
}

fn check_charge(at: Position, charge: &Charge) {
    let drawn: Credits = charge.draws.iter().map(|d| d.credits).sum();
    assert_eq!(drawn + charge.debt + charge.uncharged, charge.credits, "{at}: {charge:?} adds up");
}

/// The balance is the sum of its parts, and within its bounds.
fn check_sums(at: Position, wallet: &Wallet, state: &State) {
    let in_lots: Credits = wallet
        .lots
        .iter()
        .map(|lot| match lot.status {
            LotStatus::Active => lot.remaining(),
            LotStatus::Expired => lot.held,
            LotStatus::Pending | LotStatus::Voided => Credits::ZERO,
        })
        .sum();
    let owed: Credits = wallet.debts().iter().map(|d| d.credits).sum();
    let Balance { posted, held, debt } = wallet.balance;
    assert_eq!(debt, owed, "{at}: debt is the sum of its slices");
    assert_eq!(posted, in_lots - owed, "{at}: posted is what is in lots less what is owed");
    let set_aside: Credits = wallet.holds().iter().map(chargly_ledger::Hold::held).sum();
    let of_orders: Credits = orders_of(wallet, state).map(|order| order.sums.reserved).sum();
    assert_eq!(held, set_aside + of_orders, "{at}: held is the sum of open holds, disputes and refunds");
    assert!(wallet.debts().iter().all(|d| d.credits.is_positive()), "{at}: no slice of nothing");
    let least = Credits::ZERO - Credits::MAX;
    for amount in [posted, held, debt, wallet.balance.available()] {
        assert!((least..=Credits::MAX).contains(&amount), "{at}: {:?} is out of bounds", wallet.balance);
    }
}

fn check_lots(at: Position, wallet: &Wallet, state: &State) {
    for lot in wallet.lots.iter().chain(wallet.closed_lots()) {
        assert!((Credits::ZERO..=lot.credits).contains(&lot.used), "{at}: {lot:?} used within its credits");
        let reserved: Credits = wallet
            .holds()
            .iter()
            .flat_map(|h| &h.reserves)
            .filter(|r| r.lot == lot.number)
            .map(|r| r.credits)
            .sum();
        let of_order = orders_of(wallet, state).filter(|order| order.lot == Some(lot.number));
        let reserved = reserved + of_order.map(|order| order.sums.reserved).sum();
        assert_eq!(lot.held, reserved, "{at}: {lot:?} held is what is set aside");
        assert!(lot.held <= lot.remaining(), "{at}: {lot:?} held is there");
    }
    let in_order = wallet.lots.windows(2).all(|pair| pair[0].burns_before(&pair[1]).is_lt());
    assert!(in_order, "{at}: lots stand in burn order");
    assert!(wallet.lots.iter().all(|l| l.remaining().is_positive()), "{at}: a live lot has credits left");
    assert!(wallet.closed_lots().iter().all(|l| l.remaining().is_zero()), "{at}: a closed lot has none");
}

/// Holds that stand in the wallet are open, and what is due next is known.
fn check_holds(at: Position, wallet: &Wallet, state: &State) {
    for hold in wallet.holds() {
        assert!(state.hold_ref(hold.id).is_some_and(|h| h.end.is_none()), "{at}: {hold:?} is open");
        assert!(hold.held() <= hold.credits, "{at}: {hold:?} holds no more than it may take");
    }
    let lots = wallet.lots.iter().map(|lot| match lot.status {
        LotStatus::Pending => lot.effective_at,
        LotStatus::Active => lot.expires_at,
        LotStatus::Expired | LotStatus::Voided => Millis::NEVER,
    });
    let others = wallet.holds().iter().map(|h| h.expires_at);
    let others = others.chain(wallet.allowances().iter().map(chargly_ledger::Allowance::next_at));
    let due = lots.chain(others).min().unwrap_or(Millis::NEVER);
    assert_eq!(wallet.next_due, due, "{at}: what is due next is known");
}
