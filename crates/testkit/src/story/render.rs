//! From what happened to words.

use std::collections::BTreeMap;

use crate::model::{
    Charge, Draw, Happening, HoldEnd, LotStatus, Micro, Model, Ms, Place, Refused, Rejected, Settled,
};

mod sales;

pub(super) use sales::order;

/// Every wallet of a story begins empty; one never seen says so.
pub(super) fn wallet(model: &Model, customer: &str) -> String {
    let Some(wallet) = model.wallet(customer) else { return "unknown".to_owned() };
    let balance = wallet.balance;
    let mut parts = vec![
        format!("{} posted", credits(balance.posted)),
        format!("{} held", credits(balance.held)),
        format!("{} available", credits(balance.posted - balance.held)),
    ];
    if balance.debt > 0 {
        parts.push(format!("{} owed", credits(balance.debt)));
    }
    parts.join(", ")
}

/// What is spent of the budget, in all and for a customer.
pub(super) fn spent(model: &Model, customer: &str, now: Ms) -> String {
    let wallet = model.wallets().iter().position(|wallet| wallet.customer == customer);
    let means = model.means(wallet.unwrap_or(usize::MAX), now);
    let of = |name: &str, allotted: Option<(Micro, Micro)>| {
        allotted.map(|(limit, spent)| format!("{name} {} of {}", credits(spent), credits(limit)))
    };
    let parts: Vec<_> = [of("key", means.key), of(customer, means.customer)].into_iter().flatten().collect();
    if parts.is_empty() { "no budget".to_owned() } else { parts.join(", ") }
}

/// Lots with credits left, in burn order.
pub(super) fn lots(model: &Model, customer: &str) -> String {
    let Some(wallet) = model.wallet(customer) else { return "unknown".to_owned() };
    let lots: Vec<_> = wallet
        .live
        .iter()
        .map(|lot| {
            let status = match lot.status {
                LotStatus::Pending => " to come",
                LotStatus::Expired => " expired",
                LotStatus::Active | LotStatus::Voided => "",
            };
            format!(
                "lot {} {} of {}{status}",
                lot.number,
                credits(lot.credits - lot.used),
                credits(lot.credits)
            )
        })
        .collect();
    if lots.is_empty() { "none".to_owned() } else { lots.join(", ") }
}

