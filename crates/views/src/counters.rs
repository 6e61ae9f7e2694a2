//! What was counted in memory: for each row, narrow sums for meter events and wide ones for everything else.
//!
//! Nearly every fact is a meter event, and nearly every sum fits 64 bits. Those are counted in a [`Tally`]: with its
//! key it fills one cache line, a quarter of what all figures take. A sum that does not fit never wraps: what the
//! tally had moves to the row's [`Figures`] of 128 bits, and the tally begins anew. A row is the sum of both.

use hashbrown::HashMap;

use chargly_ledger::{Charge, Cost, Quantity};

use crate::Figures;
use crate::rollup::{Key, Rollup};

/// How much a wide row weighs against [`crate::MEMORY_ROWS_MAX`]: it is more than four times as large as a narrow one.
const WIDE_WEIGHT: usize = 5;

/// What was counted since it was last handed out to be written.
#[derive(Default)]
pub(crate) struct Counters {
    rows: [Rows; Rollup::ALL.len()],
}

#[derive(Default)]
struct Rows {
    narrow: HashMap<NarrowKey, Tally>,
    wide: HashMap<Key, Figures>,
}

impl Counters {
    /// Adds a meter event to a row; `None` when a sum is beyond 128 bits.
    #[inline]
    pub(crate) fn count(&mut self, rollup: Rollup, key: Key, more: &Tally) -> Option<()> {
        let Some(narrow) = NarrowKey::of(key) else { return self.add(rollup, key, &more.figures()) };
        let tally = self.rows[rollup.index()].narrow.entry(narrow).or_default();
        if let Some(sum) = tally.checked_add(more) {
            *tally = sum;
            return Some(());
        }
        let full = std::mem::replace(tally, *more);
        self.add(rollup, key, &full.figures())
    }

    /// Adds any figures to a row; `None` when a sum is beyond 128 bits, and then the row is as it was.
    pub(crate) fn add(&mut self, rollup: Rollup, key: Key, more: &Figures) -> Option<()> {
        let row = self.rows[rollup.index()].wide.entry(key).or_default();
        *row = row.checked_add(more)?;
        Some(())
    }

    /// How much memory all rows take, in narrow rows.
    pub(crate) fn weight(&self) -> usize {
        self.rows.iter().map(|rows| rows.narrow.len() + WIDE_WEIGHT * rows.wide.len()).sum()
    }

    /// What was counted of one rollup, in no order; a row that is narrow and wide comes twice, and is their sum.
    pub(crate) fn parts(&self, rollup: Rollup) -> impl Iterator<Item = (Key, Figures)> {
        let rows = &self.rows[rollup.index()];
        let narrow = rows.narrow.iter().map(|(key, tally)| (key.key(), tally.figures()));
        narrow.chain(rows.wide.iter().map(|(key, figures)| (*key, *figures)))
    }

    /// The keys of one rollup's rows, in order.
    pub(crate) fn keys(&self, rollup: Rollup) -> Vec<Key> {
        let rows = &self.rows[rollup.index()];
        let mut keys: Vec<Key> =
            rows.narrow.keys().map(|key| key.key()).chain(rows.wide.keys().copied()).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// A row; `None` when its sums are beyond 128 bits.
    pub(crate) fn row(&self, rollup: Rollup, key: &Key) -> Option<Figures> {
        let rows = &self.rows[rollup.index()];
        let wide = rows.wide.get(key).copied().unwrap_or_default();
        match NarrowKey::of(*key).and_then(|key| rows.narrow.get(&key)) {
            Some(tally) => wide.checked_add(&tally.figures()),
            None => Some(wide),
        }
    }
}

/// A [`Key`] in 16 bytes: its numbers plus one, so that "none" is 0.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct NarrowKey {
    bucket: i64,
    numbers: u64,
}

impl NarrowKey {
    /// `None` for the one number that has no room for the one that is added.
    #[inline]
    fn of([bucket, first, second]: Key) -> Option<Self> {
        let (first, second) = (u32::try_from(first + 1).ok()?, u32::try_from(second + 1).ok()?);
        Some(Self { bucket, numbers: u64::from(first) << 32 | u64::from(second) })
    }

    fn key(self) -> Key {
        let number = |plus_one: u64| (plus_one & u64::from(u32::MAX)).cast_signed() - 1;
        [self.bucket, number(self.numbers >> 32), number(self.numbers)]
    }
}

