//! From the ledger's facts to the model's words.

use chargly_ledger::{
    BudgetOf, Catalogue, CatalogueChange, Fact, Policy, Refusal, Reserve, Settlement, WalletEvent, WalletFact,
};

use super::requests::until;
use super::sales;
use crate::model::{self, Balance, Charge, Draw, Entry, Happening, HoldEnd, Micro, Refused, Settled};

/// A fact as an entry of the model's journal. `customer` is what its payload says.
///
/// # Panics
/// On what the model knows nothing of: API keys.
pub fn entry(fact: &Fact, catalogue: &Catalogue, customer: Option<String>) -> Entry {
    let of_nobody = |what| Entry { wallet: None, after: Balance::default(), what };
    match fact {
        Fact::Wallet(fact) => Entry {
            wallet: Some(fact.header.wallet.index()),
            after: balance(fact.header.after),
            what: wallet_event(fact, customer),
        },
        Fact::Catalogue(fact) => of_nobody(change(&fact.change, catalogue)),
        Fact::EnvironmentCreated { .. } => of_nobody(Happening::EnvironmentCreated),
        Fact::EpochStarted { .. } => of_nobody(Happening::EpochStarted),
        Fact::BatchAccepted { first, events, .. } => {
            of_nobody(Happening::BatchAccepted { first: first.0, events: *events as usize })
        }
    }
}

fn wallet_event(fact: &WalletFact, customer: Option<String>) -> Happening {
    match &fact.event {
        WalletEvent::Opened { welcome } => Happening::Opened {
            customer: customer.unwrap_or_default(),
            welcome: welcome.as_ref().map(|w| (w.credits.micro().into(), until(w.expires_at))),
        },
        WalletEvent::Metered { charge: paid, .. } => Happening::Metered { charge: charge(paid) },
        WalletEvent::HoldPlaced { price, credits, reserves, on_overdraft, expires_at, .. } => {
            Happening::HoldPlaced {
                price: price.map(|p| p.0),
                credits: credits.micro().into(),
                reserved: reserved(reserves),
                on_overdraft: on_overdraft.micro().into(),
                expires_at: expires_at.0,
            }
        }
        WalletEvent::HoldIncreased { request, credits, reserves, on_overdraft } => Happening::HoldIncreased {
            hold: request.hold.position.0,
            credits: credits.micro().into(),
            reserved: reserved(reserves),
            on_overdraft: on_overdraft.micro().into(),
        },
        WalletEvent::HoldExtended { request, expires_at } => {
            Happening::HoldExtended { hold: request.hold.position.0, expires_at: expires_at.0 }
        }
        WalletEvent::HoldCaptured {
            request,
            charge: paid,
            overdraft_freed,
            released,
            broken,
            still_held,
            ended,
            ..
        } => Happening::HoldCaptured {
            hold: request.hold.position.0,
            charge: charge(paid),
            overdraft_freed: overdraft_freed.micro().into(),
            released: reserved(released),
            lapsed: draws(broken),
            still_held: still_held.micro().into(),
            ended: *ended,
        },
        WalletEvent::HoldVoided { request, released, broken } => Happening::HoldVoided {
            hold: request.hold.position.0,
            released: reserved(released),
            lapsed: draws(broken),
        },
        WalletEvent::HoldExpired { hold, due, released, broken } => Happening::HoldExpired {
            hold: hold.0,
            due: due.0,
            released: reserved(released),
            lapsed: draws(broken),
        },
        WalletEvent::Granted { lot, active, settlements, .. } => {
            Happening::Granted { lot: lot.0, active: *active, settled: settled(settlements) }
        }
        WalletEvent::GrantVoided { request, credits, active, refunded_nano } => Happening::GrantVoided {
            lot: request.lot.0,
            credits: credits.micro().into(),
            active: *active,
            refunded: (*refunded_nano).into(),
        },
        WalletEvent::LotActivated { lot, due, credits, settlements } => Happening::LotActivated {
            lot: lot.0,
            due: due.0,
            credits: credits.micro().into(),
            settled: settled(settlements),
        },
        WalletEvent::LotExpired { due, broken } => Happening::LotExpired { due: due.0, lapsed: draw(broken) },
        WalletEvent::Reversed { request, credits, debt, returns, adjustment, .. } => Happening::Reversed {
            event: request.event.0,
            credits: credits.micro().into(),
            debt: debt.micro().into(),
            returned: draws(returns),
            stand_in: adjustment.map(|a| (a.lot.0, a.credits.micro().into(), a.expires_at.0)),
        },
        WalletEvent::PolicySet { policy: chosen } => Happening::PolicySet(policy(*chosen)),
        WalletEvent::Frozen => Happening::Frozen,
        WalletEvent::Thawed => Happening::Thawed,
        WalletEvent::CustomerErased => Happening::CustomerErased,
        WalletEvent::Refused { refusal, .. } => Happening::Refused(refused(refusal)),
        WalletEvent::Recharged { request, charge: paid, .. } => {
            Happening::Recharged { event: request.event.0, charge: charge(paid) }
        }
        WalletEvent::Collected { request, charge: paid, .. } => {
            Happening::Collected { event: request.event.0, charge: charge(paid) }
        }
        WalletEvent::CostSet { request, before, cost, .. } => Happening::CostSet {
            event: request.event.0,
            before: before.map(|cost| cost.nano.into()),
            cost: cost.map(|cost| cost.nano.into()).expect("a cost that was reported"),
        },
        WalletEvent::EventAnnotated { .. } => unreachable!("no story annotates"),
        event @ (WalletEvent::OrderPlaced { .. }
        | WalletEvent::CheckoutOpened { .. }
        | WalletEvent::OrderSettled { .. }
        | WalletEvent::RefundStarted { .. }
        | WalletEvent::AllowanceSet { .. }
        | WalletEvent::AllowanceEnded { .. }
        | WalletEvent::AllowanceRenewed { .. }) => sales::happening(event),
    }
}

