//! Figures: reports made of the rollups, and of what the lots still owe.
//!
//! Nothing is computed here that a door could compute otherwise: [`Line`] says what sums mean, `ratios` divides them,
//! in integers. Queries run beside the writer and never wait for it, but for [`Environment::deferred`], which reads the
//! lots in small turns.
//!
//! Not owned here: what is counted (`views`), names and forms of columns (the doors).

mod burn;
mod customers;
mod deferred;
mod glossary;
mod lots;
mod ratios;

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use chargly_ledger::{Millis, Position};
use chargly_views::{BooksReport, BooksRow, Figures, FiguresQuery, FiguresReport, Interval, ViewError};

use crate::environment::Environment;
use crate::outcome::CallError;

pub use burn::{ACTIVE_DAYS_MIN, BURN_DAYS, Burn};
pub use customers::{CustomerLine, CustomersPage};
pub use deferred::Deferred;
pub(crate) use deferred::DeferredCache;
pub use glossary::{CostLine, Line};
pub use lots::{LotSums, LotsSlice};
pub use ratios::{CreditValue, margin_bp, per_credit_nano, share_bp};

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
        self.viewing(at_least, move |env| env.views().figures(&query)).await
    }

    /// The books of whole days: what was sold, refunded, recognised. Waits until they reflect `at_least`.
    pub async fn books(
        self: &Arc<Self>,
        range: Range<Millis>,
        interval: Interval,
        at_least: Option<Position>,
    ) -> Result<BooksReport, CallError> {
        self.viewing(at_least, move |env| env.views().books(range.start, range.end, interval)).await
    }

    /// What a credit is worth in planning: as set, else what was really paid for one, else nothing.
    pub async fn credit_value(self: &Arc<Self>) -> Result<Option<CreditValue>, CallError> {
        if let Some(nano) = self.catalogue().settings.credit_value_nano {
            return Ok(Some(CreditValue::set(nano)));
        }
        let always = Millis(0)..Millis::NEVER;
        let books = self.books(always, Interval::Total, None).await?;
        let books = total(&books);
        Ok(CreditValue::paid(books.sales_nano, books.paid_granted_micro))
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

    async fn wait_for_figures(&self, position: Position) -> Result<(), CallError> {
        let reached = async {
            while self.views().next() < position {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        tokio::time::timeout(WAIT, reached).await.map_err(|_| CallError::FiguresBehind { position })
    }
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
