//! Orders of packs: what a provider says of their payment, and what follows money that goes back.
//!
//! Credits that follow money back are ⌊credits × money back ÷ money paid⌋: out of the order's own lot first, then of
//! what lapsed of it, then of what was used. Money that comes again undoes that from the end.
//!
//! An order remembers which credits went which way, one after the other; its sums are taken afresh.

mod follow;
mod words;

pub use words::{Arrived, Followed, HeldBecause, News, OrderStatus, OrderView, Payment, Returns};

use super::packs::{COIN, Pack, Settings};
use super::wallet::Wallet;
use super::{
    CREDITS_MAX, DAY_MS, Happening, Kind, LIVE_LOTS_MAX, LotStatus, Micro, Model, Money, Ms, Nano,
    OPEN_ORDERS_MAX, Place, Refused, Rejected, Request,
};

/// Where credits went that followed money back, in the order in which they are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Lot,
    Lapsed,
    Owed,
    Uncollectable,
}

/// An order.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) placed: Place,
    pack: u32,
    credits: Micro,
    price: Money,
    valid_days: Option<u32>,
    status: OrderStatus,
    held_because: Option<HeldBecause>,
    has_checkout: bool,
    payment: Option<Payment>,
    pub(super) lot: Option<u32>,
    returns: Returns,
    /// What followed money back (positive) and came again (negative), one after the other.
    steps: Vec<(Way, Micro)>,
    /// Credits of its lot that a dispute or a refund may yet take.
    pub(super) set_aside: Micro,
    refund: Option<(Place, Micro, Nano)>,
    froze: Option<Place>,
}

impl Order {
    fn went(&self, way: Way) -> Micro {
        self.steps.iter().filter(|(other, _)| *other == way).map(|(_, credits)| credits).sum()
    }

    fn gone(&self) -> Micro {
        self.steps.iter().map(|(_, credits)| credits).sum()
    }

    /// Whether somebody has to ask its provider for news.
    pub(super) fn is_open(&self) -> bool {
        self.status < OrderStatus::Expired || self.refund.is_some()
    }

    fn money_back(&self) -> Nano {
        let total = self.payment.as_ref().map_or(0, |payment| payment.total);
        (self.returns.refunded + self.returns.withdrawn).min(total)
    }

    /// ⌊credits × money ÷ money paid⌋.
    fn credits_for(&self, money: Nano) -> Micro {
        match self.payment.as_ref().map_or(0, |payment| payment.total) {
            0 => 0,
            total => self.credits * money / total,
        }
    }
}

impl Model {
    pub(super) fn wallet_of_order(&self, order: Place) -> Option<usize> {
        self.wallets.iter().position(|wallet| wallet.orders.iter().any(|known| known.placed == order))
    }
}

impl Wallet {
    fn order(&self, placed: Place) -> &Order {
        self.orders.iter().find(|order| order.placed == placed).expect("an order of this wallet")
    }

    fn order_mut(&mut self, placed: Place) -> &mut Order {
        self.orders.iter_mut().find(|order| order.placed == placed).expect("an order of this wallet")
    }

    /// Whether a lot has something left that came with an order.
    pub(super) fn is_bought(&self, lot: u32) -> bool {
        self.orders.iter().any(|order| order.lot == Some(lot)) && self.lot(lot).remaining() > 0
    }

    pub(super) fn place_order(&mut self, place: Place, pack: &Pack) -> Result<Happening, Refused> {
        if self.orders.iter().filter(|order| order.is_open()).count() >= OPEN_ORDERS_MAX {
            return Err(Refused::TooManyOrders);
        }
        self.orders.push(Order {
            placed: place,
            pack: pack.number,
            credits: pack.credits,
            price: pack.price.clone(),
            valid_days: pack.valid_days,
            status: OrderStatus::Created,
            held_because: None,
            has_checkout: false,
            payment: None,
            lot: None,
            returns: Returns::default(),
            steps: Vec::new(),
            set_aside: 0,
            refund: None,
            froze: None,
        });
        let (credits, price, valid_days) = (pack.credits, pack.price.clone(), pack.valid_days);
        Ok(Happening::OrderPlaced { credits, price, valid_days })
    }

    pub(super) fn open_checkout(&mut self, order: Place) -> Result<Happening, Rejected> {
        let known = self.order_mut(order);
        if known.has_checkout {
            return Err(Rejected::Unchanged);
        }
        known.has_checkout = true;
        Ok(Happening::CheckoutOpened { order })
    }

    /// Unused credits are set aside until the provider says what became of the refund.
    pub(super) fn refund_order(
        &mut self,
        place: Place,
        placed: Place,
        asked: Option<Micro>,
    ) -> Result<Happening, Refused> {
        let order = self.order(placed).clone();
        let (Some(lot), Some(payment)) = (order.lot, &order.payment) else {
            return Err(Refused::OrderNotPaid { status: order.status });
        };
        if let Some((_, credits, _)) = order.refund {
            return Err(Refused::RefundGoesOn { credits });
        }
        let unused = if self.lot(lot).status == LotStatus::Active { self.free(lot) } else { 0 };
        let credits = asked.unwrap_or(unused);
        if credits <= 0 || credits > unused {
            return Err(Refused::RefundExceedsUnused { requested: credits, unused });
        }
        let exact = (payment.total * credits / order.credits).min(payment.total - order.money_back());
        let amount = exact / COIN * COIN;
        if amount == 0 {
            return Err(Refused::NothingToRefund);
        }
        let order = self.order_mut(placed);
        order.refund = Some((place, credits, amount));
        order.set_aside += credits;
        Ok(Happening::RefundStarted { order: placed, credits, amount })
    }

