//! Random commands, run through the model and the real ledger side by side.
//!
//! A command names things by a pick, not by a place, so that any list of commands makes sense, and still does after
//! a failing one was cut down.
//!
//! Not owned here: seeds and numbers of cases, which the tests choose.

mod commands;
mod sales;
mod seen;
mod seen_of_sales;

pub use commands::{Command, Swarm, altered, commands, commands_without_sales};
pub use seen::{MILESTONES, MILESTONES_OF_BUDGETS, in_entry};
pub use seen_of_sales::MILESTONES as MILESTONES_OF_SALES;

use std::collections::BTreeSet;

use crate::ledger::DriverMark;
use crate::model::{Answer, Grid, Happening, Measure, Micro, Model, Ms, Place, Request, Rounding, Rule};
use crate::pair::Pair;

/// Customers of every script.
pub const CUSTOMERS: [&str; 3] = ["ada", "bob", "cleo"];
/// Event types of every script. The last has no price, and lets nobody set one.
pub const EVENT_TYPES: [&str; 5] = ["chat", "image", "tool", "tokens", "draft"];

/// A script being run.
pub struct Run {
    /// Both ledgers.
    pub pair: Pair,
    /// What has been seen so far, of [`MILESTONES`].
    pub seen: BTreeSet<&'static str>,
    holds: Vec<Place>,
    events: Vec<Place>,
    orders: Vec<Place>,
    /// What was asked under which key.
    asked: Vec<(String, Request)>,
    /// Holds that ran out.
    expired: BTreeSet<Place>,
}

/// A point of a run to come back to.
pub struct RunMark {
    model: Model,
    driver: DriverMark,
    now: Ms,
    /// Of holds, events, orders and what was asked.
    lengths: [usize; 4],
    expired: BTreeSet<Place>,
}

impl Run {
    /// A fresh pair with a catalogue: small prices, so that rounding matters.
    pub fn new() -> Self {
        let mut run = Self {
            pair: Pair::new(),
            seen: BTreeSet::new(),
            holds: Vec::new(),
            events: Vec::new(),
            orders: Vec::new(),
            asked: Vec::new(),
            expired: BTreeSet::new(),
        };
        for (name, caller_set, first_price) in [
            ("chat", false, Some(3)),
            ("image", false, None),
            ("tool", true, None),
            ("tokens", false, None),
            ("draft", false, None),
        ] {
            let name = name.to_owned();
            run.ask(None, &Request::DefineEventType { name, caller_set, archived: false, first_price });
        }
        let per_unit =
            |measure, minimum, maximum| Rule::PerUnit { base: 1, credits: 2, measure, minimum, maximum };
        run.publish("image", per_unit(Measure::Quantity, Some(2), Some(9)), Rounding::HalfUp);
        for pack in sales::packs() {
            run.ask(None, &pack);
        }
        run.publish("tokens", per_unit(Measure::Property("n".to_owned()), None, None), Rounding::HalfEven);
        run
    }

    fn publish(&mut self, event_type: &str, rule: Rule, rounding: Rounding) {
        let event_type = event_type.to_owned();
        let grid = Grid::MicroCredit;
        self.ask(
            None,
            &Request::PublishPrice { event_type, rule, grid, rounding, effective_at: None, replaces: None },
        );
    }

    /// Runs commands in order.
    ///
    /// # Panics
    /// Where the model and the ledger differ.
    pub fn play(&mut self, commands: &[Command]) {
        for command in commands {
            self.step(command);
        }
    }

    /// Runs one command.
    ///
    /// # Panics
    /// Where the model and the ledger differ.
    pub fn step(&mut self, command: &Command) {
        match command {
            Command::Wait(ms) => self.pair.now += ms,
            Command::Sweep(customer) => {
                let begun = self.pair.model.journal.len();
                self.pair.sweep(customer);
                self.note(begun);
            }
            Command::Ask(request) => {
                if let Some(request) = self.resolve(request) {
                    let key = format!("k{}", self.asked.len());
                    self.ask(Some(&key), &request);
                    self.asked.push((key, request));
                }
            }
            Command::Retry { pick, altered } => {
                let Some((key, request)) = picked(&self.asked, *pick) else { return };
                let request = if *altered { commands::altered(&request) } else { request };
                self.ask(Some(&key), &request);
            }
        }
    }

