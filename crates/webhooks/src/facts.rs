//! From a fact to what is to be told of it.
//!
//! This is the one place that knows what a fact means to receivers. A new kind of fact gets a row in [`movement`], or,
//! where it is told by a type of its own, in [`own_messages`].

use chargly_api::IdKind;
use chargly_engine::StoredFact;
use chargly_engine::ledger::{
    Catalogue, CatalogueChange, Credits, EntryId, EventTypeNo, Fact, Header, Millis, Money, Position,
    Recommendation, Sureness, WalletEvent, WalletFact, WalletNo, entries,
};
use compact_str::CompactString;

use crate::draft::{Details, Draft, message_id, public};
use crate::levels::Change;
use crate::types::{MessageType, TypeSet};

/// Looks up a fact that another one refers to.
pub(crate) type Read<'a> = &'a dyn Fn(Position) -> Option<StoredFact>;

/// What a fact did to what a wallet can spend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Movement {
    /// By how many micro-credits it changed.
    pub(crate) micro: i64,
    /// Whether credits were granted.
    pub(crate) is_grant: bool,
    /// Of which credits left or came in, which is told by types of their own.
    told: Option<(MessageType, i64, Details)>,
}

/// Whose wallet a fact is about.
pub(crate) fn wallet_of(fact: &Fact) -> Option<WalletNo> {
    match fact {
        Fact::Wallet(fact) => Some(fact.header.wallet),
        _ => None,
    }
}

/// Messages that a fact makes, as far as they are wanted, and the change that levels are followed by.
pub(crate) fn drafts(
    stored: &StoredFact,
    wanted: TypeSet,
    catalogue: &Catalogue,
    read: Read<'_>,
) -> (Vec<Draft>, Option<Change>) {
    let mut drafts = Vec::new();
    own_messages(stored, wanted, catalogue, read, &mut drafts);
    let Fact::Wallet(fact) = &stored.fact else { return (drafts, None) };
    let Some(movement) = movement(stored.id, fact, catalogue, read) else { return (drafts, None) };
    let balance_micro = Some(fact.header.after.available().micro());
    let mut put = |kind: MessageType, micro: i64, details: Details| {
        if wanted.has(kind) {
            let (id, wallet) = (message_id(stored.id, kind, false), Some(fact.header.wallet));
            drafts.push(Draft {
                kind,
                id,
                wallet,
                at: stored.at,
                micro: Some(micro),
                balance_micro,
                details,
            });
        }
    };
    let change = match movement.is_grant {
        true => Change::Granted,
        false => Change::Other(movement.micro),
    };
    let reason = movement.told.as_ref().map_or(Details::Reason("hold"), |(_, _, details)| details.clone());
    if let Some((kind, micro, details)) = movement.told {
        put(kind, micro, details);
    }
    if movement.micro != 0 {
        put(MessageType::BalanceUpdated, movement.micro, reason);
    }
    (drafts, Some(change))
}

/// Messages of types that are about one kind of fact each.
fn own_messages(
    stored: &StoredFact,
    wanted: TypeSet,
    catalogue: &Catalogue,
    read: Read<'_>,
    drafts: &mut Vec<Draft>,
) {
    match &stored.fact {
        Fact::Wallet(WalletFact { header, event: WalletEvent::HoldExpired { hold, due, released, .. } })
            if wanted.has(MessageType::HoldExpired) =>
        {
            let placed = read(*hold);
            let event = placed.as_ref().and_then(|placed| event_of_hold(&placed.fact, catalogue));
            drafts.push(Draft {
                kind: MessageType::HoldExpired,
                id: message_id(stored.id, MessageType::HoldExpired, false),
                wallet: Some(header.wallet),
                at: stored.at,
                micro: Some(released.iter().map(|reserve| reserve.credits).sum::<Credits>().micro()),
                balance_micro: Some(header.after.available().micro()),
                details: Details::Hold {
                    id: placed.map(|placed| public(IdKind::Hold, placed.id)),
                    event: event.unwrap_or_default(),
                    expired_at: *due,
                },
            });
        }
        Fact::Catalogue(fact) if wanted.has(MessageType::PricePublished) => {
            if let CatalogueChange::PricePublished { request, version, effective_at, .. } = &fact.change {
                drafts.push(Draft {
                    kind: MessageType::PricePublished,
                    id: message_id(stored.id, MessageType::PricePublished, false),
                    wallet: None,
                    at: stored.at,
                    micro: None,
                    balance_micro: None,
                    details: Details::Price {
                        event: name_of(catalogue, request.event_type),
                        id: public(IdKind::Price, stored.id),
                        version: *version,
                        effective_at: *effective_at,
                        note: request.note.clone(),
                    },
                });
            }
        }
        Fact::Wallet(WalletFact { header, event: event @ WalletEvent::OrderSettled { .. } }) => {
            drafts.extend(order_message(stored, (header, event), wanted, catalogue, read));
        }
        _ => {}
    }
    if wanted.has(MessageType::RecommendationCreated)
        && let Fact::Catalogue(fact) = &stored.fact
        && let CatalogueChange::RecommendationMade { recommendation } = &fact.change
    {
        drafts.extend(advice_message(stored, recommendation, catalogue));
    }
}