    /// Whatever the provider says is where the order is to stand; where it stands there already, nothing happens.
    pub(super) fn settle_order(
        &mut self,
        place: Place,
        request: &Request,
        settings: &Settings,
        now: Ms,
    ) -> Result<Happening, Rejected> {
        let Request::SettleOrder { order: placed, payment, returns, ends_refund, is_accepted } = request
        else {
            unreachable!("a request to settle")
        };
        let mut after = self.clone();
        after.hear_of_payment(*placed, payment.as_ref(), *is_accepted);
        let order = after.order_mut(*placed);
        order.returns = returns.unwrap_or(order.returns);
        let ends = ends_refund.is_some() && order.refund.map(|(id, ..)| id) == *ends_refund;
        if ends {
            order.refund = None;
        }
        let (status, held_because, is_paid) =
            (order.status, order.held_because, order.status == OrderStatus::Paid);
        let mut arrived = (is_paid && order.lot.is_none()).then(|| after.arrive(place, *placed, now));
        let followed = if is_paid { after.follow(place, *placed, settings, now) } else { None };
        if let Some(arrived) = &mut arrived {
            arrived.settled = after.settle(arrived.lot);
        }
        if after.balance().posted + after.to_come() > CREDITS_MAX {
            return Err(Rejected::Invalid { field: "order".to_owned() });
        }
        let before = self.order(*placed);
        let is_news = (status, held_because) != (before.status, before.held_because)
            || after.order(*placed).returns != before.returns
            || ends
            || followed.is_some();
        if !is_news {
            return Err(Rejected::Unchanged);
        }
        *self = after;
        let followed = followed.map(Box::new);
        Ok(Happening::OrderSettled { order: *placed, status, held_because, arrived, followed })
    }

    /// The payment goes forward, if what is said of it is news. Money that is not what the order was sold for waits
    /// for a person, and so does money for which there is no room.
    fn hear_of_payment(&mut self, placed: Place, news: Option<&News>, is_accepted: bool) {
        let live = self.live_lots().len();
        let room = CREDITS_MAX - self.balance().posted.max(0) - self.to_come();
        let order = self.order_mut(placed);
        let told = match news {
            None if is_accepted && order.status == OrderStatus::Held => OrderStatus::Paid,
            None => return,
            Some(News::Pending) => OrderStatus::Pending,
            Some(News::Expired) => OrderStatus::Expired,
            Some(News::Failed) => OrderStatus::Failed,
            Some(News::Paid(_)) => OrderStatus::Paid,
        };
        if told <= order.status {
            return;
        }
        // The first word on what came counts.
        if let (Some(News::Paid(payment)), None) = (news, &order.payment) {
            order.payment = Some(payment.clone());
        }
        (order.status, order.held_because) = (told, None);
        if told == OrderStatus::Paid {
            let subtotal = &order.payment.as_ref().expect("money that came").subtotal;
            order.held_because = if !is_accepted && subtotal.currency != order.price.currency {
                Some(HeldBecause::Currency)
            } else if !is_accepted && subtotal.nano != order.price.nano {
                Some(HeldBecause::Amount)
            } else if live >= LIVE_LOTS_MAX || order.credits > room {
                Some(HeldBecause::NoRoom)
            } else {
                None
            };
            if order.held_because.is_some() {
                order.status = OrderStatus::Held;
            }
        }
    }

    /// The credits come, at a price net of discount and tax.
    fn arrive(&mut self, place: Place, placed: Place, now: Ms) -> Arrived {
        let order = self.order(placed).clone();
        let payment = order.payment.expect("money that came");
        let mut price = order.price.clone();
        if payment.subtotal.currency == price.currency {
            price.nano = (payment.subtotal.nano - payment.discount).max(0);
        }
        let expires_at = order.valid_days.map(|days| now + Ms::from(days) * DAY_MS);
        let lot = self.bring_in(place, (Kind::Paid, order.credits, Some(price.clone())), expires_at, now);
        self.order_mut(placed).lot = Some(lot);
        Arrived { lot, credits: order.credits, price, expires_at, settled: Vec::new() }
    }

    pub(super) fn order_view(&self, order: &Order) -> OrderView {
        OrderView {
            placed: order.placed,
            pack: order.pack,
            credits: order.credits,
            price: order.price.clone(),
            status: order.status,
            held_because: order.held_because,
            has_checkout: order.has_checkout,
            payment: order.payment.clone(),
            lot: order.lot,
            returns: order.returns,
            taken: order.went(Way::Lot),
            lapsed: order.went(Way::Lapsed),
            owed: order.went(Way::Owed),
            uncollectable: order.went(Way::Uncollectable),
            set_aside: order.set_aside,
            refunded: if order.lot.is_some() { self.refunded(order) } else { 0 },
            refund: order.refund,
            froze: order.froze,
        }
    }
}
