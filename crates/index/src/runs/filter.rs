//! The sliced filter: which of up to 64 runs may hold a key, answered with eight loads.
//!
//! It is a Bloom filter for each run, laid side by side: bit *i* of run *r* stands at row *i*, column *r*. A key has
//! the same eight rows in every run, so the AND of eight rows names all runs of the group at once. A filter of its own
//! for each run would cost eight loads for each of them.
//!
//! A run that holds a key is always named; one that does not is named for [about 6 in 10,000](PROBES) keys.

use std::sync::atomic::{AtomicU64, Ordering};

/// Bits of filter for each key that a full run may have. Memory against needless reads: see ADR 0006.
const BITS_PER_KEY: u32 = 16;

/// Rows that a key sets: with 16 bits a key, 0.06 % of foreign keys find all of theirs set. Eleven would be 0.05 %,
/// for three more loads on every call.
const PROBES: usize = 8;

/// Runs of a group: the bits of a word.
pub(super) const GROUP_RUNS: usize = 64;

/// Columns of a group that has few runs yet, so that memory grows with the runs and not ahead of them.
const NARROWEST_COLUMNS: u32 = 1;

/// Rows of the filters of runs with this many facts.
pub(super) const fn row_count(facts: u32) -> u32 {
    facts * BITS_PER_KEY
}

/// The rows of a key, from the 64 bits that runs know it by.
pub(super) struct Rows([u32; PROBES]);

impl Rows {
    pub(super) fn of(prefix: u64, row_count: u32) -> Self {
        // Hashes are uniform already; the multiplication only keeps the rows apart from the order of the keys.
        let mixed = prefix.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        #[expect(clippy::cast_possible_truncation, reason = "the two halves of 64 bits")]
        let (start, step) = ((mixed >> 32) as u32, (mixed ^ prefix >> 32) as u32 | 1);
        let mut hash = start;
        Self(std::array::from_fn(|_| {
            hash = hash.wrapping_add(step).rotate_left(5);
            // A multiplication and a shift map 32 bits onto the rows, more cheaply than a division.
            ((u64::from(hash) * u64::from(row_count)) >> 32) as u32
        }))
    }
}

/// The filter of one run alone. Small enough to be built in a cache; a group of full width is not.
pub(super) struct Column {
    words: Vec<u64>,
    row_count: u32,
}

impl Column {
    pub(super) fn new(row_count: u32) -> Self {
        Self { words: vec![0; row_count.div_ceil(64) as usize], row_count }
    }

    pub(super) fn insert(&mut self, prefix: u64) {
        for row in Rows::of(prefix, self.row_count).0 {
            self.words[row as usize / 64] |= 1 << (row % 64);
        }
    }
}

/// The filters of up to [`GROUP_RUNS`] runs.
pub(super) struct Group {
    row_count: u32,
    /// Bits of a row: 8, 16, 32 or 64. Rows do not cross words.
    columns: u32,
    words: Vec<AtomicU64>,
}

impl Group {
    /// The narrowest group with room for so many runs.
    pub(super) fn with_room_for(runs: usize, row_count: u32) -> Self {
        let mut columns = NARROWEST_COLUMNS;
        while (columns as usize) < runs.min(GROUP_RUNS) {
            columns *= 2;
        }
        let words = row_count.div_ceil(64 / columns);
        Self { row_count, columns, words: (0..words).map(|_| AtomicU64::new(0)).collect() }
    }

    /// Whether a run can have this place.
    pub(super) fn has_column(&self, column: usize) -> bool {
        column < self.columns as usize
    }

    /// The same filters with room for twice as many.
    pub(super) fn widened(&self) -> Self {
        let wide = Self::with_room_for(self.columns as usize * 2, self.row_count);
        for row in 0..self.row_count {
            let (word, shift) = wide.place(row);
            let bits = wide.words[word].load(Ordering::Relaxed) | self.row(row) << shift;
            wide.words[word].store(bits, Ordering::Relaxed);
        }
        wide
    }

