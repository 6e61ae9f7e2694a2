//! Credits that follow money back, and come again with it.

use super::{Followed, Order, Way};
use crate::model::packs::{Settings, Shortfall};
use crate::model::wallet::{Event, Wallet};
use crate::model::{CREDITS_MAX, LotStatus, Micro, Ms, Nano, Place};

/// The event type of what is owed for an order: none.
const OF_ORDER: &str = "";

impl Wallet {
    /// Credits follow money, until those that are gone are what the money that is gone stands for.
    pub(super) fn follow(
        &mut self,
        place: Place,
        placed: Place,
        settings: &Settings,
        now: Ms,
    ) -> Option<Followed> {
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
    pub(super) fn refunded(&self, order: &Order) -> Nano {
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
}
