//! What a run adds up to: in all, by event type and by customer. Sums of amounts are 128 bits wide and cannot wrap.

use chargly_ledger::{
    Charge, Cost, Credits, Draw, EventTypeNo, Millis, Refusal, Settlement, WalletEvent, WalletNo,
};

/// The sums of one run over the span.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// In all.
    pub totals: Totals,
    types: Vec<TypeTally>,
    customers: Vec<CustomerTally>,
}

/// Sums in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Events that were charged.
    pub events: u64,
    /// Micro-credits charged, owed ones included, less those given back by reversals.
    pub used_micro: i128,
    /// Micro-credits that record-only wallets used and were not charged.
    pub uncharged_micro: i128,
    /// Nano-units of revenue recognised: charges, settled debt and breakage, less reversals.
    pub revenue_nano: i128,
    /// Of it, by credits that lapsed.
    pub breakage_nano: i128,
    /// Nano-units paid for grants, less what was taken back unused.
    pub cash_nano: i128,
    /// Nano-units that the charged events cost the operator.
    pub cost_nano: i128,
    /// Charged events whose cost nobody knows, less those of before the span whose cost came to be known in it.
    pub cost_missing: i64,
    /// Events refused: of those that happened in a simulated run, of all in what really happened.
    pub denied: u64,
    /// Holds that had been placed and are refused here.
    pub holds_denied: u64,
    /// Events that had been refused and are charged here.
    pub let_in: u64,
    /// Their micro-credits, which are among those used.
    pub let_in_micro: i128,
    /// Events that had been refused and are refused here, too.
    pub refused_again: u64,
    /// Events that do not happen because their price is another.
    pub forgone: u64,
    /// Calls that refer to something that did not happen here.
    pub left_out: u64,
    /// Captures that took all that was held, because their price went beyond it.
    pub capped: u64,
    /// Events whose properties give no price under the proposal; they keep the one they were charged at.
    pub unpriced: u64,
    /// Packs bought again.
    pub packs: u64,
}

/// Sums of one event type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TypeTally {
    /// Events that were charged.
    pub events: u64,
    /// Events that had been charged and are refused here; in what really happened, those that were refused.
    pub denied: u64,
    /// Micro-credits charged, less those given back.
    pub used_micro: i128,
    /// Nano-units of revenue recognised by its events, less reversals; breakage belongs to no type.
    pub revenue_nano: i128,
    /// Nano-units that they cost the operator.
    pub cost_nano: i128,
    /// Micro-credits that the events of the past cost at their own prices, whoever paid.
    pub asked_before_micro: i128,
    /// Micro-credits that the same events cost here.
    pub asked_after_micro: i128,
}

/// Sums of one customer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CustomerTally {
    /// Micro-credits charged, less those given back.
    pub used_micro: i128,
    /// Micro-credits that the events of the past cost at their own prices.
    pub asked_before_micro: i128,
    /// Micro-credits that the same events cost here.
    pub asked_after_micro: i128,
    /// When an event first found too few credits.
    pub ran_out_at: Option<Millis>,
}

impl Tally {
    /// By the number of the event type; those at the end without anything are missing.
    pub fn types(&self) -> &[TypeTally] {
        &self.types
    }

    /// By the number of the wallet; those at the end without anything are missing.
    pub fn customers(&self) -> &[CustomerTally] {
        &self.customers
    }

