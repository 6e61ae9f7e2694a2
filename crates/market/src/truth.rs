//! What is true of a market: what an advisor should find, and what it should not.
//!
//! Figures are expected values, known from the plan; what a credit was sold for is known from what was bought.
#![expect(
    clippy::float_arithmetic,
    reason = "expected values and comparisons; amounts leave rounded to integers"
)]

use chargly_ledger::Credits;
use compact_str::CompactString;

use crate::advice::{Advice, advice};
use crate::plan::{EventPlan, Happening, MarketPlan};
use crate::population::Customer;
use crate::standing::{Standing, day_of};
use crate::tally::Tally;

/// What is true of a market.
#[derive(Clone, Debug, PartialEq)]
pub struct Truth {
    /// The preset, or what else the plan is called.
    pub name: CompactString,
    /// Its seed.
    pub seed: u64,
    /// Its days.
    pub days: u32,
    /// The margin aimed at, in basis points.
    pub target_margin_bp: u32,
    /// What a credit is worth, in nano-dollars: as set, else what was paid for one on average, rounded down. `None`
    /// where none was sold.
    pub credit_nano: Option<i64>,
    /// Customers who bought something.
    pub paying_customers: u32,
    /// The part of all charged credits that the largest customer used, in basis points.
    pub largest_share_bp: u32,
    /// Of each type.
    pub types: Vec<TypeTruth>,
}

/// What is true of an event type.
#[derive(Clone, Debug, PartialEq)]
pub struct TypeTruth {
    /// Its name.
    pub event: CompactString,
    /// Which types may stand in for each other.
    pub family: CompactString,
    /// At ρ times the price, ρ to this power times as many events happen.
    pub elasticity: f64,
    /// What a unit is expected to cost, by spans of days; the last is how things stand at the end.
    pub costs: Vec<CostSpan>,
    /// Whether each unit costs exactly that.
    pub is_exact: bool,
    /// Prices, with the day from which they held; the first from day 0.
    pub prices: Vec<(u32, Credits)>,
    /// Rates that changed: day, level, how many times as much.
    pub drifts: Vec<(u32, Option<CompactString>, f64)>,
    /// Shares that changed: day, level, its share then.
    pub shifts: Vec<(u32, CompactString, f64)>,
    /// What is expected of each level at the end.
    pub levels: Vec<LevelTruth>,
    /// The part of its events that comes without a cost, in basis points.
    pub untold_bp: u32,
    /// The margin expected at the end, in basis points of revenue; `None` where a credit is worth nothing.
    pub margin_bp: Option<i64>,
    /// Of a price a fifth higher: the elasticity below which it would earn less. `None` where it always earns more.
    pub break_even_elasticity: Option<f64>,
    /// Which advice is right at the end.
    pub advice: Vec<Advice>,
}

/// What a unit is expected to cost over some days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CostSpan {
    /// The first day.
    pub from_day: u32,
    /// The day after the last.
    pub to_day: u32,
    /// Of a customer as it is drawn, in nano-dollars.
    pub unit_nano: i64,
    /// Of these customers, each by its part of all use, in nano-dollars.
    pub weighted_nano: i64,
}

/// What is expected of a level.
#[derive(Clone, Debug, PartialEq)]
pub struct LevelTruth {
    /// Its name.
    pub level: CompactString,
    /// The part of the units that has it, of these customers, in basis points.
    pub share_bp: u32,
    /// What a unit of it costs these customers, in nano-dollars.
    pub unit_nano: i64,
    /// Its margin, in basis points.
    pub margin_bp: Option<i64>,
}

impl Truth {
    pub(crate) fn of(plan: &MarketPlan, customers: &[Customer], tally: &Tally) -> Self {
        let sold = tally.credits_sold.micro();
        let paid = i128::from(tally.cash_nano) * i128::from(Credits::whole(1).unwrap_or_default().micro());
        let paid = paid.checked_div(i128::from(sold)).and_then(|nano| i64::try_from(nano).ok());
        let credit_nano = if sold == 0 { None } else { plan.credit_value_nano.or(paid) };
        let all: i64 = tally.credits_of.iter().sum();
        let largest = tally.credits_of.iter().max().copied().unwrap_or(0);
        Self {
            name: plan.name.clone(),
            seed: plan.seed,
            days: plan.days,
            target_margin_bp: plan.target_margin_bp,
            credit_nano,
            paying_customers: as_u32(tally.paid_of.iter().filter(|paid| **paid > 0).count()),
            largest_share_bp: basis_points(largest as f64, all as f64),
            types: (0..plan.events.len()).map(|event| of_type(plan, event, customers, credit_nano)).collect(),
        }
    }

    /// The type of this name.
    pub fn of_event(&self, name: &str) -> Option<&TypeTruth> {
        self.types.iter().find(|of| of.event == name)
    }
}

impl TypeTruth {
    /// What a unit costs at the end.
    pub fn cost_at_end(&self) -> CostSpan {
        self.costs[self.costs.len() - 1]
    }
}

