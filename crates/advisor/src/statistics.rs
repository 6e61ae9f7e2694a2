//! The little statistics the advisor needs: Student's t, a distribution on a grid, and least squares.
//!
//! Invariants: no randomness, and every function of mathematics comes from `libm`, so that a result is the same on
//! every machine. Not owned here: what the numbers mean.
#![expect(clippy::float_arithmetic, reason = "estimates, never amounts")]

/// Points of a distribution: with 8,001 of them a quantile is exact to a hundredth of the printed precision.
const GRID_POINTS: u32 = 8_001;

/// Student's t around `centre`; any number of degrees of freedom above 0.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct StudentT {
    pub(crate) centre: f64,
    pub(crate) scale: f64,
    pub(crate) freedom: f64,
}

impl StudentT {
    /// The logarithm of its density, but for a constant.
    pub(crate) fn log_density(self, at: f64) -> f64 {
        let distance = (at - self.centre) / self.scale;
        -0.5 * (self.freedom + 1.0) * libm::log1p(distance * distance / self.freedom)
    }
}

/// A distribution of one number, on a grid of evenly spaced points.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Distribution {
    low: f64,
    step: f64,
    /// The probability of being below each point's upper edge; the last one is 1.
    below: Vec<f64>,
}

impl Distribution {
    /// The distribution whose density is the product of these, between `low` and `high`.
    pub(crate) fn product(parts: &[StudentT], low: f64, high: f64) -> Self {
        let step = (high - low) / f64::from(GRID_POINTS - 1);
        let log_density = |point: u32| {
            let at = low + f64::from(point) * step;
            parts.iter().map(|part| part.log_density(at)).sum::<f64>()
        };
        let logs: Vec<f64> = (0..GRID_POINTS).map(log_density).collect();
        let highest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut total = 0.0;
        let mut below: Vec<f64> = Vec::with_capacity(logs.len());
        for log in logs {
            total += libm::exp(log - highest);
            below.push(total);
        }
        below.iter_mut().for_each(|sum| *sum /= total);
        Self { low, step, below }
    }

    /// The value that the number is below with this probability, 0 to 1.
    pub(crate) fn quantile(&self, probability: f64) -> f64 {
        let point = self.below.partition_point(|below| *below < probability).min(self.below.len() - 1);
        let before = if point == 0 { 0.0 } else { self.below[point - 1] };
        let within = (probability - before) / (self.below[point] - before).max(f64::MIN_POSITIVE);
        self.edge(point) + within * self.step
    }

    /// The probability that the number is below `value`.
    pub(crate) fn probability_below(&self, value: f64) -> f64 {
        // The first point whose upper edge is above the value; one earlier, so that rounding cannot hide it.
        let cells = libm::floor((value - self.low) / self.step + 0.5) - 1.0;
        let first = if cells > 0.0 { whole_index(cells).min(self.below.len()) } else { 0 };
        for point in first..self.below.len() {
            let within = (value - self.edge(point)) / self.step;
            if within < 1.0 {
                let before = if point == 0 { 0.0 } else { self.below[point - 1] };
                return before + within.max(0.0) * (self.below[point] - before);
            }
        }
        1.0
    }

    /// The lower edge of a point's cell.
    fn edge(&self, point: usize) -> f64 {
        self.low + (as_float(point) - 0.5) * self.step
    }
}

/// The whole part of a place in a series.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not below 0; saturates")]
pub(crate) fn whole_index(value: f64) -> usize {
    value as usize
}

/// An amount as a float, where it is estimated with.
#[expect(clippy::cast_precision_loss, reason = "for estimates, which are less sure than that")]
pub(crate) fn float(amount: i128) -> f64 {
    amount as f64
}

/// The nearest whole number; 0 for what is none, and the largest there is beyond it.
#[expect(clippy::cast_possible_truncation, reason = "saturates, and what is not a number is 0")]
pub(crate) fn whole128(value: f64) -> i128 {
    libm::round(value) as i128
}

/// A probability in basis points.
pub(crate) fn basis_points(probability: f64) -> u32 {
    u32::try_from(whole128(probability.clamp(0.0, 1.0) * 1e4)).unwrap_or(0)
}

/// A count as a float: exact below 2⁵³, which no count here comes near.
#[expect(clippy::cast_precision_loss, reason = "counts of days and points")]
pub(crate) fn as_float(count: usize) -> f64 {
    count as f64
}

/// The mean, or `None` of nothing.
pub(crate) fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / as_float(values.len()))
}

/// What least squares found.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Fit<const K: usize> {
    /// One coefficient for each column.
    pub(crate) coefficients: [f64; K],
    /// The variance of the asked-for coefficient, were the residuals of variance 1 and independent.
    pub(crate) unit_variance: f64,
    /// What is left of each row.
    pub(crate) residuals: Vec<f64>,
}

