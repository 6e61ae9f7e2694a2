//! Single events, batches, and one hot wallet against many.

use std::num::NonZeroU32;

use anyhow::Result;

use super::Session;
use crate::figures::{Figures, rate, ratio};
use crate::load::Shape;
use crate::report::{Measure, readable};
use crate::request::Customers;
use crate::served::Served;

pub(super) const SINGLE: NonZeroU32 = NonZeroU32::MIN;
const HUNDRED: NonZeroU32 = NonZeroU32::new(100).expect("not 0");
pub(super) const THOUSAND: NonZeroU32 = NonZeroU32::new(1_000).expect("not 0");
pub(super) const EIGHT_THOUSAND: NonZeroU32 = NonZeroU32::new(8_000).expect("not 0");

const SINGLE_CONNECTIONS: &[u32] = &[1, 16, 64, 256];
const SINGLE_CONNECTIONS_QUICK: &[u32] = &[1, 64];
const BATCH_EVENTS: &[NonZeroU32] = &[HUNDRED, THOUSAND, EIGHT_THOUSAND];
const BATCH_EVENTS_QUICK: &[NonZeroU32] = &[THOUSAND];
const BATCH_CONNECTIONS: &[u32] = &[1, 4, 16];
const BATCH_CONNECTIONS_QUICK: &[u32] = &[4];

/// Loads that are sent to one wallet and to all: connections and events per call.
const HOT_LOADS: &[(u32, NonZeroU32)] = &[(64, SINGLE), (4, THOUSAND)];

impl Session<'_> {
    pub(super) async fn single_events(&mut self, on: &mut Served) -> Result<()> {
        let connections = if self.plan.quick { SINGLE_CONNECTIONS_QUICK } else { SINGLE_CONNECTIONS };
        for connections in connections {
            self.load_spread(on, *connections, SINGLE).await?;
        }
        Ok(())
    }

    pub(super) async fn batches(&mut self, on: &mut Served) -> Result<()> {
        let (events, connections) = if self.plan.quick {
            (BATCH_EVENTS_QUICK, BATCH_CONNECTIONS_QUICK)
        } else {
            (BATCH_EVENTS, BATCH_CONNECTIONS)
        };
        for events in events {
            for connections in connections {
                self.load_spread(on, *connections, *events).await?;
            }
        }
        Ok(())
    }

    /// Spread and hot in turn, so that both meet the same machine.
    pub(super) async fn hot_wallet(&mut self, on: &mut Served) -> Result<()> {
        for (connections, events) in HOT_LOADS {
            let spread_shape = spread(on, *connections, *events);
            let hot_shape = Shape { customers: Customers::Hot, ..spread_shape };
            let case = format!("one hot wallet, {}", name(spread_shape));
            let (mut figures, mut ratios) = (Figures::default(), Vec::new());
            for run in 1..=self.plan.runs {
                self.say(&format!("{case}: run {run} of {}", self.plan.runs));
                let on_all = self.measure(on, spread_shape).await?;
                let on_one = self.measure(on, hot_shape).await?;
                ratios.push(ratio(rate(&on_one), rate(&on_all)));
                figures.add(&on_one);
            }
            figures.report(&mut self.report, &case);
            self.report.add(&case, Measure::RatioHotToSpread, ratios);
        }
        Ok(())
    }

    async fn load_spread(&mut self, on: &mut Served, connections: u32, events: NonZeroU32) -> Result<()> {
        let shape = spread(on, connections, events);
        self.load(on, shape, &name(shape)).await
    }

    /// The yardstick and the server in turn, so that both meet the same machine.
    pub(super) async fn load(&mut self, on: &mut Served, shape: Shape, case: &str) -> Result<()> {
        let (mut figures, mut yardstick_rates, mut ratios) = (Figures::default(), Vec::new(), Vec::new());
        for run in 1..=self.plan.runs {
            self.say(&format!("{case}: run {run} of {}", self.plan.runs));
            let yardstick = self.measure_yardstick(shape).await?;
            let window = self.measure(on, shape).await?;
            figures.add(&window);
            if let Some(yardstick) = yardstick {
                yardstick_rates.push(rate(&yardstick));
                ratios.push(ratio(rate(&window), rate(&yardstick)));
            }
        }
        figures.report(&mut self.report, case);
        self.report.add(case, Measure::YardstickEventsPerSecond, yardstick_rates);
        self.report.add(case, Measure::RatioToYardstick, ratios);
        Ok(())
    }
}

/// So many connections with so many events per call, spread over all wallets.
pub(super) fn spread(on: &Served, connections: u32, events_per_call: NonZeroU32) -> Shape {
    Shape { connections, events_per_call, customers: Customers::Spread(on.wallets), before: None }
}

pub(super) fn name(Shape { connections, events_per_call, .. }: Shape) -> String {
    let over =
        if connections == 1 { "1 connection".to_owned() } else { format!("{connections} connections") };
    match events_per_call.get() {
        1 => format!("single events, {over}"),
        events => format!("batches of {}, {over}", readable(u64::from(events))),
    }
}
