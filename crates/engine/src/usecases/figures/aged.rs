//! What lots still owe, told apart by how old they are, when they end, and in which month they came.
//!
//! A pure fold over lots. Its sums are those of the same lots in [`super::LotSums`], cut differently.

use std::ops::AddAssign;
use std::sync::Arc;

use chargly_ledger::{GrantKind, Lot, LotStatus, Millis};
use chargly_views::{Interval, Zone};

use super::burn::DAY_MS;

/// Months that lots are told apart by, the current one included: ten years. What is older counts to the first.
pub const MONTHS_MAX: usize = 120;
/// Kinds of lots: paid, promotional, adjustments.
pub const KINDS: [GrantKind; 3] = [GrantKind::Paid, GrantKind::Promotional, GrantKind::Adjustment];

/// How long ago a lot was granted: below so many days, and its name on the wire.
const AGES: [(&str, i64); 5] =
    [("under_30d", 30), ("under_90d", 90), ("under_180d", 180), ("under_365d", 365), ("older", i64::MAX)];
/// How long until a lot ends. `over`: its time is over, and what is left of it is reserved or about to lapse.
const ENDS: [(&str, i64); 6] = [
    ("over", 0),
    ("under_7d", 7),
    ("under_30d", 30),
    ("under_90d", 90),
    ("later", i64::MAX),
    ("never", i64::MAX),
];

/// By which instants lots are told apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    now: Millis,
    /// When each month begins, the oldest first.
    months: Vec<Millis>,
}

impl Calendar {
    /// As of now, in the time zone of the figures.
    pub(crate) fn new(zone: &Zone, now: Millis) -> Self {
        let mut months = Vec::with_capacity(MONTHS_MAX);
        let mut at = now;
        for _ in 0..MONTHS_MAX {
            let begin = zone.interval(Interval::Month, at).start;
            months.push(begin);
            at = begin.plus(-1);
        }
        months.reverse();
        Self { now, months }
    }

    fn age_of(&self, lot: &Lot) -> usize {
        place(&AGES, self.now.0.saturating_sub(lot.granted_at.0))
    }

    fn end_of(&self, lot: &Lot) -> usize {
        match lot.expires_at {
            Millis::NEVER => ENDS.len() - 1,
            // An instant is over when it is reached.
            at => place(&ENDS[..ENDS.len() - 1], at.0.saturating_sub(self.now.0).saturating_sub(1)),
        }
    }

    fn month_of(&self, lot: &Lot) -> usize {
        self.months.partition_point(|begin| *begin <= lot.granted_at).saturating_sub(1)
    }
}

/// The first of these that has not so many days.
fn place(bounds: &[(&str, i64)], ms: i64) -> usize {
    let is_below = |days: i64| days == i64::MAX || ms < days.saturating_mul(DAY_MS);
    bounds.iter().position(|(_, days)| is_below(*days)).unwrap_or(bounds.len() - 1)
}

/// What some lots still owe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Owed {
    /// Lots with something left.
    pub lots: i128,
    /// Micro-credits left in them, reserved ones included.
    pub micro: i128,
    /// Nano-units of their prices that are neither recognised nor refunded.
    pub deferred_nano: i128,
}

/// The same by kind of lot, in the order of [`KINDS`].
pub type OwedByKind = [Owed; KINDS.len()];

/// What lots still owe, by three ways to tell them apart. The sums of all three are the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aged {
    calendar: Arc<Calendar>,
    ages: [OwedByKind; AGES.len()],
    ends: [OwedByKind; ENDS.len()],
    months: Vec<OwedByKind>,
}

impl Aged {
    /// Of no lot.
    pub(crate) fn new(calendar: Arc<Calendar>) -> Self {
        let months = vec![OwedByKind::default(); calendar.months.len()];
        Self { calendar, ages: Default::default(), ends: Default::default(), months }
    }

