//! Random numbers of the simulations, each from one seed.
#![expect(
    clippy::float_arithmetic,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "random draws of counts, not below 0 and far from the largest"
)]

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A seeded source of random numbers.
pub(crate) struct Draw(ChaCha8Rng);

impl Draw {
    pub(crate) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// Evenly between 0 and 1, never 0.
    pub(crate) fn unit(&mut self) -> f64 {
        1.0 - self.0.random::<f64>()
    }

    pub(crate) fn normal(&mut self) -> f64 {
        libm::sqrt(-2.0 * libm::log(self.unit())) * libm::cos(std::f64::consts::TAU * self.unit())
    }

    /// Poisson, by its normal approximation where counts are large.
    pub(crate) fn count(&mut self, rate: f64) -> u64 {
        if rate > 50.0 {
            return libm::round(rate + libm::sqrt(rate) * self.normal()).max(0.0) as u64;
        }
        let (mut count, mut left) = (0, libm::exp(-rate));
        let mut product = self.unit();
        while product > left {
            count += 1;
            product *= self.unit();
            left = left.max(f64::MIN_POSITIVE);
        }
        count
    }

    /// A whole number below `count`.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        self.0.random_range(0..count)
    }

    /// Lognormal with mean 1 and this standard deviation of its logarithm.
    pub(crate) fn lognormal(&mut self, sigma: f64) -> f64 {
        libm::exp(sigma * self.normal() - 0.5 * sigma * sigma)
    }

    /// Student's t with a whole number of degrees of freedom.
    pub(crate) fn t(&mut self, freedom: u32) -> f64 {
        let squares: f64 = (0..freedom).map(|_| self.normal()).map(|normal| normal * normal).sum();
        self.normal() / libm::sqrt(squares / f64::from(freedom))
    }
}
