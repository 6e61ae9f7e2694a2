//! What happened to packs, orders and allowances, in words.

use std::collections::BTreeMap;

use super::{credits, decimal, draws, listed, money, settled};
use crate::model::{Followed, Happening, HeldBecause, Micro, Model, OrderStatus, Place};

/// What happened, in one line.
pub(super) fn happening(what: &Happening, names: &BTreeMap<String, Place>) -> String {
    match what {
        Happening::PackPublished { pack, version } => format!("pack {pack}, version {version}"),
        Happening::SettingsChanged => "settings changed".to_owned(),
        Happening::BudgetSet => "budget set".to_owned(),
        Happening::OrderPlaced { credits: all, price, .. } => {
            format!("ordered {} for ${}", credits(*all), decimal(price.nano, 9))
        }
        Happening::CheckoutOpened { .. } => "checkout opened".to_owned(),
        Happening::OrderSettled { status: now, held_because, arrived, followed, .. } => {
            let why = held_because.map_or("", because);
            let mut parts = Vec::new();
            if let Some(arrived) = arrived {
                let price = money(" for $", arrived.price.nano);
                parts.push(format!("lot {} {}{price}", arrived.lot, credits(arrived.credits)));
                parts.extend(settled(&arrived.settled, names));
            }
            parts.extend(followed.iter().flat_map(|followed| moved(followed)));
            listed(&format!("{}{why}", status(*now)), &parts)
        }
        Happening::RefundStarted { credits: all, amount, .. } => {
            format!("set aside {} to refund ${}", credits(*all), decimal(*amount, 9))
        }
        Happening::AllowanceSet { code } => format!("allowance {code}"),
        Happening::AllowanceEnded { .. } => "allowance ended".to_owned(),
        Happening::AllowanceRenewed { lapsed, carried, lot, credits: all, settled: paid, .. } => {
            let mut parts = draws("lapsed ", lapsed);
            parts.extend(carried.iter().map(|lot| format!("carried lot {lot}")));
            parts.extend(lot.map(|lot| format!("lot {lot} {}", credits(*all))));
            parts.extend(settled(paid, names));
            listed("period", &parts)
        }
        other => panic!("not about sales: {other:?}"),
    }
}

/// Where an order stands, and where its credits went that followed money.
pub(in super::super) fn order(model: &Model, placed: Place) -> String {
    let order = model.order(placed).expect("an order");
    let parts = [
        amount("taken ", order.taken),
        amount("lapsed ", order.lapsed),
        amount("owed ", order.owed),
        amount("uncollectable ", order.uncollectable),
        amount("set aside ", order.set_aside),
        money("refunded $", order.refunded),
    ];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    listed(&format!("{}{}", status(order.status), order.held_because.map_or("", because)), &parts)
}

pub(super) fn status(status: OrderStatus) -> &'static str {
    match status {
        OrderStatus::Created => "created",
        OrderStatus::Pending => "pending",
        OrderStatus::Expired => "expired",
        OrderStatus::Failed => "failed",
        OrderStatus::Held => "held",
        OrderStatus::Paid => "paid",
    }
}

fn because(why: HeldBecause) -> &'static str {
    match why {
        HeldBecause::Amount => " for its amount",
        HeldBecause::Currency => " for its currency",
        HeldBecause::NoRoom => " for want of room",
    }
}

fn moved(followed: &Followed) -> Vec<String> {
    let (before, after) = followed.set_aside;
    let mut parts = vec![
        amount("taken ", followed.taken),
        amount("restored ", followed.restored),
        amount("lapsed ", followed.lapsed),
        amount("owed ", followed.owed),
        amount("forgiven ", followed.forgiven),
    ];
    parts.extend(draws("back to ", &followed.returned));
    parts.extend(followed.stand_in.map(|(lot, part, _)| format!("new lot {lot} {}", credits(part))));
    parts.push(amount("uncollectable ", followed.uncollectable));
    if before != after {
        parts.push(format!("set aside {}", credits(after)));
    }
    parts.extend(draws("expired ", followed.lapses_now.as_slice()));
    parts.push(money("refunded $", followed.refunded));
    parts.push(money("revenue $", followed.revenue));
    parts.extend(followed.freezes.then(|| "frozen".to_owned()));
    parts.extend(followed.thaws.then(|| "thawed".to_owned()));
    parts.retain(|part| !part.is_empty());
    parts
}

/// An amount behind a word; nothing where there is none.
fn amount(word: &str, micro: Micro) -> String {
    if micro == 0 { String::new() } else { format!("{word}{}", credits(micro)) }
}
