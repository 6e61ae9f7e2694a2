//! The normal distribution, and Student's t by way of it.
//!
//! Invariant: `libm` only, so that a probability is the same on every machine.
#![expect(clippy::float_arithmetic, reason = "probabilities, never amounts")]

/// Standard deviations within which quantiles are looked for: beyond, a probability is 0 or 1 in 19 digits.
const FARTHEST: f64 = 9.0;
/// Halvings of that range: more would change no digit.
const HALVINGS: u32 = 60;

/// The probability that a standard normal number is below `at`.
pub(crate) fn below(at: f64) -> f64 {
    0.5 * libm::erfc(-at * std::f64::consts::FRAC_1_SQRT_2)
}

/// The value that a standard normal number is below with this probability.
pub(crate) fn quantile(probability: f64) -> f64 {
    let (mut low, mut high) = (-FARTHEST, FARTHEST);
    for _ in 0..HALVINGS {
        let middle = 0.5 * (low + high);
        if below(middle) < probability {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// The standard normal value as unlikely as this value of Student's t, after Wallace (1959): off by less than a
/// hundredth from 10 degrees of freedom on, within 4 of the middle.
pub(crate) fn from_t(t: f64, freedom: f64) -> f64 {
    let size = libm::sqrt(freedom * libm::log1p(t * t / freedom));
    let normal = size * (8.0 * freedom + 1.0) / (8.0 * freedom + 3.0);
    if t < 0.0 { -normal } else { normal }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_and_probabilities_are_those_of_the_tables() {
        for (probability, expected) in
            [(0.5, 0.0), (0.95, 1.644_853_627), (0.975, 1.959_963_985), (0.999, 3.090_232_306)]
        {
            assert!((quantile(probability) - expected).abs() < 1e-8, "{probability}");
            assert!((quantile(1.0 - probability) + expected).abs() < 1e-8, "{probability}");
            assert!((below(expected) - probability).abs() < 1e-8, "{probability}");
        }
        assert!(quantile(0.0).is_finite() && quantile(1.0).is_finite());
    }

    #[test]
    fn students_t_is_as_unlikely_as_in_the_tables() {
        for (freedom, t, probability) in
            [(10.0, 1.812, 0.95), (10.0, 2.764, 0.99), (13.0, 3.852, 0.999), (60.0, 2.660, 0.995)]
        {
            assert!((below(from_t(t, freedom)) - probability).abs() < 5e-4, "{freedom} {t}");
            assert!((below(from_t(-t, freedom)) - (1.0 - probability)).abs() < 5e-4, "{freedom} {t}");
        }
    }
}
