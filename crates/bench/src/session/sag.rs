//! Batches on end: whether the server becomes slower as its history grows, and what an event takes on disk.

use std::time::Duration;

use anyhow::Result;
use rand::Rng as _;

use super::Session;
use super::loads::{EIGHT_THOUSAND, spread};
use crate::figures::{per_second, rate, ratio};
use crate::report::{Measure, readable};
use crate::resources::{report_disk, report_memory};

const EVENTS: u64 = 20_000_000;
const EVENTS_QUICK: u64 = 100_000;
const CONNECTIONS: u32 = 8;

/// Equal parts, whose rates are compared.
const PARTS: u64 = 5;

impl Session<'_> {
    /// One run only, on a project of its own: a second one would begin with a longer history.
    pub(super) async fn sag(&mut self) -> Result<()> {
        let events = self.events(EVENTS, EVENTS_QUICK);
        let mut on = self.begin(self.plan.customers).await?;
        let shape = spread(&on, CONNECTIONS, EIGHT_THOUSAND);
        let batch = readable(u64::from(EIGHT_THOUSAND.get()));
        let case = format!("{} events on end, batches of {batch} over {CONNECTIONS}", readable(events));
        let mut load = on.start(shape, self.seeds.random()).await?;
        load.go_on_for(self.warm_up()).await?;
        load.cut()?;
        let (mut rates, mut counted, mut elapsed) = (Vec::new(), 0, Duration::ZERO);
        for part in 1..=PARTS {
            self.say(&format!("{case}: part {part} of {PARTS}"));
            load.go_on_until(events / PARTS).await?;
            let window = load.cut()?;
            rates.push(rate(&window));
            counted += window.events;
            elapsed += window.elapsed;
        }
        on.enter(shape.customers, load.stop().await?);
        let last_to_first = rates.last().zip(rates.first()).map(|(last, first)| ratio(*last, *first));
        self.report.add(&case, Measure::EventsPerSecond, vec![per_second(counted, elapsed)]);
        self.report.add(&case, Measure::EventsPerSecondOfFifths, rates);
        self.report.add(&case, Measure::RatioLastToFirst, last_to_first.into_iter().collect());
        self.check_books("sag", &mut on).await?;
        report_memory(&on, &format!("memory, after {} events", readable(on.accepted)), &mut self.report)?;
        report_disk(&on, "disk, batches on end", &mut self.report).await
    }
}
