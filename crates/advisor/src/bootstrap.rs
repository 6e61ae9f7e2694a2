//! The bootstrap over customers: sums of their rows under random weights, and the spread that comes of it.
//!
//! A replicate gives each customer a weight that is Poisson with mean 1, which is resampling customers with their
//! number left to chance, and needs one pass in any order. Weights come from a table of whole numbers and ChaCha8, a
//! cipher that is defined bit by bit: libraries of distributions use the machine's own `exp` and `ln`, whose last digit
//! differs between machines, and one digit is another weight.
//!
//! Invariants: the same rows, order and seed give the same bytes; a spread is never empty. Not owned here: what is
//! summed, and what a replicate makes of its sums.
#![expect(clippy::float_arithmetic, reason = "estimates, never amounts")]

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use crate::normal;
use crate::statistics::{as_float, whole_index};

/// Replicates: the 25th from each end marks the range.
pub(crate) const REPLICATES: usize = 1_000;
/// Replicates that must have come to something: with fewer, the ends of the range are single draws.
const REPLICATES_MIN: usize = 100;
/// What is computed as 95 % is printed as 90 %: with few customers who differ much, ranges hold the truth that much less
/// often than they say. The quantile 1.96 of a normal becomes 1.645, and all others go along.
pub(crate) const WIDENING: f64 = 1.959_963_985 / 1.644_853_627;

/// A replicate's standard error counts as at least this share of that of all: one that missed the customers who differ
/// has next to none, and would stretch the range a hundredfold.
pub(crate) const ERROR_SHARE_MIN: f64 = 0.2;

/// Rows that are weighted before the next replicate's turn: so many stay in the nearest cache.
const BLOCK_ROWS: usize = 512;

/// One replicate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Replicate<const K: usize> {
    /// The weighted sum of each column.
    pub(crate) sums: [f64; K],
    /// The sum of weights: customers, counted as often as they were drawn.
    pub(crate) drawn: u32,
    /// Customers that were drawn at least once.
    pub(crate) different: u32,
}

/// [`REPLICATES`] replicates of the column sums of `rows`.
pub(crate) fn replicates<const K: usize>(rows: &[[f64; K]], seed: u64) -> Vec<Replicate<K>> {
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    let mut replicates = vec![Replicate { sums: [0.0; K], drawn: 0, different: 0 }; REPLICATES];
    let mut weights = [0; BLOCK_ROWS];
    for block in rows.chunks(BLOCK_ROWS) {
        for replicate in &mut replicates {
            let weights = &mut weights[..block.len()];
            draw_weights(weights, &mut chance);
            let (mut counts, mut sums) = (0, [0.0; K]);
            for (row, weight) in block.iter().zip(weights) {
                let weight = usize::from(*weight);
                counts += COUNTS[weight];
                for (sum, value) in sums.iter_mut().zip(row) {
                    *sum += FACTORS[weight] * value;
                }
            }
            replicate.drawn += counts & 0xFFFF;
            replicate.different += counts >> 16;
            replicate.sums.iter_mut().zip(sums).for_each(|(all, sum)| *all += sum);
        }
    }
    replicates
}

/// Of 256 first bytes, how many mean a weight of 0, 1, 2, …: as many as the distribution has whole, the rest decides
/// with two more bytes.
const FIRST_BYTES: [u8; 5] = [94, 94, 47, 15, 3];
/// First byte from which two more are drawn.
const UNDECIDED: u8 = 253;
/// Of 65,536 pairs of bytes after such a byte, how many mean a weight of at most 0, 1, 2, …; 9 is the largest.
const MORE_BYTES: [u16; 9] = [3_870, 7_739, 9_674, 24_883, 45_069, 62_213, 65_070, 65_479, 65_530];
const WEIGHTS: usize = 10;
/// A weight as a factor.
const FACTORS: [f64; WEIGHTS] = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0];
/// A weight as two counts in one number: itself, and whether it is not 0.
const COUNTS: [u32; WEIGHTS] = {
    let mut counts = [0; WEIGHTS];
    let mut weight = 1;
    while weight < 10 {
        counts[weight as usize] = weight | 1 << 16;
        weight += 1;
    }
    counts
};
/// The weight of each first byte that decides.
const BY_BYTE: [u8; 256] = {
    let mut by_byte = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        // Bytes of all weights up to and including each: the weight is how many of these the byte has reached.
        let (mut weight, mut reached) = (0, FIRST_BYTES[0] as usize);
        while byte >= reached && weight + 1 < FIRST_BYTES.len() {
            weight += 1;
            reached += FIRST_BYTES[weight] as usize;
            by_byte[byte] += 1;
        }
        byte += 1;
    }
    by_byte
};

fn draw_weights(weights: &mut [u8], chance: &mut ChaCha8Rng) {
    chance.fill_bytes(weights);
    for weight in weights {
        let byte = *weight;
        *weight = match byte < UNDECIDED {
            true => BY_BYTE[usize::from(byte)],
            false => {
                let more = (chance.next_u32() & 0xFFFF) as u16;
                MORE_BYTES.iter().map(|at_most| u8::from(more >= *at_most)).sum()
            }
        };
    }
}

