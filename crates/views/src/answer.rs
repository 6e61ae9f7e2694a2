//! Answering a question: which rollup has it, which of its rows count, and what they add up to.

use std::collections::BTreeMap;
use std::ops::Range;

use chargly_ledger::{Dimension, EventTypeNo, Millis, PriceNo, WalletNo};
use compact_str::CompactString;
use hashbrown::HashMap;
use rusqlite::Connection;

use crate::memory::Reading;
use crate::rollup::{Key, NONE, Rollup};
use crate::store::{from_row, select_sql};
use crate::values::Values;
use crate::{
    By, Figures, FiguresQuery, FiguresReport, FiguresRow, Interval, QUERY_ROWS_MAX, ViewError, Zone,
};

/// How a question is answered.
pub(crate) struct Plan {
    rollup: Rollup,
    by_event_type: bool,
    by_price: bool,
    by_wallet: bool,
    /// The name of the dimension that values are wanted of, be it to tell rows apart or to leave some out.
    name: Option<CompactString>,
    by_value: bool,
}

/// Finds the rollup that has everything a question names.
pub(crate) fn plan(query: &FiguresQuery) -> Result<Plan, ViewError> {
    let no = |why| Err(ViewError::NotAnswerable { why });
    let by = |wanted: &By| query.by.contains(wanted);
    let mut names = query.by.iter().filter_map(|by| match by {
        By::Dimension(name) => Some(name),
        By::EventType | By::Price | By::Wallet => None,
    });
    let (first, second) = (names.next(), names.next());
    let filtered = query.dimension.as_ref().map(|dimension| &dimension.name);
    if second.is_some() || first.is_some_and(|name| filtered.is_some_and(|other| other != name)) {
        return no("several dimensions");
    }
    let (by_price, by_wallet) = (by(&By::Price), by(&By::Wallet));
    let (has_price, has_wallet) = (by_price || query.price.is_some(), by_wallet || query.wallet.is_some());
    let name = first.or(filtered).cloned();
    let rollup = match (has_price, has_wallet, &name) {
        (true, true, _) => return no("price versions and customers"),
        (true, _, Some(_)) => return no("price versions and dimensions"),
        (_, true, Some(_)) => return no("customers and dimensions"),
        (_, true, None) if query.interval == Interval::Hour => return no("customers and hours"),
        (_, true, None) => Rollup::WalletDay,
        (_, _, Some(_)) => Rollup::DimensionHour,
        _ => Rollup::PriceHour,
    };
    let by_event_type = by(&By::EventType);
    Ok(Plan { rollup, by_event_type, by_price, by_wallet, name, by_value: first.is_some() })
}

/// What rows are grouped by: the start of the interval, event type, price version, wallet, and the value's place in
/// the order of values.
type Group = (i64, i64, i64, i64, CompactString);

/// Adds up what is in memory, and then, while folding goes on, what is in the file.
pub(crate) fn answer(
    zone: &Zone,
    query: &FiguresQuery,
    plan: &Plan,
    reading: Reading<'_>,
) -> Result<FiguresReport, ViewError> {
    let values = plan.name.as_ref().map(|name| wanted_values(&reading.memory.counting.values, name, query));
    let mut groups =
        Groups { zone, query, plan, values, interval: Millis(0)..Millis(0), sums: BTreeMap::new() };
    for counters in reading.counters() {
        let mut parts = counters.parts_where(plan.rollup, |key| is_wanted(plan.rollup, query, key));
        parts.try_for_each(|(key, figures)| groups.add(&key, &figures))?;
    }
    let Reading { db, memory, .. } = reading;
    let (as_of, as_of_at) = (memory.next, memory.next_at);
    drop(memory);
    match query.wallet {
        Some(wallet) => {
            scan_wallet(db, zone, query.from..query.to, wallet, &mut |key, figures| {
                groups.add(key, figures)
            })?;
        }
        None => scan(db, plan.rollup, query, &mut |key, figures| groups.add(key, figures))?,
    }
    Ok(FiguresReport { as_of, as_of_at, rows: groups.into_rows() })
}

/// Whether a row may count, by what is cheap to see.
fn is_wanted(rollup: Rollup, query: &FiguresQuery, [bucket, first, _]: &Key) -> bool {
    (query.from.0..query.to.0).contains(bucket)
        && (rollup != Rollup::WalletDay || query.wallet.is_none_or(|wallet| *first == i64::from(wallet.0)))
}

/// The numbers of the values that count.
fn wanted_values(values: &Values, name: &str, query: &FiguresQuery) -> HashMap<i64, CompactString> {
    let is_wanted = |dimension: &Dimension| {
        dimension.name == name && query.dimension.as_ref().is_none_or(|wanted| wanted == dimension)
    };
    let numbered = (0i64..).zip(values.all());
    let wanted = numbered.filter(|(_, value)| is_wanted(&value.dimension));
    wanted.map(|(number, value)| (number, value.dimension.value.clone())).collect()
}

