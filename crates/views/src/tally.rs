//! Meter events of one row in 64 bytes with their key: what they are told apart by, and their narrow sums.

use chargly_ledger::{Charge, Cost, CostSource, Quantity};

use crate::Figures;
use crate::rollup::Key;

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
    pub(crate) const ALL: [Self; 1 << Self::BITS] = {
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
pub(crate) struct NarrowKey {
    bucket_and_kind: i64,
    numbers: u64,
}

impl NarrowKey {
    /// `None` for the few times and numbers that have no room for it.
    #[inline]
    pub(crate) fn of([bucket, first, second]: Key, kind: Kind) -> Option<Self> {
        let (first, second) = (u32::try_from(first + 1).ok()?, u32::try_from(second + 1).ok()?);
        let bucket_and_kind = bucket.checked_mul(1 << Kind::BITS)? | kind.bits();
        Some(Self { bucket_and_kind, numbers: u64::from(first) << 32 | u64::from(second) })
    }

    pub(crate) fn key(self) -> Key {
        let number = |plus_one: u64| (plus_one & u64::from(u32::MAX)).cast_signed() - 1;
        [self.bucket_and_kind >> Kind::BITS, number(self.numbers >> 32), number(self.numbers)]
    }

    pub(crate) fn kind(self) -> Kind {
        let bits = self.bucket_and_kind.rem_euclid(1 << Kind::BITS);
        Kind::ALL[usize::try_from(bits).unwrap_or_default()]
    }
}

/// What meter events of one kind add to a row. The names are those of [`Figures`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) events: u32,
    pub(crate) late_events: u32,
    pub(crate) quantity_micro: i64,
    pub(crate) credits_micro: i64,
    pub(crate) uncharged_micro: i64,
    pub(crate) revenue_nano: i64,
    pub(crate) cost_nano: i64,
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

    pub(crate) fn figures(&self, kind: Kind) -> Figures {
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
}
