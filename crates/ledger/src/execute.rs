//! One call, start to end: check it, let what is due happen, decide, record, apply.

use thiserror::Error;

use crate::annotate::annotate;
use crate::catalogue::Catalogue;
use crate::fact::Asked;
use crate::recommendation::rules as recommendation;
use crate::reverse::CollectError;
use crate::state::Recorded;
use crate::{
    Action, Balance, Budget, Call, CardNo, CatalogueChange, CatalogueFact, Charge, Credits, EventTypeNo,
    EventTypeRequest, Facets, Fact, Grid, Header, HoldRef, KeyNo, LotStatus, Means, Millis, Money, Origin,
    PackNo, Position, PriceNo, PriceRequest, Quantity, Refusal, Rejection, Rounding, Rule, Sample, State,
    TopUp, Wallet, WalletEvent, WalletFact, WalletNo, Welcome, allowances, cost, grants, holds, meter,
    orders, pricing, reverse,
};

/// A day in milliseconds.
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// Where facts go: the frame that the engine is filling.
pub trait Recorder {
    /// Records a fact, with the payload that the caller of this call brought along where it is the call's own fact,
    /// or with the customer's id where it opens a wallet.
    fn record(&mut self, fact: &Fact, payload: PayloadOf<'_>) -> Result<Recorded, RecorderFull>;
}

/// Which payload belongs to a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayloadOf<'a> {
    /// None: it happened by time.
    Nothing,
    /// What the caller of this call brought along.
    Call,
    /// The customer's own id, on the fact that opens the wallet.
    Customer(&'a str),
}

/// There is no room for another fact in this frame. What was recorded stands; the call has to be taken up again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the frame is full")]
pub struct RecorderFull;

/// Why a call led to no fact of its own.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Stop {
    /// It was rejected, and left no trace.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The frame is full; take it up again with the next one.
    #[error(transparent)]
    Full(#[from] RecorderFull),
}

/// Takes up one call at `now` and returns its fact: what it did, or the verdict against it.
///
/// The order is always the same: reject what is wrong in itself (no trace); open the wallet of a customer never seen;
/// let everything of that wallet happen that is due; decide; record; apply.
pub fn execute(
    state: &mut State,
    call: &Call,
    now: Millis,
    recorder: &mut impl Recorder,
) -> Result<(Recorded, Fact), Stop> {
    let origin = Origin { actor: call.actor, key: call.key };
    match &call.action {
        Action::Change(_)
        | Action::DefineEventType(_)
        | Action::DefineNewEventType(_)
        | Action::PublishPrice(_)
        | Action::PublishRateCard(_)
        | Action::PublishPack(_)
        | Action::OpenCorrection(_)
        | Action::Recommend(_)
        | Action::RejectRecommendation(_)
        | Action::GradeRecommendation { .. }
        | Action::NoteLook(_)
        | Action::ChangeSettings(_) => change_catalogue(state, origin, &call.action, now, recorder),
        action => {
            let checked = check(state, action, now)?;
            let wallet = find_wallet(state, action, (origin.actor, now), recorder)?;
            sweep(state, wallet, now, recorder)?;
            let means = state.means(origin.actor, Some(wallet), now);
            let (event, after) = decide(state, wallet, action, &checked, (&means, now))?;
            let fact = Fact::Wallet(WalletFact { header: header(state, wallet, origin, after), event });
            let recorded = recorder.record(&fact, PayloadOf::Call)?;
            state.apply(recorded, &fact, None);
            Ok((recorded, fact))
        }
    }
}

/// Takes up again, in a state of its own, what was recorded of a wallet: the same rules at `terms` that the caller
/// found, for a replay under other prices. What is wrong in itself was rejected when it was first asked, and the
/// wallet is known, its customer erased or not. A hold that is not there is rejected. Budgets of keys are not looked at:
/// they limit who asks, and say nothing of what a price would do.
pub fn execute_again(
    state: &mut State,
    wallet: WalletNo,
    call: &Call,
    terms: Terms,
    now: Millis,
    recorder: &mut impl Recorder,
) -> Result<(Recorded, Fact), Stop> {
    let hold = |id: crate::EntryId| state.hold_ref(id).copied().ok_or(Rejection::NotFound { kind: "hold" });
    let checked = match &call.action {
        Action::Meter { .. } | Action::PlaceHold { .. } => {
            Checked::Priced(terms.price, terms.credits.unwrap_or_default())
        }
        Action::IncreaseHold(r) => Checked::Hold(hold(r.hold)?, terms.credits, Quantity::ONE),
        Action::CaptureHold { request, .. } => {
            Checked::Hold(hold(request.hold)?, terms.credits, request.quantity.unwrap_or(Quantity::ONE))
        }
        Action::ExtendHold(r) => Checked::Hold(hold(r.hold)?, None, Quantity::ONE),
        Action::VoidHold(r) => Checked::Hold(hold(r.hold)?, None, Quantity::ONE),
        _ => Checked::Nothing,
    };
    sweep(state, wallet, now, recorder)?;
    let (event, after) = decide(state, wallet, &call.action, &checked, (&Means::default(), now))?;
    let origin = Origin { actor: call.actor, key: call.key };
    let fact = Fact::Wallet(WalletFact { header: header(state, wallet, origin, after), event });
    let recorded = recorder.record(&fact, PayloadOf::Call)?;
    state.apply(recorded, &fact, None);
    Ok((recorded, fact))
}

/// At what credits something is taken up again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Terms {
    /// The price version that is named in the fact.
    pub price: Option<PriceNo>,
    /// The credits of an event or a hold; `None` where a capture takes all that is held.
    pub credits: Option<crate::Credits>,
}

