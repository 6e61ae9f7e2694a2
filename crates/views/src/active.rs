//! How many customers were active on which days: distinct customers, since counts of days do not add up to counts of
//! customers.
//!
//! Counting them reads a row for each customer, day and event type, a second for three million; so what was counted is
//! kept, and given again while none of its days has changed. Days that are over hardly do.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chargly_ledger::{EventTypeNo, Millis, Position, WalletNo};

use crate::memory::Reading;
use crate::rollup::{Key, Rollup};
use crate::store::Batch;
use crate::{ViewError, Views};

/// Counts kept: those of a few ranges and questions.
const KEPT_MAX: usize = 16;

/// Days in which the different customers of an event type are counted together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveWindow {
    /// What they used.
    pub event_type: EventTypeNo,
    /// The local days that begin in it.
    pub days: Range<Millis>,
}

/// Different customers who used something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActiveCounts {
    /// On each day on which anybody did, by the instant at which it begins.
    pub days: Vec<(Millis, u32)>,
    /// On each day, of an event type.
    pub types: BTreeMap<(Millis, EventTypeNo), u32>,
    /// In each window, as they were asked.
    pub windows: Vec<u32>,
}

/// Counts that were made before, and since when days are as they are.
pub(crate) struct KeptCounts {
    /// What the file reflected when it was opened: what changed before is not known.
    opened_at: Position,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    /// Behind which position a day's customers are as they are, on disk.
    changed: BTreeMap<i64, Position>,
    /// The one used last at the end.
    kept: Vec<Kept>,
}

struct Kept {
    range: Range<Millis>,
    windows: Vec<ActiveWindow>,
    as_of: Position,
    counts: Arc<ActiveCounts>,
}

impl KeptCounts {
    pub(crate) fn new(opened_at: Position) -> Self {
        Self { opened_at, inner: Mutex::default() }
    }

    /// Takes note of the days that a flush wrote.
    pub(crate) fn take(&self, batch: &Batch) {
        let days: BTreeSet<i64> =
            batch.counters.keys(Rollup::WalletDay).into_iter().map(|[day, ..]| day).collect();
        let changed = &mut self.lock().changed;
        for day in days {
            changed.insert(day, batch.to);
        }
    }

    /// What was counted before, if nothing of it has changed.
    fn get(
        &self,
        range: &Range<Millis>,
        windows: &[ActiveWindow],
        reading: &Reading<'_>,
    ) -> Option<Arc<ActiveCounts>> {
        let Inner { changed, kept } = &mut *self.lock();
        let place = kept.iter().position(|one| one.range == *range && one.windows == *windows)?;
        let one = kept.remove(place);
        if !is_unchanged(changed, self.opened_at, range, one.as_of, reading) {
            return None;
        }
        let counts = Arc::clone(&one.counts);
        kept.push(one);
        Some(counts)
    }

