//! Advice in words: cards, the arithmetic behind them, and one sentence for lists.
//!
//! Templates, one for each kind. Invariants: every number comes from the record, so that each word of a card can be
//! checked against one fact; what is estimated is said as odds and ranges, what is a sum as such; and nothing that is
//! watched only reads like something to act on.
//!
//! Not owned here: how advice is found, and what became of it since.

mod brief;
mod check;
mod confidence;
mod days;
mod doubts;
mod effects;
mod explain;
mod guardrails;
mod levels;
mod needs;
mod numbers;
mod says;
mod titles;
mod watched;
mod why;

#[cfg(test)]
mod tests;

use chargly_ledger::{AdviceKind, Catalogue, Millis, Recommendation};

pub use brief::{
    BRIEF_RUN_OUT_DAYS, BriefAdvice, BriefAnswer, BriefChange, BriefCustomer, BriefFigures, BriefPage,
    BriefQuality, BriefRate, BriefType, BriefUnit, BriefWeek, brief,
};
pub use explain::{Explanation, explain};
pub use needs::need_in_words;
pub use says::LocalDay;
use says::Says;
pub use watched::watched_in_words;

/// A piece of advice as a person reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// What it says in a line.
    pub title: String,
    /// What, Why, Confidence, If you do, If you do not, Who is hit, What could make this wrong, Check yourself: in this
    /// order, and never without one of them.
    pub sections: Vec<Section>,
}

/// A part of a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// What it is about.
    pub heading: &'static str,
    /// Its sentences, in paragraphs.
    pub text: Vec<String>,
}

/// What writes a part of a card.
type Part = fn(&Says<'_>) -> Vec<String>;

/// The card of a recommendation. Days are told by `local_day`.
pub fn card(advised: &Recommendation, catalogue: &Catalogue, local_day: LocalDay<'_>) -> Card {
    let says = Says::new(advised, catalogue, local_day);
    let parts: [(&'static str, Part); 8] = [
        ("What", titles::what),
        ("Why", why::why),
        ("Confidence", confidence::confidence),
        ("If you do", effects::if_done),
        ("If you do not", effects::if_left),
        ("Who is hit", effects::who),
        ("What could make this wrong", doubts::doubts),
        ("Check yourself", check::check),
    ];
    let sections = parts.map(|(heading, text)| Section { heading, text: text(&says) });
    Card { title: titles::title(&says), sections: sections.into() }
}

/// What it says in a line, for lists.
pub fn title(advised: &Recommendation, catalogue: &Catalogue, local_day: LocalDay<'_>) -> String {
    titles::title(&Says::new(advised, catalogue, local_day))
}

/// One sentence that says why, for lists.
pub fn reason(advised: &Recommendation, catalogue: &Catalogue) -> String {
    // No date is in it.
    why::reason(&Says::new(advised, catalogue, &|_: Millis| 0))
}

/// Whether a kind moves one price up or down, rather than changing how it is made.
const fn is_price_move(kind: AdviceKind) -> bool {
    matches!(
        kind,
        AdviceKind::LossMaking | AdviceKind::UnderTarget | AdviceKind::OverTarget | AdviceKind::CostDrift
    )
}