/// Records that a batch marked atomic was accepted: its events are the `events` facts from `first` on.
pub fn accept_batch(
    state: &mut State,
    origin: Origin,
    wallet: WalletNo,
    (first, events): (Position, u32),
    recorder: &mut impl Recorder,
) -> Result<(Recorded, Fact), RecorderFull> {
    let fact = Fact::BatchAccepted { origin, wallet, events, first };
    let recorded = recorder.record(&fact, PayloadOf::Call)?;
    state.apply(recorded, &fact, None);
    Ok((recorded, fact))
}

/// Records the verdict against a batch marked atomic: one of its events was refused, so none was charged.
pub fn refuse_batch(
    state: &mut State,
    call: &Call,
    (events, refused): (u32, u32),
    refusal: Refusal,
    now: Millis,
    recorder: &mut impl Recorder,
) -> Result<(Recorded, Fact), Stop> {
    let origin = Origin { actor: call.actor, key: call.key };
    let wallet = find_wallet(state, &call.action, (origin.actor, now), recorder)?;
    sweep(state, wallet, now, recorder)?;
    let after = state.wallet(wallet).map(|w| w.balance).unwrap_or_default();
    let event = WalletEvent::Refused { asked: Asked::Batch(events, refused), refusal, facets: None };
    let fact = Fact::Wallet(WalletFact { header: header(state, wallet, origin, after), event });
    let recorded = recorder.record(&fact, PayloadOf::Call)?;
    state.apply(recorded, &fact, None);
    Ok((recorded, fact))
}

/// Lets everything of a wallet happen that is due at `now`, in order (due, kind, id).
pub fn sweep(
    state: &mut State,
    wallet: WalletNo,
    now: Millis,
    recorder: &mut impl Recorder,
) -> Result<usize, RecorderFull> {
    let mut swept = 0;
    while let Some((event, after)) = due(state, wallet, now) {
        let origin = Origin { actor: KeyNo::SYSTEM, key: None };
        let fact = Fact::Wallet(WalletFact { header: header(state, wallet, origin, after), event });
        let recorded = recorder.record(&fact, PayloadOf::Nothing)?;
        state.apply(recorded, &fact, None);
        swept += 1;
    }
    Ok(swept)
}

/// What of a wallet is due first at `now`: by time, then holds before allowances (which carry lots over) before lots
/// that lapse before lots whose day comes.
fn due(state: &State, wallet: WalletNo, now: Millis) -> Option<(WalletEvent, Balance)> {
    let wallet = state.wallet(wallet).filter(|w| w.next_due <= now)?;
    let hold = wallet.holds().iter().map(|h| (h.expires_at, 0u8, h.id.position, 0u32));
    let lots = wallet.lots.iter().filter_map(|lot| match lot.status {
        LotStatus::Active => Some((lot.expires_at, 2, lot.id.position, lot.number.0)),
        LotStatus::Pending => Some((lot.effective_at, 3, lot.id.position, lot.number.0)),
        LotStatus::Expired | LotStatus::Voided => None,
    });
    let allowances = wallet.allowances().iter().map(|a| (a.next_at(), 1, a.id.position, 0));
    let (_, kind, position, number) =
        hold.chain(allowances).chain(lots).filter(|(at, ..)| *at <= now).min()?;
    if kind == 0 {
        return wallet.hold(position).map(|hold| holds::expire(wallet, hold));
    }
    if kind == 1 {
        let allowance = wallet.allowances().iter().find(|a| a.id.position == position)?;
        return Some(allowances::renew(wallet, allowance));
    }
    let lot = wallet.lots.iter().find(|l| l.number.0 == number)?;
    Some(if kind == 2 { grants::expire(wallet, lot) } else { grants::activate(wallet, lot) })
}

