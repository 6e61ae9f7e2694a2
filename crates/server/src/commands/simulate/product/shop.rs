//! A market's shop that is an environment of a data directory: the calls that a server makes, at simulated times.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use chargly_engine::ledger::{Credits, EventTypeNo, Fact, KeyNo, Millis, WalletEvent, WalletFact};
use chargly_engine::{Clock as _, Environment, ManualClock, MeterEvent, Properties};
use chargly_market::{Answer, MarketEvent, MarketGrant, MarketPlan, Shop, answer, customer_id, requests};
use compact_str::CompactString;
use futures_util::future::join_all;
use indicatif::ProgressBar;
use tokio::runtime::Handle;

/// An environment that lives at simulated times.
pub(super) struct EnvironmentShop<'a> {
    environment: &'a Environment,
    clock: Arc<ManualClock>,
    runtime: Handle,
    bar: &'a ProgressBar,
    numbers: Vec<EventTypeNo>,
    customers: Vec<CompactString>,
    /// Each type's levels as properties, made once.
    levels: Vec<Vec<Properties>>,
}

impl<'a> EnvironmentShop<'a> {
    /// A shop whose time is the clock's, which the environment was opened with.
    pub(super) fn new(environment: &'a Environment, clock: Arc<ManualClock>, bar: &'a ProgressBar) -> Self {
        let runtime = Handle::current();
        Self {
            environment,
            clock,
            runtime,
            bar,
            numbers: Vec::new(),
            customers: Vec::new(),
            levels: Vec::new(),
        }
    }

    fn properties(&self, event: &MarketEvent) -> Option<Properties> {
        let level = usize::from(event.level?);
        self.levels.get(usize::from(event.event))?.get(level).cloned()
    }
}

impl Shop for EnvironmentShop<'_> {
    type Error = anyhow::Error;

    fn open(&mut self, plan: &MarketPlan) -> Result<()> {
        self.customers = (0..plan.customers).map(customer_id).collect();
        let changed = self.environment.change_settings(KeyNo::SYSTEM, requests::settings(plan), None);
        self.runtime.block_on(changed).context("changing the settings")?;
        for (index, event) in plan.events.iter().enumerate() {
            let doing = || format!("defining the event type {}", event.name);
            let defined =
                self.environment.define_event_type(KeyNo::SYSTEM, requests::event_type(plan, index));
            self.runtime.block_on(defined).with_context(doing)?;
            let number = self.environment.catalogue().event_type(&event.name).with_context(doing)?.number;
            self.numbers.push(number);
            self.publish_price(plan, index, event.credits)?;
            self.publish_rates(plan, index, 1.0)?;
            self.levels.push(event.levels.iter().map(|level| properties_of(&level.name)).collect());
        }
        for pack in requests::packs(plan) {
            let doing = format!("publishing the pack {}", pack.code);
            let published = self.environment.publish_pack(KeyNo::SYSTEM, pack, None);
            self.runtime.block_on(published).context(doing)?;
        }
        Ok(())
    }

    fn it_is(&mut self, at: Millis) -> Result<()> {
        self.clock.advance((at.0 - self.clock.wall_ms()).max(0));
        Ok(())
    }

    fn day_begins(&mut self, day: u32) -> Result<()> {
        self.bar.set_position(day.into());
        Ok(())
    }

    fn publish_price(&mut self, plan: &MarketPlan, event: usize, credits: Credits) -> Result<()> {
        let request = requests::price(plan, event, self.numbers[event], credits);
        let published = self.environment.publish_price(KeyNo::SYSTEM, request, None);
        self.runtime.block_on(published).with_context(|| format!("pricing {}", plan.events[event].name))?;
        Ok(())
    }

    fn publish_rates(&mut self, plan: &MarketPlan, event: usize, factor: f64) -> Result<()> {
        let Some(card) = requests::rate_card(&plan.events[event], factor) else { return Ok(()) };
        let published = self.environment.publish_rate_card(KeyNo::SYSTEM, card);
        self.runtime.block_on(published).context("publishing a rate card")?;
        Ok(())
    }

    fn grant(&mut self, grants: &[MarketGrant]) -> Result<()> {
        // All at once, so that they share a flush; they stand in line in this order.
        let asked = grants.iter().map(|grant| {
            let customer = self.customers[grant.customer as usize].clone();
            self.environment.grant(KeyNo::SYSTEM, customer, requests::grant(grant), None, None)
        });
        for outcome in self.runtime.block_on(join_all(asked)) {
            let fact = outcome.context("granting credits")?.fact;
            if !matches!(&*fact, Fact::Wallet(WalletFact { event: WalletEvent::Granted { .. }, .. })) {
                bail!("granting credits: it was refused");
            }
        }
        Ok(())
    }

    fn meter(&mut self, plan: &MarketPlan, events: &[MarketEvent], answers: &mut Vec<Answer>) -> Result<()> {
        let metered = |event: &MarketEvent| MeterEvent {
            customer: self.customers[event.customer as usize].clone(),
            event: plan.events[usize::from(event.event)].name.clone(),
            quantity: event.quantity,
            credits: None,
            cost: requests::cost(event),
            usage: requests::usage(plan, event),
            occurred_at: Some(event.at),
            if_insufficient: chargly_engine::ledger::IfInsufficient::Refuse,
            properties: self.properties(event),
            key: None,
        };
        let batch = events.iter().map(metered).collect();
        for outcome in self.runtime.block_on(self.environment.meter(KeyNo::SYSTEM, batch)) {
            let fact = outcome.context("metering events")?.fact;
            answers
                .push(answer(&fact).context("an event came to something else than a charge or a refusal")?);
        }
        Ok(())
    }
}

fn properties_of(level: &str) -> Properties {
    Properties {
        canonical: serde_json::json!({ requests::LEVEL_DIMENSION: level }).to_string().into(),
        inputs: chargly_engine::ledger::PriceInputs::new(),
        dimensions: vec![requests::dimension(level)],
    }
}