/// Advice that can be acted on. What is only watched is told nobody.
fn advice_message(stored: &StoredFact, advice: &Recommendation, catalogue: &Catalogue) -> Option<Draft> {
    let kind = MessageType::RecommendationCreated;
    let nano = i64::try_from(advice.lift.middle).ok()?;
    (advice.sureness() > Sureness::Watching).then(|| Draft {
        kind,
        id: message_id(stored.id, kind, false),
        wallet: None,
        at: stored.at,
        micro: None,
        balance_micro: None,
        details: Details::Advice {
            id: public(IdKind::Recommendation, stored.id),
            kind: advice.kind.as_str(),
            event: name_of(catalogue, advice.event_type),
            current: advice.current,
            recommended: advice.recommended,
            confidence: advice.sureness().as_str(),
            lift: Money { nano, currency: catalogue.currency },
        },
    })
}

/// What is told of an order whose credits arrived, or that waits for a person.
fn order_message(
    stored: &StoredFact,
    (header, event): (&Header, &WalletEvent),
    wanted: TypeSet,
    catalogue: &Catalogue,
    read: Read<'_>,
) -> Option<Draft> {
    let WalletEvent::OrderSettled { request, held_because, fulfilment, .. } = event else { return None };
    let (kind, because) = match (fulfilment, held_because) {
        (Some(_), _) => (MessageType::CheckoutCompleted, None),
        (None, Some(why)) if request.payment.is_some() => (MessageType::CheckoutHeld, Some(why.as_str())),
        (None, _) => return None,
    };
    if !wanted.has(kind) {
        return None;
    }
    let placed = read(request.order.position)?;
    let Fact::Wallet(WalletFact { event: WalletEvent::OrderPlaced { request: asked, terms }, .. }) =
        &placed.fact
    else {
        return None;
    };
    Some(Draft {
        kind,
        id: message_id(stored.id, kind, false),
        wallet: Some(header.wallet),
        at: stored.at,
        micro: Some(terms.credits.micro()),
        balance_micro: Some(header.after.available().micro()),
        details: Details::Order {
            order: public(IdKind::Order, request.order),
            checkout: public(IdKind::Checkout, request.order),
            pack: catalogue.pack(asked.pack).map(|pack| pack.terms.code.clone()).unwrap_or_default(),
            price: terms.price,
            because,
        },
    })
}

fn event_of_hold(fact: &Fact, catalogue: &Catalogue) -> Option<CompactString> {
    match fact {
        Fact::Wallet(WalletFact { event: WalletEvent::HoldPlaced { request, .. }, .. }) => {
            Some(name_of(catalogue, request.event_type))
        }
        _ => None,
    }
}

fn name_of(catalogue: &Catalogue, event_type: EventTypeNo) -> CompactString {
    catalogue.event_type_no(event_type).map(|known| known.name.clone()).unwrap_or_default()
}