/// What is known of a call before its wallet is looked at.
enum Checked {
    Priced(Option<PriceNo>, crate::Credits),
    Hold(HoldRef, Option<crate::Credits>, Quantity),
    Nothing,
}

/// Refuses what is wrong in itself, without a trace.
fn check(state: &State, action: &Action, now: Millis) -> Result<Checked, Rejection> {
    let catalogue = state.catalogue.as_ref();
    let find_hold =
        |id: crate::EntryId| state.hold_ref(id).copied().ok_or(Rejection::NotFound { kind: "hold" });
    match action {
        Action::Meter { request, inputs, facets, .. } => {
            let (price, credits) = meter::price_of(catalogue, request, inputs, facets.as_deref(), now)?;
            Ok(Checked::Priced(price, credits))
        }
        Action::PlaceHold { request, .. } => {
            let (price, credits) =
                meter::hold_price(catalogue, request.event_type, request.quantity, request.credits, now)?;
            Ok(Checked::Priced(price, credits))
        }
        Action::IncreaseHold(request) => {
            let hold = find_hold(request.hold)?;
            let quantity = request.quantity.unwrap_or(Quantity::ONE);
            let credits = match request.credits {
                Some(credits) => meter::check_credits("credits", credits)?,
                None => {
                    let inputs = crate::PriceInputs::new();
                    pinned(catalogue, &hold, &Sample::of(request.quantity, &inputs), now)?
                }
            };
            Ok(Checked::Hold(hold, Some(credits), quantity))
        }
        Action::ExtendHold(request) => Ok(Checked::Hold(find_hold(request.hold)?, None, Quantity::ONE)),
        Action::VoidHold(request) => Ok(Checked::Hold(find_hold(request.hold)?, None, Quantity::ONE)),
        Action::CaptureHold { request, inputs, facets } => {
            let hold = find_hold(request.hold)?;
            meter::check_cost(catalogue, request.cost, facets.as_deref())?;
            let quantity = request.quantity.unwrap_or(Quantity::ONE);
            let credits = match (request.credits, request.quantity) {
                (Some(credits), _) => Some(meter::check_credits("credits", credits)?),
                (None, Some(quantity)) => {
                    let usage = meter::usage_of(facets.as_deref());
                    let sample = Sample { quantity, inputs, cost: request.cost, usage };
                    Some(pinned(catalogue, &hold, &sample, now)?)
                }
                (None, None) => None,
            };
            Ok(Checked::Hold(hold, credits, quantity))
        }
        Action::Grant { request, .. } => {
            grants::check(request, now)?;
            match request.price {
                Some(price) if price.currency != catalogue.currency => Err(Rejection::invalid(
                    "price.currency",
                    format!("must be {}, the currency of this project", catalogue.currency.as_str()),
                )),
                Some(price) if !(0..=crate::Money::NANO_MAX).contains(&price.nano) => Err(
                    Rejection::invalid("price.amount", "must not be negative or beyond the largest amount"),
                ),
                _ => Ok(Checked::Nothing),
            }
        }
        Action::Reverse { request: crate::ReverseRequest { credits: Some(credits), .. }, .. } => {
            if !credits.is_positive() {
                return Err(Rejection::invalid("credits", "must be greater than zero"));
            }
            meter::check_credits("credits", *credits).map(|_| Checked::Nothing)
        }
        Action::SetPolicy { policy: crate::Policy::Overdraft { limit }, .. } => {
            meter::check_credits("limit", *limit).map(|_| Checked::Nothing)
        }
        Action::Recharge { request, .. } => {
            if !request.credits.is_positive() {
                return Err(Rejection::invalid("credits", "must be greater than zero"));
            }
            meter::check_credits("credits", request.credits).map(|_| Checked::Nothing)
        }
        Action::Collect { request: crate::CollectRequest { credits: Some(credits), .. }, .. } => {
            if !credits.is_positive() {
                return Err(Rejection::invalid("credits", "must be greater than zero"));
            }
            meter::check_credits("credits", *credits).map(|_| Checked::Nothing)
        }
        Action::SetCost { request, facets, original } => {
            meter::check_cost(catalogue, request.cost, facets.as_deref())?;
            reverse::check_known(catalogue, request, facets.as_deref(), original).map(|()| Checked::Nothing)
        }
        Action::Annotate { annotated, .. } => match annotated {
            Some(_) => Ok(Checked::Nothing),
            None => Err(Rejection::NotFound { kind: "event" }),
        },
        Action::RecordUse { request, .. } => {
            meter::usable(catalogue, request.event_type).map(|_| Checked::Nothing)
        }
        Action::PlaceOrder { request, .. } => orders::for_sale(catalogue, request).map(|_| Checked::Nothing),
        Action::OpenCheckout(r) => order(state, r.order).map(|_| Checked::Nothing),
        Action::SettleOrder(r) => order(state, r.order).map(|_| Checked::Nothing),
        Action::RefundOrder(r) => order(state, r.order).map(|_| Checked::Nothing),
        Action::SetAllowance { request, .. } => allowances::check(request, now).map(|()| Checked::Nothing),
        Action::EndAllowance { .. }
        | Action::VoidGrant { .. }
        | Action::Reverse { .. }
        | Action::Collect { .. }
        | Action::SetPolicy { .. }
        | Action::Freeze { .. }
        | Action::Thaw { .. }
        | Action::EraseCustomer { .. } => Ok(Checked::Nothing),
        Action::Change(_)
        | Action::DefineEventType(_)
        | Action::DefineNewEventType(_)
        | Action::PublishPrice(_)
        | Action::PublishRateCard(_)
        | Action::PublishPack(_)
        | Action::OpenCorrection(_)
        | Action::Recommend(_)
        | Action::RejectRecommendation(_)
        | Action::GradeRecommendation { .. }
        | Action::NoteLook(_)
        | Action::ChangeSettings(_) => Ok(Checked::Nothing),
    }
}

