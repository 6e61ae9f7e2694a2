//! A product whose customers and elasticity are known: what an estimate is held against.
//!
//! Customers differ in volume (lognormal) and come on some days only. All event types share weekdays, a trend and
//! shocks that fade over days (an AR(1) process); each has a trend and shocks of its own. One type's price changes on
//! day [`World::days_before`], and its demand with the price ratio to the power of the elasticity. Everything is drawn
//! from one seed.
#![expect(
    clippy::float_arithmetic,
    clippy::cast_possible_truncation,
    reason = "random draws of counts, bounded by the parameters below"
)]

use chargly_advisor::{ActiveDay, Day, DaySeries, Options, PriceChange, Question};
use chargly_ledger::{EventTypeNo, PriceNo};

use crate::draw::Draw;

/// What is simulated.
#[derive(Clone, Copy)]
pub(crate) struct World {
    pub(crate) types: u32,
    pub(crate) customers: u32,
    pub(crate) days_before: i32,
    pub(crate) days_after: i32,
    pub(crate) elasticity: f64,
    /// New price, in basis points of the old one.
    pub(crate) price_bp: i64,
    /// Standard deviation of a type's own daily trend, in logarithms.
    pub(crate) own_trend: f64,
    /// Shocks of all types and of one type, as the standard deviation of a day in logarithms.
    pub(crate) common_shock: f64,
    pub(crate) own_shock: f64,
    /// How much larger than those of other types the changed type's own shocks are.
    pub(crate) target_noise: f64,
}

impl Default for World {
    /// Six types and a rise of 25 %: the setting in which the method was chosen.
    fn default() -> Self {
        Self {
            types: 6,
            customers: 80,
            days_before: 120,
            days_after: 31,
            elasticity: -0.7,
            price_bp: 12_500,
            own_trend: 0.0002,
            common_shock: 0.12,
            own_shock: 0.08,
            target_noise: 1.0,
        }
    }
}

/// Standard deviation of the shared daily trend, in logarithms.
const COMMON_TREND: f64 = 0.003;
/// How much of a shock is left on the next day.
const SHOCK_KEPT: f64 = 0.8;
/// Standard deviation of customers' volumes, in logarithms.
const CUSTOMER_SIGMA: f64 = 1.0;
/// Chance that a customer comes on a day.
const ACTIVE_CHANCE: f64 = 0.8;
/// Units of one type that a customer of median volume uses on a day he comes.
const UNITS_A_DAY: f64 = 1.5;
/// Factors of the days of the week.
const WEEKDAYS: [f64; 7] = [1.05, 1.1, 1.15, 1.1, 1.0, 0.7, 0.6];
const CREDITS_A_UNIT_MICRO: i64 = 4_000_000;
const NANO_A_CREDIT: i128 = 4_000_000;
/// Revenue of a unit at the old price, and its cost: a margin of 62.5 %, so that a rise of 25 % pays above an
/// elasticity of −1.51.
pub(crate) const REVENUE_A_UNIT_NANO: i128 = 16_000_000;
pub(crate) const COST_A_UNIT_NANO: i128 = 6_000_000;

/// What came out.
pub(crate) struct Simulated {
    pub(crate) series: Vec<DaySeries>,
    pub(crate) active: Vec<ActiveDay>,
    pub(crate) changes: Vec<PriceChange>,
    pub(crate) through_day: i32,
}

impl Simulated {
    pub(crate) fn question(&self) -> Question<'_> {
        Question {
            series: &self.series,
            active: &self.active,
            changes: &self.changes,
            asked: PriceNo(1),
            through_day: self.through_day,
            customers: None,
            options: Options::default(),
        }
    }
}

/// Runs a world.
pub(crate) fn simulate(seed: u64, world: &World) -> Simulated {
    let mut draw = Draw::new(seed);
    let volumes: Vec<f64> = (0..world.customers).map(|_| libm::exp(CUSTOMER_SIGMA * draw.normal())).collect();
    let common_trend = COMMON_TREND * draw.normal();
    let mut common = Shock::new(world.common_shock, &mut draw);
    let mut own: Vec<(f64, Shock)> = (0..world.types)
        .map(|number| {
            let noise = if number == 0 { world.target_noise } else { 1.0 };
            (world.own_trend * draw.normal(), Shock::new(world.own_shock * noise, &mut draw))
        })
        .collect();
    let new_price = CREDITS_A_UNIT_MICRO * world.price_bp / 10_000;
    let demand = libm::pow(new_price as f64 / CREDITS_A_UNIT_MICRO as f64, world.elasticity);
    let mut series: Vec<DaySeries> = (0..world.types)
        .map(|number| DaySeries { event_type: EventTypeNo(number), family: None, days: Vec::new() })
        .collect();
    let mut active = Vec::new();
    for day in 0..world.days_before + world.days_after {
        let present: Vec<f64> = volumes.iter().copied().filter(|_| draw.unit() < ACTIVE_CHANCE).collect();
        active.push(ActiveDay { day, customers: present.len() as u32 });
        let shared = common_trend * f64::from(day) + common.next(&mut draw);
        let volume = present.iter().sum::<f64>() * WEEKDAYS[day.rem_euclid(7) as usize];
        for (number, (trend, shock)) in own.iter_mut().enumerate() {
            let is_new = number == 0 && day >= world.days_before;
            let moved = shared + *trend * f64::from(day) + shock.next(&mut draw);
            let rate = UNITS_A_DAY * volume * libm::exp(moved) * if is_new { demand } else { 1.0 };
            let price = if is_new { new_price } else { CREDITS_A_UNIT_MICRO };
            series[number].days.push(day_of(day, draw.count(rate), present.len() as u32, price));
        }
    }
    let change = PriceChange {
        event_type: EventTypeNo(0),
        version: PriceNo(1),
        day: world.days_before,
        old_credits_micro: CREDITS_A_UNIT_MICRO,
        new_credits_micro: new_price,
    };
    Simulated { series, active, changes: vec![change], through_day: world.days_before + world.days_after - 1 }
}

fn day_of(day: i32, units: u64, active_customers: u32, price_micro: i64) -> Day {
    let credits_micro = i128::from(units) * i128::from(price_micro);
    Day {
        day,
        units_micro: i128::from(units) * 1_000_000,
        events: units,
        active_customers,
        credits_micro,
        revenue_nano: credits_micro * NANO_A_CREDIT / 1_000_000,
        cost_nano: i128::from(units) * COST_A_UNIT_NANO,
        cost_missing: 0,
    }
}

/// A shock that fades: stationary, with this standard deviation.
struct Shock {
    now: f64,
    sigma: f64,
}

impl Shock {
    fn new(sigma: f64, draw: &mut Draw) -> Self {
        Self { now: sigma * draw.normal(), sigma }
    }

    fn next(&mut self, draw: &mut Draw) -> f64 {
        let fresh = self.sigma * libm::sqrt(1.0 - SHOCK_KEPT * SHOCK_KEPT);
        self.now = SHOCK_KEPT * self.now + fresh * draw.normal();
        self.now
    }
}
