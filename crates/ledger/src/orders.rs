//! Orders of packs: placed, paid, and what follows money that goes back.
//!
//! What a provider says is a target. Credits that follow money back are ⌊credits × money back ÷ money paid⌋ of the
//! order, whichever way it came to that: first what is left of the order's own lot, then what had lapsed of it, then
//! what was used, which is owed or uncollectable by the operator's choice. Money that comes again undoes that from the
//! end. The lot's price splits at every step into recognised + deferred + refunded, with
//! refunded = ⌊price × credits reclaimed ÷ credits⌋.

use crate::order::{CheckoutRequest, Fulfilment, HeldBecause, PaymentUpdate, Reclaim, SettleRequest};
use crate::{
    ADJUSTMENT_TTL_MS, Adjustment, Balance, Catalogue, Credits, Draw, GrantKind, GrantRequest,
    LOTS_PER_WALLET_MAX, Lot, LotStatus, Millis, Money, OPEN_ORDERS_PER_WALLET_MAX, OrderRequest,
    OrderStatus, OrderTerms, PackVersion, Payment, Position, RefundRequest, Refusal, Rejection, Returns,
    Shortfall, State, TopUp, Wallet, WalletEvent, grants, reverse,
};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// The pack that is ordered, if it is for sale.
pub(crate) fn for_sale<'a>(
    catalogue: &'a Catalogue,
    request: &OrderRequest,
) -> Result<&'a PackVersion, Rejection> {
    let missing = Rejection::NotFound { kind: "pack" };
    let pack = catalogue.pack(request.pack).ok_or(missing)?;
    let newest = catalogue.pack_by_code(&pack.terms.code).unwrap_or(pack);
    if newest.terms.is_active {
        Ok(pack)
    } else {
        Err(Rejection::invalid("pack", "is not for sale any more"))
    }
}

/// Places an order. Moves nothing.
pub(crate) fn place(
    wallet: &Wallet,
    request: &OrderRequest,
    pack: &PackVersion,
) -> Result<(WalletEvent, Balance), Refusal> {
    if wallet.open_orders().len() >= OPEN_ORDERS_PER_WALLET_MAX {
        let limit = u32::try_from(OPEN_ORDERS_PER_WALLET_MAX).unwrap_or(u32::MAX);
        return Err(Refusal::TooManyOrders { limit });
    }
    let terms = OrderTerms {
        credits: pack.terms.credits_in_all(),
        price: pack.terms.price,
        valid_days: pack.terms.valid_days,
    };
    let event = WalletEvent::OrderPlaced { request: Box::new(request.clone()), terms: Box::new(terms) };
    Ok((event, wallet.balance))
}

/// Notes where the buyer pays. Once: a provider that is asked again for the same order answers the same checkout. An
/// order that was given up meanwhile is no exception: who is sent to a checkout may pay there.
pub(crate) fn open_checkout(
    wallet: &Wallet,
    order: &TopUp,
    request: &CheckoutRequest,
) -> Result<(WalletEvent, Balance), Rejection> {
    if order.checkout.is_some() {
        return Err(Rejection::Unchanged);
    }
    Ok((WalletEvent::CheckoutOpened { request: Box::new(request.clone()) }, wallet.balance))
}

/// Sets unused credits of an order aside, to be refunded. Their money is what the buyer paid for them, rounded down to
/// a whole coin.
pub(crate) fn start_refund(
    wallet: &Wallet,
    order: &TopUp,
    request: &RefundRequest,
) -> Result<(WalletEvent, Balance), Refusal> {
    let (Some(lot), Some(payment)) = (order.lot.and_then(|no| wallet.lot(no)), &order.payment) else {
        return Err(Refusal::OrderNotPaid { status: order.status });
    };
    if let Some(open) = &order.refund {
        return Err(Refusal::RefundGoesOn { credits: open.credits });
    }
    let unused = if lot.status == LotStatus::Active { lot.free() } else { Credits::ZERO };
    let credits = request.credits.unwrap_or(unused);
    if !credits.is_positive() || credits > unused {
        return Err(Refusal::RefundExceedsUnused { requested: credits, unused });
    }
    let share =
        i128::from(payment.total_nano) * i128::from(credits.micro()) / i128::from(lot.credits.micro());
    let left = payment.total_nano - money_back(&order.returns, payment);
    let currency = payment.subtotal.currency;
    let nano = i64::try_from(share).unwrap_or(i64::MAX).min(left);
    let nano = nano - nano % currency.coin_nano();
    if nano <= 0 {
        return Err(Refusal::NothingToRefund);
    }
    // After this point the credits are set aside.
    let mut after = wallet.balance;
    after.held += credits;
    let amount = Money { nano, currency };
    Ok((WalletEvent::RefundStarted { request: *request, credits, amount }, after))
}