/// What happened, in one line.
pub(super) fn happening(what: &Happening, names: &BTreeMap<String, Place>, now: Ms) -> String {
    match what {
        Happening::EnvironmentCreated => "begun".to_owned(),
        Happening::EpochStarted => "writer took over".to_owned(),
        Happening::BatchAccepted { events, .. } => format!("batch of {events} accepted"),
        Happening::EventTypeDefined { .. } => "defined".to_owned(),
        Happening::PricePublished { price, version, .. } => format!("price {price}, version {version}"),
        Happening::Opened { customer, .. } => format!("wallet of {customer} opened"),
        Happening::Metered { charge } => charged("charged", charge, Vec::new()),
        Happening::HoldPlaced { credits: all, reserved, on_overdraft, .. } => {
            listed(&format!("held {}", credits(*all)), &reserves("", reserved, *on_overdraft))
        }
        Happening::HoldIncreased { credits: more, reserved, on_overdraft, .. } => {
            listed(&format!("held {} more", credits(*more)), &reserves("", reserved, *on_overdraft))
        }
        Happening::HoldExtended { expires_at, .. } => format!("until +{}s", (expires_at - now) / 1_000),
        Happening::HoldCaptured { charge, released, lapsed, still_held, .. } => {
            let mut ending = reserves("released ", released, 0);
            ending.extend(draws("lapsed ", lapsed));
            ending.extend((*still_held > 0).then(|| format!("still held {}", credits(*still_held))));
            charged("captured", charge, ending)
        }
        Happening::HoldVoided { released, lapsed, .. } => given_back("hold voided", released, lapsed),
        Happening::HoldExpired { released, lapsed, .. } => given_back("hold expired", released, lapsed),
        Happening::Granted { lot, active, settled: paid } => {
            let to_come = if *active { "" } else { " to come" };
            listed(&format!("lot {lot}{to_come}"), &settled(paid, names))
        }
        Happening::GrantVoided { lot, credits: left, refunded, .. } => {
            format!("lot {lot} voided: {}{}", credits(*left), money(" refunded $", *refunded))
        }
        Happening::LotActivated { lot, credits: all, settled: paid, .. } => {
            listed(&format!("lot {lot} begins with {}", credits(*all)), &settled(paid, names))
        }
        Happening::LotExpired { lapsed, .. } => listed("lot expired", &draws("", &[*lapsed])),
        Happening::Reversed { credits: all, debt, returned, stand_in, .. } => {
            let mut parts = draws("", returned);
            parts.extend((*debt > 0).then(|| format!("owed {}", credits(*debt))));
            parts.extend(stand_in.map(|(lot, part, _)| format!("new lot {lot} {}", credits(part))));
            listed(&format!("reversed {}", credits(*all)), &parts)
        }
        Happening::Recharged { charge, .. } => charged("charged again", charge, Vec::new()),
        Happening::Collected { charge, .. } => charged("collected", charge, Vec::new()),
        Happening::CostSet { before, cost, .. } => {
            let shown = |nano| format!("${}", decimal(nano, 9));
            format!("cost {} before {}", shown(*cost), before.map_or_else(|| "unknown".to_owned(), shown))
        }
        what @ (Happening::PackPublished { .. }
        | Happening::SettingsChanged
        | Happening::BudgetSet
        | Happening::OrderPlaced { .. }
        | Happening::CheckoutOpened { .. }
        | Happening::OrderSettled { .. }
        | Happening::RefundStarted { .. }
        | Happening::AllowanceSet { .. }
        | Happening::AllowanceEnded { .. }
        | Happening::AllowanceRenewed { .. }) => sales::happening(what, names),
        Happening::PolicySet(_) => "policy set".to_owned(),
        Happening::Frozen => "frozen".to_owned(),
        Happening::Thawed => "thawed".to_owned(),
        Happening::CustomerErased => "customer erased".to_owned(),
        Happening::PriceRefused(why) | Happening::Refused(why) => format!("refused {}", refused(why)),
    }
}

/// Why a call left no trace.
pub(super) fn rejected(rejected: &Rejected) -> String {
    match rejected {
        Rejected::UnknownEventType => "unknown_event_type".to_owned(),
        Rejected::EventTypeArchived => "event_type_archived".to_owned(),
        Rejected::NoActivePrice => "no_active_price".to_owned(),
        Rejected::CostRequired => "cost_required".to_owned(),
        Rejected::Invalid { field } => format!("invalid_request {field}"),
        Rejected::NotFound => "not_found".to_owned(),
        Rejected::CustomerErased => "customer_erased".to_owned(),
        Rejected::Unchanged => "unchanged".to_owned(),
    }
}

