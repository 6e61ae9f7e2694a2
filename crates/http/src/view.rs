//! Small views that many answers share: ids, balances, money, times.

use chargly_api::{Id, IdKind, ObjectWriter};
use chargly_engine::ledger::{
    Balance, Catalogue, Credits, EntryId, EventTypeNo, Millis, Money, Policy, PriceNo, PriceVersion,
};

/// An id on the wire.
pub(crate) fn id(kind: IdKind, id: EntryId) -> Id {
    Id::new(kind, id.position.0, id.tag)
}

/// The id of a line of a fact.
pub(crate) fn line_id(fact: EntryId, line: usize) -> Id {
    Id { line: u16::try_from(line).unwrap_or(u16::MAX), ..id(IdKind::Entry, fact) }
}

/// A price version's id.
pub(crate) fn price_id(price: &PriceVersion) -> Id {
    id(IdKind::Price, price.id)
}

/// `price_version`, or null where the caller set the credits.
pub(crate) fn price_version(o: &mut ObjectWriter<'_>, price: Option<PriceNo>, catalogue: &Catalogue) {
    match price.and_then(|no| catalogue.price(no)) {
        Some(price) => o.id("price_version", price_id(price)),
        None => o.null("price_version"),
    };
}

/// `balance`.
pub(crate) fn balance(o: &mut ObjectWriter<'_>, balance: &Balance) {
    o.object("balance", |o| {
        o.micro("posted", balance.posted.micro())
            .micro("held", balance.held.micro())
            .micro("available", balance.available().micro());
    });
}

/// A time.
pub(crate) fn instant(o: &mut ObjectWriter<'_>, name: &str, at: Millis) {
    o.instant(name, at.0);
}

/// Credits, or null where there are none to tell.
pub(crate) fn credits_or_null(o: &mut ObjectWriter<'_>, name: &str, credits: Option<Credits>) {
    match credits {
        Some(credits) => o.number(name, credits),
        None => o.null(name),
    };
}

/// A time, or null where there is none or it never comes.
pub(crate) fn instant_or_null(o: &mut ObjectWriter<'_>, name: &str, at: Option<Millis>) {
    match at.filter(|at| *at != Millis::NEVER) {
        Some(at) => instant(o, name, at),
        None => {
            o.null(name);
        }
    }
}

/// Money, or null.
pub(crate) fn money_or_null(o: &mut ObjectWriter<'_>, name: &str, money: Option<Money>) {
    match money {
        Some(money) => {
            o.object(name, |o| {
                o.shown("amount", money.amount()).shown("currency", money.currency.as_str());
            });
        }
        None => {
            o.null(name);
        }
    }
}

/// The name of an event type.
pub(crate) fn event_name(catalogue: &Catalogue, event_type: EventTypeNo) -> &str {
    catalogue.event_type_no(event_type).map_or("", |known| known.name.as_str())
}

/// `policy`, and `limit` where it has one.
pub(crate) fn policy(o: &mut ObjectWriter<'_>, policy: Policy) {
    match policy {
        Policy::Strict => o.text("policy", "strict"),
        Policy::Overdraft { limit } => o.text("policy", "overdraft").number("limit", limit),
        Policy::RecordOnly => o.text("policy", "record_only"),
    };
}
