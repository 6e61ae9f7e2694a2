//! Playing a plan: day by day, hour by hour, each customer going by what the shop answers.
//!
//! Within an hour nobody learns anything: the hour's events are metered together, and who was refused, or has little
//! left, acts at the beginning of the next one. So the order is the same whether a shop answers one event at a time or
//! thousands.
#![expect(clippy::float_arithmetic, reason = "random decisions; amounts are integers")]

use chargly_ledger::{Credits, Millis};
use rand_chacha::ChaCha8Rng;
use thiserror::Error;

use crate::check::PlanError;
use crate::demand::{DAY_MS, Demand, HOUR_MS};
use crate::draw::{chance, stream, unit};
use crate::plan::{Happening, MarketPlan};
use crate::population::{self, Customer, Habit};
use crate::shop::{Answer, MarketEvent, MarketGrant, Shop};
use crate::standing::{Standing, apply, day_of, mean_quantity};
use crate::tally::Tally;
use crate::truth::Truth;

const DECISION_STREAM: u64 = 3;
const HOURS_A_DAY: i64 = 24;

/// What was played.
#[derive(Clone, Debug)]
pub struct Played {
    /// What is true of it.
    pub truth: Truth,
    /// What came of it.
    pub tally: Tally,
}

/// Why a market could not be played to its end.
#[derive(Debug, Error)]
pub enum MarketError<E> {
    /// The plan cannot be simulated.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The shop could not go on.
    #[error("the shop cannot go on")]
    Shop(#[source] E),
}

/// Plays a plan against a shop.
///
/// # Errors
/// [`MarketError`].
pub fn play<S: Shop>(plan: &MarketPlan, shop: &mut S) -> Result<Played, MarketError<S::Error>> {
    plan.check()?;
    let mut market = Market::new(plan);
    market.play(shop).map_err(MarketError::Shop)?;
    let truth = Truth::of(plan, &market.customers, &market.tally);
    Ok(Played { truth, tally: market.tally })
}

/// What a customer is about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    /// It has not arrived.
    Absent,
    /// It uses the product.
    Active,
    /// It buys at the beginning of the next hour.
    Buying,
    /// It does nothing until a day.
    Waiting(u32),
    /// It has left for good.
    Gone,
}

struct Market<'a> {
    plan: &'a MarketPlan,
    customers: Vec<Customer>,
    moods: Vec<Mood>,
    buying: Vec<u32>,
    standing: Vec<Standing>,
    /// Credits that an average day of all customers takes.
    burn: f64,
    decide: ChaCha8Rng,
    tally: Tally,
    answers: Vec<Answer>,
}

impl<'a> Market<'a> {
    fn new(plan: &'a MarketPlan) -> Self {
        let customers = population::draw(plan);
        let mut standing = Standing::first(plan);
        plan.happenings
            .iter()
            .filter(|what| is_of_all_days(what))
            .for_each(|what| apply(&mut standing, what));
        Self {
            plan,
            moods: vec![Mood::Absent; customers.len()],
            buying: Vec::new(),
            burn: burn(plan, &standing),
            standing,
            decide: stream(plan.seed, DECISION_STREAM),
            tally: Tally::new(plan),
            answers: Vec::new(),
            customers,
        }
    }

    fn play<S: Shop>(&mut self, shop: &mut S) -> Result<(), S::Error> {
        let plan = self.plan;
        shop.it_is(plan.start)?;
        shop.open(plan)?;
        let mut demand = Demand::new(plan);
        for day in 0..plan.days {
            shop.day_begins(day)?;
            self.happen(day, shop)?;
            self.morning(day, shop)?;
            let today = demand.day(plan, day, &self.standing);
            let is_there = |customer: usize| matches!(self.moods[customer], Mood::Active | Mood::Buying);
            let events = demand.events(plan, &today, &self.standing, &self.customers, is_there);
            self.hours(day, &events, shop)?;
        }
        Ok(())
    }

