//! Reversals: an event undone, wholly or in part. Credits go back to the lots that paid, last one first.

use crate::{
    ADJUSTMENT_TTL_MS, Adjustment, Balance, Charge, Credits, Draw, EventTypeNo, LotNo, LotStatus, Millis,
    Position, Refusal, ReverseRequest, State, Wallet, WalletEvent, WalletNo,
};

/// An event as it was charged: read back from its fact by the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Original {
    /// Where its fact stands.
    pub position: Position,
    /// Whose event.
    pub wallet: WalletNo,
    /// Of which type.
    pub event_type: EventTypeNo,
    /// How it was paid.
    pub charge: Charge,
}

/// Gives credits of an event back: first what is still owed of it, then what lots paid, last payer first. A lot that
/// has expired or was voided gets nothing back; an adjustment lot with a date takes its place, at no price, because
/// the money of the old one stays where it is.
pub(crate) fn reverse(
    state: &State,
    wallet: &Wallet,
    request: &ReverseRequest,
    original: &Original,
    now: Millis,
) -> Result<(WalletEvent, Balance), Refusal> {
    let amended = state.amended(request.event).cloned().unwrap_or_default();
    let left = original.charge.charged() - amended.reversed;
    let credits = request.credits.unwrap_or(left);
    if !left.is_positive() || credits > left {
        return Err(Refusal::AlreadyReversed { requested: credits, left, reversed: amended.reversed });
    }
    let still_owed =
        wallet.debts().iter().find(|d| d.event == request.event).map_or(Credits::ZERO, |d| d.credits);
    let debt = still_owed.min(credits);
    let payers: Vec<(LotNo, Credits)> = original
        .charge
        .draws
        .iter()
        .map(|d| (d.lot, d.credits))
        .chain(amended.settled.iter().copied())
        .collect();
    let (returns, adjusted) = give_back(wallet, &payers, amended.from_lots, credits - debt, now);
    // Lots to come keep their room.
    let posted = (wallet.balance.posted + credits).max(Credits::ZERO);
    if posted.checked_add(wallet.to_come()).is_none() {
        return Err(Refusal::BalanceTooLarge { limit: Credits::MAX });
    }
    // After this point the event is reversed.
    let adjustment = adjusted.is_positive().then(|| Adjustment {
        lot: wallet.next_lot,
        credits: adjusted,
        expires_at: now.plus(ADJUSTMENT_TTL_MS),
    });
    let after = Balance {
        posted: wallet.balance.posted + credits,
        held: wallet.balance.held,
        debt: wallet.balance.debt - debt,
    };
    Ok((WalletEvent::Reversed { request: *request, credits, debt, returns, adjustment }, after))
}

/// Splits `credits` over the lots that paid, from the last one back, behind what was given back before. Returns what
/// goes to which lot, and the sum that no lot can take.
fn give_back(
    wallet: &Wallet,
    payers: &[(LotNo, Credits)],
    given_back: Credits,
    credits: Credits,
    now: Millis,
) -> (Vec<Draw>, Credits) {
    let (mut skip, mut left) = (given_back, credits);
    let mut returns: Vec<Draw> = Vec::new();
    let mut adjusted = Credits::ZERO;
    for (number, paid) in payers.iter().rev() {
        let skipped = skip.min(*paid);
        skip -= skipped;
        let part = (*paid - skipped).min(left);
        if part.is_zero() {
            continue;
        }
        left -= part;
        match wallet.lot(*number).filter(|l| l.status == LotStatus::Active && l.expires_at > now) {
            Some(lot) => {
                let before: Credits = returns.iter().filter(|d| d.lot == *number).map(|d| d.credits).sum();
                let used = lot.used - before;
                let revenue_nano = lot.recognised_nano(used) - lot.recognised_nano(used - part);
                returns.push(Draw { lot: *number, credits: part, revenue_nano });
            }
            None => adjusted += part,
        }
    }
    (returns, adjusted)
}
