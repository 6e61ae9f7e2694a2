//! Answers kept in memory: what the pages that people look at ask again and again.
//!
//! Adding up the rows of a range takes a tenth of a second and more where there are many, so what a question found in
//! the file is kept. From then on each flush adds to it what it writes, and the same question adds what is in memory
//! only. As everything else here it stands at a position; what got out of step is dropped and found again.

use std::sync::{Mutex, MutexGuard, PoisonError};

use chargly_ledger::Position;

use crate::FiguresQuery;
use crate::answer::Groups;
use crate::store::Batch;

/// Groups of all kept answers together: at some 600 bytes each, 40 MB.
const KEPT_GROUPS_MAX: usize = 60_000;
/// Groups of one answer that is kept.
const GROUPS_OF_ONE_MAX: usize = 20_000;
/// Answers kept: those of every page, in a few ranges.
const KEPT_MAX: usize = 256;

/// Which answer is being found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Finding(u64);

/// What was found for one question, without what is in memory only.
struct Kept {
    id: Finding,
    query: FiguresQuery,
    groups: Groups,
    /// The first fact that is not in them.
    at: Position,
    /// `false` while what was on disk is being added up.
    is_whole: bool,
}

/// The answers there are, the one used last at the end.
#[derive(Default)]
pub(crate) struct KeptAnswers {
    all: Mutex<(u64, Vec<Kept>)>,
}

impl KeptAnswers {
    /// A copy of what was found for a question, and where it stands.
    pub(crate) fn get(&self, query: &FiguresQuery) -> Option<(Groups, Position)> {
        let (_, all) = &mut *self.lock();
        let place = all.iter().position(|kept| kept.is_whole && kept.query == *query)?;
        let kept = all.remove(place);
        let found = (kept.groups.clone(), kept.at);
        all.push(kept);
        Some(found)
    }

    /// Begins one at a position: flushes add to it from now on. `groups` is empty.
    pub(crate) fn begin(&self, query: &FiguresQuery, groups: Groups, at: Position) -> Finding {
        let (last, all) = &mut *self.lock();
        *last += 1;
        let id = Finding(*last);
        all.push(Kept { id, query: query.clone(), groups, at, is_whole: false });
        id
    }

    /// Ends what was begun with what was on disk then; without it, as also where it is too much, nothing is kept.
    pub(crate) fn end(&self, id: Finding, on_disk: Option<&Groups>) {
        let (_, all) = &mut *self.lock();
        // Gone where it got out of step meanwhile.
        let Some(place) = all.iter().position(|kept| kept.id == id) else { return };
        let mut kept = all.remove(place);
        let fits = |groups: &&Groups| groups.len() <= GROUPS_OF_ONE_MAX;
        let Some(on_disk) = on_disk.filter(fits) else { return };
        if kept.groups.merge(on_disk).is_err() {
            return;
        }
        kept.is_whole = true;
        all.retain(|other| !other.is_whole || other.query != kept.query);
        all.push(kept);
        let mut groups: usize = all.iter().map(|kept| kept.groups.len()).sum();
        while all.len() > KEPT_MAX || groups > KEPT_GROUPS_MAX {
            let Some(oldest) = all.iter().position(|kept| kept.is_whole) else { return };
            groups -= all.remove(oldest).groups.len();
        }
    }

    /// Adds to all of them what a flush wrote.
    pub(crate) fn take(&self, batch: &Batch) {
        let (_, all) = &mut *self.lock();
        all.retain_mut(|kept| {
            if kept.at == batch.to {
                return true;
            }
            let is_next = kept.at == batch.from;
            kept.at = batch.to;
            kept.groups.learn(batch.first_value, &batch.values);
            is_next && kept.groups.add_counted(&batch.counters).is_ok()
        });
    }

    fn lock(&self) -> MutexGuard<'_, (u64, Vec<Kept>)> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
