//! Claims by what they stated, with how many came true.
#![expect(clippy::float_arithmetic, clippy::cast_precision_loss, reason = "shares of runs of a simulation")]

/// Lower ends of the bins, of stated probabilities.
const BINS: [f64; 7] = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99];

/// Claims that stated a probability of at least [`BINS`]' first.
#[derive(Clone, Default)]
pub(crate) struct Tally {
    bins: [Bin; BINS.len()],
}

#[derive(Clone, Copy, Default)]
pub(crate) struct Bin {
    pub(crate) claims: u64,
    stated: f64,
    came_true: u64,
}

impl Bin {
    fn plus(self, other: Self) -> Self {
        Self {
            claims: self.claims + other.claims,
            stated: self.stated + other.stated,
            came_true: self.came_true + other.came_true,
        }
    }

    pub(crate) fn stated(&self) -> f64 {
        self.stated / self.claims as f64
    }

    pub(crate) fn came_true(&self) -> f64 {
        self.came_true as f64 / self.claims as f64
    }
}

impl Tally {
    /// Counts a claim, unless it states less than 1 in 2.
    pub(crate) fn add(&mut self, stated: f64, came_true: bool) {
        if let Some(bin) = BINS.iter().rposition(|low| stated >= *low) {
            self.bins[bin].claims += 1;
            self.bins[bin].stated += stated;
            self.bins[bin].came_true += u64::from(came_true);
        }
    }

    /// Counts a claim or its contrary, whichever is more probable.
    pub(crate) fn add_either(&mut self, stated: f64, is_true: bool) {
        if stated >= 0.5 { self.add(stated, is_true) } else { self.add(1.0 - stated, !is_true) }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (bin, other) in self.bins.iter_mut().zip(other.bins) {
            *bin = bin.plus(other);
        }
    }

    /// The bins from this stated probability on, with any claim.
    pub(crate) fn from(&self, low: f64) -> impl Iterator<Item = Bin> + '_ {
        BINS.iter()
            .zip(self.bins)
            .filter(move |(bin, one)| **bin >= low && one.claims > 0)
            .map(|(_, one)| one)
    }

    /// All claims from this stated probability on.
    pub(crate) fn all_from(&self, low: f64) -> Bin {
        self.from(low).fold(Bin::default(), Bin::plus)
    }

    /// Mean distance between stated and come true, weighted by claims.
    pub(crate) fn calibration_error(&self) -> f64 {
        let all = self.all_from(0.0).claims as f64;
        self.from(0.0).map(|bin| (bin.stated() - bin.came_true()).abs() * bin.claims as f64 / all).sum()
    }

    /// The heads of [`Tally::cells`].
    pub(crate) fn heads() -> String {
        let ends = BINS.iter().skip(1).chain(&[1.0]);
        BINS.iter().zip(ends).map(|(low, high)| format!(" {low}–{high} |")).collect()
    }

    /// "stated → came true (claims)" of each bin.
    pub(crate) fn cells(&self) -> String {
        let cell = |bin: &Bin| match bin.claims {
            0 => " |".to_owned(),
            claims => format!(" {:.2} → {:.2} ({claims}) |", bin.stated(), bin.came_true()),
        };
        self.bins.iter().map(cell).collect()
    }
}
