//! From verdicts to outcomes: sorting out retries by reading back what the key was bound to.

use std::cell::RefCell;

use chargly_ledger::{
    Action, ColdKey, EntryId, Fact, KeyHash, Millis, Payload, Position, Rejection, difference,
};
use chargly_views::ViewError;
use compact_str::CompactString;
use smallvec::SmallVec;
use thiserror::Error;
use tokio::sync::oneshot;

use crate::environment::Environment;
use crate::facts::{ReadFactError, StoredFact, StoredPayload};
use crate::payments::RedirectUrls;
use crate::submission::{Answered, Ask, Failure, Item, Key, Submission, Verdict, Warm};

/// How often a call is taken up again: after its key was looked for in runs sealed meanwhile, after what it needs was
/// brought back into memory, after its key turned out to clash with another's. Each is rare, and twice a wonder.
pub(crate) const TRIES_MAX: usize = 8;

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

impl Outcome {
    /// Of a fact recorded just now. Its id is sealed here, on the caller's thread: the writer's time is dearer.
    pub(crate) fn new(position: Position, at: Millis, fact: Box<Fact>) -> Self {
        Self { id: seal(position, at, &fact), at, fact, is_replay: false }
    }
}

/// Whether a batch was let into the queue.
#[derive(Clone, Copy)]
pub(crate) enum Admission {
    /// Its first slice has not asked yet.
    Asked,
    /// It was: what follows is let in, too.
    Granted,
    /// It was not, and nothing that follows is.
    Refused(Failure),
}

/// Items on their way to the writer.
pub(crate) struct Flight {
    /// How many there were.
    count: usize,
    /// Those that were not sent, since their answers are known, by their places.
    known: Vec<(usize, Result<Outcome, CallError>)>,
    /// Where the answers to the others will come; `None` where there are no others.
    answer: Option<Result<oneshot::Receiver<Answered>, Failure>>,
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
    /// What was previewed would come to something else by now.
    #[error("the preview is out of date: what it would come to has changed")]
    PreviewOutdated,
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
    /// The figures could not be read, or not be put together as asked.
    #[error(transparent)]
    Figures(#[from] ViewError),
    /// The figures do not reflect yet what they were asked to.
    #[error("the figures do not reflect position {position} yet")]
    FiguresBehind {
        /// What they are to reflect.
        position: Position,
    },
}

impl Environment {
    /// Submits items and sorts out what comes back, one result per item.
    pub(crate) async fn call(
        &self,
        items: Vec<Item>,
        arena: Vec<u8>,
        is_urgent: bool,
    ) -> Vec<Result<Outcome, CallError>> {
        let mut outcomes = Vec::with_capacity(items.len());
        let flight = self.send(items, arena, is_urgent).await;
        self.land(flight, &mut outcomes).await;
        outcomes
    }

    /// Submits items, but for those whose answers are known.
    pub(crate) async fn send(&self, items: Vec<Item>, arena: Vec<u8>, is_urgent: bool) -> Flight {
        self.send_slice(items, arena, is_urgent, &mut Admission::Asked).await
    }

    /// As [`Environment::send`], for a slice of a batch that is let in or turned away as a whole.
    pub(crate) async fn send_slice(
        &self,
        mut items: Vec<Item>,
        arena: Vec<u8>,
        is_urgent: bool,
        admission: &mut Admission,
    ) -> Flight {
        let count = items.len();
        let known = self.known_of_old(&mut items, &arena).await;
        let answer = if items.is_empty() {
            None
        } else if let Admission::Refused(failure) = *admission {
            Some(Err(failure))
        } else {
            let (mut submission, answer) = Submission::new(items, arena);
            submission.is_urgent = is_urgent;
            submission.is_admitted = matches!(admission, Admission::Granted);
            let pushed = self.queue().push(submission);
            *admission = pushed.map_or_else(Admission::Refused, |()| Admission::Granted);
            Some(pushed.map(|()| answer))
        };
        Flight { count, known, answer }
    }

