//! What was counted in memory: for each row, narrow sums for meter events and wide ones for everything else.
//!
//! Nearly every fact is a meter event, and nearly every sum fits 64 bits. Those are counted in a [`Tally`]: with its
//! key it fills one cache line, a quarter of what all figures take. A sum that does not fit never wraps: what the
//! tally had moves to the row's [`Figures`] of 128 bits, and the tally begins anew. A row is the sum of both.

use hashbrown::HashMap;

use chargly_ledger::{Charge, Cost, CostSource, Quantity};

use crate::Figures;
use crate::rollup::{Key, Rollup};

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

/// What meter events are told apart by in memory, so that their sums need no figure for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    cost: CostKind,
    /// All that they were charged was drawn from lots that recognised nothing.
    is_free: bool,
}

/// How a cost is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CostKind {
    Missing,
    Reported,
    Card,
    Estimated,
}

impl Kind {
    const BITS: u32 = 3;
    const ALL: [Self; 1 << Self::BITS] = {
        let mut all = [Self { cost: CostKind::Missing, is_free: false }; 1 << Self::BITS];
        let mut i = 0;
        while i < all.len() {
            let cost = match i >> 1 {
                0 => CostKind::Missing,
                1 => CostKind::Reported,
                2 => CostKind::Card,
                _ => CostKind::Estimated,
            };
            all[i] = Self { cost, is_free: i & 1 == 1 };
            i += 1;
        }
        all
    };

    /// What of it is told apart where it was recorded.
    pub(crate) const fn for_books(self) -> Self {
        Self { cost: CostKind::Missing, is_free: self.is_free }
    }

    const fn bits(self) -> i64 {
        (self.cost as i64) << 1 | self.is_free as i64
    }
}

/// A [`Key`] and a [`Kind`] in 16 bytes: numbers plus one, so that "none" is 0, and the kind in the lowest bits of the
/// time.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct NarrowKey {
    bucket_and_kind: i64,
    numbers: u64,
}

impl NarrowKey {
    /// `None` for the few times and numbers that have no room for it.
    #[inline]
    fn of([bucket, first, second]: Key, kind: Kind) -> Option<Self> {
        let (first, second) = (u32::try_from(first + 1).ok()?, u32::try_from(second + 1).ok()?);
        let bucket_and_kind = bucket.checked_mul(1 << Kind::BITS)? | kind.bits();
        Some(Self { bucket_and_kind, numbers: u64::from(first) << 32 | u64::from(second) })
    }

    fn key(self) -> Key {
        let number = |plus_one: u64| (plus_one & u64::from(u32::MAX)).cast_signed() - 1;
        [self.bucket_and_kind >> Kind::BITS, number(self.numbers >> 32), number(self.numbers)]
    }

    fn kind(self) -> Kind {
        let bits = self.bucket_and_kind.rem_euclid(1 << Kind::BITS);
        Kind::ALL[usize::try_from(bits).unwrap_or_default()]
    }
}

/// What meter events of one kind add to a row. The names are those of [`Figures`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    events: u32,
    late_events: u32,
    quantity_micro: i64,
    credits_micro: i64,
    uncharged_micro: i64,
    revenue_nano: i64,
    cost_nano: i64,
}

impl Tally {
    /// Of one event, and its kind; `None` when its draws recognise more than 64 bits hold, or only some of them recognise
    /// nothing.
    #[inline]
    pub(crate) fn of(
        quantity: Quantity,
        cost: Option<Cost>,
        charge: &Charge,
        is_late: bool,
    ) -> Option<(Kind, Self)> {
        let (mut revenue_nano, mut free) = (0i64, 0usize);
        for draw in &charge.draws {
            revenue_nano = revenue_nano.checked_add(draw.revenue_nano)?;
            free += usize::from(draw.revenue_nano == 0);
        }
        let is_free = free > 0;
        if is_free && (free < charge.draws.len() || !charge.debt.is_zero()) {
            return None;
        }
        let cost_kind = match cost.map(|cost| cost.source) {
            None => CostKind::Missing,
            Some(CostSource::Reported) => CostKind::Reported,
            Some(CostSource::RateCard { .. }) => CostKind::Card,
            Some(CostSource::Estimated) => CostKind::Estimated,
        };
        let tally = Self {
            events: 1,
            late_events: is_late.into(),
            quantity_micro: quantity.micro(),
            credits_micro: charge.charged().micro(),
            uncharged_micro: charge.uncharged.micro(),
            revenue_nano,
            cost_nano: cost.map_or(0, |cost| cost.nano),
        };
        Some((Kind { cost: cost_kind, is_free }, tally))
    }

    /// What of it is counted where it was recorded.
    #[inline]
    pub(crate) fn for_books(&self) -> Self {
        let Self { credits_micro, revenue_nano, .. } = *self;
        Self { credits_micro, revenue_nano, ..Self::default() }
    }

    #[inline]
    pub(crate) fn checked_add(&self, more: &Self) -> Option<Self> {
        Some(Self {
            events: self.events.checked_add(more.events)?,
            late_events: self.late_events.checked_add(more.late_events)?,
            quantity_micro: self.quantity_micro.checked_add(more.quantity_micro)?,
            credits_micro: self.credits_micro.checked_add(more.credits_micro)?,
            uncharged_micro: self.uncharged_micro.checked_add(more.uncharged_micro)?,
            revenue_nano: self.revenue_nano.checked_add(more.revenue_nano)?,
            cost_nano: self.cost_nano.checked_add(more.cost_nano)?,
        })
    }

    fn figures(&self, kind: Kind) -> Figures {
        let (events, cost_nano) = (i128::from(self.events), i128::from(self.cost_nano));
        let if_cost = |cost: CostKind, figure: i128| if kind.cost == cost { figure } else { 0 };
        Figures {
            events,
            late_events: self.late_events.into(),
            quantity_micro: self.quantity_micro.into(),
            uncharged_micro: self.uncharged_micro.into(),
            cost_nano,
            card_cost_nano: if_cost(CostKind::Card, cost_nano),
            estimated_cost_nano: if_cost(CostKind::Estimated, cost_nano),
            card_costs: if_cost(CostKind::Card, events),
            estimated_costs: if_cost(CostKind::Estimated, events),
            cost_missing: if_cost(CostKind::Missing, events),
            credits_micro: self.credits_micro.into(),
            free_micro: if kind.is_free { self.credits_micro.into() } else { 0 },
            revenue_nano: self.revenue_nano.into(),
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
        let latest = i64::MAX >> Kind::BITS;
        for key in [[0, 0, 0], [-latest, -1, -1], [latest, most - 1, 7], [5, 7, most - 1]] {
            for kind in Kind::ALL {
                let narrow = NarrowKey::of(key, kind).expect("fits");
                assert_eq!((narrow.key(), narrow.kind()), (key, kind));
            }
        }
        for key in [[0, most, 0], [0, 0, most], [i64::MAX, 0, 0], [i64::MIN, 0, 0]] {
            assert!(NarrowKey::of(key, Kind::ALL[0]).is_none(), "{key:?}");
        }
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
