//! From what was counted and timed to the figures that are reported.
#![expect(clippy::float_arithmetic, reason = "rates and times are measured, not owed")]

use std::time::Duration;

use crate::load::Window;
use crate::report::{Measure, Report};

/// The figures of one load, run by run.
#[derive(Default)]
pub(crate) struct Figures {
    rates: Vec<f64>,
    p50: Vec<f64>,
    p99: Vec<f64>,
    cpu: Vec<f64>,
}

impl Figures {
    pub(crate) fn add(&mut self, window: &Window) {
        let quantile = |quantile| millis(Duration::from_nanos(window.latencies.value_at_quantile(quantile)));
        self.rates.push(rate(window));
        self.p50.push(quantile(0.5));
        self.p99.push(quantile(0.99));
        let cpu = window.cpu.filter(|_| window.events > 0);
        self.cpu.extend(cpu.map(|cpu| cpu.as_secs_f64() * 1e6 / count(window.events)));
    }

    pub(crate) fn report(self, report: &mut Report, case: &str) {
        report.add(case, Measure::EventsPerSecond, self.rates);
        report.add(case, Measure::P50Milliseconds, self.p50);
        report.add(case, Measure::P99Milliseconds, self.p99);
        report.add(case, Measure::CpuMicrosecondsPerEvent, self.cpu);
    }
}

/// Accepted events a second.
pub(crate) fn rate(window: &Window) -> f64 {
    per_second(window.events, window.elapsed)
}

pub(crate) fn per_second(number: u64, elapsed: Duration) -> f64 {
    ratio(count(number), elapsed.as_secs_f64())
}

/// `a / b`, and 0 where `b` is: a rate of 0 is itself the finding.
pub(crate) fn ratio(a: f64, b: f64) -> f64 {
    if b > 0.0 { a / b } else { 0.0 }
}

#[expect(clippy::cast_precision_loss, reason = "2^53 events take centuries")]
pub(crate) fn count(events: u64) -> f64 {
    events as f64
}

pub(crate) fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
