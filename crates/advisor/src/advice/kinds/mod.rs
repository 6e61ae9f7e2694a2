//! One file for each kind of recommendation, or for two that are each other's mirror.

mod data;
mod drift;
mod loss;
mod margin;
mod minimum;
mod mix;
mod split;

use chargly_ledger::{
    AdviceKind, AdvisedPrice, Credits, Driver, Evidence, Guardrail, MEDIUM_BP, Need, Recommendation, Span,
};

pub(crate) use self::data::data_quality;
pub(crate) use self::drift::cost_drift;
pub(crate) use self::loss::loss_making;
pub(crate) use self::margin::{over_target, under_target};
pub(crate) use self::minimum::minimum;
pub(crate) use self::mix::mix_drift;
pub(crate) use self::split::split;
use super::gather::{Sums, Window};
use super::subject::Subject;
use super::sureness::Stated;
use crate::statistics::{float, whole128};
use crate::{Aim, Repricing, UnitCost, gain_quantiles};

/// A cost that moved by less than this since the window before is not why a price should change, in basis points.
const COST_MOVED_BP: i64 = 200;

/// What a kind found.
pub(crate) struct Found {
    pub(crate) kind: AdviceKind,
    pub(crate) window: Window,
    pub(crate) evidence: Evidence,
    pub(crate) proposal: Option<AdvisedPrice>,
    pub(crate) current: Option<Credits>,
    pub(crate) recommended: Option<Credits>,
    pub(crate) driver: Driver,
    pub(crate) stated: Stated,
    pub(crate) needs: Vec<Need>,
    pub(crate) guardrails: Vec<Guardrail>,
    pub(crate) lift: Span,
    pub(crate) if_left: Span,
}

impl Found {
    /// Whether it can be acted on as it is.
    pub(crate) fn is_sure(&self) -> bool {
        self.needs.is_empty() && self.stated.probability_bp >= MEDIUM_BP
    }

    /// Puts it into a record.
    pub(crate) fn recommendation(mut self, subject: &Subject<'_>) -> Recommendation {
        let inputs = subject.inputs;
        let span = inputs.gathering.calendar().span(self.window);
        // Without a price there is nothing to act on, so that nothing has to be certain.
        if self.proposal.is_some() {
            self.needs.extend(self.stated.need());
        }
        self.evidence.by_prior_bp = self.stated.by_prior_bp;
        Recommendation {
            kind: self.kind,
            event_type: subject.event_type.number,
            base: Some(subject.base.number),
            proposal: self.proposal,
            current: self.current,
            recommended: self.recommended,
            driver: self.driver,
            probability_bp: self.stated.probability_bp,
            uncapped_bp: self.stated.uncapped_bp,
            is_exact: self.stated.is_exact,
            caps: self.stated.caps,
            needs: self.needs,
            guardrails: self.guardrails,
            lift: self.lift,
            if_left: self.if_left,
            evidence: self.evidence,
            backtest: None,
            window_from: span.start,
            window_to: span.end,
            cut_off: inputs.cut_off,
            method: super::METHOD,
            seed: inputs.seed,
        }
    }
}

/// A price for a unit that is tried, and what it means.
pub(crate) struct Tried {
    pub(crate) current: Credits,
    pub(crate) proposed: Credits,
    /// The margin with it at the same use, in basis points.
    pub(crate) margin_after_bp: Option<i64>,
    /// What it brings in a month at the same use, in nano-units.
    pub(crate) gain_nano: i128,
}

impl Tried {
    pub(crate) fn new(
        subject: &Subject<'_>,
        window: Window,
        (current, proposed): (Credits, Credits),
        cost_nano: i128,
    ) -> Self {
        let sums = subject.of.total(window);
        let moved = i128::from(proposed.micro()) - i128::from(current.micro());
        let micro = subject.units_micro(&sums) * moved / 1_000_000;
        let gained = subject.worth.of(micro);
        let planned = subject.planned_nano(&sums) + gained;
        Self {
            current,
            proposed,
            margin_after_bp: chargly_ledger::margin_bp(planned, cost_nano),
            gain_nano: subject.a_month(window, gained),
        }
    }

    /// As what is asked of chances.
    #[expect(clippy::float_arithmetic, reason = "for an estimate")]
    pub(crate) fn repricing(
        &self,
        subject: &Subject<'_>,
        sums: &Sums,
        margin_min_bp: i64,
        aim: Aim,
    ) -> Repricing {
        let units = float(subject.units_micro(sums)) / 1e6;
        Repricing {
            multiple: float(self.proposed.micro().into()) / float(self.current.micro().into()),
            revenue_per_unit: float(subject.planned_nano(sums)) / units,
            margin_min_bp,
            aim,
        }
    }

    /// What it brings in a month: at the same use, and as use may answer.
    #[expect(clippy::float_arithmetic, reason = "for an estimate")]
    pub(crate) fn lift(
        &self,
        subject: &Subject<'_>,
        (window, sums): (Window, &Sums),
        repricing: &Repricing,
        cost: &UnitCost,
    ) -> Span {
        let units = float(subject.units_micro(sums)) / 1e6;
        let ends = gain_quantiles(&subject.belief(), repricing, cost, &[0.05, 0.95]);
        let end = |place: usize| {
            let gain = ends.get(place).copied().unwrap_or(0.0);
            subject.a_month(window, whole128(gain * units))
        };
        let middle = self.gain_nano;
        Span { low: end(0).min(middle), middle, high: end(1).max(middle) }
    }
}

/// What lacks in a month to a margin, in nano-units; by the ends of what a unit costs.
pub(crate) fn lacks(subject: &Subject<'_>, window: Window, evidence: &Evidence, target_bp: u32) -> Span {
    let sums = subject.of.total(window);
    let (units, planned) = (subject.units_micro(&sums), subject.planned_nano(&sums));
    let left = i128::from(10_000 - target_bp.min(9_999));
    let of = |per_unit: i128| {
        let needed = (per_unit * units / 1_000_000).saturating_mul(10_000) / left;
        subject.a_month(window, (needed - planned).max(0))
    };
    let Span { low, middle, high } = evidence.cost_per_unit;
    Span { low: of(low), middle: of(middle), high: of(high) }
}

/// Whose doing it is that a price should change this way: cost's where it moved that way since the window before.
pub(crate) fn driver(evidence: &Evidence, is_up: bool) -> Driver {
    let Some(before) = evidence.cost_per_unit_before.filter(|before| *before > 0) else {
        return Driver::Demand;
    };
    let moved_bp =
        super::sureness::share_bp(evidence.cost_per_unit.middle - i128::from(before), before.into());
    let by_cost = if is_up { moved_bp >= COST_MOVED_BP } else { moved_bp <= -COST_MOVED_BP };
    if by_cost { Driver::Cost } else { Driver::Demand }
}
