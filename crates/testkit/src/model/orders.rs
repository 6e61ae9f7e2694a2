//! Orders of packs: what a provider says of their payment, and what follows money that goes back.
//!
//! Credits that follow money back are ⌊credits × money back ÷ money paid⌋: out of the order's own lot first, then of
//! what lapsed of it, then of what was used. Money that comes again undoes that from the end.
//!
//! An order remembers which credits went which way, one after the other; its sums are taken afresh.

use super::packs::{COIN, Pack, Settings, Shortfall};
use super::wallet::{Event, Wallet};
use super::{
    CREDITS_MAX, DAY_MS, Draw, Happening, Kind, LIVE_LOTS_MAX, LotStatus, Micro, Model, Money, Ms, Nano,
    OPEN_ORDERS_MAX, Place, Refused, Rejected, Request, Settled,
};

/// Where the payment of an order stands. It only goes forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "named as on the wire")]
pub enum OrderStatus {
    Created,
    Pending,
    Expired,
    Failed,
    Held,
    Paid,
}

/// Why a paid order waits for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as on the wire")]
pub enum HeldBecause {
    Amount,
    Currency,
    NoRoom,
}

/// What a provider says of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as on the wire")]
pub enum News {
    Pending,
    Expired,
    Failed,
    Paid(Payment),
}

/// Money that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// Before discount and tax.
    pub subtotal: Money,
    /// Taken off it, in nano-units.
    pub discount: Nano,
    /// Put on it.
    pub tax: Nano,
    /// What the buyer paid.
    pub total: Nano,
}

/// Money that went back or may, as totals, in nano-units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Returns {
    /// Refunded.
    pub refunded: Nano,
    /// Taken by disputes.
    pub withdrawn: Nano,
    /// Under dispute and not taken.
    pub disputed: Nano,
}

/// The credits of an order came.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the glossary; amounts in micro-credits and nano-units")]
pub struct Arrived {
    pub lot: u32,
    pub credits: Micro,
    pub price: Money,
    pub expires_at: Option<Ms>,
    pub settled: Vec<Settled>,
}

/// Credits followed money. What came again counts negative, where one number says both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the glossary; amounts in micro-credits and nano-units")]
pub struct Followed {
    /// Set aside before, and after.
    pub set_aside: (Micro, Micro),
    /// What was set aside in a lot that is over.
    pub lapses_now: Option<Draw>,
    pub taken: Micro,
    pub restored: Micro,
    pub lapsed: Micro,
    pub owed: Micro,
    pub forgiven: Micro,
    pub returned: Vec<Draw>,
    pub stand_in: Option<(u32, Micro, Ms)>,
    pub uncollectable: Micro,
    pub refunded: Nano,
    pub revenue: Nano,
    pub freezes: bool,
    pub thaws: bool,
}

/// An order as it is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the glossary; amounts in micro-credits and nano-units")]
pub struct OrderView {
    pub placed: Place,
    pub pack: u32,
    pub credits: Micro,
    pub price: Money,
    pub status: OrderStatus,
    pub held_because: Option<HeldBecause>,
    pub has_checkout: bool,
    pub payment: Option<Payment>,
    pub lot: Option<u32>,
    pub returns: Returns,
    pub taken: Micro,
    pub lapsed: Micro,
    pub owed: Micro,
    pub uncollectable: Micro,
    pub set_aside: Micro,
    pub refunded: Nano,
    /// The refund that goes on: the fact that started it, credits, money.
    pub refund: Option<(Place, Micro, Nano)>,
    pub froze: Option<Place>,
}

