//! Recommendations as tests try them on the past: a flat price and a window, and nothing that a try would look at else.

use chargly_ledger::{
    AdviceKind, AdvisedPrice, Credits, Driver, EventTypeNo, Evidence, Grid, Millis, Position, Recommendation,
    Rounding, Rule, Span,
};

/// That an event type should cost so many whole credits, by the figures of a window.
pub(super) fn draft(event_type: EventTypeNo, whole: i64, (from, to): (Millis, Millis)) -> Recommendation {
    let rule = Rule::Flat { credits: Credits::whole(whole).expect("in range") };
    Recommendation {
        kind: AdviceKind::UnderTarget,
        event_type,
        base: None,
        proposal: Some(AdvisedPrice { rule, grid: Grid::MicroCredit, rounding: Rounding::HalfUp }),
        current: None,
        recommended: None,
        driver: Driver::Cost,
        probability_bp: 9_000,
        uncapped_bp: 9_000,
        is_exact: false,
        caps: Vec::new(),
        needs: Vec::new(),
        guardrails: Vec::new(),
        lift: Span::exactly(0),
        if_left: Span::exactly(0),
        evidence: Evidence::default(),
        backtest: None,
        window_from: from,
        window_to: to,
        cut_off: Position(0),
        method: 1,
        seed: 1,
    }
}
