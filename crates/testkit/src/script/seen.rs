//! What a run has come across. A green run that saw none of it would prove nothing.

use std::collections::BTreeSet;

use crate::model::{Answer, Entry, Happening, HoldEnd, Place, Refused, Rejected};

/// Everything that random runs together must have seen. A refusal or rejection by its code; else what happened.
pub const MILESTONES: [&str; 51] = [
    "wallet_frozen",
    "insufficient_credits",
    "hold_not_open: captured",
    "hold_not_open: voided",
    "hold_not_open: expired",
    "capture_exceeds_hold",
    "already_reversed",
    "grant_not_open",
    "grant_held",
    "balance_too_large",
    "version_superseded",
    "unknown_event_type",
    "event_type_archived",
    "no_active_price",
    "cost_required",
    "invalid_request",
    "replayed",
    "conflict",
    "conflict: operation",
    "draw over three lots",
    "charge with debt",
    "charge uncharged in part",
    "charge of nothing",
    "hold on overdraft",
    "hold increased",
    "hold extended",
    "hold voided",
    "hold expired",
    "capture in steps",
    "capture with rest released",
    "capture beyond the hold",
    "late capture",
    "lot expired",
    "lot expired under a hold",
    "expiry during capture",
    "expiry as the hold ends",
    "lot activated",
    "grant settles debt",
    "grant settles two debts",
    "activation settles debt",
    "grant voided",
    "pending grant voided",
    "reversal to lots",
    "reversal of debt",
    "reversal into a lot that is gone",
    "charged again",
    "charged again on credit",
    "left uncharged",
    "collected",
    "cost attached later",
    "cost corrected",
];

/// What random runs with budgets together must have seen.
pub const MILESTONES_OF_BUDGETS: [&str; 2] = ["budget_exceeded: key", "budget_exceeded: customer"];

pub(super) fn in_answer(answer: &Answer) -> Vec<&'static str> {
    match answer {
        Answer::Done(_) => Vec::new(),
        Answer::Replayed(_) => vec!["replayed"],
        Answer::Conflict { field: "operation" } => vec!["conflict", "conflict: operation"],
        Answer::Conflict { .. } => vec!["conflict"],
        Answer::Rejected(rejected) => vec![match rejected {
            Rejected::UnknownEventType => "unknown_event_type",
            Rejected::EventTypeArchived => "event_type_archived",
            Rejected::NoActivePrice => "no_active_price",
            Rejected::CostRequired => "cost_required",
            Rejected::Invalid { .. } => "invalid_request",
            Rejected::NotFound => "not_found",
            Rejected::CustomerErased => "customer_erased",
            Rejected::Unchanged => "unchanged",
        }],
    }
}

/// What an entry shows; `expired` are the holds that have run out.
pub fn in_entry(entry: &Entry, expired: &BTreeSet<Place>) -> Vec<&'static str> {
    let mut seen = Vec::new();
    let mut note = |is: bool, what: &'static str| seen.extend(is.then_some(what));
    match &entry.what {
        Happening::Metered { charge } | Happening::HoldCaptured { charge, .. } => {
            note(charge.draws.len() >= 3, "draw over three lots");
            note(charge.debt > 0, "charge with debt");
            note(charge.uncharged > 0, "charge uncharged in part");
            note(charge.credits == 0, "charge of nothing");
            note(charge.credits > 0 && charge.uncharged == charge.credits, "left uncharged");
        }
        Happening::HoldPlaced { on_overdraft, .. } => note(*on_overdraft > 0, "hold on overdraft"),
        Happening::HoldIncreased { .. } => note(true, "hold increased"),
        Happening::HoldExtended { .. } => note(true, "hold extended"),
        Happening::HoldVoided { lapsed, .. } => {
            note(true, "hold voided");
            note(!lapsed.is_empty(), "expiry as the hold ends");
        }
        Happening::HoldExpired { lapsed, .. } => {
            note(true, "hold expired");
            note(!lapsed.is_empty(), "expiry as the hold ends");
        }
        Happening::LotExpired { lapsed, .. } => {
            note(lapsed.credits > 0, "lot expired");
            note(entry.after.held > 0 && lapsed.credits == 0, "lot expired under a hold");
        }
        Happening::LotActivated { settled, .. } => {
            note(true, "lot activated");
            note(!settled.is_empty(), "activation settles debt");
        }
        Happening::Granted { settled, .. } => {
            note(!settled.is_empty(), "grant settles debt");
            note(settled.len() > 1, "grant settles two debts");
        }
        Happening::GrantVoided { active, .. } => {
            note(*active, "grant voided");
            note(!*active, "pending grant voided");
        }
        Happening::Reversed { debt, returned, stand_in, .. } => {
            note(!returned.is_empty(), "reversal to lots");
            note(*debt > 0, "reversal of debt");
            note(stand_in.is_some(), "reversal into a lot that is gone");
        }
        Happening::Recharged { charge, .. } => {
            note(true, "charged again");
            note(charge.debt > 0, "charged again on credit");
        }
        Happening::Collected { .. } => note(true, "collected"),
        Happening::CostSet { before: None, .. } => note(true, "cost attached later"),
        Happening::CostSet { .. } => note(true, "cost corrected"),
        Happening::PriceRefused(refused) | Happening::Refused(refused) => note(true, code(refused)),
        _ => {}
    }
    if let Happening::HoldCaptured { hold, released, lapsed, ended, still_held, charge, .. } = &entry.what {
        let late = expired.contains(hold);
        note(late, "late capture");
        note(!ended && !late && *still_held > 0, "capture in steps");
        note(!released.is_empty(), "capture with rest released");
        note(!lapsed.is_empty(), "expiry during capture");
        note(!late && *ended && released.is_empty() && charge.debt > 0, "capture beyond the hold");
    }
    seen
}

fn code(refused: &Refused) -> &'static str {
    match refused {
        Refused::WalletFrozen { .. } => "wallet_frozen",
        Refused::InsufficientCredits { .. } => "insufficient_credits",
        Refused::HoldNotOpen { state: HoldEnd::Captured } => "hold_not_open: captured",
        Refused::HoldNotOpen { state: HoldEnd::Voided } => "hold_not_open: voided",
        Refused::HoldNotOpen { state: HoldEnd::Expired } => "hold_not_open: expired",
        Refused::CaptureExceedsHold { .. } => "capture_exceeds_hold",
        Refused::AlreadyReversed { .. } => "already_reversed",
        Refused::GrantNotOpen => "grant_not_open",
        Refused::GrantHeld { .. } => "grant_held",
        Refused::TooManyHolds => "too_many_holds",
        Refused::TooManyGrants => "too_many_grants",
        Refused::BalanceTooLarge => "balance_too_large",
        Refused::VersionSuperseded { .. } => "version_superseded",
        Refused::TooManyOrders => "too_many_orders",
        Refused::TooManyAllowances => "too_many_allowances",
        Refused::OrderNotPaid { .. } => "order_not_paid",
        Refused::RefundExceedsUnused { .. } => "refund_exceeds_unused",
        Refused::RefundGoesOn { .. } => "refund_goes_on",
        Refused::NothingToRefund => "nothing_to_refund",
        Refused::BudgetExceeded { is_of_customer: false, .. } => "budget_exceeded: key",
        Refused::BudgetExceeded { is_of_customer: true, .. } => "budget_exceeded: customer",
    }
}
