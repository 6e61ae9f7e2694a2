//! Assigning what a fact says of an order.

use crate::wallet::DebtSlice;
use crate::{
    Credits, EventTypeNo, Fulfilment, GrantKind, Lot, LotNo, OpenRefund, OrderRequest, OrderSums, OrderTerms,
    PaymentUpdate, Position, Reclaim, Recorded, Returns, SettleRequest, State, TopUp, Wallet, WalletEvent,
    WalletFact, WalletNo,
};

use super::{adjustment_lot, give_back, granted_lot, lapse, pay_debt, settle_debts, step};

impl State {
    /// An order was settled, or a refund of it was started.
    pub(super) fn apply_to_order(&mut self, recorded: Recorded, fact: &WalletFact) {
        match &fact.event {
            WalletEvent::OrderSettled { request, fulfilment, reclaim, .. } => {
                self.settle_order(recorded, fact, request, (fulfilment.as_deref(), reclaim.as_deref()));
            }
            WalletEvent::RefundStarted { request, credits, amount } => {
                let refund = OpenRefund { id: recorded.id, credits: *credits, amount: *amount };
                let placed = request.order.position;
                let lot = self.orders.get(&placed).and_then(|order| order.lot);
                self.change_order(placed, |order| {
                    order.refund = Some(refund);
                    order.sums.reserved += *credits;
                });
                self.change_wallet(fact.header.wallet, |w| {
                    step(w, fact.header.after, recorded.id.position);
                    if let Some(lot) = lot {
                        w.change_lot(lot, |lot| lot.held += *credits);
                    }
                    w.note_order(placed, true);
                });
            }
            event => debug_assert!(false, "applied by its own code: {event:?}"),
        }
    }

    fn settle_order(
        &mut self,
        recorded: Recorded,
        fact: &WalletFact,
        request: &SettleRequest,
        (fulfilment, reclaim): (Option<&Fulfilment>, Option<&Reclaim>),
    ) {
        let (number, placed) = (fact.header.wallet, request.order.position);
        let position = recorded.id.position;
        let before = self.orders.get(&placed).map(|order| order.sums).unwrap_or_default();
        self.change_order(placed, |order| note(order, recorded, &fact.event));
        let is_open = self.orders.get(&placed).is_some_and(|order| order.is_open());
        if let Some(fulfilment) = fulfilment {
            self.settle(number, &fulfilment.settlements, fulfilment.lot);
        }
        if let Some(reclaim) = reclaim {
            let from_lots = before.owed - reclaim.sums.owed + reclaim.owed - reclaim.forgiven;
            if from_lots.is_positive() {
                self.change_amended(placed, number, |amended| {
                    give_back(amended, from_lots);
                    let back = reclaim.returns.iter().map(|draw| i128::from(draw.revenue_nano));
                    amended.revenue_nano -= back.sum::<i128>();
                });
            }
        }
        self.change_wallet(number, |w| {
            step(w, fact.header.after, position);
            if let Some(fulfilment) = fulfilment {
                arrive(w, recorded, fulfilment);
            }
            if let Some(reclaim) = reclaim {
                follow(w, recorded, (placed, before), reclaim);
            }
            if let Some(fulfilment) = fulfilment {
                settle_debts(w, &fulfilment.settlements, fulfilment.lot);
            }
            w.note_order(placed, is_open);
            w.reschedule();
        });
    }
}

/// An order as it is placed.
pub(super) fn ordered(
    wallet: WalletNo,
    recorded: Recorded,
    request: &OrderRequest,
    terms: &OrderTerms,
) -> TopUp {
    TopUp {
        tag: recorded.id.tag,
        wallet,
        pack: request.pack,
        provider: request.provider.clone(),
        terms: terms.clone(),
        placed_at: recorded.at,
        status: crate::OrderStatus::Created,
        held_because: None,
        changed_at: recorded.at,
        checkout: None,
        reference: Default::default(),
        payment: None,
        lot: None,
        returns: Returns::default(),
        sums: OrderSums::default(),
        refund: None,
        refused: None,
        froze: None,
    }
}

/// What is remembered of the order itself.
fn note(order: &mut TopUp, recorded: Recorded, event: &WalletEvent) {
    let WalletEvent::OrderSettled { request, status, held_because, fulfilment, reclaim } = event else {
        return;
    };
    if order.status != *status {
        order.changed_at = recorded.at;
    }
    order.status = *status;
    order.held_because = *held_because;
    if let (None, Some(PaymentUpdate::Paid(payment))) = (&order.payment, &request.payment) {
        order.payment = Some(payment.clone());
    }
    if let Some(returns) = request.returns {
        order.returns = returns;
    }
    if let Some(fulfilment) = fulfilment {
        order.lot = Some(fulfilment.lot);
    }
    if order.refund.is_some_and(|refund| request.ends_refund == Some(refund.id.position)) {
        order.refund = None;
        order.refused = if request.returns.is_none() { request.ends_refund } else { order.refused };
    }
    if let Some(reclaim) = reclaim {
        order.sums = reclaim.sums;
        if reclaim.freezes {
            order.froze = Some(recorded.id.position);
        }
    }
}

fn arrive(wallet: &mut Wallet, recorded: Recorded, fulfilment: &Fulfilment) {
    wallet.next_lot = LotNo(fulfilment.lot.0 + 1);
    let request = crate::GrantRequest {
        credits: fulfilment.credits,
        kind: GrantKind::Paid,
        price: Some(fulfilment.price),
        priority: 0,
        effective_at: None,
        expires_at: Some(fulfilment.expires_at),
        scope: Vec::new(),
    };
    let lot = granted_lot(recorded, fulfilment.lot, &request);
    wallet.insert_lot(Lot { is_ordered: true, ..lot });
}

/// Credits follow money.
fn follow(
    wallet: &mut Wallet,
    recorded: Recorded,
    (placed, before): (Position, OrderSums),
    reclaim: &Reclaim,
) {
    // What came again to a lot that is over has lapsed with it: were its money to go back once more, nobody owes it.
    let lapsed = before.taken + reclaim.taken - reclaim.sums.taken - reclaim.restored;
    // In one step, so that a lot is not closed and opened again in between.
    wallet.change_lot(reclaim.order_lot, |lot| {
        lot.held -= reclaim.released;
        lot.used += reclaim.taken;
        lot.used -= reclaim.restored;
        lot.lapsed += lapsed;
        lot.held += reclaim.reserved;
    });
    if let Some(broken) = &reclaim.broken {
        lapse(wallet, broken);
    }
    for back in &reclaim.returns {
        wallet.change_lot(back.lot, |lot| lot.used -= back.credits);
    }
    if let Some(adjustment) = reclaim.adjustment {
        wallet.next_lot = LotNo(adjustment.lot.0 + 1);
        wallet.insert_lot(adjustment_lot(recorded, adjustment));
    }
    pay_debt(wallet, placed, reclaim.forgiven);
    owe(wallet, placed, reclaim.owed);
    if reclaim.freezes {
        wallet.set_frozen_by(Some(recorded.id.position));
    }
    if reclaim.thaws {
        wallet.set_frozen_by(None);
    }
}

fn owe(wallet: &mut Wallet, placed: Position, credits: Credits) {
    if credits.is_zero() {
        return;
    }
    let debts = wallet.debts_mut();
    match debts.iter_mut().find(|debt| debt.event == placed) {
        Some(slice) => slice.credits += credits,
        None => {
            debts.push(DebtSlice { event: placed, event_type: EventTypeNo::OF_ORDER, price: None, credits });
        }
    }
}