    /// Adds the filters of runs that follow each other, all in one pass: it is the pass that costs. Others may be
    /// asking, and others adding to other columns; whoever may be told of these runs must be told after it.
    pub(super) fn set_columns(&self, first_column: usize, filters: &[Column]) {
        let rows_per_word = 64 / self.columns;
        for (word, first_row) in self.words.iter().zip((0u32..).step_by(rows_per_word as usize)) {
            // In order through all of them, a word at a time: row by row at random would miss every cache.
            let mut bits = 0;
            for (column, filter) in (first_column..).zip(filters) {
                let set = filter.words[first_row as usize / 64] >> (first_row % 64);
                for lane in 0..rows_per_word {
                    bits |= (set >> lane & 1) << (lane * self.columns) << column;
                }
            }
            if bits != 0 {
                word.fetch_or(bits, Ordering::Relaxed);
            }
        }
    }

    /// A bit for each run that may hold the key of these rows.
    pub(super) fn candidates(&self, rows: &Rows) -> u64 {
        rows.0.iter().fold(u64::MAX, |all, row| all & self.row(*row))
    }

    /// The bits of a row, from the lowest; above them, zeros.
    fn row(&self, row: u32) -> u64 {
        let (word, shift) = self.place(row);
        self.words[word].load(Ordering::Relaxed) >> shift & (u64::MAX >> (64 - self.columns))
    }

    fn place(&self, row: u32) -> (usize, u32) {
        let rows_per_word = 64 / self.columns;
        ((row / rows_per_word) as usize, row % rows_per_word * self.columns)
    }

    /// Bytes of memory.
    pub(super) fn bytes(&self) -> usize {
        self.words.len() * 8
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng, rngs::StdRng};

    const FACTS: u32 = 2_000;

    fn filled(runs: usize, rng: &mut StdRng) -> (Group, Vec<Vec<u64>>) {
        let rows = row_count(FACTS);
        let mut group = Group::with_room_for(1, rows);
        let mut keys = Vec::new();
        for run in 0..runs {
            let own: Vec<u64> = (0..FACTS).map(|_| rng.random()).collect();
            let mut column = Column::new(rows);
            own.iter().for_each(|key| column.insert(*key));
            if !group.has_column(run) {
                group = group.widened();
            }
            group.set_columns(run, &[column]);
            keys.push(own);
        }
        (group, keys)
    }

    #[test]
    fn no_key_of_any_run_is_missed_at_any_width() {
        let mut rng = StdRng::seed_from_u64(1);
        for runs in [1, 8, 9, 17, 33, 64] {
            let (group, keys) = filled(runs, &mut rng);
            for (run, own) in keys.iter().enumerate() {
                for key in own {
                    let candidates = group.candidates(&Rows::of(*key, row_count(FACTS)));
                    assert_ne!(candidates >> run & 1, 0, "run {run} of {runs} holds {key:x}");
                }
            }
        }
    }

    #[test]
    fn fewer_than_one_foreign_key_in_a_thousand_passes_the_filter_of_a_run() {
        let mut rng = StdRng::seed_from_u64(2);
        let (group, _) = filled(GROUP_RUNS, &mut rng);
        let asked = 20_000u32;
        let passed: u32 = (0..asked)
            .map(|_| group.candidates(&Rows::of(rng.random(), row_count(FACTS))).count_ones())
            .sum();
        let per_million = u64::from(passed) * 1_000_000 / (u64::from(asked) * GROUP_RUNS as u64);
        assert!((100..1_000).contains(&per_million), "{per_million} of a million");
    }

    #[test]
    fn a_group_has_no_more_columns_than_its_runs_need() {
        let bytes = |runs| Group::with_room_for(runs, 6_400).bytes();
        assert_eq!([1, 8, 9, 32, 33, 64].map(bytes), [800, 6_400, 12_800, 25_600, 51_200, 51_200]);
    }
}
