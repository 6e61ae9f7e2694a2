//! What clients want: requests drawn like the testkit's random scripts, so that both get into the same corners.

use chargly_testkit::model::{Grid, Measure, Micro, Ms, Place, Request, Rounding, Rule};
use chargly_testkit::script::{Command, EVENT_TYPES, commands_without_sales};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::auditor::Auditor;
use crate::dice::Dice;

/// Commands drawn at a time. Each block leaves out its own selection of actions.
const BLOCK: usize = 64;

/// An endless script.
pub(crate) struct Workload {
    runner: TestRunner,
    /// Drawn, to be taken from the end.
    block: Vec<Command>,
}

impl Workload {
    pub(crate) fn new(dice: &mut Dice) -> Self {
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &dice.seed());
        Self { runner: TestRunner::new_with_rng(Config::default(), rng), block: Vec::new() }
    }

    pub(crate) fn next(&mut self) -> Command {
        loop {
            match self.block.pop() {
                // The auditor finds accounts by their customers; erasing has its own tests in the engine.
                Some(Command::Ask(Request::EraseCustomer { .. })) => continue,
                Some(command) => return command,
                None => {}
            }
            // What a provider says of orders is rejected by where the order stands, which clients here cannot foresee.
            let drawn = commands_without_sales(BLOCK..BLOCK + 1).new_tree(&mut self.runner);
            self.block = drawn.expect("commands are drawn without filters").current();
        }
    }

    /// The next request of any kind, with its picks resolved; what cannot be asked yet is passed over.
    pub(crate) fn next_request(&mut self, books: &Auditor) -> Request {
        loop {
            if let Command::Ask(request) = self.next()
                && let Some(request) = resolve(request, books)
            {
                return request;
            }
        }
    }

    /// The next event to meter.
    pub(crate) fn next_meter(&mut self) -> Request {
        loop {
            if let Command::Ask(request @ Request::Meter { .. }) = self.next() {
                return request;
            }
        }
    }
}

/// The event types and prices that every run begins with: small prices, so that rounding matters.
pub(crate) fn catalogue() -> Vec<Request> {
    let define = |name: &str| Request::DefineEventType {
        name: name.to_owned(),
        caller_set: name == "tool",
        archived: false,
        first_price: (name == "chat").then_some(3),
    };
    let publish = |event_type: &str, measure, minimum: Option<Micro>, rounding| Request::PublishPrice {
        event_type: event_type.to_owned(),
        rule: Rule::PerUnit { base: 1, credits: 2, measure, minimum, maximum: None },
        grid: Grid::MicroCredit,
        rounding,
        effective_at: None,
        replaces: None,
    };
    let mut requests: Vec<Request> = EVENT_TYPES.iter().map(|name| define(name)).collect();
    requests.push(publish("image", Measure::Quantity, Some(2), Rounding::HalfUp));
    requests.push(publish("tokens", Measure::Property("n".to_owned()), None, Rounding::HalfEven));
    requests
}

/// Puts places for picks and times for offsets; `None` where there is nothing to pick from.
pub(crate) fn resolve(mut request: Request, books: &Auditor) -> Option<Request> {
    let now: Ms = books.now();
    match &mut request {
        Request::IncreaseHold { hold, .. }
        | Request::ExtendHold { hold, .. }
        | Request::CaptureHold { hold, .. }
        | Request::VoidHold { hold } => *hold = newest(&books.holds, *hold)?,
        Request::Reverse { event, .. }
        | Request::Recharge { event, .. }
        | Request::Collect { event, .. }
        | Request::SetCost { event, .. } => {
            *event = newest(&books.events, *event)?;
        }
        Request::VoidGrant { customer, lot } => *lot = 1 + *lot % books.lots_of(customer)?,
        Request::Grant { effective_at, expires_at, .. } => {
            *effective_at = effective_at.map(|offset| now + offset);
            *expires_at = expires_at.map(|offset| now + offset);
        }
        Request::PublishPrice { effective_at, .. } => *effective_at = effective_at.map(|offset| now + offset),
        _ => {}
    }
    Some(request)
}

/// The `pick`-th newest, round and round.
fn newest(places: &[Place], pick: u64) -> Option<Place> {
    let from_end = usize::try_from(pick).ok()?.checked_rem(places.len())?;
    places.iter().rev().nth(from_end).copied()
}
