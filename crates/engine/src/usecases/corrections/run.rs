//! Opening a correction, and the job that carries it out: page by page, a few events at a time, behind the traffic.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chargly_ledger::{
    Action, CatalogueChange, CorrectionAction, CorrectionFilter, CorrectionRequest, CorrectionSums, EntryId,
    Fact, KeyNo, Payload, Position, RechargeRequest, Rejection, ReverseRequest, WalletEvent, key_hash,
};
use compact_str::CompactString;

use super::changes::read_changes;
use super::plan::{Planned, Skip, Step};
use super::preview::PreviewSeal;
use super::select::Source;
use super::{LEFT_ALONE_TOLD_MAX, PAGE_EVENTS};
use crate::environment::Environment;
use crate::outcome::{CallError, Outcome};
use crate::submission::Failure;
use crate::usecases::item::Namespace;

/// Events that are handed to the writer at once. Few, so that nobody waits behind them; it waits for one flush in
/// between.
const SLICE_EVENTS: usize = 64;
/// How long to wait before a slice is tried again that the writer could not take, or the disk had no room for.
const RETRY_AFTER: Duration = Duration::from_millis(200);

/// An event that a correction left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeftAlone {
    /// Which.
    pub event: EntryId,
    /// Why.
    pub why: Skip,
}

/// How far a correction has come, since the process began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Events looked at.
    pub looked_at: u64,
    /// Events changed, with those that an earlier process changed.
    pub changed: u64,
    /// Events left alone.
    pub left_alone: u64,
    /// The first of them.
    pub left_alone_told: Vec<LeftAlone>,
}

/// How far the corrections of this process have come.
#[derive(Debug, Default)]
pub(crate) struct Running(Mutex<HashMap<Position, Progress>>);

impl Running {
    pub(super) fn of(&self, correction: Position) -> Option<Progress> {
        self.lock().get(&correction).cloned()
    }