    /// Notes a point to come back to.
    pub fn mark(&mut self) -> RunMark {
        RunMark {
            model: self.pair.model.clone(),
            driver: self.pair.driver.mark(),
            now: self.pair.now,
            lengths: [self.holds.len(), self.events.len(), self.orders.len(), self.asked.len()],
            expired: self.expired.clone(),
        }
    }

    /// Goes back to a point, in both ledgers.
    pub fn rollback(&mut self, mark: &RunMark) {
        self.pair.model = mark.model.clone();
        self.pair.driver.rollback(mark.driver);
        self.pair.now = mark.now;
        self.holds.truncate(mark.lengths[0]);
        self.events.truncate(mark.lengths[1]);
        self.orders.truncate(mark.lengths[2]);
        self.asked.truncate(mark.lengths[3]);
        self.expired.clone_from(&mark.expired);
    }

    fn ask(&mut self, key: Option<&str>, request: &Request) {
        let begun = self.pair.model.journal.len();
        let key = key.filter(|_| request.can_have_key());
        let answer = self.pair.ask(key, request);
        self.seen.extend(seen::in_answer(&answer));
        if matches!(answer, Answer::Done(_)) {
            self.note(begun);
        }
    }

    fn note(&mut self, begun: usize) {
        for index in begun..self.pair.model.journal.len() {
            let (place, entry) = (index as Place, &self.pair.model.journal[index]);
            self.seen.extend(seen::in_entry(entry, &self.expired));
            self.seen.extend(seen_of_sales::in_entry(entry));
            match &entry.what {
                Happening::HoldPlaced { .. } => self.holds.push(place),
                Happening::OrderPlaced { .. } => self.orders.push(place),
                Happening::Metered { .. } | Happening::HoldCaptured { .. } => self.events.push(place),
                Happening::HoldExpired { hold, .. } => {
                    self.expired.insert(*hold);
                }
                _ => {}
            }
        }
    }

    /// Puts places for picks and times for offsets; `None` where there is nothing to pick from.
    fn resolve(&self, request: &Request) -> Option<Request> {
        let mut request = request.clone();
        let now = self.pair.now;
        match &mut request {
            Request::IncreaseHold { hold, .. }
            | Request::ExtendHold { hold, .. }
            | Request::CaptureHold { hold, .. }
            | Request::VoidHold { hold } => *hold = picked(&self.holds, *hold)?,
            Request::Reverse { event, .. }
            | Request::Recharge { event, .. }
            | Request::Collect { event, .. }
            | Request::SetCost { event, .. } => *event = picked(&self.events, *event)?,
            Request::OpenCheckout { order }
            | Request::SettleOrder { order, .. }
            | Request::RefundOrder { order, .. } => {
                *order = picked(&self.orders, *order)?;
                let known = self.pair.model.order(*order)?;
                sales::resolve(&mut request, &known);
            }
            Request::SetAllowance { starts_at, .. } => sales::later(starts_at, now),
            Request::VoidGrant { customer, lot } => {
                let wallet = self.pair.model.wallet(customer)?;
                let lots = u32::try_from(wallet.live.len() + wallet.closed.len()).ok().filter(|n| *n > 0)?;
                *lot = 1 + *lot % lots;
            }
            Request::Grant { effective_at, expires_at, .. } => {
                *effective_at = effective_at.map(|offset| now + offset);
                *expires_at = expires_at.map(|offset| now + offset);
            }
            Request::PublishPrice { effective_at, .. } => {
                *effective_at = effective_at.map(|offset: Ms| now + offset);
            }
            _ => {}
        }
        Some(request)
    }
}

impl Default for Run {
    fn default() -> Self {
        Self::new()
    }
}

/// The pick-th newest, round and round: what was made lately is picked most.
fn picked<T: Clone>(list: &[T], pick: u64) -> Option<T> {
    let len = list.len() as u64;
    let from_end = pick.checked_rem(len)?;
    list.get(usize::try_from(len - 1 - from_end).ok()?).cloned()
}

/// An amount near the largest one there is.
pub(crate) const HUGE: Micro = crate::model::CREDITS_MAX - 5;
