//! Forgetting a customer: the fact first, then the checkpoint, then the payloads.
//!
//! The fact `CustomerErased` says for good that a customer is to be forgotten. What follows from it is carried out
//! here, and again after a crash or a restore, until the checkpoint says that it is done: first a checkpoint is written
//! whose state no longer has the customer's id, then the payloads of the wallet's facts are erased in the journal,
//! slice by slice on the writer's connection while calls go on in between. In that order what is derived never knows
//! more than the journal.
//!
//! Not owned here: the rule (`ledger`), the bytes (`journal`), copies that somebody else made: backups, exports, logs of
//! a proxy.

use std::sync::Arc;
use std::time::Duration;

use chargly_index::{CheckpointError, Checkpoints, Erasure, RunError, entry};
use chargly_journal::{Journal, PayloadRef};
use chargly_ledger::{Fact, Position, WalletEvent, WalletNo};
use thiserror::Error;
use tokio::sync::watch;

use crate::environment::Environment;
use crate::facts::{Facts, ReadFactError};
use crate::lookup::Lookup;
use crate::outcome::{CallError, index_failed};
use crate::queue::Queue;
use crate::submission::{Ask, Erase, Failure, Item, Submission, Verdict};
use crate::tail::Tail;
use crate::writer::Writer;

/// Chunks of the journal written anew in one turn of the writer: half a megabyte, some milliseconds.
const CHUNKS_PER_SLICE_MAX: usize = 8;
/// How long to wait before a slice is tried again that the writer could not take, or the disk had no room for.
const RETRY_AFTER: Duration = Duration::from_millis(200);
/// How often the journal's log is emptied again where a reader was in the way: for some ten seconds in all.
const SCRUBS_MAX: usize = 50;

/// Erasures that are recorded and not known to be carried out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Erasures {
    pending: Vec<Erasure>,
}

impl Erasures {
    pub(crate) fn new(pending: Vec<Erasure>) -> Self {
        Self { pending }
    }

    /// Notes a fact that was recorded, in case it is an erasure.
    pub(crate) fn note(&mut self, position: Position, fact: &Fact) {
        if let Fact::Wallet(fact) = fact
            && fact.event == WalletEvent::CustomerErased
        {
            self.pending.push(Erasure { position, wallet: fact.header.wallet });
        }
    }

    /// What was decided from a position on did not happen.
    pub(crate) fn undo(&mut self, from: Position) {
        self.pending.retain(|erasure| erasure.position < from);
    }

    /// The erasure at this position is carried out.
    pub(crate) fn complete(&mut self, position: Position) {
        self.pending.retain(|erasure| erasure.position != position);
    }

    pub(crate) fn pending(&self) -> &[Erasure] {
        &self.pending
    }

    /// Whether one of them is not in the checkpoint at this position.
    pub(crate) fn is_beyond(&self, checkpoint: Position) -> bool {
        self.pending.iter().any(|erasure| erasure.position >= checkpoint)
    }
}

/// What an erasure did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Facts of the wallet. They stay, with every number in them.
    pub facts: u64,
    /// Payloads that were there and are gone.
    pub payloads: u64,
}

/// Carries out an erasure in a running environment. Blocks, for as long as it takes.
pub(crate) struct Eraser {
    queue: Arc<Queue>,
    tail: Arc<Tail>,
    facts: Arc<Facts>,
    lookup: Arc<Lookup>,
    checkpointed: watch::Receiver<Position>,
}

impl Environment {
    pub(crate) fn eraser(&self) -> Eraser {
        Eraser {
            queue: self.queue_handle(),
            tail: self.tail_handle(),
            facts: self.facts_handle(),
            lookup: self.lookup_handle(),
            checkpointed: self.checkpointed(),
        }
    }
}

impl Eraser {
    /// Waits for a checkpoint without the customer's id, then erases every payload of the wallet's facts.
    pub(crate) fn carry_out(mut self, erasure: Erasure) -> Result<Forgotten, CallError> {
        let waited = self.checkpointed.wait_for(|next| *next > erasure.position);
        tokio::runtime::Handle::current().block_on(waited).map_err(|_| Failure::Stopped)?;
        let positions = self.positions_of(erasure)?;
        let mut forgotten = Forgotten { facts: positions.len() as u64, payloads: 0 };
        let mut rest = positions.as_slice();
        while !rest.is_empty() {
            let (slice, later) = self.next_slice(rest)?;
            rest = later;
            if !slice.is_empty() {
                forgotten.payloads += self.erase(&slice, None)?.payloads;
                self.tail.forget(&slice);
            }
        }
        for _ in 0..SCRUBS_MAX {
            if self.erase(&[], Some(erasure.position))?.scrubbed {
                return Ok(forgotten);
            }
            std::thread::sleep(RETRY_AFTER);
        }
        tracing::warn!("a reader keeps erased payloads in the journal's log until that is written over");
        Ok(forgotten)
    }