    /// Counts the lots of a wallet. Lots with nothing left owe nothing.
    pub(crate) fn add(&mut self, lots: &[Lot]) {
        for lot in lots.iter().filter(|lot| lot.status != LotStatus::Voided) {
            let owed = Owed::of(lot);
            let kind = KINDS.iter().position(|kind| *kind == lot.kind).unwrap_or_default();
            self.ages[self.calendar.age_of(lot)][kind] += owed;
            self.ends[self.calendar.end_of(lot)][kind] += owed;
            self.months[self.calendar.month_of(lot)][kind] += owed;
        }
    }

    /// By how long ago they were granted: the bucket's name, and what is owed.
    pub fn by_age(&self) -> impl Iterator<Item = (&'static str, &OwedByKind)> {
        AGES.iter().map(|(name, _)| *name).zip(&self.ages)
    }

    /// By how long until they end.
    pub fn by_end(&self) -> impl Iterator<Item = (&'static str, &OwedByKind)> {
        ENDS.iter().map(|(name, _)| *name).zip(&self.ends)
    }

    /// By the month in which they were granted, the oldest first: the instant it begins at, and what is owed.
    pub fn by_month(&self) -> impl Iterator<Item = (Millis, &OwedByKind)> {
        self.calendar.months.iter().copied().zip(&self.months)
    }

    /// Adds what was counted by the same calendar.
    pub(crate) fn merge(&mut self, more: &Self) {
        let mine = self.ages.iter_mut().chain(&mut self.ends).chain(&mut self.months);
        let theirs = more.ages.iter().chain(&more.ends).chain(&more.months);
        for (mine, theirs) in mine.zip(theirs) {
            mine.iter_mut().zip(theirs).for_each(|(sum, owed)| *sum += *owed);
        }
    }
}

impl Owed {
    /// Of one lot.
    pub(crate) fn of(lot: &Lot) -> Self {
        let micro = i128::from(lot.remaining().micro());
        let price_nano = lot.price.map_or(0, |price| price.nano);
        Self {
            lots: i128::from(micro > 0),
            micro,
            deferred_nano: i128::from(price_nano - lot.recognised_nano(lot.used)),
        }
    }
}

impl AddAssign for Owed {
    fn add_assign(&mut self, more: Self) {
        self.lots += more.lots;
        self.micro += more.micro;
        self.deferred_nano += more.deferred_nano;
    }
}

#[cfg(test)]
mod tests {
    use chargly_ledger::{Credits, Currency, EntryId, LotNo, Money, Position};

    use super::*;

    /// 2026-11-23T10:00:00Z.
    const NOW: Millis = Millis(1_795_428_000_000);

    fn calendar() -> Arc<Calendar> {
        Arc::new(Calendar::new(&Zone::utc(), NOW))
    }

    /// 100 credits for $3, of which 40 are left.
    fn lot(granted_at: i64, expires_at: i64) -> Lot {
        Lot {
            number: LotNo(0),
            id: EntryId { position: Position(1), tag: 0 },
            kind: GrantKind::Paid,
            status: LotStatus::Active,
            priority: 0,
            is_ordered: false,
            price: Some(Money { nano: 3_000_000_000, currency: Currency::USD }),
            credits: Credits::from_micro(100_000_000),
            used: Credits::from_micro(60_000_000),
            lapsed: Credits::ZERO,
            held: Credits::ZERO,
            effective_at: Millis(granted_at),
            expires_at: Millis(expires_at),
            granted_at: Millis(granted_at),
            scope: Vec::new(),
        }
    }

    #[test]
    fn age_is_counted_from_the_grant_and_a_bound_belongs_to_the_older() {
        let calendar = calendar();
        for (days, ms, expected) in [
            (0, 0, "under_30d"),
            (30, -1, "under_30d"),
            (30, 0, "under_90d"),
            (90, -1, "under_90d"),
            (90, 0, "under_180d"),
            (180, 0, "under_365d"),
            (365, -1, "under_365d"),
            (365, 0, "older"),
            (9_999, 0, "older"),
            // A clock that was set back: it is new.
            (-1, 0, "under_30d"),
        ] {
            let lot = lot(NOW.0 - days * DAY_MS - ms, Millis::NEVER.0);
            assert_eq!(AGES[calendar.age_of(&lot)].0, expected, "{days} days and {ms} ms");
        }
    }

