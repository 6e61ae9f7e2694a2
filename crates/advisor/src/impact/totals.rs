//! Exact sums over a window and exact changes between two. Integers only; a sum that does not fit is an error.

use super::answer::{PlainChange, Totals, Window};
use super::{Day, ImpactError};

/// Basis points in one.
const BASIS_POINTS: i128 = 10_000;

impl Totals {
    /// Adds up the days that lie in the window.
    pub(super) fn of(days: &[Day], window: Window) -> Result<Self, ImpactError> {
        Self::sum(days, window).ok_or(ImpactError::Overflow)
    }

    fn sum(days: &[Day], window: Window) -> Option<Self> {
        let mut totals = Self { days: window.days(), ..Self::default() };
        for day in days.iter().filter(|day| window.contains(day.day)) {
            totals.days_with_events += u32::from(day.events > 0);
            totals.units_micro = totals.units_micro.checked_add(day.units_micro)?;
            totals.events = totals.events.checked_add(day.events)?;
            totals.customer_days = totals.customer_days.checked_add(u64::from(day.active_customers))?;
            totals.busiest_day_customers = totals.busiest_day_customers.max(day.active_customers);
            totals.credits_micro = totals.credits_micro.checked_add(day.credits_micro)?;
            totals.revenue_nano = totals.revenue_nano.checked_add(day.revenue_nano)?;
            totals.cost_nano = totals.cost_nano.checked_add(day.cost_nano)?;
            totals.cost_missing = totals.cost_missing.checked_add(day.cost_missing)?;
        }
        totals.margin_nano = totals.revenue_nano.checked_sub(totals.cost_nano)?;
        if totals.revenue_nano > 0 {
            let margin_bp = totals.margin_nano.checked_mul(BASIS_POINTS)?.div_euclid(totals.revenue_nano);
            totals.margin_bp = i64::try_from(margin_bp).ok();
        }
        Some(totals)
    }
}

impl PlainChange {
    /// From the sums of two windows of equal length.
    pub(super) fn of(before: &Totals, after: &Totals) -> Self {
        Self {
            units_bp: change_bp(before.units_micro, after.units_micro),
            events_bp: change_bp(i128::from(before.events), i128::from(after.events)),
            customer_days_bp: change_bp(i128::from(before.customer_days), i128::from(after.customer_days)),
            credits_bp: change_bp(before.credits_micro, after.credits_micro),
            revenue_bp: change_bp(before.revenue_nano, after.revenue_nano),
            cost_bp: change_bp(before.cost_nano, after.cost_nano),
            margin_points_bp: before
                .margin_bp
                .zip(after.margin_bp)
                .and_then(|(before, after)| after.checked_sub(before)),
        }
    }
}

/// The change in basis points of `before`, rounded towards zero; `None` where that is not above 0.
fn change_bp(before: i128, after: i128) -> Option<i64> {
    if before <= 0 {
        return None;
    }
    let change = after.checked_sub(before)?.checked_mul(BASIS_POINTS)? / before;
    i64::try_from(change).ok()
}

impl Window {
    /// How many days it has.
    pub(super) fn days(self) -> u32 {
        u32::try_from(i64::from(self.last_day) - i64::from(self.first_day) + 1).unwrap_or(0)
    }

    fn contains(self, day: i32) -> bool {
        (self.first_day..=self.last_day).contains(&day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Window = Window { first_day: 10, last_day: 12 };

    fn day(day: i32, events: u64, revenue_nano: i128, cost_nano: i128) -> Day {
        Day { day, events, revenue_nano, cost_nano, active_customers: 2, units_micro: 3, ..Day::default() }
    }

    #[test]
    fn days_of_the_window_are_added_up_and_no_others() {
        let days = [day(9, 50, 50, 50), day(10, 1, 700, 300), day(12, 2, 300, 1), day(13, 50, 50, 50)];
        let totals = Totals::of(&days, WINDOW).expect("small sums");
        assert_eq!((totals.days, totals.days_with_events, totals.events), (3, 2, 3));
        assert_eq!((totals.units_micro, totals.customer_days, totals.busiest_day_customers), (6, 4, 2));
        assert_eq!((totals.revenue_nano, totals.cost_nano, totals.margin_nano), (1_000, 301, 699));
        assert_eq!(totals.margin_bp, Some(6_990));
    }

    #[test]
    fn margin_is_rounded_down_and_absent_without_revenue() {
        for (revenue, cost, expected) in
            [(3, 1, Some(6_666)), (3, 4, Some(-3_334)), (0, 4, None), (-1, 0, None), (1, 0, Some(10_000))]
        {
            let totals = Totals::of(&[day(10, 1, revenue, cost)], WINDOW).expect("small sums");
            assert_eq!(totals.margin_bp, expected, "{revenue} − {cost}");
        }
    }

    #[test]
    fn sum_that_does_not_fit_is_an_error() {
        let most = [day(10, 1, i128::MAX, 0), day(11, 1, 1, 0)];
        assert_eq!(Totals::of(&most, WINDOW), Err(ImpactError::Overflow));
        assert_eq!(Totals::of(&[day(10, 1, i128::MIN, 1)], WINDOW), Err(ImpactError::Overflow));
        assert_eq!(
            Totals::of(&[day(10, u64::MAX, 0, 0), day(11, 1, 0, 0)], WINDOW),
            Err(ImpactError::Overflow)
        );
        // A real journal's largest amounts, for every event of a window, are far from the edge.
        let large = i128::from(i64::MAX) * 1_000_000_000;
        assert!(Totals::of(&[day(10, 1, large, large), day(11, 1, large, large)], WINDOW).is_ok());
    }

    #[test]
    fn plain_change_is_in_basis_points_of_before() {
        for (before, after, expected) in [
            (1_000, 900, Some(-1_000)),
            (3, 4, Some(3_333)),
            (3, 2, Some(-3_333)),
            (0, 5, None),
            (-5, 5, None),
            (5, 0, Some(-10_000)),
            (1, i128::MAX, None),
        ] {
            assert_eq!(change_bp(before, after), expected, "{before} → {after}");
        }
    }
}
