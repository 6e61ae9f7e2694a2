//! Metering: one event, many, or many as one.

use std::collections::VecDeque;

use chargly_ledger::{
    Action, Catalogue, Credits, Dimension, Facets, Fact, IfInsufficient, KeyHash, KeyNo, MeterRequest,
    Millis, Money, Payload, Position, PriceInputs, Quantity, Usage, key_hash,
};
use compact_str::CompactString;

use super::item::item_of;
use crate::environment::Environment;
use crate::facts::StoredFact;
use crate::outcome::{Admission, CallError, Outcome, TRIES_MAX, index_failed};
use crate::submission::{Failure, Item, Key, Submission, Verdict};

/// Events of a batch that are handed to the writer at once: few enough to stay in the cache until it takes them up, and
/// to have the first decided while the next are made ready.
const SLICE_EVENTS: usize = 512;
/// Slices of one batch that are on their way at most: enough for the writer to fill a group from one caller.
const SLICES_AHEAD_MAX: usize = 8;
/// What key and properties of an event take, mostly.
const ARENA_BYTES_PER_EVENT: usize = 192;

/// One event to meter, as a door read it.
#[derive(Clone, Debug)]
pub struct MeterEvent {
    /// The customer's own id.
    pub customer: CompactString,
    /// The event type's name.
    pub event: CompactString,
    /// How much.
    pub quantity: Quantity,
    /// Credits chosen by the caller.
    pub credits: Option<Credits>,
    /// What it cost the operator.
    pub cost: Option<Money>,
    /// What a model was used for, where the cost is to be computed.
    pub usage: Option<Usage>,
    /// When it happened.
    pub occurred_at: Option<Millis>,
    /// What to do when the wallet cannot pay.
    pub if_insufficient: IfInsufficient,
    /// What else is known of it.
    pub properties: Option<Properties>,
    /// The idempotency key.
    pub key: Option<CompactString>,
}

/// An event's properties.
#[derive(Clone, Debug, Default)]
pub struct Properties {
    /// In canonical JSON: keys sorted, no white space.
    pub canonical: CompactString,
    /// Those that prices of the event type look at.
    pub inputs: PriceInputs,
    /// Those that reports of the event type are grouped by.
    pub dimensions: Vec<Dimension>,
}

/// What came of a batch marked atomic.
#[derive(Clone, Debug)]
pub struct BatchOutcome {
    /// The batch's own fact: accepted, or the verdict against it.
    pub batch: Outcome,
    /// The events, where it was accepted.
    pub events: Vec<Outcome>,
}

impl Environment {
    /// Meters events independently of each other, in order; one result per event.
    pub async fn meter(&self, actor: KeyNo, events: Vec<MeterEvent>) -> Vec<Result<Outcome, CallError>> {
        let catalogue = self.catalogue();
        let (mut outcomes, mut unknown) = (Vec::with_capacity(events.len()), Vec::new());
        let mut on_the_way = VecDeque::with_capacity(SLICES_AHEAD_MAX);
        let mut admission = Admission::Asked;
        let mut events = events.into_iter().enumerate();
        while events.len() > 0 {
            let count = events.len().min(SLICE_EVENTS);
            let mut arena = Vec::with_capacity(count * ARENA_BYTES_PER_EVENT);
            let mut items = Vec::with_capacity(count);
            for (index, event) in events.by_ref().take(SLICE_EVENTS) {
                match meter_item(&catalogue, actor, event, &mut arena) {
                    Ok(item) => items.push(item),
                    Err(error) => unknown.push((index, error)),
                }
            }
            on_the_way.push_back(self.send_slice(items, arena, false, &mut admission).await);
            if on_the_way.len() == SLICES_AHEAD_MAX
                && let Some(flight) = on_the_way.pop_front()
            {
                self.land(flight, &mut outcomes).await;
            }
        }
        for flight in on_the_way {
            self.land(flight, &mut outcomes).await;
        }
        for (index, error) in unknown {
            outcomes.insert(index, Err(error));
        }
        outcomes
    }

