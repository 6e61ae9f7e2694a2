//! The days of some wallets at once: for a page of customers, which would otherwise look through the memory once for
//! each.

use std::collections::BTreeMap;
use std::ops::Range;

use chargly_ledger::{Millis, WalletNo};
use hashbrown::HashSet;

use crate::answer::scan_wallet;
use crate::rollup::{Key, Rollup};
use crate::{Figures, ViewError, Views};

/// The figures of a wallet's local days, by wallet and the instant at which the day begins.
pub type WalletDays = BTreeMap<(WalletNo, Millis), Figures>;

impl Views {
    /// The days of these wallets that begin within the range, all event types together; days without figures are left
    /// out.
    ///
    /// # Errors
    /// As [`Views::figures`].
    pub fn days_of_wallets(
        &self,
        wallets: &[WalletNo],
        range: &Range<Millis>,
    ) -> Result<WalletDays, ViewError> {
        let wanted: HashSet<i64> = wallets.iter().map(|wallet| wallet.0.into()).collect();
        self.read(|reading| {
            let mut days = WalletDays::new();
            let mut add = |[day, wallet, _]: &Key, figures: &Figures| -> Result<(), ViewError> {
                let Ok(wallet) = u32::try_from(*wallet) else { return Ok(()) };
                let sum = days.entry((WalletNo(wallet), Millis(*day))).or_default();
                *sum = sum.checked_add(figures).ok_or(ViewError::Overflow)?;
                Ok(())
            };
            let is_wanted = |[day, wallet, _]: &Key| {
                (range.start.0..range.end.0).contains(day) && wanted.contains(wallet)
            };
            for counters in reading.counters() {
                let mut parts = counters.parts_where(Rollup::WalletDay, &is_wanted);
                parts.try_for_each(|(key, figures)| add(&key, &figures))?;
            }
            let db = reading.db;
            drop(reading.memory);
            for wallet in wallets {
                scan_wallet(db, self.zone(), range.clone(), *wallet, &mut add)?;
            }
            Ok(days)
        })
    }
}
