//! [`Views`]: the figures of one environment, on disk and in memory together.
//!
//! Three may be at work at once: one thread that folds, one that flushes, and any number that ask. What waits for what:
//! folding waits for nobody but a question's look at the memory; a flush takes what was counted out of the folding
//! thread's way and writes it without a lock; a question reads the file as it stood when it was asked, and adds from
//! memory exactly what that file does not have, be it being written just now.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chargly_ledger::{Fact, Millis, Position};

use crate::active::KeptCounts;
use crate::bases::Bases;
use crate::counting::{Counting, Place};
use crate::fold::{Uncounted, fold, fold_metered};
use crate::kept::KeptAnswers;
use crate::memory::{Memory, Reading};
use crate::schema::unknown_zone;
use crate::setup::Setup;
use crate::store::{Batch, Store, Stored};
use crate::values::Values;
use crate::wallet_days::KeptDays;
use crate::{FILE_NAME, MEMORY_ROWS_MAX, UNFLUSHED_FACTS_MAX, ViewError, Zone};

/// How often a question looks anew because a flush ended between its look at the file and at the memory. A flush takes
/// far longer than that, so the second look is enough, unless somebody else writes the file.
const READ_ATTEMPTS_MAX: u32 = 4;

/// The figures of one environment. There is one writer to a file, and this is it.
pub struct Views {
    pub(crate) store: Store,
    memory: Mutex<Memory>,
    pub(crate) zone: Arc<Zone>,
    pub(crate) bases: Bases,
    pub(crate) kept: KeptAnswers,
    pub(crate) active: KeptCounts,
    pub(crate) kept_days: KeptDays,
}

/// A fact as the journal has it.
#[derive(Clone, Copy, Debug)]
pub struct Encoded<'a> {
    /// Where it stands.
    pub position: Position,
    /// Its binary form.
    pub fact: &'a [u8],
    /// That of its payload, where that is there and not erased.
    pub payload: Option<&'a [u8]>,
}

impl<'a> From<(Position, &'a [u8])> for Encoded<'a> {
    /// A fact without a payload.
    fn from((position, fact): (Position, &'a [u8])) -> Self {
        Self { position, fact, payload: None }
    }
}

impl Views {
    /// Opens `views.db` in `dir`, making it where it is absent. What another version of the software wrote is thrown
    /// away with a line in the log, and these views begin anew at position 0.
    ///
    /// # Errors
    /// [`ViewError::Database`] when it cannot be used, [`ViewError::UnknownZone`] when this software does not know its
    /// time zone.
    pub fn open(dir: &Path) -> Result<Self, ViewError> {
        Self::open_file(&dir.join(FILE_NAME), &Setup::default())
    }

    /// Opens a file of any name, making it where it is absent, to be counted by `setup`: for folding anew beside the old
    /// one. A file that is there keeps the setup it has.
    ///
    /// # Errors
    /// As [`Views::open`].
    pub fn open_file(path: &Path, setup: &Setup) -> Result<Self, ViewError> {
        Self::new(Store::open(path, setup)?)
    }

    /// Opens `views.db` in `dir` to read it as it stands now, while another process may go on writing it: for
    /// `verify`. These views cannot be flushed.
    ///
    /// # Errors
    /// As [`Views::open`], and [`ViewError::OtherVersion`] when another version wrote it.
    pub fn open_snapshot(dir: &Path) -> Result<Self, ViewError> {
        Self::new(Store::open_snapshot(&dir.join(FILE_NAME))?)
    }

    /// Views without a file.
    ///
    /// # Errors
    /// [`ViewError::Database`] when there is no memory for it.
    pub fn in_memory() -> Result<Self, ViewError> {
        Self::in_memory_by(&Setup::default())
    }

    /// Views without a file that count by `setup`: for `verify`, by what the stored ones count by.
    ///
    /// # Errors
    /// As [`Views::in_memory`], and [`ViewError::UnknownZone`].
    pub fn in_memory_by(setup: &Setup) -> Result<Self, ViewError> {
        Self::new(Store::in_memory(setup)?)
    }

