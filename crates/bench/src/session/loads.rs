//! Single events, batches, and one hot wallet against many.
#![expect(clippy::float_arithmetic, reason = "rates and times are measured, not owed")]

use std::num::NonZeroU32;
use std::time::Duration;

use anyhow::Result;

use super::Session;
use crate::load::{Shape, Window};
use crate::report::{Measure, readable};
use crate::request::Customers;

const SINGLE: NonZeroU32 = NonZeroU32::MIN;
const HUNDRED: NonZeroU32 = NonZeroU32::new(100).expect("not 0");
const THOUSAND: NonZeroU32 = NonZeroU32::new(1_000).expect("not 0");
const EIGHT_THOUSAND: NonZeroU32 = NonZeroU32::new(8_000).expect("not 0");

const SINGLE_CONNECTIONS: &[u32] = &[1, 16, 64, 256];
const SINGLE_CONNECTIONS_QUICK: &[u32] = &[1, 64];
const BATCH_EVENTS: &[NonZeroU32] = &[HUNDRED, THOUSAND, EIGHT_THOUSAND];
const BATCH_EVENTS_QUICK: &[NonZeroU32] = &[THOUSAND];
const BATCH_CONNECTIONS: &[u32] = &[1, 4, 16];
const BATCH_CONNECTIONS_QUICK: &[u32] = &[4];

/// Loads that are sent to one wallet and to all: connections and events per call.
const HOT_LOADS: &[(u32, NonZeroU32)] = &[(64, SINGLE), (4, THOUSAND)];

impl Session<'_> {
    pub(super) async fn single_events(&mut self) -> Result<()> {
        let connections = if self.plan.quick { SINGLE_CONNECTIONS_QUICK } else { SINGLE_CONNECTIONS };
        for connections in connections {
            self.load(self.spread(*connections, SINGLE)).await?;
        }
        Ok(())
    }

    pub(super) async fn batches(&mut self) -> Result<()> {
        let (events, connections) = if self.plan.quick {
            (BATCH_EVENTS_QUICK, BATCH_CONNECTIONS_QUICK)
        } else {
            (BATCH_EVENTS, BATCH_CONNECTIONS)
        };
        for events in events {
            for connections in connections {
                self.load(self.spread(*connections, *events)).await?;
            }
        }
        Ok(())
    }

    /// Spread and hot in turn, so that both meet the same machine.
    pub(super) async fn hot_wallet(&mut self) -> Result<()> {
        for (connections, events) in HOT_LOADS {
            let spread_shape = self.spread(*connections, *events);
            let hot_shape = Shape { customers: Customers::Hot, ..spread_shape };
            let case = format!("one hot wallet, {}", name(spread_shape));
            let (mut figures, mut ratios) = (Figures::default(), Vec::new());
            for run in 1..=self.plan.runs {
                self.say(&format!("{case}: run {run} of {}", self.plan.runs));
                let spread = self.measure(spread_shape).await?;
                let hot = self.measure(hot_shape).await?;
                ratios.push(ratio(rate(&hot), rate(&spread)));
                figures.add(&hot);
            }
            figures.report(self, &case);
            self.report.add(&case, Measure::RatioHotToSpread, ratios);
        }
        Ok(())
    }

    async fn load(&mut self, shape: Shape) -> Result<()> {
        let case = name(shape);
        let (mut figures, mut yardstick_rates, mut ratios) = (Figures::default(), Vec::new(), Vec::new());
        for run in 1..=self.plan.runs {
            self.say(&format!("{case}: run {run} of {}", self.plan.runs));
            let yardstick = self.measure_yardstick(shape).await?;
            let window = self.measure(shape).await?;
            figures.add(&window);
            if let Some(yardstick) = yardstick {
                yardstick_rates.push(rate(&yardstick));
                ratios.push(ratio(rate(&window), rate(&yardstick)));
            }
        }
        figures.report(self, &case);
        self.report.add(&case, Measure::YardstickEventsPerSecond, yardstick_rates);
        self.report.add(&case, Measure::RatioToYardstick, ratios);
        Ok(())
    }
}

/// The figures of one load, run by run.
#[derive(Default)]
struct Figures {
    rates: Vec<f64>,
    p50: Vec<f64>,
    p99: Vec<f64>,
    cpu: Vec<f64>,
}

impl Figures {
    fn add(&mut self, window: &Window) {
        let milliseconds =
            |quantile| millis(Duration::from_nanos(window.latencies.value_at_quantile(quantile)));
        self.rates.push(rate(window));
        self.p50.push(milliseconds(0.5));
        self.p99.push(milliseconds(0.99));
        let cpu = window.cpu.filter(|_| window.events > 0);
        self.cpu.extend(cpu.map(|cpu| cpu.as_secs_f64() * 1e6 / count(window.events)));
    }

    fn report(self, session: &mut Session<'_>, case: &str) {
        session.report.add(case, Measure::EventsPerSecond, self.rates);
        session.report.add(case, Measure::P50Milliseconds, self.p50);
        session.report.add(case, Measure::P99Milliseconds, self.p99);
        session.report.add(case, Measure::CpuMicrosecondsPerEvent, self.cpu);
    }
}

fn name(Shape { connections, events_per_call, .. }: Shape) -> String {
    let over =
        if connections == 1 { "1 connection".to_owned() } else { format!("{connections} connections") };
    match events_per_call.get() {
        1 => format!("single events, {over}"),
        events => format!("batches of {}, {over}", readable(u64::from(events))),
    }
}

/// Accepted events a second.
pub(super) fn rate(window: &Window) -> f64 {
    ratio(count(window.events), window.elapsed.as_secs_f64())
}

/// `a / b`, and 0 where `b` is: a rate of 0 is itself the finding.
pub(super) fn ratio(a: f64, b: f64) -> f64 {
    if b > 0.0 { a / b } else { 0.0 }
}

#[expect(clippy::cast_precision_loss, reason = "2^53 events take centuries")]
pub(super) fn count(events: u64) -> f64 {
    events as f64
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
