//! Wallets by how much they used, brought in or cost.

use std::cmp::Reverse;

use chargly_ledger::WalletNo;
use hashbrown::HashMap;
use rusqlite::Connection;

use crate::answer::{plan, scan_wallet};
use crate::bases::{Base, ByWallet, Scope, Sums, add, add_counted, wallet_of};
use crate::counters::Counters;
use crate::memory::Reading;
use crate::rollup::{Key, Rollup};
use crate::store::{from_row, select_sql};
use crate::{By, Figures, FiguresQuery, FiguresReport, FiguresRow, Interval, ViewError, Views, Zone};

/// What wallets are ranked by, the largest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ranking {
    /// Credits used: [`Figures::used_micro`].
    Credits,
    /// Revenue recognised: [`Figures::recognised_nano`].
    Revenue,
    /// What they cost the operator.
    Cost,
    /// What is left: [`Figures::contribution_nano`].
    Contribution,
    /// What is missing: less than nothing of [`Ranking::Contribution`], so that who costs more than they pay comes first.
    Loss,
    /// Meter events.
    Events,
}

/// How many wallets did what in a range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WalletCounts {
    /// Have meter events.
    pub active: usize,
    /// Brought in revenue.
    pub paying: usize,
    /// Cost more than they brought in, by the costs that are known.
    pub losing: usize,
}

impl WalletCounts {
    fn add(&mut self, events: i128, recognised_nano: i128, cost_nano: i128) {
        self.active += usize::from(events > 0);
        self.paying += usize::from(recognised_nano > 0);
        self.losing += usize::from(recognised_nano < cost_nano);
    }
}

/// Where a page of a ranking ended: the next one begins behind it, even where figures have moved meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct After {
    /// What the last wallet was ranked by.
    pub value: i128,
    /// Which it was.
    pub wallet: WalletNo,
}

impl Ranking {
    /// What a row is ranked by.
    pub const fn value(self, figures: &Figures) -> i128 {
        match self {
            Self::Credits => figures.used_micro(),
            Self::Revenue => figures.recognised_nano(),
            Self::Cost => figures.cost_nano,
            Self::Contribution => figures.contribution_nano(),
            Self::Loss => figures.contribution_nano().saturating_neg(),
            Self::Events => figures.events,
        }
    }

    fn value_of(self, sums: &Sums) -> i128 {
        match self {
            Self::Credits => sums.used_micro.into(),
            Self::Revenue => sums.recognised_nano.into(),
            Self::Cost => sums.cost_nano.into(),
            Self::Contribution => i128::from(sums.recognised_nano) - i128::from(sums.cost_nano),
            Self::Loss => i128::from(sums.cost_nano) - i128::from(sums.recognised_nano),
            Self::Events => sums.events.into(),
        }
    }

    /// Where a page ended that ended with this row.
    pub fn after(self, row: &FiguresRow) -> Option<After> {
        row.wallet.map(|wallet| After { value: self.value(&row.figures), wallet })
    }
}

impl Views {
    /// The first `limit` wallets of a ranking behind `after`, with the figures of the whole range; of equal ones the older
    /// wallet first. Intervals and what to tell apart count for nothing.
    ///
    /// The first question about a range and event type adds up all of it, which takes seconds where there are millions of
    /// rows; from then on the sums are kept up to date.
    ///
    /// # Errors
    /// [`ViewError::NotAnswerable`] for price versions and dimensions; else as [`Views::figures`].
    pub fn top_wallets(
        &self,
        query: &FiguresQuery,
        ranking: Ranking,
        limit: usize,
        after: Option<After>,
    ) -> Result<FiguresReport, ViewError> {
        let query = FiguresQuery { by: vec![By::Wallet], interval: Interval::Total, ..query.clone() };
        plan(&query)?;
        let page = Page { ranking, limit, after };
        if query.wallet.is_some() {
            return self.top_by_rows(&query, page);
        }
        let scope = Scope::of(&query, self.zone());
        if let Some(report) = self.top_by_base(&scope, page)? {
            return Ok(report);
        }
        let _making = self.bases.making();
        if let Some(report) = self.top_by_base(&scope, page)? {
            return Ok(report);
        }
        match self.make_base(&scope) {
            Ok(()) => {}
            Err(error) => {
                self.bases.drop_scope(&scope);
                if !matches!(error, ViewError::Overflow) {
                    return Err(error);
                }
            }
        }
        // None where sums do not fit, or where flushes overtook it.
        match self.top_by_base(&scope, page)? {
            Some(report) => Ok(report),
            None => self.top_by_rows(&query, page),
        }
    }