    fn note(&self, correction: Position, note: impl FnOnce(&mut Progress)) {
        note(self.lock().entry(correction).or_default());
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Position, Progress>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Environment {
    /// Opens a correction that was previewed, and begins with it. Refused where the preview would come to something
    /// else by now.
    pub async fn open_correction(
        self: &Arc<Self>,
        actor: KeyNo,
        filter: CorrectionFilter,
        action: CorrectionAction,
        (note, seal): (CompactString, PreviewSeal),
        key: Option<CompactString>,
    ) -> Result<Outcome, CallError> {
        let catalogue = self.catalogue();
        let (filter, action) = super::select::completed(&catalogue, filter, action)?;
        let PreviewSeal { up_to, digest } = seal;
        let hash = key.as_ref().map(|key| key_hash(&catalogue.salt, None, key));
        // A retry must not find its own work in the way.
        let is_known = hash.is_some() && catalogue.corrections.iter().any(|known| known.key == hash);
        let mut events = 0;
        if !is_known {
            if catalogue.open_correction().is_some() {
                return Err(Rejection::CorrectionRunning.into());
            }
            if up_to > self.tail().committed().next {
                return Err(CallError::PreviewOutdated);
            }
            let preview = self.preview_at(filter.clone(), action.clone(), up_to).await?;
            if preview.seal != seal {
                return Err(CallError::PreviewOutdated);
            }
            events = preview.totals.events;
        }
        let request = CorrectionRequest { filter, action, note, up_to, digest, events };
        let outcome = self.change_catalogue(actor, Action::OpenCorrection(Box::new(request)), key).await?;
        if !outcome.is_replay {
            tokio::spawn(carry_out(Arc::clone(self), outcome.id));
        }
        Ok(outcome)
    }

    /// Goes on with the correction that an earlier process left open, if there is one.
    pub fn resume_corrections(self: &Arc<Self>) {
        if let Some(open) = self.catalogue().open_correction() {
            tracing::info!(position = open.id.position.0, "going on with an open correction");
            tokio::spawn(carry_out(Arc::clone(self), open.id));
        }
    }

    /// Carries a correction out to its end. One job at a time: it is only called where the correction was opened, and
    /// once in a process that found it open.
    async fn carry_out_correction(&self, id: EntryId) -> Result<(), CallError> {
        let (actor, request) = self.correction_request(id).await?;
        let mut job = Job { env: self, actor, correction: id.position, decided: HashMap::new() };
        job.read_decided().await?;
        let catalogue = self.catalogue();
        let mut source = Source::new(&catalogue, &request.filter, &request.action, request.up_to)?;
        while let Some(candidates) = self.candidates(&mut source).await? {
            let looked_at = candidates.len() as u64;
            let fresh: Vec<_> = candidates.into_iter().filter(|c| !job.is_decided(c.stored.id)).collect();
            let planned = self.plan_all(&request.action, fresh).await?;
            let (to_do, left): (Vec<Planned>, Vec<Planned>) =
                planned.into_iter().filter(|p| p.step != Ok(None)).partition(|p| p.step.is_ok());
            for planned in left {
                job.leave(planned.event, planned.step.err());
            }
            for slice in to_do.chunks(SLICE_EVENTS) {
                job.change(slice).await?;
                tokio::task::yield_now().await;
            }
            self.running_corrections().note(id.position, |progress| progress.looked_at += looked_at);
        }
        job.close().await
    }

    /// The request of a correction, and who decided it.
    pub(super) async fn correction_request(
        &self,
        id: EntryId,
    ) -> Result<(KeyNo, CorrectionRequest), CallError> {
        let stored = self.read_fact(id.position).await?.filter(|stored| stored.id == id);
        match stored.map(|stored| stored.fact) {
            Some(Fact::Catalogue(fact)) => match fact.change {
                CatalogueChange::CorrectionOpened { request } => Ok((fact.origin.actor, *request)),
                _ => Err(CallError::NotFound { kind: "correction" }),
            },
            _ => Err(CallError::NotFound { kind: "correction" }),
        }
    }
}

async fn carry_out(env: Arc<Environment>, id: EntryId) {
    let position = id.position.0;
    match env.carry_out_correction(id).await {
        Ok(()) => tracing::info!(position, "a correction is done"),
        // It is still open: the next start goes on with it.
        Err(CallError::Failed(Failure::Stopped)) => {
            tracing::info!(position, "a correction waits for the next start");
        }
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, position, "a correction cannot go on; the next start tries again");
        }
    }
}

/// A correction being carried out.
struct Job<'e> {
    env: &'e Environment,
    actor: KeyNo,
    correction: Position,
    /// Events that were decided before this process began, and whether they were changed. At most
    /// [`super::CORRECTION_EVENTS_MAX`], 16 bytes each.
    decided: HashMap<Position, bool>,
}

