//! Reversals: an event undone, wholly or in part. Credits go back to the lots that paid, last one first. And what is
//! charged for an event later: by corrections, and what was used and not charged at first.

use crate::draw::charge;
use crate::meter::charged;
use crate::{
    ADJUSTMENT_TTL_MS, Adjustment, Amended, Balance, Catalogue, Charge, CollectRequest, Cost, CostRequest,
    CostSource, Credits, Dimension, Draw, EventRef, EventTypeNo, Facets, IfInsufficient, LotNo, LotStatus,
    Millis, NoRate, Position, Quantity, RechargeRequest, Refusal, Rejection, ReverseRequest, State, Usage,
    Wallet, WalletEvent, WalletFact, WalletNo, cost, cost_of_event,
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
    /// How much of it.
    pub quantity: Quantity,
    /// When it occurred; when it was recorded where the caller did not say.
    pub at: Millis,
    /// Its declared dimensions.
    pub dimensions: Vec<Dimension>,
    /// What it was known to cost the operator when it was recorded.
    pub cost: Option<Cost>,
    /// How it was paid.
    pub charge: Charge,
}

impl Original {
    /// An event out of its fact, recorded at `recorded_at`; `None` for what is neither a meter event nor a capture.
    pub fn of(fact: WalletFact, position: Position, recorded_at: Millis) -> Option<Self> {
        let (event_type, quantity, at, reported, charge, facets) = match fact.event {
            WalletEvent::Metered { request: r, charge, facets } => {
                (r.event_type, r.quantity, r.occurred_at, r.cost, charge, facets)
            }
            WalletEvent::HoldCaptured { request, of, charge, facets, .. } => {
                (of.event_type, of.quantity, None, request.cost, charge, facets)
            }
            _ => return None,
        };
        let cost = cost_of_event(reported, facets.as_deref());
        let dimensions = facets.map(|facets| facets.dimensions).unwrap_or_default();
        let at = at.unwrap_or(recorded_at);
        Some(Self {
            position,
            wallet: fact.header.wallet,
            event_type,
            quantity,
            at,
            dimensions,
            cost,
            charge,
        })
    }

    /// What of it was used and is not charged yet.
    pub fn uncharged_left(&self, amended: Option<&Amended>) -> Credits {
        amended.map_or(self.charge.uncharged, |amended| amended.uncharged_left(&self.charge))
    }

    /// The event by what reports need of it: with the dimensions that its figures stand under.
    pub(crate) fn event_ref(&self, state: &State) -> Option<Box<EventRef>> {
        let Self { event_type, at, dimensions, charge, .. } = self;
        let annotation = state.amended(self.position).and_then(|amended| amended.annotation.as_ref());
        let moved = annotation.map(|annotation| &annotation.dimensions).filter(|moved| !moved.is_empty());
        let dimensions = moved.unwrap_or(dimensions).clone();
        Some(Box::new(EventRef { event_type: *event_type, price: charge.price, at: *at, dimensions }))
    }
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
    let left = original.charge.charged() + amended.charged_later() - amended.reversed;
    let credits = request.credits.unwrap_or(left);
    if !left.is_positive() || credits > left {
        return Err(Refusal::AlreadyReversed { requested: credits, left, reversed: amended.reversed });
    }
    let still_owed =
        wallet.debts().iter().find(|d| d.event == request.event).map_or(Credits::ZERO, |d| d.credits);
    let debt = still_owed.min(credits);
    let payers = payers(original, &amended);
    let (returns, adjusted) = give_back(wallet, &payers, credits - debt, now);
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
    let of = original.event_ref(state);
    Ok((WalletEvent::Reversed { request: *request, credits, debt, returns, adjustment, of }, after))
}

/// Charges credits of an event again, on credit where there are none: the correction says that they are owed.
pub(crate) fn recharge(
    state: &State,
    wallet: &Wallet,
    request: &RechargeRequest,
    original: &Original,
) -> Result<(WalletEvent, Balance), Refusal> {
    let Original { event_type, charge: Charge { price, .. }, .. } = original;
    // However often an event is given back and charged again, its sums stay amounts.
    let before = state.amended(request.event).map_or(Credits::ZERO, |amended| amended.recharged);
    if before.checked_add(request.credits).is_none() {
        return Err(Refusal::BalanceTooLarge { limit: Credits::MAX });
    }
    let charge = charge(wallet, *event_type, *price, request.credits, IfInsufficient::Record)?;
    let after = charged(wallet.balance, &charge);
    Ok((WalletEvent::Recharged { request: *request, charge, of: original.event_ref(state) }, after))
}

