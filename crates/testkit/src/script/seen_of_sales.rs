//! What a run has come across of orders and allowances.

use crate::model::{Arrived, Entry, Followed, Happening, HeldBecause, OrderStatus};

/// What random runs with orders and allowances together must have seen.
pub const MILESTONES: [&str; 37] = [
    "unchanged",
    "order_not_paid",
    "refund_exceeds_unused",
    "refund_goes_on",
    "nothing_to_refund",
    "welcome grant",
    "pack edited",
    "order pending",
    "order expired",
    "order failed",
    "order held: amount",
    "order held: currency",
    "order held: no room",
    "order paid",
    "order pays debt",
    "refund before the grant",
    "credits taken back",
    "lapsed credits follow money",
    "credits owed",
    "credits uncollectable",
    "credits restored",
    "debt forgiven",
    "debt goes back to who paid it",
    "restored into a lot that is gone",
    "lapsed credits come again",
    "uncollectable credits come again",
    "credits set aside",
    "credits set aside are freed",
    "set aside lapses as it is freed",
    "wallet frozen by an order",
    "wallet thawed by an order",
    "refund started",
    "allowance given",
    "allowance ended",
    "allowance carried over",
    "allowance tops up",
    "allowance pays debt",
];

/// What an entry shows.
pub(super) fn in_entry(entry: &Entry) -> Vec<&'static str> {
    let mut seen = Vec::new();
    let mut note = |is: bool, what: &'static str| seen.extend(is.then_some(what));
    match &entry.what {
        Happening::Opened { welcome, .. } => note(welcome.is_some(), "welcome grant"),
        Happening::PackPublished { version, .. } => note(*version > 1, "pack edited"),
        Happening::RefundStarted { .. } => note(true, "refund started"),
        Happening::AllowanceSet { .. } => note(true, "allowance given"),
        Happening::AllowanceEnded { .. } => note(true, "allowance ended"),
        Happening::AllowanceRenewed { lapsed, carried, lot, settled, .. } => {
            note(!carried.is_empty(), "allowance carried over");
            note(lot.is_some() && lapsed.is_empty() && carried.is_empty(), "allowance tops up");
            note(!settled.is_empty(), "allowance pays debt");
        }
        Happening::OrderSettled { status, held_because, arrived, followed, .. } => {
            note(true, settled(*status, *held_because));
            if let Some(Arrived { settled, .. }) = arrived {
                note(!settled.is_empty(), "order pays debt");
                note(followed.is_some(), "refund before the grant");
            }
            if let Some(followed) = followed {
                seen.extend(moved(followed));
            }
        }
        _ => {}
    }
    seen
}

const fn settled(status: OrderStatus, held_because: Option<HeldBecause>) -> &'static str {
    match (status, held_because) {
        (OrderStatus::Created, _) => "order untouched",
        (OrderStatus::Pending, _) => "order pending",
        (OrderStatus::Expired, _) => "order expired",
        (OrderStatus::Failed, _) => "order failed",
        (_, Some(HeldBecause::Amount)) => "order held: amount",
        (_, Some(HeldBecause::Currency)) => "order held: currency",
        (_, Some(HeldBecause::NoRoom)) => "order held: no room",
        (OrderStatus::Held | OrderStatus::Paid, None) => "order paid",
    }
}

fn moved(followed: &Followed) -> Vec<&'static str> {
    let (before, after) = followed.set_aside;
    let all = [
        (followed.taken > 0, "credits taken back"),
        (followed.lapsed > 0, "lapsed credits follow money"),
        (followed.owed > 0, "credits owed"),
        (followed.uncollectable > 0, "credits uncollectable"),
        (followed.restored > 0, "credits restored"),
        (followed.forgiven > 0, "debt forgiven"),
        (!followed.returned.is_empty(), "debt goes back to who paid it"),
        (followed.stand_in.is_some(), "restored into a lot that is gone"),
        (followed.lapsed < 0, "lapsed credits come again"),
        (followed.uncollectable < 0, "uncollectable credits come again"),
        (after > before, "credits set aside"),
        (after < before, "credits set aside are freed"),
        (followed.lapses_now.is_some(), "set aside lapses as it is freed"),
        (followed.freezes, "wallet frozen by an order"),
        (followed.thaws, "wallet thawed by an order"),
    ];
    all.into_iter().filter(|(is, _)| *is).map(|(_, what)| what).collect()
}
