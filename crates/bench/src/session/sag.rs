//! Batches on end: whether the server becomes slower as its history grows.

use std::num::NonZeroU32;

use anyhow::Result;

use super::Session;
use super::loads::{rate, ratio};
use crate::report::{Measure, readable};

const EVENTS: u64 = 20_000_000;
const EVENTS_QUICK: u64 = 100_000;
const CONNECTIONS: u32 = 8;
const EVENTS_PER_CALL: NonZeroU32 = NonZeroU32::new(8_000).expect("not 0");

/// Equal parts, whose rates are compared.
const PARTS: u64 = 5;

impl Session<'_> {
    /// One run only: a second one would begin with a longer history.
    pub(super) async fn sag(&mut self) -> Result<()> {
        let events = if self.plan.quick { EVENTS_QUICK } else { EVENTS };
        let batch = readable(u64::from(EVENTS_PER_CALL.get()));
        let case =
            format!("{} events on end, batches of {batch}, {CONNECTIONS} connections", readable(events));
        let shape = self.spread(CONNECTIONS, EVENTS_PER_CALL);
        let mut load = self.start(shape).await?;
        load.go_on_for(self.warm_up()).await?;
        load.cut()?;
        let mut rates = Vec::new();
        for part in 1..=PARTS {
            self.say(&format!("{case}: part {part} of {PARTS}"));
            load.go_on_until(events / PARTS).await?;
            rates.push(rate(&load.cut()?));
        }
        self.enter(shape.customers, load.stop().await?);
        let last_to_first = rates.last().zip(rates.first()).map(|(last, first)| ratio(*last, *first));
        self.report.add(&case, Measure::EventsPerSecond, rates);
        self.report.add(&case, Measure::RatioLastToFirst, last_to_first.into_iter().collect());
        Ok(())
    }
}
