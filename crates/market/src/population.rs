//! Who the customers are: drawn once, from the seed.
#![expect(clippy::float_arithmetic, reason = "random draws of sizes and tastes")]

use crate::draw::{chance, factor, place, stream, unit};
use crate::plan::MarketPlan;

const STREAM: u64 = 1;

/// What a customer does about its credits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Habit {
    /// Uses what is given away, and never buys.
    NeverBuys,
    /// Buys when little is left.
    BuysAhead,
    /// Buys when it was refused.
    BuysLate,
}

/// A customer.
#[derive(Clone, Debug)]
pub(crate) struct Customer {
    /// Its part of all use.
    pub(crate) share: f64,
    /// The day on which it arrives.
    pub(crate) arrives: u32,
    /// What it does about its credits.
    pub(crate) habit: Habit,
    /// Where among the levels its favourite lies.
    taste: f64,
    /// How many times the usual it costs, by type.
    pub(crate) cost: Vec<f64>,
}

impl Customer {
    /// The shares that levels have in its use.
    pub(crate) fn shares<'a>(&self, shares: &'a [f64], loyalty: f64) -> impl Iterator<Item = f64> + use<'a> {
        let favourite = place(self.taste, shares.iter().copied());
        let own = move |level| if level == favourite { loyalty } else { 0.0 };
        shares.iter().enumerate().map(move |(level, share)| share * (1.0 - loyalty) + own(level))
    }
}

/// Draws the customers.
pub(crate) fn draw(plan: &MarketPlan) -> Vec<Customer> {
    let draw = &mut stream(plan.seed, STREAM);
    let mut customers: Vec<Customer> = (0..plan.customers)
        .map(|_| Customer {
            share: factor(plan.demand.volume_sigma, draw),
            arrives: arrival(plan, chance(plan.demand.arrivals, draw), unit(draw)),
            habit: habit(plan, chance(plan.habits.never_buys, draw), chance(plan.habits.buys_ahead, draw)),
            taste: unit(draw),
            cost: plan.events.iter().map(|event| factor(event.cost_spread, draw)).collect(),
        })
        .collect();
    if let Some(share) = plan.demand.first_share
        && let [first, others @ ..] = &mut customers[..]
        && !others.is_empty()
    {
        let sum: f64 = others.iter().map(|customer| customer.share).sum();
        *first = Customer {
            share: sum * share / (1.0 - share),
            arrives: 0,
            habit: Habit::BuysAhead,
            ..first.clone()
        };
    }
    let sum: f64 = customers.iter().map(|customer| customer.share).sum();
    for customer in &mut customers {
        customer.share /= sum;
    }
    customers
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of the days")]
fn arrival(plan: &MarketPlan, is_late: bool, point: f64) -> u32 {
    if is_late { (f64::from(plan.days) * point) as u32 } else { 0 }
}

fn habit(plan: &MarketPlan, never: bool, ahead: bool) -> Habit {
    match (never || plan.packs.is_empty(), ahead) {
        (true, _) => Habit::NeverBuys,
        (false, true) => Habit::BuysAhead,
        (false, false) => Habit::BuysLate,
    }
}