    /// Meters one event.
    pub async fn meter_one(&self, actor: KeyNo, event: MeterEvent) -> Result<Outcome, CallError> {
        let mut arena = Vec::with_capacity(128);
        let item = meter_item(&self.catalogue(), actor, event, &mut arena)?;
        self.call_one(item, arena, false).await
    }

    /// Meters events of one customer all or none, under one key.
    pub async fn meter_atomic(
        &self,
        actor: KeyNo,
        events: Vec<MeterEvent>,
        key: Option<CompactString>,
    ) -> Result<BatchOutcome, CallError> {
        let catalogue = self.catalogue();
        let mut arena = Vec::with_capacity(events.len() * 64);
        let mut items = Vec::with_capacity(events.len());
        for (index, event) in events.into_iter().enumerate() {
            let event = MeterEvent { key: if index == 0 { key.clone() } else { None }, ..event };
            items.push(meter_item(&catalogue, actor, event, &mut arena)?);
        }
        let batch = self.call_batch(items, arena).await?;
        let events = self.events_of(&batch).await?;
        Ok(BatchOutcome { batch, events })
    }

    /// Submits an atomic batch and sorts out what comes back for its one key.
    async fn call_batch(&self, mut items: Vec<Item>, mut arena: Vec<u8>) -> Result<Outcome, CallError> {
        for _ in 0..TRIES_MAX {
            if let Some(first) = items.first_mut()
                && let Key::Hash(key) = first.key
            {
                let found = self.lookup().find_key(key).map_err(|error| index_failed(&error))?;
                first.checked_to = found.checked_to;
                for position in found.candidates {
                    if let Some(outcome) = self.replay_at(position, key, &items, &arena).await? {
                        return Ok(outcome);
                    }
                }
            }
            let (mut submission, answer) = Submission::new(items, arena);
            submission.atomic = true;
            self.queue().push(submission)?;
            let mut answered = answer.await.map_err(|_| Failure::Stopped)?;
            let verdict = answered.verdicts.pop();
            (items, arena) = (answered.items, answered.arena);
            match verdict {
                Some(Verdict::Done { position, at, fact }) => {
                    return Ok(Outcome::new(position, at, fact));
                }
                Some(Verdict::PerhapsDuplicate(position)) => {
                    let Some(Item { key: Key::Hash(key), .. }) = items.first() else { break };
                    if let Some(outcome) = self.replay_at(position, *key, &items, &arena).await? {
                        return Ok(outcome);
                    }
                    items[0].cleared = Some(position);
                }
                Some(Verdict::CheckRuns(_)) => {}
                Some(Verdict::Rejected(rejection)) => return Err(rejection.into()),
                Some(Verdict::RejectedInBatch { index, rejection }) => {
                    return Err(CallError::RejectedInBatch { index, rejection });
                }
                Some(Verdict::Failed(failure)) => return Err(failure.into()),
                Some(
                    Verdict::Wallet(_)
                    | Verdict::Hold(_)
                    | Verdict::Amended(_)
                    | Verdict::Order(_)
                    | Verdict::OpenOrders(_)
                    | Verdict::Census(_)
                    | Verdict::Spent(_)
                    | Verdict::Means(_)
                    | Verdict::Lots(_)
                    | Verdict::Expiring(_)
                    | Verdict::Erased(_)
                    | Verdict::Cold(_),
                )
                | None => break,
            }
        }
        Err(Failure::Stopped.into())
    }

    /// The first answer that a batch's key is bound to; `None` where the fact belongs to another key.
    async fn replay_at(
        &self,
        position: Position,
        key: KeyHash,
        items: &[Item],
        arena: &[u8],
    ) -> Result<Option<Outcome>, CallError> {
        let first = self.read_fact(position).await?.ok_or(CallError::Failed(Failure::NotRecorded))?;
        let is_bound = first.fact.origin().and_then(|origin| origin.key) == Some(key);
        if is_bound { self.replay_batch(first, items, arena).await.map(Some) } else { Ok(None) }
    }

