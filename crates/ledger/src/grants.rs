//! Grants: lots coming in, their day coming, lapsing, and being taken back.

use crate::draw::Drawing;
use crate::{
    Balance, Credits, Draw, GrantKind, GrantRequest, LOTS_PER_WALLET_MAX, Lot, LotNo, LotStatus, Millis,
    Refusal, Rejection, Settlement, VoidGrantRequest, Wallet, WalletEvent,
};

/// Checks a grant by itself.
pub(crate) fn check(request: &GrantRequest, now: Millis) -> Result<(), Rejection> {
    if !request.credits.is_positive() {
        return Err(Rejection::invalid("credits", "must be greater than zero"));
    }
    if request.price.is_some() && request.kind != GrantKind::Paid {
        return Err(Rejection::invalid("price", "must not be sent: only paid grants have a price"));
    }
    let effective_at = request.effective_at.unwrap_or(now).max(now);
    match request.expires_at {
        Some(expires_at) if expires_at <= now => Err(Rejection::in_the_past("expires_at", now)),
        Some(expires_at) if expires_at <= effective_at => {
            Err(Rejection::invalid("expires_at", "must be later than effective_at"))
        }
        _ => Ok(()),
    }
}

/// Grants a lot; if its day has come, it settles debt at once, oldest first.
pub(crate) fn grant(
    wallet: &Wallet,
    request: &GrantRequest,
    now: Millis,
) -> Result<(WalletEvent, Balance), Refusal> {
    if wallet.lots.len() >= LOTS_PER_WALLET_MAX {
        return Err(Refusal::TooManyGrants { limit: u32::try_from(LOTS_PER_WALLET_MAX).unwrap_or(u32::MAX) });
    }
    // Lots to come count too, so that their day can never be refused.
    if request.credits > room(wallet) {
        return Err(Refusal::BalanceTooLarge { limit: Credits::MAX });
    }
    // After this point the lot comes in.
    let lot = wallet.next_lot;
    let is_due = request.effective_at.is_none_or(|at| at <= now);
    let (settlements, after) = if is_due {
        let settlements = settle(wallet, &incoming(lot, request));
        let after = settled(wallet.balance, request.credits, &settlements);
        (settlements, after)
    } else {
        (Vec::new(), wallet.balance)
    };
    Ok((WalletEvent::Granted { request: request.clone(), lot, active: is_due, settlements }, after))
}

/// Credits that may still come in. Lots to come count as if they were there.
pub(crate) fn room(wallet: &Wallet) -> Credits {
    Credits::MAX - wallet.balance.posted.max(Credits::ZERO) - wallet.to_come()
}

/// The lot's day has come.
pub(crate) fn activate(wallet: &Wallet, lot: &Lot) -> (WalletEvent, Balance) {
    let mut active = lot.clone();
    active.status = LotStatus::Active;
    let settlements = settle(wallet, &active);
    let after = settled(wallet.balance, lot.remaining(), &settlements);
    let (due, credits) = (lot.effective_at, lot.remaining());
    (WalletEvent::LotActivated { lot: lot.number, due, credits, settlements }, after)
}

/// What is left of the lot lapses, but for what open holds reserve. Its revenue is recognised as breakage.
pub(crate) fn expire(wallet: &Wallet, lot: &Lot) -> (WalletEvent, Balance) {
    let broken = Drawing::default().take(lot, lot.free());
    let mut after = wallet.balance;
    after.posted -= broken.credits;
    (WalletEvent::LotExpired { due: lot.expires_at, broken }, after)
}

/// Keeps a lot that was bought from being voided: what its buyer paid would be given up here, and once more when the
/// payment is refunded.
pub(crate) fn check_void(wallet: &Wallet, request: &VoidGrantRequest) -> Result<(), Rejection> {
    // Of live lots only: others may have left memory, and are refused either way.
    let is_ordered = wallet.lots.iter().any(|lot| lot.number == request.lot && lot.is_ordered);
    if is_ordered { Err(Rejection::invalid("grant", "was bought: refund its order instead")) } else { Ok(()) }
}

/// Takes back what is left of a lot. What of its price was not recognised yet never will be.
pub(crate) fn void(wallet: &Wallet, request: &VoidGrantRequest) -> Result<(WalletEvent, Balance), Refusal> {
    let lot = wallet
        .lots
        .iter()
        .find(|l| l.number == request.lot && matches!(l.status, LotStatus::Active | LotStatus::Pending))
        .ok_or(Refusal::GrantNotOpen)?;
    if lot.held.is_positive() {
        return Err(Refusal::GrantHeld { held: lot.held });
    }
    // After this point the lot is void.
    let credits = lot.remaining();
    let refunded_nano = lot.price.map_or(0, |price| price.nano - lot.recognised_nano(lot.used));
    let mut after = wallet.balance;
    let active = lot.status == LotStatus::Active;
    if active {
        after.posted -= credits;
    }
    Ok((WalletEvent::GrantVoided { request: *request, credits, active, refunded_nano }, after))
}

/// Debt that a lot pays as it comes in: oldest first, as far as it pays for those event types.
pub(crate) fn settle(wallet: &Wallet, lot: &Lot) -> Vec<Settlement> {
    let mut drawing = Drawing::default();
    let mut left = lot.free();
    let mut settlements = Vec::new();
    for debt in wallet.debts().iter().filter(|d| lot.pays_for(d.event_type)) {
        let credits = debt.credits.min(left);
        if credits.is_zero() {
            break;
        }
        let Draw { revenue_nano, .. } = drawing.take(lot, credits);
        settlements.push(Settlement {
            event: debt.event,
            event_type: debt.event_type,
            price: debt.price,
            credits,
            revenue_nano,
        });
        left -= credits;
    }
    settlements
}

/// A settlement moves credits from the lot to the debt, so `posted` grows by the whole lot all the same.
fn settled(before: Balance, credits: Credits, settlements: &[Settlement]) -> Balance {
    let paid: Credits = settlements.iter().map(|s| s.credits).sum();
    Balance { posted: before.posted + credits, held: before.held, debt: before.debt - paid }
}

/// A lot as it will be once granted, as far as settling looks at it.
pub(crate) fn incoming(number: LotNo, request: &GrantRequest) -> Lot {
    Lot {
        number,
        id: crate::EntryId { position: crate::Position(0), tag: 0 },
        kind: request.kind,
        status: LotStatus::Active,
        priority: request.priority,
        is_ordered: false,
        price: request.price,
        credits: request.credits,
        used: Credits::ZERO,
        lapsed: Credits::ZERO,
        held: Credits::ZERO,
        effective_at: Millis(0),
        expires_at: request.expires_at.unwrap_or(Millis::NEVER),
        granted_at: Millis(0),
        scope: request.scope.clone(),
    }
}
