//! Questions about the figures: which facts, grouped how.

use std::collections::BTreeMap;

use chargly_ledger::{EventTypeNo, Millis, Position, PriceNo, WalletNo};
use rusqlite::Connection;

use crate::rollup::{Key, NONE, Rollup};
use crate::store::{from_row, select_sql};
use crate::views::Reading;
use crate::{Figures, QUERY_ROWS_MAX, ViewError, Views};

/// A question about the figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsageQuery {
    /// One row for what.
    pub grouping: Grouping,
    /// From when. Time is counted in whole hours (in whole days where wallets are told apart), in UTC: what starts
    /// at or after `from` and before `to` is in the answer.
    pub from: Millis,
    /// Until when, exclusive.
    pub to: Millis,
    /// Only events of this type, which leaves out figures whose type is not known.
    pub event_type: Option<EventTypeNo>,
}

/// One row for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grouping {
    /// Each event type, over the whole range.
    EventType,
    /// Each event type, price version and hour.
    EventTypePriceHour,
    /// Each wallet, event type and day; of one wallet, or of all.
    WalletEventTypeDay(Option<WalletNo>),
}

/// An answer, and the journal it reflects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// The position of the first fact that is not in these figures.
    pub as_of: Position,
    /// By time, then wallet, event type and price version; what is not known comes first.
    pub rows: Vec<UsageRow>,
}

/// Figures of one group. What the rows are not grouped by is `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsageRow {
    /// The start of the hour or day.
    pub start: Option<Millis>,
    /// The wallet.
    pub wallet: Option<WalletNo>,
    /// The event type; `None` where the facts do not say it (see the crate's introduction).
    pub event_type: Option<EventTypeNo>,
    /// The price version; `None` also where the caller set the credits, or there was no charge.
    pub price: Option<PriceNo>,
    /// The sums.
    pub figures: Figures,
}

impl Views {
    /// Answers a question from the disk and the memory together.
    ///
    /// # Errors
    /// [`ViewError::TooManyRows`] beyond [`QUERY_ROWS_MAX`]; [`ViewError::Damaged`] and [`ViewError::Database`] when
    /// the file cannot be read; [`ViewError::Moved`] when somebody else writes it.
    pub fn totals(&self, query: &UsageQuery) -> Result<Usage, ViewError> {
        self.read(|reading| totals(query, reading))
    }
}

/// Adds up what is in memory, and then, while folding goes on, what is in the file.
fn totals(query: &UsageQuery, reading: Reading<'_>) -> Result<Usage, ViewError> {
    let rollup = query.grouping.rollup();
    let mut groups: BTreeMap<Key, Figures> = BTreeMap::new();
    let mut add = |key: &Key, figures: &Figures| -> Result<(), ViewError> {
        if !query.includes(key) {
            return Ok(());
        }
        let group = groups.entry(query.grouping.group_of(*key)).or_default();
        *group = group.checked_add(figures).ok_or(ViewError::Overflow)?;
        if groups.len() > QUERY_ROWS_MAX {
            return Err(ViewError::TooManyRows { limit: QUERY_ROWS_MAX });
        }
        Ok(())
    };
    for counters in reading.counters() {
        counters.parts(rollup).try_for_each(|(key, figures)| add(&key, &figures))?;
    }
    let Reading { db, memory, .. } = reading;
    let as_of = memory.next;
    drop(memory);
    match query.grouping {
        Grouping::WalletEventTypeDay(Some(wallet)) => scan_wallet(db, query, wallet, &mut add)?,
        Grouping::EventType | Grouping::EventTypePriceHour | Grouping::WalletEventTypeDay(None) => {
            scan(db, query, &mut add)?;
        }
    }
    let rows = groups.into_iter().map(|(key, figures)| query.grouping.row(key, figures)).collect();
    Ok(Usage { as_of, rows })
}

