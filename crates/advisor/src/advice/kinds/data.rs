//! Figures without which nothing can be said of margins.

use chargly_ledger::{AdviceKind, Detail, Driver, Need, Needed, Span};

use super::Found;
use crate::advice::gather::Window;
use crate::advice::subject::Subject;
use crate::advice::sureness::{COSTS_KNOWN_MIN_BP, ESTIMATED_MAX_BP, Stated, costs_known_bp, share_bp};

/// Claim: costs are missing or estimated, or events were charged without a price. A count, and no estimate.
pub(crate) fn data_quality(subject: &Subject<'_>) -> Option<Found> {
    let window = Window::Now;
    let mut evidence = subject.evidence(window);
    let known_bp = costs_known_bp(&evidence);
    let estimated_bp = share_bp(evidence.estimated_nano, evidence.cost_nano);
    // Where callers may choose credits, an event without a price version is as it should be.
    let unpriced = if subject.event_type.caller_set_credits { 0 } else { subject.of.unpriced };
    let is_lacking = known_bp < COSTS_KNOWN_MIN_BP;
    if evidence.events == 0 || !(is_lacking || estimated_bp > ESTIMATED_MAX_BP || unpriced > 0) {
        return None;
    }
    evidence.detail = Detail::Missing {
        events: evidence.cost_missing,
        events_bp: u32::try_from(10_000 - known_bp).unwrap_or(0),
        estimated_bp: u32::try_from(estimated_bp).unwrap_or(0),
        unpriced,
    };
    let need = Need { what: Needed::CostsKnown, have: known_bp, need: COSTS_KNOWN_MIN_BP };
    Some(Found {
        kind: AdviceKind::DataQuality,
        window,
        current: subject.current(&subject.of.total(window)),
        recommended: None,
        proposal: None,
        driver: Driver::Data,
        stated: Stated::exactly(true),
        needs: if is_lacking { vec![need] } else { Vec::new() },
        guardrails: Vec::new(),
        lift: Span::default(),
        if_left: Span::default(),
        evidence,
    })
}
