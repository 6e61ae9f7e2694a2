//! What a recommendation was tried on, and what became of it.

use super::evidence::Span;
use crate::Millis;
use crate::codec::{codec_enum, codec_struct};

/// One way of running the past again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct PriceRun {
    /// Events charged.
    pub events: u64,
    /// Events refused.
    pub denied: u64,
    /// Nano-units recognised.
    pub revenue_nano: i128,
    /// Nano-units of provider cost.
    pub cost_nano: i128,
    /// Nano-units paid for credits, less refunds.
    pub cash_nano: i128,
}
codec_struct!(PriceRun { events, denied, revenue_nano, cost_nano, cash_nano });

impl PriceRun {
    /// What is left of the revenue, in nano-units.
    pub const fn margin_nano(&self) -> i128 {
        self.revenue_nano.saturating_sub(self.cost_nano)
    }
}

/// By how much what customers pay in all for the same usage changes, in basis points; of those for whom it changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Shock {
    /// Half of them pay at most this much more.
    pub p50_bp: i64,
    /// Nine in ten pay at most this much more.
    pub p90_bp: i64,
    /// All of them pay at most this much more.
    pub max_bp: i64,
    /// Customers who pay over 25 % more.
    pub above: u32,
}
codec_struct!(Shock { p50_bp, p90_bp, max_bp, above });

/// A proposal, tried on the operator's own events by running the ledger again.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Backtest {
    /// From when, by the time of recording.
    pub from: Millis,
    /// Until before when.
    pub to: Millis,
    /// Facts that were run again, once for each run.
    pub facts: u64,
    /// Customers with anything in the span.
    pub customers: u32,
    /// One customer in so many was taken; 1 for all of them. Where some are, amounts and counts of events are scaled up
    /// by the credits that all used over those that they did, counts of customers by customers, each rounded down.
    /// Changes in basis points are those of whoever was taken.
    pub one_in: u32,
    /// What happened.
    pub before: PriceRun,
    /// With usage and purchases as they happened.
    pub fixed: PriceRun,
    /// With packs bought again.
    pub replenishing: Option<PriceRun>,
    /// Elasticities that were drawn.
    pub draws: u32,
    /// Revenue where usage answers, one run in twenty below the lower end and one above the upper.
    pub elastic_revenue: Option<Span>,
    /// The same of what is left of it.
    pub elastic_margin: Option<Span>,
    /// Customers whose wallet really ran out.
    pub run_outs_before: u32,
    /// Customers whose wallet would have run out and really did not.
    pub run_outs_newly: u32,
    /// Customers whose wallet would have run out earlier than it did.
    pub run_outs_earlier: u32,
    /// What the same usage costs.
    pub shock: Shock,
    /// Customers who would have paid less for the same usage.
    pub winners: u32,
    /// Customers who would have paid more.
    pub losers: u32,
    /// Micro-credits sold or given and not used at the end. 128 bits, because those of many customers pass 64.
    pub outstanding_micro: i128,
    /// Nano-units by which the new prices lower what those buy.
    pub devaluation_nano: i128,
}
codec_struct!(Backtest {
    from,
    to,
    facts,
    customers,
    one_in,
    before,
    fixed,
    replenishing,
    draws,
    elastic_revenue,
    elastic_margin,
    run_outs_before,
    run_outs_newly,
    run_outs_earlier,
    shock,
    winners,
    losers,
    outstanding_micro,
    devaluation_nano
});

impl Backtest {
    /// The lowest and the highest revenue of all runs, in nano-units.
    pub fn revenue_ends(&self) -> (i128, i128) {
        self.ends(|run| run.revenue_nano, self.elastic_revenue)
    }

    /// The lowest and the highest of what is left of it, in nano-units.
    pub fn margin_ends(&self) -> (i128, i128) {
        self.ends(PriceRun::margin_nano, self.elastic_margin)
    }

    fn ends(&self, of: impl Fn(&PriceRun) -> i128, elastic: Option<Span>) -> (i128, i128) {
        let runs = std::iter::once(of(&self.fixed)).chain(self.replenishing.as_ref().map(of));
        let all = runs.chain(elastic.into_iter().flat_map(|span| [span.low, span.high]));
        all.fold((i128::MAX, i128::MIN), |(low, high), value| (low.min(value), high.max(value)))
    }
}

/// Whether a claim came true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It did.
    True,
    /// It did not.
    False,
    /// The figures do not say.
    Undecided,
}
codec_enum!(Verdict, "verdict" { 0 => True, 1 => False, 2 => Undecided });

impl Verdict {
    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::True => "true",
            Self::False => "false",
            Self::Undecided => "undecided",
        }
    }
}

/// How a recommendation that was applied is graded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Whether its claim came true.
    pub verdict: Verdict,
    /// Whether a later look may change that: top-ups and customers who leave answer later than usage does.
    pub is_provisional: bool,
    /// Days after the change that were looked at.
    pub days: u32,
    /// What was predicted for a month, in nano-units of what is left of revenue.
    pub predicted: Span,
    /// What it was, by comparison with event types whose price stayed; `None` where there is no such estimate.
    pub realised: Option<Span>,
    /// Cost of a unit since, in nano-units.
    pub cost_per_unit_nano: Option<i64>,
    /// The margin since, planned, in basis points.
    pub margin_bp: Option<i64>,
}
codec_struct!(Outcome { verdict, is_provisional, days, predicted, realised, cost_per_unit_nano, margin_bp });

/// A grade, and when it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grade {
    /// When.
    pub at: Millis,
    /// What it says.
    pub outcome: Outcome,
}
codec_struct!(Grade { at, outcome });
