//! What should change about prices: recommendations with their evidence.
//!
//! A [`Gathering`] sums what facts say of each event type, customer and value of a dimension; [`advise`] makes
//! recommendations of it. Each states one claim, and its confidence is the probability that the claim is true. The
//! same facts, settings and seed give the same bytes.
//!
//! Not owned here: reading a journal, trying proposals on the past (whoever drives this does, and hands the result to
//! [`with_backtest`]), recording and deciding (the ledger), and words (`words`).

use chargly_ledger::{
    Advised, Backtest, Catalogue, EventTypeNo, Evidence, Millis, Need, Outcome, Position, Recommendation,
};

use crate::{ActiveDay, DaySeries, PriceChange};

/// Which method this is. Recommendations name it, so that what they said can be read years later.
pub const METHOD: u32 = 1;

/// What a credit is worth in planning: an exact ratio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CreditWorth {
    /// Nano-units of money …
    pub nano: i128,
    /// … for as many micro-credits, more than 0.
    pub micro: i128,
}

/// The figures of all event types by day, from which own price changes teach how usage answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// Every event type's days.
    pub series: Vec<DaySeries>,
    /// The product's active customers by day.
    pub active: Vec<ActiveDay>,
    /// Every price change.
    pub changes: Vec<PriceChange>,
    /// The last day that is over.
    pub through_day: i32,
}

/// Everything that advice is made of.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// Event types, prices, settings and earlier recommendations.
    pub catalogue: &'a Catalogue,
    /// What facts say.
    pub gathering: &'a Gathering,
    /// What a credit is worth; `None` where nothing was ever sold.
    pub worth: Option<CreditWorth>,
    /// What own price changes may teach.
    pub history: &'a History,
    /// Only facts below this position were gathered.
    pub cut_off: Position,
    /// When the last of them was recorded: what counts as now.
    pub as_of: Millis,
    /// Which random numbers.
    pub seed: u64,
}

/// What came of a look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Advice {
    /// What is recommended, before it was tried on the past. In the order of event types, then kinds.
    pub recommendations: Vec<Recommendation>,
    /// What every event type with usage costs, earns and lacks.
    pub watched: Vec<Watched>,
}

/// The arithmetic of one event type, which is no advice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched {
    /// Which.
    pub event_type: EventTypeNo,
    /// Its figures, break-even and target price among them.
    pub evidence: Evidence,
    /// What is missing before advice can be given.
    pub needs: Vec<Need>,
}

/// Makes recommendations. What is said already and has not moved, and what was turned down on the same evidence, is
/// not said again.
pub fn advise(_inputs: &Inputs<'_>) -> Advice {
    Advice::default()
}

/// A recommendation with what its proposal would have done to the past, and the guardrails that depend on it.
pub fn with_backtest(draft: Recommendation, backtest: Backtest) -> Recommendation {
    Recommendation { backtest: Some(backtest), ..draft }
}

/// How a recommendation whose price has been in force since its review came out; `None` before that, and where a later
/// look would say no more than the grade it has.
pub fn grade(_inputs: &Inputs<'_>, _advised: &Advised) -> Option<Outcome> {
    None
}

mod gather;
mod track_record;

pub use gather::{CALENDAR_DAYS, Calendar, Gathering};
pub use track_record::{Bin, MATURED_MIN, TrackRecord, track_record};
