//! What rankings are made from: for a range of time and an event type, the sums of every wallet, kept in memory.
//!
//! Adding up every row of a range takes seconds where there are many, so it is done once. From then on each flush adds to
//! the sums what it writes, and a question adds what is in memory only. A base stands at a position like everything
//! else here; one that got out of step is dropped and made again.

use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chargly_ledger::{EventTypeNo, Millis, Position, WalletNo};
use hashbrown::HashMap;

use crate::answer::begin_from;
use crate::counters::Counters;
use crate::rollup::{Key, Rollup};
use crate::store::Batch;
use crate::{Figures, FiguresQuery, Interval, ViewError, Zone};

/// Wallets of all bases together: at 40 bytes each, some 40 MB. The one used last is kept even where it has more.
const BASE_WALLETS_MAX: usize = 500_000;
/// Bases kept: the ranges that people look at, in a few windows.
const BASES_MAX: usize = 8;
/// Wallets of a base whose figures are kept whole, at half a kilobyte each: the pages that people look at.
const DETAILS_MAX: usize = 1_000;

/// What a base is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scope {
    range: Range<Millis>,
    event_type: Option<EventTypeNo>,
}

impl Scope {
    /// The days that begin within the question's range: it has the same scope at whatever minute it is asked.
    pub(crate) fn of(query: &FiguresQuery, zone: &Zone) -> Self {
        let [from, to] = [query.from, query.to].map(|at| begin_from(zone, Interval::Day, at));
        Self { range: from..to, event_type: query.event_type }
    }

    pub(crate) fn range(&self) -> Range<Millis> {
        self.range.clone()
    }

    /// Whether a row of a wallet's day counts.
    pub(crate) fn has(&self, [day, _, event_type]: &Key) -> bool {
        self.range.contains(&Millis(*day))
            && self.event_type.is_none_or(|wanted| *event_type == i64::from(wanted.0))
    }
}

/// What wallets can be ranked by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    pub(crate) events: i64,
    pub(crate) used_micro: i64,
    pub(crate) recognised_nano: i64,
    pub(crate) cost_nano: i64,
}

impl Sums {
    /// `None` where one is beyond 64 bits, as only absurd amounts are: then nothing is kept, and ranking is slow.
    pub(crate) fn of(figures: &Figures) -> Option<Self> {
        Some(Self {
            events: figures.events.try_into().ok()?,
            used_micro: figures.used_micro().try_into().ok()?,
            recognised_nano: figures.recognised_nano().try_into().ok()?,
            cost_nano: figures.cost_nano.try_into().ok()?,
        })
    }

    pub(crate) fn checked_add(self, more: Self) -> Option<Self> {
        Some(Self {
            events: self.events.checked_add(more.events)?,
            used_micro: self.used_micro.checked_add(more.used_micro)?,
            recognised_nano: self.recognised_nano.checked_add(more.recognised_nano)?,
            cost_nano: self.cost_nano.checked_add(more.cost_nano)?,
        })
    }
}

/// Sums by wallet.
pub(crate) type ByWallet = HashMap<WalletNo, Sums>;

/// The sums of one scope.
pub(crate) struct Base {
    scope: Scope,
    /// The first fact that is not in them.
    pub(crate) at: Position,
    /// `false` while what was on disk is being added up.
    is_whole: bool,
    pub(crate) sums: ByWallet,
    /// The figures of wallets that were shown.
    details: HashMap<WalletNo, Figures>,
}

impl Base {
    pub(crate) fn detail(&self, wallet: WalletNo) -> Option<Figures> {
        self.details.get(&wallet).copied()
    }

    pub(crate) fn keep_detail(&mut self, wallet: WalletNo, figures: Figures) {
        if self.details.len() >= DETAILS_MAX {
            self.details.clear();
        }
        self.details.insert(wallet, figures);
    }