/// How a number is spread, as the replicates have it, widened: "9 times in 10" is between the quantiles 5 and 95 %.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Spread {
    /// Ascending.
    values: Vec<f64>,
}

impl Spread {
    /// `None` where too few values are numbers.
    pub(crate) fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
        values.sort_by(f64::total_cmp);
        (values.len() >= REPLICATES_MIN).then_some(Self { values })
    }

    /// The value that the number is below with this probability.
    pub(crate) fn quantile(&self, probability: f64) -> f64 {
        let nominal = normal::below(WIDENING * normal::quantile(probability));
        let at = (nominal * as_float(self.values.len()) - 0.5).max(0.0);
        let index = whole_index(at).min(self.values.len() - 1);
        let next = self.values[(index + 1).min(self.values.len() - 1)];
        self.values[index] + (at - as_float(index)).min(1.0) * (next - self.values[index])
    }

    /// The probability that the number is above `value`: never quite 0 or 1, since so many replicates cannot tell.
    pub(crate) fn probability_above(&self, value: f64) -> f64 {
        let count = as_float(self.values.len());
        let index = self.values.partition_point(|replicate| *replicate <= value);
        let within = match (index.checked_sub(1).map(|before| self.values[before]), self.values.get(index)) {
            (Some(before), Some(next)) => (value - before) / (next - before),
            _ => 0.5,
        };
        let nominal = ((as_float(index) - 0.5 + within) / count).clamp(0.5 / count, 1.0 - 0.5 / count);
        1.0 - normal::below(normal::quantile(nominal) / WIDENING)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_poisson_with_mean_1() {
        // Exact shares of the two tables, against e⁻¹ ÷ k!.
        let mut probability = libm::exp(-1.0);
        for weight in 0..WEIGHTS {
            let first = FIRST_BYTES.get(weight).map_or(0.0, |bytes| f64::from(*bytes));
            let at_most = |index: usize| MORE_BYTES.get(index).map_or(65_536.0, |pairs| f64::from(*pairs));
            let pairs = at_most(weight) - weight.checked_sub(1).map_or(0.0, at_most);
            let share = (first + 3.0 * pairs / 65_536.0) / 256.0;
            assert!((share - probability).abs() < 3e-7, "{weight}: {share} for {probability}");
            probability /= as_float(weight + 1);
        }
        assert_eq!(FIRST_BYTES.iter().sum::<u8>(), UNDECIDED);
    }

    #[test]
    fn replicates_have_the_mean_and_variance_of_their_weights_and_the_same_bytes_each_time() {
        let rows: Vec<[f64; 2]> = (0..1_300_u32).map(|row| [1.0, f64::from(row)]).collect();
        let drawn = replicates(&rows, 7);
        let counts: Vec<f64> = drawn.iter().map(|replicate| replicate.sums[0]).collect();
        let mean = counts.iter().sum::<f64>() / 1e3;
        let variance = counts.iter().map(|count| (count - mean) * (count - mean)).sum::<f64>() / 999.0;
        assert!((mean - 1_300.0).abs() < 4.0, "{mean}: ± 1.1");
        assert!((variance / 1_300.0 - 1.0).abs() < 0.2, "{variance}: ± 4.5 %");
        for replicate in &drawn {
            assert!((replicate.sums[0] - f64::from(replicate.drawn)).abs() < 1e-9);
        }
        let different = drawn.iter().map(|replicate| f64::from(replicate.different)).sum::<f64>() / 1e3;
        assert!((different / 1_300.0 - (1.0 - libm::exp(-1.0))).abs() < 0.003, "{different}");
        let sums = |seed| replicates(&rows, seed).iter().map(|r| r.sums[1].to_bits()).collect::<Vec<_>>();
        assert_eq!(sums(7), sums(7));
        assert_ne!(sums(7), sums(8));
        // Pinned: another machine, or another version of the cipher, must draw the same.
        assert_eq!((drawn[0].drawn, drawn[999].drawn), (1_262, 1_305));
    }

    #[test]
    fn printed_90_percent_is_the_95_percent_of_the_replicates() {
        let spread = Spread::of((0..1_000_u32).map(f64::from)).expect("a thousand values");
        assert!((spread.quantile(0.05) - 24.5).abs() < 1e-3, "{}", spread.quantile(0.05));
        assert!((spread.quantile(0.5) - 499.5).abs() < 1e-3);
        assert!((spread.quantile(0.95) - 974.5).abs() < 1e-3);
        for probability in [0.05, 0.2, 0.5, 0.77, 0.95] {
            let above = spread.probability_above(spread.quantile(probability));
            assert!((above - (1.0 - probability)).abs() < 1e-6, "{probability}: {above}");
        }
        assert!(spread.probability_above(-1.0) < 1.0 && spread.probability_above(-1.0) > 0.99);
        assert!(spread.probability_above(2_000.0) > 0.0 && spread.probability_above(2_000.0) < 0.01);
        assert_eq!(Spread::of((0..99_u32).map(f64::from)), None);
    }
}