/// Brings an order to where its provider says that it stands.
///
/// # Errors
/// [`Rejection::Unchanged`] where it stands there already.
pub(crate) fn settle(
    state: &State,
    wallet: &Wallet,
    order: &TopUp,
    request: &SettleRequest,
    now: Millis,
) -> Result<(WalletEvent, Balance), Rejection> {
    let (status, held_because) = advance(wallet, order, request, now);
    let payment = match (&request.payment, &order.payment) {
        (Some(PaymentUpdate::Paid(payment)), None) => Some(payment),
        (_, known) => known.as_ref(),
    };
    let arrives = status == OrderStatus::Paid && order.lot.is_none();
    let mut lot = match (order.lot, payment) {
        (Some(number), _) => wallet.lot(number).cloned(),
        (None, Some(payment)) if arrives => Some(incoming(wallet, order, payment, now)),
        (None, _) => None,
    };
    let mut after = wallet.balance;
    if let Some(lot) = lot.as_ref().filter(|_| arrives) {
        after.posted += lot.credits;
    }
    let returns = request.returns.unwrap_or(order.returns);
    let reclaim = match (&mut lot, payment) {
        (Some(lot), Some(payment)) => {
            let mut reclaiming = Reclaiming {
                event: request.order.position,
                state,
                wallet,
                order,
                lot,
                after: &mut after,
                now,
            };
            reclaiming.to(&returns, payment, request)
        }
        _ => None,
    };
    if after.posted.checked_add(wallet.to_come()).is_none() {
        return Err(Rejection::invalid("order", "cannot be settled: the wallet has no room for its credits"));
    }
    let fulfilment = lot.filter(|_| arrives).map(|lot| {
        let settlements = grants::settle(wallet, &lot);
        after.debt -= settlements.iter().map(|s| s.credits).sum();
        let Lot { number, credits, price, expires_at, .. } = lot;
        let price = price.unwrap_or(order.terms.price);
        Box::new(Fulfilment { lot: number, credits, price, expires_at, settlements })
    });
    let ends_refund = request.ends_refund.is_some_and(|id| order.refund.is_some_and(|r| r.id.position == id));
    let is_news = status != order.status
        || held_because != order.held_because
        || returns != order.returns
        || ends_refund
        || reclaim.is_some();
    if !is_news {
        return Err(Rejection::Unchanged);
    }
    let event = WalletEvent::OrderSettled {
        request: Box::new(request.clone()),
        status,
        held_because,
        fulfilment,
        reclaim: reclaim.map(Box::new),
    };
    Ok((event, after))
}

/// Where the payment stands now. It only goes forward: news that come late change nothing.
fn advance(
    wallet: &Wallet,
    order: &TopUp,
    request: &SettleRequest,
    now: Millis,
) -> (OrderStatus, Option<HeldBecause>) {
    let told = match &request.payment {
        None if request.is_accepted && order.status == OrderStatus::Held => OrderStatus::Paid,
        None => order.status,
        Some(PaymentUpdate::Pending) => OrderStatus::Pending,
        Some(PaymentUpdate::Expired) => OrderStatus::Expired,
        Some(PaymentUpdate::Failed) => OrderStatus::Failed,
        Some(PaymentUpdate::Paid(_)) => OrderStatus::Paid,
    };
    if told <= order.status {
        return (order.status, order.held_because);
    }
    if told != OrderStatus::Paid {
        return (told, None);
    }
    let payment = match (&order.payment, &request.payment) {
        (Some(known), _) => Some(known),
        (None, Some(PaymentUpdate::Paid(payment))) => Some(payment),
        (None, _) => None,
    };
    match payment.and_then(|payment| hold_because(wallet, order, payment, request.is_accepted, now)) {
        Some(why) => (OrderStatus::Held, Some(why)),
        None => (OrderStatus::Paid, None),
    }
}

fn hold_because(
    wallet: &Wallet,
    order: &TopUp,
    payment: &Payment,
    is_accepted: bool,
    now: Millis,
) -> Option<HeldBecause> {
    if !is_accepted && payment.subtotal.currency != order.terms.price.currency {
        return Some(HeldBecause::Currency);
    }
    if !is_accepted && payment.subtotal.nano != order.terms.price.nano {
        return Some(HeldBecause::Amount);
    }
    let has_room = wallet.lots.len() < LOTS_PER_WALLET_MAX
        && order.terms.credits <= grants::room(wallet)
        && incoming(wallet, order, payment, now).credits.is_positive();
    (!has_room).then_some(HeldBecause::NoRoom)
}

