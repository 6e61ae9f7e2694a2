//! How much is used on a day, by whom, of what: the draws of events.
//!
//! A count is Poisson around: the type's events a day × the customer's share × weekday × trend × a shock that all types
//! share × the type's own × the customer's day × (price ÷ first price)^elasticity.
#![expect(
    clippy::float_arithmetic,
    reason = "random draws; costs and quantities are rounded to integers once"
)]

use chargly_ledger::Quantity;
use rand_chacha::ChaCha8Rng;

use crate::draw::{chance, count, factor, normal, place, scaled, stream, unit};
use crate::plan::{CostPlan, Happening, MarketPlan, QuantityPlan};
use crate::population::Customer;
use crate::shop::{MarketEvent, Told};
use crate::standing::{QUANTITY_MAX, Standing};

const SHOCK_STREAM: u64 = 2;
/// Each day's events have a stream of their own, so that one day's do not depend on how many the days before had.
const FIRST_DAY_STREAM: u64 = 1_000;
/// A day in milliseconds.
pub(crate) const DAY_MS: i64 = 86_400_000;
/// An hour in milliseconds.
pub(crate) const HOUR_MS: i64 = 3_600_000;
/// Days over which the trend is counted.
const MONTH_DAYS: f64 = 30.0;
/// Tokens of one event at most.
const TOKENS_MAX: f64 = 1e9;

/// The weight of each hour of the UTC day: quiet nights, busy afternoons.
const HOURS: [f64; 24] = [
    0.92, 0.86, 0.87, 0.80, 0.80, 0.71, 0.74, 0.88, 0.99, 1.05, 1.14, 1.11, 1.08, 1.04, 0.99, 1.00, 1.07,
    1.11, 1.11, 1.12, 1.17, 1.17, 1.17, 1.08,
];

/// Shocks that last from day to day, and the draws of events.
pub(crate) struct Demand {
    draw: ChaCha8Rng,
    shared: f64,
    own: Vec<f64>,
    hours: [f64; 24],
}

/// A day's levels, by type.
pub(crate) struct Today {
    day: u32,
    /// Events that are expected of all customers together.
    pub(crate) expected: Vec<f64>,
    /// How many times the usual an event costs.
    cost: Vec<f64>,
}

impl Demand {
    pub(crate) fn new(plan: &MarketPlan) -> Self {
        let sum: f64 = HOURS.iter().sum();
        Self {
            draw: stream(plan.seed, SHOCK_STREAM),
            shared: 0.0,
            own: vec![0.0; plan.events.len()],
            hours: HOURS.map(|hour| hour / sum),
        }
    }

    /// Goes on to a day.
    pub(crate) fn day(&mut self, plan: &MarketPlan, day: u32, standing: &[Standing]) -> Today {
        let demand = &plan.demand;
        // The shocks have these spreads on every day, whatever is left of the days before.
        let fresh = libm::sqrt(1.0 - demand.shock_memory * demand.shock_memory);
        let mut next = |shock: f64| shock * demand.shock_memory + fresh * normal(&mut self.draw);
        self.shared = next(self.shared);
        self.own.iter_mut().for_each(|own| *own = next(*own));
        let mean_one = |sigma: f64, shock: f64| sigma * shock - sigma * sigma / 2.0;
        let trend = demand.trend * (f64::from(day) - f64::from(plan.days) / 2.0) / MONTH_DAYS;
        let all = libm::exp(trend + mean_one(demand.shock_sigma, self.shared)) * weekday(plan, day);
        let of_type = |((event, own), now): ((&crate::plan::EventPlan, &f64), &Standing)| {
            let ratio = now.credits.micro() as f64 / event.credits.micro() as f64;
            let own = libm::exp(mean_one(demand.own_shock_sigma, *own));
            event.events_a_day * all * own * libm::pow(ratio, event.elasticity)
        };
        let expected = plan.events.iter().zip(&self.own).zip(standing).map(of_type).collect();
        let cost = plan.events.iter().map(|event| factor(event.day_noise, &mut self.draw)).collect();
        Today { day, expected, cost }
    }

