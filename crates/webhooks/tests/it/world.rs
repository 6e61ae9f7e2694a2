//! An environment with its webhooks, on a clock that the test moves.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chargly_engine::ledger::{
    Credits, EventTypeRequest, GrantKind, GrantRequest, IfInsufficient, KeyNo, Millis, Quantity,
};
use chargly_engine::{
    Clock, Entropy, Environment, ManualClock, MeterEvent, OpenOptions, Outcome, SystemEntropy, create,
};
use chargly_webhooks::ops::{
    Debits, DeliveryFilter, DeliveryState, Endpoint, LoggedDelivery, NewEndpoint, Ops, Vault,
};
use chargly_webhooks::{Options, StartError, Webhooks};

use crate::receiver::Receiver;

/// 2026-11-23T10:00:00Z, when every world begins.
pub(crate) const START_MS: i64 = 1_795_428_000_000;
/// How long a receiver may take where that is tried: long enough for one that answers on a busy machine.
const SHORT: Duration = Duration::from_secs(2);
/// How often something is looked for that will come.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// After how many looks it is given up: half a minute.
const LOOKS_MAX: usize = 6_000;

pub(crate) struct World {
    pub(crate) env: Arc<Environment>,
    pub(crate) hooks: Arc<Webhooks>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) dir: tempfile::TempDir,
}

impl World {
    /// With an event type at 10 credits, `image.generate`, and one whose credits the caller sets, `work.done`.
    pub(crate) async fn start() -> Self {
        Self::start_with(options()).await
    }

    /// As [`World::start`], with less patience for receivers.
    pub(crate) async fn impatient() -> Self {
        let mut options = options();
        options.timeout = SHORT;
        Self::start_with(options).await
    }