/// The order's lot as it comes in.
fn incoming(wallet: &Wallet, order: &TopUp, payment: &Payment, now: Millis) -> Lot {
    let is_ours = payment.subtotal.currency == order.terms.price.currency;
    let price = if is_ours {
        Money { nano: payment.net_nano(), currency: payment.subtotal.currency }
    } else {
        order.terms.price
    };
    let expires_at = order.terms.valid_days.map(|days| now.plus(i64::from(days) * DAY_MS));
    grants::incoming(
        wallet.next_lot,
        &GrantRequest {
            credits: order.terms.credits,
            kind: GrantKind::Paid,
            price: Some(price),
            priority: 0,
            effective_at: None,
            expires_at,
            scope: Vec::new(),
        },
    )
}

/// Nano-units of a payment that are gone again: at most all of it.
fn money_back(returns: &Returns, payment: &Payment) -> i64 {
    let back = i128::from(returns.refunded_nano.max(0)) + i128::from(returns.withdrawn_nano.max(0));
    i64::try_from(back.min(payment.total_nano.into())).unwrap_or(payment.total_nano)
}

/// Credits of a lot that so much of its payment stands for, rounded down.
fn share(lot: &Lot, nano: i64, payment: &Payment) -> Credits {
    if payment.total_nano <= 0 {
        return Credits::ZERO;
    }
    let part = i128::from(lot.credits.micro()) * i128::from(nano) / i128::from(payment.total_nano);
    Credits::from_micro(i64::try_from(part).unwrap_or(lot.credits.micro()).min(lot.credits.micro()))
}

/// Works out what follows money back, on a copy of the order's lot and of the balance.
struct Reclaiming<'a> {
    /// Under which place the order's debt is kept: its own.
    event: Position,
    state: &'a State,
    wallet: &'a Wallet,
    order: &'a TopUp,
    lot: &'a mut Lot,
    after: &'a mut Balance,
    now: Millis,
}