    /// Every fact of the wallet up to the erasure: from the lists of the runs, then from what is in none yet.
    fn positions_of(&self, erasure: Erasure) -> Result<Vec<Position>, CallError> {
        let listed = self.lookup.wallet_facts(erasure.wallet, erasure.position);
        let (mut positions, mut next) = listed.map_err(|error| index_failed(&error))?;
        while next < erasure.position {
            let chunks = self.facts.chunks_from(next)?;
            let Some(last) = chunks.last() else { break };
            let from = std::mem::replace(&mut next, Position(last.end().0));
            for entry in chunks.iter().flat_map(|chunk| chunk.entries()) {
                let position = Position(entry.position.0);
                if position < from || position >= erasure.position {
                    continue;
                }
                let fact =
                    Fact::decode(entry.fact).map_err(|source| ReadFactError::Decode { position, source })?;
                positions.extend((entry::wallet(&fact) == Some(erasure.wallet)).then_some(position));
            }
        }
        Ok(positions)
    }

    /// The first of these positions that have a payload still, of a few chunks, and the positions after those.
    fn next_slice<'a>(
        &self,
        positions: &'a [Position],
    ) -> Result<(Vec<Position>, &'a [Position]), CallError> {
        let (mut slice, mut rest, mut chunks) = (Vec::new(), positions, 0);
        while let Some(&first) = rest.first()
            && chunks < CHUNKS_PER_SLICE_MAX
        {
            let chunk = self.facts.chunk_at(first)?.ok_or(Failure::NotRecorded)?;
            let (here, later) = rest.split_at(rest.partition_point(|position| position.0 < chunk.end().0));
            rest = later;
            let before = slice.len();
            slice.extend(here.iter().copied().filter(|position| {
                let entry = chunk.entry(chargly_journal::Position(position.0));
                entry.is_some_and(|entry| matches!(entry.payload, PayloadRef::Present(_)))
            }));
            chunks += usize::from(slice.len() > before);
        }
        Ok((slice, rest))
    }

    /// One turn of the writer, as often as it takes: what is begun has to be ended, and a full disk gets room again.
    fn erase(
        &self,
        positions: &[Position],
        completes: Option<Position>,
    ) -> Result<chargly_journal::Erased, CallError> {
        loop {
            let ask = Ask::Erase(Erase { positions: positions.to_vec(), completes });
            let (mut submission, answer) = Submission::new(vec![Item::read(ask)], Vec::new());
            submission.is_urgent = true;
            let verdict = match self.queue.push(submission) {
                Ok(()) => answer.blocking_recv().ok().and_then(|mut answered| answered.verdicts.pop()),
                Err(failure) => Some(Verdict::Failed(failure)),
            };
            match verdict {
                Some(Verdict::Erased(erased)) => return Ok(erased),
                Some(Verdict::Failed(Failure::Overloaded | Failure::StorageFull | Failure::NotRecorded)) => {
                    std::thread::sleep(RETRY_AFTER);
                }
                _ => return Err(Failure::Stopped.into()),
            }
        }
    }
}

/// Why erasures that were recorded could not be carried out at a start.
#[derive(Debug, Error)]
pub(crate) enum CarryOutError {
    #[error("the checkpoint without the erased customers cannot be written: {0}")]
    Checkpoint(#[from] CheckpointError),
    #[error("the facts of an erased customer cannot be found: {0}")]
    Runs(#[from] RunError),
    #[error("the payloads of an erased customer cannot be erased: {0}")]
    Failed(#[from] Failure),
}

/// Carries out, before anything is served, what an earlier process recorded and may not have ended, or what a restored
/// copy of the journal has still. Gives the position of the checkpoint written for it, if there was anything to do.
pub(crate) fn carry_out_pending<J: Journal>(
    writer: &mut Writer<J>,
    lookup: &Lookup,
    checkpoints: &mut Checkpoints,
) -> Result<Option<Position>, CarryOutError> {
    let pending = writer.erasures().to_vec();
    if pending.is_empty() {
        return Ok(None);
    }
    let delta = writer.checkpoint();
    checkpoints.write(&delta)?;
    writer.evict(delta.next, &delta.cold);
    let mut positions = Vec::new();
    for Erasure { wallet, position } in &pending {
        positions.extend(lookup.wallet_facts(*wallet, *position)?.0);
    }
    let erased = writer.erase(&Erase { positions, completes: None })?;
    if erased.payloads > 0 {
        tracing::info!(payloads = erased.payloads, "payloads of erased customers were erased again");
    }
    for erasure in &pending {
        writer.erase(&Erase { positions: Vec::new(), completes: Some(erasure.position) })?;
    }
    Ok(Some(delta.next))
}

impl Lookup {
    /// Facts of a wallet below a position, oldest first, and the first position that is in no list yet.
    pub(crate) fn wallet_facts(
        &self,
        wallet: WalletNo,
        below: Position,
    ) -> Result<(Vec<Position>, Position), RunError> {
        let (mut found, mut next) = (Vec::new(), Position(0));
        while next < below {
            let Some((list, end)) = self.whole_list_at(wallet, next)? else { break };
            let positions = list.offsets.iter().map(|offset| Position(list.first.0 + u64::from(*offset)));
            found.extend(positions.filter(|position| (next..below).contains(position)));
            next = end;
        }
        Ok((found, next))
    }
}
