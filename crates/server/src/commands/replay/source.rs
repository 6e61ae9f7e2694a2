//! Where the events of a replay come from: trace files through a mapping, or the seeded generator.

use std::collections::VecDeque;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use chargly_traffic::{
    Events, Mapping, MappingText, Progress, RecordedEvent, SampleTraffic, Shape, Trace, TraceError,
};
use clap::Args;
use indicatif::ProgressBar;

use crate::failure::Usage;
use crate::progress;

/// The day on which sample traffic ends unless told otherwise. Fixed, so that the same command makes the same events
/// on every day.
const SAMPLE_END: &str = "2026-01-01";

/// The mapping's fields as flags.
#[derive(Debug, Args)]
#[command(next_help_heading = "Mapping")]
pub(crate) struct MappingFlags {
    /// Template of the event type
    #[arg(long, env = "CHARGLY_EVENT", value_name = "TEMPLATE")]
    event: Option<String>,
    /// Template of the customer
    #[arg(long, env = "CHARGLY_CUSTOMER", value_name = "TEMPLATE")]
    customer: Option<String>,
    /// Template of the idempotency key
    #[arg(long = "event-key", env = "CHARGLY_EVENT_KEY", value_name = "TEMPLATE")]
    event_key: Option<String>,
    /// Prefix of default keys
    #[arg(long, env = "CHARGLY_KEY_PREFIX", value_name = "TEXT")]
    key_prefix: Option<String>,
    /// Expression of the quantity
    #[arg(long, env = "CHARGLY_QUANTITY", value_name = "EXPRESSION")]
    quantity: Option<String>,
    /// Expression of credits that you set yourself
    #[arg(long, env = "CHARGLY_CREDITS", value_name = "EXPRESSION")]
    credits: Option<String>,
    /// When it happened
    #[arg(long, env = "CHARGLY_OCCURRED_AT", value_name = "TIME")]
    occurred_at: Option<String>,
    /// Expression of the provider cost
    #[arg(long, env = "CHARGLY_COST", value_name = "EXPRESSION")]
    cost: Option<String>,
    /// Template of the cost's currency
    #[arg(long, env = "CHARGLY_CURRENCY", value_name = "TEMPLATE")]
    currency: Option<String>,
    /// Expression of how many events a row stands for
    #[arg(long, env = "CHARGLY_REPEAT", value_name = "EXPRESSION")]
    repeat: Option<String>,
    /// Seconds over which a row's events are spread
    #[arg(long, env = "CHARGLY_WINDOW_S", value_name = "SECONDS")]
    window_s: Option<u32>,
    /// Seed of that spread
    #[arg(long, env = "CHARGLY_SEED", value_name = "NUMBER")]
    seed: Option<u64>,
    /// A property: name=template, or name=number(expression)
    #[arg(long = "property", env = "CHARGLY_PROPERTY", value_name = "NAME=VALUE", value_delimiter = ';')]
    properties: Vec<String>,
}

impl MappingFlags {
    /// As a mapping's texts.
    ///
    /// # Errors
    /// If a property has no name.
    pub(crate) fn text(&self) -> Result<MappingText> {
        let mut text = MappingText {
            event: self.event.clone(),
            customer: self.customer.clone(),
            key: self.event_key.clone(),
            key_prefix: self.key_prefix.clone(),
            quantity: self.quantity.clone(),
            credits: self.credits.clone(),
            occurred_at: self.occurred_at.clone(),
            cost: self.cost.clone(),
            currency: self.currency.clone(),
            repeat: self.repeat.clone(),
            window_s: self.window_s,
            seed: self.seed,
            properties: std::collections::BTreeMap::new(),
        };
        for property in &self.properties {
            text.add_property(property)?;
        }
        Ok(text)
    }
}

/// Sample traffic instead of a trace.
#[derive(Debug, Args)]
#[command(next_help_heading = "Sample traffic")]
pub(crate) struct SampleArgs {
    /// Replay generated traffic of this seed instead of files
    #[arg(long, env = "CHARGLY_SAMPLE", value_name = "SEED")]
    sample: Option<u64>,
    /// Customers that there are
    #[arg(long, env = "CHARGLY_CUSTOMERS", default_value_t = 200, value_name = "N")]
    customers: u32,
    /// Events in all
    #[arg(long, env = "CHARGLY_EVENTS", default_value_t = 10_000, value_name = "N")]
    events: u64,
    /// Days that they are spread over
    #[arg(long, env = "CHARGLY_DAYS", default_value_t = 30, value_name = "N")]
    days: u32,
    /// The day before which they end, in UTC
    #[arg(long, env = "CHARGLY_END", default_value = SAMPLE_END, value_name = "YYYY-MM-DD")]
    end: String,
}

