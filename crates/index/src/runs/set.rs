//! All sealed runs of an environment, and the filter that says which of them to ask.

use std::path::Path;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use chargly_ledger::{KeyHash, Position};
use smallvec::SmallVec;

use super::file::{remove_from, remove_leftovers, run_numbers};
use super::filter::{Column, GROUP_RUNS, Group, Rows, row_count};
use super::{Run, RunError, RunLength, prefix_of};

/// Threads that build the filter at start: it is bound by reading and hashing, and two use both cores of a small
/// machine.
const OPENING_THREADS: usize = 2;

/// The sealed runs of one environment, from number 0 without gaps. Asked by many threads while one adds to it.
pub struct Runs {
    length: RunLength,
    published: ArcSwap<Published>,
    /// Held by whoever adds; readers never wait for it.
    adding: Mutex<()>,
}

/// Runs whose filters a thread builds before it goes over the whole group with them: 11 MiB of full runs.
const OPENING_BATCH_RUNS: usize = 8;

/// Says of a key that it is in no run, without reading any.
pub struct RunsFilter {
    length: RunLength,
    published: Arc<Published>,
}

impl RunsFilter {
    /// The position up to which answers hold.
    pub fn sealed_to(&self) -> Position {
        self.length.first(count(self.published.runs.len()))
    }

    /// Whether a run may have this key: certainly where one has it, and once in some thousand times where none does.
    pub fn may_have(&self, key: KeyHash) -> bool {
        let rows = Rows::of(prefix_of(key), row_count(self.length.facts()));
        let mut groups = self.published.groups.iter().zip(self.published.runs.chunks(GROUP_RUNS));
        groups.any(|(group, runs)| group.candidates(&rows) & (u64::MAX >> (GROUP_RUNS - runs.len())) != 0)
    }
}

/// What readers see: filters may already have bits of a run that is not in the list yet; nobody looks at them.
struct Published {
    runs: Arc<[Arc<Run>]>,
    groups: Vec<Arc<Group>>,
}

impl Runs {
    /// No runs at all.
    pub fn new(length: RunLength) -> Self {
        Self::publish(length, Vec::new(), Vec::new())
    }

    /// Opens every run in the directory of an environment, reads all of their keys into the filter, and removes what
    /// a crash left half written. Only the process that seals runs may do this.
    ///
    /// `progress` is told how many of how many runs are done, from any thread.
    ///
    /// # Errors
    /// When a run is missing, damaged, of another length, or cannot be read.
    pub fn open(
        dir: &Path,
        length: RunLength,
        progress: &(dyn Fn(u32, u32) + Sync),
    ) -> Result<Self, RunError> {
        remove_leftovers(dir)?;
        let numbers = run_numbers(dir)?;
        for (expected, number) in (0..).zip(&numbers) {
            if *number != expected {
                return Err(RunError::Missing { number: expected });
            }
        }
        let runs = numbers.iter().map(|number| Run::open(dir, *number, length).map(Arc::new));
        let runs = runs.collect::<Result<Vec<_>, _>>()?;
        let groups = build_groups(&runs, length, progress)?;
        Ok(Self::publish(length, runs, groups))
    }

    fn publish(length: RunLength, runs: Vec<Arc<Run>>, groups: Vec<Arc<Group>>) -> Self {
        let published = ArcSwap::from_pointee(Published { runs: runs.into(), groups });
        Self { length, published, adding: Mutex::new(()) }
    }

    /// The position after the last sealed run: facts from here on are in no run.
    pub fn sealed_to(&self) -> Position {
        self.length.first(count(self.published.load().runs.len()))
    }

    /// Facts in each run.
    pub fn length(&self) -> RunLength {
        self.length
    }

    /// All runs, by number.
    pub fn all(&self) -> Arc<[Arc<Run>]> {
        Arc::clone(&self.published.load().runs)
    }

    /// Adds the next run. From when this returns, [`Self::find`] covers it. Takes some hundredths of a second for a
    /// full run, in which others may go on asking.
    ///
    /// # Errors
    /// When it is not the next run, or its keys cannot be read; nothing is added then.
    pub fn add(&self, run: Run) -> Result<(), RunError> {
        let _adding = self.adding.lock().unwrap_or_else(PoisonError::into_inner);
        let published = self.published.load_full();
        let number = count(published.runs.len());
        if run.number() != number {
            return Err(RunError::Missing { number });
        }
        let filter = column_of(&run, self.length)?;
        let mut groups = published.groups.clone();
        let column = published.runs.len() % GROUP_RUNS;
        if column == 0 {
            groups.push(Arc::new(Group::with_room_for(1, row_count(self.length.facts()))));
        }
        if let Some(group) = groups.last_mut() {
            if !group.has_column(column) {
                *group = Arc::new(group.widened());
            }
            group.set_columns(column, &[filter]);
        }
        let runs = published.runs.iter().cloned().chain([Arc::new(run)]).collect();
        // The bits first, then the run: whoever sees the run sees its bits.
        self.published.store(Arc::new(Published { runs, groups }));
        Ok(())
    }

