//! From verdicts to outcomes: sorting out retries by reading back what the key was bound to.

use chargly_ledger::{Action, EntryId, Fact, Millis, Payload, Position, Rejection, difference};
use compact_str::CompactString;
use thiserror::Error;

use crate::environment::Environment;
use crate::facts::{ReadFactError, StoredFact, StoredPayload};
use crate::submission::{Answered, Ask, Failure, Item, Submission, Verdict};

/// How often a call is taken up again after its key turned out to be bound by another key's clash. One clash is a
/// rarity; a second cannot be had.
const CLASHES_MAX: usize = 3;

/// What came of a call: a fact, durable.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The fact's name.
    pub id: EntryId,
    /// Its time.
    pub at: Millis,
    /// What happened: what was asked, or the verdict against it.
    pub fact: Box<Fact>,
    /// Whether this is the first answer, given again.
    pub is_replay: bool,
}

/// Why a call has no outcome. None of these bound its key.
#[derive(Debug, Error)]
pub enum CallError {
    /// Something about it is wrong in itself.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// One event of an atomic batch is wrong in itself.
    #[error("event {index} of the batch: {rejection}")]
    RejectedInBatch {
        /// Which.
        index: usize,
        /// Why.
        rejection: Rejection,
    },
    /// No event type of that name.
    #[error("there is no event type {name}")]
    UnknownEventType {
        /// As the caller wrote it.
        name: CompactString,
    },
    /// The key was used before, for another request.
    #[error("the idempotency key was used before with another {field}")]
    Conflict {
        /// The field in which the requests differ.
        field: &'static str,
        /// What it was at first.
        first: String,
        /// What it is now.
        now: String,
    },
    /// The key was used before, and what it was used for has been erased.
    #[error("what this idempotency key was used for has been erased")]
    Gone,
    /// There is no such thing here.
    #[error("there is no such {kind}")]
    NotFound {
        /// What kind of thing.
        kind: &'static str,
    },
    /// The writer could not answer.
    #[error(transparent)]
    Failed(#[from] Failure),
    /// The journal could not be read.
    #[error("the journal cannot be read")]
    Read(#[from] ReadFactError),
}

impl Environment {
    /// Submits items and sorts out what comes back, one result per item.
    pub(crate) async fn call(
        &self,
        items: Vec<Item>,
        arena: Vec<u8>,
        is_urgent: bool,
    ) -> Vec<Result<Outcome, CallError>> {
        let count = items.len();
        let mut answered = match self.ask(items, arena, is_urgent).await {
            Ok(answered) => answered,
            Err(failure) => return (0..count).map(|_| Err(failure.into())).collect(),
        };
        let mut outcomes = Vec::with_capacity(count);
        for index in 0..answered.verdicts.len() {
            outcomes.push(self.sort_out(&mut answered, index).await);
        }
        outcomes
    }

    /// Submits one item and sorts out what comes back.
    pub(crate) async fn call_one(
        &self,
        item: Item,
        arena: Vec<u8>,
        is_urgent: bool,
    ) -> Result<Outcome, CallError> {
        self.call(vec![item], arena, is_urgent)
            .await
            .pop()
            .unwrap_or(Err(CallError::Failed(Failure::Stopped)))
    }

    /// Hands items to the writer and waits for its verdicts.
    pub(crate) async fn ask(
        &self,
        items: Vec<Item>,
        arena: Vec<u8>,
        is_urgent: bool,
    ) -> Result<Answered, Failure> {
        let (mut submission, answer) = Submission::new(items, arena);
        submission.is_urgent = is_urgent;
        self.queue().push(submission)?;
        answer.await.map_err(|_| Failure::Stopped)
    }

    async fn sort_out(&self, answered: &mut Answered, index: usize) -> Result<Outcome, CallError> {
        let mut verdict = std::mem::replace(&mut answered.verdicts[index], Verdict::Failed(Failure::Stopped));
        for _ in 0..CLASHES_MAX {
            let position = match verdict {
                Verdict::Done { position, at, fact } => {
                    let id = EntryId::seal(position, at, &fact.encode());
                    return Ok(Outcome { id, at, fact, is_replay: false });
                }
                Verdict::Rejected(rejection) => return Err(rejection.into()),
                Verdict::RejectedInBatch { index, rejection } => {
                    return Err(CallError::RejectedInBatch { index, rejection });
                }
                Verdict::Failed(failure) => return Err(failure.into()),
                Verdict::Wallet(_) | Verdict::Hold(_) | Verdict::Amended(_) | Verdict::Census(_) => {
                    return Err(Failure::Stopped.into());
                }
                Verdict::PerhapsDuplicate(position) => position,
            };
            let first = self.read_fact(position).await?.ok_or(CallError::Failed(Failure::NotRecorded))?;
            let item = &answered.items[index];
            if let Some(outcome) = self.replay(first, item, &answered.arena)? {
                return Ok(outcome);
            }
            // Another key with the same hash: take the call up again, past that one.
            let mut again = take_item(answered, index);
            again.cleared = Some(position);
            let mut once_more = self.ask(vec![again], answered.arena.clone(), false).await?;
            verdict = once_more.verdicts.pop().unwrap_or(Verdict::Failed(Failure::Stopped));
            if let Some(item) = once_more.items.pop() {
                answered.items[index] = item;
            }
        }
        Err(Failure::NotRecorded.into())
    }

    /// The first answer given again, a conflict, or `None` where the fact belongs to another key.
    pub(crate) fn replay(
        &self,
        first: StoredFact,
        item: &Item,
        arena: &[u8],
    ) -> Result<Option<Outcome>, CallError> {
        let Ask::Act(call) = &item.ask else { return Ok(None) };
        if first.fact.origin().and_then(|origin| origin.key) != call.key {
            return Ok(None);
        }
        let StoredPayload::Present(stored) = &first.payload else { return Err(CallError::Gone) };
        let sent = sent_payload(item, arena);
        if stored.key.is_some() && stored.key != sent.key {
            return Ok(None);
        }
        self.compare(&first, stored, &call.action, &sent)?;
        Ok(Some(Outcome { id: first.id, at: first.at, fact: Box::new(first.fact), is_replay: true }))
    }

    /// Compares an event of an atomic batch with what was sent for it; its key is the batch's.
    pub(crate) fn same_event(&self, first: &StoredFact, item: &Item, arena: &[u8]) -> Result<(), CallError> {
        let Ask::Act(call) = &item.ask else { return Ok(()) };
        let StoredPayload::Present(stored) = &first.payload else { return Err(CallError::Gone) };
        self.compare(first, stored, &call.action, &sent_payload(item, arena))
    }

    fn compare(
        &self,
        first: &StoredFact,
        stored: &Payload,
        action: &Action,
        sent: &Payload,
    ) -> Result<(), CallError> {
        let catalogue = self.catalogue();
        let (then, now) = (first.fact.asked_fields(&catalogue), action.asked_fields(&catalogue));
        let (Some(then), Some(now)) = (then, now) else {
            return Err(conflict("operation", "another operation", "this one"));
        };
        if let Some(d) = difference(&then, &now) {
            return Err(CallError::Conflict { field: d.field, first: d.first, now: d.now });
        }
        let text = |value: &Option<CompactString>| value.as_deref().unwrap_or("not sent").to_owned();
        if stored.properties != sent.properties {
            return Err(conflict("properties", &text(&stored.properties), &text(&sent.properties)));
        }
        if stored.reason != sent.reason {
            return Err(conflict("reason", &text(&stored.reason), &text(&sent.reason)));
        }
        Ok(())
    }

    /// The fact at a position, without keeping an async thread waiting for the disk.
    pub(crate) async fn read_fact(&self, position: Position) -> Result<Option<StoredFact>, CallError> {
        if position < self.tail().committed().next
            && let Some(young) = self.facts().read_young(position)
        {
            return Ok(Some(young?));
        }
        let facts = self.facts_handle();
        self.blocking(move || facts.read(position).map_err(CallError::from)).await
    }
}

fn conflict(field: &'static str, first: &str, now: &str) -> CallError {
    CallError::Conflict { field, first: first.to_owned(), now: now.to_owned() }
}

/// What the caller sent along, decoded again. It was encoded by us a moment ago.
pub(crate) fn sent_payload(item: &Item, arena: &[u8]) -> Payload {
    match &arena[item.payload.clone()] {
        [] => Payload::default(),
        bytes => Payload::decode(bytes).unwrap_or_default(),
    }
}

fn take_item(answered: &mut Answered, index: usize) -> Item {
    let placeholder = Item {
        ask: Ask::Census,
        key: crate::submission::Key::None,
        payload: 0..0,
        digest: [0; 32],
        cleared: None,
    };
    std::mem::replace(&mut answered.items[index], placeholder)
}
