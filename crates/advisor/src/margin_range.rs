//! How far a gross margin may be off, from what single customers paid and cost.
//!
//! A margin is 1 − cost ÷ revenue, a ratio of two sums over customers, so its range is that of [`unit_cost`]: customers
//! are resampled, since the events of one resemble each other, and the interval is a bootstrap-t (B. Efron and
//! R. J. Tibshirani, *An Introduction to the Bootstrap*, 1993, chapter 12), printed as 90 % as all ranges here are. It
//! says between which margins as many other customers like these would have brought it, 9 times in 10, with the same
//! prices and costs. It knows nothing of costs that are missing.
//!
//! Invariants: the same customers in the same order give the same basis points; ends are rounded outwards, so that no
//! range is surer than it was computed. Not owned here: the margin itself, which is exact and made of integers where the
//! figures are.
#![expect(clippy::float_arithmetic, reason = "estimates, never amounts")]

use crate::statistics::{float, whole128};
use crate::unit_cost::{Cluster, unit_cost};

/// Customers, or groups of them, below which nothing is said: with fewer, one of them decides where the ends are.
pub const MARGIN_CUSTOMERS_MIN: usize = 20;
/// The seed of all these ranges: whoever asks twice gets the same.
const SEED: u64 = 0x006d_6172_6769_6e00;
const WHOLE_BP: f64 = 1e4;
/// A margin so far below nothing is not told from one further down: a revenue next to nothing.
const FARTHEST_BP: f64 = 1e12;

/// What one customer brought in and cost, or a group of customers that stay together; in nano-units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Earned {
    /// Revenue recognised.
    pub revenue_nano: i128,
    /// The cost that is known.
    pub cost_nano: i128,
}

/// From where to where the margin of these customers may really be, in basis points. `None` with too few of them, and
/// where nothing was earned or nothing was spent.
pub fn margin_range(customers: &[Earned]) -> Option<(i64, i64)> {
    let clusters: Vec<Cluster> = customers
        .iter()
        .map(|earned| Cluster { cost: float(earned.cost_nano), units: float(earned.revenue_nano) })
        .filter(|cluster| !cluster.is_empty())
        .collect();
    if clusters.len() < MARGIN_CUSTOMERS_MIN {
        return None;
    }
    let (low, high) = unit_cost(&clusters, SEED)?.range();
    let margin = |ratio: f64, round: fn(f64) -> f64| {
        i64::try_from(whole128(round((1.0 - ratio) * WHOLE_BP).max(-FARTHEST_BP))).ok()
    };
    Some((margin(high, libm::floor)?, margin(low, libm::ceil)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Customers who paid and cost so many cents.
    fn customers(cents: impl Iterator<Item = (i128, i128)>) -> Vec<Earned> {
        let earned =
            |(revenue, cost)| Earned { revenue_nano: revenue * 10_000_000, cost_nano: cost * 10_000_000 };
        cents.map(earned).collect()
    }

    #[test]
    fn range_is_wider_the_more_customers_differ_and_narrower_the_more_there_are() {
        // All pay 100; costs are spread evenly around 40 by so much.
        let spread =
            |by: i128, count: i128| customers((0..count).map(move |at| (100, 40 - by + at % 5 * by / 2)));
        let width = |of: &[Earned]| {
            let (low, high) = margin_range(of).expect("a range");
            assert!(low < 6_000 && 6_000 < high, "{low} to {high}");
            high - low
        };
        let (narrow, wide) = (width(&spread(4, 40)), width(&spread(20, 40)));
        assert!(narrow * 3 < wide, "{narrow} and {wide}");
        assert!(width(&spread(20, 400)) * 2 < wide);
        assert_eq!(margin_range(&spread(20, 40)), margin_range(&spread(20, 40)));
    }

    #[test]
    fn width_is_about_that_of_the_linearised_ratio() {
        // Costs 20, 30, 40, 50, 60 of 100 each, 40 customers: the standard deviation of the residuals is 14.32, its
        // error 2.264 points; printed as 90 % and computed as 95 %: 40 ± 4.4.
        let all = customers((0..40).map(|at| (100, 20 + at % 5 * 10)));
        let (low, high) = margin_range(&all).expect("a range");
        assert!((5_400..5_620).contains(&low) && (6_380..6_560).contains(&high), "{low} to {high}");
    }

    #[test]
    fn same_for_all_is_sure_too_few_and_nothing_earned_or_spent_say_nothing() {
        let same = |count: i128, revenue, cost| customers((0..count).map(move |_| (revenue, cost)));
        assert_eq!(margin_range(&same(20, 100, 25)), Some((7_500, 7_500)));
        assert_eq!(margin_range(&same(20, 100, 150)), Some((-5_000, -5_000)));
        assert_eq!(margin_range(&same(19, 100, 25)), None);
        assert_eq!(margin_range(&same(50, 100, 0)), None);
        assert_eq!(margin_range(&same(50, 0, 25)), None);
        assert_eq!(margin_range(&[]), None);
        let idle = [same(19, 100, 25), same(30, 0, 0)].concat();
        assert_eq!(margin_range(&idle), None, "who neither paid nor cost anything is no customer of it");
    }

    #[test]
    fn customers_who_pay_nothing_pull_the_range_down() {
        let paying = customers((0..40).map(|at| (100, 38 + at % 5)));
        let with_guests = [paying.clone(), customers((0..10).map(|_| (0, 20)))].concat();
        let ((low, _), (before, _)) =
            (margin_range(&with_guests).expect("a range"), margin_range(&paying).expect("a range"));
        assert!(low < before - 300, "{low} and {before}");
    }
}