/// Ordinary least squares of `y` on the columns, with the unit variance of coefficient `asked`. `None` where the rows
/// do not determine the coefficients, or are no more than these.
pub(crate) fn least_squares<const K: usize>(rows: &[([f64; K], f64)], asked: usize) -> Option<Fit<K>> {
    if rows.len() <= K {
        return None;
    }
    let mut normal = [[0.0; K]; K];
    // Two right-hand sides: the data, and the unit vector whose solution holds the asked-for variance.
    let mut right = [[0.0; 2]; K];
    right[asked][1] = 1.0;
    for (columns, y) in rows {
        for (i, left) in columns.iter().enumerate() {
            for (j, other) in columns.iter().enumerate() {
                normal[i][j] += left * other;
            }
            right[i][0] += left * y;
        }
    }
    solve(&mut normal, &mut right)?;
    let coefficients = std::array::from_fn(|k| right[k][0]);
    let fitted =
        |columns: &[f64; K]| columns.iter().zip(&coefficients).map(|(x, c): (&f64, &f64)| x * c).sum::<f64>();
    let residuals = rows.iter().map(|(columns, y)| y - fitted(columns)).collect();
    Some(Fit { coefficients, unit_variance: right[asked][1], residuals })
}

/// Gauss and Jordan with row pivots: `right` becomes the solutions.
fn solve<const K: usize>(matrix: &mut [[f64; K]; K], right: &mut [[f64; 2]; K]) -> Option<()> {
    /// A pivot smaller than this, among sums of small whole numbers, is a dependent column.
    const PIVOT_MIN: f64 = 1e-9;
    for column in 0..K {
        let pivot =
            (column..K).max_by(|a, b| matrix[*a][column].abs().total_cmp(&matrix[*b][column].abs()))?;
        if matrix[pivot][column].abs() < PIVOT_MIN {
            return None;
        }
        matrix.swap(column, pivot);
        right.swap(column, pivot);
        let (pivot_row, pivot_right) = (matrix[column], right[column]);
        for row in 0..K {
            let factor = matrix[row][column] / pivot_row[column];
            if row != column {
                matrix[row].iter_mut().zip(pivot_row).for_each(|(cell, pivot)| *cell -= factor * pivot);
                right[row].iter_mut().zip(pivot_right).for_each(|(cell, pivot)| *cell -= factor * pivot);
            }
        }
    }
    for (k, solution) in right.iter_mut().enumerate() {
        solution.iter_mut().for_each(|cell| *cell /= matrix[k][k]);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64, by: f64) -> bool {
        (a - b).abs() <= by
    }

    #[test]
    fn quantiles_of_students_t_are_those_of_the_tables() {
        for (freedom, quantile_95) in [(2.0, 2.920), (4.0, 2.132), (10.0, 1.812), (1e6, 1.645)] {
            let t = StudentT { centre: 1.0, scale: 2.0, freedom };
            let distribution = Distribution::product(&[t], -999.0, 1_001.0);
            for (probability, expected) in
                [(0.5, 1.0), (0.95, 1.0 + 2.0 * quantile_95), (0.05, 1.0 - 2.0 * quantile_95)]
            {
                let found = distribution.quantile(probability);
                assert!(close(found, expected, 0.01), "{freedom} {probability}: {found} is not {expected}");
                assert!(close(distribution.probability_below(found), probability, 1e-6));
            }
        }
    }

    #[test]
    fn product_of_two_wide_normals_lies_between_them() {
        let normal = |centre, scale| StudentT { centre, scale, freedom: 1e9 };
        let product = Distribution::product(&[normal(0.0, 1.0), normal(1.0, 0.5)], -10.0, 10.0);
        // Precisions 1 and 4: mean 4/5, variance 1/5.
        assert!(close(product.quantile(0.5), 0.8, 1e-3));
        assert!(close(product.quantile(0.95) - product.quantile(0.5), 1.6449 * libm::sqrt(0.2), 1e-3));
    }

    #[test]
    fn probability_outside_the_grid_is_0_and_1() {
        let t = StudentT { centre: 0.0, scale: 1.0, freedom: 5.0 };
        let distribution = Distribution::product(&[t], -1.0, 1.0);
        assert!(close(distribution.probability_below(-2.0), 0.0, 0.0));
        assert!(close(distribution.probability_below(2.0), 1.0, 0.0));
    }

    #[test]
    fn least_squares_finds_line_and_variance() {
        // y = 3 + 2x with residuals +1, −1, −1, +1 that no line can take up.
        let rows: Vec<([f64; 2], f64)> =
            [(0.0, 4.0), (1.0, 4.0), (2.0, 6.0), (3.0, 10.0)].map(|(x, y)| ([1.0, x], y)).to_vec();
        let fit = least_squares(&rows, 1).expect("two points would do");
        assert!(close(fit.coefficients[0], 3.0, 1e-12) && close(fit.coefficients[1], 2.0, 1e-12));
        assert!(close(fit.unit_variance, 0.2, 1e-12), "1 ÷ Σ(x − 1.5)²");
        assert!(
            fit.residuals
                .iter()
                .zip([1.0, -1.0, -1.0, 1.0])
                .all(|(found, expected)| close(*found, expected, 1e-12))
        );
    }

    #[test]
    fn rows_that_determine_nothing_have_no_fit() {
        assert_eq!(
            least_squares(&[([1.0, 1.0], 1.0), ([1.0, 2.0], 2.0)], 0),
            None,
            "as many rows as columns"
        );
        assert_eq!(least_squares(&[([1.0, 2.0], 1.0), ([1.0, 2.0], 2.0), ([1.0, 2.0], 3.0)], 0), None);
    }
}