    fn new(store: Store) -> Result<Self, ViewError> {
        let Stored { stands_at, setups, values } = store.stored()?;
        let zone = Arc::new(setups.zone().ok_or_else(|| unknown_zone(&setups))?);
        let flushed_values = values.len();
        let memory = Memory {
            counting: Counting::new(Arc::clone(&zone), setups, Values::new(values)),
            handed_out: None,
            next: stands_at,
            next_at: Millis(i64::MIN),
            flushed: stands_at,
            flushed_values,
        };
        Ok(Self {
            store,
            memory: Mutex::new(memory),
            zone,
            bases: Bases::default(),
            kept: KeptAnswers::default(),
            active: KeptCounts::new(stands_at),
            kept_days: KeptDays::default(),
        })
    }

    /// The time zone whose hours and days are counted.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// What these figures are counted by.
    pub fn setup(&self) -> Setup {
        self.memory().counting.setups().used.clone()
    }

    /// What the facts so far ask to be counted by, where that is something else: then the figures are stale, and to be
    /// folded anew from the first fact on.
    pub fn asked_setup(&self) -> Option<Setup> {
        let memory = self.memory();
        let setups = memory.counting.setups();
        setups.are_apart().then(|| setups.asked.clone())
    }

    /// The position of the first fact that is not counted yet: what every figure is "as of".
    pub fn next(&self) -> Position {
        self.memory().next
    }

    /// The position of the first fact that is not counted on disk yet: where a restart goes on.
    pub fn flushed(&self) -> Position {
        self.memory().flushed
    }

    /// How many facts of a journal that goes up to `head` (exclusive) are not in these figures yet. A gauge for metrics:
    /// it returns to 0 whenever the figures are live.
    pub fn lag(&self, head: Position) -> u64 {
        head.0.saturating_sub(self.next().0)
    }

    /// How many facts are counted in memory only: what a start after a crash folds again, at most
    /// [`UNFLUSHED_FACTS_MAX`] and one frame where the caller heeds [`Views::should_flush`].
    pub fn unflushed(&self) -> u64 {
        self.memory().unflushed()
    }

    /// Counts the fact at `position`, recorded at `at`. Facts come densely, each exactly once.
    ///
    /// # Errors
    /// [`ViewError::OutOfOrder`] when it is not the next one; nothing was counted. [`ViewError::Overflow`] when a sum
    /// is too large; these views must then be dropped and opened again.
    pub fn fold(&mut self, position: Position, at: Millis, fact: &Fact) -> Result<(), ViewError> {
        self.fold_with_payload(position, at, fact, None)
    }

    /// As [`Views::fold`], for a fact with a payload that is there and not erased.
    ///
    /// # Errors
    /// As [`Views::fold`], and [`ViewError::Unreadable`].
    pub fn fold_with_payload(
        &mut self,
        position: Position,
        at: Millis,
        fact: &Fact,
        payload: Option<&[u8]>,
    ) -> Result<(), ViewError> {
        let memory = self.memory.get_mut().unwrap_or_else(PoisonError::into_inner);
        memory.expect(position)?;
        let place = Place { position, at, payload };
        fold(&mut memory.counting, place, fact).map_err(|error| error.at(position))?;
        memory.counted(position, at);
        Ok(())
    }

