//! The books: what was sold, refunded and recognised, by when it was recorded.
//!
//! Other than usage, which belongs to when it occurred, money is booked on the day its fact was recorded, so a closed day
//! never changes. What is deferred at the end of a day is all sales so far, less what was refunded and recognised: the
//! same as what lots have left of their price.

use std::collections::BTreeMap;
use std::ops::Range;

use chargly_ledger::{Millis, Position};

use crate::memory::Reading;
use crate::rollup::Rollup;
use crate::store::{from_row, select_sql};
use crate::{Figures, Interval, ViewError, Views, Zone};

/// The books of a range of time, and the journal they reflect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BooksReport {
    /// The position of the first fact that is not in them.
    pub as_of: Position,
    /// When the last fact that is was recorded; [`Millis`] of `i64::MIN` where none was counted since the start.
    pub as_of_at: Millis,
    /// Nano-units deferred before the range: sold, and neither refunded nor recognised yet.
    pub opening_deferred_nano: i128,
    /// By time. Intervals in which nothing was booked are left out.
    pub rows: Vec<BooksRow>,
}

/// What was booked in one interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BooksRow {
    /// The start of the interval, be it before the range asked for; `None` for [`Interval::Total`].
    pub start: Option<Millis>,
    /// Its end, exclusive.
    pub end: Option<Millis>,
    /// What was booked: credits charged, given back, settled and lapsed with their revenue, and from `sales_nano` on what
    /// came in and went back. All else is 0.
    pub figures: Figures,
    /// Nano-units deferred at its end.
    pub deferred_nano: i128,
}

impl Views {
    /// The books by day of recording: the days that start at or after `from` and before `to`.
    ///
    /// # Errors
    /// [`ViewError::NotAnswerable`] for hours, which the books do not have; else as [`Views::figures`].
    pub fn books(&self, from: Millis, to: Millis, interval: Interval) -> Result<BooksReport, ViewError> {
        if interval == Interval::Hour {
            return Err(ViewError::NotAnswerable { why: "books and hours" });
        }
        self.read(|reading| books(self.zone(), from..to, interval, reading))
    }
}

fn books(
    zone: &Zone,
    range: Range<Millis>,
    interval: Interval,
    reading: Reading<'_>,
) -> Result<BooksReport, ViewError> {
    let (mut opening_deferred_nano, mut sums) = (0i128, BTreeMap::<Millis, Figures>::new());
    let mut add = |day: Millis, figures: &Figures| {
        if day < range.start {
            opening_deferred_nano = opening_deferred_nano.checked_add(deferred(figures))?;
        } else if day < range.end {
            let sum = sums.entry(zone.interval(interval, day).start).or_default();
            *sum = sum.checked_add(figures)?;
        }
        Some(())
    };
    for counters in reading.counters() {
        for ([day, ..], figures) in counters.parts(Rollup::Books) {
            add(Millis(day), &figures).ok_or(ViewError::Overflow)?;
        }
    }
    let Reading { db, memory, .. } = reading;
    let (as_of, as_of_at) = (memory.next, memory.next_at);
    drop(memory);
    let mut statement = db.prepare_cached(&select_sql(Rollup::Books))?;
    let mut stored = statement.query([])?;
    while let Some(row) = stored.next()? {
        let ([day, ..], figures) = from_row(Rollup::Books, row)?;
        add(Millis(day), &figures).ok_or(ViewError::Overflow)?;
    }
    let mut deferred_nano = opening_deferred_nano;
    let rows = sums.into_iter().map(|(start, figures)| {
        deferred_nano = deferred_nano.checked_add(deferred(&figures)).ok_or(ViewError::Overflow)?;
        let range = (interval != Interval::Total).then(|| zone.interval(interval, start));
        let (start, end) = range.map_or((None, None), |range| (Some(range.start), Some(range.end)));
        Ok(BooksRow { start, end, figures, deferred_nano })
    });
    let rows = rows.collect::<Result<_, ViewError>>()?;
    Ok(BooksReport { as_of, as_of_at, opening_deferred_nano, rows })
}

/// What these figures add to the money that is deferred.
const fn deferred(figures: &Figures) -> i128 {
    figures.sales_nano.saturating_sub(figures.refunded_nano).saturating_sub(figures.recognised_nano())
}
