//! Chance, all from one seed.

use chargly_engine::Entropy;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The only source of chance in a run.
pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// From 0 up to, not including, `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0.random_range(0..end)
    }

    pub(crate) fn between(&mut self, least: i64, most: i64) -> i64 {
        self.0.random_range(least..=most)
    }

    /// True once in `n` times.
    pub(crate) fn once_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// An index below `len`, or nothing to choose from.
    pub(crate) fn index(&mut self, len: usize) -> Option<usize> {
        (len > 0).then(|| self.0.random_range(0..len))
    }

    /// One of these, by weight.
    pub(crate) fn weighted<T: Copy>(&mut self, choices: &[(u32, T)]) -> T {
        let all: u64 = choices.iter().map(|(weight, _)| u64::from(*weight)).sum();
        let mut at = self.below(all);
        for (weight, choice) in choices {
            match at.checked_sub(u64::from(*weight)) {
                Some(rest) => at = rest,
                None => return *choice,
            }
        }
        unreachable!("the weights add up")
    }

    /// Dice of their own, for somebody who shall not disturb these.
    pub(crate) fn split(&mut self) -> Self {
        Self::new(self.0.random())
    }

    /// A seed for somebody else's generator.
    pub(crate) fn seed(&mut self) -> [u8; 32] {
        self.0.random()
    }
}

impl Entropy for Dice {
    fn nonce(&mut self) -> [u8; 16] {
        self.0.random()
    }
}
