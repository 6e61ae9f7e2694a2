//! Spending: how an amount splits over lots, overdraft and nobody, and metering.

use super::answer::Reserved;
use super::price::Priced;
use super::wallet::{Event, Payment, Wallet};
use super::{
    CREDITS_MAX, Charge, Draw, Happening, Means, Micro, Money, Nano, Place, Policy, Refused, Rejected,
    Request,
};

/// How an amount would be paid.
pub(super) struct Split {
    pub(super) from_lots: Reserved,
    pub(super) debt: Micro,
    pub(super) uncharged: Micro,
}

impl Wallet {
    /// Charges an event.
    pub(super) fn meter(
        &mut self,
        place: Place,
        request: &Request,
        priced: Priced,
        means: Means,
    ) -> Result<Happening, Refused> {
        let Request::Meter { event_type, record, uncharged, cost, .. } = request else {
            unreachable!("a meter request")
        };
        let credits = priced.credits.unwrap_or(0);
        // Finished work is reported by keys without a budget only.
        let within = if *uncharged && !record { Ok(()) } else { means.check(credits) };
        let able = self.refuse_if_frozen().and(within);
        let split = match able.and_then(|()| self.split(event_type, credits, *record)) {
            Err(_) if *uncharged && !record => Split { from_lots: Vec::new(), debt: 0, uncharged: credits },
            split => split?,
        };
        let draws = split.from_lots.iter().map(|(lot, part)| self.take(*lot, *part)).collect();
        let charge =
            Charge { price: priced.version, credits, draws, debt: split.debt, uncharged: split.uncharged };
        self.note_event(place, event_type, &charge, cost.as_ref());
        Ok(Happening::Metered { charge })
    }

    /// Charges an event again, on credit where there are none: whoever decided that says that it is owed.
    pub(super) fn recharge(
        &mut self,
        place: Place,
        event: Place,
        credits: Micro,
    ) -> Result<Happening, Refused> {
        let index = self.events.iter().position(|e| e.place == event).expect("an event of this wallet");
        let Event { event_type, price, recharged, .. } = self.events[index].clone();
        if recharged + credits > CREDITS_MAX {
            return Err(Refused::BalanceTooLarge);
        }
        let Split { from_lots, debt, uncharged } = self.split(&event_type, credits, true)?;
        let draws: Vec<Draw> = from_lots.iter().map(|(lot, part)| self.take(*lot, *part)).collect();
        let event = &mut self.events[index];
        event.recharged += credits - uncharged;
        event.payments.extend(draws.iter().map(payment));
        if event.owed == 0 {
            event.owed_since = place;
        }
        event.owed += debt;
        let charge = Charge { price, credits, draws, debt, uncharged };
        Ok(Happening::Recharged { event: event.place, charge })
    }

    /// What of an event was used and is not charged yet; `None` where it is no event of this wallet.
    pub(super) fn uncharged_left(&self, event: Place) -> Option<Micro> {
        let known = self.events.iter().find(|known| known.place == event)?;
        let is_undone = known.reversed > 0 && known.reversed >= known.charged_in_all();
        Some(if is_undone { 0 } else { known.uncharged - known.collected })
    }

