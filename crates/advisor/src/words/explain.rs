//! The arithmetic of a recommendation, line by line, with its numbers put in.

use chargly_ledger::{AdviceKind, Catalogue, Credits, GuardrailRule, Recommendation, snapped_up};

use super::is_price_move;
use super::numbers::{count, credits, micro, percent, percent_exactly};
use super::says::{LocalDay, Says};

/// How a recommendation was reckoned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Why, in a sentence.
    pub reason: String,
    /// The margin aimed at, in basis points.
    pub target_margin_bp: u32,
    /// The margin at the proposed price and the same use, in basis points; the margin now where nothing is proposed.
    pub estimated_margin_bp: Option<i64>,
    /// What a unit costs, and how that is known.
    pub cost_context: String,
    /// The version that it is about.
    pub version_from: Option<u32>,
    /// The version that applying it publishes.
    pub version_to: Option<u32>,
    /// The arithmetic.
    pub lines: Vec<String>,
}

/// Explains a recommendation. Days are told by `local_day`.
pub fn explain(advised: &Recommendation, catalogue: &Catalogue, local_day: LocalDay<'_>) -> Explanation {
    let says = Says::new(advised, catalogue, local_day);
    let evidence = &advised.evidence;
    let version_from = says.base().map(|base| base.version);
    Explanation {
        reason: super::why::reason(&says),
        target_margin_bp: evidence.target_bp,
        estimated_margin_bp: evidence.margin_after_bp.or(says.margin_bp()),
        cost_context: cost_context(&says),
        version_from,
        version_to: advised.proposal.is_some().then(|| version_from.map_or(1, |from| from + 1)),
        lines: lines(&says),
    }
}

fn cost_context(says: &Says<'_>) -> String {
    let evidence = says.evidence();
    let (unit, cost) = (says.unit(), says.each_within(&evidence.cost_per_unit));
    let known = if evidence.cost_is_exact {
        "the same for every one, so nothing is estimated"
    } else if evidence.cost_per_unit.low == evidence.cost_per_unit.high {
        "the mean of all"
    } else {
        "the range holds the true mean about 9 times in 10"
    };
    let (from, to) = (says.record.window_from, says.record.window_to);
    format!("One {unit} costs {cost}, {}: {known}.", says.days(from, to))
}

fn lines(says: &Says<'_>) -> Vec<String> {
    let evidence = says.evidence();
    let mut lines = vec![format!(
        "Figures of {}: cost C = {}, units Q = {}, revenue V = {}, credits K = {}.",
        says.days(says.record.window_from, says.record.window_to),
        says.exactly(evidence.cost_nano),
        micro(evidence.quantity_micro),
        says.exactly(evidence.planned_nano),
        micro(evidence.credits_micro)
    )];
    if let Some(bp) = says.margin_bp() {
        lines.push(format!(
            "Margin now: (V − C) ÷ V = {} (target {}, floor {}).",
            percent_exactly(bp),
            percent_exactly(evidence.target_bp),
            percent_exactly(evidence.floor_bp)
        ));
    }
    if let Some(break_even) = evidence.break_even {
        lines.push(format!(
            "Break-even: C × K ÷ (Q × V), rounded up = {} for each {}.",
            credits(break_even),
            says.unit()
        ));
    }
    if let Some(target) = evidence.target_price {
        let target_bp = i128::from(evidence.target_bp);
        lines.push(format!(
            "Fewest credits that reach the target: ⌈C × K × 10⁴ ÷ (Q × V × (10⁴ − {}))⌉ = ⌈{} × {} × 10,000 ÷ ({} × {} × \
             {})⌉ = {}.",
            count(target_bp),
            says.exactly(evidence.cost_nano),
            micro(evidence.credits_micro),
            micro(evidence.quantity_micro),
            says.exactly(evidence.planned_nano),
            count(10_000 - target_bp),
            credits(target)
        ));
    }
    lines.extend(snapped(says));
    if let Some(bp) = evidence.margin_after_bp {
        lines.push(format!("Margin at the proposed price and the same use: {}.", percent_exactly(bp)));
    }
    lines.extend(version_step(says));
    lines
}

/// How the target became what is recommended.
fn snapped(says: &Says<'_>) -> Option<String> {
    let record = says.record;
    let (recommended, target) = (record.recommended?, record.evidence.target_price?);
    let step = record.proposal.as_ref()?.grid.step();
    if !is_price_move(record.kind) {
        return None;
    }
    let whole = Credits::from_micro(1_000_000);
    let reached_by = |step: Credits| snapped_up(target, step) == Some(recommended);
    if reached_by(whole) && recommended != target {
        return Some(format!("Rounded up to the next whole credit: {}.", credits(recommended)));
    }
    if reached_by(step) {
        return Some(format!("Recommended: {}, the least that reaches it.", credits(recommended)));
    }
    let is_short = says.is_rise() == Some(true) && recommended < target;
    Some(match (record.kind, is_short) {
        (AdviceKind::LossMaking, true) => format!(
            "Recommended: {}. It goes as far as one change may, or as covers the cost; the rest of the way to the target is \
             left to later steps.",
            credits(recommended)
        ),
        (_, true) => format!(
            "Recommended: {}. One change may move a price only so far{}; the rest of the way is left to later steps.",
            credits(recommended),
            step_limit(record)
        ),
        (_, false) => format!(
            "Recommended: {}, as far as one change may move it{}.",
            credits(recommended),
            step_limit(record)
        ),
    })
}

/// The step limit where the record has it: ` (20 %)`.
fn step_limit(record: &Recommendation) -> String {
    let limit = record.guardrails.iter().find(|guardrail| guardrail.rule == GuardrailRule::Step);
    limit.map(|limit| format!(" ({})", percent(limit.limit))).unwrap_or_default()
}

fn version_step(says: &Says<'_>) -> Option<String> {
    let proposal = says.record.proposal.as_ref()?;
    let (from, rule) = (says.base(), proposal.rule.in_words(proposal.grid, proposal.rounding));
    Some(match from {
        Some(base) => format!(
            "Version {} ({}) → version {} ({rule}).",
            base.version,
            base.rule.in_words(base.grid, base.rounding),
            base.version + 1
        ),
        None => format!("Version 1 ({rule})."),
    })
}
