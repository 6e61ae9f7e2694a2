//! How often claims came true that were acted on, beside how sure they were said to be.
//!
//! Only recommendations that were applied and graded count, and of those only the ones whose figures say whether the
//! claim came true. Shares of few are left out: below [`MATURED_MIN`] there is no score and there are no bins.

use chargly_ledger::{Advised, Verdict};

/// Grades from which on a record is worth showing: below it one more would turn it over.
pub const MATURED_MIN: u32 = 10;

/// Where bins begin, in basis points: below what can be applied there is nothing to grade, and above each probability
/// has its name.
const BIN_BEGINS_BP: [u32; 5] = [0, 7_000, 8_000, 8_500, 9_500];
/// Basis points of a whole.
const WHOLE_BP: u64 = 10_000;

/// How claims came out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrackRecord {
    /// Graded claims that came true or did not.
    pub n: u32,
    /// Of them, how many a later look may grade otherwise.
    pub provisional: u32,
    /// By the stated probability, ascending, only those with a claim; empty below [`MATURED_MIN`].
    pub by_bin: Vec<Bin>,
    /// The mean squared distance of the stated probability from what came, in thousandths: 0 is perfect, 250 is what
    /// saying even chances all the time gives. `None` below [`MATURED_MIN`].
    pub brier_milli: Option<u32>,
}

/// Claims of a range of stated probabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bin {
    /// From this probability on, in basis points …
    pub from_bp: u32,
    /// … up to below this one; up to and with 10,000 in the last.
    pub to_bp: u32,
    /// How many.
    pub n: u32,
    /// The mean of what was stated, in basis points, rounded down.
    pub stated_bp: u32,
    /// How many came true.
    pub came_true: u32,
}

/// Adds up the grades of `recommendations`.
pub fn track_record<'a>(recommendations: impl IntoIterator<Item = &'a Advised>) -> TrackRecord {
    let (mut record, mut squares) = (TrackRecord::default(), 0_u64);
    let mut bins = [(0_u32, 0_u64, 0_u32); BIN_BEGINS_BP.len()];
    for advised in recommendations {
        let Some(grade) = &advised.grade else { continue };
        let came_true = match grade.outcome.verdict {
            Verdict::True => true,
            Verdict::False => false,
            Verdict::Undecided => continue,
        };
        let stated = u64::from(advised.recommendation.probability_bp).min(WHOLE_BP);
        record.n += 1;
        record.provisional += u32::from(grade.outcome.is_provisional);
        let distance = if came_true { WHOLE_BP - stated } else { stated };
        squares += distance * distance;
        let at = BIN_BEGINS_BP.iter().rposition(|begin| u64::from(*begin) <= stated).unwrap_or(0);
        let bin = &mut bins[at];
        *bin = (bin.0 + 1, bin.1 + stated, bin.2 + u32::from(came_true));
    }
    if record.n < MATURED_MIN {
        return record;
    }
    let ends = BIN_BEGINS_BP.iter().skip(1).copied().chain([10_000]);
    for ((from_bp, to_bp), (n, stated, came_true)) in BIN_BEGINS_BP.into_iter().zip(ends).zip(bins) {
        let mean = stated.checked_div(n.into()).and_then(|mean| u32::try_from(mean).ok());
        if let Some(stated_bp) = mean {
            record.by_bin.push(Bin { from_bp, to_bp, n, stated_bp, came_true });
        }
    }
    // Squares of basis points are hundred-millionths; of those a thousandth has 100,000.
    let all = u64::from(record.n) * 100_000;
    record.brier_milli = u32::try_from((squares + all / 2) / all).ok();
    record
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chargly_ledger::{
        AdviceKind, Decision, Driver, EntryId, EventTypeNo, Evidence, Grade, KeyNo, Millis, Outcome,
        Position, PriceNo, Recommendation, Span,
    };

    use super::*;

    fn graded(probability_bp: u32, verdict: Option<Verdict>, is_provisional: bool) -> Advised {
        let span = Span::exactly(0);
        let recommendation = Recommendation {
            kind: AdviceKind::UnderTarget,
            event_type: EventTypeNo(0),
            base: None,
            proposal: None,
            current: None,
            recommended: None,
            driver: Driver::Cost,
            probability_bp,
            uncapped_bp: probability_bp,
            is_exact: false,
            caps: Vec::new(),
            needs: Vec::new(),
            guardrails: Vec::new(),
            lift: span,
            if_left: span,
            evidence: Evidence::default(),
            backtest: None,
            window_from: Millis(0),
            window_to: Millis(0),
            cut_off: Position(0),
            method: 1,
            seed: 0,
        };
        let outcome = |verdict| Outcome {
            verdict,
            is_provisional,
            days: 28,
            predicted: span,
            realised: None,
            cost_per_unit_nano: None,
            margin_bp: None,
        };
        Advised {
            id: EntryId { position: Position(0), tag: 0 },
            made_at: Millis(0),
            recommendation: Arc::new(recommendation),
            decision: Decision::Applied {
                price: PriceNo(0),
                effective_at: Millis(0),
                by: KeyNo::SYSTEM,
                at: Millis(0),
                reason: "".into(),
            },
            rolled_back: None,
            grade: verdict.map(|verdict| Grade { at: Millis(0), outcome: outcome(verdict) }),
        }
    }

    fn many(count: usize, probability_bp: u32, verdict: Verdict) -> Vec<Advised> {
        vec![graded(probability_bp, Some(verdict), false); count]
    }

    #[test]
    fn a_record_is_blank_until_ten_claims_have_matured() {
        assert_eq!(track_record([]), TrackRecord::default());
        let mut all = many(9, 9_000, Verdict::True);
        all.push(graded(9_000, Some(Verdict::Undecided), false));
        all.push(graded(9_000, None, false));
        let nine = track_record(&all);
        assert_eq!(nine, TrackRecord { n: 9, ..TrackRecord::default() });
        all.push(graded(9_000, Some(Verdict::True), true));
        let ten = track_record(&all);
        assert_eq!((ten.n, ten.provisional, ten.brier_milli), (10, 1, Some(10)));
    }

    #[test]
    fn claims_are_counted_by_how_sure_they_were_said_to_be() {
        let mut all = many(4, 7_000, Verdict::True);
        all.extend(many(2, 7_999, Verdict::False));
        all.extend(many(3, 9_500, Verdict::True));
        all.extend(many(1, 10_000, Verdict::True));
        let record = track_record(&all);
        let bins: Vec<_> =
            record.by_bin.iter().map(|b| (b.from_bp, b.to_bp, b.n, b.stated_bp, b.came_true)).collect();
        assert_eq!(bins, [(7_000, 8_000, 6, 7_333, 4), (9_500, 10_000, 4, 9_625, 4)]);
        // (4 × 0.3² + 2 × 0.7999² + 3 × 0.05²) ÷ 10
        assert_eq!(record.brier_milli, Some(165));
    }

    #[test]
    fn even_chances_score_a_quarter_and_certain_errors_score_one() {
        let mut even = many(5, 5_000, Verdict::True);
        even.extend(many(5, 5_000, Verdict::False));
        assert_eq!(track_record(&even).brier_milli, Some(250));
        assert_eq!(track_record(&many(10, 10_000, Verdict::False)).brier_milli, Some(1_000));
        assert_eq!(track_record(&many(10, 10_000, Verdict::True)).brier_milli, Some(0));
    }
}