/// What meter events add to a row. The names are those of [`Figures`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    events: u32,
    cost_missing: u32,
    quantity_micro: i64,
    credits_micro: i64,
    uncharged_micro: i64,
    revenue_nano: i64,
    cost_nano: i64,
}

impl Tally {
    /// Of one event; `None` when its draws recognise more than 64 bits hold.
    #[inline]
    pub(crate) fn of(quantity: Quantity, cost: Option<Cost>, charge: &Charge) -> Option<Self> {
        let revenue_nano =
            charge.draws.iter().try_fold(0i64, |sum, draw| sum.checked_add(draw.revenue_nano))?;
        Some(Self {
            events: 1,
            cost_missing: cost.is_none().into(),
            quantity_micro: quantity.micro(),
            credits_micro: charge.charged().micro(),
            uncharged_micro: charge.uncharged.micro(),
            revenue_nano,
            cost_nano: cost.map_or(0, |cost| cost.nano),
        })
    }

    #[inline]
    fn checked_add(&self, more: &Self) -> Option<Self> {
        Some(Self {
            events: self.events.checked_add(more.events)?,
            cost_missing: self.cost_missing.checked_add(more.cost_missing)?,
            quantity_micro: self.quantity_micro.checked_add(more.quantity_micro)?,
            credits_micro: self.credits_micro.checked_add(more.credits_micro)?,
            uncharged_micro: self.uncharged_micro.checked_add(more.uncharged_micro)?,
            revenue_nano: self.revenue_nano.checked_add(more.revenue_nano)?,
            cost_nano: self.cost_nano.checked_add(more.cost_nano)?,
        })
    }

    fn figures(&self) -> Figures {
        Figures {
            events: self.events.into(),
            cost_missing: self.cost_missing.into(),
            quantity_micro: self.quantity_micro.into(),
            credits_micro: self.credits_micro.into(),
            uncharged_micro: self.uncharged_micro.into(),
            revenue_nano: self.revenue_nano.into(),
            cost_nano: self.cost_nano.into(),
            ..Figures::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_narrow_row_and_its_key_fill_a_cache_line_and_no_more() {
        assert_eq!(size_of::<(NarrowKey, Tally)>(), 64);
        assert!(size_of::<(Key, Figures)>() <= 64 * WIDE_WEIGHT);
    }

    #[test]
    fn narrow_keys_come_back() {
        let most = i64::from(u32::MAX);
        for key in [[0, 0, 0], [i64::MIN, -1, -1], [i64::MAX, most - 1, 7], [5, 7, most - 1]] {
            assert_eq!(NarrowKey::of(key).map(NarrowKey::key), Some(key));
        }
        assert!(NarrowKey::of([0, most, 0]).is_none() && NarrowKey::of([0, 0, most]).is_none());
    }

    #[test]
    fn the_largest_number_is_counted_all_the_same() {
        let (mut counters, key) = (Counters::default(), [1, i64::from(u32::MAX), 0]);
        let tally = Tally { events: 3, ..Tally::default() };
        counters.count(Rollup::PriceHour, key, &tally).expect("fits");
        assert_eq!(counters.row(Rollup::PriceHour, &key), Some(tally.figures()));
        assert_eq!(counters.keys(Rollup::PriceHour), [key]);
    }

    #[test]
    fn a_sum_that_outgrows_its_tally_goes_on_in_the_wide_row() {
        let largest = [
            Tally { events: u32::MAX, ..Tally::default() },
            Tally { cost_missing: u32::MAX, ..Tally::default() },
            Tally { quantity_micro: i64::MAX, ..Tally::default() },
            Tally { credits_micro: i64::MAX, ..Tally::default() },
            Tally { uncharged_micro: i64::MAX, ..Tally::default() },
            Tally { revenue_nano: i64::MAX, ..Tally::default() },
            Tally { cost_nano: i64::MIN, ..Tally::default() },
        ];
        for most in largest {
            let (mut counters, key) = (Counters::default(), [1, 2, 3]);
            let mut expected = Figures::default();
            for _ in 0..5 {
                counters.count(Rollup::WalletDay, key, &most).expect("fits");
                expected = expected.checked_add(&most.figures()).expect("fits");
            }
            assert_eq!(counters.row(Rollup::WalletDay, &key), Some(expected));
            assert_eq!(counters.keys(Rollup::WalletDay), [key]);
            let parts = counters
                .parts(Rollup::WalletDay)
                .fold(Figures::default(), |sum, (_, part)| sum.checked_add(&part).expect("fits"));
            assert_eq!(parts, expected);
        }
    }
}