    /// What the plan has for a day.
    fn happen<S: Shop>(&mut self, day: u32, shop: &mut S) -> Result<(), S::Error> {
        let plan = self.plan;
        for happening in plan.happenings.iter().filter(|what| !is_of_all_days(what) && day_of(what) == day) {
            shop.it_is(self.hour(day, 0))?;
            apply(&mut self.standing, happening);
            match *happening {
                Happening::PriceChange { event, credits, .. } => shop.publish_price(plan, event, credits)?,
                Happening::CostDrift { event, .. } if plan.events[event].has_rate_card() => {
                    shop.publish_rates(plan, event, self.standing[event].factor)?;
                }
                _ => {}
            }
        }
        self.burn = burn(plan, &self.standing);
        Ok(())
    }

    /// Who arrives, who comes back, and what is given away.
    fn morning<S: Shop>(&mut self, day: u32, shop: &mut S) -> Result<(), S::Error> {
        let at = self.hour(day, 0);
        let mut gifts = Vec::new();
        for index in 0..self.customers.len() {
            let customer = &self.customers[index];
            let since = day.checked_sub(customer.arrives);
            let gift = self.plan.promo.filter(|promo| match since {
                Some(0) => true,
                Some(days) => promo.every_days.is_some_and(|every| days % every.max(1) == 0),
                None => false,
            });
            let is_gone = self.moods[index] == Mood::Gone;
            if let Some(promo) = gift.filter(|_| !is_gone) {
                gifts.push(MarketGrant {
                    customer: as_u32(index),
                    credits: promo.credits,
                    price_nano: None,
                    expires_at: promo.valid_days.map(|days| at.plus(i64::from(days) * DAY_MS)),
                });
            }
            match self.moods[index] {
                // Who comes later tries what is given away first.
                Mood::Absent if since == Some(0) && (gift.is_none() || day == 0) => {
                    self.come(index);
                }
                Mood::Absent if since == Some(0) => self.moods[index] = Mood::Active,
                Mood::Waiting(_) if gift.is_some() => self.moods[index] = Mood::Active,
                Mood::Waiting(until) if until <= day => self.run_out(index, day),
                _ => {}
            }
        }
        if !gifts.is_empty() {
            shop.it_is(at)?;
            gifts.iter().for_each(|gift| self.tally.granted(gift));
            shop.grant(&gifts)?;
        }
        Ok(())
    }

    /// Arrives with an empty wallet.
    fn come(&mut self, index: usize) {
        self.moods[index] = Mood::Active;
        if self.customers[index].habit != Habit::NeverBuys {
            self.buy(index);
        }
    }

    fn hours<S: Shop>(&mut self, day: u32, events: &[MarketEvent], shop: &mut S) -> Result<(), S::Error> {
        let mut rest = events;
        for hour in 0..HOURS_A_DAY {
            self.purchases(self.hour(day, hour), shop)?;
            let end = self.hour(day, hour + 1);
            let (now, later) = rest.split_at(rest.partition_point(|event| event.at < end));
            rest = later;
            let tried: Vec<MarketEvent> = now
                .iter()
                .filter(|event| self.moods[event.customer as usize] == Mood::Active)
                .copied()
                .collect();
            if tried.is_empty() {
                continue;
            }
            shop.it_is(end.plus(-1))?;
            let mut answers = std::mem::take(&mut self.answers);
            answers.clear();
            shop.meter(self.plan, &tried, &mut answers)?;
            debug_assert_eq!(answers.len(), tried.len(), "an answer for each event");
            for (event, answer) in tried.iter().zip(&answers) {
                self.tally.metered(day, event, *answer);
                self.react(event.customer as usize, day, *answer);
            }
            self.answers = answers;
        }
        Ok(())
    }

