//! Figures: reports made of the rollups, and of what the lots still owe.
//!
//! Nothing is computed here that a door could compute otherwise: [`Line`] says what sums mean, `ratios` divides them,
//! in integers. Queries run beside the writer and never wait for it, but for [`Environment::deferred`], which reads the
//! lots in small turns.
//!
//! Not owned here: what is counted (`views`), names and forms of columns (the doors).

mod aged;
mod burn;
mod burn_down;
mod customers;
mod deferred;
mod glossary;
mod lots;
mod margin_ranges;
mod ratios;

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use chargly_ledger::{Millis, Position};
use chargly_views::{
    BooksReport, BooksRow, By, Figures, FiguresQuery, FiguresReport, FiguresRow, Interval, QUERY_ROWS_MAX,
    ViewError, Zone,
};

use crate::environment::Environment;
use crate::outcome::CallError;

pub use aged::{Aged, Calendar, KINDS, MONTHS_MAX, Owed, OwedByKind};
pub use burn::{ACTIVE_DAYS_MIN, BURN_DAYS, Burn};
pub(crate) use burn_down::BurnDownCache;
pub use burn_down::{BurnDown, BurnDownQuery, Cohort, Moved, TooManyFacts};
pub use customers::{CustomerLine, CustomersPage};
pub use deferred::Deferred;
pub(crate) use deferred::DeferredCache;
pub use glossary::{CostLine, Line};
pub(crate) use lots::TURN_LOTS_MAX;
pub use lots::{LotSums, LotsSlice};
pub use margin_ranges::MarginRanges;
pub(crate) use margin_ranges::MarginRangesCache;
pub use ratios::{CreditValue, ValueSource, margin_bp, per_credit_nano, share_bp};

/// How long a caller waits for figures to reflect a position: folding is a tenth of a second behind, or far.
const WAIT: Duration = Duration::from_secs(5);
/// How often it is looked whether they do.
const LOOK_EVERY: Duration = Duration::from_millis(10);

impl Environment {
    /// The local day an instant is in, in the time zone of the figures.
    pub fn day_of(&self, at: Millis) -> Range<Millis> {
        self.views().zone().day(at)
    }

    /// When a date like `2026-11-23` begins, in the time zone of the figures; `None` for what is no date.
    pub fn begin_of_date(&self, text: &str) -> Option<Millis> {
        let is_date = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        let date = text.parse().ok().filter(|_| is_date)?;
        Some(self.views().zone().begin_of(date))
    }

    /// Figures by event type, price version, customer or dimension. Waits until they reflect `at_least`.
    pub async fn figures(
        self: &Arc<Self>,
        query: FiguresQuery,
        at_least: Option<Position>,
    ) -> Result<FiguresReport, CallError> {
        self.viewing(at_least, move |env| {
            let views = env.views();
            let mut report = views.figures(&query)?;
            report.as_of_at = env.time_before(report.as_of, report.as_of_at);
            if query.by.is_empty() { with_empty_periods(views.zone(), &query, report) } else { Ok(report) }
        })
        .await
    }

    /// Where a report of this range really begins: its hour, or the local day where customers are told apart.
    pub fn begin_of_report(&self, query: &FiguresQuery) -> Millis {
        let views = self.views();
        let zone = views.zone();
        if query.wallet.is_some() || query.by.contains(&By::Wallet) {
            zone.day(query.from).start
        } else {
            zone.hour(query.from).start
        }
    }

    /// The books of whole days: what was sold, refunded, recognised. Waits until they reflect `at_least`.
    pub async fn books(
        self: &Arc<Self>,
        range: Range<Millis>,
        interval: Interval,
        at_least: Option<Position>,
    ) -> Result<BooksReport, CallError> {
        self.viewing(at_least, move |env| {
            let mut books = env.views().books(range.start, range.end, interval)?;
            books.as_of_at = env.time_before(books.as_of, books.as_of_at);
            Ok(books)
        })
        .await
    }

    /// What a credit is worth in planning: as set, else what was really paid for one, else what one costs in the cheapest
    /// pack for sale, else nothing.
    pub async fn credit_value(self: &Arc<Self>) -> Result<Option<CreditValue>, CallError> {
        if let Some(nano) = self.catalogue().settings.credit_value_nano {
            return Ok(Some(CreditValue::set(nano)));
        }
        let always = Millis(0)..Millis::NEVER;
        let books = self.books(always, Interval::Total, None).await?;
        Ok(paid_value(&books).or_else(|| CreditValue::of_packs(&self.catalogue())))
    }

    /// Asks the rollups on a thread that may wait for the disk, once they reflect `at_least`.
    pub(crate) async fn viewing<T: Send + 'static>(
        self: &Arc<Self>,
        at_least: Option<Position>,
        ask: impl FnOnce(&Self) -> Result<T, ViewError> + Send + 'static,
    ) -> Result<T, CallError> {
        if let Some(position) = at_least {
            self.wait_for_figures(position).await?;
        }
        let env = Arc::clone(self);
        self.blocking(move || Ok(ask(&env)?)).await
    }

    /// The time of the last fact before a position: as the rollups know it, else, after a start, as the journal does.
    pub(in crate::usecases) fn time_before(&self, position: Position, known: Millis) -> Millis {
        if known.0 != i64::MIN {
            return known;
        }
        let last = position.0.checked_sub(1).map(Position);
        let chunk = last.and_then(|last| self.facts().chunk_at(last).ok().flatten());
        chunk.map_or(Millis(0), |chunk| Millis(chunk.at_ms))
    }

    async fn wait_for_figures(&self, position: Position) -> Result<(), CallError> {
        let reached = async {
            while self.views().next() < position {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        tokio::time::timeout(WAIT, reached).await.map_err(|_| CallError::FiguresBehind { position })
    }
}

/// A row for every period of the range, also for those in which nothing happened.
fn with_empty_periods(
    zone: &Zone,
    query: &FiguresQuery,
    report: FiguresReport,
) -> Result<FiguresReport, ViewError> {
    let mut found = report.rows.into_iter().peekable();
    let (mut rows, mut at) = (Vec::new(), query.from);
    while at < query.to {
        if rows.len() == QUERY_ROWS_MAX {
            return Err(ViewError::TooManyRows { limit: QUERY_ROWS_MAX });
        }
        let period = zone.interval(query.interval, at);
        let row = found.next_if(|row| row.start.is_none_or(|start| start < period.end));
        let (start, end) = match query.interval {
            Interval::Total => (None, None),
            _ => (Some(period.start), Some(period.end)),
        };
        let empty = || FiguresRow {
            start,
            end,
            event_type: None,
            price: None,
            wallet: None,
            dimension: None,
            figures: Figures::default(),
        };
        rows.push(row.unwrap_or_else(empty));
        at = period.end;
    }
    Ok(FiguresReport { rows, ..report })
}

/// What was really paid for a credit, by the books of all of time.
pub(in crate::usecases) fn paid_value(books: &BooksReport) -> Option<CreditValue> {
    let books = total(books);
    CreditValue::paid(books.sales_nano, books.paid_granted_micro)
}

/// The books of all periods together.
fn total(books: &BooksReport) -> Figures {
    let add = |sum: Figures, row: &BooksRow| sum.checked_add(&row.figures).unwrap_or(sum);
    books.rows.iter().fold(Figures::default(), add)
}

/// What these books add to deferred revenue: sold, less refunded and recognised, in nano-units.
pub fn deferred_nano(books: &Figures) -> i128 {
    books.sales_nano - books.refunded_nano - books.recognised_nano()
}