/// Charges what of an event was used and not charged: as the wallet's policy lets it pay now, all that is asked or
/// nothing.
pub(crate) fn collect(
    state: &State,
    wallet: &Wallet,
    request: &CollectRequest,
    original: &Original,
) -> Result<(WalletEvent, Balance), CollectError> {
    let left = original.uncharged_left(state.amended(request.event));
    if left.is_zero() {
        return Err(Rejection::Unchanged.into());
    }
    let credits = request.credits.unwrap_or(left);
    if credits > left {
        let problem = format!("must not be more than {left}, which is what is uncharged of the event");
        return Err(Rejection::invalid("credits", problem).into());
    }
    if let Some(frozen_by) = wallet.frozen_by() {
        return Err(Refusal::WalletFrozen { frozen_by }.into());
    }
    let Original { event_type, charge: Charge { price, .. }, .. } = original;
    let charge = charge(wallet, *event_type, *price, credits, IfInsufficient::Refuse)?;
    // A record-only wallet refuses nothing; but this is no new use, so that there is nothing to record.
    if charge.uncharged.is_positive() {
        let available = credits - charge.uncharged;
        return Err(Refusal::InsufficientCredits { required: credits, available }.into());
    }
    // After this point it is collected.
    let after = charged(wallet.balance, &charge);
    Ok((WalletEvent::Collected { request: *request, charge, of: original.event_ref(state) }, after))
}

/// Why nothing was collected.
pub(crate) enum CollectError {
    /// A verdict: the wallet cannot pay, or is frozen.
    Refused(Refusal),
    /// There is nothing to collect, or not as much.
    Rejected(Rejection),
}

impl From<Refusal> for CollectError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Rejection> for CollectError {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

/// Puts a cost in the place of what was known before: as reported, or by the card in force when the event occurred.
/// Usage that no card prices and no estimate covers leaves what was known: a cost never becomes unknown again.
pub(crate) fn set_cost(
    state: &State,
    request: &CostRequest,
    usage: Option<&Usage>,
    original: &Original,
) -> WalletEvent {
    let before = state.amended(request.event).and_then(|amended| amended.cost).or(original.cost);
    let Original { event_type, quantity, at, .. } = original;
    let cost = match request.cost {
        Some(money) => Some(Cost { nano: money.nano, source: CostSource::Reported }),
        None => cost::compute(&state.catalogue, *event_type, *quantity, None, usage, *at).or(before),
    };
    WalletEvent::CostSet {
        request: *request,
        before,
        cost,
        usage: usage.cloned(),
        of: original.event_ref(state),
    }
}

/// Refuses a cost that would say nothing: usage that no card has a price for would put "missing", or an estimate, in
/// the place of what may be known.
///
/// # Errors
/// [`Rejection::Invalid`] naming what has no price.
pub(crate) fn check_known(
    catalogue: &Catalogue,
    request: &CostRequest,
    facets: Option<&Facets>,
    original: &Original,
) -> Result<(), Rejection> {
    if request.cost.is_some() {
        return Ok(());
    }
    let usage = facets.and_then(|facets| facets.usage.as_ref());
    let usage = usage.ok_or_else(|| Rejection::invalid("cost", "is required"))?;
    catalogue.rates.cost_of(usage, original.at, None).map(|_| ()).map_err(|error| match error {
        NoRate::UnknownUnit(unit) => Rejection::invalid(
            &format!("cost.{}", unit.as_str()),
            "has no rate in the rate card in force then",
        ),
        NoRate::UnknownModel => Rejection::invalid("cost.model", "is in no rate card in force then"),
        NoRate::Overflow => Rejection::invalid("cost", "is beyond the largest amount"),
    })
}

/// Who paid for an event and has not got it back, the last payer first.
fn payers(original: &Original, amended: &Amended) -> Vec<(LotNo, Credits)> {
    let mut given_back = amended.from_first;
    let first = original.charge.draws.iter().rev().map(|draw| {
        let back = given_back.min(draw.credits);
        given_back -= back;
        (draw.lot, draw.credits - back)
    });
    amended.later.iter().rev().copied().chain(first).collect()
}

/// Splits `credits` over the lots that paid. Returns what goes to which lot, and the sum that no lot can take.
pub(crate) fn give_back(
    wallet: &Wallet,
    payers: &[(LotNo, Credits)],
    credits: Credits,
    now: Millis,
) -> (Vec<Draw>, Credits) {
    let mut left = credits;
    let mut returns: Vec<Draw> = Vec::new();
    let mut adjusted = Credits::ZERO;
    for (number, paid) in payers {
        let part = (*paid).min(left);
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
