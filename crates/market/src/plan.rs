//! What is simulated: everything that the truth is made of, as a value.
//!
//! Shares, spreads and elasticities are floats, since they only steer draws; amounts are integers of a named unit.

use chargly_ledger::{Credits, Millis};
use compact_str::CompactString;

/// A product to simulate. The same plan gives the same events, to the last digit, on every machine.
#[derive(Clone, Debug, PartialEq)]
pub struct MarketPlan {
    /// What it is called.
    pub name: CompactString,
    /// What is drawn.
    pub seed: u64,
    /// Customers, 1 to [`crate::MARKET_CUSTOMERS_MAX`].
    pub customers: u32,
    /// Days, 1 to [`crate::MARKET_DAYS_MAX`].
    pub days: u32,
    /// When the first day begins.
    pub start: Millis,
    /// The margin aimed at, in basis points of revenue.
    pub target_margin_bp: u32,
    /// What a credit is worth in planning, in nano-dollars; `None`: what was really paid for one.
    pub credit_value_nano: Option<i64>,
    /// What is sold for credits.
    pub events: Vec<EventPlan>,
    /// What credits are sold in, smallest first; none where nothing is ever sold.
    pub packs: Vec<PackPlan>,
    /// Credits that are given away.
    pub promo: Option<PromoPlan>,
    /// How much is used.
    pub demand: DemandPlan,
    /// What customers do about their credits.
    pub habits: HabitsPlan,
    /// What happens on the way.
    pub happenings: Vec<Happening>,
}

/// An event type.
#[derive(Clone, Debug, PartialEq)]
pub struct EventPlan {
    /// Its name.
    pub name: CompactString,
    /// What customers read of it: `Image generated`.
    pub label: CompactString,
    /// Which types may stand in for each other.
    pub family: CompactString,
    /// Its price on the first day: for an event, or for a unit where quantities differ.
    pub credits: Credits,
    /// Events a day that all customers together are expected to make, before trend, shocks and prices.
    pub events_a_day: f64,
    /// What a price does: at ρ times the first price ρ to this power times as many events happen.
    pub elasticity: f64,
    /// Units of one event.
    pub quantity: QuantityPlan,
    /// What an event costs.
    pub cost: CostPlan,
    /// How much costs differ between customers: σ of the logarithm of a factor with mean 1.
    pub cost_spread: f64,
    /// How much they differ between days, likewise.
    pub day_noise: f64,
    /// How much they differ between events, likewise.
    pub event_noise: f64,
    /// Values of the dimension `model`, whose shares make 1; none where the type has no dimension.
    pub levels: Vec<LevelPlan>,
}

/// Units of one event.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum QuantityPlan {
    /// Always one; the price is flat.
    One,
    /// Whole units, log-normal, one at least; the price is per unit.
    LogNormal {
        /// The middle one.
        median: f64,
        /// σ of the logarithm.
        sigma: f64,
    },
}

/// What an event costs the operator, in nano-dollars.
#[derive(Clone, Debug, PartialEq)]
pub enum CostPlan {
    /// Reported with each event.
    Reported {
        /// Whatever the quantity.
        fixed_nano: i64,
        /// For each unit; of types with levels it is added to the level's own.
        unit_nano: i64,
    },
    /// Computed by the product from what a model was used for, by a rate card.
    RateCard {
        /// Whose model.
        provider: CompactString,
        /// Which.
        model: CompactString,
        /// Tokens read for each unit, on average.
        input_tokens: u32,
        /// Tokens written for each unit, on average.
        output_tokens: u32,
        /// Pico-dollars for each token read.
        input_pico: i64,
        /// Pico-dollars for each token written.
        output_pico: i64,
    },
}

/// A value of the dimension `model`.
#[derive(Clone, Debug, PartialEq)]
pub struct LevelPlan {
    /// The value.
    pub name: CompactString,
    /// Which part of the events has it.
    pub share: f64,
    /// What a unit costs, in nano-dollars.
    pub unit_nano: i64,
}

/// A pack of credits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackPlan {
    /// What it is called in calls.
    pub code: CompactString,
    /// How many are paid for.
    pub credits: Credits,
    /// How many come on top; they share the price.
    pub bonus: Credits,
    /// What it costs, in nano-dollars.
    pub price_nano: i64,
}

/// Credits that are given away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PromoPlan {
    /// How many, to each customer on its first day.
    pub credits: Credits,
    /// Again after so many days; once where not given.
    pub every_days: Option<u32>,
    /// For how many days they are good.
    pub valid_days: Option<u32>,
}

/// How much is used, and how unevenly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DemandPlan {
    /// σ of the logarithm of a customer's size.
    pub volume_sigma: f64,
    /// Which part of all use the first customer makes, where that is fixed.
    pub first_share: Option<f64>,
    /// A Saturday's or Sunday's use beside a weekday's.
    pub weekend: f64,
    /// Growth of the logarithm of use in 30 days, the same for all types.
    pub trend: f64,
    /// σ of the daily shocks that all types share.
    pub shock_sigma: f64,
    /// σ of each type's own daily shocks.
    pub own_shock_sigma: f64,
    /// How much of a day's shock is left on the next.
    pub shock_memory: f64,
    /// σ of a customer's activity from day to day.
    pub customer_day_sigma: f64,
    /// Which part of the customers arrives on the way instead of on the first day.
    pub arrivals: f64,
    /// How often an event has the level that its customer likes best, whatever the shares.
    pub loyalty: f64,
}

/// What customers do about their credits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HabitsPlan {
    /// Which part never buys anything.
    pub never_buys: f64,
    /// Which part buys when a day's use is left, and so is hardly ever refused.
    pub buys_ahead: f64,
    /// Who was refused buys within the hour, with this probability.
    pub buys: f64,
    /// Who does not leaves for good, with this one; else they wait, and decide again.
    pub leaves: f64,
    /// How long they wait on average, in days.
    pub wait_days: f64,
    /// For how many days of their use they buy.
    pub buys_for_days: f64,
}

/// Something that happens on the way. Days count from 0; types, levels and customers from 0, too.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Happening {
    /// Another price from the beginning of a day.
    PriceChange {
        /// When.
        day: u32,
        /// Which type.
        event: usize,
        /// What it costs then.
        credits: Credits,
    },
    /// The provider charges another rate from the beginning of a day.
    CostDrift {
        /// When.
        day: u32,
        /// Which type.
        event: usize,
        /// Which level; all where not given.
        level: Option<usize>,
        /// How many times as much as before.
        factor: f64,
    },
    /// Another share of a level from the beginning of a day; the others make room in proportion.
    MixShift {
        /// When.
        day: u32,
        /// Which type.
        event: usize,
        /// Which level.
        level: usize,
        /// Its share then.
        share: f64,
    },
    /// A customer uses very much more for a while.
    Abuse {
        /// From when.
        day: u32,
        /// For how long.
        days: u32,
        /// Who.
        customer: u32,
        /// How many times as much.
        factor: f64,
    },
    /// Events come without their cost.
    CostsMissing {
        /// Which type.
        event: usize,
        /// Which part of them.
        share: f64,
    },
    /// Events come without their cost, and the type has an estimate.
    CostsEstimated {
        /// Which type.
        event: usize,
        /// Which part of them.
        share: f64,
        /// What a unit is estimated to cost, in nano-dollars.
        unit_nano: i64,
    },
}