    /// How many wallets did what in the range of a question.
    ///
    /// # Errors
    /// As [`Views::top_wallets`].
    pub fn count_wallets(&self, query: &FiguresQuery) -> Result<WalletCounts, ViewError> {
        let query = FiguresQuery { by: vec![By::Wallet], interval: Interval::Total, ..query.clone() };
        let scope = Scope::of(&query, self.zone());
        if query.wallet.is_none() {
            // Makes what rankings are made from.
            self.top_wallets(&query, Ranking::Events, 0, None)?;
            let counted = self.read(|reading| {
                Ok(self.bases.with(&scope, |base| count(&reading, base, &scope)).flatten())
            })?;
            if let Some(counted) = counted {
                return Ok(counted);
            }
        }
        let mut counts = WalletCounts::default();
        for FiguresRow { figures, .. } in &self.figures(&query)?.rows {
            counts.add(figures.events, figures.recognised_nano(), figures.cost_nano);
        }
        Ok(counts)
    }

    /// By adding up all rows, as any other question.
    fn top_by_rows(&self, query: &FiguresQuery, page: Page) -> Result<FiguresReport, ViewError> {
        let mut report = self.figures(query)?;
        let rank_of =
            |row: &FiguresRow| rank(page.ranking.value(&row.figures), row.wallet.unwrap_or_default());
        report.rows.retain(|row| page.is_behind(rank_of(row)));
        report.rows.sort_by_key(rank_of);
        report.rows.truncate(page.limit);
        Ok(report)
    }

    /// By the base of this scope; `None` where there is none.
    fn top_by_base(&self, scope: &Scope, page: Page) -> Result<Option<FiguresReport>, ViewError> {
        self.read(|reading| {
            let found = self.bases.with(scope, |base| top(&reading, base, scope, page, self.zone()));
            found.transpose().map(Option::flatten)
        })
    }

    fn make_base(&self, scope: &Scope) -> Result<(), ViewError> {
        self.read(|reading| {
            let Reading { db, memory, disk } = reading;
            // While the memory is held no flush can end unseen.
            self.bases.begin(scope, disk);
            drop(memory);
            self.bases.end(scope, sums_on_disk(db, scope)?)
        })
    }
}

/// Which part of a ranking is wanted.
#[derive(Clone, Copy)]
struct Page {
    ranking: Ranking,
    limit: usize,
    after: Option<After>,
}

/// The order of a ranking.
type Rank = (Reverse<i128>, WalletNo);

const fn rank(value: i128, wallet: WalletNo) -> Rank {
    (Reverse(value), wallet)
}

impl Page {
    fn is_behind(&self, rank_of_one: Rank) -> bool {
        self.after.is_none_or(|after| rank_of_one > rank(after.value, after.wallet))
    }
}

/// Answers from a base and what it does not have yet; `None` where it does not fit to what is in memory, or a sum does not
/// fit into it.
fn top(
    reading: &Reading<'_>,
    base: &mut Base,
    scope: &Scope,
    page: Page,
    zone: &Zone,
) -> Result<Option<FiguresReport>, ViewError> {
    let counted = reading.counted_from(base.at);
    let Some(ranks) = counted.and_then(|counted| ranks(&counted, base, scope, page)) else {
        return Ok(None);
    };
    let mut rows = Vec::with_capacity(ranks.len());
    for (_, wallet) in ranks {
        let figures = detail(reading, base, scope, wallet, zone)?;
        rows.push(FiguresRow {
            start: None,
            end: None,
            event_type: None,
            price: None,
            wallet: Some(wallet),
            dimension: None,
            figures,
        });
    }
    // Not one pass for each wallet: there may be many rows in memory.
    let places: HashMap<WalletNo, usize> =
        rows.iter().enumerate().filter_map(|(place, row)| Some((row.wallet?, place))).collect();
    let is_shown = |key: &Key| scope.has(key) && places.contains_key(&wallet_of(key));
    for counters in reading.counters() {
        for (key, figures) in counters.parts_where(Rollup::WalletDay, is_shown) {
            let row = &mut rows[places[&wallet_of(&key)]];
            row.figures = row.figures.checked_add(&figures).ok_or(ViewError::Overflow)?;
        }
    }
    let (as_of, as_of_at) = (reading.memory.next, reading.memory.next_at);
    Ok(Some(FiguresReport { as_of, as_of_at, rows }))
}