impl Reclaiming<'_> {
    /// What changes so that `returns` are followed; `None` where nothing does.
    fn to(&mut self, returns: &Returns, payment: &Payment, request: &SettleRequest) -> Option<Reclaim> {
        let before = self.order.sums;
        let back = money_back(returns, payment);
        let target = share(self.lot, back, payment);
        let mut reclaim = Reclaim { order_lot: self.lot.number, sums: before, ..Reclaim::default() };
        self.release(&mut reclaim);
        let used_before = self.lot.used;
        let reclaimed = before.reclaimed();
        if target > reclaimed {
            self.take(target - reclaimed, returns, &mut reclaim);
        } else {
            self.give_back(reclaimed - target, &mut reclaim);
        }
        reclaim.sums.refunded_nano = self.lot.recognised_nano(target);
        reclaim.refunded_nano = reclaim.sums.refunded_nano - before.refunded_nano;
        let moved = self.lot.recognised_nano(self.lot.used) - self.lot.recognised_nano(used_before);
        reclaim.revenue_nano = moved - reclaim.refunded_nano;
        self.reserve(returns, back, payment, request, &mut reclaim);
        self.freeze_or_thaw(returns, &mut reclaim);
        (reclaim.sums != before || reclaim.broken.is_some()).then_some(reclaim)
    }

    /// Frees what was set aside; what has to stay so is set aside again.
    fn release(&mut self, reclaim: &mut Reclaim) {
        reclaim.released = self.order.sums.reserved;
        self.lot.held -= reclaim.released;
        self.after.held -= reclaim.released;
        reclaim.sums.reserved = Credits::ZERO;
    }

    /// After money that went back: first what is left of the lot, then what had lapsed of it, then what was used.
    fn take(&mut self, credits: Credits, returns: &Returns, reclaim: &mut Reclaim) {
        let sums = &mut reclaim.sums;
        reclaim.taken = credits.min(self.lot.free());
        self.lot.used += reclaim.taken;
        self.after.posted -= reclaim.taken;
        sums.taken += reclaim.taken;
        let mut left = credits - reclaim.taken;
        reclaim.lapsed = left.min(self.lot.lapsed - sums.lapsed).max(Credits::ZERO);
        sums.lapsed += reclaim.lapsed;
        left -= reclaim.lapsed;
        if self.shortfall(returns) != Shortfall::Uncollectable {
            let room = Credits::MAX - self.after.debt - self.wallet.held_on_overdraft();
            reclaim.owed = left.min(room).max(Credits::ZERO);
            self.after.debt += reclaim.owed;
            self.after.posted -= reclaim.owed;
            sums.owed += reclaim.owed;
            left -= reclaim.owed;
        }
        reclaim.uncollectable = left;
        sums.uncollectable += left;
    }

    /// After money that came again: the other way round.
    fn give_back(&mut self, credits: Credits, reclaim: &mut Reclaim) {
        let sums = &mut reclaim.sums;
        let mut left = credits;
        let uncollectable = left.min(sums.uncollectable);
        sums.uncollectable -= uncollectable;
        reclaim.uncollectable -= uncollectable;
        left -= uncollectable;
        let owed = left.min(sums.owed);
        sums.owed -= owed;
        left -= owed;
        let lapsed = left.min(sums.lapsed);
        sums.lapsed -= lapsed;
        reclaim.lapsed -= lapsed;
        left -= lapsed;
        sums.taken -= left;
        let mut adjusted = self.forgive(owed, reclaim);
        if self.lot.status == LotStatus::Active && self.lot.expires_at > self.now {
            reclaim.restored = left;
            self.lot.used -= left;
        } else {
            adjusted += left;
        }
        self.after.posted += left;
        reclaim.adjustment = adjusted.is_positive().then(|| Adjustment {
            lot: self.wallet.next_lot,
            credits: adjusted,
            expires_at: self.now.plus(ADJUSTMENT_TTL_MS),
        });
    }

    /// Takes off what is still owed, and gives the rest back to the lots that paid it. What they cannot take is left.
    fn forgive(&mut self, owed: Credits, reclaim: &mut Reclaim) -> Credits {
        let event = self.event;
        let still =
            self.wallet.debts().iter().find(|d| d.event == event).map_or(Credits::ZERO, |d| d.credits);
        reclaim.forgiven = owed.min(still);
        self.after.debt -= reclaim.forgiven;
        let later = self.state.amended(event).map(|amended| amended.later.as_slice()).unwrap_or_default();
        let payers: Vec<_> = later.iter().rev().copied().collect();
        let (returns, adjusted) = reverse::give_back(self.wallet, &payers, owed - reclaim.forgiven, self.now);
        reclaim.returns = returns;
        self.after.posted += owed;
        adjusted
    }

    /// Sets aside what a dispute or a refund of ours may yet take; what is left of a lot that has expired lapses.
    fn reserve(
        &mut self,
        returns: &Returns,
        back: i64,
        payment: &Payment,
        request: &SettleRequest,
        reclaim: &mut Reclaim,
    ) {
        let disputed = returns.disputed_nano.clamp(0, payment.total_nano - back);
        let refund = self.order.refund.filter(|refund| request.ends_refund != Some(refund.id.position));
        let wanted =
            share(self.lot, disputed, payment) + refund.map_or(Credits::ZERO, |refund| refund.credits);
        reclaim.reserved = wanted.min(self.lot.free()).max(Credits::ZERO);
        reclaim.sums.reserved = reclaim.reserved;
        self.lot.held += reclaim.reserved;
        self.after.held += reclaim.reserved;
        let lapses = self.lot.free();
        if self.lot.status == LotStatus::Expired && lapses.is_positive() {
            let used = self.lot.used;
            let revenue_nano = self.lot.recognised_nano(used + lapses) - self.lot.recognised_nano(used);
            self.lot.used += lapses;
            self.after.posted -= lapses;
            reclaim.broken = Some(Draw { lot: self.lot.number, credits: lapses, revenue_nano });
        }
    }

    fn freeze_or_thaw(&self, returns: &Returns, reclaim: &mut Reclaim) {
        let frozen_by = self.wallet.frozen_by();
        let is_to_freeze = self.shortfall(returns) == Shortfall::DebtAndFreeze;
        reclaim.freezes = is_to_freeze && reclaim.owed.is_positive() && frozen_by.is_none();
        reclaim.thaws = reclaim.sums.owed.is_zero()
            && !reclaim.freezes
            && frozen_by.is_some()
            && frozen_by == self.order.froze;
    }

    /// What becomes of credits that were used: by what took the money.
    fn shortfall(&self, returns: &Returns) -> Shortfall {
        let settings = &self.state.catalogue.settings;
        if returns.withdrawn_nano > 0 { settings.dispute_shortfall } else { settings.refund_shortfall }
    }
}
