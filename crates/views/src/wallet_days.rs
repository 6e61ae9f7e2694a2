//! The days of some wallets at once: for a page of customers, which would otherwise look through the memory once for
//! each.
//!
//! Finding them takes a look at each day of each wallet, a tenth of a second for two hundred, so what was found in the
//! file is kept, as rankings are: each flush adds to it what it writes.

use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chargly_ledger::{Millis, Position, WalletNo};
use hashbrown::HashMap;
use rusqlite::Connection;

use crate::answer::{begin_from, scan_wallet};
use crate::bases::wallet_of;
use crate::counters::Counters;
use crate::rollup::{Key, Rollup};
use crate::store::Batch;
use crate::{Interval, ViewError, Views, Zone};

/// Days of all wallets kept, at some 40 bytes each: 40 MB.
const KEPT_DAYS_MAX: usize = 1_000_000;
/// Ranges of days kept: the weeks that paces are made of, and those before.
const KEPT_RANGES_MAX: usize = 4;

/// What a wallet did on a local day, all event types together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WalletDay {
    /// The instant at which it begins.
    pub day: Millis,
    /// Micro-credits used: [`crate::Figures::used_micro`].
    pub used_micro: i128,
    /// Meter events.
    pub events: i128,
}

/// The days of wallets, in no order; wallets without any are left out.
pub type WalletDays = HashMap<WalletNo, Vec<WalletDay>>;

/// What was found of one range of days.
struct Kept {
    days: Range<Millis>,
    /// The first fact that is not in them.
    at: Position,
    wallets: WalletDays,
}

/// What was found, the range used last at the end.
#[derive(Default)]
pub(crate) struct KeptDays(Mutex<Vec<Kept>>);

impl KeptDays {
    /// Adds to all of them what a flush wrote.
    pub(crate) fn take(&self, batch: &Batch) {
        self.lock().retain_mut(|kept| {
            if kept.at == batch.to {
                return true;
            }
            let is_next = kept.at == batch.from;
            kept.at = batch.to;
            let Kept { days, wallets, .. } = kept;
            is_next && add_counted(&batch.counters, days, wallets).is_ok()
        });
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

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
        let [from, to] = [range.start, range.end].map(|at| begin_from(self.zone(), Interval::Day, at));
        let days = from..to;
        self.read(|reading| {
            let mut found: WalletDays = wallets.iter().map(|wallet| (*wallet, Vec::new())).collect();
            for counters in reading.counters() {
                add_counted(counters, &days, &mut found)?;
            }
            let (db, disk) = (reading.db, reading.disk);
            // While the memory is held no flush can end unseen; then it waits, and those who fold do not.
            let mut all = self.kept_days.lock();
            drop(reading.memory);
            let kept = kept_of(&mut all, &days, disk);
            for (wallet, found) in &mut found {
                if !kept.contains_key(wallet) {
                    kept.insert(*wallet, stored_days(db, self.zone(), &days, *wallet)?);
                }
                for WalletDay { day, used_micro, events } in kept.get(wallet).into_iter().flatten() {
                    add(found, *day, *used_micro, *events)?;
                }
            }
            bound(&mut all);
            found.retain(|_, of_wallet| !of_wallet.is_empty());
            Ok(found)
        })
    }
}

/// What is kept of these days; begun anew where it does not stand at `at`. A wallet that was looked for and has no day
/// is in it, too.
fn kept_of<'a>(all: &'a mut Vec<Kept>, days: &Range<Millis>, at: Position) -> &'a mut WalletDays {
    let place = all.iter().position(|kept| kept.days == *days);
    let kept = place.map(|place| all.remove(place)).filter(|kept| kept.at == at);
    all.push(kept.unwrap_or_else(|| Kept { days: days.clone(), at, wallets: WalletDays::new() }));
    let last = all.len() - 1;
    &mut all[last].wallets
}

/// Forgets the ranges used longest ago where there is too much.
fn bound(all: &mut Vec<Kept>) {
    let count = |all: &[Kept]| {
        all.iter().flat_map(|kept| kept.wallets.values()).map(|days| days.len() + 1).sum::<usize>()
    };
    while !all.is_empty() && (all.len() > KEPT_RANGES_MAX || count(all) > KEPT_DAYS_MAX) {
        all.remove(0);
    }
}

/// One wallet's days on disk.
fn stored_days(
    db: &Connection,
    zone: &Zone,
    days: &Range<Millis>,
    wallet: WalletNo,
) -> Result<Vec<WalletDay>, ViewError> {
    let mut found = Vec::new();
    scan_wallet(db, zone, days.clone(), wallet, &mut |[day, ..], figures| {
        add(&mut found, Millis(*day), figures.used_micro(), figures.events)
    })?;
    Ok(found)
}

/// Adds what was counted to the days of those wallets that are there.
fn add_counted(counters: &Counters, days: &Range<Millis>, wallets: &mut WalletDays) -> Result<(), ViewError> {
    let is_wanted = |key: &Key| days.contains(&Millis(key[0])) && wallets.contains_key(&wallet_of(key));
    let more: Vec<_> = counters.parts_where(Rollup::WalletDay, is_wanted).collect();
    for (key, figures) in more {
        if let Some(of_wallet) = wallets.get_mut(&wallet_of(&key)) {
            add(of_wallet, Millis(key[0]), figures.used_micro(), figures.events)?;
        }
    }
    Ok(())
}

fn add(days: &mut Vec<WalletDay>, day: Millis, used_micro: i128, events: i128) -> Result<(), ViewError> {
    // Rows come by day, and what is counted now is mostly of the last one.
    let place = days.iter().rposition(|known| known.day == day).unwrap_or_else(|| {
        days.push(WalletDay { day, used_micro: 0, events: 0 });
        days.len() - 1
    });
    let known = &mut days[place];
    let sums = (known.used_micro.checked_add(used_micro), known.events.checked_add(events));
    let (Some(used_micro), Some(events)) = sums else { return Err(ViewError::Overflow) };
    *known = WalletDay { day, used_micro, events };
    Ok(())
}
