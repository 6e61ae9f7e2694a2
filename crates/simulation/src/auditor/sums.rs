//! Plain sums over one fact after the other: what moved, what is left, and never below the floor.

use chargly_engine::ledger::{Fact, IfInsufficient, WalletEvent};
use chargly_testkit::model::{Balance, Draw, Entry, Happening, Micro, Policy};

use super::Account;

/// Checks a fact of this account against the balance before it.
pub(super) fn check(account: &mut Account, fact: &Fact, entry: &Entry) -> Result<(), String> {
    let Fact::Wallet(fact) = fact else { return Ok(()) };
    let before = account.balances.last().map(|(_, balance)| *balance).unwrap_or_default();
    let moved = moved(&fact.event, &entry.what);
    if before.posted + moved != entry.after.posted {
        return Err(format!("{} posted, {moved} moved, and then {}", before.posted, entry.after.posted));
    }
    if entry.after.held < 0 || entry.after.debt < 0 {
        return Err(format!("less than nothing is held or owed: {:?}", entry.after));
    }
    if let Happening::PolicySet(policy) = entry.what {
        account.overdraft = if let Policy::Overdraft(limit) = policy { limit } else { 0 };
    }
    let available = |balance: Balance| balance.posted - balance.held;
    let floor = available(before).min(-account.overdraft);
    if is_bound_by_floor(&fact.event) && available(entry.after) < floor {
        return Err(format!("{} available, below the floor of {floor}", available(entry.after)));
    }
    Ok(())
}

/// What callers spend without having said that the work is done already.
fn is_bound_by_floor(event: &WalletEvent) -> bool {
    match event {
        WalletEvent::Metered { request, .. } => request.if_insufficient != IfInsufficient::Record,
        WalletEvent::HoldCaptured { request, .. } => request.if_insufficient == IfInsufficient::Refuse,
        WalletEvent::HoldPlaced { .. }
        | WalletEvent::HoldIncreased { .. }
        | WalletEvent::Collected { .. } => true,
        _ => false,
    }
}

/// Micro-credits that came into the wallet, less those that left it.
fn moved(event: &WalletEvent, what: &Happening) -> Micro {
    let all = |draws: &[Draw]| draws.iter().map(|draw| draw.credits).sum::<Micro>();
    match what {
        Happening::Metered { charge }
        | Happening::Recharged { charge, .. }
        | Happening::Collected { charge, .. } => -all(&charge.draws) - charge.debt,
        Happening::HoldCaptured { charge, lapsed, .. } => -all(&charge.draws) - charge.debt - all(lapsed),
        Happening::Granted { active: true, .. } => match event {
            WalletEvent::Granted { request, .. } => request.credits.micro().into(),
            _ => 0,
        },
        Happening::LotActivated { credits, .. } => *credits,
        Happening::LotExpired { lapsed, .. } => -lapsed.credits,
        Happening::HoldVoided { lapsed, .. } | Happening::HoldExpired { lapsed, .. } => -all(lapsed),
        Happening::GrantVoided { credits, active: true, .. } => -credits,
        Happening::Reversed { debt, returned, stand_in, .. } => {
            debt + all(returned) + stand_in.map_or(0, |(_, credits, _)| credits)
        }
        _ => 0,
    }
}
