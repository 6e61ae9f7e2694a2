//! What should change about prices: recommendations with their evidence.
//!
//! A [`Gathering`] sums what facts say of each event type, customer and value of a dimension; [`advise`] makes
//! recommendations of it. Each states one claim, and its confidence is the probability that the claim is true. The
//! same facts, settings and seed give the same bytes.
//!
//! Not owned here: reading a journal, trying proposals on the past (whoever drives this does, and hands the result to
//! [`with_backtest`]), recording and deciding (the ledger), and words (`words`).

mod gather;
mod grade;
mod kinds;
mod price;
mod said;
mod subject;
mod sureness;
mod track_record;

use chargly_ledger::{
    Backtest, Catalogue, EventTypeNo, Evidence, Guardrail, GuardrailRule, Millis, Need, Position, PriceNo,
    Recommendation,
};

use self::gather::Window;
pub use self::gather::{CALENDAR_DAYS, Calendar, Gathering};
pub use self::grade::grade;
use self::kinds::Found;
use self::subject::Subject;
pub use self::track_record::{Bin, MATURED_MIN, TrackRecord, track_record};
use crate::{ActiveDay, DaySeries, Options, PriceChange, Question};

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

impl History {
    /// What is asked of one of the changes.
    pub(crate) fn question(&self, asked: PriceNo, options: Options) -> Question<'_> {
        Question {
            series: &self.series,
            active: &self.active,
            changes: &self.changes,
            asked,
            through_day: self.through_day,
            customers: None,
            options,
        }
    }
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
    /// Events that claim to lie in the future: of a clock that is wrong. They are in no figure here.
    pub ahead: u64,
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
pub fn advise(inputs: &Inputs<'_>) -> Advice {
    let mut advice = Advice { ahead: inputs.gathering.ahead(), ..Advice::default() };
    for event_type in inputs.catalogue.event_types.iter().filter(|known| !known.archived) {
        let Some(of) = inputs.gathering.of(event_type.number) else { continue };
        let Some(subject) = Subject::new(inputs, event_type, of) else { continue };
        let found = look_at(&subject);
        let made = found.into_iter().map(|found| found.recommendation(&subject));
        advice.recommendations.extend(made.filter(|made| said::is_new(inputs, made)));
        let evidence = subject.evidence(Window::Now);
        let mut needs = sureness::sample_needs(&evidence);
        needs.extend(sureness::worth_need(&subject));
        advice.watched.push(Watched { event_type: event_type.number, evidence, needs });
    }
    advice
}

/// What there is to say of one event type: first what blocks all else, and of two that would be answered by the same
/// change only the one that says more.
fn look_at(subject: &Subject<'_>) -> Vec<Found> {
    let data = kinds::data_quality(subject);
    let is_blocked = data.as_ref().is_some_and(|found| !found.needs.is_empty());
    let is_to_come = subject.base.effective_at > subject.inputs.as_of;
    if is_blocked || is_to_come || sureness::worth_need(subject).is_some() {
        return data.into_iter().collect();
    }
    let loss = kinds::loss_making(subject);
    let drift = kinds::cost_drift(subject);
    // Both would be answered by a price for each value: a shift that is not sure tells less than the gap itself.
    let (mix, split) = match (kinds::mix_drift(subject), kinds::split(subject)) {
        (Some(mix), Some(_)) if mix.is_sure() => (Some(mix), None),
        (Some(_), Some(split)) => (None, Some(split)),
        other => other,
    };
    let minimum = kinds::minimum(subject);
    let re_prices = |found: &Option<Found>| found.as_ref().is_some_and(|found| found.proposal.is_some());
    let is_answered = loss.is_some() || [&drift, &mix, &split, &minimum].into_iter().any(re_prices);
    let margin = match is_answered {
        true => None,
        false => kinds::under_target(subject).or_else(|| kinds::over_target(subject)),
    };
    [data, loss, drift, mix, split, minimum, margin].into_iter().flatten().collect()
}

/// The largest rise of the bill that one customer in ten may have without notice, in basis points.
const BILL_SHOCK_MAX_BP: i64 = 2_500;
/// Customers who may newly run out, in basis points of all.
const LOST_CUSTOMERS_MAX_BP: i64 = 1_000;

/// A recommendation with what its proposal would have done to the past, and the guardrails that depend on it.
pub fn with_backtest(mut draft: Recommendation, backtest: Backtest) -> Recommendation {
    let shock_bp = backtest.shock.p90_bp;
    draft.guardrails.push(Guardrail {
        rule: GuardrailRule::BillShock,
        is_kept: shock_bp <= BILL_SHOCK_MAX_BP,
        value: shock_bp,
        limit: BILL_SHOCK_MAX_BP,
    });
    let lost_bp = sureness::share_bp(backtest.run_outs_newly.into(), backtest.customers.into());
    draft.guardrails.push(Guardrail {
        rule: GuardrailRule::LostCustomers,
        is_kept: lost_bp <= LOST_CUSTOMERS_MAX_BP,
        value: lost_bp,
        limit: LOST_CUSTOMERS_MAX_BP,
    });
    Recommendation { backtest: Some(backtest), ..draft }
}
