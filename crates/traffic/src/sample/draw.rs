//! The draws that everything else is made of. Floats are born and die here and in `calendar`.
#![expect(clippy::float_arithmetic, reason = "random draws; no amount is computed from a float")]

use rand::RngCore;

/// Standard deviation of the logarithm of a customer's size (see the table of the parent module).
const CUSTOMER_SIGMA: f64 = 1.99;

/// A number above 0 and up to 1, of the 2^53 that there are.
pub(super) fn unit(draw: &mut impl RngCore) -> f64 {
    ((draw.next_u64() >> 11) + 1) as f64 / (1_u64 << 53) as f64
}

/// An integer from 0 to `limit` − 1. The bias is below 2^-32 for the limits in use.
pub(super) fn below(limit: u32, draw: &mut impl RngCore) -> u32 {
    let wide = u128::from(draw.next_u64()) * u128::from(limit);
    u32::try_from(wide >> 64).unwrap_or(0)
}

/// A draw of the standard normal distribution (Box and Muller's transform, one of its two values).
pub(super) fn normal(draw: &mut impl RngCore) -> f64 {
    let radius = libm::sqrt(-2.0 * libm::log(unit(draw)));
    radius * libm::cos(std::f64::consts::TAU * unit(draw))
}

/// Who uses how much.
#[derive(Debug, Clone)]
pub(super) struct Customers {
    /// The weight of each customer and all before it.
    cumulative: Vec<f64>,
}

impl Customers {
    pub(super) fn draw(customers: u32, draw: &mut impl RngCore) -> Customers {
        let mut sum = 0.0;
        let weights = (0..customers).map(|_| {
            sum += libm::exp(CUSTOMER_SIGMA * normal(draw));
            sum
        });
        Customers { cumulative: weights.collect() }
    }

    /// A customer's index, each as likely as it is large.
    pub(super) fn pick(&self, draw: &mut impl RngCore) -> usize {
        let total = self.cumulative.last().copied().unwrap_or(0.0);
        let point = unit(draw) * total;
        let index = self.cumulative.partition_point(|sum| *sum < point);
        index.min(self.cumulative.len().saturating_sub(1))
    }
}
