//! Holds: credits set aside for work in progress, then captured, voided or lapsed. A hold ends once.

use smallvec::SmallVec;

use crate::draw::{Drawing, Split, charge, split};
use crate::fact::Lineage;
use crate::meter::charged;
use crate::{
    Balance, CaptureRequest, Charge, Credits, Draw, EventTypeNo, ExtendRequest, Facets, HOLD_TTL_DEFAULT_MS,
    Hold, HoldEnd, HoldRef, HoldRequest, IfInsufficient, IncreaseRequest, LotStatus, Means, Millis,
    OPEN_HOLDS_PER_WALLET_MAX, PriceNo, Quantity, Refusal, Reserve, VoidHoldRequest, Wallet, WalletEvent,
};

type Reserves = SmallVec<[Reserve; 2]>;

/// Sets credits aside.
pub(crate) fn place(
    wallet: &Wallet,
    request: &HoldRequest,
    (price, credits): (Option<PriceNo>, Credits),
    means: &Means,
    now: Millis,
) -> Result<(WalletEvent, Balance), Refusal> {
    refuse_if_frozen(wallet)?;
    if wallet.holds().len() >= OPEN_HOLDS_PER_WALLET_MAX {
        return Err(Refusal::TooManyHolds {
            limit: u32::try_from(OPEN_HOLDS_PER_WALLET_MAX).unwrap_or(u32::MAX),
        });
    }
    means.check(credits)?;
    let Split { parts, debt, .. } = split_to_hold(wallet, request.event_type, credits)?;
    // After this point the hold stands.
    let expires_at = now.plus(request.expires_in_s.map_or(HOLD_TTL_DEFAULT_MS, |s| i64::from(s) * 1_000));
    let after = set_aside(wallet.balance, &parts, debt);
    let event = WalletEvent::HoldPlaced {
        request: *request,
        price,
        credits,
        reserves: parts,
        on_overdraft: debt,
        expires_at,
    };
    Ok((event, after))
}

/// Sets more credits aside under an open hold.
pub(crate) fn increase(
    wallet: &Wallet,
    hold: &HoldRef,
    request: &IncreaseRequest,
    credits: Credits,
    means: &Means,
) -> Result<(WalletEvent, Balance), Refusal> {
    if let Some(state) = hold.end {
        return Err(Refusal::HoldNotOpen { state });
    }
    refuse_if_frozen(wallet)?;
    let open = wallet.hold(request.hold.position).map_or(Credits::ZERO, |h| h.credits);
    if open.checked_add(credits).is_none() {
        return Err(Refusal::BalanceTooLarge { limit: Credits::MAX });
    }
    means.check(credits)?;
    let Split { parts, debt, .. } = split_to_hold(wallet, hold.event_type, credits)?;
    // After this point the hold is larger.
    let after = set_aside(wallet.balance, &parts, debt);
    let event =
        WalletEvent::HoldIncreased { request: *request, credits, reserves: parts, on_overdraft: debt };
    Ok((event, after))
}

/// Moves an open hold's expiry.
pub(crate) fn extend(
    wallet: &Wallet,
    hold: &HoldRef,
    request: &ExtendRequest,
    now: Millis,
) -> Result<(WalletEvent, Balance), Refusal> {
    if let Some(state) = hold.end {
        return Err(Refusal::HoldNotOpen { state });
    }
    let expires_at = now.plus(i64::from(request.expires_in_s) * 1_000);
    Ok((WalletEvent::HoldExtended { request: *request, expires_at }, wallet.balance))
}

/// Gives an open hold up.
pub(crate) fn void(
    wallet: &Wallet,
    hold: &HoldRef,
    request: &VoidHoldRequest,
) -> Result<(WalletEvent, Balance), Refusal> {
    let open = open_hold(wallet, hold, request.hold.position)?;
    let (released, broken, after) = give_back(wallet, open, &mut Drawing::default(), wallet.balance);
    Ok((WalletEvent::HoldVoided { request: *request, released, broken }, after))
}

/// The hold's time ran out.
pub(crate) fn expire(wallet: &Wallet, open: &Hold) -> (WalletEvent, Balance) {
    let (released, broken, after) = give_back(wallet, open, &mut Drawing::default(), wallet.balance);
    let event = WalletEvent::HoldExpired { hold: open.id.position, due: open.expires_at, released, broken };
    (event, after)
}

