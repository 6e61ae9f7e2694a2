//! A message before it has a body: what it tells, about whom.

use chargly_api::{Id, IdKind, ObjectWriter, object};
use chargly_engine::ledger::{Credits, EntryId, GrantKind, Millis, Money, WalletNo};
use compact_str::CompactString;

use crate::types::MessageType;

/// A message before it has a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Draft {
    pub(crate) kind: MessageType,
    pub(crate) id: Id,
    pub(crate) wallet: Option<WalletNo>,
    pub(crate) at: Millis,
    /// Credits that it is about, in micro-credits.
    pub(crate) micro: Option<i64>,
    /// What the wallet can spend afterwards, in micro-credits.
    pub(crate) balance_micro: Option<i64>,
    pub(crate) details: Details,
}

/// What else a message tells, by its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Details {
    /// An event was charged.
    Event { event: CompactString, id: Id },
    /// Why credits moved, in a word.
    Reason(&'static str),
    /// Credits were granted.
    Grant { reason: &'static str, id: Id, kind: GrantKind, expires_at: Millis },
    /// A pack was bought, or what it was bought with does not fit.
    Order { order: Id, checkout: Id, pack: CompactString, price: Money, because: Option<&'static str> },
    /// Credits moved with the money of an order.
    OfOrder { reason: &'static str, order: Id },
    /// Several facts are told together.
    Sum { from: Millis, facts: i64 },
    /// A balance is below a part of what there was.
    Level { percent: i64, level_micro: i64, of_micro: i64 },
    /// A balance is used up in a few days, in tenths.
    Days { level: i64, tenths: i64 },
    /// Credits of a grant lapse soon.
    Expiry { id: Id, kind: GrantKind, expires_at: Millis, days: i64 },
    /// A hold lapsed.
    Hold { id: Option<Id>, event: CompactString, expired_at: Millis },
    /// A price version was published.
    Price { event: CompactString, id: Id, version: u32, effective_at: Millis, note: CompactString },
    /// Advice was given.
    Advice {
        id: Id,
        kind: &'static str,
        event: CompactString,
        current: Option<Credits>,
        recommended: Option<Credits>,
        confidence: &'static str,
        lift: Money,
    },
    /// Nothing else.
    None,
}

/// Whom a message is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Who {
    /// The customer's own id.
    pub(crate) customer: CompactString,
    /// The wallet's public id.
    pub(crate) wallet: Id,
}

/// The id of the message of this type that a fact makes. `is_sum` where it begins a sum: one fact may be told both ways.
pub(crate) fn message_id(fact: EntryId, kind: MessageType, is_sum: bool) -> Id {
    const SUMS_FROM: u16 = 1 << 8;
    let line = kind.line() + if is_sum { SUMS_FROM } else { 0 };
    Id { line, ..Id::new(IdKind::Message, fact.position.0, fact.tag) }
}

/// A public id of a fact.
pub(crate) fn public(kind: IdKind, id: EntryId) -> Id {
    Id::new(kind, id.position.0, id.tag)
}

impl Draft {
    /// The body, as it is sent: below the limit whatever is in it, as each of its parts has one.
    pub(crate) fn body(&self, who: Option<&Who>) -> String {
        let bytes = object(|o| {
            o.text("type", self.kind.as_str()).instant("timestamp", self.at.0);
            o.object("data", |o| {
                o.shown("id", self.id);
                o.text_or_null("customerId", who.map(|who| who.customer.as_str()));
                o.shown_or_null("walletId", who.map(|who| who.wallet));
                micro_or_null(o, "credits", self.micro);
                micro_or_null(o, "balance", self.balance_micro);
                o.instant("timestamp", self.at.0);
                self.details.write(o);
            });
        });
        // What the writer makes of texts is text.
        String::from_utf8(bytes).unwrap_or_default()
    }
}

impl Details {
    fn write(&self, o: &mut ObjectWriter<'_>) {
        match self {
            Self::Event { event, id } => {
                o.text("reason", "event").text("event", event).shown("eventId", id);
            }
            Self::Reason(reason) => {
                o.text("reason", reason);
            }
            Self::Grant { reason, id, kind, expires_at } => {
                o.text("reason", reason).shown("grantId", id).text("kind", kind.as_str());
                instant_or_null(o, "expiresAt", *expires_at);
            }
            Self::Order { order, checkout, pack, price, because } => {
                o.shown("orderId", order).shown("checkoutId", checkout).text("creditPackCode", pack);
                o.shown("amount", price.amount()).text("currency", price.currency.as_str());
                if let Some(because) = because {
                    o.text("because", because);
                }
            }
            Self::OfOrder { reason, order } => {
                o.text("reason", reason).shown("orderId", order);
            }
            Self::Sum { from, facts } => {
                o.text("reason", "sum").number("facts", facts).instant("from", from.0);
            }
            Self::Level { percent, level_micro, of_micro } => {
                o.text("by", "level").number("levelPercent", percent);
                o.micro("level", *level_micro).micro("of", *of_micro);
            }
            Self::Days { level, tenths } => {
                o.text("by", "days").number("levelDays", level);
                o.micro("daysToEmpty", tenths.saturating_mul(100_000));
            }
            Self::Expiry { id, kind, expires_at, days } => {
                o.shown("grantId", id).text("kind", kind.as_str()).instant("expiresAt", expires_at.0);
                o.number("days", days);
            }
            Self::Hold { id, event, expired_at } => {
                o.shown_or_null("holdId", *id).text("event", event).instant("expiredAt", expired_at.0);
            }
            Self::Price { event, id, version, effective_at, note } => {
                o.text("event", event).shown("priceVersion", id).number("version", version);
                o.instant("effectiveAt", effective_at.0).text("note", note);
            }
            Self::Advice { id, kind, event, current, recommended, confidence, lift } => {
                o.shown("recommendationId", id).text("kind", kind).text("feature", event);
                micro_or_null(o, "currentCredits", current.map(Credits::micro));
                micro_or_null(o, "recommendedCredits", recommended.map(Credits::micro));
                o.text("confidence", confidence);
                o.shown("estimatedLift", lift.amount()).text("currency", lift.currency.as_str());
                o.text("status", "pending");
            }
            Self::None => {}
        }
    }
}

fn micro_or_null(o: &mut ObjectWriter<'_>, name: &str, micro: Option<i64>) {
    match micro {
        Some(micro) => o.micro(name, micro),
        None => o.null(name),
    };
}

fn instant_or_null(o: &mut ObjectWriter<'_>, name: &str, at: Millis) {
    match at {
        Millis::NEVER => o.null(name),
        at => o.instant(name, at.0),
    };
}

#[cfg(test)]
mod tests {
    use chargly_api::limits::{CUSTOMER_BYTES_MAX, NOTE_BYTES_MAX, WEBHOOK_BODY_BYTES_MAX};

    use super::*;

    fn draft(kind: MessageType, details: Details) -> Draft {
        let id = EntryId { position: chargly_engine::ledger::Position(7), tag: 9 };
        Draft {
            kind,
            id: message_id(id, kind, false),
            wallet: Some(WalletNo(0)),
            at: Millis(1_795_428_000_000),
            micro: Some(12_500_000),
            balance_micro: Some(-3_000_000),
            details,
        }
    }

    #[test]
    fn body_has_the_fields_in_their_order() {
        let who = Who { customer: "user_42".into(), wallet: Id::new(IdKind::Wallet, 3, 4) };
        let body = draft(MessageType::WalletDebited, Details::Reason("expired")).body(Some(&who));
        assert_eq!(
            body,
            "{\"type\":\"wallet.debited\",\"timestamp\":\"2026-11-23T10:00:00.000Z\",\"data\":{\
             \"id\":\"msg_0000000000001r00000j001\",\"customerId\":\"user_42\",\
             \"walletId\":\"wal_0000000000000c000004\",\"credits\":12.5,\"balance\":-3,\
             \"timestamp\":\"2026-11-23T10:00:00.000Z\",\"reason\":\"expired\"}}"
        );
    }

    #[test]
    fn largest_body_is_within_its_limit() {
        // A control character takes six bytes in JSON.
        let who = Who {
            customer: "\u{1}".repeat(CUSTOMER_BYTES_MAX).into(),
            wallet: Id::new(IdKind::Wallet, u64::MAX, u32::MAX),
        };
        let price = Details::Price {
            event: "e".repeat(64).into(),
            id: Id::new(IdKind::Price, u64::MAX, u32::MAX),
            version: u32::MAX,
            effective_at: Millis(4_102_444_800_000),
            note: "\u{1}".repeat(NOTE_BYTES_MAX).into(),
        };
        let body = draft(MessageType::PricePublished, price).body(Some(&who));
        assert!(body.len() < WEBHOOK_BODY_BYTES_MAX, "{}", body.len());
    }

    #[test]
    fn fact_that_is_told_in_two_ways_has_two_ids() {
        let id = EntryId { position: chargly_engine::ledger::Position(7), tag: 9 };
        let ids =
            MessageType::ALL.iter().flat_map(|kind| [false, true].map(|sum| message_id(id, *kind, sum)));
        let ids: std::collections::BTreeSet<String> = ids.map(|id| id.to_string()).collect();
        assert_eq!(ids.len(), 2 * MessageType::ALL.len());
    }
}
