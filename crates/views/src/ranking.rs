//! Wallets by how much they used, brought in or cost.

use chargly_ledger::WalletNo;

use crate::{By, Figures, FiguresQuery, FiguresReport, FiguresRow, Interval, ViewError, Views};

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
    /// Meter events.
    Events,
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
            Self::Events => figures.events,
        }
    }

    /// Where a page ended that ended with this row.
    pub fn after(self, row: &FiguresRow) -> Option<After> {
        row.wallet.map(|wallet| After { value: self.value(&row.figures), wallet })
    }
}

impl Views {
    /// The first `limit` wallets of a ranking behind `after`, with the figures of the whole range; of equal ones the older
    /// wallet first. Of the question only range and event type count.
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
        let mut report = self.figures(&query)?;
        let rank = |value: i128, wallet: WalletNo| (std::cmp::Reverse(value), wallet);
        let rank_of = |row: &FiguresRow| rank(ranking.value(&row.figures), row.wallet.unwrap_or_default());
        report.rows.retain(|row| after.is_none_or(|after| rank_of(row) > rank(after.value, after.wallet)));
        report.rows.sort_by_key(rank_of);
        report.rows.truncate(limit);
        Ok(report)
    }
}