    /// Adds something that happened to a wallet at `at`; of an event, with what it cost the operator.
    pub(crate) fn happened(
        &mut self,
        at: Millis,
        wallet: WalletNo,
        event: &WalletEvent,
        cost_nano: Option<i64>,
    ) {
        match event {
            WalletEvent::Metered { request, charge, .. } => {
                self.charged(at, wallet, request.event_type, charge, cost_nano);
            }
            WalletEvent::HoldCaptured { of, charge, broken, .. } => {
                self.charged(at, wallet, of.event_type, charge, cost_nano);
                self.broken(broken);
            }
            WalletEvent::Reversed { credits, returns, of, .. } => {
                let (used, revenue) = (-micro(*credits), -revenue_of(returns));
                self.amended(wallet, of.as_deref().map(|of| of.event_type), used, revenue);
            }
            WalletEvent::Recharged { charge, of, .. } => {
                let (used, revenue) = (micro(charge.charged()), charge.revenue_nano());
                self.amended(wallet, of.as_deref().map(|of| of.event_type), used, revenue);
            }
            WalletEvent::Collected { charge, of, .. } => {
                let (used, revenue) = (micro(charge.charged()), charge.revenue_nano());
                self.totals.uncharged_micro -= used;
                self.amended(wallet, of.as_deref().map(|of| of.event_type), used, revenue);
            }
            WalletEvent::CostSet { before, cost, of, .. } => {
                let nano = |cost: &Option<Cost>| cost.map_or(0, |cost| i128::from(cost.nano));
                let more = nano(cost) - nano(before);
                self.totals.cost_nano += more;
                self.totals.cost_missing -= i64::from(before.is_none()) - i64::from(cost.is_none());
                if let Some(of) = of {
                    self.of_type(of.event_type).cost_nano += more;
                }
            }
            WalletEvent::Granted { request, settlements, .. } => {
                self.totals.cash_nano += request.price.map_or(0, |price| price.nano.into());
                self.settled(settlements);
            }
            WalletEvent::GrantVoided { refunded_nano, .. } => {
                self.totals.cash_nano -= i128::from(*refunded_nano);
            }
            WalletEvent::LotActivated { settlements, .. } => self.settled(settlements),
            WalletEvent::LotExpired { broken, .. } => self.broken(std::slice::from_ref(broken)),
            WalletEvent::HoldExpired { broken, .. } | WalletEvent::HoldVoided { broken, .. } => {
                self.broken(broken);
            }
            WalletEvent::OrderSettled { fulfilment, reclaim, .. } => {
                if let Some(fulfilment) = fulfilment {
                    self.totals.cash_nano += i128::from(fulfilment.price.nano);
                    self.settled(&fulfilment.settlements);
                }
                if let Some(reclaim) = reclaim {
                    self.totals.cash_nano -= i128::from(reclaim.refunded_nano);
                    self.totals.revenue_nano +=
                        i128::from(reclaim.revenue_nano) - revenue_of(&reclaim.returns);
                    self.broken(reclaim.broken.as_slice());
                }
            }
            WalletEvent::AllowanceRenewed { renewal } => {
                self.broken(&renewal.lapsed);
                self.settled(&renewal.settlements);
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
            | WalletEvent::PolicySet { .. }
            | WalletEvent::Frozen
            | WalletEvent::Thawed
            | WalletEvent::CustomerErased
            | WalletEvent::EventAnnotated { .. }
            | WalletEvent::Refused { .. } => {}
        }
    }

    /// Notes what an event of the past cost and what it costs here, whoever pays.
    pub(crate) fn asked(
        &mut self,
        wallet: WalletNo,
        event_type: EventTypeNo,
        before: Credits,
        after: Credits,
    ) {
        let of_type = self.of_type(event_type);
        of_type.asked_before_micro += micro(before);
        of_type.asked_after_micro += micro(after);
        let customer = self.customer(wallet);
        customer.asked_before_micro += micro(before);
        customer.asked_after_micro += micro(after);
    }

    /// Notes that a wallet could not pay, where that is why something was refused.
    pub(crate) fn refused(&mut self, at: Millis, wallet: WalletNo, refusal: &Refusal) {
        if matches!(refusal, Refusal::InsufficientCredits { .. }) {
            self.customer(wallet).ran_out_at.get_or_insert(at);
        }
    }

    /// The sums of an event type, to add to.
    pub(crate) fn of_type(&mut self, event_type: EventTypeNo) -> &mut TypeTally {
        grown(&mut self.types, event_type.index())
    }

    fn customer(&mut self, wallet: WalletNo) -> &mut CustomerTally {
        grown(&mut self.customers, wallet.index())
    }

    fn charged(
        &mut self,
        at: Millis,
        wallet: WalletNo,
        event_type: EventTypeNo,
        charge: &Charge,
        cost_nano: Option<i64>,
    ) {
        let (used, revenue) = (micro(charge.charged()), charge.revenue_nano());
        let cost = i128::from(cost_nano.unwrap_or(0));
        let totals = &mut self.totals;
        totals.events += 1;
        totals.used_micro += used;
        totals.uncharged_micro += micro(charge.uncharged);
        totals.revenue_nano += revenue;
        totals.cost_nano += cost;
        totals.cost_missing += i64::from(cost_nano.is_none());
        let of_type = self.of_type(event_type);
        of_type.events += 1;
        of_type.used_micro += used;
        of_type.revenue_nano += revenue;
        of_type.cost_nano += cost;
        let customer = self.customer(wallet);
        customer.used_micro += used;
        if charge.debt.is_positive() || charge.uncharged.is_positive() {
            customer.ran_out_at.get_or_insert(at);
        }
    }

    fn broken(&mut self, broken: &[Draw]) {
        let revenue = revenue_of(broken);
        self.totals.breakage_nano += revenue;
        self.totals.revenue_nano += revenue;
    }

    fn settled(&mut self, settlements: &[Settlement]) {
        for settled in settlements {
            self.totals.revenue_nano += i128::from(settled.revenue_nano);
            // What was owed for an order of credits has no event type.
            if settled.event_type != EventTypeNo::OF_ORDER {
                self.of_type(settled.event_type).revenue_nano += i128::from(settled.revenue_nano);
            }
        }
    }

    /// Credits of an earlier event, and the revenue with them, that moved again.
    fn amended(
        &mut self,
        wallet: WalletNo,
        event_type: Option<EventTypeNo>,
        used_micro: i128,
        revenue_nano: i128,
    ) {
        self.totals.used_micro += used_micro;
        self.totals.revenue_nano += revenue_nano;
        self.customer(wallet).used_micro += used_micro;
        if let Some(event_type) = event_type {
            let of_type = self.of_type(event_type);
            of_type.used_micro += used_micro;
            of_type.revenue_nano += revenue_nano;
        }
    }
}

/// The element at `index` of a list that grows as it is asked.
fn grown<T: Clone + Default>(list: &mut Vec<T>, index: usize) -> &mut T {
    if list.len() <= index {
        list.resize(index + 1, T::default());
    }
    &mut list[index]
}

fn revenue_of(draws: &[Draw]) -> i128 {
    draws.iter().map(|draw| i128::from(draw.revenue_nano)).sum()
}

fn micro(credits: Credits) -> i128 {
    credits.micro().into()
}