/// What a capture is to take: already priced.
pub(crate) struct Capture<'a> {
    pub(crate) hold: &'a HoldRef,
    pub(crate) request: &'a CaptureRequest,
    /// Credits by quantity or as the caller said; `None` for all that is held, or was when the hold lapsed.
    pub(crate) credits: Option<Credits>,
    /// For reports.
    pub(crate) quantity: Quantity,
    /// What may be taken beyond the hold.
    pub(crate) means: &'a Means,
}

/// Charges what was held. Beyond the hold, or after its end, it is a fresh charge at the pinned price, where the
/// caller asked for that or the wallet's policy lets it go into debt; a frozen wallet takes no fresh charge.
pub(crate) fn capture(
    wallet: &Wallet,
    capture: &Capture<'_>,
    facets: Option<Box<Facets>>,
) -> Result<(WalletEvent, Balance), Refusal> {
    let Capture { hold, request, means, .. } = capture;
    let of = Lineage { event_type: hold.event_type, quantity: capture.quantity };
    let record = request.if_insufficient == IfInsufficient::Record;
    let open = match open_hold(wallet, hold, request.hold.position) {
        Ok(open) => open,
        // Late: the work was done, but nothing is reserved for it any more.
        Err(Refusal::HoldNotOpen { state: HoldEnd::Expired })
            if record || wallet.policy != crate::Policy::Strict =>
        {
            refuse_if_frozen(wallet)?;
            let credits = capture.credits.unwrap_or(hold.lapsed);
            means.check(credits)?;
            let charge = charge(wallet, of.event_type, hold.price, credits, request.if_insufficient)?;
            let after = charged(wallet.balance, &charge);
            return Ok((captured(request, of, charge, Ending::default(), Credits::ZERO, facets), after));
        }
        Err(refusal) => return Err(refusal),
    };
    let credits = capture.credits.unwrap_or(open.credits);
    if credits > open.credits && !record {
        return Err(Refusal::CaptureExceedsHold { held: open.credits, requested: credits });
    }
    let within = credits.min(open.credits);
    let mut drawing = Drawing::default();
    let mut taken = take_reserved(wallet, open, within, &mut drawing);
    if let Some(beyond) = credits.checked_sub(open.credits).filter(|c| c.is_positive()) {
        refuse_if_frozen(wallet)?;
        means.check(beyond)?;
        add_fresh(wallet, of.event_type, beyond, request.if_insufficient, &mut drawing, &mut taken)?;
    }
    // After this point the hold is captured.
    let charge = Charge {
        price: hold.price,
        credits,
        draws: taken.draws,
        debt: taken.debt,
        uncharged: taken.uncharged,
    };
    let used: Credits = taken.used.iter().map(|r| r.credits).sum();
    let mut after = charged(wallet.balance, &charge);
    after.held -= used + taken.overdraft_freed;
    let mut ending = Ending {
        used: taken.used,
        overdraft_freed: taken.overdraft_freed,
        ended: request.is_final,
        ..Ending::default()
    };
    let still_held = if request.is_final {
        let rest = rest_of(open, &ending);
        let (released, broken, settled) = give_back(wallet, &rest, &mut drawing, after);
        ending.overdraft_freed += rest.on_overdraft;
        ending.released = released;
        ending.broken = broken;
        after = settled;
        Credits::ZERO
    } else {
        open.credits - within
    };
    Ok((captured(request, of, charge, ending, still_held, facets), after))
}

/// What a capture does to the hold itself.
#[derive(Default)]
struct Ending {
    used: Reserves,
    overdraft_freed: Credits,
    released: Reserves,
    broken: Vec<Draw>,
    ended: bool,
}

fn captured(
    request: &CaptureRequest,
    of: Lineage,
    charge: Charge,
    ending: Ending,
    still_held: Credits,
    facets: Option<Box<Facets>>,
) -> WalletEvent {
    let Ending { used, overdraft_freed, released, broken, ended } = ending;
    WalletEvent::HoldCaptured {
        request: *request,
        of,
        charge,
        overdraft_freed,
        used,
        released,
        broken,
        still_held,
        ended,
        facets,
    }
}

#[derive(Default)]
struct Taken {
    used: Reserves,
    draws: SmallVec<[Draw; 1]>,
    overdraft_freed: Credits,
    debt: Credits,
    uncharged: Credits,
}