    /// Charges what nobody paid for at first: all that is asked, or nothing.
    pub(super) fn collect(
        &mut self,
        place: Place,
        event: Place,
        asked: Option<Micro>,
    ) -> Result<Result<Happening, Refused>, Rejected> {
        let index = self.events.iter().position(|e| e.place == event).expect("an event of this wallet");
        let known = self.events[index].clone();
        let is_undone = known.reversed > 0 && known.reversed >= known.charged_in_all();
        let left = if is_undone { 0 } else { known.uncharged - known.collected };
        let credits = asked.unwrap_or(left);
        if left == 0 {
            return Err(Rejected::Unchanged);
        }
        if credits > left {
            return Err(Rejected::Invalid { field: "credits".to_owned() });
        }
        let split = self.refuse_if_frozen().and_then(|()| self.split(&known.event_type, credits, false));
        let Split { from_lots, debt, uncharged } = match split {
            Ok(split) => split,
            Err(refused) => return Ok(Err(refused)),
        };
        if uncharged > 0 {
            let available = credits - uncharged;
            return Ok(Err(Refused::InsufficientCredits { required: credits, available }));
        }
        let draws: Vec<Draw> = from_lots.iter().map(|(lot, part)| self.take(*lot, *part)).collect();
        let event = &mut self.events[index];
        event.collected += credits;
        event.payments.extend(draws.iter().map(payment));
        if event.owed == 0 {
            event.owed_since = place;
        }
        event.owed += debt;
        let charge = Charge { price: known.price, credits, draws, debt, uncharged };
        Ok(Ok(Happening::Collected { event: known.place, charge }))
    }

    pub(super) fn set_cost(&mut self, event: Place, cost: Nano) -> Happening {
        let known = self.events.iter_mut().find(|e| e.place == event).expect("an event of this wallet");
        let (first, latest) = known.cost;
        known.cost.1 = Some(cost);
        Happening::CostSet { event, before: latest.or(first), cost }
    }

    pub(super) fn refuse_if_frozen(&self) -> Result<(), Refused> {
        self.frozen_by.map_or(Ok(()), |frozen_by| Err(Refused::WalletFrozen { frozen_by }))
    }

    /// Lots pay in burn order, as far as the wallet has credits available: what is owed counts against them. What
    /// is short goes by the caller's wish and the wallet's policy.
    pub(super) fn split(&self, event_type: &str, credits: Micro, record: bool) -> Result<Split, Refused> {
        let mut left = credits.min(self.available().max(0));
        let mut from_lots = Vec::new();
        for lot in self.live_lots().into_iter().filter(|l| l.pays_for(event_type)) {
            let part = self.free(lot.number).min(left);
            if part > 0 {
                from_lots.push((lot.number, part));
                left -= part;
            }
        }
        let paid: Micro = from_lots.iter().map(|(_, part)| part).sum();
        let short = credits - paid;
        let overdraft = self.overdraft_left();
        match self.policy {
            _ if short == 0 => Ok(Split { from_lots, debt: 0, uncharged: 0 }),
            Policy::RecordOnly => Ok(Split { from_lots, debt: 0, uncharged: short }),
            _ if record && self.debt() + self.held_on_overdraft() + short > CREDITS_MAX => {
                Err(Refused::BalanceTooLarge)
            }
            _ if record || short <= overdraft => Ok(Split { from_lots, debt: short, uncharged: 0 }),
            _ => Err(Refused::InsufficientCredits { required: credits, available: paid + overdraft }),
        }
    }

    /// What the policy still allows to owe, beyond what is owed or held on the overdraft.
    fn overdraft_left(&self) -> Micro {
        let Policy::Overdraft(limit) = self.policy else { return 0 };
        (limit - self.debt() - self.held_on_overdraft()).max(0)
    }

    /// Debt to be, once these holds are captured.
    pub(super) fn held_on_overdraft(&self) -> Micro {
        self.open_holds().map(|h| h.on_overdraft).sum()
    }

    /// Remembers a charge, so that it can be owed, settled and reversed.
    pub(super) fn note_event(
        &mut self,
        place: Place,
        event_type: &str,
        charge: &Charge,
        cost: Option<&Money>,
    ) {
        self.events.push(Event {
            place,
            event_type: event_type.to_owned(),
            charged: charge.credits - charge.uncharged,
            owed: charge.debt,
            payments: charge.draws.iter().map(payment).collect(),
            reversed: 0,
            recharged: 0,
            uncharged: charge.uncharged,
            collected: 0,
            owed_since: place,
            price: charge.price,
            cost: (cost.map(|cost| cost.nano), None),
        });
    }
}

fn payment(draw: &Draw) -> Payment {
    Payment { lot: draw.lot, credits: draw.credits, returned: 0 }
}
