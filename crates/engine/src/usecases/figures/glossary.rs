//! The glossary of figures, as code: what the sums of the rollups mean in words of money. `docs/reference/figures.md`
//! has the same for people; every door shows these and computes none of its own.

use chargly_views::Figures;

use super::ratios::{CreditValue, margin_bp, per_credit_nano, share_bp};

/// The figures of one row, by their names in the glossary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Meter events.
    pub events: i128,
    /// Those of them that were recorded long after they occurred.
    pub late_events: i128,
    /// Their quantity, in micro-units.
    pub quantity_micro: i128,
    /// Credits used: charges and captures, less reversals, plus what was charged again. In micro-credits.
    pub credits_used_micro: i128,
    /// Used and not charged, in record-only wallets. In micro-credits.
    pub uncharged_micro: i128,
    /// Events, holds, captures and batches refused by a recorded verdict.
    pub refused: i128,
    /// Revenue recognised, breakage included, less reversals. In nano-units.
    pub recognised_nano: i128,
    /// The part of it that is breakage.
    pub breakage_nano: i128,
    /// The part of the credits charged that came from lots at no price: promotional ones and adjustments. In
    /// micro-credits.
    pub free_micro: i128,
    /// What the events cost the operator.
    pub cost: CostLine,
}

/// What events cost the operator, and how that is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CostLine {
    /// How many events there are.
    pub events: i128,
    /// How many of them have a cost.
    pub covered: i128,
    /// The sum of the costs that are known, in nano-units.
    pub nano: i128,
    /// Of that, what was reported.
    pub reported_nano: i128,
    /// Of that, what was computed by a rate card.
    pub rate_card_nano: i128,
    /// Of that, what is an estimate.
    pub estimated_nano: i128,
    /// What the events were thought to cost when they were recorded, before costs came later or were corrected.
    pub first_nano: i128,
    /// Cost of work that was refused, and so is nobody's revenue.
    pub unbilled_nano: i128,
}

impl Line {
    /// The line of these sums.
    pub fn of(f: &Figures) -> Self {
        Self {
            events: f.events,
            late_events: f.late_events,
            quantity_micro: f.quantity_micro,
            credits_used_micro: f.used_micro(),
            uncharged_micro: f.uncharged_micro,
            refused: f.refused,
            recognised_nano: f.recognised_nano(),
            breakage_nano: f.breakage_revenue_nano,
            free_micro: f.free_micro,
            cost: CostLine {
                events: f.events,
                covered: f.events - f.cost_missing,
                nano: f.cost_nano,
                reported_nano: f.reported_cost_nano(),
                rate_card_nano: f.card_cost_nano,
                estimated_nano: f.estimated_cost_nano,
                first_nano: f.cost_first_nano(),
                unbilled_nano: f.unbilled_cost_nano,
            },
        }
    }

    /// Effective price per credit: recognised / credits used, in nano-units.
    pub fn price_per_credit_nano(&self) -> Option<i128> {
        per_credit_nano(self.recognised_nano, self.credits_used_micro)
    }

    /// Recognised less the cost that is known, in nano-units. An upper bound where a cost is missing, and nothing at all
    /// where every cost is.
    pub fn contribution_nano(&self) -> Option<i128> {
        Some(self.recognised_nano - self.cost.known_nano()?)
    }

    /// (recognised − cost) / recognised in basis points, from the lots that really burned. Bounds as
    /// [`Line::contribution_nano`].
    pub fn margin_bp(&self) -> Option<i64> {
        margin_bp(self.recognised_nano, self.cost.known_nano()?)
    }

    /// What the credits used are worth at one price for all, given credits included, in nano-units.
    pub fn planning_revenue_nano(&self, value: CreditValue) -> Option<i128> {
        value.of(self.credits_used_micro)
    }

    /// The margin at that price, in basis points. Bounds as [`Line::contribution_nano`].
    pub fn planning_margin_bp(&self, value: CreditValue) -> Option<i64> {
        margin_bp(self.planning_revenue_nano(value)?, self.cost.known_nano()?)
    }
}

impl CostLine {
    /// The sum of the costs that are known, in nano-units; `None` where there are events and the cost of each is
    /// missing. Missing is never 0.
    pub fn known_nano(&self) -> Option<i128> {
        (self.covered > 0 || self.events == 0).then_some(self.nano)
    }

    /// The share of the events whose cost is known, in basis points.
    pub fn coverage_bp(&self) -> Option<i64> {
        share_bp(self.covered, self.events)
    }

    /// The share of the events whose cost is missing, in basis points: what [`CostLine::coverage_bp`] leaves.
    pub fn missing_bp(&self) -> Option<i64> {
        self.coverage_bp().map(|covered| 10_000 - covered)
    }

    /// Whether the cost of some events is missing, so that a margin is an upper bound.
    pub fn is_incomplete(&self) -> bool {
        self.covered < self.events
    }
}