fn change(change: &CatalogueChange, catalogue: &Catalogue) -> Happening {
    match change {
        CatalogueChange::EventTypeDefined { name, caller_set_credits, archived, .. } => {
            Happening::EventTypeDefined {
                name: name.to_string(),
                caller_set: *caller_set_credits,
                archived: *archived,
            }
        }
        CatalogueChange::PricePublished { request, price, version, effective_at } => {
            let known = catalogue.event_type_no(request.event_type).expect("a type with a price");
            Happening::PricePublished {
                price: price.0,
                event_type: known.name.to_string(),
                version: *version,
                effective_at: effective_at.0,
            }
        }
        CatalogueChange::PriceRefused { refusal, .. } => Happening::PriceRefused(refused(refusal)),
        CatalogueChange::PackPublished { pack, version, .. } => {
            Happening::PackPublished { pack: pack.0, version: *version }
        }
        CatalogueChange::SettingsChanged { .. } => Happening::SettingsChanged,
        CatalogueChange::KeyCreated { .. } | CatalogueChange::KeyBudgetSet { .. } => Happening::BudgetSet,
        CatalogueChange::KeyRevoked { .. }
        | CatalogueChange::CorrectionOpened { .. }
        | CatalogueChange::CorrectionClosed { .. }
        | CatalogueChange::RecommendationMade { .. }
        | CatalogueChange::RecommendationRejected { .. }
        | CatalogueChange::RecommendationGraded { .. }
        | CatalogueChange::AdviceLooked { .. }
        | CatalogueChange::RateCardPublished { .. } => {
            panic!("the model knows nothing of {change:?}")
        }
    }
}