fn of_type(plan: &MarketPlan, index: usize, customers: &[Customer], credit_nano: Option<i64>) -> TypeTruth {
    let event = &plan.events[index];
    let mine: Vec<&Happening> = plan.happenings.iter().filter(|what| is_of(what, index)).collect();
    let now = Standing::on(plan, plan.days - 1).swap_remove(index);
    let people = People { plan, event, index, customers };
    let costs = spans(plan, &mine, &people);
    let level_name = |level: usize| event.levels[level].name.clone();
    let mut truth = TypeTruth {
        event: event.name.clone(),
        family: event.family.clone(),
        elasticity: event.elasticity,
        costs,
        is_exact: event.is_exact(),
        prices: vec![(0, event.credits)],
        drifts: Vec::new(),
        shifts: Vec::new(),
        levels: people.levels(&now, credit_nano),
        untold_bp: basis_points(now.untold, 1.0),
        margin_bp: None,
        break_even_elasticity: None,
        advice: Vec::new(),
    };
    for happening in mine {
        match *happening {
            Happening::PriceChange { day, credits, .. } => truth.prices.push((day, credits)),
            Happening::CostDrift { day, level, factor, .. } => {
                truth.drifts.push((day, level.map(level_name), factor));
            }
            Happening::MixShift { day, level, share, .. } => {
                truth.shifts.push((day, level_name(level), share));
            }
            _ => {}
        }
    }
    if let Some(revenue) = unit_revenue(now.credits, credit_nano) {
        let cost = truth.cost_at_end().weighted_nano as f64;
        truth.margin_bp = margin_bp(revenue, cost);
        truth.break_even_elasticity = break_even(revenue, cost);
    }
    truth.advice = advice(plan, index, &now, &truth, credit_nano);
    truth
}

/// What costs customers as they are.
struct People<'a> {
    plan: &'a MarketPlan,
    event: &'a EventPlan,
    index: usize,
    customers: &'a [Customer],
}

impl People<'_> {
    /// The expected share of each level among the units, and what it costs a unit, in nano-dollars. Where there are no
    /// levels, all is one.
    fn by_level(&self, now: &Standing) -> Vec<(f64, f64)> {
        let (fixed, levels) = now.level_costs(self.event);
        let fixed = fixed / crate::standing::mean_quantity(self.event.quantity);
        let mut sums = vec![(0.0, 0.0); levels.len()];
        for customer in self.customers {
            let shares: Vec<f64> = match now.shares.is_empty() {
                true => vec![1.0],
                false => customer.shares(&now.shares, self.plan.demand.loyalty).collect(),
            };
            for ((sum, share), level) in sums.iter_mut().zip(shares).zip(&levels) {
                sum.0 += customer.share * share;
                sum.1 += customer.share * share * customer.cost[self.index] * (fixed + level);
            }
        }
        sums
    }

    fn unit_nano(&self, now: &Standing) -> f64 {
        self.by_level(now).iter().map(|(_, cost)| cost).sum()
    }

    fn levels(&self, now: &Standing, credit_nano: Option<i64>) -> Vec<LevelTruth> {
        let revenue = unit_revenue(now.credits, credit_nano);
        let of = |(level, (share, cost)): (&crate::plan::LevelPlan, (f64, f64))| LevelTruth {
            level: level.name.clone(),
            share_bp: basis_points(share, 1.0),
            unit_nano: rounded(cost / share.max(f64::MIN_POSITIVE)),
            margin_bp: revenue.and_then(|revenue| margin_bp(revenue, cost / share.max(f64::MIN_POSITIVE))),
        };
        self.event.levels.iter().zip(self.by_level(now)).map(of).collect()
    }
}

fn spans(plan: &MarketPlan, mine: &[&Happening], people: &People<'_>) -> Vec<CostSpan> {
    let mut begins = vec![0];
    begins.extend(
        mine.iter()
            .filter(|what| matches!(what, Happening::CostDrift { .. } | Happening::MixShift { .. }))
            .map(|what| day_of(what))
            .filter(|day| *day < plan.days),
    );
    begins.sort_unstable();
    begins.dedup();
    let ends: Vec<u32> = begins.iter().skip(1).copied().chain([plan.days]).collect();
    let span = |(from_day, to_day)| {
        let now = Standing::on(plan, from_day).swap_remove(people.index);
        CostSpan {
            from_day,
            to_day,
            unit_nano: rounded(now.unit_cost(people.event, &now.shares)),
            weighted_nano: rounded(people.unit_nano(&now)),
        }
    };
    begins.into_iter().zip(ends).map(span).collect()
}

fn is_of(happening: &Happening, index: usize) -> bool {
    match *happening {
        Happening::PriceChange { event, .. }
        | Happening::CostDrift { event, .. }
        | Happening::MixShift { event, .. }
        | Happening::CostsMissing { event, .. }
        | Happening::CostsEstimated { event, .. } => event == index,
        Happening::Abuse { .. } => false,
    }
}

/// What a unit brings in, in nano-dollars.
pub(crate) fn unit_revenue(credits: Credits, credit_nano: Option<i64>) -> Option<f64> {
    let whole = Credits::whole(1).unwrap_or_default().micro() as f64;
    credit_nano.filter(|nano| *nano > 0).map(|nano| credits.micro() as f64 / whole * nano as f64)
}

/// (revenue − cost) ÷ revenue, in basis points.
pub(crate) fn margin_bp(revenue: f64, cost: f64) -> Option<i64> {
    (revenue > 0.0).then(|| rounded((1.0 - cost / revenue) * 10_000.0))
}

/// Where a price a fifth higher earns the same: ln((u − c) ÷ (1.2 u − c)) ÷ ln 1.2. It earns more whatever happens
/// where a unit earns nothing now.
fn break_even(revenue: f64, cost: f64) -> Option<f64> {
    let (now, then) = (revenue - cost, 1.2 * revenue - cost);
    (now > 0.0).then(|| libm::log(now / then) / libm::log(1.2))
}

#[expect(clippy::cast_possible_truncation, reason = "amounts and basis points are far within")]
fn rounded(value: f64) -> i64 {
    libm::round(value) as i64
}

fn basis_points(part: f64, whole: f64) -> u32 {
    if whole > 0.0 { u32::try_from(rounded(part / whole * 10_000.0)).unwrap_or(0) } else { 0 }
}

fn as_u32(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
