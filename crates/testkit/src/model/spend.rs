//! Spending: how an amount splits over lots, overdraft and nobody, and metering.

use super::answer::Reserved;
use super::price::Priced;
use super::wallet::{Event, Payment, Wallet};
use super::{CREDITS_MAX, Charge, Draw, Happening, Micro, Place, Policy, Refused, Request};

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
    ) -> Result<Happening, Refused> {
        let Request::Meter { event_type, record, .. } = request else { unreachable!("a meter request") };
        self.refuse_if_frozen()?;
        let credits = priced.credits.unwrap_or(0);
        let split = self.split(event_type, credits, *record)?;
        let draws = split.from_lots.iter().map(|(lot, part)| self.take(*lot, *part)).collect();
        let charge =
            Charge { price: priced.version, credits, draws, debt: split.debt, uncharged: split.uncharged };
        self.note_event(place, event_type, &charge);
        Ok(Happening::Metered { charge })
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
    fn held_on_overdraft(&self) -> Micro {
        self.open_holds().map(|h| h.on_overdraft).sum()
    }

    /// Remembers a charge, so that it can be owed, settled and reversed.
    pub(super) fn note_event(&mut self, place: Place, event_type: &str, charge: &Charge) {
        let pay = |d: &Draw| Payment { lot: d.lot, credits: d.credits, returned: 0 };
        self.events.push(Event {
            place,
            event_type: event_type.to_owned(),
            charged: charge.credits - charge.uncharged,
            owed: charge.debt,
            payments: charge.draws.iter().map(pay).collect(),
            reversed: 0,
        });
    }
}