fn refused(refusal: &Refusal) -> Refused {
    match refusal {
        Refusal::WalletFrozen { frozen_by } => Refused::WalletFrozen { frozen_by: frozen_by.0 },
        Refusal::InsufficientCredits { required, available } => Refused::InsufficientCredits {
            required: required.micro().into(),
            available: available.micro().into(),
        },
        Refusal::HoldNotOpen { state } => Refused::HoldNotOpen { state: hold_end(*state) },
        Refusal::CaptureExceedsHold { held, requested } => {
            Refused::CaptureExceedsHold { held: held.micro().into(), requested: requested.micro().into() }
        }
        Refusal::AlreadyReversed { requested, left, reversed } => Refused::AlreadyReversed {
            requested: requested.micro().into(),
            left: left.micro().into(),
            reversed: reversed.micro().into(),
        },
        Refusal::GrantNotOpen => Refused::GrantNotOpen,
        Refusal::GrantHeld { held } => Refused::GrantHeld { held: held.micro().into() },
        Refusal::TooManyHolds { .. } => Refused::TooManyHolds,
        Refusal::TooManyGrants { .. } => Refused::TooManyGrants,
        Refusal::BalanceTooLarge { .. } => Refused::BalanceTooLarge,
        Refusal::TooManyOrders { .. } => Refused::TooManyOrders,
        Refusal::TooManyAllowances { .. } => Refused::TooManyAllowances,
        Refusal::OrderNotPaid { status } => Refused::OrderNotPaid { status: sales::status(*status) },
        Refusal::RefundExceedsUnused { requested, unused } => Refused::RefundExceedsUnused {
            requested: requested.micro().into(),
            unused: unused.micro().into(),
        },
        Refusal::RefundGoesOn { credits } => Refused::RefundGoesOn { credits: credits.micro().into() },
        Refusal::NothingToRefund => Refused::NothingToRefund,
        Refusal::BudgetExceeded { budget, limit, spent, required, .. } => Refused::BudgetExceeded {
            is_of_customer: *budget == BudgetOf::Customer,
            limit: limit.micro().into(),
            spent: spent.micro().into(),
            required: required.micro().into(),
        },
        Refusal::TooManyCustomers { .. } => panic!("no script asks for so many customers"),
        Refusal::VersionSuperseded { latest } => Refused::VersionSuperseded { latest: latest.map(|p| p.0) },
    }
}

fn charge(charge: &chargly_ledger::Charge) -> Charge {
    Charge {
        price: charge.price.map(|p| p.0),
        credits: charge.credits.micro().into(),
        draws: draws(&charge.draws),
        debt: charge.debt.micro().into(),
        uncharged: charge.uncharged.micro().into(),
    }
}

pub(super) fn draws(draws: &[chargly_ledger::Draw]) -> Vec<Draw> {
    draws.iter().map(draw).collect()
}

pub(super) fn draw(draw: &chargly_ledger::Draw) -> Draw {
    Draw { lot: draw.lot.0, credits: draw.credits.micro().into(), revenue: draw.revenue_nano.into() }
}

pub(super) fn settled(settlements: &[Settlement]) -> Vec<Settled> {
    let one = |s: &Settlement| Settled {
        event: s.event.0,
        credits: s.credits.micro().into(),
        revenue: s.revenue_nano.into(),
    };
    settlements.iter().map(one).collect()
}

pub(super) fn reserved(reserves: &[Reserve]) -> Vec<(u32, Micro)> {
    reserves.iter().map(|r| (r.lot.0, r.credits.micro().into())).collect()
}

pub(super) fn balance(balance: chargly_ledger::Balance) -> Balance {
    Balance {
        posted: balance.posted.micro().into(),
        held: balance.held.micro().into(),
        debt: balance.debt.micro().into(),
    }
}

pub(super) fn policy(policy: Policy) -> model::Policy {
    match policy {
        Policy::Strict => model::Policy::Strict,
        Policy::Overdraft { limit } => model::Policy::Overdraft(limit.micro().into()),
        Policy::RecordOnly => model::Policy::RecordOnly,
    }
}

pub(super) fn hold_end(end: chargly_ledger::HoldEnd) -> HoldEnd {
    match end {
        chargly_ledger::HoldEnd::Captured => HoldEnd::Captured,
        chargly_ledger::HoldEnd::Voided => HoldEnd::Voided,
        chargly_ledger::HoldEnd::Expired => HoldEnd::Expired,
    }
}
