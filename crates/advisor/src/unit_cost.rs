//! What a unit costs, as a ratio of totals over customers, with how sure that is.
//!
//! Customers are resampled, not events: events of one customer resemble each other, and an interval that takes them for
//! independent ones holds the truth in a third of the cases in which it says nine tenths. The interval is a bootstrap-t
//! of the ratio's logarithm: each replicate is measured in its own standard error, which lets a few large customers
//! widen it on the side where they matter.
//!
//! The same code serves every ratio of two sums over customers: cost ÷ units is what a unit costs, cost ÷ revenue above
//! 1 is a loss.
//!
//! Invariants: the same clusters in the same order and the same seed give the same bytes; a cost per unit that is the
//! same for all has no statistics. Not owned here: which customers and days are summed, and what is advised.
#![expect(clippy::float_arithmetic, reason = "estimates, never amounts")]

use crate::bootstrap::{ERROR_SHARE_MIN, Replicate, Spread, replicates};

/// Costs per unit that differ by less than this share are one and the same: what rounding to nano-units leaves.
pub(crate) const SAME: f64 = 1e-9;
/// Different customers that a replicate needs: below, its standard error is luck.
pub(crate) const DIFFERENT_MIN: u32 = 2;

/// One customer over the window, or a group of customers that stay together.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Cluster {
    /// Cost, in any one unit.
    pub cost: f64,
    /// Units used; or revenue, for a ratio of cost to it.
    pub units: f64,
}

impl Cluster {
    pub(crate) fn is_empty(&self) -> bool {
        self.cost == 0.0 && self.units == 0.0
    }
}

/// A ratio of totals, and its distribution.
#[derive(Clone, PartialEq, Debug)]
pub struct UnitCost {
    mean: f64,
    clusters: usize,
    /// Of the logarithm; `None` where it is exact.
    logs: Option<Spread>,
}

/// The mean cost per unit over `clusters`. `None` without units or without cost, and where there are too few customers
/// to say how far it may be off, unless all have the same cost per unit.
pub fn unit_cost(clusters: &[Cluster], seed: u64) -> Option<UnitCost> {
    let clusters: Vec<Cluster> = clusters.iter().copied().filter(|cluster| !cluster.is_empty()).collect();
    let (cost, units) = totals(&clusters);
    let mean = cost / units;
    if !(cost > 0.0 && units > 0.0 && mean.is_finite() && mean > 0.0) {
        return None;
    }
    let is_same =
        |cluster: &Cluster| (cluster.cost - mean * cluster.units).abs() <= SAME * mean * cluster.units.abs();
    let exact = UnitCost { mean, clusters: clusters.len(), logs: None };
    if clusters.len() > 1 && clusters.iter().all(is_same) {
        return Some(exact);
    }
    // Units in shares of the total and residuals in shares of the cost: sums of squares neither overflow nor cancel.
    let rows: Vec<[f64; 5]> = clusters
        .iter()
        .map(|cluster| {
            let share = cluster.units / units;
            let residual = (cluster.cost - mean * cluster.units) / cost;
            [share, residual, residual * residual, residual * share, share * share]
        })
        .collect();
    let totals = rows.iter().fold([0.0; 5], |sums: [f64; 5], row| std::array::from_fn(|k| sums[k] + row[k]));
    let count = u32::try_from(rows.len()).ok()?;
    let whole = log_ratio(&Replicate { sums: totals, drawn: count, different: count })?;
    let log_mean = libm::log(mean);
    // A replicate that is above the ratio by so many of its standard errors says that the truth is below by as many.
    let replicates = replicates(&rows, seed);
    let logs = replicates.iter().filter_map(log_ratio).map(|replicate| {
        log_mean - replicate.off / replicate.error.max(ERROR_SHARE_MIN * whole.error) * whole.error
    });
    Some(UnitCost { logs: Some(Spread::of(logs)?), ..exact })
}

/// The logarithm of a replicate's ratio less that of the ratio of all, and its standard error.
struct LogRatio {
    off: f64,
    error: f64,
}

fn log_ratio(replicate: &Replicate<5>) -> Option<LogRatio> {
    if replicate.different < DIFFERENT_MIN {
        return None;
    }
    let [share, residual, squares, mixed, share_squares] = replicate.sums;
    // The replicate's ratio is 1 + `more` times that of all, so its residuals are those of all less `more` × share.
    let more = residual / share;
    let square = squares - 2.0 * more * mixed + more * more * share_squares;
    let drawn = f64::from(replicate.drawn);
    let error = libm::sqrt((square * drawn / (drawn - 1.0)).max(0.0)) / share / (1.0 + more);
    (share > 0.0 && more > -1.0 && error > 0.0).then(|| LogRatio { off: libm::log1p(more), error })
}

impl UnitCost {
    /// Total cost ÷ total units.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// Whether every customer has the same cost per unit, but for rounding: then there is nothing to estimate.
    pub fn is_exact(&self) -> bool {
        self.logs.is_none()
    }

