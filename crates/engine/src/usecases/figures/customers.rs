//! Customers by what they used, paid and cost, with what they have left and how long it lasts.

use std::collections::BTreeMap;
use std::sync::Arc;

use chargly_ledger::{Credits, Millis, Position, Wallet, WalletNo};
use chargly_views::{
    After, FiguresQuery, FiguresReport, FiguresRow, Ranking, ViewError, WalletCounts, WalletDay,
};
use compact_str::CompactString;

use super::burn::{BURN_MS, Burn, DAY_MS};
use super::glossary::Line;
use crate::environment::Environment;
use crate::outcome::CallError;

/// One customer's line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomerLine {
    /// Whose.
    pub wallet: WalletNo,
    /// The customer's own id; empty once erased.
    pub customer: CompactString,
    /// What was used, paid and spent in the range that was asked for.
    pub line: Line,
    /// What the wallet has to spend now; negative in debt.
    pub available: Credits,
    /// The start of the last local day with an event, within the range or the weeks that the pace is made of.
    pub last_active: Option<Millis>,
    /// Tenths of a day until that is used up; see [`Burn`].
    pub tenths_to_empty: Option<i128>,
}

/// A page of customers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomersPage {
    /// As ranked.
    pub lines: Vec<CustomerLine>,
    /// The position of the first fact that the figures do not reflect.
    pub as_of: Position,
    /// The time of the last that they do.
    pub as_of_at: Millis,
    /// How many customers there are in the range, on all pages.
    pub counts: WalletCounts,
    /// Behind what the next page begins; `None` behind the last.
    pub next: Option<After>,
}

impl Environment {
    /// At most `limit` customers that used something, ranked, from behind `after` on.
    pub async fn top_customers(
        self: &Arc<Self>,
        query: FiguresQuery,
        ranking: Ranking,
        (limit, after): (usize, Option<After>),
        at_least: Option<Position>,
    ) -> Result<CustomersPage, CallError> {
        let now = Millis(self.wall_ms());
        // Customers are counted by local days: the same days are the same ranking, at whatever time of day `to` is.
        let to = self.day_of(Millis(query.to.0 - 1)).end;
        let query = FiguresQuery { to, ..query };
        let (report, paces, counts) = self
            .viewing(at_least, move |env| {
                let views = env.views();
                let mut report = views.top_wallets(&query, ranking, limit, after)?;
                report.as_of_at = env.time_before(report.as_of, report.as_of_at);
                let paces = paces(env, &report.rows, query.from, now)?;
                let counts = views.count_wallets(&query)?;
                Ok((report, paces, counts))
            })
            .await?;
        let numbers: Vec<WalletNo> = report.rows.iter().filter_map(|row| row.wallet).collect();
        let wallets = self.wallets(&numbers).await?;
        let next =
            report.rows.last().filter(|_| report.rows.len() == limit).and_then(|row| ranking.after(row));
        Ok(CustomersPage { next, counts, ..page(&report, &paces, &wallets) })
    }
}

fn page(report: &FiguresReport, paces: &[Pace], wallets: &[Option<Box<Wallet>>]) -> CustomersPage {
    let lines = report.rows.iter().zip(paces).zip(wallets);
    let lines = lines.filter_map(|((row, pace), wallet)| {
        let available = wallet.as_ref().map_or(Credits::ZERO, |wallet| wallet.balance.available());
        Some(CustomerLine {
            wallet: row.wallet?,
            customer: wallet.as_ref().map(|wallet| wallet.customer.clone()).unwrap_or_default(),
            line: Line::of(&row.figures),
            available,
            last_active: pace.last_active,
            tenths_to_empty: pace.burn.tenths_to_empty(available.micro().into()),
        })
    });
    CustomersPage {
        lines: lines.collect(),
        as_of: report.as_of,
        as_of_at: report.as_of_at,
        counts: WalletCounts::default(),
        next: None,
    }
}

/// How a wallet was used lately.
#[derive(Default)]
struct Pace {
    burn: Burn,
    last_active: Option<Millis>,
}

/// How each row's wallet was used: from as far back as the pace is made of, and where it was not used since then, from
/// `from` on, to find when it last was.
fn paces(env: &Environment, rows: &[FiguresRow], from: Millis, now: Millis) -> Result<Vec<Pace>, ViewError> {
    let today = env.day_of(now).start;
    let weeks_ago = env.day_of(Millis(today.0 - BURN_MS + DAY_MS / 2)).start;
    let wallets: Vec<WalletNo> = rows.iter().filter_map(|row| row.wallet).collect();
    let mut paces: BTreeMap<WalletNo, Pace> = BTreeMap::new();
    for (wallet, days) in env.views().days_of_wallets(&wallets, &(weeks_ago..now.plus(1)))? {
        let pace = paces.entry(wallet).or_default();
        for day in days {
            pace.burn.add(today, day.day, day.used_micro);
            pace.note(day);
        }
    }
    let is_quiet = |wallet: &WalletNo| paces.get(wallet).is_none_or(|pace| pace.last_active.is_none());
    let quiet: Vec<WalletNo> = wallets.into_iter().filter(is_quiet).collect();
    if !quiet.is_empty() && from < weeks_ago {
        for (wallet, days) in env.views().days_of_wallets(&quiet, &(from..weeks_ago))? {
            let pace = paces.entry(wallet).or_default();
            days.into_iter().for_each(|day| pace.note(day));
        }
    }
    let pace = |row: &FiguresRow| row.wallet.and_then(|wallet| paces.remove(&wallet)).unwrap_or_default();
    Ok(rows.iter().map(pace).collect())
}

impl Pace {
    /// Notes a day that may be the last on which it was used.
    fn note(&mut self, day: WalletDay) {
        if day.events > 0 {
            self.last_active = self.last_active.max(Some(day.day));
        }
    }
}