/// The event type of what is owed for an order: none.
const OF_ORDER: &str = "";

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
        if known.has_checkout || known.status >= OrderStatus::Expired {
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

    /// Credits follow money, until those that are gone are what the money that is gone stands for.
    fn follow(&mut self, place: Place, placed: Place, settings: &Settings, now: Ms) -> Option<Followed> {
        let before = self.order(placed).clone();
        let number = before.lot.expect("a lot");
        let recognised_before = self.lot(number).recognised();
        let mut followed = Followed::default();
        // What was set aside is free again, before anything is looked for.
        self.order_mut(placed).set_aside = 0;
        let goal = before.credits_for(before.money_back());
        let shortfall =
            if before.returns.withdrawn > 0 { settings.dispute_shortfall } else { settings.refund_shortfall };
        if goal > before.gone() {
            self.take_back(place, placed, goal - before.gone(), shortfall, &mut followed);
        } else {
            self.come_again(place, placed, before.gone() - goal, now, &mut followed);
        }
        let given_back = |order: &Order| self.refunded(order);
        followed.refunded = given_back(self.order(placed)) - given_back(&before);
        followed.revenue = self.lot(number).recognised() - recognised_before - followed.refunded;
        self.set_aside(placed, &mut followed);
        followed.set_aside.0 = before.set_aside;
        let owes = self.order(placed).went(Way::Owed) > 0;
        if shortfall == Shortfall::DebtAndFreeze && followed.owed > 0 && self.frozen_by.is_none() {
            followed.freezes = true;
            self.frozen_by = Some(place);
            self.order_mut(placed).froze = Some(place);
        } else if !owes && self.frozen_by.is_some() && self.frozen_by == before.froze {
            followed.thaws = true;
            self.frozen_by = None;
        }
        let quiet = Followed { set_aside: (before.set_aside, before.set_aside), ..Followed::default() };
        (followed != quiet).then_some(followed)
    }

    /// ⌊price × credits ÷ all credits⌋ of the credits that followed money.
    fn refunded(&self, order: &Order) -> Nano {
        let lot = self.lot(order.lot.expect("a lot"));
        lot.price_nano() * order.gone() / lot.credits
    }

    fn take_back(
        &mut self,
        place: Place,
        placed: Place,
        credits: Micro,
        shortfall: Shortfall,
        followed: &mut Followed,
    ) {
        let order = self.order(placed).clone();
        let number = order.lot.expect("a lot");
        let lot = self.lot(number);
        let lapsed: Micro = lot.lapses.iter().sum();
        let free = self.free(number);
        let may_be_owed = match shortfall {
            Shortfall::Uncollectable => 0,
            Shortfall::Debt | Shortfall::DebtAndFreeze => {
                CREDITS_MAX - self.debt() - self.held_on_overdraft()
            }
        };
        let mut left = credits;
        let mut part_of = |most: Micro| {
            let part = left.min(most).max(0);
            left -= part;
            part
        };
        followed.taken = part_of(free);
        followed.lapsed = part_of(lapsed - order.went(Way::Lapsed));
        followed.owed = part_of(may_be_owed);
        followed.uncollectable = left;
        if followed.taken > 0 {
            self.take(number, followed.taken);
        }
        if followed.owed > 0 {
            self.owe(place, placed, followed.owed);
        }
        self.order_mut(placed).steps.extend([
            (Way::Lot, followed.taken),
            (Way::Lapsed, followed.lapsed),
            (Way::Owed, followed.owed),
            (Way::Uncollectable, followed.uncollectable),
        ]);
    }

    fn owe(&mut self, place: Place, placed: Place, credits: Micro) {
        if self.event(placed).is_none() {
            self.events.push(Event::owed_for(placed, OF_ORDER));
        }
        let debt = self.events.iter_mut().find(|event| event.place == placed).expect("a debt");
        if debt.owed == 0 {
            debt.owed_since = place;
        }
        debt.owed += credits;
    }

    /// From the end: first what nobody pays, then what is owed, then what had lapsed, then the order's own lot.
    fn come_again(&mut self, place: Place, placed: Place, credits: Micro, now: Ms, followed: &mut Followed) {
        let order = self.order(placed).clone();
        let number = order.lot.expect("a lot");
        let mut left = credits;
        let mut part_of = |way: Way| {
            let part = left.min(order.went(way));
            left -= part;
            part
        };
        let uncollectable = part_of(Way::Uncollectable);
        let owed = part_of(Way::Owed);
        let lapsed = part_of(Way::Lapsed);
        let own = part_of(Way::Lot);
        (followed.uncollectable, followed.lapsed) = (-uncollectable, -lapsed);
        let mut homeless = 0;
        if owed > 0 {
            let at = self.events.iter().position(|event| event.place == placed).expect("a debt");
            followed.forgiven = self.events[at].owed.min(owed);
            self.events[at].owed -= followed.forgiven;
            let (returned, gone) = self.pay_back(at, owed - followed.forgiven, now);
            (followed.returned, homeless) = (returned, gone);
        }
        let lot = self.lot(number);
        if lot.status == LotStatus::Active && lot.expires_at.is_none_or(|at| at > now) {
            followed.restored = own;
            if own > 0 {
                self.put_back(number, own);
            }
        } else {
            // The lot is over: it is as if they had lapsed with it, but a week is given.
            self.lot_mut(number).lapses.push(own);
            homeless += own;
        }
        followed.stand_in = (homeless > 0).then(|| self.stand_in(place, homeless, now));
        self.order_mut(placed).steps.extend([
            (Way::Uncollectable, -uncollectable),
            (Way::Owed, -owed),
            (Way::Lapsed, -lapsed),
            (Way::Lot, -own),
        ]);
    }

    /// Sets aside what is disputed and what a refund may take, as far as it is there. The rest of a lot that is over
    /// lapses.
    fn set_aside(&mut self, placed: Place, followed: &mut Followed) {
        let order = self.order(placed).clone();
        let number = order.lot.expect("a lot");
        let total = order.payment.as_ref().map_or(0, |payment| payment.total);
        let disputed = order.returns.disputed.clamp(0, total - order.money_back());
        let to_refund = order.refund.map_or(0, |(_, credits, _)| credits);
        let free = self.free(number);
        let set_aside = (order.credits_for(disputed) + to_refund).min(free);
        self.order_mut(placed).set_aside = set_aside;
        followed.set_aside.1 = set_aside;
        if self.lot(number).status == LotStatus::Expired && free > set_aside {
            followed.lapses_now = Some(self.lapse(number, free - set_aside));
        }
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
