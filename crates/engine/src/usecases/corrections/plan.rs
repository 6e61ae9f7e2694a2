//! What becomes of one event: how much is given back or charged again, or why it is left alone.

use chargly_ledger::{
    Amended, Catalogue, CorrectionAction, Credits, EntryId, Facets, Fact, Money, Original, Sample,
    WalletEvent, price_sample,
};

use super::properties::inputs_of;
use super::select::Candidate;
use crate::facts::{StoredFact, StoredPayload};

/// Why an event is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Skip {
    /// Its customer was erased: nobody may act on that wallet any more.
    CustomerErased,
    /// All of it was given back before.
    NothingLeft,
    /// Its credits were chosen, not priced: by the caller, or by a capture of so many credits.
    CreditsSet,
    /// The rule looks at its properties, and they were erased.
    PropertiesErased,
    /// The rule gives it no price.
    NoPrice,
    /// Part of it was not charged, in a record-only wallet: nothing more is collected for it.
    PartlyUncharged,
    /// The ledger refused it, with this code.
    Refused(&'static str),
}

impl Skip {
    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CustomerErased => "customer_erased",
            Self::NothingLeft => "nothing_left",
            Self::CreditsSet => "credits_set",
            Self::PropertiesErased => "properties_erased",
            Self::NoPrice => "no_price",
            Self::PartlyUncharged => "partly_uncharged",
            Self::Refused(code) => code,
        }
    }
}

/// What is done about an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// So much is given back.
    Return(Credits),
    /// So much is charged again.
    Charge(Credits),
}

/// An event with what is to be done about it.
pub(super) struct Planned {
    pub(super) event: EntryId,
    pub(super) original: Original,
    /// What it is charged in all now, less what was given back.
    pub(super) before: Credits,
    /// The same afterwards.
    pub(super) after: Credits,
    /// `None` where it is right already.
    pub(super) step: Result<Option<Step>, Skip>,
}

/// Plans one event. `amended` is what became of it since; `is_erased` whether its customer was.
pub(super) fn plan(
    catalogue: &Catalogue,
    action: &CorrectionAction,
    candidate: Candidate,
    amended: &Amended,
    is_erased: bool,
) -> Option<Planned> {
    let Candidate { stored, net_returned_micro } = candidate;
    let original = original(&stored)?;
    let before = original.charge.charged() + amended.charged_later() - amended.reversed;
    let after = if is_erased {
        Err(Skip::CustomerErased)
    } else {
        match net_returned_micro {
            Some(net) => undone(before, net),
            None => target(catalogue, action, &stored, &original, amended, before),
        }
    };
    let step = after.map(|after| step_to(before, after));
    let after = after.unwrap_or(before);
    Some(Planned { event: stored.id, original, before, after, step })
}

fn original(stored: &StoredFact) -> Option<Original> {
    match &stored.fact {
        Fact::Wallet(fact) => Original::of(fact.clone(), stored.id.position, stored.at),
        _ => None,
    }
}

fn step_to(before: Credits, after: Credits) -> Option<Step> {
    let difference = after - before;
    if difference.is_zero() {
        None
    } else if difference.is_positive() {
        Some(Step::Charge(difference))
    } else {
        Some(Step::Return(before - after))
    }
}

/// What another correction gave back (or charged, negative) is taken back, as far as there is something left.
fn undone(before: Credits, net_returned_micro: i64) -> Result<Credits, Skip> {
    let after = before + Credits::from_micro(net_returned_micro);
    match (before.is_positive(), after >= Credits::ZERO) {
        (_, true) => Ok(after),
        (true, false) => Ok(Credits::ZERO),
        (false, false) => Err(Skip::NothingLeft),
    }
}

/// What is left of an event afterwards. What somebody gave back by hand stays given back: only what the event was
/// charged by, and corrected to since, is put at the new price.
fn target(
    catalogue: &Catalogue,
    action: &CorrectionAction,
    stored: &StoredFact,
    original: &Original,
    amended: &Amended,
    before: Credits,
) -> Result<Credits, Skip> {
    let by_hand = amended.reversed - amended.corrected;
    if before.is_zero() && by_hand.is_positive() {
        return Err(Skip::NothingLeft);
    }
    let charged = match action {
        CorrectionAction::Reverse if before.is_zero() && amended.reversed.is_positive() => {
            return Err(Skip::NothingLeft);
        }
        CorrectionAction::Reverse | CorrectionAction::Undo { .. } => Credits::ZERO,
        CorrectionAction::Reprice { .. } | CorrectionAction::RepriceBy { .. } => {
            priced(catalogue, action, stored, original, amended)?
        }
    };
    let after = (charged - by_hand).max(Credits::ZERO);
    if after > before && original.charge.uncharged.is_positive() {
        return Err(Skip::PartlyUncharged);
    }
    Ok(after)
}

/// What an event would have been charged.
fn priced(
    catalogue: &Catalogue,
    action: &CorrectionAction,
    stored: &StoredFact,
    original: &Original,
    amended: &Amended,
) -> Result<Credits, Skip> {
    let terms = match action {
        CorrectionAction::Reprice { price } => catalogue.price(*price).ok_or(Skip::NoPrice)?.terms(),
        CorrectionAction::RepriceBy { rule, grid, rounding } => (rule, *grid, *rounding),
        CorrectionAction::Reverse | CorrectionAction::Undo { .. } => return Err(Skip::NoPrice),
    };
    let work = work_of(&stored.fact).ok_or(Skip::CreditsSet)?;
    let rule = terms.0;
    let properties = match &stored.payload {
        StoredPayload::Erased if rule.properties().next().is_some() => return Err(Skip::PropertiesErased),
        StoredPayload::Erased => None,
        StoredPayload::Present(payload) => payload.properties.as_deref(),
    };
    let inputs = inputs_of(properties, rule.properties());
    // The latest word on the cost, else what was reported with it, else its usage by the card that the rule counts with.
    let latest = amended.cost.map(|cost| Money { nano: cost.nano, currency: catalogue.currency });
    let sample = Sample {
        quantity: original.quantity,
        inputs: &inputs,
        cost: latest.or(work.cost),
        usage: work.facets.and_then(|facets| facets.usage.as_ref()),
    };
    price_sample(catalogue, terms, &sample, stored.at).map_err(|_| Skip::NoPrice)
}

/// What an event says of its cost.
struct Work<'f> {
    cost: Option<Money>,
    facets: Option<&'f Facets>,
}

/// Of an event that was priced by its quantity; `None` where its credits were chosen.
fn work_of(fact: &Fact) -> Option<Work<'_>> {
    let Fact::Wallet(fact) = fact else { return None };
    let (cost, facets, is_priced) = match &fact.event {
        WalletEvent::Metered { request, charge, facets } => (request.cost, facets, charge.price.is_some()),
        WalletEvent::HoldCaptured { request, facets, .. } => {
            (request.cost, facets, request.credits.is_none() && request.quantity.is_some())
        }
        _ => return None,
    };
    is_priced.then_some(Work { cost, facets: facets.as_deref() })
}
