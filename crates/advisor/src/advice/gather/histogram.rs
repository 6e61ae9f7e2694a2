//! Counts of numbers by size, to a sixteenth of each power of two.

/// Parts of each power of two.
const PARTS: usize = 16;
/// The bits of a part's number.
const PART_BITS: u32 = PARTS.trailing_zeros();

/// Counts of numbers from 0 up, and sums of what goes with them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Histogram {
    bins: Vec<(u64, i128)>,
    count: u64,
    sum: i128,
}

impl Histogram {
    /// Counts a number; one below 0 counts as 0.
    #[inline]
    pub(crate) fn add(&mut self, number: i64, weight: i64) {
        let bin = bin_of(number.max(0).unsigned_abs());
        if self.bins.len() <= bin {
            self.bins.resize(bin + 1, (0, 0));
        }
        let (count, sum) = &mut self.bins[bin];
        *count += 1;
        *sum += i128::from(weight);
        self.count += 1;
        self.sum += i128::from(weight);
    }

    /// How many numbers there are.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// A number that at least `in_thousand` of a thousand numbers are not above, to a sixteenth of its size; 0 of none.
    pub(crate) fn quantile(&self, in_thousand: u64) -> i64 {
        let wanted = (self.count * in_thousand).div_ceil(1_000).max(1);
        let mut seen = 0;
        for (bin, (count, _)) in self.bins.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return i64::try_from(top_of(bin)).unwrap_or(i64::MAX);
            }
        }
        0
    }

    /// Of each bin, the least first: its largest number, how many numbers are in it, and the sum of what goes with them.
    pub(crate) fn bins(&self) -> impl Iterator<Item = (i64, u64, i128)> {
        let bins = self.bins.iter().enumerate().filter(|(_, (count, _))| *count > 0);
        bins.map(|(bin, (count, sum))| (i64::try_from(top_of(bin)).unwrap_or(i64::MAX), *count, *sum))
    }

    /// The share of what goes with the largest thousandths of numbers, in basis points.
    pub(crate) fn share_of_largest_bp(&self, in_thousand: u64) -> u32 {
        let wanted = (self.count * in_thousand).div_ceil(1_000);
        let (mut seen, mut part) = (0, 0i128);
        for (count, sum) in self.bins.iter().rev() {
            if seen + count > wanted {
                // The part of the bin that is needed, as if its numbers were all alike.
                part += sum * i128::from(wanted - seen) / i128::from((*count).max(1));
                break;
            }
            seen += count;
            part += sum;
        }
        if self.sum <= 0 { 0 } else { u32::try_from(part * 10_000 / self.sum).unwrap_or(0) }
    }
}

#[inline]
fn bin_of(number: u64) -> usize {
    if number < PARTS as u64 {
        return usize::try_from(number).unwrap_or(0);
    }
    let power = number.ilog2();
    let part = usize::try_from(number >> (power - PART_BITS)).unwrap_or(0) - PARTS;
    (power - PART_BITS + 1) as usize * PARTS + part
}

/// The largest number of a bin.
fn top_of(bin: usize) -> u64 {
    if bin < PARTS {
        return bin as u64;
    }
    let (power, part) = (bin / PARTS - 1, bin % PARTS);
    ((PARTS + part + 1) as u64)
        .checked_shl(u32::try_from(power).unwrap_or(u32::MAX))
        .map_or(u64::MAX, |top| top - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_in_a_bin_that_ends_a_sixteenth_above_it_at_most() {
        for number in (0..200).chain([1_000, 65_535, 65_536, 1 << 40, i64::MAX as u64]) {
            let top = top_of(bin_of(number));
            assert!(top >= number && top - number <= number / 16, "{number}: {top}");
        }
    }

    #[test]
    fn quantiles_and_shares_are_those_of_the_numbers() {
        let mut histogram = Histogram::default();
        (1..=1_000).for_each(|number| histogram.add(number, number));
        for (in_thousand, number) in [(500, 500), (900, 900), (990, 990), (1, 1)] {
            let found = histogram.quantile(in_thousand);
            assert!(found >= number && found <= number + number / 16, "{in_thousand}: {found}");
        }
        // The largest hundredth: 991 to 1,000 of 500,500.
        assert!((190..=199).contains(&histogram.share_of_largest_bp(10)));
        assert_eq!(Histogram::default().quantile(500), 0);
        assert_eq!(Histogram::default().share_of_largest_bp(10), 0);
    }
}
