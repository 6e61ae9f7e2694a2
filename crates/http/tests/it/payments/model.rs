//! What has to come of an order, worked out anew in plain integers: nothing of this knows the ledger.
//!
//! One customer, who has nothing but the credits of one order. Amounts are in cents, credits in whole ones; a share is
//! rounded down to millionths, as the product says that it does.

/// Millionths of a credit in one.
const MICRO: i128 = 1_000_000;
/// Credits of the pack.
pub(super) const CREDITS: i128 = 500;
/// What one event costs.
pub(super) const EVENT: i128 = 12;
/// Nano-units in a cent.
const CENT_NANO: i128 = 10_000_000;

/// What becomes of credits that were used before their money went back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Policy {
    Debt,
    DebtAndFreeze,
    Uncollectable,
}

impl Policy {
    pub(super) const ALL: [Self; 3] = [Self::Debt, Self::DebtAndFreeze, Self::Uncollectable];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Debt => "debt",
            Self::DebtAndFreeze => "debt_and_freeze",
            Self::Uncollectable => "uncollectable",
        }
    }
}

/// Where the money is, at Stripe or as it was last told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Money {
    pub(super) status: Status,
    pub(super) discount: i128,
    /// What the buyer paid.
    pub(super) total: i128,
    pub(super) refunded: i128,
    pub(super) withdrawn: i128,
    pub(super) disputed: i128,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Status {
    #[default]
    Created,
    Pending,
    Expired,
    Failed,
    Paid,
}

impl Status {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Pending => "pending",
            Self::Expired => "expired",
            Self::Failed => "failed",
            Self::Paid => "paid",
        }
    }
}

/// The order and its wallet, as they have to stand. Credits in millionths.
#[derive(Clone, Copy, Debug)]
pub(super) struct Model {
    pub(super) told: Money,
    refunds: Policy,
    disputes: Policy,
    used: i128,
    pub(super) taken: i128,
    pub(super) owed: i128,
    pub(super) uncollectable: i128,
    pub(super) aside: i128,
    pub(super) is_frozen: bool,
}

impl Model {
    pub(super) fn new(refunds: Policy, disputes: Policy) -> Self {
        Self {
            told: Money::default(),
            refunds,
            disputes,
            used: 0,
            taken: 0,
            owed: 0,
            uncollectable: 0,
            aside: 0,
            is_frozen: false,
        }
    }

    fn arrived(&self) -> i128 {
        if self.told.status == Status::Paid { CREDITS * MICRO } else { 0 }
    }

    /// What neither an event nor money that went back has taken.
    fn left(&self) -> i128 {
        self.arrived() - self.used - self.taken
    }

    pub(super) fn posted(&self) -> i128 {
        self.left() - self.owed
    }

    pub(super) fn available(&self) -> i128 {
        self.posted() - self.aside
    }

    /// Whether an event is paid; it is then.
    pub(super) fn meters(&mut self) -> bool {
        let pays = !self.is_frozen && self.available() >= EVENT * MICRO;
        self.used += if pays { EVENT * MICRO } else { 0 };
        pays
    }

    /// What unused credits are refunded with, in whole cents; `None` where they may not be refunded.
    pub(super) fn refundable_cents(&self, credits: i128) -> Option<i128> {
        let unused = self.left() - self.aside;
        let gone = (self.told.refunded + self.told.withdrawn).min(self.told.total);
        let cents = (self.told.total * credits / CREDITS).min(self.told.total - gone);
        (credits * MICRO <= unused && cents > 0).then_some(cents)
    }

    /// Somebody asks how the order stands, and is told this.
    pub(super) fn is_told(&mut self, now: Money) {
        // Money that has come does not stop having come, and so on down.
        let status = self.told.status.max(now.status);
        self.told = Money { status, ..now };
        if status != Status::Paid {
            return;
        }
        self.aside = 0;
        let target = share((now.refunded + now.withdrawn).min(now.total), now.total);
        let reclaimed = self.taken + self.owed + self.uncollectable;
        if target > reclaimed {
            self.take(target - reclaimed);
        } else {
            self.give_back(reclaimed - target);
        }
        let disputed = now.disputed.min(now.total - (now.refunded + now.withdrawn).min(now.total));
        self.aside = share(disputed, now.total).min(self.left());
    }

    fn take(&mut self, credits: i128) {
        let taken = credits.min(self.left());
        self.taken += taken;
        let short = credits - taken;
        let policy = if self.told.withdrawn > 0 { self.disputes } else { self.refunds };
        match policy {
            Policy::Uncollectable => self.uncollectable += short,
            Policy::Debt | Policy::DebtAndFreeze => self.owed += short,
        }
        self.is_frozen |= policy == Policy::DebtAndFreeze && short > 0;
    }

    fn give_back(&mut self, credits: i128) {
        let mut left = credits;
        for sum in [&mut self.uncollectable, &mut self.owed, &mut self.taken] {
            let back = left.min(*sum);
            *sum -= back;
            left -= back;
        }
        self.is_frozen &= self.owed > 0;
    }

    /// What the price of so many credits is, in nano-units.
    fn price(&self, credits: i128) -> i128 {
        (1_000 - self.told.discount) * CENT_NANO * credits / (CREDITS * MICRO)
    }

    /// What was sold: without discount, and without tax.
    pub(super) fn sold(&self) -> i128 {
        self.price(CREDITS * MICRO)
    }

    /// What was given back of that.
    pub(super) fn refunded(&self) -> i128 {
        self.price(self.taken + self.owed + self.uncollectable)
    }

    /// What was used is earned, but for what its money went back for.
    pub(super) fn revenue(&self) -> i128 {
        self.price(self.used + self.taken) - self.refunded()
    }

    /// What was sold and is neither earned nor given back.
    pub(super) fn deferred(&self) -> i128 {
        self.sold() - self.price(self.used + self.taken)
    }
}

/// The part of the credits that such a part of the money stands for.
fn share(part: i128, total: i128) -> i128 {
    if total == 0 { 0 } else { CREDITS * MICRO * part / total }
}
