//! What an event costs as a line: so much for each, and so much for each unit in it.
//!
//! Least squares of events' cost on their quantity, from sums per customer; how far it may be off, from the bootstrap
//! over customers. Replicates are pairs, so that a claim about both (a small event's cost is above its price) can be
//! asked of each. They are stretched away from the line of all, since with few customers they lie too close together.
//!
//! Invariants: the same sums in the same order and the same seed give the same bytes.
#![expect(clippy::float_arithmetic, reason = "estimates, never amounts")]

use crate::bootstrap::{WIDENING, replicates};
use crate::statistics::as_float;

/// One customer's events, summed.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct LineSums {
    /// Events.
    pub n: f64,
    /// Their quantities.
    pub q: f64,
    /// Squares of their quantities.
    pub qq: f64,
    /// Their costs.
    pub c: f64,
    /// Products of cost and quantity.
    pub cq: f64,
}

/// cost = a + b × quantity.
#[derive(Clone, PartialEq, Debug)]
pub struct Line {
    a: f64,
    b: f64,
    /// Those of the replicates.
    pairs: Vec<(f64, f64)>,
}

/// Quantities that vary by less than this share of their mean square do not determine a line.
const VARIES_MIN: f64 = 1e-9;
/// Share of the replicates that must have a line.
const REPLICATES_MIN: usize = 500;

/// The line through all events. `None` where quantities do not vary, and where too few customers have events of
/// different quantity.
pub fn line(points: &[LineSums], seed: u64) -> Option<Line> {
    let rows: Vec<[f64; 5]> = points
        .iter()
        .filter(|point| point.n > 0.0)
        .map(|point| [point.n, point.q, point.qq, point.c, point.cq])
        .collect();
    let totals = rows.iter().fold([0.0; 5], |sums: [f64; 5], row| std::array::from_fn(|k| sums[k] + row[k]));
    let (a, b) = fit(totals)?;
    let stretch = WIDENING * libm::sqrt(as_float(rows.len()) / as_float(rows.len().checked_sub(1)?.max(1)));
    let pairs: Vec<(f64, f64)> = replicates(&rows, seed)
        .iter()
        .filter_map(|replicate| fit(replicate.sums))
        .map(|(its_a, its_b)| (a + stretch * (its_a - a), b + stretch * (its_b - b)))
        .collect();
    (rows.len() > 1 && pairs.len() >= REPLICATES_MIN).then_some(Line { a, b, pairs })
}

fn fit([n, q, qq, c, cq]: [f64; 5]) -> Option<(f64, f64)> {
    let (mean_q, mean_c) = (q / n, c / n);
    let variance = qq / n - mean_q * mean_q;
    if !(n > 0.0 && variance > VARIES_MIN * qq / n) {
        return None;
    }
    let b = (cq / n - mean_q * mean_c) / variance;
    Some((mean_c - b * mean_q, b))
}

impl Line {
    /// Cost of an event, whatever its quantity.
    pub fn a(&self) -> f64 {
        self.a
    }

    /// Cost of a unit.
    pub fn b(&self) -> f64 {
        self.b
    }

    /// The probability that what is claimed of `a` and `b` is true.
    pub fn probability(&self, claim: impl Fn(f64, f64) -> bool) -> f64 {
        let held = self.pairs.iter().filter(|(a, b)| claim(*a, *b)).count();
        as_float(held) / as_float(self.pairs.len())
    }

    /// The range of `a` that is printed as holding the truth 9 times in 10.
    pub fn a_range(&self) -> (f64, f64) {
        self.range(|pair| pair.0)
    }

    /// The range of `b` that is printed as holding the truth 9 times in 10.
    pub fn b_range(&self) -> (f64, f64) {
        self.range(|pair| pair.1)
    }

    fn range(&self, part: impl Fn(&(f64, f64)) -> f64) -> (f64, f64) {
        let mut values: Vec<f64> = self.pairs.iter().map(part).collect();
        values.sort_by(f64::total_cmp);
        // One in twenty on each side.
        let tail = values.len() / 20;
        (values[tail], values[values.len() - 1 - tail])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A customer's events of these quantities, at a cost of 3 each and 2 a unit, all dearer by `more`.
    fn sums(quantities: &[f64], more: f64) -> LineSums {
        quantities.iter().fold(LineSums::default(), |sums, q| {
            let c = (3.0 + 2.0 * q) * more;
            LineSums {
                n: sums.n + 1.0,
                q: sums.q + q,
                qq: sums.qq + q * q,
                c: sums.c + c,
                cq: sums.cq + c * q,
            }
        })
    }

    #[test]
    fn line_that_all_customers_share_is_found_without_doubt() {
        let points = [sums(&[1.0, 2.0], 1.0), sums(&[5.0, 8.0, 1.0], 1.0), sums(&[3.0, 4.0], 1.0)];
        let line = line(&points, 1).expect("quantities differ");
        assert!((line.a() - 3.0).abs() < 1e-9 && (line.b() - 2.0).abs() < 1e-9);
        assert!(line.a_range().1 - line.a_range().0 < 1e-9);
        assert_eq!(line.probability(|a, b| a > 0.0 && a + b < 5.1), 1.0);
    }

    #[test]
    fn customers_who_differ_leave_doubt_about_the_line() {
        let points: Vec<LineSums> = (0..30_i32)
            .map(|g| sums(&[1.0, f64::from(g % 7 + 2)], 1.0 + f64::from((g * 37) % 11 - 5) * 0.06))
            .collect();
        let line = line(&points, 1).expect("quantities differ");
        assert!(line.a_range().0 < 3.0 && line.a_range().1 > 3.0, "{:?}", line.a_range());
        assert!(line.b_range().0 < 2.0 && line.b_range().1 > 2.0, "{:?}", line.b_range());
        assert!(line.probability(|a, _| a > 0.0) > 0.95);
        let split = line.probability(|a, _| a > line.a());
        assert!((0.3..0.7).contains(&split), "{split}");
    }

    #[test]
    fn one_quantity_or_one_customer_has_no_line() {
        assert_eq!(line(&[sums(&[2.0, 2.0], 1.0), sums(&[2.0], 1.3)], 1), None);
        assert_eq!(line(&[sums(&[1.0, 2.0], 1.0)], 1), None);
        assert_eq!(line(&[], 1), None);
    }
}
