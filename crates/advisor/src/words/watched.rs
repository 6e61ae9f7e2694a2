//! The arithmetic of an event type that nothing is advised on: no claim, and no odds.

use chargly_ledger::{Catalogue, Evidence};

use super::numbers::{counted, credits_up, each, per_unit, percent};

/// What one costs, brings in and would have to cost, in sentences.
pub fn watched_in_words(evidence: &Evidence, catalogue: &Catalogue) -> String {
    let money = |nano: i128| each(nano, catalogue.currency);
    let cost = evidence.cost_per_unit.middle;
    let mut text = match per_unit(evidence.planned_nano, evidence.quantity_micro) {
        _ if evidence.events > 0 && evidence.cost_missing == evidence.events => {
            "Nobody knows what one costs you: no event came with a cost.".to_owned()
        }
        Some(revenue) if revenue > 0 => {
            let kept = evidence
                .margin_bp
                .map(|bp| format!(", which leaves you {}", percent(bp)))
                .unwrap_or_default();
            format!("One costs you {} and brings in {}{kept}.", money(cost), money(revenue))
        }
        _ => format!("One costs you {} and brings in nothing.", money(cost)),
    };
    if let (Some(break_even), Some(target)) = (evidence.break_even, evidence.target_price) {
        text.push_str(&format!(
            " It breaks even at {} and reaches your target of {} at {}.",
            credits_up(break_even),
            percent(evidence.target_bp),
            credits_up(target)
        ));
    }
    text.push_str(&format!(
        " {} by {}.",
        counted(evidence.events, "event"),
        counted(evidence.customers, "customer")
    ));
    text
}
