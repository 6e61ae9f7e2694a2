//! Playing plans in memory.

use std::convert::Infallible;

use chargly_ledger::{Credits, Millis, Quantity};
use chargly_market::{
    Answer, LedgerShop, MarketEvent, MarketGrant, MarketPlan, Played, Preset, Shop, play, preset,
};

/// Plays a plan against the ledger.
pub(crate) fn played(plan: &MarketPlan) -> Played {
    play(plan, &mut LedgerShop::new(|_, _, _, _| {})).expect("the plan can be played")
}

/// Plays a plan against a balance for each customer: where the ledger is not the question and events are many.
pub(crate) fn played_on_paper(plan: &MarketPlan) -> Played {
    play(plan, &mut Paper::default()).expect("the plan can be played")
}

/// A preset with fewer customers and events, each customer making as many as before.
pub(crate) fn smaller(name: Preset) -> MarketPlan {
    let mut plan = preset(name);
    let all = plan.customers;
    plan.customers = all.min(70);
    plan.scale_to(plan.expected_events() * u64::from(plan.customers) / u64::from(all));
    plan
}

/// Balances and prices, nothing else: no lot expires.
#[derive(Default)]
struct Paper {
    prices: Vec<Credits>,
    balances: Vec<Credits>,
}

impl Shop for Paper {
    type Error = Infallible;

    fn open(&mut self, plan: &MarketPlan) -> Result<(), Infallible> {
        self.prices = plan.events.iter().map(|event| event.credits).collect();
        self.balances = vec![Credits::ZERO; plan.customers as usize];
        Ok(())
    }

    fn it_is(&mut self, _at: Millis) -> Result<(), Infallible> {
        Ok(())
    }

    fn publish_price(
        &mut self,
        _plan: &MarketPlan,
        event: usize,
        credits: Credits,
    ) -> Result<(), Infallible> {
        self.prices[event] = credits;
        Ok(())
    }

    fn publish_rates(&mut self, _plan: &MarketPlan, _event: usize, _factor: f64) -> Result<(), Infallible> {
        Ok(())
    }

    fn grant(&mut self, grants: &[MarketGrant]) -> Result<(), Infallible> {
        grants.iter().for_each(|grant| self.balances[grant.customer as usize] += grant.credits);
        Ok(())
    }

    fn meter(
        &mut self,
        _plan: &MarketPlan,
        events: &[MarketEvent],
        answers: &mut Vec<Answer>,
    ) -> Result<(), Infallible> {
        for event in events {
            let units = event.quantity.micro() / Quantity::ONE.micro();
            let charged = Credits::from_micro(self.prices[usize::from(event.event)].micro() * units);
            let balance = &mut self.balances[event.customer as usize];
            if *balance < charged {
                answers.push(Answer::Refused);
                continue;
            }
            *balance -= charged;
            answers.push(Answer::Accepted { available: *balance, charged });
        }
        Ok(())
    }
}

/// What a unit of a type cost over some days, in nano-dollars.
pub(crate) fn unit_cost(played: &Played, event: usize, days: std::ops::Range<u32>) -> i64 {
    let span = played.tally.span(event, days);
    span.cost_nano / span.units.max(1)
}

/// How far something is from what it should be, in thousandths of that.
pub(crate) fn off_by_mille(found: i64, expected: i64) -> i64 {
    (found - expected).abs() * 1_000 / expected
}
