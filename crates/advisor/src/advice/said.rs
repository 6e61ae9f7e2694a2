//! What was said already: advice that stands is not repeated, and advice that was turned down is not given again on
//! the same evidence.

use chargly_ledger::{AdviceStatus, Advised, Decision, Recommendation};

use super::Inputs;

/// By how much a probability or a margin must have moved to be new evidence, in basis points.
const MOVED_BP: i64 = 500;
/// How long before its end a recommendation is renewed, in milliseconds (a week).
const RENEWED_MS: i64 = 7 * 24 * 60 * 60 * 1_000;

/// Whether it says something that is neither open nor was turned down.
pub(crate) fn is_new(inputs: &Inputs<'_>, made: &Recommendation) -> bool {
    let is_same = |known: &&Advised| {
        let known = &known.recommendation;
        (known.kind, known.event_type) == (made.kind, made.event_type)
    };
    let Some(last) = inputs.catalogue.recommendations.iter().rev().find(is_same) else { return true };
    match last.decision {
        Decision::Open if last.status(inputs.as_of) == AdviceStatus::Pending => {
            let old = &last.recommendation;
            let is_old = last.expires_at().plus(-RENEWED_MS) <= inputs.as_of;
            let says_the_same =
                (old.base, &old.proposal, old.sureness()) == (made.base, &made.proposal, made.sureness());
            is_old || !says_the_same || has_moved(old, made)
        }
        Decision::Rejected { .. } => has_moved(&last.recommendation, made),
        _ => true,
    }
}

fn has_moved(old: &Recommendation, new: &Recommendation) -> bool {
    let margin = |of: &Recommendation| of.evidence.margin_bp.unwrap_or(0);
    let by_probability = i64::from(new.probability_bp) - i64::from(old.probability_bp);
    by_probability.abs() > MOVED_BP || (margin(new) - margin(old)).abs() > MOVED_BP
}