    async fn start_with(options: Options) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let clock = Arc::new(ManualClock::at(START_MS));
        create(dir.path(), "test", [1; 32], open_options(&clock)).expect("a new environment");
        let env = open(dir.path(), &clock);
        env.define_event_type(KeyNo::SYSTEM, event_type("image.generate", 10)).await.expect("defined");
        let chosen =
            EventTypeRequest { caller_set_credits: true, first_price: None, ..event_type("work.done", 0) };
        env.define_event_type(KeyNo::SYSTEM, chosen).await.expect("defined");
        let hooks = start(&env, options).expect("started");
        Self { env, hooks, clock, dir }
    }

    /// Ends both and starts them again, with the clock where it is.
    pub(crate) async fn restart(mut self) -> Self {
        self.hooks.close().await;
        self.env.close();
        self.env = open(self.dir.path(), &self.clock);
        self.hooks = start(&self.env, options()).expect("started");
        self
    }

    /// An endpoint at a receiver.
    pub(crate) async fn endpoint(&self, receiver: &Receiver, types: &[&str]) -> Endpoint {
        self.hooks.create(asked(&receiver.url, types, Debits::Each)).await.expect("made").0
    }

    /// An endpoint that wants sums.
    pub(crate) async fn summing_endpoint(&self, receiver: &Receiver, types: &[&str]) -> Endpoint {
        self.hooks.create(asked(&receiver.url, types, Debits::PerSecond)).await.expect("made").0
    }

    pub(crate) async fn grant(&self, customer: &str, whole: i64) -> Outcome {
        let request = GrantRequest { ..lot(whole) };
        self.env.grant(KeyNo::SYSTEM, customer.into(), request, None, None).await.expect("granted")
    }

    pub(crate) async fn grant_until(&self, customer: &str, whole: i64, expires_at: i64) -> Outcome {
        let request = GrantRequest { expires_at: Some(Millis(expires_at)), ..lot(whole) };
        self.env.grant(KeyNo::SYSTEM, customer.into(), request, None, None).await.expect("granted")
    }

    /// Meters an event of 10 credits.
    pub(crate) async fn meter(&self, customer: &str) -> Outcome {
        self.env.meter_one(KeyNo::SYSTEM, event(customer)).await.expect("metered")
    }

    /// Meters one event of so many credits.
    pub(crate) async fn meter_credits(&self, customer: &str, whole: i64) -> Outcome {
        let event =
            MeterEvent { event: "work.done".into(), credits: Credits::whole(whole), ..event(customer) };
        self.env.meter_one(KeyNo::SYSTEM, event).await.expect("metered")
    }

    /// Time passes.
    pub(crate) fn advance(&self, ms: i64) {
        self.clock.advance(ms);
    }

    /// What time it is.
    pub(crate) fn clock_ms(&self) -> i64 {
        self.clock.wall_ms()
    }

    /// An endpoint as it is now.
    pub(crate) fn again(&self, endpoint: &Endpoint) -> Endpoint {
        self.hooks.endpoint(&endpoint.id).expect("it is there")
    }

    /// The log of an endpoint, the oldest first.
    pub(crate) async fn log(&self, endpoint: &Endpoint) -> Vec<LoggedDelivery> {
        let mut log = self.hooks.deliveries(endpoint, DeliveryFilter::default(), 1_000).await.expect("a log");
        log.reverse();
        log
    }

    /// Waits until the log of an endpoint is as wanted.
    pub(crate) async fn wait_for(
        &self,
        endpoint: &Endpoint,
        is_it: impl Fn(&[LoggedDelivery]) -> bool,
    ) -> Vec<LoggedDelivery> {
        for _ in 0..LOOKS_MAX {
            let log = self.log(endpoint).await;
            if is_it(&log) {
                return log;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        panic!("it never comes: {:#?}", self.log(endpoint).await);
    }

    /// Waits until an endpoint was tried so often, all its deliveries together.
    pub(crate) async fn wait_for_attempts(&self, endpoint: &Endpoint, count: usize) -> Vec<LoggedDelivery> {
        self.wait_for(endpoint, |log| log.iter().map(|one| one.attempts.len()).sum::<usize>() >= count).await
    }

    /// Waits until an endpoint is disabled, and says why.
    pub(crate) async fn wait_until_disabled(&self, endpoint: &Endpoint) -> String {
        for _ in 0..LOOKS_MAX {
            if let Some(why) = self.again(endpoint).disabled {
                return why;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        panic!("it is never disabled");
    }

    /// Waits until everything that is committed was turned into messages.
    pub(crate) async fn caught_up(&self) {
        let head = self.env.tail().committed().next.0;
        while self.hooks.ops().cursor().expect("a cursor").next < head {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Gives what should not happen the time to happen.
    pub(crate) async fn let_things_happen(&self) {
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.env.close();
    }
}

/// How many of a log stand there.
pub(crate) fn count(log: &[LoggedDelivery], state: DeliveryState) -> usize {
    log.iter().filter(|one| one.state == state).count()
}

pub(crate) fn asked(url: &str, types: &[&str], debits: Debits) -> NewEndpoint {
    let types = types.iter().map(|name| (*name).to_owned()).collect();
    NewEndpoint { url: url.to_owned(), description: String::new(), types, debits }
}

/// Options for receivers on this machine.
pub(crate) fn options() -> Options {
    let mut options = Options::new(Box::new(SystemEntropy) as Box<dyn Entropy>);
    options.allow_private = true;
    options.look_every = Duration::from_millis(10);
    options
}

pub(crate) fn start(env: &Arc<Environment>, options: Options) -> Result<Arc<Webhooks>, StartError> {
    let vault = Vault::new(Box::new(|_| Ok([9; 32])));
    let ops = Ops::open(env.dir(), Arc::new(vault)).expect("ops.db");
    Webhooks::start(Arc::clone(env), Arc::new(ops), options)
}

pub(crate) fn open(dir: &Path, clock: &Arc<ManualClock>) -> Arc<Environment> {
    Environment::open(dir, open_options(clock)).expect("an environment")
}

fn open_options(clock: &Arc<ManualClock>) -> OpenOptions {
    OpenOptions::new(Arc::clone(clock) as Arc<dyn Clock>, "0.0.0")
}

pub(crate) fn event(customer: &str) -> MeterEvent {
    MeterEvent {
        customer: customer.into(),
        event: "image.generate".into(),
        quantity: Quantity::ONE,
        credits: None,
        cost: None,
        usage: None,
        occurred_at: None,
        if_insufficient: IfInsufficient::Refuse,
        properties: None,
        key: None,
    }
}

pub(crate) fn event_type(name: &str, price: i64) -> EventTypeRequest {
    EventTypeRequest {
        name: name.into(),
        label: name.into(),
        description: "".into(),
        caller_set_credits: false,
        dimensions: Vec::new(),
        archived: false,
        estimated_cost_nano: None,
        first_price: Credits::whole(price),
    }
}

fn lot(whole: i64) -> GrantRequest {
    GrantRequest {
        credits: Credits::whole(whole).expect("in range"),
        kind: GrantKind::Promotional,
        price: None,
        priority: 0,
        effective_at: None,
        expires_at: None,
        scope: Vec::new(),
    }
}
