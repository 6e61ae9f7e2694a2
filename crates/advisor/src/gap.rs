//! How far two ratios of the same customers lie apart: what a unit costs at one level of a dimension and at another.
//!
//! A customer is drawn together with all he used at either level, so what makes him dear at both does not widen the
//! gap. Bootstrap-t on the plain difference, otherwise as in `unit_cost`.
//!
//! Invariants: the same clusters in the same order and the same seed give the same bytes.
#![expect(clippy::float_arithmetic, reason = "estimates, never amounts")]

use crate::bootstrap::{ERROR_SHARE_MIN, Replicate, Spread, replicates};
use crate::unit_cost::{Cluster, DIFFERENT_MIN, SAME, totals};

/// The first ratio less the second, and its distribution.
#[derive(Clone, PartialEq, Debug)]
pub struct Gap {
    middle: f64,
    /// `None` where both ratios are the same for all customers.
    spread: Option<Spread>,
}

/// The gap between two levels' ratios of totals, cost ÷ units each. `a[g]` and `b[g]` are the same customer's sums at
/// the two levels; either may be 0. `None` where a level has no units, where the slices differ in length, or where there
/// are too few customers to say how far it may be off.
pub fn ratio_gap(a: &[Cluster], b: &[Cluster], seed: u64) -> Option<Gap> {
    if a.len() != b.len() {
        return None;
    }
    let (first, second) = (Level::of(a)?, Level::of(b)?);
    let gap = Gap { middle: first.ratio - second.ratio, spread: None };
    let customers = || a.iter().zip(b).filter(|(one, other)| !(one.is_empty() && other.is_empty()));
    if customers().count() > 1 && customers().all(|(one, other)| first.is_same(one) && second.is_same(other))
    {
        return Some(gap);
    }
    let rows: Vec<[f64; COLUMNS]> =
        customers().map(|(one, other)| columns(first.scaled(one), second.scaled(other))).collect();
    let totals = rows
        .iter()
        .fold([0.0; COLUMNS], |sums: [f64; COLUMNS], row| std::array::from_fn(|k| sums[k] + row[k]));
    let count = u32::try_from(rows.len()).ok()?;
    let Some((_, error)) = off(&Replicate { sums: totals, drawn: count, different: count }) else {
        // Enough customers, and all of them have the same gap, whatever else they differ in.
        return (count >= DIFFERENT_MIN).then_some(gap);
    };
    let replicates = replicates(&rows, seed);
    let differences = replicates.iter().filter_map(off).map(|(replicate, its_error)| {
        gap.middle - replicate / its_error.max(ERROR_SHARE_MIN * error) * error
    });
    Some(Gap { spread: Some(Spread::of(differences)?), ..gap })
}

impl Gap {
    /// The gap of the totals themselves.
    pub fn middle(&self) -> f64 {
        self.middle
    }

    /// The value that the true gap is below with this probability; what is between 5 and 95 % is printed as "9 times
    /// in 10".
    pub fn quantile(&self, p: f64) -> f64 {
        self.spread.as_ref().map_or(self.middle, |spread| spread.quantile(p))
    }

    /// The probability that the true gap is above `x`; 0 or 1 where both ratios are exact.
    pub fn probability_above(&self, x: f64) -> f64 {
        match &self.spread {
            Some(spread) => spread.probability_above(x),
            None => f64::from(u8::from(self.middle - x > SAME * (self.middle.abs() + x.abs()))),
        }
    }
}

/// One level's totals.
struct Level {
    units: f64,
    ratio: f64,
}

impl Level {
    fn of(clusters: &[Cluster]) -> Option<Self> {
        let (cost, units) = totals(clusters);
        (units > 0.0 && (cost / units).is_finite()).then(|| Self { units, ratio: cost / units })
    }

    fn is_same(&self, cluster: &Cluster) -> bool {
        let expected = self.ratio * cluster.units;
        (cluster.cost - expected).abs() <= SAME * expected.abs()
    }

    /// A customer's share of the units, and what he cost more than these would at the level's ratio, per unit of all.
    fn scaled(&self, cluster: &Cluster) -> (f64, f64) {
        (cluster.units / self.units, (cluster.cost - self.ratio * cluster.units) / self.units)
    }
}