/// Credits by the price version that a hold pinned.
fn pinned(
    catalogue: &Catalogue,
    hold: &HoldRef,
    sample: &Sample<'_>,
    now: Millis,
) -> Result<crate::Credits, Rejection> {
    let version = hold.price.and_then(|no| catalogue.price(no)).ok_or(Rejection::NoActivePrice)?;
    meter::price_by(catalogue, version.terms(), sample, now)
}

/// The wallet a call is about, opened where its customer was never seen.
fn find_wallet(
    state: &mut State,
    action: &Action,
    (actor, now): (KeyNo, Millis),
    recorder: &mut impl Recorder,
) -> Result<WalletNo, Stop> {
    let customer = match action {
        Action::Meter { customer, .. }
        | Action::RecordUse { customer, .. }
        | Action::PlaceHold { customer, .. }
        | Action::Grant { customer, .. }
        | Action::PlaceOrder { customer, .. }
        | Action::SetAllowance { customer, .. }
        | Action::SetPolicy { customer, .. }
        | Action::Freeze { customer }
        | Action::Thaw { customer } => customer,
        // What a provider says is not asked by the customer, and the books have to follow it, erased or not.
        Action::OpenCheckout(r) => return Ok(order(state, r.order)?.wallet),
        Action::SettleOrder(r) => return Ok(order(state, r.order)?.wallet),
        Action::RefundOrder(r) => return known(state, order(state, r.order)?.wallet),
        Action::EraseCustomer { customer } | Action::EndAllowance { customer, .. } => {
            let wallet = state.wallet_of(customer);
            return wallet.map(|w| w.number).ok_or_else(|| Rejection::NotFound { kind: "customer" }.into());
        }
        Action::VoidGrant { wallet, .. } => return known(state, *wallet),
        Action::Reverse { original, .. }
        | Action::Recharge { original, .. }
        | Action::Collect { original, .. }
        | Action::SetCost { original, .. } => return known(state, original.wallet),
        Action::Annotate { annotated, .. } => {
            let annotated = annotated.as_ref().ok_or(Rejection::NotFound { kind: "event" })?;
            return known(state, annotated.original.wallet);
        }
        Action::IncreaseHold(r) => return held_by(state, r.hold),
        Action::ExtendHold(r) => return held_by(state, r.hold),
        Action::CaptureHold { request, .. } => return held_by(state, request.hold),
        Action::VoidHold(r) => return held_by(state, r.hold),
        Action::Change(_)
        | Action::DefineEventType(_)
        | Action::DefineNewEventType(_)
        | Action::PublishPrice(_)
        | Action::PublishRateCard(_)
        | Action::PublishPack(_)
        | Action::OpenCorrection(_)
        | Action::Recommend(_)
        | Action::RejectRecommendation(_)
        | Action::GradeRecommendation { .. }
        | Action::NoteLook(_)
        | Action::ChangeSettings(_) => {
            return Err(Rejection::NotFound { kind: "wallet" }.into());
        }
    };
    if let Some(wallet) = state.wallet_of(customer) {
        return Ok(wallet.number);
    }
    let wallet = state.next_wallet();
    let welcome = state.catalogue.settings.welcome.map(|grant| {
        let expires_at = grant.valid_days.map_or(Millis::NEVER, |days| now.plus(i64::from(days) * DAY_MS));
        Box::new(Welcome { credits: grant.credits, expires_at })
    });
    let posted = welcome.as_ref().map_or(Credits::ZERO, |welcome| welcome.credits);
    let after = Balance { posted, ..Balance::default() };
    let header = Header { origin: Origin { actor, key: None }, wallet, previous: None, after };
    let fact = Fact::Wallet(WalletFact { header, event: WalletEvent::Opened { welcome } });
    let recorded = recorder.record(&fact, PayloadOf::Customer(customer))?;
    state.apply(recorded, &fact, Some(customer));
    Ok(wallet)
}