/// Takes up to the held amount: from the reservations in order, then from what was held on the overdraft; what a
/// record-only wallet could not reserve stays uncharged.
fn take_reserved(wallet: &Wallet, open: &Hold, within: Credits, drawing: &mut Drawing) -> Taken {
    let mut taken = Taken::default();
    let mut left = within;
    for reserve in &open.reserves {
        let part = reserve.credits.min(left);
        if part.is_zero() {
            break;
        }
        if let Some(lot) = wallet.lot(reserve.lot) {
            taken.draws.push(drawing.take(lot, part));
            taken.used.push(Reserve { lot: reserve.lot, credits: part });
            left -= part;
        }
    }
    let owed = open.on_overdraft.min(left);
    taken.debt = owed;
    taken.overdraft_freed = owed;
    taken.uncharged = left - owed;
    taken
}

/// Charges what goes beyond the hold afresh, at its pinned price.
fn add_fresh(
    wallet: &Wallet,
    event_type: EventTypeNo,
    beyond: Credits,
    if_insufficient: IfInsufficient,
    drawing: &mut Drawing,
    taken: &mut Taken,
) -> Result<(), Refusal> {
    let fresh = split(wallet, event_type, beyond, if_insufficient)?;
    for part in &fresh.parts {
        if let Some(lot) = wallet.lot(part.lot) {
            let draw = drawing.take(lot, part.credits);
            // A lot that also had a reservation pays once, in one line.
            match taken.draws.iter_mut().find(|d| d.lot == draw.lot) {
                Some(known) => {
                    known.credits += draw.credits;
                    known.revenue_nano += draw.revenue_nano;
                }
                None => taken.draws.push(draw),
            }
        }
    }
    taken.debt =
        taken.debt.checked_add(fresh.debt).ok_or(Refusal::BalanceTooLarge { limit: Credits::MAX })?;
    taken.uncharged += fresh.uncharged;
    Ok(())
}

/// What is left of a hold after part of it was used.
fn rest_of(open: &Hold, ending: &Ending) -> Hold {
    let mut rest = open.clone();
    rest.on_overdraft -= ending.overdraft_freed;
    for used in &ending.used {
        if let Some(reserve) = rest.reserves.iter_mut().find(|r| r.lot == used.lot) {
            reserve.credits -= used.credits;
        }
    }
    rest.reserves.retain(|r| r.credits.is_positive());
    rest
}

/// Gives back everything a hold reserves. What belongs to a lot that has expired meanwhile lapses at once.
fn give_back(
    wallet: &Wallet,
    hold: &Hold,
    drawing: &mut Drawing,
    before: Balance,
) -> (Reserves, Vec<Draw>, Balance) {
    let broken: Vec<Draw> = hold
        .reserves
        .iter()
        .filter_map(|r| wallet.lot(r.lot).map(|lot| (r, lot)))
        .filter(|(_, lot)| lot.status == LotStatus::Expired)
        .map(|(r, lot)| drawing.take(lot, r.credits))
        .collect();
    let lapsed: Credits = broken.iter().map(|d| d.credits).sum();
    let after =
        Balance { posted: before.posted - lapsed, held: before.held - hold.held(), debt: before.debt };
    (hold.reserves.clone(), broken, after)
}

/// How credits to be set aside split over the wallet.
fn split_to_hold(wallet: &Wallet, event_type: EventTypeNo, credits: Credits) -> Result<Split, Refusal> {
    let split = split(wallet, event_type, credits, IfInsufficient::Refuse)?;
    match wallet.balance.held.checked_add(credits - split.uncharged) {
        Some(_) => Ok(split),
        None => Err(Refusal::BalanceTooLarge { limit: Credits::MAX }),
    }
}

fn refuse_if_frozen(wallet: &Wallet) -> Result<(), Refusal> {
    wallet.frozen_by().map_or(Ok(()), |frozen_by| Err(Refusal::WalletFrozen { frozen_by }))
}

fn open_hold<'w>(wallet: &'w Wallet, hold: &HoldRef, placed: crate::Position) -> Result<&'w Hold, Refusal> {
    match (hold.end, wallet.hold(placed)) {
        (Some(state), _) => Err(Refusal::HoldNotOpen { state }),
        (None, Some(open)) => Ok(open),
        // Not to be had: an open hold stands in its wallet. Refuse rather than guess.
        (None, None) => Err(Refusal::HoldNotOpen { state: HoldEnd::Expired }),
    }
}

fn set_aside(before: Balance, parts: &[Reserve], on_overdraft: Credits) -> Balance {
    let reserved: Credits = parts.iter().map(|r| r.credits).sum();
    Balance { held: before.held + reserved + on_overdraft, ..before }
}