fn refused(why: &Refused) -> String {
    match why {
        Refused::WalletFrozen { .. } => "wallet_frozen".to_owned(),
        Refused::InsufficientCredits { required, available } => {
            format!("insufficient_credits required {} available {}", credits(*required), credits(*available))
        }
        Refused::HoldNotOpen { state } => format!(
            "hold_not_open {}",
            match state {
                HoldEnd::Captured => "captured",
                HoldEnd::Voided => "voided",
                HoldEnd::Expired => "expired",
            }
        ),
        Refused::CaptureExceedsHold { held, requested } => {
            format!("capture_exceeds_hold held {} requested {}", credits(*held), credits(*requested))
        }
        Refused::AlreadyReversed { requested, left, reversed } => format!(
            "already_reversed requested {} left {} reversed {}",
            credits(*requested),
            credits(*left),
            credits(*reversed)
        ),
        Refused::GrantNotOpen => "grant_not_open".to_owned(),
        Refused::GrantHeld { held } => format!("grant_held held {}", credits(*held)),
        Refused::TooManyHolds => "too_many_holds".to_owned(),
        Refused::TooManyGrants => "too_many_grants".to_owned(),
        Refused::BalanceTooLarge => "balance_too_large".to_owned(),
        Refused::TooManyOrders => "too_many_orders".to_owned(),
        Refused::TooManyAllowances => "too_many_allowances".to_owned(),
        Refused::OrderNotPaid { status } => format!("order_not_paid {}", sales::status(*status)),
        Refused::RefundExceedsUnused { requested, unused } => {
            format!("refund_exceeds_unused requested {} unused {}", credits(*requested), credits(*unused))
        }
        Refused::RefundGoesOn { credits: all } => format!("refund_goes_on {}", credits(*all)),
        Refused::NothingToRefund => "nothing_to_refund".to_owned(),
        Refused::BudgetExceeded { is_of_customer, limit, spent, required } => {
            let of = if *is_of_customer { "customer" } else { "key" };
            format!(
                "budget_exceeded {of} {} of {} required {}",
                credits(*spent),
                credits(*limit),
                credits(*required)
            )
        }
        Refused::VersionSuperseded { latest } => {
            let latest = latest.map_or_else(|| "none".to_owned(), |p| p.to_string());
            format!("version_superseded latest {latest}")
        }
    }
}

fn charged(verb: &str, charge: &Charge, ending: Vec<String>) -> String {
    let mut parts = draws("", &charge.draws);
    parts.extend((charge.debt > 0).then(|| format!("owed {}", credits(charge.debt))));
    parts.extend((charge.uncharged > 0).then(|| format!("not charged {}", credits(charge.uncharged))));
    parts.extend(ending);
    listed(&format!("{verb} {}", credits(charge.credits)), &parts)
}

fn given_back(verb: &str, released: &[(u32, Micro)], lapsed: &[Draw]) -> String {
    let mut parts = reserves("released ", released, 0);
    parts.extend(draws("lapsed ", lapsed));
    listed(verb, &parts)
}

fn listed(head: &str, parts: &[String]) -> String {
    if parts.is_empty() { head.to_owned() } else { format!("{head}: {}", parts.join(", ")) }
}

fn draws(prefix: &str, draws: &[Draw]) -> Vec<String> {
    let one = |d: &Draw| format!("{prefix}lot {} {}{}", d.lot, credits(d.credits), money(" $", d.revenue));
    draws.iter().map(one).collect()
}

fn reserves(prefix: &str, reserved: &[(u32, Micro)], on_overdraft: Micro) -> Vec<String> {
    let lots = reserved.iter().map(|(lot, part)| format!("{prefix}lot {lot} {}", credits(*part)));
    lots.chain((on_overdraft > 0).then(|| format!("overdraft {}", credits(on_overdraft)))).collect()
}

fn settled(settled: &[Settled], names: &BTreeMap<String, Place>) -> Vec<String> {
    let name = |place: Place| {
        let named = names.iter().find(|(_, at)| **at == place).map(|(name, _)| name.clone());
        named.unwrap_or_else(|| format!("event {place}"))
    };
    let one =
        |s: &Settled| format!("settles {} {}{}", name(s.event), credits(s.credits), money(" $", s.revenue));
    settled.iter().map(one).collect()
}

/// Credits without needless zeros.
fn credits(micro: Micro) -> String {
    decimal(micro, 6)
}

/// Money behind a prefix; nothing where there is none.
fn money(prefix: &str, nano: i128) -> String {
    if nano == 0 { String::new() } else { format!("{prefix}{}", decimal(nano, 9)) }
}

fn decimal(value: i128, places: usize) -> String {
    let (sign, digits) =
        (if value < 0 { "-" } else { "" }, format!("{:0>width$}", value.abs(), width = places + 1));
    let (whole, fraction) = digits.split_at(digits.len() - places);
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}