impl Job<'_> {
    /// Reads what an earlier process did.
    async fn read_decided(&mut self) -> Result<(), CallError> {
        let (facts, correction) = (self.env.facts_handle(), self.correction);
        let head = self.env.tail().committed().next;
        self.decided = self
            .env
            .blocking(move || {
                let (mut next, mut decided) = (correction, HashMap::new());
                while next < head {
                    let changes = read_changes(&facts, correction, &mut next, head, PAGE_EVENTS)?;
                    decided.extend(changes.iter().map(|c| (c.event, c.returned_micro.is_some())));
                }
                Ok(decided)
            })
            .await?;
        let changed = self.decided.values().filter(|changed| **changed).count() as u64;
        let refused = self.decided.len() as u64 - changed;
        self.env.running_corrections().note(correction, |progress| {
            *progress = Progress { changed, left_alone: refused, ..Progress::default() };
        });
        Ok(())
    }

    fn is_decided(&self, event: EntryId) -> bool {
        self.decided.contains_key(&event.position)
    }

    fn leave(&self, event: EntryId, why: Option<Skip>) {
        let Some(why) = why else { return };
        self.env.running_corrections().note(self.correction, |progress| {
            progress.left_alone += 1;
            if progress.left_alone_told.len() < LEFT_ALONE_TOLD_MAX {
                progress.left_alone_told.push(LeftAlone { event, why });
            }
        });
    }

    /// Changes a few events, as often as it takes: what is begun has to be ended.
    async fn change(&self, slice: &[Planned]) -> Result<(), CallError> {
        let mut left: Vec<&Planned> = slice.iter().collect();
        while !left.is_empty() {
            let mut arena = Vec::new();
            let items = left
                .iter()
                .filter_map(|planned| {
                    let action = self.action(planned)?;
                    let key = Some(self.key_of(planned.event.position));
                    let payload = Payload::default();
                    Some(self.env.item(self.actor, action, key, &Namespace::OfWallet, payload, &mut arena))
                })
                .collect();
            let outcomes = self.env.call(items, arena, false).await;
            chargly_journal::crash_point("engine.mid_correction");
            let mut again = Vec::new();
            for (planned, outcome) in left.into_iter().zip(outcomes) {
                match outcome {
                    Ok(outcome) => match refusal_code(&outcome.fact) {
                        Some(code) => self.leave(planned.event, Some(Skip::Refused(code))),
                        None => self.env.running_corrections().note(self.correction, |p| p.changed += 1),
                    },
                    Err(CallError::Failed(
                        Failure::Overloaded | Failure::StorageFull | Failure::NotRecorded,
                    )) => again.push(planned),
                    Err(CallError::Rejected(Rejection::CustomerErased) | CallError::Gone) => {
                        self.leave(planned.event, Some(Skip::CustomerErased));
                    }
                    Err(error) => return Err(error),
                }
            }
            left = again;
            if !left.is_empty() {
                tokio::time::sleep(RETRY_AFTER).await;
            }
        }
        Ok(())
    }

    fn action(&self, planned: &Planned) -> Option<Action> {
        let event = planned.event.position;
        let original = Box::new(planned.original.clone());
        Some(match planned.step.ok().flatten()? {
            Step::Return(credits) => Action::Reverse {
                request: ReverseRequest { event, credits: Some(credits), correction: Some(self.correction) },
                original,
            },
            Step::Charge(credits) => Action::Recharge {
                request: RechargeRequest { event, credits, correction: self.correction },
                original,
            },
        })
    }

    /// One for each event, the same in every process. No caller can choose such a key: theirs have no spaces.
    fn key_of(&self, event: Position) -> CompactString {
        compact_str::format_compact!("correction {} event {}", self.correction.0, event.0)
    }

    /// Adds up what was done, from the journal, and records the end.
    async fn close(self) -> Result<(), CallError> {
        let (facts, correction) = (self.env.facts_handle(), self.correction);
        let head = self.env.tail().committed().next;
        let mut sums = self
            .env
            .blocking(move || {
                let (mut next, mut sums) = (correction, CorrectionSums::default());
                while next < head {
                    for change in read_changes(&facts, correction, &mut next, head, PAGE_EVENTS)? {
                        let Some(returned) = change.returned_micro else { continue };
                        sums.events += 1;
                        sums.returned_micro += i128::from(returned.max(0));
                        sums.charged_micro -= i128::from(returned.min(0));
                    }
                }
                Ok(sums)
            })
            .await?;
        let progress = self.env.running_corrections().of(correction);
        sums.left_alone = progress.map_or(0, |progress| progress.left_alone);
        loop {
            let change = CatalogueChange::CorrectionClosed { correction, sums: Box::new(sums) };
            match self.env.change_catalogue(self.actor, Action::Change(change), None).await {
                Ok(_) => return Ok(()),
                Err(CallError::Failed(Failure::Overloaded | Failure::StorageFull | Failure::NotRecorded)) => {
                    tokio::time::sleep(RETRY_AFTER).await;
                }
                Err(error) => return Err(error),
            }
        }
    }
}

fn refusal_code(fact: &Fact) -> Option<&'static str> {
    match fact {
        Fact::Wallet(fact) => match &fact.event {
            WalletEvent::Refused { refusal, .. } => Some(refusal.code()),
            _ => None,
        },
        _ => None,
    }
}
