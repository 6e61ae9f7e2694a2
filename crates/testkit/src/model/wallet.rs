//! One customer's credits: lots, holds and events, and the sums over them.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::allowances::Allowance;
use super::answer::Reserved;
use super::orders::Order;
use super::{Balance, Draw, Happening, HoldEnd, Kind, LotStatus, Micro, Money, Ms, Nano, Place, Policy};

/// One customer's credits.
#[derive(Clone, Debug)]
pub(super) struct Wallet {
    pub(super) customer: String,
    pub(super) policy: Policy,
    pub(super) frozen_by: Option<Place>,
    /// Every lot there ever was; lot `n` is at index `n - 1`.
    pub(super) lots: Vec<Lot>,
    /// Every hold there ever was, oldest first.
    pub(super) holds: Vec<Hold>,
    /// Every charge there ever was, oldest first.
    pub(super) events: Vec<Event>,
    /// Every order there ever was, oldest first.
    pub(super) orders: Vec<Order>,
    /// What it is given again and again.
    pub(super) allowances: Vec<Allowance>,
}

/// Credits that came in together.
#[derive(Clone, Debug)]
pub(super) struct Lot {
    pub(super) number: u32,
    pub(super) granted_by: Place,
    pub(super) kind: Kind,
    pub(super) status: LotStatus,
    pub(super) credits: Micro,
    pub(super) price: Option<Money>,
    pub(super) priority: i32,
    pub(super) effective_at: Ms,
    pub(super) expires_at: Option<Ms>,
    pub(super) granted_at: Ms,
    pub(super) scope: BTreeSet<String>,
    /// What left it (positive) and came back (negative), in order.
    pub(super) moves: Vec<Micro>,
    /// What of that lapsed.
    pub(super) lapses: Vec<Micro>,
}

/// Credits set aside.
#[derive(Clone, Debug)]
pub(super) struct Hold {
    pub(super) placed: Place,
    pub(super) event_type: String,
    pub(super) price: Option<u32>,
    /// What a capture may still take.
    pub(super) credits: Micro,
    /// What captures took of what was set aside.
    pub(super) captured: Micro,
    pub(super) reserved: Reserved,
    pub(super) on_overdraft: Micro,
    pub(super) expires_at: Ms,
    pub(super) end: Option<HoldEnd>,
}

/// A charge and what became of it.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) place: Place,
    pub(super) event_type: String,
    /// Paid or owed at first.
    pub(super) charged: Micro,
    /// Still owed.
    pub(super) owed: Micro,
    /// Who paid how much of it when, and how much of that went back.
    pub(super) payments: Vec<Payment>,
    /// Undone so far.
    pub(super) reversed: Micro,
    /// Charged again so far.
    pub(super) recharged: Micro,
    /// Neither paid nor owed at first.
    pub(super) uncharged: Micro,
    /// Of that, charged later.
    pub(super) collected: Micro,
    /// What it has been owed without a break since.
    pub(super) owed_since: Place,
    /// The price version it was charged by.
    pub(super) price: Option<u32>,
    /// What it cost the operator: as reported with it, and by the latest word since.
    pub(super) cost: (Option<Nano>, Option<Nano>),
}

/// A lot's part in a charge.
#[derive(Clone, Debug)]
pub(super) struct Payment {
    pub(super) lot: u32,
    pub(super) credits: Micro,
    pub(super) returned: Micro,
}

impl Wallet {
    pub(super) fn new(customer: &str) -> Self {
        Self {
            customer: customer.to_owned(),
            policy: Policy::Strict,
            frozen_by: None,
            lots: Vec::new(),
            holds: Vec::new(),
            events: Vec::new(),
            orders: Vec::new(),
            allowances: Vec::new(),
        }
    }

    pub(super) fn balance(&self) -> Balance {
        let in_lots: Micro = self
            .lots
            .iter()
            .map(|lot| match lot.status {
                LotStatus::Active => lot.remaining(),
                LotStatus::Expired => self.reserved(lot.number),
                LotStatus::Pending | LotStatus::Voided => 0,
            })
            .sum();
        let of_orders: Micro = self.orders.iter().map(|order| order.set_aside).sum();
        let held = self.open_holds().map(Hold::held).sum::<Micro>() + of_orders;
        Balance { posted: in_lots - self.debt(), held, debt: self.debt() }
    }

    pub(super) fn available(&self) -> Micro {
        let Balance { posted, held, .. } = self.balance();
        posted - held
    }

    pub(super) fn debt(&self) -> Micro {
        self.events.iter().map(|e| e.owed).sum()
    }

    /// Credits of lots whose day has not come.
    pub(super) fn to_come(&self) -> Micro {
        self.lots.iter().filter(|l| l.status == LotStatus::Pending).map(Lot::remaining).sum()
    }

    pub(super) fn open_holds(&self) -> impl Iterator<Item = &Hold> {
        self.holds.iter().filter(|h| h.end.is_none())
    }

    pub(super) fn hold(&self, placed: Place) -> Option<&Hold> {
        self.holds.iter().find(|h| h.placed == placed)
    }

    pub(super) fn hold_mut(&mut self, placed: Place) -> &mut Hold {
        self.holds.iter_mut().find(|h| h.placed == placed).expect("a hold of this wallet")
    }

    pub(super) fn event(&self, place: Place) -> Option<&Event> {
        self.events.iter().find(|e| e.place == place)
    }

