//! How far the margin of each event type may be off, from what single customers paid and cost.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use chargly_advisor::{Earned, margin_range};
use chargly_ledger::{EventTypeNo, Millis, Position, WalletNo};
use chargly_views::ViewError;

use super::glossary::Line;
use crate::environment::Environment;
use crate::outcome::CallError;

/// Groups that customers are put into, by their number: each customer is one where there are no more than so many. Sums
/// of groups are spread as those of single customers, and a range takes milliseconds however many there are.
const GROUPS: u32 = 1_024;

/// By event type, from where to where its margin may be, in basis points; without those of which nothing can be said.
pub type MarginRanges = BTreeMap<EventTypeNo, (i64, i64)>;

/// Ranges kept: those of the few stretches of days that people look at.
const KEPT_MAX: usize = 8;

/// What was found of some days, and where the figures stood then.
#[derive(Debug)]
struct Kept {
    days: Range<Millis>,
    as_of: Position,
    ranges: Arc<MarginRanges>,
}

/// What was found, that used last at the end.
#[derive(Debug, Default)]
pub(crate) struct MarginRangesCache(Mutex<Vec<Kept>>);

impl Environment {
    /// The range of each event type's gross margin over the local days that begin in `days` and are over, and over today
    /// where that is all that is asked: making it takes a tenth of a second and more, and days that are over seldom change.
    /// Waits until figures reflect `at_least`.
    pub async fn margin_ranges(
        self: &Arc<Self>,
        days: Range<Millis>,
        at_least: Option<Position>,
    ) -> Result<Arc<MarginRanges>, CallError> {
        self.viewing(at_least, move |env| {
            let views = env.views();
            let today = views.zone().day(Millis(env.wall_ms())).start;
            let end = if days.start < today { days.end.min(today) } else { days.end };
            let days = days.start..end;
            // Whoever asks while it is being made waits for it.
            let mut kept = env.margin_ranges_cache().0.lock().unwrap_or_else(PoisonError::into_inner);
            let place = kept.iter().position(|one| one.days == days);
            if let Some(one) = place.map(|place| kept.remove(place))
                && views.are_days_unchanged(&days, one.as_of)?
            {
                let ranges = Arc::clone(&one.ranges);
                kept.push(one);
                return Ok(ranges);
            }
            let (as_of, mut groups) = (views.next(), Groups::default());
            views.for_each_day_of_customers(&days, |wallet, event_type, figures| {
                groups.add(wallet, event_type, &Line::of(figures)).ok_or(ViewError::Overflow)
            })?;
            let ranges = Arc::new(groups.ranges());
            kept.push(Kept { days, as_of, ranges: Arc::clone(&ranges) });
            if kept.len() > KEPT_MAX {
                kept.remove(0);
            }
            Ok(ranges)
        })
        .await
    }
}

/// What groups of customers paid and cost, by event type.
#[derive(Default)]
struct Groups(BTreeMap<EventTypeNo, BTreeMap<u32, Earned>>);

impl Groups {
    /// `None` where a sum is beyond 128 bits.
    fn add(&mut self, wallet: WalletNo, event_type: EventTypeNo, line: &Line) -> Option<()> {
        let group = self.0.entry(event_type).or_default().entry(wallet.0 % GROUPS).or_default();
        group.revenue_nano = group.revenue_nano.checked_add(line.recognised_nano)?;
        group.cost_nano = group.cost_nano.checked_add(line.cost.nano)?;
        Some(())
    }

    fn ranges(self) -> MarginRanges {
        let ranges = self.0.into_iter().filter_map(|(event_type, groups)| {
            let earned: Vec<Earned> = groups.into_values().collect();
            Some((event_type, margin_range(&earned)?))
        });
        ranges.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(revenue_nano: i128, cost_nano: i128) -> Line {
        let cost = super::super::CostLine { nano: cost_nano, ..Default::default() };
        Line { recognised_nano: revenue_nano, cost, ..Line::default() }
    }

    #[test]
    fn days_of_a_customer_are_one_and_so_is_every_thousand_and_twenty_fourth_customer() {
        let (chat, image) = (EventTypeNo(1), EventTypeNo(2));
        let add = |groups: &mut Groups, wallet, of, revenue, cost| {
            groups.add(WalletNo(wallet), of, &line(revenue, cost)).expect("small");
        };
        let mut daily = Groups::default();
        for wallet in 0..20 {
            for day in 0..3 {
                add(&mut daily, wallet, chat, 100, 20 + 10 * i128::from(wallet % 2) + day);
            }
            add(&mut daily, wallet + GROUPS, chat, 30, 9);
        }
        (0..19).for_each(|wallet| add(&mut daily, wallet, image, 100, 20));
        let mut whole = Groups::default();
        for wallet in 0..20 {
            add(&mut whole, wallet, chat, 330, 72 + 30 * i128::from(wallet % 2));
        }
        let ranges = daily.ranges();
        assert_eq!(ranges, whole.ranges());
        let (low, high) = ranges[&chat];
        // 20 × 330 were paid and 20 × 87 spent.
        assert!(low < 7_363 && 7_363 < high, "{low} to {high}");
        assert_eq!(ranges.get(&image), None, "19 customers are too few");
    }
}