    /// Counts facts as the journal has them, recorded at `at`: those of one chunk, by position. What was counted before
    /// is passed over. Says how many were counted: none while the memory is full, because what was handed out for a
    /// flush could not be written; the journal keeps them until it can.
    ///
    /// Questions wait meanwhile, which is why this takes a chunk and not a whole journal.
    ///
    /// # Errors
    /// As [`Views::fold`], and [`ViewError::Unreadable`]; the facts before the one that failed are counted.
    pub fn fold_encoded<'a>(
        &self,
        at: Millis,
        facts: impl IntoIterator<Item = impl Into<Encoded<'a>>>,
    ) -> Result<u64, ViewError> {
        let mut memory = self.memory();
        let first = memory.next;
        if memory.is_full() {
            return Ok(0);
        }
        for encoded in facts {
            let Encoded { position, fact: bytes, payload } = encoded.into();
            if position < memory.next {
                continue;
            }
            memory.expect(position)?;
            let unreadable = |source| ViewError::Unreadable { position, source };
            let counting = &mut memory.counting;
            let place = Place { position, at, payload };
            match Fact::decode_metered(bytes).map_err(unreadable)? {
                Some((header, request, charge, facets)) => {
                    fold_metered(counting, place, header.wallet, (&request, &charge, facets.as_deref()))
                }
                None => fold(counting, place, &Fact::decode(bytes).map_err(unreadable)?),
            }
            .map_err(|error| error.at(position))?;
            memory.counted(position, at);
        }
        Ok(memory.next.0 - first.0)
    }

    /// Whether so much is in memory that it should be written now, whatever the time since the last flush.
    pub fn should_flush(&self) -> bool {
        let memory = self.memory();
        memory.counting.counters.weight() >= MEMORY_ROWS_MAX || memory.unflushed() >= UNFLUSHED_FACTS_MAX
    }

    /// Writes what was counted so far, and the position it reflects, in one transaction. Folding and questions go on
    /// meanwhile; a second flush waits for the first.
    ///
    /// # Errors
    /// Any; then the figures and [`Views::flushed`] are as they were, and it may be tried again.
    pub fn flush(&self) -> Result<(), ViewError> {
        let mut writer = self.store.writer();
        let goal = self.next();
        // Twice where an earlier flush failed: first what that one left.
        while let Some(batch) = self.hand_out(goal) {
            writer.write(&batch)?;
            self.bases.take(&batch);
            self.kept.take(&batch);
            self.active.take(&batch);
            self.kept_days.take(&batch);
            let mut memory = self.memory();
            memory.flushed = batch.to;
            memory.flushed_values = batch.first_value + batch.values.len();
            memory.handed_out = None;
        }
        Ok(())
    }

    /// What is to be written next to reach `goal`, which stays here until it is.
    fn hand_out(&self, goal: Position) -> Option<Batch> {
        let mut memory = self.memory();
        if memory.flushed >= goal {
            return None;
        }
        if memory.handed_out.is_none() {
            let first_value = memory.flushed_values;
            let counting = &mut memory.counting;
            let (counters, values) = (std::mem::take(&mut counting.counters), counting.values.all());
            let batch = Batch {
                counters: Arc::new(counters),
                values: values.get(first_value..).unwrap_or_default().into(),
                first_value,
                setups: Arc::new(counting.setups().clone()),
                from: memory.flushed,
                to: memory.next,
            };
            memory.handed_out = Some(batch);
        }
        memory.handed_out.clone()
    }

    /// Lends file and memory as they stood at one moment.
    ///
    /// # Errors
    /// Those of `read`, and [`ViewError::Moved`] when somebody else writes the file.
    pub(crate) fn read<T>(
        &self,
        mut read: impl FnMut(Reading<'_>) -> Result<T, ViewError>,
    ) -> Result<T, ViewError> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let result = self.store.read(|db, disk| {
                let memory = self.memory();
                if memory.knows(disk) {
                    return read(Reading { db, disk, memory }).map(Some);
                }
                if attempts < READ_ATTEMPTS_MAX {
                    return Ok(None);
                }
                Err(ViewError::Moved { expected: memory.flushed, found: disk })
            })?;
            if let Some(result) = result {
                return Ok(result);
            }
        }
    }

    /// The memory. Whoever waits for the database, too, takes that first.
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Uncounted {
    const fn at(self, position: Position) -> ViewError {
        match self {
            Self::Overflow => ViewError::Overflow,
            Self::Unreadable(source) => ViewError::Unreadable { position, source },
        }
    }
}