    pub(super) fn lot(&self, number: u32) -> &Lot {
        &self.lots[number as usize - 1]
    }

    pub(super) fn lot_mut(&mut self, number: u32) -> &mut Lot {
        &mut self.lots[number as usize - 1]
    }

    /// What open holds reserve of a lot, and what its order sets aside.
    pub(super) fn reserved(&self, number: u32) -> Micro {
        let parts = self.open_holds().flat_map(|h| &h.reserved);
        let by_holds: Micro = parts.filter(|(lot, _)| *lot == number).map(|(_, credits)| *credits).sum();
        let its_order = self.orders.iter().filter(|order| order.lot == Some(number));
        by_holds + its_order.map(|order| order.set_aside).sum::<Micro>()
    }

    /// What is left of a lot that no hold reserves.
    pub(super) fn free(&self, number: u32) -> Micro {
        self.lot(number).remaining() - self.reserved(number)
    }

    /// Lots with credits left, first to burn first.
    pub(super) fn live_lots(&self) -> Vec<&Lot> {
        let mut live: Vec<&Lot> =
            self.lots.iter().filter(|l| l.status != LotStatus::Voided && l.remaining() > 0).collect();
        live.sort_by(|a, b| a.burn_order(b));
        live
    }

    /// Takes credits out of a lot; revenue is what the lot's price share grew by.
    pub(super) fn take(&mut self, number: u32, credits: Micro) -> Draw {
        let lot = self.lot_mut(number);
        let before = lot.recognised();
        lot.moves.push(credits);
        Draw { lot: number, credits, revenue: lot.recognised() - before }
    }

    /// Takes out of a lot what lapses.
    pub(super) fn lapse(&mut self, number: u32, credits: Micro) -> Draw {
        self.lot_mut(number).lapses.push(credits);
        self.take(number, credits)
    }

    /// Puts credits back into a lot, with the revenue they bring back.
    pub(super) fn put_back(&mut self, number: u32, credits: Micro) -> Draw {
        let Draw { lot, credits, revenue } = self.take(number, -credits);
        Draw { lot, credits: -credits, revenue: -revenue }
    }

    pub(super) fn set_policy(&mut self, policy: Policy) -> Happening {
        self.policy = policy;
        Happening::PolicySet(policy)
    }

    pub(super) fn freeze(&mut self, place: Place) -> Happening {
        self.frozen_by = Some(place);
        Happening::Frozen
    }

    pub(super) fn thaw(&mut self) -> Happening {
        self.frozen_by = None;
        Happening::Thawed
    }

    pub(super) fn forget_customer(&mut self) -> Happening {
        self.customer.clear();
        self.allowances.clear();
        Happening::CustomerErased
    }
}

impl Event {
    /// Paid or owed, at first and since, whatever was undone of it.
    pub(super) fn charged_in_all(&self) -> Micro {
        self.charged + self.recharged + self.collected
    }

    /// What is owed for something that is no event.
    pub(super) fn owed_for(place: Place, event_type: &str) -> Self {
        Self {
            place,
            event_type: event_type.to_owned(),
            charged: 0,
            owed: 0,
            payments: Vec::new(),
            reversed: 0,
            recharged: 0,
            uncharged: 0,
            collected: 0,
            owed_since: place,
            price: None,
            cost: (None, None),
        }
    }
}

impl Hold {
    /// What it takes off the available credits.
    pub(super) fn held(&self) -> Micro {
        self.on_overdraft + self.reserved.iter().map(|(_, credits)| credits).sum::<Micro>()
    }
}

impl Lot {
    pub(super) fn used(&self) -> Micro {
        self.moves.iter().sum()
    }

    pub(super) fn remaining(&self) -> Micro {
        self.credits - self.used()
    }

    /// Nano-units recognised so far: ⌊price × used ÷ credits⌋.
    pub(super) fn recognised(&self) -> Nano {
        self.price_nano() * self.used() / self.credits
    }

    pub(super) fn price_nano(&self) -> Nano {
        self.price.as_ref().map_or(0, |p| p.nano)
    }

    pub(super) fn pays_for(&self, event_type: &str) -> bool {
        self.status == LotStatus::Active && (self.scope.is_empty() || self.scope.contains(event_type))
    }

    /// Priority; what expires first; what is good for less; given before sold; cheaper (by currency code first);
    /// in effect earlier; granted earlier; lower id.
    fn burn_order(&self, other: &Self) -> Ordering {
        let expiry = |l: &Self| l.expires_at.unwrap_or(Ms::MAX);
        let breadth = |l: &Self| if l.scope.is_empty() { usize::MAX } else { l.scope.len() };
        let sold = |l: &Self| l.kind == Kind::Paid;
        let currency = |l: &Self| l.price.as_ref().map(|p| p.currency.clone());
        (self.priority.cmp(&other.priority))
            .then(expiry(self).cmp(&expiry(other)))
            .then(breadth(self).cmp(&breadth(other)))
            .then(sold(self).cmp(&sold(other)))
            .then(currency(self).cmp(&currency(other)))
            .then((self.price_nano() * other.credits).cmp(&(other.price_nano() * self.credits)))
            .then(self.effective_at.cmp(&other.effective_at))
            .then(self.granted_at.cmp(&other.granted_at))
            .then(self.granted_by.cmp(&other.granted_by))
    }
}