    /// Customers with units or cost.
    pub fn clusters(&self) -> usize {
        self.clusters
    }

    /// The range that is printed as holding the truth 9 times in 10: computed as if for 95 %.
    pub fn range(&self) -> (f64, f64) {
        (self.quantile(0.05), self.quantile(0.95))
    }

    /// The cost per unit that the truth is below with this probability; its 5 and 95 % are [`UnitCost::range`].
    pub fn quantile(&self, p: f64) -> f64 {
        self.logs.as_ref().map_or(self.mean, |logs| libm::exp(logs.quantile(p)))
    }

    /// The probability that the true cost per unit is above this one; 0 or 1 where it is exact.
    pub fn probability_above(&self, cost_per_unit: f64) -> f64 {
        match &self.logs {
            _ if cost_per_unit <= 0.0 => 1.0,
            Some(logs) => logs.probability_above(libm::log(cost_per_unit)),
            // What differs by rounding alone is not above.
            None => f64::from(u8::from(self.mean > cost_per_unit * (1.0 + SAME))),
        }
    }
}

/// Total cost and total units.
pub(crate) fn totals(clusters: &[Cluster]) -> (f64, f64) {
    let cost = clusters.iter().map(|cluster| cluster.cost).sum();
    (cost, clusters.iter().map(|cluster| cluster.units).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clusters(pairs: &[(f64, f64)]) -> Vec<Cluster> {
        pairs.iter().map(|(cost, units)| Cluster { cost: *cost, units: *units }).collect()
    }

    #[test]
    fn same_cost_per_unit_for_all_is_exact() {
        let cost = unit_cost(&clusters(&[(40.0, 1_000.0), (0.08, 2.0), (0.0, 0.0)]), 1).expect("a cost");
        assert!(cost.is_exact());
        assert_eq!((cost.clusters(), cost.mean()), (2, 40.08 / 1_002.0));
        assert_eq!(cost.range(), (cost.mean(), cost.mean()));
        assert_eq!([0.039, 0.04, 0.041].map(|price| cost.probability_above(price)), [1.0, 0.0, 0.0]);
    }

    #[test]
    fn nothing_used_nothing_spent_or_one_customer_has_no_answer() {
        for pairs in [&[][..], &[(0.0, 0.0)], &[(0.0, 3.0), (0.0, 1.0)], &[(2.0, 0.0)], &[(2.0, 1.0)]] {
            assert_eq!(unit_cost(&clusters(pairs), 1), None, "{pairs:?}");
        }
    }

    #[test]
    fn error_of_the_ratio_is_that_worked_out_by_hand() {
        // Ratio 40 ÷ 20 = 2; residuals −2, 2, 1, −1: √(4 ÷ 3 × 10) ÷ 40 on the logarithm.
        let all = clusters(&[(8.0, 5.0), (12.0, 5.0), (11.0, 5.0), (9.0, 5.0)]);
        let cost = unit_cost(&all, 1).expect("a cost");
        assert_eq!(cost.mean(), 2.0);
        let replicate = Replicate { sums: [1.0, 0.0, 10.0 / 1_600.0, 0.0, 0.25], drawn: 4, different: 4 };
        let whole = log_ratio(&replicate).expect("four customers");
        assert!((whole.error - libm::sqrt(40.0 / 3.0) / 40.0).abs() < 1e-12, "{}", whole.error);
        assert!(cost.range().0 < 2.0 - 0.18 && cost.range().1 > 2.0 + 0.18, "{:?}", cost.range());
    }

    #[test]
    fn range_holds_the_middle_nine_tenths_of_the_claims_made_from_it() {
        let all: Vec<Cluster> = (1..60_i32)
            .map(|g| Cluster { cost: f64::from(g * (10 + g % 7)), units: f64::from(g * 10) })
            .collect();
        let cost = unit_cost(&all, 3).expect("a cost");
        let (low, high) = cost.range();
        assert!(low < cost.mean() && cost.mean() < high);
        assert!((cost.probability_above(low) - 0.95).abs() < 1e-6);
        assert!((cost.probability_above(high) - 0.05).abs() < 1e-6);
        assert_eq!(cost.probability_above(0.0), 1.0);
        assert_eq!(unit_cost(&all, 3), Some(cost.clone()));
        // Pinned: another machine must come to the same bytes.
        assert_eq!((low.to_bits(), high.to_bits()), (4_608_239_914_736_847_963, 4_608_771_354_836_214_274));
        // Any unit of money and of quantity gives the same range.
        let scaled: Vec<Cluster> =
            all.iter().map(|c| Cluster { cost: c.cost * 1e9, units: c.units * 1e-6 }).collect();
        let same = unit_cost(&scaled, 3).expect("a cost").range();
        assert!((same.0 / low / 1e15 - 1.0).abs() < 1e-9 && (same.1 / high / 1e15 - 1.0).abs() < 1e-9);
    }
}
