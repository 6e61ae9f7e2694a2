//! What came of a market, counted exactly: by type and day, and by customer.

use chargly_ledger::Credits;

use crate::plan::MarketPlan;
use crate::shop::{Answer, MarketEvent, MarketGrant, Told};

/// Sums of a market.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// By type, then by day.
    pub days: Vec<Vec<DayTally>>,
    /// Events that were charged, by customer.
    pub events_of: Vec<u64>,
    /// Micro-credits that were charged, by customer.
    pub credits_of: Vec<i64>,
    /// What was paid, by customer, in nano-dollars.
    pub paid_of: Vec<i64>,
    /// Purchases.
    pub purchases: u64,
    /// Credits that were bought, bonus included.
    pub credits_sold: Credits,
    /// Credits that were given away.
    pub credits_given: Credits,
    /// What was paid, in nano-dollars.
    pub cash_nano: i64,
    /// How often a customer ran out: its first refusal since it last had credits.
    pub run_outs: u64,
    /// Who left for good, and on which day.
    pub left: Vec<(u32, u32)>,
}

/// A type's day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DayTally {
    /// Events that were charged.
    pub events: u64,
    /// Events that were refused.
    pub refused: u64,
    /// Whole units of those charged.
    pub units: i64,
    /// Micro-credits that were charged.
    pub credits_micro: i64,
    /// What those charged cost, told or not, in nano-dollars.
    pub cost_nano: i64,
    /// Of those charged, how many came without a cost.
    pub untold: u64,
}

impl DayTally {
    fn add(&mut self, other: &Self) {
        self.events += other.events;
        self.refused += other.refused;
        self.units += other.units;
        self.credits_micro += other.credits_micro;
        self.cost_nano += other.cost_nano;
        self.untold += other.untold;
    }
}

impl Tally {
    pub(crate) fn new(plan: &MarketPlan) -> Self {
        let customers = plan.customers as usize;
        Self {
            days: vec![vec![DayTally::default(); plan.days as usize]; plan.events.len()],
            events_of: vec![0; customers],
            credits_of: vec![0; customers],
            paid_of: vec![0; customers],
            purchases: 0,
            credits_sold: Credits::ZERO,
            credits_given: Credits::ZERO,
            cash_nano: 0,
            run_outs: 0,
            left: Vec::new(),
        }
    }

    pub(crate) fn metered(&mut self, day: u32, event: &MarketEvent, answer: Answer) {
        let of_day = &mut self.days[usize::from(event.event)][day as usize];
        let Answer::Accepted { charged, .. } = answer else {
            of_day.refused += 1;
            return;
        };
        of_day.events += 1;
        of_day.units += event.quantity.micro() / chargly_ledger::Quantity::ONE.micro();
        of_day.credits_micro += charged.micro();
        of_day.cost_nano += event.cost_nano;
        of_day.untold += u64::from(event.told == Told::Nothing);
        self.events_of[event.customer as usize] += 1;
        self.credits_of[event.customer as usize] += charged.micro();
    }

    pub(crate) fn granted(&mut self, grant: &MarketGrant) {
        match grant.price_nano {
            Some(nano) => {
                self.purchases += 1;
                self.credits_sold += grant.credits;
                self.cash_nano += nano;
                self.paid_of[grant.customer as usize] += nano;
            }
            None => self.credits_given += grant.credits,
        }
    }

    /// A type's days together, from one until before another.
    pub fn span(&self, event: usize, days: std::ops::Range<u32>) -> DayTally {
        let mut sum = DayTally::default();
        let all = &self.days[event];
        let clamped = |day: u32| (day as usize).min(all.len());
        all[clamped(days.start)..clamped(days.end)].iter().for_each(|day| sum.add(day));
        sum
    }

    /// All types and days together.
    pub fn total(&self) -> DayTally {
        let mut sum = DayTally::default();
        self.days.iter().flatten().for_each(|day| sum.add(day));
        sum
    }

    /// Which part of the charged events the customers with the most of them made, of one in `of` of all customers:
    /// in basis points.
    pub fn top_share_bp(&self, of: usize) -> u64 {
        let mut events = self.events_of.clone();
        events.sort_unstable_by(|a, b| b.cmp(a));
        let top: u64 = events.iter().take(events.len().div_ceil(of.max(1))).sum();
        (top * 10_000).checked_div(events.iter().sum()).unwrap_or(0)
    }
}
