//! Questions about the figures, and answers.

use std::ops::Range;

use chargly_ledger::{Dimension, EventTypeNo, Millis, Position, PriceNo, WalletNo};
use compact_str::CompactString;

use crate::{Figures, ViewError, Views, answer};

/// A question about the figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FiguresQuery {
    /// From when. Time is counted in whole hours of the project's time zone, in whole days where wallets are told apart:
    /// what starts at or after `from` and before `to` is in the answer.
    pub from: Millis,
    /// Until when, exclusive.
    pub to: Millis,
    /// One row for which stretch of time.
    pub interval: Interval,
    /// One row for each of what, all of it together.
    pub by: Vec<By>,
    /// Only of this event type, which leaves out figures whose type is not known.
    pub event_type: Option<EventTypeNo>,
    /// Only of this price version.
    pub price: Option<PriceNo>,
    /// Only of this wallet.
    pub wallet: Option<WalletNo>,
    /// Only of this value of a dimension.
    pub dimension: Option<Dimension>,
}

/// A stretch of time, in the project's time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interval {
    /// The whole range of the question.
    Total,
    /// An hour.
    Hour,
    /// A day, of 23 or 25 hours where the clocks change.
    Day,
    /// Seven days, from Monday on.
    Week,
    /// A month of the calendar.
    Month,
}

/// What rows are told apart by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// Event types.
    EventType,
    /// Price versions.
    Price,
    /// Wallets.
    Wallet,
    /// The values of the declared dimension of this name. Event types that do not declare it are left out.
    Dimension(CompactString),
}

/// An answer, and the journal it reflects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FiguresReport {
    /// The position of the first fact that is not in these figures.
    pub as_of: Position,
    /// When the last fact that is was recorded; [`Millis`] of `i64::MIN` where none was counted since the start.
    pub as_of_at: Millis,
    /// By time, then event type, price version, wallet and value; what is not known comes first. A ranking comes in its own
    /// order.
    pub rows: Vec<FiguresRow>,
}

/// Figures of one group. What the rows are not told apart by is `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FiguresRow {
    /// The start of the interval, be it before the range of the question; `None` for [`Interval::Total`].
    pub start: Option<Millis>,
    /// Its end, exclusive.
    pub end: Option<Millis>,
    /// The event type; `None` also where the facts do not say it (see the crate's introduction).
    pub event_type: Option<EventTypeNo>,
    /// The price version; `None` also where the caller set the credits, or there was no charge.
    pub price: Option<PriceNo>,
    /// The wallet.
    pub wallet: Option<WalletNo>,
    /// The value of the dimension; empty where events have none.
    pub dimension: Option<CompactString>,
    /// The sums.
    pub figures: Figures,
}

impl FiguresQuery {
    /// A question about all events of a range as one row.
    pub const fn of(range: Range<Millis>) -> Self {
        Self {
            from: range.start,
            to: range.end,
            interval: Interval::Total,
            by: Vec::new(),
            event_type: None,
            price: None,
            wallet: None,
            dimension: None,
        }
    }
}

impl Views {
    /// Answers a question from the disk and the memory together.
    ///
    /// The first question about a range reads all rows of it; the same again adds what came since. Time is counted in
    /// whole rows, so the same question a moment later is the same.
    ///
    /// # Errors
    /// [`ViewError::NotAnswerable`] for what no rollup has; [`ViewError::TooManyRows`] beyond
    /// [`crate::QUERY_ROWS_MAX`]; [`ViewError::Damaged`] and [`ViewError::Database`] when the file cannot be read;
    /// [`ViewError::Moved`] when somebody else writes it.
    pub fn figures(&self, query: &FiguresQuery) -> Result<FiguresReport, ViewError> {
        let plan = answer::plan(query)?;
        let query = answer::on_rows(self.zone(), query, &plan);
        self.read(|reading| answer::answer(self, &query, &plan, reading))
    }
}