fn order(state: &State, id: crate::EntryId) -> Result<&TopUp, Rejection> {
    state.order(id).ok_or(Rejection::NotFound { kind: "order" })
}

/// A wallet that is not named by its customer. Once that is erased nobody may act on it: keys are told apart by the
/// customer's id, so that a retry from before the erasure could no longer be told from a new request.
fn known(state: &State, wallet: WalletNo) -> Result<WalletNo, Stop> {
    let wallet = state.wallet(wallet).ok_or(Rejection::NotFound { kind: "wallet" })?;
    if wallet.is_erased() { Err(Rejection::CustomerErased.into()) } else { Ok(wallet.number) }
}

fn held_by(state: &State, hold: crate::EntryId) -> Result<WalletNo, Stop> {
    let hold = state.hold_ref(hold).ok_or(Rejection::NotFound { kind: "hold" })?;
    known(state, hold.wallet)
}

fn header(state: &State, wallet: WalletNo, origin: Origin, after: Balance) -> Header {
    Header { origin, wallet, previous: state.wallet(wallet).map(|w| w.last), after }
}

/// The rules of the wallet: a fact, or a verdict, which is a fact as well.
fn decide(
    state: &State,
    number: WalletNo,
    action: &Action,
    checked: &Checked,
    (means, now): (&Means, Millis),
) -> Result<(WalletEvent, Balance), Rejection> {
    let wallet = state.wallet(number).ok_or(Rejection::NotFound { kind: "wallet" })?;
    // The hold may have lapsed in the sweep just before.
    let hold_now = |id: crate::EntryId, before: &HoldRef| state.hold_ref(id).copied().unwrap_or(*before);
    Ok(match (action, checked) {
        (Action::Meter { request, facets, .. }, Checked::Priced(price, credits)) => {
            let at = request.occurred_at.unwrap_or(now);
            let facets =
                costed(state, request.event_type, request.quantity, request.cost, facets.as_deref(), at);
            match meter::meter(wallet, request, (*price, *credits), means) {
                Ok((charge, after)) => (WalletEvent::Metered { request: *request, charge, facets }, after),
                Err(refusal) => refused(wallet, Asked::Meter(*request), refusal, facets),
            }
        }
        (Action::PlaceHold { request, .. }, Checked::Priced(price, credits)) => {
            verdict(wallet, Asked::PlaceHold(*request), || {
                holds::place(wallet, request, (*price, *credits), means, now)
            })
        }
        (Action::IncreaseHold(request), Checked::Hold(hold, credits, _)) => {
            let hold = hold_now(request.hold, hold);
            verdict(wallet, Asked::IncreaseHold(*request), || {
                holds::increase(wallet, &hold, request, credits.unwrap_or_default(), means)
            })
        }
        (Action::ExtendHold(request), Checked::Hold(hold, ..)) => {
            let hold = hold_now(request.hold, hold);
            verdict(wallet, Asked::ExtendHold(*request), || holds::extend(wallet, &hold, request, now))
        }
        (Action::VoidHold(request), Checked::Hold(hold, ..)) => {
            let hold = hold_now(request.hold, hold);
            verdict(wallet, Asked::VoidHold(*request), || holds::void(wallet, &hold, request))
        }
        (Action::CaptureHold { request, facets, .. }, Checked::Hold(before, credits, quantity)) => {
            let hold = hold_now(request.hold, before);
            let facets = costed(state, hold.event_type, *quantity, request.cost, facets.as_deref(), now);
            let capture =
                holds::Capture { hold: &hold, request, credits: *credits, quantity: *quantity, means };
            match holds::capture(wallet, &capture, facets.clone()) {
                Ok(captured) => captured,
                Err(refusal) => refused(wallet, Asked::CaptureHold(*request), refusal, facets),
            }
        }
        (Action::Grant { request, .. }, _) => {
            verdict(wallet, Asked::Grant(request.clone()), || grants::grant(wallet, request, now))
        }
        (Action::VoidGrant { request, .. }, _) => {
            grants::check_void(wallet, request)?;
            verdict(wallet, Asked::VoidGrant(*request), || grants::void(wallet, request))
        }
        (Action::Reverse { request, original }, _) => verdict(wallet, Asked::Reverse(*request), || {
            reverse::reverse(state, wallet, request, original, now)
        }),
        (Action::Recharge { request, original }, _) => {
            verdict(wallet, Asked::Recharge(*request), || reverse::recharge(state, wallet, request, original))
        }
        (Action::Collect { request, original }, _) => {
            match reverse::collect(state, wallet, request, original) {
                Ok(collected) => collected,
                Err(CollectError::Refused(refusal)) => {
                    refused(wallet, Asked::Collect(*request), refusal, None)
                }
                Err(CollectError::Rejected(rejection)) => return Err(rejection),
            }
        }
        (Action::SetCost { request, facets, original }, _) => {
            let usage = facets.as_ref().and_then(|facets| facets.usage.as_ref());
            (reverse::set_cost(state, request, usage, original), wallet.balance)
        }
        (Action::Annotate { request, dimensions, annotated: Some(annotated) }, _) => {
            let amended = state.amended(annotated.event.position);
            (annotate(amended, request, annotated, dimensions)?, wallet.balance)
        }
        (Action::RecordUse { request, facets, .. }, _) => {
            let at = request.occurred_at.unwrap_or(now);
            let facets =
                costed(state, request.event_type, request.quantity, request.cost, facets.as_deref(), at);
            (WalletEvent::Metered { request: *request, charge: Charge::nothing(), facets }, wallet.balance)
        }
        (Action::PlaceOrder { request, .. }, _) => {
            let pack = orders::for_sale(&state.catalogue, request)?;
            verdict(wallet, Asked::PlaceOrder(request.clone()), || orders::place(wallet, request, pack))
        }
        (Action::OpenCheckout(request), _) => {
            orders::open_checkout(wallet, order(state, request.order)?, request)?
        }
        (Action::SettleOrder(request), _) => {
            orders::settle(state, wallet, order(state, request.order)?, request, now)?
        }
        (Action::RefundOrder(request), _) => {
            let order = order(state, request.order)?;
            verdict(wallet, Asked::RefundOrder(*request), || orders::start_refund(wallet, order, request))
        }
        (Action::SetAllowance { request, .. }, _) => {
            verdict(wallet, Asked::SetAllowance(request.clone()), || allowances::set(wallet, request))
        }
        (Action::EndAllowance { code, .. }, _) => allowances::end(wallet, code)?,
        (Action::SetPolicy { policy, .. }, _) => (WalletEvent::PolicySet { policy: *policy }, wallet.balance),
        (Action::Freeze { .. }, _) => (WalletEvent::Frozen, wallet.balance),
        (Action::Thaw { .. }, _) => (WalletEvent::Thawed, wallet.balance),
        (Action::EraseCustomer { .. }, _) => (WalletEvent::CustomerErased, wallet.balance),
        _ => return Err(Rejection::NotFound { kind: "operation" }),
    })
}