const COLUMNS: usize = 14;

/// All that the difference of a replicate's ratios and its standard error need: both levels' shares of units and
/// residuals, and the products of each two of the four.
fn columns((p, r): (f64, f64), (q, s): (f64, f64)) -> [f64; COLUMNS] {
    [p, r, q, s, p * p, p * r, p * q, p * s, r * r, r * q, r * s, q * q, q * s, s * s]
}

/// How far a replicate's gap is from that of all, and its standard error.
fn off(replicate: &Replicate<COLUMNS>) -> Option<(f64, f64)> {
    let [p, r, q, s, pp, pr, pq, ps, rr, rq, rs, qq, qs, ss] = replicate.sums;
    if replicate.different < DIFFERENT_MIN || p <= 0.0 || q <= 0.0 {
        return None;
    }
    let (first, second) = (r / p, s / q);
    // Each customer's influence is (r − first × p) ÷ P − (s − second × q) ÷ Q; this is the sum of its squares.
    let first_squares = (rr - 2.0 * first * pr + first * first * pp) / (p * p);
    let second_squares = (ss - 2.0 * second * qs + second * second * qq) / (q * q);
    let products = (rs - second * rq - first * ps + first * second * pq) / (p * q);
    let drawn = f64::from(replicate.drawn);
    let square = (first_squares + second_squares - 2.0 * products) * drawn / (drawn - 1.0);
    let error = libm::sqrt(square.max(0.0));
    (error > 0.0).then_some((first - second, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clusters(pairs: &[(f64, f64)]) -> Vec<Cluster> {
        pairs.iter().map(|(cost, units)| Cluster { cost: *cost, units: *units }).collect()
    }

    #[test]
    fn gap_of_levels_that_cost_all_customers_the_same_is_exact() {
        let a = clusters(&[(30.0, 10.0), (3.0, 1.0), (0.0, 0.0)]);
        let b = clusters(&[(0.0, 0.0), (2.0, 1.0), (4.0, 2.0)]);
        let gap = ratio_gap(&a, &b, 1).expect("units at both levels");
        assert!((gap.middle() - 1.0).abs() < 1e-12 && (gap.quantile(0.05) - 1.0).abs() < 1e-12);
        assert_eq!([gap.probability_above(0.99), gap.probability_above(1.0)], [1.0, 0.0]);
    }

    #[test]
    fn what_makes_a_customer_dear_at_both_levels_does_not_widen_their_gap() {
        // Customers differ by up to two fifths, and each costs 1 more at the first level, give or take a hundredth.
        let customer = |g: i32| (f64::from((g * 37) % 11) - 5.0) * 0.08;
        let wobble = |g: i32| f64::from((g * 17) % 5 - 2) * 0.005;
        let a: Vec<Cluster> =
            (0..40).map(|g| Cluster { cost: 3.0 + customer(g) + wobble(g), units: 1.0 }).collect();
        let b: Vec<Cluster> = (0..40).map(|g| Cluster { cost: 2.0 + customer(g), units: 1.0 }).collect();
        let gap = ratio_gap(&a, &b, 1).expect("units at both levels");
        assert!((gap.middle() - 1.0).abs() < 0.01);
        assert!(
            gap.quantile(0.95) - gap.quantile(0.05) < 0.01,
            "{:?}",
            (gap.quantile(0.05), gap.quantile(0.95))
        );
        assert!(gap.probability_above(0.9) > 0.99 && gap.probability_above(1.1) < 0.01);
        // Paired with somebody else, what customers have in common is lost.
        let mut shuffled = b.clone();
        shuffled.rotate_left(7);
        let wide = ratio_gap(&a, &shuffled, 1).expect("units at both levels");
        assert!(wide.quantile(0.95) - wide.quantile(0.05) > 0.1);
    }

    #[test]
    fn level_without_units_or_with_one_customer_has_no_gap() {
        let one = clusters(&[(1.0, 1.0), (2.0, 1.0)]);
        assert_eq!(ratio_gap(&one, &clusters(&[(0.0, 0.0), (0.0, 0.0)]), 1), None);
        assert_eq!(ratio_gap(&one, &one[..1], 1), None);
        assert_eq!(ratio_gap(&one[..1], &one[1..], 1), None);
    }
}
