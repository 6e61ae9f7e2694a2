//! What each customer's days came to by event type: what is estimated from customers is made from these.

use std::ops::Range;

use chargly_ledger::{EventTypeNo, Millis, WalletNo};

use crate::rollup::{Key, Rollup};
use crate::store::{from_row, select_sql};
use crate::{Figures, ViewError, Views};

impl Views {
    /// Shows the figures of every customer, event type and local day that begins within the range, in no order. What is in
    /// memory of a day and what is on disk of it come one by one: whoever wants sums adds them up. It reads as many rows
    /// as there are, which takes about a second for three million.
    ///
    /// # Errors
    /// What `show` returns; [`ViewError::Damaged`] and [`ViewError::Database`] when the file cannot be read;
    /// [`ViewError::Moved`] when somebody else writes it.
    pub fn for_each_day_of_customers(
        &self,
        range: &Range<Millis>,
        mut show: impl FnMut(WalletNo, EventTypeNo, &Figures) -> Result<(), ViewError>,
    ) -> Result<(), ViewError> {
        let mut visit = |[_, wallet, event_type]: Key, figures: &Figures| {
            // Figures without an event type are of no event.
            match (u32::try_from(wallet), u32::try_from(event_type)) {
                (Ok(wallet), Ok(event_type)) => show(WalletNo(wallet), EventTypeNo(event_type), figures),
                _ => Ok(()),
            }
        };
        self.read(|reading| {
            let is_wanted = |[day, ..]: &Key| (range.start.0..range.end.0).contains(day);
            for counters in reading.counters() {
                let mut parts = counters.parts_where(Rollup::WalletDay, is_wanted);
                parts.try_for_each(|(key, figures)| visit(key, &figures))?;
            }
            // What is on disk is read without keeping those who fold waiting.
            let db = reading.db;
            drop(reading.memory);
            let sql = format!("{} WHERE day >= ?1 AND day < ?2", select_sql(Rollup::WalletDay));
            let mut statement = db.prepare_cached(&sql)?;
            let mut rows = statement.query([range.start.0, range.end.0])?;
            while let Some(row) = rows.next()? {
                let (key, figures) = from_row(Rollup::WalletDay, row)?;
                visit(key, &figures)?;
            }
            Ok(())
        })
    }
}