    fn keep(&self, one: Kept) {
        let kept = &mut self.lock().kept;
        kept.retain(|other| other.range != one.range || other.windows != one.windows);
        kept.push(one);
        if kept.len() > KEPT_MAX {
            kept.remove(0);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the days of a range are as they were at a position.
fn is_unchanged(
    changed: &BTreeMap<i64, Position>,
    opened_at: Position,
    range: &Range<Millis>,
    as_of: Position,
    reading: &Reading<'_>,
) -> bool {
    if as_of < opened_at || range.is_empty() {
        return range.is_empty();
    }
    let on_disk = changed.range(range.start.0..range.end.0).any(|(_, at)| *at > as_of);
    let in_memory = || {
        reading.counters().any(|counters| {
            counters.has_key(Rollup::WalletDay, |[day, ..]| (range.start.0..range.end.0).contains(day))
        })
    };
    !on_disk && !in_memory()
}

impl Views {
    /// Whether what customers did on the local days that begin in a range is as it was when the figures stood at a
    /// position. `false` also where that cannot be told: what is in memory only counts as changed.
    ///
    /// # Errors
    /// [`ViewError::Database`] when the file cannot be read; [`ViewError::Moved`] when somebody else writes it.
    pub fn are_days_unchanged(&self, days: &Range<Millis>, as_of: Position) -> Result<bool, ViewError> {
        self.read(|reading| {
            let inner = self.active.lock();
            Ok(is_unchanged(&inner.changed, self.active.opened_at, days, as_of, &reading))
        })
    }

    /// Counts the different customers of the local days that begin at or after `from` and before `to`: of each day, of each
    /// day and event type, and of each window, of which only the days within that range count.
    ///
    /// # Errors
    /// [`ViewError::Damaged`] and [`ViewError::Database`] when the file cannot be read; [`ViewError::Moved`] when somebody
    /// else writes it.
    pub fn active_counts(
        &self,
        from: Millis,
        to: Millis,
        windows: &[ActiveWindow],
    ) -> Result<Arc<ActiveCounts>, ViewError> {
        let range = from..to;
        self.read(|reading| {
            if let Some(counts) = self.active.get(&range, windows, &reading) {
                return Ok(counts);
            }
            let as_of = reading.memory.next;
            let mut counting = CountingActive::new(windows);
            for_each_active_day(reading, &range, |day, wallet, event_type| {
                counting.note(day, wallet, event_type);
            })?;
            let counts = Arc::new(counting.counts());
            let windows = windows.to_vec();
            self.active.keep(Kept { range: range.clone(), windows, as_of, counts: Arc::clone(&counts) });
            Ok(counts)
        })
    }
}

/// Counts customers that come by day, then wallet, then event type.
struct CountingActive<'a> {
    windows: &'a [ActiveWindow],
    of_windows: Vec<HashSet<WalletNo>>,
    days: Vec<(Millis, u32)>,
    last: Option<(Millis, WalletNo)>,
    types: BTreeMap<(Millis, EventTypeNo), u32>,
}

impl<'a> CountingActive<'a> {
    fn new(windows: &'a [ActiveWindow]) -> Self {
        let of_windows = vec![HashSet::new(); windows.len()];
        Self { windows, of_windows, days: Vec::new(), last: None, types: BTreeMap::new() }
    }

    fn note(&mut self, day: Millis, wallet: WalletNo, event_type: EventTypeNo) {
        if self.last != Some((day, wallet)) {
            self.last = Some((day, wallet));
            match self.days.last_mut().filter(|(last, _)| *last == day) {
                Some((_, customers)) => *customers += 1,
                None => self.days.push((day, 1)),
            }
        }
        *self.types.entry((day, event_type)).or_default() += 1;
        for (window, customers) in self.windows.iter().zip(&mut self.of_windows) {
            if window.event_type == event_type && window.days.contains(&day) {
                customers.insert(wallet);
            }
        }
    }

    fn counts(self) -> ActiveCounts {
        let windows = self
            .of_windows
            .iter()
            .map(|customers| u32::try_from(customers.len()).unwrap_or(u32::MAX))
            .collect();
        ActiveCounts { days: self.days, types: self.types, windows }
    }
}

/// Shows every customer's active days of a range: by day, then wallet, then event type, each once.
fn for_each_active_day(
    reading: Reading<'_>,
    range: &Range<Millis>,
    mut show: impl FnMut(Millis, WalletNo, EventTypeNo),
) -> Result<(), ViewError> {
    let mut memory: Vec<Key> = Vec::new();
    for counters in reading.counters() {
        let in_range = |[day, ..]: &Key| (range.start.0..range.end.0).contains(day);
        let parts = counters.parts_where(Rollup::WalletDay, in_range);
        let active = parts.filter(|(key, figures)| figures.events > 0 && key[2] >= 0);
        memory.extend(active.map(|(key, _)| key));
    }
    // What is on disk is read without keeping those who fold waiting.
    let db = reading.db;
    drop(reading.memory);
    memory.sort_unstable();
    memory.dedup();
    let mut memory = memory.into_iter().peekable();
    let mut statement = db.prepare_cached(
        "SELECT day, wallet, event_type FROM wallet_days
         WHERE day >= ?1 AND day < ?2 AND events > 0 AND event_type >= 0
         ORDER BY day, wallet, event_type",
    )?;
    let mut rows = statement.query([range.start.0, range.end.0])?;
    let mut disk = next(&mut rows)?;
    loop {
        let key = match (disk, memory.peek().copied()) {
            (None, None) => return Ok(()),
            (Some(key), None) | (None, Some(key)) => key,
            (Some(a), Some(b)) => a.min(b),
        };
        if disk == Some(key) {
            disk = next(&mut rows)?;
        }
        memory.next_if_eq(&key);
        if let (Ok(wallet), Ok(event_type)) = (u32::try_from(key[1]), u32::try_from(key[2])) {
            show(Millis(key[0]), WalletNo(wallet), EventTypeNo(event_type));
        }
    }
}

fn next(rows: &mut rusqlite::Rows<'_>) -> Result<Option<Key>, ViewError> {
    let key =
        |row: &rusqlite::Row<'_>| -> rusqlite::Result<Key> { Ok([row.get(0)?, row.get(1)?, row.get(2)?]) };
    Ok(rows.next()?.map(key).transpose()?)
}