/// How many wallets did what, by a base and what it does not have yet; `None` as in [`top`].
fn count(reading: &Reading<'_>, base: &Base, scope: &Scope) -> Option<WalletCounts> {
    let counted = reading.counted_from(base.at)?;
    let mut more = ByWallet::new();
    counted.iter().try_for_each(|counters| add_counted(counters, scope, &mut more))?;
    let mut counts = WalletCounts::default();
    let mut add = |of: Sums| counts.add(of.events.into(), of.recognised_nano.into(), of.cost_nano.into());
    for (wallet, sums) in &base.sums {
        add(match more.get(wallet) {
            Some(more) => sums.checked_add(*more)?,
            None => *sums,
        });
    }
    more.iter().filter(|(wallet, _)| !base.sums.contains_key(*wallet)).for_each(|(_, sums)| add(*sums));
    Some(counts)
}

/// The wallets of a page in order; `None` where a sum does not fit.
fn ranks(counted: &[&Counters], base: &Base, scope: &Scope, page: Page) -> Option<Vec<Rank>> {
    let mut more = ByWallet::new();
    counted.iter().try_for_each(|counters| add_counted(counters, scope, &mut more))?;
    let known = base.sums.iter().map(|(wallet, sums)| match more.get(wallet) {
        Some(more) => Some((*wallet, sums.checked_add(*more)?)),
        None => Some((*wallet, *sums)),
    });
    let new = more.iter().filter(|(wallet, _)| !base.sums.contains_key(*wallet));
    let mut ranks = Vec::with_capacity(base.sums.len() + more.len());
    for found in known.chain(new.map(|(wallet, sums)| Some((*wallet, *sums)))) {
        let (wallet, sums) = found?;
        ranks.push(rank(page.ranking.value_of(&sums), wallet));
    }
    ranks.retain(|one| page.is_behind(*one));
    if page.limit > 0 && ranks.len() > page.limit {
        ranks.select_nth_unstable(page.limit - 1);
    }
    ranks.truncate(page.limit);
    ranks.sort_unstable();
    Some(ranks)
}

/// The figures of one wallet on disk, kept where the base stands there, too.
fn detail(
    reading: &Reading<'_>,
    base: &mut Base,
    scope: &Scope,
    wallet: WalletNo,
    zone: &Zone,
) -> Result<Figures, ViewError> {
    let is_level = base.at == reading.disk;
    if is_level && let Some(figures) = base.detail(wallet) {
        return Ok(figures);
    }
    let mut sum = Figures::default();
    scan_wallet(reading.db, zone, scope.range(), wallet, &mut |key, figures| {
        if scope.has(key) {
            sum = sum.checked_add(figures).ok_or(ViewError::Overflow)?;
        }
        Ok(())
    })?;
    if is_level {
        base.keep_detail(wallet, sum);
    }
    Ok(sum)
}

/// What wallets are ranked by, of all rows on disk.
fn sums_on_disk(db: &Connection, scope: &Scope) -> Result<ByWallet, ViewError> {
    let sql = format!("{} WHERE day >= ?1 AND day < ?2", select_sql(Rollup::WalletDay));
    let mut statement = db.prepare_cached(&sql)?;
    let range = scope.range();
    let mut rows = statement.query([range.start.0, range.end.0])?;
    let mut sums = ByWallet::new();
    while let Some(row) = rows.next()? {
        let (key, figures) = from_row(Rollup::WalletDay, row)?;
        if scope.has(&key) {
            let more = Sums::of(&figures).ok_or(ViewError::Overflow)?;
            add(&mut sums, wallet_of(&key), more).ok_or(ViewError::Overflow)?;
        }
    }
    Ok(sums)
}
