//! Telling what an event was after it was charged: the properties go to the customer's latest charge of that event that
//! came without any, else use of no credits is recorded. Nothing is ever charged here.
//!
//! Which charge it is is looked for on the caller's thread, in the wallet's own history, so that it is the same after a
//! restart. That it has none yet is decided by the ledger: of two calls that found the same charge, one gets it and the
//! other looks again.

use std::collections::HashSet;

use chargly_ledger::{
    Action, AnnotateRequest, Annotated, Credits, EventTypeNo, Fact, IfInsufficient, KeyNo, MeterRequest,
    Millis, Original, Payload, Position, Quantity, Rejection, Wallet, WalletEvent,
};
use compact_str::CompactString;

use super::item::Namespace;
use super::meter_events::{Properties, taken_apart};
use crate::environment::Environment;
use crate::facts::{Facts, StoredFact};
use crate::outcome::{CallError, Outcome};

/// How old a charge may be that properties are attached to: 15 minutes. Who tells of it later tells of something else.
pub const LOGGED_WITHIN_MS: i64 = 15 * 60 * 1_000;
/// Facts of a wallet that one call looks at, at most: a busy wallet's charges are told of at once or not at all.
pub const LOGGED_AMONG_FACTS_MAX: usize = 500;
/// How often a charge is looked for that somebody else did not get in between. Then the use is recorded.
const SEARCHES_MAX: usize = 32;

/// What is told of an event.
#[derive(Clone, Debug)]
pub struct UsageLog {
    /// The customer's own id.
    pub customer: CompactString,
    /// The event type's name.
    pub event: CompactString,
    /// What the caller believes that it was charged: of several charges the latest of so many credits is meant.
    pub credits: Option<Credits>,
    /// What is told of it.
    pub properties: Option<Properties>,
    /// The idempotency key.
    pub key: Option<CompactString>,
}

impl Environment {
    /// Attaches what is told to the latest charge that it can be about, else records use of no credits. The outcome's
    /// fact is the annotation, which names the event, or the event.
    pub async fn log_usage(&self, actor: KeyNo, log: UsageLog) -> Result<Outcome, CallError> {
        let catalogue = self.catalogue();
        let Some(known) = catalogue.event_type(&log.event) else {
            return Err(CallError::UnknownEventType { name: log.event });
        };
        let event_type = known.number;
        for _ in 0..SEARCHES_MAX {
            let Some(found) = self.charge_to_tell_of(&log, event_type).await? else { break };
            match self.annotate(actor, &log, event_type, Some(found)).await {
                Err(CallError::Rejected(Rejection::Unchanged)) => {}
                // The same key recorded use before, perhaps: what it is bound to has the answer.
                Err(conflict @ CallError::Conflict { field: "operation", .. }) => {
                    return either(conflict, self.record_use(actor, &log, event_type).await);
                }
                result => return result,
            }
        }
        match self.record_use(actor, &log, event_type).await {
            Err(conflict @ CallError::Conflict { field: "operation", .. }) => {
                either(conflict, self.annotate(actor, &log, event_type, None).await)
            }
            result => result,
        }
    }

    async fn charge_to_tell_of(
        &self,
        log: &UsageLog,
        event_type: EventTypeNo,
    ) -> Result<Option<Annotated>, CallError> {
        let Some(wallet) = self.wallet(&log.customer).await? else { return Ok(None) };
        let since = Millis(self.wall_ms()).plus(-LOGGED_WITHIN_MS);
        let (facts, credits) = (self.facts_handle(), log.credits);
        self.blocking(move || latest_untold(&facts, &wallet, event_type, credits, since)).await
    }

    async fn annotate(
        &self,
        actor: KeyNo,
        log: &UsageLog,
        event_type: EventTypeNo,
        annotated: Option<Annotated>,
    ) -> Result<Outcome, CallError> {
        let dimensions = log.properties.as_ref().map(|p| p.dimensions.clone()).unwrap_or_default();
        let request = AnnotateRequest { event_type, credits: log.credits };
        let annotated = annotated.map(Box::new);
        self.tell(actor, log, Action::Annotate { request, dimensions, annotated }).await
    }

    async fn record_use(
        &self,
        actor: KeyNo,
        log: &UsageLog,
        event_type: EventTypeNo,
    ) -> Result<Outcome, CallError> {
        let request = MeterRequest {
            event_type,
            quantity: Quantity::ONE,
            credits: Some(Credits::ZERO),
            cost: None,
            occurred_at: None,
            if_insufficient: IfInsufficient::Refuse,
        };
        let (_, _, facets) = taken_apart(log.properties.clone(), None);
        self.tell(actor, log, Action::RecordUse { customer: log.customer.clone(), request, facets }).await
    }

    async fn tell(&self, actor: KeyNo, log: &UsageLog, action: Action) -> Result<Outcome, CallError> {
        let properties = log.properties.as_ref().map(|properties| properties.canonical.clone());
        let payload = Payload { properties, ..Payload::default() };
        let namespace = Namespace::Customer(&log.customer);
        let mut arena = Vec::new();
        let item = self.item(actor, action, log.key.clone(), &namespace, payload, &mut arena);
        self.call_one(item, arena, false).await
    }

    /// The properties that were attached to events after they were charged, by where their annotations stand.
    pub async fn attached(&self, annotation: Position) -> Result<Option<CompactString>, CallError> {
        Ok(self.read_fact(annotation).await?.and_then(|stored| stored.payload.known().properties))
    }
}

/// What a key has for an answer that is bound to another operation than was tried first: what the second came to, or the
/// conflict where that is no better.
fn either(conflict: CallError, second: Result<Outcome, CallError>) -> Result<Outcome, CallError> {
    match second {
        Err(CallError::Conflict { field: "operation", .. } | CallError::Rejected(_)) => Err(conflict),
        second => second,
    }
}

/// The latest charge of a wallet that nothing was told of: of so many credits where there is one of them, else the
/// latest of any.
fn latest_untold(
    facts: &Facts,
    wallet: &Wallet,
    event_type: EventTypeNo,
    credits: Option<Credits>,
    since: Millis,
) -> Result<Option<Annotated>, CallError> {
    let mut told = HashSet::new();
    let mut latest = None;
    let mut next = Some(wallet.last);
    for _ in 0..LOGGED_AMONG_FACTS_MAX {
        let Some(position) = next else { break };
        let Some(stored) = facts.read(position)? else { break };
        let Fact::Wallet(fact) = &stored.fact else { break };
        if stored.at < since || fact.header.wallet != wallet.number {
            break;
        }
        next = fact.header.previous;
        if let WalletEvent::EventAnnotated { event, .. } = &fact.event {
            told.insert(event.position);
        }
        let Some(found) = untold(stored, event_type, &told) else { continue };
        if credits.is_none_or(|credits| credits == found.original.charge.credits) {
            return Ok(Some(found));
        }
        latest.get_or_insert(found);
    }
    Ok(latest)
}

fn untold(stored: StoredFact, event_type: EventTypeNo, told: &HashSet<Position>) -> Option<Annotated> {
    if stored.payload.known().properties.is_some() || told.contains(&stored.id.position) {
        return None;
    }
    let (event, recorded_at) = (stored.id, stored.at);
    let Fact::Wallet(fact) = stored.fact else { return None };
    let original = Original::of(fact, event.position, recorded_at)?;
    // Use that was recorded at no credits is no charge.
    let is_charge = original.charge.price.is_some() || original.charge.credits.is_positive();
    (original.event_type == event_type && is_charge).then_some(Annotated { event, recorded_at, original })
}