    /// The first answer of an atomic batch, given again if the events are the same.
    async fn replay_batch(
        &self,
        first: StoredFact,
        items: &[Item],
        arena: &[u8],
    ) -> Result<Outcome, CallError> {
        let catalogue = self.catalogue();
        let conflict = |field, first: String, now: String| CallError::Conflict { field, first, now };
        let asked = first.fact.asked_fields(&catalogue);
        let then = match &asked {
            Some(("meter_batch", fields)) => fields[0].1.clone(),
            Some((operation, _)) => {
                return Err(conflict("operation", (*operation).to_owned(), "meter_batch".to_owned()));
            }
            None => return Err(conflict("operation", "another".to_owned(), "meter_batch".to_owned())),
        };
        let now = format!("{} events", items.len());
        if then != now {
            return Err(conflict("events", then, now));
        }
        let outcome = Outcome { id: first.id, at: first.at, fact: Box::new(first.fact), is_replay: true };
        for (event, item) in self.stored_events_of(&outcome).await?.iter().zip(items) {
            self.same_event(event, item, arena)?;
        }
        Ok(outcome)
    }

    async fn events_of(&self, batch: &Outcome) -> Result<Vec<Outcome>, CallError> {
        let stored = self.stored_events_of(batch).await?;
        Ok(stored
            .into_iter()
            .map(|s| Outcome { id: s.id, at: s.at, fact: Box::new(s.fact), is_replay: batch.is_replay })
            .collect())
    }

    /// The events of an accepted batch: the metered facts between its first and its own. What was due of the wallet
    /// may stand between them.
    async fn stored_events_of(&self, batch: &Outcome) -> Result<Vec<StoredFact>, CallError> {
        let Fact::BatchAccepted { first, events, .. } = batch.fact.as_ref() else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for position in first.0..batch.id.position.0 {
            let stored = self.read_fact(Position(position)).await?;
            found.extend(stored.filter(|s| is_metered(&s.fact)));
        }
        debug_assert_eq!(found.len(), *events as usize);
        Ok(found)
    }
}

fn is_metered(fact: &Fact) -> bool {
    matches!(fact, Fact::Wallet(fact) if matches!(fact.event, chargly_ledger::WalletEvent::Metered { .. }))
}

fn meter_item(
    catalogue: &Catalogue,
    actor: KeyNo,
    event: MeterEvent,
    arena: &mut Vec<u8>,
) -> Result<Item, CallError> {
    let MeterEvent {
        customer,
        event,
        quantity,
        credits,
        cost,
        usage,
        occurred_at,
        if_insufficient,
        properties,
        key,
    } = event;
    let Some(event_type) = catalogue.event_type(&event) else {
        return Err(CallError::UnknownEventType { name: event });
    };
    let request =
        MeterRequest { event_type: event_type.number, quantity, credits, cost, occurred_at, if_insufficient };
    let (properties, inputs, facets) = taken_apart(properties, usage);
    let hashed = match &key {
        Some(key) => Key::Hash(key_hash(&catalogue.salt, Some(&customer), key)),
        None => Key::None,
    };
    let payload = Payload { key, properties, ..Payload::default() };
    Ok(item_of(actor, Action::Meter { customer, request, inputs, facets }, hashed, &payload, arena))
}

/// What of an event may have to be forgotten, what its price looks at, and what reports do.
pub(crate) fn taken_apart(
    properties: Option<Properties>,
    usage: Option<Usage>,
) -> (Option<CompactString>, PriceInputs, Option<Box<Facets>>) {
    let (canonical, inputs, dimensions) = match properties {
        Some(p) => (Some(p.canonical), p.inputs, p.dimensions),
        None => (None, PriceInputs::new(), Vec::new()),
    };
    (canonical, inputs, Facets { cost: None, usage, dimensions }.boxed())
}
