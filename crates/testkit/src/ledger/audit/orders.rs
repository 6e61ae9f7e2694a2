//! What must always hold of orders.

use chargly_ledger::{Credits, OrderSums, Position, State, TopUp, Wallet};

/// Credits that followed money are the share that the money has, wherever they went; what is owed of them is owed or
/// paid; and who has to be asked for news is known.
pub(super) fn check_orders(at: Position, wallet: &Wallet, state: &State) {
    let mut open = Vec::new();
    for (placed, order) in state.orders().filter(|(_, order)| order.wallet == wallet.number) {
        open.extend(order.is_open().then_some(placed));
        let sums = order.sums;
        let parts = [sums.taken, sums.lapsed, sums.owed, sums.uncollectable, sums.reserved];
        assert!(parts.iter().all(|part| *part >= Credits::ZERO), "{at}: {order:?}");
        let (Some(lot), Some(payment)) = (order.lot.and_then(|no| wallet.lot(no)), &order.payment) else {
            assert_eq!(sums, OrderSums::default(), "{at}: nothing follows money that never came");
            continue;
        };
        let back = i128::from(order.returns.refunded_nano) + i128::from(order.returns.withdrawn_nano);
        let total = i128::from(payment.total_nano);
        let share = |whole: i64| if total == 0 { 0 } else { i128::from(whole) * back.min(total) / total };
        let micro = i128::from(sums.reclaimed().micro());
        assert_eq!(micro, share(order.terms.credits.micro()), "{at}: credits follow money: {order:?}");
        let given_up = lot.recognised_nano(sums.reclaimed());
        assert_eq!(sums.refunded_nano, given_up, "{at}: money follows credits: {order:?}");
        assert!(sums.taken + sums.lapsed <= lot.used, "{at}: {order:?} took what was there of {lot:?}");
        assert!(sums.lapsed <= lot.lapsed, "{at}: {order:?} of {lot:?}");
        let owed: Credits = wallet.debts().iter().filter(|d| d.event == placed).map(|d| d.credits).sum();
        let amended = state.amended(placed).cloned().unwrap_or_default();
        let paid: Credits = amended.later.iter().map(|(_, credits)| *credits).sum();
        assert_eq!(sums.owed, owed + paid, "{at}: {placed} is owed and paid as it is charged: {amended:?}");
    }
    open.sort_unstable();
    assert_eq!(wallet.open_orders(), open, "{at}: open orders are listed, oldest first");
}

/// What is remembered of a wallet's orders.
pub(super) fn orders_of<'a>(wallet: &Wallet, state: &'a State) -> impl Iterator<Item = &'a TopUp> {
    let number = wallet.number;
    state.orders().map(|(_, order)| order).filter(move |order| order.wallet == number)
}
