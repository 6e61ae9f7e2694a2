//! What was counted in memory: for each row, narrow sums for meter events and wide ones for everything else.
//!
//! Nearly every fact is a meter event, and nearly every sum fits 64 bits. Those are counted in a [`Tally`]: with its
//! key it fills one cache line, a quarter of what all figures take. A sum that does not fit never wraps: what the
//! tally had moves to the row's [`Figures`] of 128 bits, and the tally begins anew. A row is the sum of both.

use hashbrown::HashMap;

use crate::Figures;
use crate::rollup::{Key, Rollup};
use crate::tally::{Kind, NarrowKey, Tally};

/// How much a wide row weighs against [`crate::MEMORY_ROWS_MAX`]: it is that many times as large as a narrow one.
const WIDE_WEIGHT: usize = 9;

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
    pub(crate) fn count(&mut self, rollup: Rollup, key: Key, kind: Kind, more: &Tally) -> Option<()> {
        let Some(narrow) = NarrowKey::of(key, kind) else {
            return self.add(rollup, key, &more.figures(kind));
        };
        let tally = self.rows[rollup.index()].narrow.entry(narrow).or_default();
        if let Some(sum) = tally.checked_add(more) {
            *tally = sum;
            return Some(());
        }
        let full = std::mem::replace(tally, *more);
        self.add(rollup, key, &full.figures(kind))
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

    /// What was counted of one rollup, of the keys that count, in no order; a row may come in several parts, and is their
    /// sum.
    pub(crate) fn parts_where(
        &self,
        rollup: Rollup,
        counts: impl Fn(&Key) -> bool,
    ) -> impl Iterator<Item = (Key, Figures)> {
        let rows = &self.rows[rollup.index()];
        let parts = rows.narrow.iter().map(|(key, tally)| (key.key(), Part::Narrow(key.kind(), tally)));
        let parts = parts.chain(rows.wide.iter().map(|(key, figures)| (*key, Part::Wide(figures))));
        // Most are left out by most questions, and figures are many times as large as a tally.
        parts.filter(move |(key, _)| counts(key)).map(|(key, part)| (key, part.figures()))
    }

    /// As [`Counters::parts_where`], of all keys.
    pub(crate) fn parts(&self, rollup: Rollup) -> impl Iterator<Item = (Key, Figures)> {
        self.parts_where(rollup, |_| true)
    }

    /// What was counted of one rollup, row by row in the order of keys; `None` in place of the figures where a sum is beyond
    /// 128 bits.
    pub(crate) fn sorted(&self, rollup: Rollup) -> impl Iterator<Item = (Key, Option<Figures>)> {
        let rows = &self.rows[rollup.index()];
        let narrow = rows.narrow.iter().map(|(key, tally)| (key.key(), Part::Narrow(key.kind(), tally)));
        let mut parts: Vec<_> =
            narrow.chain(rows.wide.iter().map(|(key, figures)| (*key, Part::Wide(figures)))).collect();
        parts.sort_unstable_by_key(|(key, _)| *key);
        let mut parts = parts.into_iter().peekable();
        std::iter::from_fn(move || {
            let (key, part) = parts.next()?;
            let mut sum = Some(part.figures());
            while let Some((_, more)) = parts.next_if(|(next, _)| *next == key) {
                sum = sum.and_then(|sum| sum.checked_add(&more.figures()));
            }
            Some((key, sum))
        })
    }

    /// Whether any row of a rollup has such a key.
    pub(crate) fn has_key(&self, rollup: Rollup, is: impl Fn(&Key) -> bool) -> bool {
        let rows = &self.rows[rollup.index()];
        rows.narrow.keys().any(|key| is(&key.key())) || rows.wide.keys().any(is)
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
        Kind::ALL.into_iter().try_fold(wide, |sum, kind| {
            match NarrowKey::of(*key, kind).and_then(|key| rows.narrow.get(&key)) {
                Some(tally) => sum.checked_add(&tally.figures(kind)),
                None => Some(sum),
            }
        })
    }
}

/// What a row is made of.
enum Part<'a> {
    Narrow(Kind, &'a Tally),
    Wide(&'a Figures),
}

impl Part<'_> {
    fn figures(&self) -> Figures {
        match self {
            Self::Narrow(kind, tally) => tally.figures(*kind),
            Self::Wide(figures) => **figures,
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
    fn the_largest_number_is_counted_all_the_same() {
        let (mut counters, key) = (Counters::default(), [1, i64::from(u32::MAX), 0]);
        let tally = Tally { events: 3, ..Tally::default() };
        counters.count(Rollup::PriceHour, key, Kind::ALL[0], &tally).expect("fits");
        assert_eq!(counters.row(Rollup::PriceHour, &key), Some(tally.figures(Kind::ALL[0])));
        assert_eq!(counters.keys(Rollup::PriceHour), [key]);
    }

    #[test]
    fn events_of_every_kind_add_up_to_one_row() {
        let (mut counters, key) = (Counters::default(), [7, 8, 9]);
        let tally = Tally { events: 1, credits_micro: 5, cost_nano: 3, ..Tally::default() };
        for kind in Kind::ALL {
            counters.count(Rollup::PriceHour, key, kind, &tally).expect("fits");
        }
        let row = counters.row(Rollup::PriceHour, &key).expect("a row");
        assert_eq!(counters.keys(Rollup::PriceHour), [key]);
        assert_eq!((row.events, row.credits_micro, row.free_micro), (8, 40, 20));
        assert_eq!(
            (row.cost_missing, row.card_costs, row.estimated_costs, row.reported_costs()),
            (2, 2, 2, 2)
        );
        assert_eq!((row.card_cost_nano, row.estimated_cost_nano), (6, 6));
    }

    #[test]
    fn a_sum_that_outgrows_its_tally_goes_on_in_the_wide_row() {
        let largest = [
            Tally { events: u32::MAX, ..Tally::default() },
            Tally { late_events: u32::MAX, ..Tally::default() },
            Tally { quantity_micro: i64::MAX, ..Tally::default() },
            Tally { credits_micro: i64::MAX, ..Tally::default() },
            Tally { uncharged_micro: i64::MAX, ..Tally::default() },
            Tally { revenue_nano: i64::MAX, ..Tally::default() },
            Tally { cost_nano: i64::MIN, ..Tally::default() },
        ];
        let kind = Kind::ALL[0];
        for most in largest {
            let (mut counters, key) = (Counters::default(), [1, 2, 3]);
            let mut expected = Figures::default();
            for _ in 0..5 {
                counters.count(Rollup::WalletDay, key, kind, &most).expect("fits");
                expected = expected.checked_add(&most.figures(kind)).expect("fits");
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
