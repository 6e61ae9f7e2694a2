//! Which customers were active on which days: what distinct customers are counted from, since counts of days do not
//! add up to counts of customers.

use chargly_ledger::{EventTypeNo, Millis, WalletNo};

use crate::rollup::{Key, Rollup};
use crate::{ViewError, Views};

/// A customer who used an event type on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActiveDay {
    /// When the local day begins.
    pub day: Millis,
    /// Who.
    pub wallet: WalletNo,
    /// What they used.
    pub event_type: EventTypeNo,
}

impl Views {
    /// Shows every customer's active days that begin at or after `from` and before `to`: by day, then wallet, then event
    /// type, each once. It reads as many rows as that, which takes about a second for three million.
    ///
    /// # Errors
    /// [`ViewError::Damaged`] and [`ViewError::Database`] when the file cannot be read; [`ViewError::Moved`] when somebody
    /// else writes it.
    pub fn for_each_active_day(
        &self,
        from: Millis,
        to: Millis,
        mut show: impl FnMut(ActiveDay),
    ) -> Result<(), ViewError> {
        self.read(|reading| {
            let mut memory: Vec<Key> = Vec::new();
            for counters in reading.counters() {
                let parts = counters.parts(Rollup::WalletDay);
                let in_range = parts.filter(|(key, figures)| {
                    (from.0..to.0).contains(&key[0]) && figures.events > 0 && key[2] >= 0
                });
                memory.extend(in_range.map(|(key, _)| key));
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
            let mut rows = statement.query([from.0, to.0])?;
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
                    let (wallet, event_type) = (WalletNo(wallet), EventTypeNo(event_type));
                    show(ActiveDay { day: Millis(key[0]), wallet, event_type });
                }
            }
        })
    }
}

fn next(rows: &mut rusqlite::Rows<'_>) -> Result<Option<Key>, ViewError> {
    let key =
        |row: &rusqlite::Row<'_>| -> rusqlite::Result<Key> { Ok([row.get(0)?, row.get(1)?, row.get(2)?]) };
    Ok(rows.next()?.map(key).transpose()?)
}