/// A refusal is a fact too: final for its key.
fn verdict(
    wallet: &Wallet,
    asked: Asked,
    decide: impl FnOnce() -> Result<(WalletEvent, Balance), Refusal>,
) -> (WalletEvent, Balance) {
    decide().unwrap_or_else(|refusal| refused(wallet, asked, refusal, None))
}

fn refused(
    wallet: &Wallet,
    asked: Asked,
    refusal: Refusal,
    facets: Option<Box<Facets>>,
) -> (WalletEvent, Balance) {
    (WalletEvent::Refused { asked, refusal, facets }, wallet.balance)
}

/// The facets of an event with what it cost, where that was not reported.
fn costed(
    state: &State,
    event_type: EventTypeNo,
    quantity: Quantity,
    reported: Option<Money>,
    facets: Option<&Facets>,
    at: Millis,
) -> Option<Box<Facets>> {
    let usage = facets.and_then(|facets| facets.usage.as_ref());
    let cost = cost::compute(&state.catalogue, event_type, quantity, reported, usage, at);
    cost::with_cost(facets, cost)
}

fn change_catalogue(
    state: &mut State,
    origin: Origin,
    action: &Action,
    now: Millis,
    recorder: &mut impl Recorder,
) -> Result<(Recorded, Fact), Stop> {
    let mut done = None;
    for change in catalogue_changes(&state.catalogue, action, now)? {
        let fact = Fact::Catalogue(CatalogueFact {
            origin: Origin { key: done.as_ref().map_or(origin.key, |_| None), ..origin },
            change,
        });
        let recorded = recorder.record(&fact, PayloadOf::Call)?;
        state.apply(recorded, &fact, None);
        done.get_or_insert((recorded, fact));
    }
    done.ok_or_else(|| Rejection::NotFound { kind: "change" }.into())
}