/// Visits the rows on disk within the range.
fn scan(db: &Connection, query: &UsageQuery, add: &mut Visit<'_>) -> Result<(), ViewError> {
    let rollup = query.grouping.rollup();
    let [bucket, ..] = rollup.keys();
    let sql = format!("{} WHERE {bucket} >= ?1 AND {bucket} < ?2", select_sql(rollup));
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query(query.buckets())?;
    while let Some(row) = rows.next()? {
        let (key, figures) = from_row(rollup, row)?;
        add(&key, &figures)?;
    }
    Ok(())
}

/// Visits one wallet's rows on disk within the range: a look at each day there is, as days come first in the key.
fn scan_wallet(
    db: &Connection,
    query: &UsageQuery,
    wallet: WalletNo,
    add: &mut Visit<'_>,
) -> Result<(), ViewError> {
    let rollup = Rollup::WalletDay;
    let [first, end] = query.buckets();
    let mut days = db.prepare_cached("SELECT min(day) FROM wallet_days WHERE day >= ?1 AND day < ?2")?;
    let sql = format!("{} WHERE day = ?1 AND wallet = ?2", select_sql(rollup));
    let mut statement = db.prepare_cached(&sql)?;
    let mut from = first;
    while let Some(day) = days.query_row([from, end], |row| row.get::<_, Option<i64>>(0))? {
        let mut rows = statement.query([day, wallet.0.into()])?;
        while let Some(row) = rows.next()? {
            let (key, figures) = from_row(rollup, row)?;
            add(&key, &figures)?;
        }
        from = day + 1;
    }
    Ok(())
}

/// Takes in one row.
type Visit<'a> = dyn FnMut(&Key, &Figures) -> Result<(), ViewError> + 'a;

impl UsageQuery {
    /// The first bucket of the range, and the first behind it.
    fn buckets(&self) -> [i64; 2] {
        let rollup = self.grouping.rollup();
        [rollup.bucket_from(self.from.0), rollup.bucket_from(self.to.0)]
    }

    fn includes(&self, key: &Key) -> bool {
        let [first, end] = self.buckets();
        let (bucket, event_type, wallet) = match (self.grouping.rollup(), *key) {
            (Rollup::PriceHour, [hour, event_type, _]) => (hour, event_type, None),
            (Rollup::WalletDay, [day, wallet, event_type]) => (day, event_type, Some(wallet)),
        };
        let wanted = match self.grouping {
            Grouping::WalletEventTypeDay(Some(wanted)) => wallet == Some(i64::from(wanted.0)),
            Grouping::WalletEventTypeDay(None) | Grouping::EventType | Grouping::EventTypePriceHour => true,
        };
        (first..end).contains(&bucket)
            && wanted
            && self.event_type.is_none_or(|wanted| event_type == i64::from(wanted.0))
    }
}

impl Grouping {
    const fn rollup(self) -> Rollup {
        match self {
            Self::EventType | Self::EventTypePriceHour => Rollup::PriceHour,
            Self::WalletEventTypeDay(_) => Rollup::WalletDay,
        }
    }

    /// The key of the group that a row belongs to.
    const fn group_of(self, key: Key) -> Key {
        match self {
            Self::EventType => [NONE, key[1], NONE],
            Self::EventTypePriceHour | Self::WalletEventTypeDay(_) => key,
        }
    }

    fn row(self, key: Key, figures: Figures) -> UsageRow {
        let row = UsageRow { start: None, wallet: None, event_type: None, price: None, figures };
        let start = |bucket: i64| Some(Millis(bucket.saturating_mul(self.rollup().bucket_ms())));
        match self {
            Self::EventType => UsageRow { event_type: number(key[1]).map(EventTypeNo), ..row },
            Self::EventTypePriceHour => UsageRow {
                start: start(key[0]),
                event_type: number(key[1]).map(EventTypeNo),
                price: number(key[2]).map(PriceNo),
                ..row
            },
            Self::WalletEventTypeDay(_) => UsageRow {
                start: start(key[0]),
                wallet: number(key[1]).map(WalletNo),
                event_type: number(key[2]).map(EventTypeNo),
                ..row
            },
        }
    }
}

/// A number out of a key; `None` for [`NONE`].
fn number(key: i64) -> Option<u32> {
    u32::try_from(key).ok()
}