    /// Who decided to buy in the hour before, does.
    fn purchases<S: Shop>(&mut self, at: Millis, shop: &mut S) -> Result<(), S::Error> {
        if self.buying.is_empty() {
            return Ok(());
        }
        shop.it_is(at)?;
        let mut buying = std::mem::take(&mut self.buying);
        buying.sort_unstable();
        let bought: Vec<MarketGrant> = buying.into_iter().filter_map(|index| self.purchase(index)).collect();
        bought.iter().for_each(|grant| self.tally.granted(grant));
        shop.grant(&bought)
    }

    /// The smallest pack that lasts as long as the customer likes, or as many of the largest as do.
    #[expect(clippy::cast_possible_truncation, reason = "a number of packs, clamped")]
    fn purchase(&mut self, customer: u32) -> Option<MarketGrant> {
        self.moods[customer as usize] = Mood::Active;
        let needed = self.burn_of(customer as usize) * self.plan.habits.buys_for_days;
        let has = |pack: &&crate::plan::PackPlan| micro(pack.credits + pack.bonus) >= needed;
        let largest = self.plan.packs.last()?;
        let (pack, packs) = match self.plan.packs.iter().find(has) {
            Some(pack) => (pack, 1),
            None => {
                let packs = libm::ceil(needed / micro(largest.credits + largest.bonus));
                (largest, packs.clamp(1.0, 1e4) as i64)
            }
        };
        Some(MarketGrant {
            customer,
            credits: Credits::from_micro((pack.credits + pack.bonus).micro().saturating_mul(packs)),
            price_nano: Some(pack.price_nano.saturating_mul(packs)),
            expires_at: None,
        })
    }

    /// What a customer makes of an answer.
    fn react(&mut self, index: usize, day: u32, answer: Answer) {
        if self.moods[index] != Mood::Active {
            return;
        }
        match answer {
            Answer::Refused => {
                self.tally.run_outs += 1;
                self.run_out(index, day);
            }
            Answer::Accepted { available, .. } => {
                if self.customers[index].habit == Habit::BuysAhead && micro(available) < self.burn_of(index) {
                    self.buy(index);
                }
            }
        }
    }

    /// Without credits: buy, leave, or wait and decide again.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "days, not below 0")]
    fn run_out(&mut self, index: usize, day: u32) {
        let habits = &self.plan.habits;
        let buys = if self.customers[index].habit == Habit::NeverBuys { 0.0 } else { habits.buys };
        let (buys, leaves) = (chance(buys, &mut self.decide), chance(habits.leaves, &mut self.decide));
        let wait = libm::ceil(-habits.wait_days * libm::log(unit(&mut self.decide))).max(1.0) as u32;
        if buys {
            self.buy(index);
        } else if leaves {
            self.moods[index] = Mood::Gone;
            self.tally.left.push((day, as_u32(index)));
        } else {
            self.moods[index] = Mood::Waiting(day.saturating_add(wait));
        }
    }

    fn buy(&mut self, index: usize) {
        self.moods[index] = Mood::Buying;
        self.buying.push(as_u32(index));
    }

    /// Micro-credits that an average day of this customer takes.
    fn burn_of(&self, index: usize) -> f64 {
        self.customers[index].share * self.burn
    }

    fn hour(&self, day: u32, hour: i64) -> Millis {
        self.plan.start.plus(i64::from(day) * DAY_MS + hour * HOUR_MS)
    }
}

fn burn(plan: &MarketPlan, standing: &[Standing]) -> f64 {
    let of = |(event, now): (&crate::plan::EventPlan, &Standing)| {
        event.events_a_day * mean_quantity(event.quantity) * micro(now.credits)
    };
    plan.events.iter().zip(standing).map(of).sum()
}

/// What is so from the start, and so is not told to the shop.
fn is_of_all_days(happening: &Happening) -> bool {
    matches!(happening, Happening::CostsMissing { .. } | Happening::CostsEstimated { .. })
}

fn micro(credits: Credits) -> f64 {
    credits.micro() as f64
}

fn as_u32(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