    /// The events of a day that those customers make who are there, in order of time.
    pub(crate) fn events(
        &self,
        plan: &MarketPlan,
        today: &Today,
        standing: &[Standing],
        customers: &[Customer],
        is_there: impl Fn(usize) -> bool,
    ) -> Vec<MarketEvent> {
        let mut draw = stream(plan.seed, FIRST_DAY_STREAM + u64::from(today.day));
        let mut events = Vec::new();
        let begins = plan.start.plus(i64::from(today.day) * DAY_MS);
        for (index, customer) in (0_u32..).zip(customers) {
            let activity = factor(plan.demand.customer_day_sigma, &mut draw) * abuse(plan, today.day, index);
            if !is_there(index as usize) {
                continue;
            }
            for (event, expected) in (0_u16..).zip(&today.expected) {
                let happens = count(expected * customer.share * activity, &mut draw);
                let now = &standing[usize::from(event)];
                let cost = today.cost[usize::from(event)];
                for _ in 0..happens {
                    let at = begins.plus(self.instant(&mut draw));
                    let blank = MarketEvent {
                        at,
                        customer: index,
                        event,
                        level: None,
                        quantity: Quantity::ONE,
                        cost_nano: 0,
                        told: Told::Amount,
                    };
                    events.push(detailed(plan, blank, now, (customer, cost), &mut draw));
                }
            }
        }
        events.sort_unstable_by_key(|event| (event.at, event.customer, event.event));
        events
    }

    /// Milliseconds since the day began.
    #[expect(clippy::cast_possible_truncation, reason = "below an hour")]
    fn instant(&self, draw: &mut ChaCha8Rng) -> i64 {
        let hour = place(unit(draw), self.hours.iter().copied());
        let within = (HOUR_MS as f64 * (1.0 - unit(draw))) as i64;
        i64::try_from(hour).unwrap_or(0) * HOUR_MS + within.min(HOUR_MS - 1)
    }
}

/// A day's use beside the week's average.
fn weekday(plan: &MarketPlan, day: u32) -> f64 {
    // 1 January 1970 was a Thursday: with Monday as 0, day 0 is weekday 3.
    let weekday = (plan.start.0.div_euclid(DAY_MS) + i64::from(day) + 3).rem_euclid(7);
    let of_day = if weekday >= 5 { plan.demand.weekend } else { 1.0 };
    7.0 * of_day / (5.0 + 2.0 * plan.demand.weekend)
}

fn abuse(plan: &MarketPlan, today: u32, who: u32) -> f64 {
    let of = |happening: &Happening| match *happening {
        Happening::Abuse { day, days, customer, factor }
            if customer == who && (day..day.saturating_add(days)).contains(&today) =>
        {
            factor
        }
        _ => 1.0,
    };
    plan.happenings.iter().map(of).product()
}

/// The event with its quantity, level and cost.
fn detailed(
    plan: &MarketPlan,
    blank: MarketEvent,
    now: &Standing,
    (customer, today): (&Customer, f64),
    draw: &mut ChaCha8Rng,
) -> MarketEvent {
    let event = &plan.events[usize::from(blank.event)];
    let units = units(event.quantity, draw);
    let level = (!now.shares.is_empty())
        .then(|| place(unit(draw), customer.shares(&now.shares, plan.demand.loyalty)));
    let noise = customer.cost[usize::from(blank.event)] * today * factor(event.event_noise, draw);
    let is_untold = now.untold > 0.0 && chance(now.untold, draw);
    let (cost_nano, told) = match &event.cost {
        CostPlan::Reported { fixed_nano, unit_nano } => {
            let of_level = level.map_or(0, |level| event.levels[level].unit_nano);
            let factor = now.factor * level.map_or(1.0, |level| now.level_factors[level]);
            let fixed = scaled(*fixed_nano, noise * now.factor);
            let per_units = unit_nano.saturating_add(of_level).saturating_mul(i64::from(units));
            (fixed.saturating_add(scaled(per_units, noise * factor)), Told::Amount)
        }
        CostPlan::RateCard { input_tokens, output_tokens, input_pico, output_pico, .. } => {
            let tokens = |mean: u32| tokens(f64::from(mean) * f64::from(units) * noise);
            let (input, output) = (tokens(*input_tokens), tokens(*output_tokens));
            let of = |tokens: u32, first| i128::from(tokens) * i128::from(now.rate_pico(first));
            let pico = of(input, *input_pico) + of(output, *output_pico);
            (i64::try_from((pico + 500) / 1_000).unwrap_or(i64::MAX), Told::Tokens { input, output })
        }
    };
    MarketEvent {
        level: level.and_then(|level| u8::try_from(level).ok()),
        quantity: Quantity::from_micro(i64::from(units) * Quantity::ONE.micro()).unwrap_or(Quantity::ONE),
        cost_nano,
        told: if is_untold { Told::Nothing } else { told },
        ..blank
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 1 to QUANTITY_MAX")]
fn units(quantity: QuantityPlan, draw: &mut ChaCha8Rng) -> u32 {
    match quantity {
        QuantityPlan::One => 1,
        QuantityPlan::LogNormal { median, sigma } => {
            let units = libm::round(median * libm::exp(sigma * normal(draw)));
            units.clamp(1.0, f64::from(QUANTITY_MAX)) as u32
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 1 to TOKENS_MAX")]
fn tokens(mean: f64) -> u32 {
    libm::round(mean).clamp(1.0, TOKENS_MAX) as u32
}
