//! What a plan may be, and what follows from it alone.
#![expect(clippy::float_arithmetic, reason = "sums of shares and expected counts")]

use compact_str::CompactString;
use thiserror::Error;

use crate::plan::{CostPlan, EventPlan, Happening, MarketPlan, QuantityPlan};

/// Most customers.
pub const MARKET_CUSTOMERS_MAX: u32 = 1_000_000;
/// Most days: five years.
pub const MARKET_DAYS_MAX: u32 = 1_830;
/// Most event types.
pub const MARKET_TYPES_MAX: usize = 64;
/// How far the shares of levels may be from 1 together.
const SHARE_SLACK: f64 = 1e-6;

/// A plan that cannot be simulated.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{what} {problem}")]
pub struct PlanError {
    /// Which part of the plan.
    pub what: CompactString,
    /// What is wrong with it.
    pub problem: &'static str,
}

impl MarketPlan {
    /// Whether it can be simulated.
    ///
    /// # Errors
    /// [`PlanError`], naming the part that cannot.
    pub fn check(&self) -> Result<(), PlanError> {
        let wrong = |what: &str, problem| Err(PlanError { what: what.into(), problem });
        if !(1..=MARKET_CUSTOMERS_MAX).contains(&self.customers) {
            return wrong("customers", "must be 1 to 1,000,000");
        }
        if !(1..=MARKET_DAYS_MAX).contains(&self.days) {
            return wrong("days", "must be 1 to 1,830");
        }
        if !(1..=MARKET_TYPES_MAX).contains(&self.events.len()) {
            return wrong("event types", "must be 1 to 64");
        }
        for event in &self.events {
            if !event.credits.is_positive() {
                return wrong(&event.name, "must have a price");
            }
            if !event.events_a_day.is_finite() || event.events_a_day < 0.0 {
                return wrong(&event.name, "must happen some number of times a day");
            }
            let shares: f64 = event.levels.iter().map(|level| level.share).sum();
            if !event.levels.is_empty() && (shares - 1.0).abs() > SHARE_SLACK {
                return wrong(&event.name, "must have levels whose shares make 1");
            }
            if !event.levels.is_empty() && matches!(event.cost, CostPlan::RateCard { .. }) {
                return wrong(&event.name, "cannot have levels: its cost comes from a rate card");
            }
        }
        if self.demand.first_share.is_some_and(|share| !(0.0..1.0).contains(&share)) {
            return wrong("the first customer", "must have a part of all use");
        }
        self.happenings.iter().try_for_each(|happening| self.check_happening(happening))
    }

    fn check_happening(&self, happening: &Happening) -> Result<(), PlanError> {
        let wrong = |problem| Err(PlanError { what: "a happening".into(), problem });
        let (event, level) = match *happening {
            Happening::PriceChange { event, credits, .. } => {
                if !credits.is_positive() {
                    return wrong("must leave a price");
                }
                (event, None)
            }
            Happening::CostDrift { event, level, .. } => (event, level),
            Happening::MixShift { event, level, .. } => (event, Some(level)),
            Happening::CostsMissing { event, .. } | Happening::CostsEstimated { event, .. } => (event, None),
            Happening::Abuse { customer, .. } => {
                return if customer < self.customers { Ok(()) } else { wrong("names no customer") };
            }
        };
        let Some(event) = self.events.get(event) else { return wrong("names no event type") };
        if level.is_some_and(|level| level >= event.levels.len()) {
            return wrong("names no level");
        }
        Ok(())
    }

    /// Events that are expected in all, before trend, shocks, prices and customers who leave.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rounded, and not below 0")]
    pub fn expected_events(&self) -> u64 {
        let a_day: f64 = self.events.iter().map(|event| event.events_a_day).sum();
        // Who arrives on the way is there for half of the days on average.
        let there = 1.0 - self.demand.arrivals / 2.0;
        libm::round(a_day * f64::from(self.days) * there) as u64
    }

    /// Makes it about so many events in all.
    pub fn scale_to(&mut self, events: u64) {
        let factor = events as f64 / self.expected_events().max(1) as f64;
        for event in &mut self.events {
            event.events_a_day *= factor;
        }
    }
}

impl EventPlan {
    /// Whether the product computes its cost by a rate card.
    pub fn has_rate_card(&self) -> bool {
        matches!(self.cost, CostPlan::RateCard { .. })
    }

    /// Whether every unit costs the same while no rate changes.
    pub fn is_exact(&self) -> bool {
        let is_flat = self.cost_spread == 0.0 && self.day_noise == 0.0 && self.event_noise == 0.0;
        let has_fixed = matches!(self.cost, CostPlan::Reported { fixed_nano, .. } if fixed_nano != 0);
        is_flat && self.levels.is_empty() && !(has_fixed && self.quantity != QuantityPlan::One)
    }
}
