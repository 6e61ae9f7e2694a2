//! Taking credits out of lots, and the revenue that goes with them.

use smallvec::SmallVec;

use crate::{
    Charge, Credits, Draw, EventTypeNo, IfInsufficient, Lot, LotNo, Policy, PriceNo, Refusal, Reserve, Wallet,
};

/// Draws of one fact: a lot drawn from twice recognises its second part after its first.
#[derive(Default)]
pub(crate) struct Drawing {
    taken: SmallVec<[(LotNo, Credits); 2]>,
}

impl Drawing {
    /// Takes `credits` out of `lot`, after what this fact took out of it before.
    pub(crate) fn take(&mut self, lot: &Lot, credits: Credits) -> Draw {
        let before = lot.used + self.taken_from(lot.number);
        match self.taken.iter_mut().find(|(number, _)| *number == lot.number) {
            Some((_, sum)) => *sum += credits,
            None => self.taken.push((lot.number, credits)),
        }
        let revenue_nano = lot.recognised_nano(before + credits) - lot.recognised_nano(before);
        Draw { lot: lot.number, credits, revenue_nano }
    }

    fn taken_from(&self, number: LotNo) -> Credits {
        self.taken.iter().filter(|(lot, _)| *lot == number).map(|(_, credits)| *credits).sum()
    }
}

/// How an amount splits over what a wallet has: lots, overdraft, and what nobody pays.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Split {
    pub(crate) parts: SmallVec<[Reserve; 2]>,
    pub(crate) debt: Credits,
    pub(crate) uncharged: Credits,
}

/// Splits `credits` for an event type over the wallet, in burn order and under its policy.
///
/// `keep` says how many credits of a lot are to be left alone although no hold reserves them (a capture's own
/// reservations, which it has drawn already).
pub(crate) fn split(
    wallet: &Wallet,
    event_type: EventTypeNo,
    credits: Credits,
    if_insufficient: IfInsufficient,
) -> Result<Split, Refusal> {
    let available = wallet.balance.available();
    // Nearly always: enough there. Then the lots need not be summed up first.
    let limit = credits.min(available.max(Credits::ZERO));
    let mut parts = SmallVec::new();
    let mut left = limit;
    for lot in wallet.lots.iter().filter(|l| l.pays_for(event_type)) {
        if left.is_zero() {
            break;
        }
        let part = lot.free().min(left);
        if part.is_positive() {
            parts.push(Reserve { lot: lot.number, credits: part });
            left -= part;
        }
    }
    let paid = limit - left;
    let short = credits - paid;
    if short.is_zero() {
        return Ok(Split { parts, debt: Credits::ZERO, uncharged: Credits::ZERO });
    }
    match (wallet.policy, if_insufficient) {
        (Policy::RecordOnly, _) => Ok(Split { parts, debt: Credits::ZERO, uncharged: short }),
        (_, IfInsufficient::Record) => {
            // What is owed and what may yet be owed stay within the bound, and with them `posted` and `available`.
            let owed = wallet.balance.debt + wallet.held_on_overdraft();
            if owed.checked_add(short).is_none() {
                return Err(Refusal::BalanceTooLarge { limit: Credits::MAX });
            }
            Ok(Split { parts, debt: short, uncharged: Credits::ZERO })
        }
        (_, IfInsufficient::Refuse | IfInsufficient::Uncharged) => {
            let overdraft = wallet.overdraft_left();
            if short <= overdraft {
                Ok(Split { parts, debt: short, uncharged: Credits::ZERO })
            } else {
                Err(Refusal::InsufficientCredits { required: credits, available: paid + overdraft })
            }
        }
    }
}

/// Charges `credits` for an event type to the wallet.
pub(crate) fn charge(
    wallet: &Wallet,
    event_type: EventTypeNo,
    price: Option<PriceNo>,
    credits: Credits,
    if_insufficient: IfInsufficient,
) -> Result<Charge, Refusal> {
    let Split { parts, debt, uncharged } = split(wallet, event_type, credits, if_insufficient)?;
    let mut drawing = Drawing::default();
    let draws =
        parts.iter().filter_map(|p| wallet.lot(p.lot).map(|lot| drawing.take(lot, p.credits))).collect();
    Ok(Charge { price, credits, draws, debt, uncharged })
}