fn catalogue_changes(
    catalogue: &Catalogue,
    action: &Action,
    now: Millis,
) -> Result<Vec<CatalogueChange>, Rejection> {
    match action {
        Action::DefineEventType(request) => define_event_type(catalogue, request, now),
        Action::DefineNewEventType(request) => match catalogue.event_type(&request.name) {
            Some(_) => Err(Rejection::Unchanged),
            None => define_event_type(catalogue, request, now),
        },
        Action::PublishPrice(request) => publish_price(catalogue, request, now).map(|change| vec![change]),
        Action::PublishRateCard(request) => {
            request.check()?;
            let card = CardNo::at(catalogue.rates.cards().len() + 1);
            let effective_at = request.effective_at.unwrap_or(now);
            Ok(vec![CatalogueChange::RateCardPublished { request: request.clone(), card, effective_at }])
        }
        Action::PublishPack(request) => {
            request.check(catalogue)?;
            let version = catalogue.pack_by_code(&request.code).map_or(0, |pack| pack.version) + 1;
            let pack = PackNo::at(catalogue.packs.len());
            Ok(vec![CatalogueChange::PackPublished { request: request.clone(), pack, version }])
        }
        Action::ChangeSettings(settings) => {
            settings.check()?;
            Ok(vec![CatalogueChange::SettingsChanged { settings: settings.clone() }])
        }
        Action::OpenCorrection(request) => {
            request.check(catalogue)?;
            Ok(vec![CatalogueChange::CorrectionOpened { request: request.clone() }])
        }
        Action::Recommend(made) => {
            recommendation::make(catalogue, made)?;
            Ok(vec![CatalogueChange::RecommendationMade { recommendation: made.clone() }])
        }
        Action::RejectRecommendation(request) => {
            recommendation::reject(catalogue, request.recommendation, now)?;
            Ok(vec![CatalogueChange::RecommendationRejected { request: request.clone() }])
        }
        Action::GradeRecommendation { recommendation, outcome } => {
            recommendation::grade(catalogue, *recommendation, outcome, now)?;
            let (recommendation, outcome) = (*recommendation, outcome.clone());
            Ok(vec![CatalogueChange::RecommendationGraded { recommendation, outcome }])
        }
        Action::NoteLook(look) => Ok(vec![CatalogueChange::AdviceLooked { look: *look }]),
        Action::Change(change) => match change {
            CatalogueChange::CorrectionClosed { correction, .. } => {
                let open = catalogue.open_correction().filter(|open| open.id.position == *correction);
                open.ok_or(Rejection::NotFound { kind: "correction" })?;
                Ok(vec![change.clone()])
            }
            CatalogueChange::KeyCreated { label, secret_hash, hint, scopes, replaces, limits, .. } => {
                let replaced = replaces.and_then(|replaced| catalogue.key(replaced));
                // As they are now, whatever they were when the caller looked.
                let limits = match replaced {
                    Some(replaced) => replaced.limits(),
                    None => limits.as_deref().copied().unwrap_or_default(),
                };
                limits.budget.as_ref().map_or(Ok(()), Budget::check)?;
                Ok(vec![CatalogueChange::KeyCreated {
                    key: KeyNo::at(catalogue.keys.len() + 1),
                    label: label.clone(),
                    secret_hash: *secret_hash,
                    hint: hint.clone(),
                    scopes: *scopes,
                    replaces: *replaces,
                    limits: limits.boxed(),
                }])
            }
            CatalogueChange::KeyBudgetSet { key, budget } => {
                catalogue.key(*key).ok_or(Rejection::NotFound { kind: "key" })?;
                budget.as_ref().map_or(Ok(()), Budget::check)?;
                Ok(vec![change.clone()])
            }
            CatalogueChange::KeyRevoked { key, .. } => {
                catalogue.key(*key).ok_or(Rejection::NotFound { kind: "key" })?;
                Ok(vec![change.clone()])
            }
            CatalogueChange::EventTypeDefined { .. }
            | CatalogueChange::PricePublished { .. }
            | CatalogueChange::PriceRefused { .. }
            | CatalogueChange::SettingsChanged { .. }
            | CatalogueChange::PackPublished { .. }
            | CatalogueChange::CorrectionOpened { .. }
            | CatalogueChange::RecommendationMade { .. }
            | CatalogueChange::RecommendationRejected { .. }
            | CatalogueChange::RecommendationGraded { .. }
            | CatalogueChange::AdviceLooked { .. }
            | CatalogueChange::RateCardPublished { .. } => Err(Rejection::NotFound { kind: "change" }),
        },
        _ => Err(Rejection::NotFound { kind: "change" }),
    }
}