    #[test]
    fn end_is_counted_from_now_and_a_bound_belongs_to_the_sooner() {
        let calendar = calendar();
        for (days, ms, expected) in [
            (-3, 0, "over"),
            (0, 0, "over"),
            (0, 1, "under_7d"),
            (7, 0, "under_7d"),
            (7, 1, "under_30d"),
            (30, 0, "under_30d"),
            (30, 1, "under_90d"),
            (90, 0, "under_90d"),
            (90, 1, "later"),
            (36_500, 0, "later"),
        ] {
            let lot = lot(NOW.0, NOW.0 + days * DAY_MS + ms);
            assert_eq!(ENDS[calendar.end_of(&lot)].0, expected, "{days} days and {ms} ms");
        }
        assert_eq!(ENDS[calendar.end_of(&lot(0, Millis::NEVER.0))].0, "never");
    }

    #[test]
    fn months_are_those_of_the_time_zone_and_what_is_older_than_ten_years_counts_to_the_first() {
        let utc = calendar();
        assert_eq!(utc.months.len(), MONTHS_MAX);
        // 2026-10-31T23:30:00Z is November in Berlin.
        let late = lot(1_793_489_400_000, Millis::NEVER.0);
        assert_eq!(utc.month_of(&late), MONTHS_MAX - 2);
        let berlin = Calendar::new(&Zone::named("Europe/Berlin").expect("a zone"), NOW);
        assert_eq!(berlin.month_of(&late), MONTHS_MAX - 1);
        // Ten years are December 2016 to November 2026.
        assert_eq!(utc.months[0], Millis(1_480_550_400_000));
        assert_eq!(utc.month_of(&lot(1_480_550_400_000, 0)), 0);
        assert_eq!(utc.month_of(&lot(1_480_550_399_999, 0)), 0, "older");
        assert_eq!(utc.month_of(&lot(0, 0)), 0);
    }

    #[test]
    fn lots_are_summed_by_kind_and_a_used_up_or_voided_one_owes_nothing() {
        let day = |days: i64| NOW.0 - days * DAY_MS;
        let lots = [
            lot(day(3), NOW.0 + 3 * DAY_MS),
            lot(day(3), Millis::NEVER.0),
            Lot { kind: GrantKind::Promotional, price: None, ..lot(day(40), NOW.0 + 10 * DAY_MS) },
            Lot { used: Credits::from_micro(100_000_000), ..lot(day(3), Millis::NEVER.0) },
            Lot { status: LotStatus::Voided, ..lot(day(3), Millis::NEVER.0) },
        ];
        let mut aged = Aged::new(calendar());
        aged.add(&lots);
        let owed = |lots, micro, deferred_nano| Owed { lots, micro, deferred_nano };
        // 40 of 100 credits that were sold for $3: $1.20 is owed.
        let (one, none) = (owed(1, 40_000_000, 1_200_000_000), Owed::default());
        let two = owed(2, 80_000_000, 2_400_000_000);
        let given = owed(1, 40_000_000, 0);
        let ages: Vec<_> = aged.by_age().filter(|(_, owed)| **owed != OwedByKind::default()).collect();
        assert_eq!(ages, [("under_30d", &[two, none, none]), ("under_90d", &[none, given, none])]);
        let ends: Vec<_> = aged.by_end().filter(|(_, owed)| **owed != OwedByKind::default()).collect();
        assert_eq!(
            ends,
            [
                ("under_7d", &[one, none, none]),
                ("under_30d", &[none, given, none]),
                ("never", &[one, none, none])
            ]
        );
        let months: Vec<_> = aged.by_month().filter(|(_, owed)| **owed != OwedByKind::default()).collect();
        // 40 days before 23 November are 14 October.
        assert_eq!(
            months,
            [
                (Millis(1_790_812_800_000), &[none, given, none]),
                (Millis(1_793_491_200_000), &[two, none, none])
            ]
        );
        let mut twice = aged.clone();
        twice.merge(&aged);
        let four = owed(4, 160_000_000, 4_800_000_000);
        assert_eq!(twice.by_age().next(), Some(("under_30d", &[four, none, none])));
    }
}