/// Rows of a rollup on their way to the rows of an answer.
struct Groups<'a> {
    zone: &'a Zone,
    query: &'a FiguresQuery,
    plan: &'a Plan,
    values: Option<HashMap<i64, CompactString>>,
    /// The interval of the last row, as the next one is mostly in it, too.
    interval: Range<Millis>,
    sums: BTreeMap<Group, Figures>,
}

impl Groups<'_> {
    fn add(&mut self, key: &Key, figures: &Figures) -> Result<(), ViewError> {
        let Some(group) = self.group_of(*key) else { return Ok(()) };
        let sum = self.sums.entry(group).or_default();
        *sum = sum.checked_add(figures).ok_or(ViewError::Overflow)?;
        if self.sums.len() > QUERY_ROWS_MAX {
            return Err(ViewError::TooManyRows { limit: QUERY_ROWS_MAX });
        }
        Ok(())
    }

    /// The group of a row; `None` for one that does not count.
    fn group_of(&mut self, [bucket, first, second]: Key) -> Option<Group> {
        let (query, plan) = (self.query, self.plan);
        let (event_type, price, wallet, value) = match plan.rollup {
            Rollup::PriceHour => (first, second, NONE, NONE),
            Rollup::WalletDay => (second, NONE, first, NONE),
            Rollup::DimensionHour | Rollup::Books => (first, NONE, NONE, second),
        };
        let is = |wanted: Option<u32>, found: i64| wanted.is_none_or(|wanted| i64::from(wanted) == found);
        let counts = (query.from.0..query.to.0).contains(&bucket)
            && is(query.event_type.map(|no| no.0), event_type)
            && is(query.price.map(|no| no.0), price)
            && is(query.wallet.map(|no| no.0), wallet);
        if !counts {
            return None;
        }
        let value = match &self.values {
            None => CompactString::default(),
            Some(values) => {
                let value = values.get(&value)?;
                if plan.by_value { value.clone() } else { CompactString::default() }
            }
        };
        if !self.interval.contains(&Millis(bucket)) {
            self.interval = self.zone.interval(query.interval, Millis(bucket));
        }
        let if_by = |is_by: bool, number: i64| if is_by { number } else { NONE };
        Some((
            self.interval.start.0,
            if_by(plan.by_event_type, event_type),
            if_by(plan.by_price, price),
            if_by(plan.by_wallet, wallet),
            value,
        ))
    }

    fn into_rows(self) -> Vec<FiguresRow> {
        let Self { zone, query, plan, sums, .. } = self;
        let has_time = query.interval != Interval::Total;
        let rows = sums.into_iter().map(|((start, event_type, price, wallet, value), figures)| {
            let interval = has_time.then(|| zone.interval(query.interval, Millis(start)));
            FiguresRow {
                start: interval.as_ref().map(|range| range.start),
                end: interval.map(|range| range.end),
                event_type: number(event_type).map(EventTypeNo),
                price: number(price).map(PriceNo),
                wallet: number(wallet).map(WalletNo),
                dimension: plan.by_value.then_some(value),
                figures,
            }
        });
        rows.collect()
    }
}

/// Takes in one row.
pub(crate) type Visit<'a> = dyn FnMut(&Key, &Figures) -> Result<(), ViewError> + 'a;

/// Visits the rows on disk within the range.
fn scan(db: &Connection, rollup: Rollup, query: &FiguresQuery, add: &mut Visit<'_>) -> Result<(), ViewError> {
    let bucket = rollup.keys()[0];
    let sql = format!("{} WHERE {bucket} >= ?1 AND {bucket} < ?2", select_sql(rollup));
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query([query.from.0, query.to.0])?;
    while let Some(row) = rows.next()? {
        let (key, figures) = from_row(rollup, row)?;
        add(&key, &figures)?;
    }
    Ok(())
}

/// Visits one wallet's rows on disk within the range: a look at each day there is, as days come first in the key.
pub(crate) fn scan_wallet(
    db: &Connection,
    zone: &Zone,
    range: Range<Millis>,
    wallet: WalletNo,
    add: &mut Visit<'_>,
) -> Result<(), ViewError> {
    let rollup = Rollup::WalletDay;
    let mut days = db.prepare_cached("SELECT min(day) FROM wallet_days WHERE day >= ?1 AND day < ?2")?;
    let sql = format!("{} WHERE day = ?1 AND wallet = ?2", select_sql(rollup));
    let mut statement = db.prepare_cached(&sql)?;
    let mut from = range.start;
    while let Some(day) = days.query_row([from.0, range.end.0], |row| row.get::<_, Option<i64>>(0))? {
        let mut rows = statement.query([day, wallet.0.into()])?;
        while let Some(row) = rows.next()? {
            let (key, figures) = from_row(rollup, row)?;
            add(&key, &figures)?;
        }
        from = zone.day(Millis(day)).end;
    }
    Ok(())
}

/// A number out of a key; `None` for [`NONE`].
fn number(key: i64) -> Option<u32> {
    u32::try_from(key).ok()
}