/// What a fact did to what a wallet can spend; `None` where that is nothing.
fn movement(id: EntryId, fact: &WalletFact, catalogue: &Catalogue, read: Read<'_>) -> Option<Movement> {
    use MessageType::{WalletCredited, WalletDebited};
    // The difference to the wallet's fact before: holds free what they held, and may lapse in part.
    let difference = || fact.header.after.available().micro() - available_before(fact, read);
    let debit = |micro: i64, details: Details| (micro != 0).then_some((WalletDebited, micro, details));
    let credit = |micro: i64, details: Details| (micro != 0).then_some((WalletCredited, micro, details));
    let (micro, is_grant, told) = match &fact.event {
        WalletEvent::Metered { request, charge, .. } => {
            let micro = charge.charged().micro();
            let event = name_of(catalogue, request.event_type);
            (-micro, false, debit(micro, Details::Event { event, id: public(IdKind::Event, id) }))
        }
        WalletEvent::HoldCaptured { of, charge, .. } => {
            let event = name_of(catalogue, of.event_type);
            let details = Details::Event { event, id: public(IdKind::Event, id) };
            (difference(), false, debit(charge.charged().micro(), details))
        }
        WalletEvent::Collected { request, charge, of } => {
            let event = of.as_deref().map(|of| name_of(catalogue, of.event_type)).unwrap_or_default();
            // Told of the event that is paid for, under its own id.
            let details = match read(request.event) {
                Some(stored) => Details::Event { event, id: public(IdKind::Event, stored.id) },
                None => Details::Reason("collected"),
            };
            (difference(), false, debit(charge.charged().micro(), details))
        }
        WalletEvent::Recharged { charge, .. } => {
            (difference(), false, debit(charge.charged().micro(), Details::Reason("correction")))
        }
        WalletEvent::Granted { request, active: true, .. } => {
            let details = Details::Grant {
                reason: "grant",
                id: public(IdKind::Grant, id),
                kind: request.kind,
                expires_at: request.expires_at.unwrap_or(Millis::NEVER),
            };
            (difference(), true, credit(request.credits.micro(), details))
        }
        WalletEvent::LotActivated { credits, .. } => {
            (difference(), true, credit(credits.micro(), Details::Reason("grant_started")))
        }
        WalletEvent::Reversed { .. } => {
            let micro = difference();
            (micro, false, credit(micro, Details::Reason("reversal")))
        }
        WalletEvent::GrantVoided { credits, active: true, .. } => {
            (difference(), false, debit(credits.micro(), Details::Reason("grant_voided")))
        }
        WalletEvent::LotExpired { broken, .. } => {
            (difference(), false, debit(broken.credits.micro(), Details::Reason("expired")))
        }
        WalletEvent::OrderSettled { request, fulfilment, .. } => {
            let order = public(IdKind::Order, request.order);
            let posted: i64 =
                entries(&Fact::Wallet(fact.clone())).iter().map(|line| line.credits.micro()).sum();
            let reason = match fulfilment {
                Some(_) => "purchase",
                None if posted < 0 => "refund",
                None => "payment_restored",
            };
            let details = Details::OfOrder { reason, order };
            let told = if posted < 0 { debit(-posted, details) } else { credit(posted, details) };
            (difference(), fulfilment.is_some(), told)
        }
        WalletEvent::AllowanceRenewed { renewal } => {
            let told = credit(renewal.credits.micro(), Details::Reason("allowance"));
            (difference(), renewal.lot.is_some(), told)
        }
        WalletEvent::Opened { welcome: Some(welcome) } => {
            let micro = welcome.credits.micro();
            (micro, true, credit(micro, Details::Reason("welcome")))
        }
        WalletEvent::RefundStarted { .. } => (difference(), false, None),
        WalletEvent::HoldPlaced { .. }
        | WalletEvent::HoldIncreased { .. }
        | WalletEvent::HoldVoided { .. }
        | WalletEvent::HoldExpired { .. } => (difference(), false, None),
        WalletEvent::Granted { active: false, .. }
        | WalletEvent::GrantVoided { active: false, .. }
        | WalletEvent::Opened { welcome: None }
        | WalletEvent::OrderPlaced { .. }
        | WalletEvent::CheckoutOpened { .. }
        | WalletEvent::AllowanceSet { .. }
        | WalletEvent::AllowanceEnded { .. }
        | WalletEvent::HoldExtended { .. }
        | WalletEvent::CostSet { .. }
        | WalletEvent::EventAnnotated { .. }
        | WalletEvent::PolicySet { .. }
        | WalletEvent::Frozen
        | WalletEvent::Thawed
        | WalletEvent::CustomerErased
        | WalletEvent::Refused { .. } => return None,
    };
    Some(Movement { micro, is_grant, told })
}

fn available_before(fact: &WalletFact, read: Read<'_>) -> i64 {
    let before = fact.header.previous.and_then(read).map(|stored| stored.fact);
    match before {
        Some(Fact::Wallet(before)) => before.header.after.available().micro(),
        _ => 0,
    }
}