impl SampleArgs {
    fn traffic(&self, seed: u64) -> Result<SampleTraffic> {
        let end: jiff::Timestamp = format!("{}T00:00:00Z", self.end)
            .parse()
            .map_err(|_| Usage(format!("--end {}: must be a day such as {SAMPLE_END}", self.end)))?;
        let shape = Shape {
            customers: self.customers,
            events: self.events,
            days: self.days,
            end_unix_ms: end.as_millisecond(),
        };
        SampleTraffic::new(seed, shape).map_err(|error| Usage(error.to_string()).into())
    }

    /// What tells this sample's keys from those of the same seed ending on another day, whose events differ.
    fn key_suffix(&self) -> Option<String> {
        (self.end != SAMPLE_END).then(|| format!("-{}", self.end))
    }
}

/// Events, with a bar that shows how far they have been read.
pub(crate) struct Source {
    kind: Kind,
    bar: ProgressBar,
    left: u64,
}

enum Kind {
    Traces {
        waiting: VecDeque<PathBuf>,
        mapping: Box<Mapping>,
        open: Option<(Box<Events>, Progress)>,
        done: u64,
    },
    Sample {
        traffic: Box<SampleTraffic>,
        key_suffix: Option<String>,
    },
}

/// What a source gives.
pub(crate) enum Read {
    /// An event.
    Event(RecordedEvent),
    /// A row that makes no event; the next one may.
    Unreadable(String),
}

impl Source {
    /// Opens what is to be replayed. A mapping's mistakes and missing files are found here, before anything is metered.
    ///
    /// # Errors
    /// If the mapping is not understood, or a file is not there.
    pub(crate) fn open(
        files: &[PathBuf],
        sample: &SampleArgs,
        mapping: MappingText,
        limit: Option<u64>,
    ) -> Result<Self> {
        let left = limit.unwrap_or(u64::MAX);
        if let Some(seed) = sample.sample {
            let bar = progress::count("replaying", sample.events.min(left));
            let traffic = Box::new(sample.traffic(seed)?);
            return Ok(Self { kind: Kind::Sample { traffic, key_suffix: sample.key_suffix() }, bar, left });
        }
        let mapping = Box::new(Mapping::from_flags(mapping).context("understanding the mapping")?);
        let mut bytes = 0;
        for file in files {
            bytes += std::fs::metadata(file)
                .with_context(|| format!("opening the trace {}", file.display()))?
                .len();
        }
        let waiting = VecDeque::from(files.to_vec());
        let bar = progress::bytes("replaying", bytes);
        Ok(Self { kind: Kind::Traces { waiting, mapping, open: None, done: 0 }, bar, left })
    }

    /// The next event or row; `None` at the end.
    ///
    /// # Errors
    /// If a trace cannot be read on.
    pub(crate) fn next(&mut self) -> Result<Option<Read>> {
        if self.left == 0 {
            return Ok(None);
        }
        let read = match &mut self.kind {
            Kind::Sample { traffic, key_suffix } => {
                self.bar.inc(1);
                traffic.next().map(|event| {
                    let mut event = RecordedEvent::from(event);
                    event.key.push_str(key_suffix.as_deref().unwrap_or_default());
                    Read::Event(event)
                })
            }
            Kind::Traces { waiting, mapping, open, done } => {
                next_of_traces(waiting, mapping, open, done, &self.bar)?
            }
        };
        if matches!(read, Some(Read::Event(_))) {
            self.left -= 1;
        }
        Ok(read)
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// Says something without disturbing the bar.
    pub(crate) fn say(&self, text: &str) {
        self.bar.suspend(|| eprintln!("{text}"));
    }
}

fn next_of_traces(
    waiting: &mut VecDeque<PathBuf>,
    mapping: &Mapping,
    open: &mut Option<(Box<Events>, Progress)>,
    done: &mut u64,
    bar: &ProgressBar,
) -> Result<Option<Read>> {
    loop {
        if let Some((events, progress)) = open {
            bar.set_position(*done + progress.bytes_read());
            match events.next() {
                Some(Ok(event)) => return Ok(Some(Read::Event(event))),
                Some(Err(error)) if !error.ends_trace() => {
                    return Ok(Some(Read::Unreadable(chain_of(&error))));
                }
                Some(Err(error)) => return Err(error).context("reading the trace"),
                None => {
                    *done += progress.total_bytes();
                    *open = None;
                }
            }
        }
        let Some(path) = waiting.pop_front() else { return Ok(None) };
        let opened = || -> Result<_, TraceError> {
            let trace = Trace::open(&path)?;
            let progress = trace.progress();
            Ok((Box::new(trace.events(mapping)?), progress))
        };
        *open = Some(opened().with_context(|| format!("opening the trace {}", path.display()))?);
    }
}

fn chain_of(error: &TraceError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}