    /// Waits for what was submitted and adds one result per item.
    pub(crate) async fn land(&self, flight: Flight, outcomes: &mut Vec<Result<Outcome, CallError>>) {
        let Flight { count, known, answer } = flight;
        let first = outcomes.len();
        let answered = match answer {
            Some(Ok(answer)) => answer.await.map_err(|_| Failure::Stopped).map(Some),
            Some(Err(failure)) => Err(failure),
            None => Ok(None),
        };
        match answered {
            Ok(Some(mut answered)) => {
                for index in 0..answered.verdicts.len() {
                    let outcome = match done(&mut answered.verdicts[index]) {
                        Some(outcome) => Ok(outcome),
                        None => self.sort_out(&mut answered, index).await,
                    };
                    outcomes.push(outcome);
                }
            }
            Ok(None) => {}
            Err(failure) => outcomes.extend((known.len()..count).map(|_| Err(failure.into()))),
        }
        for (index, result) in known {
            outcomes.insert(first + index, result);
        }
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

    /// Takes out of `items` those whose keys stand in sealed runs, with their places and their results. The others are
    /// marked as looked for. Costs a look into the filter for each, and rarely one into a file.
    async fn known_of_old(
        &self,
        items: &mut Vec<Item>,
        arena: &[u8],
    ) -> Vec<(usize, Result<Outcome, CallError>)> {
        let mut known = Vec::new();
        if self.lookup().runs().sealed_to() == Position(0) {
            return known;
        }
        // In a loop of its own, so that the loads of many keys are on their way at once.
        let mut perhaps = SmallVec::<[usize; 4]>::new();
        let filter = self.lookup().runs().filter();
        for (index, item) in items.iter_mut().enumerate() {
            if let Key::Hash(key) = item.key {
                item.checked_to = filter.sealed_to();
                if filter.may_have(key) {
                    perhaps.push(index);
                }
            }
        }
        for index in perhaps {
            let item = &mut items[index];
            if let Key::Hash(key) = item.key
                && let Some(result) = self.find_of_old(item, key, arena).await.transpose()
            {
                known.push((index, result));
            }
        }
        for (index, _) in known.iter().rev() {
            items.remove(*index);
        }
        known
    }

    /// The outcome that a key in a sealed run is bound to; `None` where it is in none, which is then marked.
    pub(crate) async fn find_of_old(
        &self,
        item: &mut Item,
        key: KeyHash,
        arena: &[u8],
    ) -> Result<Option<Outcome>, CallError> {
        let found = self.lookup().find_key(key).map_err(|error| index_failed(&error))?;
        item.key = Key::Hash(key);
        item.checked_to = found.checked_to;
        if let Ask::Act(call) = &mut item.ask {
            call.key = Some(key);
        }
        for position in found.candidates {
            let first = self.read_fact(position).await?.ok_or(CallError::Failed(Failure::NotRecorded))?;
            if let Some(outcome) = self.replay(first, item, arena)? {
                return Ok(Some(outcome));
            }
        }
        Ok(None)
    }

    async fn sort_out(&self, answered: &mut Answered, index: usize) -> Result<Outcome, CallError> {
        let mut verdict = std::mem::replace(&mut answered.verdicts[index], Verdict::Failed(Failure::Stopped));
        for _ in 0..TRIES_MAX {
            match verdict {
                Verdict::Done { position, at, fact } => return Ok(Outcome::new(position, at, fact)),
                Verdict::Rejected(rejection) => return Err(rejection.into()),
                Verdict::RejectedInBatch { index, rejection } => {
                    return Err(CallError::RejectedInBatch { index, rejection });
                }
                Verdict::Failed(failure) => return Err(failure.into()),
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
                | Verdict::Erased(_) => {
                    return Err(Failure::Stopped.into());
                }
                Verdict::PerhapsDuplicate(position) => {
                    let first =
                        self.read_fact(position).await?.ok_or(CallError::Failed(Failure::NotRecorded))?;
                    let item = &mut answered.items[index];
                    if let Some(outcome) = self.replay(first, item, &answered.arena)? {
                        return Ok(outcome);
                    }
                    // Another key with the same hash: take the call up again, past that one.
                    item.cleared = Some(position);
                }
                Verdict::CheckRuns(key) => {
                    let item = &mut answered.items[index];
                    if let Some(outcome) = self.find_of_old(item, key, &answered.arena).await? {
                        return Ok(outcome);
                    }
                }
                Verdict::Cold(keys) => {
                    answered.items[index].warm = Some(Box::new(self.load_cold(keys.to_vec()).await?));
                }
            }
            // With its own payload alone: of a batch, many may be taken up again.
            let mut again = take_item(answered, index);
            let payload = std::mem::take(&mut again.payload);
            let own = answered.arena[payload.clone()].to_vec();
            again.payload = 0..own.len();
            let mut once_more = self.ask(vec![again], own, answered.is_urgent).await?;
            verdict = once_more.verdicts.pop().unwrap_or(Verdict::Failed(Failure::Stopped));
            if let Some(item) = once_more.items.pop() {
                answered.items[index] = Item { payload, ..item };
            }
        }
        Err(Failure::NotRecorded.into())
    }

    /// Reads records that have left memory.
    pub(crate) async fn load_cold(&self, keys: Vec<ColdKey>) -> Result<Warm, CallError> {
        let lookup = self.lookup_handle();
        self.blocking(move || lookup.load(&keys).map_err(|error| index_failed(&error))).await
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
            if matches!(action, Action::PlaceOrder { .. }) {
                return Err(redirect_conflict(stored, sent));
            }
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

/// What is derived cannot be read, although the journal can. Nothing is decided without it.
pub(crate) fn index_failed(error: &(dyn std::error::Error + 'static)) -> CallError {
    tracing::error!(
        error,
        "an index cannot be read; restart the server, and run `chargly rebuild` if that does not help"
    );
    CallError::Failed(Failure::IndexDamaged)
}

/// Takes out what was done just now, which nearly every verdict says.
fn done(verdict: &mut Verdict) -> Option<Outcome> {
    if !matches!(verdict, Verdict::Done { .. }) {
        return None;
    }
    match std::mem::replace(verdict, Verdict::Failed(Failure::Stopped)) {
        Verdict::Done { position, at, fact } => Some(Outcome::new(position, at, fact)),
        _ => None,
    }
}

/// The id of a fact, whose bytes are made once more for it.
fn seal(position: Position, at: Millis, fact: &Fact) -> EntryId {
    thread_local! {
        static BYTES: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }
    BYTES.with_borrow_mut(|bytes| {
        bytes.clear();
        fact.encode_into(bytes);
        EntryId::seal(position, at, bytes)
    })
}

/// Where two orders under one key send the buyer to different places.
fn redirect_conflict(stored: &Payload, sent: &Payload) -> CallError {
    let (then, now) = (RedirectUrls::from_payload(stored), RedirectUrls::from_payload(sent));
    let text = |url: &Option<String>| url.clone().unwrap_or_else(|| "not sent".to_owned());
    let (field, first, now) = match then.success == now.success {
        true => ("cancel_url", text(&then.cancel), text(&now.cancel)),
        false => ("success_url", text(&then.success), text(&now.success)),
    };
    conflict(field, &first, &now)
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
    std::mem::replace(&mut answered.items[index], Item::read(Ask::Census))
}