    /// Adds what a flush wrote.
    fn take(&mut self, counters: &Counters) -> Option<()> {
        let Self { scope, sums, details, .. } = self;
        add_counted(counters, scope, sums)?;
        if details.is_empty() {
            return Some(());
        }
        let is_shown = |key: &Key| scope.has(key) && details.contains_key(&wallet_of(key));
        let more: Vec<_> = counters.parts_where(Rollup::WalletDay, is_shown).collect();
        for (key, figures) in more {
            let detail = details.get_mut(&wallet_of(&key))?;
            *detail = detail.checked_add(&figures)?;
        }
        Some(())
    }
}

/// Adds what was counted to sums by wallet; `None` when one is too large.
pub(crate) fn add_counted(counters: &Counters, scope: &Scope, sums: &mut ByWallet) -> Option<()> {
    for (key, figures) in counters.parts_where(Rollup::WalletDay, |key| scope.has(key)) {
        add(sums, wallet_of(&key), Sums::of(&figures)?)?;
    }
    Some(())
}

/// Adds to the sums of a wallet; `None` when one is too large.
pub(crate) fn add(sums: &mut ByWallet, wallet: WalletNo, more: Sums) -> Option<()> {
    let sum = sums.entry(wallet).or_default();
    *sum = sum.checked_add(more)?;
    Some(())
}

/// The wallet of a row of its days.
pub(crate) fn wallet_of([_, wallet, _]: &Key) -> WalletNo {
    WalletNo(u32::try_from(*wallet).unwrap_or(u32::MAX))
}

/// The bases there are, the one used last at the end.
#[derive(Default)]
pub(crate) struct Bases {
    all: Mutex<Vec<Base>>,
    /// Held while one is made, so that nobody else makes the same.
    making: Mutex<()>,
}

impl Bases {
    /// Waits until nobody is making a base.
    pub(crate) fn making(&self) -> MutexGuard<'_, ()> {
        self.making.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lends the base of a scope, if there is one, and it is whole.
    pub(crate) fn with<T>(&self, scope: &Scope, lend: impl FnOnce(&mut Base) -> T) -> Option<T> {
        let mut all = self.lock();
        let place = all.iter().position(|base| base.scope == *scope && base.is_whole)?;
        let mut base = all.remove(place);
        let lent = lend(&mut base);
        all.push(base);
        Some(lent)
    }

    /// Begins one at a position: flushes add to it from now on.
    pub(crate) fn begin(&self, scope: &Scope, at: Position) {
        let mut all = self.lock();
        all.retain(|base| base.scope != *scope);
        let (sums, details) = (ByWallet::new(), HashMap::new());
        all.push(Base { scope: scope.clone(), at, is_whole: false, sums, details });
    }

    /// Ends what was begun, with the sums of what was on disk then.
    ///
    /// # Errors
    /// [`ViewError::Overflow`] when a sum is too large.
    pub(crate) fn end(&self, scope: &Scope, on_disk: ByWallet) -> Result<(), ViewError> {
        let mut all = self.lock();
        // Gone where it got out of step meanwhile.
        let Some(place) = all.iter().position(|base| base.scope == *scope) else { return Ok(()) };
        let mut base = all.remove(place);
        let since = std::mem::replace(&mut base.sums, on_disk);
        for (wallet, sums) in since {
            add(&mut base.sums, wallet, sums).ok_or(ViewError::Overflow)?;
        }
        base.is_whole = true;
        all.push(base);
        let wallets = |all: &[Base]| all.iter().map(|base| base.sums.len()).sum::<usize>();
        while all.len() > 1 && (all.len() > BASES_MAX || wallets(&all) > BASE_WALLETS_MAX) {
            all.remove(0);
        }
        Ok(())
    }

    /// Forgets one.
    pub(crate) fn drop_scope(&self, scope: &Scope) {
        self.lock().retain(|base| base.scope != *scope);
    }

    /// Adds to all of them what a flush wrote.
    pub(crate) fn take(&self, batch: &Batch) {
        self.lock().retain_mut(|base| {
            if base.at == batch.to {
                return true;
            }
            let is_next = base.at == batch.from;
            base.at = batch.to;
            is_next && base.take(&batch.counters).is_some()
        });
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Base>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
