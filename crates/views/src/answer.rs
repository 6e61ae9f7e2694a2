//! Answering a question: which rollup has it, which of its rows count, and what they add up to.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use chargly_ledger::{EventTypeNo, Millis, PriceNo, WalletNo};
use compact_str::CompactString;
use hashbrown::HashMap;
use rusqlite::Connection;

use crate::counters::Counters;
use crate::memory::Reading;
use crate::rollup::{Key, NONE, Rollup};
use crate::store::{from_row, select_sql};
use crate::values::Value;
use crate::{
    By, Figures, FiguresQuery, FiguresReport, FiguresRow, Interval, QUERY_ROWS_MAX, ViewError, Views, Zone,
};

/// How a question is answered.
#[derive(Clone)]
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

/// Answers a question from what is kept, from the file and from the memory.
pub(crate) fn answer(
    views: &Views,
    query: &FiguresQuery,
    plan: &Plan,
    reading: Reading<'_>,
) -> Result<FiguresReport, ViewError> {
    let (as_of, as_of_at) = (reading.memory.next, reading.memory.next_at);
    let report = |rows| FiguresReport { as_of, as_of_at, rows };
    let values = reading.memory.counting.values.all();
    let keeps = query.wallet.is_none();
    if let Some((mut groups, at)) = keeps.then(|| views.kept.get(query)).flatten()
        && let Some(counted) = reading.counted_from(at)
    {
        groups.learn(0, values);
        counted.into_iter().try_for_each(|counters| groups.add_counted(counters))?;
        return Ok(report(groups.into_rows()));
    }
    let mut on_disk = Groups::new(&views.zone, query, plan);
    on_disk.learn(0, values);
    let mut counted = on_disk.clone();
    reading.counters().try_for_each(|counters| counted.add_counted(counters))?;
    // While the memory is held no flush can end unseen.
    let finding = keeps.then(|| views.kept.begin(query, on_disk.clone(), reading.disk));
    let db = reading.db;
    // What is on disk is read without keeping those who fold waiting.
    drop(reading.memory);
    let found = on_disk.add_stored(db);
    if let Some(finding) = finding {
        views.kept.end(finding, found.is_ok().then_some(&on_disk));
    }
    found?;
    on_disk.merge(&counted)?;
    Ok(report(on_disk.into_rows()))
}

/// The same question with its range widened or narrowed to where the rows of its rollup begin: it has the same answer at
/// whatever minute it is asked.
pub(crate) fn on_rows(zone: &Zone, query: &FiguresQuery, plan: &Plan) -> FiguresQuery {
    let interval = match plan.rollup {
        Rollup::PriceHour | Rollup::DimensionHour => Interval::Hour,
        Rollup::WalletDay | Rollup::Books => Interval::Day,
    };
    let FiguresQuery { from, to, .. } = *query;
    FiguresQuery {
        from: begin_from(zone, interval, from),
        to: begin_from(zone, interval, to),
        ..query.clone()
    }
}

/// The first instant from `at` on at which an interval begins.
pub(crate) fn begin_from(zone: &Zone, interval: Interval, at: Millis) -> Millis {
    let range = zone.interval(interval, at);
    if range.start == at { at } else { range.end }
}

/// Rows of a rollup on their way to the rows of an answer.
#[derive(Clone)]
pub(crate) struct Groups {
    zone: Arc<Zone>,
    query: FiguresQuery,
    plan: Plan,
    /// The values that count, by number, where any are wanted.
    values: HashMap<i64, CompactString>,
    /// How many values were looked at for that.
    values_known: usize,
    /// The interval of the last row, as the next one is mostly in it, too.
    interval: Range<Millis>,
    sums: BTreeMap<Group, Figures>,
}

impl Groups {
    fn new(zone: &Arc<Zone>, query: &FiguresQuery, plan: &Plan) -> Self {
        Self {
            zone: Arc::clone(zone),
            query: query.clone(),
            plan: plan.clone(),
            values: HashMap::new(),
            values_known: 0,
            interval: Millis(0)..Millis(0),
            sums: BTreeMap::new(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.sums.len()
    }

    /// Takes note of values of dimensions, of which `values[0]` has the number `first`.
    pub(crate) fn learn(&mut self, first: usize, values: &[Value]) {
        let Some(name) = &self.plan.name else { return };
        let wanted = self.query.dimension.as_ref();
        let unknown = (first..).zip(values).skip(self.values_known.saturating_sub(first));
        for (place, Value { dimension, .. }) in unknown {
            if dimension.name == *name
                && wanted.is_none_or(|wanted| wanted == dimension)
                && let Ok(number) = i64::try_from(place)
            {
                self.values.insert(number, dimension.value.clone());
            }
        }
        self.values_known = self.values_known.max(first + values.len());
    }

    /// Adds what was counted in memory.
    pub(crate) fn add_counted(&mut self, counters: &Counters) -> Result<(), ViewError> {
        let (rollup, range) = (self.plan.rollup, self.query.from.0..self.query.to.0);
        let wallet = self.query.wallet.filter(|_| rollup == Rollup::WalletDay).map(|no| i64::from(no.0));
        // By what is cheap to see.
        let is_wanted =
            |[bucket, first, _]: &Key| range.contains(bucket) && wallet.is_none_or(|wallet| *first == wallet);
        counters.parts_where(rollup, is_wanted).try_for_each(|(key, figures)| self.add(&key, &figures))
    }

    /// Adds what is on disk.
    fn add_stored(&mut self, db: &Connection) -> Result<(), ViewError> {
        let (rollup, range) = (self.plan.rollup, self.query.from..self.query.to);
        match self.query.wallet {
            Some(wallet) => {
                let zone = Arc::clone(&self.zone);
                scan_wallet(db, &zone, range, wallet, &mut |key, figures| self.add(key, figures))
            }
            None => scan(db, rollup, &range, &mut |key, figures| self.add(key, figures)),
        }
    }

    /// Adds the sums of another that answers the same question.
    pub(crate) fn merge(&mut self, other: &Self) -> Result<(), ViewError> {
        other.sums.iter().try_for_each(|(group, figures)| self.add_to(group.clone(), figures))
    }

    fn add(&mut self, key: &Key, figures: &Figures) -> Result<(), ViewError> {
        let Some(group) = self.group_of(*key) else { return Ok(()) };
        self.add_to(group, figures)
    }

    fn add_to(&mut self, group: Group, figures: &Figures) -> Result<(), ViewError> {
        let sum = self.sums.entry(group).or_default();
        *sum = sum.checked_add(figures).ok_or(ViewError::Overflow)?;
        if self.sums.len() > QUERY_ROWS_MAX {
            return Err(ViewError::TooManyRows { limit: QUERY_ROWS_MAX });
        }
        Ok(())
    }

    /// The group of a row; `None` for one that does not count.
    fn group_of(&mut self, [bucket, first, second]: Key) -> Option<Group> {
        let (query, plan) = (&self.query, &self.plan);
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
        let value = match &plan.name {
            None => CompactString::default(),
            Some(_) => {
                let value = self.values.get(&value)?;
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
fn scan(
    db: &Connection,
    rollup: Rollup,
    range: &Range<Millis>,
    add: &mut Visit<'_>,
) -> Result<(), ViewError> {
    let bucket = rollup.keys()[0];
    let sql = format!("{} WHERE {bucket} >= ?1 AND {bucket} < ?2", select_sql(rollup));
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query([range.start.0, range.end.0])?;
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