fn define_event_type(
    catalogue: &Catalogue,
    request: &EventTypeRequest,
    now: Millis,
) -> Result<Vec<CatalogueChange>, Rejection> {
    let known = catalogue.event_type(&request.name);
    let event_type = known.map_or_else(|| EventTypeNo::at(catalogue.event_types.len()), |t| t.number);
    if request.estimated_cost_nano.is_some_and(|nano| !(0..=Money::NANO_MAX).contains(&nano)) {
        return Err(Rejection::invalid(
            "estimated_cost",
            "must not be negative or beyond the largest amount",
        ));
    }
    let mut changes = Vec::new();
    let is_said_before = known.is_some_and(|t| {
        t.label == request.label
            && t.description == request.description
            && t.caller_set_credits == request.caller_set_credits
            && t.dimensions == request.dimensions
            && t.archived == request.archived
            && t.estimated_cost_nano == request.estimated_cost_nano
    });
    // What only adds the first price says nothing new of the type. So does a call taken up again after the frame was
    // full between the two facts.
    let adds_first_price = request.first_price.is_some() && catalogue.latest_price(event_type).is_none();
    if !(is_said_before && adds_first_price) {
        changes.push(CatalogueChange::EventTypeDefined {
            event_type,
            name: request.name.clone(),
            label: request.label.clone(),
            description: request.description.clone(),
            caller_set_credits: request.caller_set_credits,
            dimensions: request.dimensions.clone(),
            archived: request.archived,
            estimated_cost_nano: request.estimated_cost_nano,
        });
    }
    if let Some(credits) = request.first_price {
        let rule = Rule::Flat { credits };
        pricing::check(&rule, Rounding::HalfUp, None)?;
        match catalogue.latest_price(event_type) {
            Some(latest) if latest.rule == rule => {}
            Some(_) => {
                return Err(Rejection::invalid(
                    "credits",
                    "is the shorthand for a first price, and this event type has one: publish a new version",
                ));
            }
            None => {
                let request = PriceRequest {
                    event_type,
                    rule,
                    grid: Grid::MicroCredit,
                    rounding: Rounding::HalfUp,
                    effective_at: None,
                    note: "First price".into(),
                    replaces: None,
                    because: None,
                };
                changes.push(published(catalogue, request, 1, now));
            }
        }
    }
    Ok(changes)
}

fn publish_price(
    catalogue: &Catalogue,
    request: &PriceRequest,
    now: Millis,
) -> Result<CatalogueChange, Rejection> {
    let event_type = catalogue.event_type_no(request.event_type).ok_or(Rejection::UnknownEventType)?;
    let rule = catalogue.checked_rule(&request.rule, request.rounding)?;
    if request.effective_at.is_some_and(|at| at < now) {
        return Err(Rejection::invalid(
            "effective_at",
            "must not be in the past: prices never change backwards",
        ));
    }
    // First what became of the recommendation: that another version took its place says less than how it was decided.
    if let Some(because) = request.because {
        recommendation::publish(catalogue, request, because, now)?;
    }
    let latest = event_type.prices.last().copied();
    if request.replaces.is_some() && request.replaces != latest {
        let refusal = Refusal::VersionSuperseded { latest };
        return Ok(CatalogueChange::PriceRefused { request: request.clone(), refusal });
    }
    let version = u32::try_from(event_type.prices.len() + 1).unwrap_or(u32::MAX);
    Ok(published(catalogue, PriceRequest { rule, ..request.clone() }, version, now))
}

fn published(catalogue: &Catalogue, request: PriceRequest, version: u32, now: Millis) -> CatalogueChange {
    let price = PriceNo::at(catalogue.prices.len());
    let effective_at = recommendation::effective_at(catalogue, &request, now);
    CatalogueChange::PricePublished { request, price, version, effective_at }
}