    /// The filter as it stands, for asking about many keys.
    pub fn filter(&self) -> RunsFilter {
        RunsFilter { length: self.length, published: self.published.load_full() }
    }

    /// The facts that bound this key, or another of the same first 64 bits, ascending; and the position up to which
    /// that is the whole answer.
    ///
    /// # Errors
    /// When a run that may hold the key is damaged or cannot be read: the key may have been charged already.
    pub fn find(&self, key: KeyHash) -> Result<(SmallVec<[Position; 1]>, Position), RunError> {
        let published = self.published.load();
        Ok((published.find(key, self.length)?, self.length.first(count(published.runs.len()))))
    }

    /// Bytes of memory that the filter takes.
    pub fn filter_bytes(&self) -> usize {
        self.published.load().groups.iter().map(|group| group.bytes()).sum()
    }

    /// Removes the files of runs that reach beyond a position, because the journal does not or a run before is lost.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn truncate(dir: &Path, length: RunLength, to: Position) -> Result<(), RunError> {
        remove_from(dir, length.number_of(to))
    }

    /// Removes the files of all runs.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn remove_all(dir: &Path) -> Result<(), RunError> {
        remove_from(dir, 0)
    }
}

impl Published {
    fn find(&self, key: KeyHash, length: RunLength) -> Result<SmallVec<[Position; 1]>, RunError> {
        let rows = Rows::of(prefix_of(key), row_count(length.facts()));
        let mut found = SmallVec::new();
        for (group, runs) in self.groups.iter().zip(self.runs.chunks(GROUP_RUNS)) {
            // The group may have bits of a run by now that is not in this list.
            let mut candidates = group.candidates(&rows) & (u64::MAX >> (GROUP_RUNS - runs.len()));
            while candidates != 0 {
                found.extend(runs[candidates.trailing_zeros() as usize].find(key)?);
                candidates &= candidates - 1;
            }
        }
        Ok(found)
    }
}

/// The filters of these runs, built by a few threads that each take the next run.
fn build_groups(
    runs: &[Arc<Run>],
    length: RunLength,
    progress: &(dyn Fn(u32, u32) + Sync),
) -> Result<Vec<Arc<Group>>, RunError> {
    let rows = row_count(length.facts());
    let groups: Vec<_> =
        runs.chunks(GROUP_RUNS).map(|group| Arc::new(Group::with_room_for(group.len(), rows))).collect();
    // A batch never crosses groups: groups hold a whole number of them.
    let (next, done) = (AtomicUsize::new(0), AtomicU32::new(0));
    let build = || -> Result<(), RunError> {
        loop {
            let first = next.fetch_add(OPENING_BATCH_RUNS, Ordering::Relaxed);
            let batch: Vec<_> = runs.iter().skip(first).take(OPENING_BATCH_RUNS).collect();
            if batch.is_empty() {
                return Ok(());
            }
            let mut filters = Vec::with_capacity(batch.len());
            for run in batch {
                filters.push(column_of(run, length)?);
                progress(done.fetch_add(1, Ordering::Relaxed) + 1, count(runs.len()));
            }
            groups[first / GROUP_RUNS].set_columns(first % GROUP_RUNS, &filters);
        }
    };
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..OPENING_THREADS.min(runs.len())).map(|_| scope.spawn(build)).collect();
        let own = build();
        let others = others.into_iter().map(|thread| match thread.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        others.fold(own, Result::and)
    })?;
    Ok(groups)
}

fn column_of(run: &Run, length: RunLength) -> Result<Column, RunError> {
    let mut column = Column::new(row_count(length.facts()));
    run.each_key(|prefix, _| column.insert(prefix))?;
    Ok(column)
}

fn count(runs: usize) -> u32 {
    u32::try_from(runs).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use chargly_ledger::{CatalogueChange, CatalogueFact, Fact, KeyNo, Millis, Origin};

    use super::super::RunBuilder;
    use super::*;

    fn run_of(number: u32, length: RunLength, key: KeyHash) -> Run {
        let change = CatalogueChange::KeyRevoked { key: KeyNo(1), dead_at: Millis(0) };
        let origin = Origin { actor: KeyNo(1), key: Some(key) };
        let mut builder = RunBuilder::new(number, length);
        builder.add(builder.next(), Millis(0), &Fact::Catalogue(CatalogueFact { origin, change }));
        Run::decode(builder.encode([0; 32]).unwrap(), number, length).unwrap()
    }

    #[test]
    fn who_asks_while_a_run_is_added_meets_its_bits_and_not_the_run() {
        let (length, key) = (RunLength::new(1).unwrap(), KeyHash([3; 16]));
        let runs = Runs::new(length);
        runs.add(run_of(0, length, KeyHash([1; 16]))).unwrap();
        let before = runs.published.load_full();
        runs.add(run_of(1, length, key)).unwrap();
        assert!(before.find(key, length).unwrap().is_empty());
        assert_eq!(runs.find(key).unwrap(), (SmallVec::from([Position(1)]), Position(2)));
    }
}
