//! A closed loop: so many connections, each sending its next call when the last one was answered.
//!
//! What is counted falls into *windows*: [`Load::cut`] ends one and begins the next, so that a warm-up is simply a
//! window that is thrown away. Totals go on over all windows, because they must agree with the balances afterwards.
//!
//! Latency is that of calls which were answered within the window, as seen by the caller. A closed loop slows down
//! with its server; its quantiles do not say what an open flood of callers would see.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use hdrhistogram::Histogram;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::answers::{self, Counts};
use crate::client::Connection;
use crate::process::{Process, now};
use crate::request::{Customers, Day, Target, Template};

/// Latencies above this are counted as this.
const LATENCY_NS_MAX: u64 = 60_000_000_000;
/// Latencies below this are counted as this.
const LATENCY_NS_MIN: u64 = 1_000;
/// Significant digits of a latency: a quantile is within 0.1 %.
const LATENCY_DIGITS: u8 = 3;

/// How long the last answers may take to arrive once nothing more is sent.
const LAST_ANSWERS_MAX: Duration = Duration::from_secs(30);

/// What is sent.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) connections: u32,
    /// 1 sends single events, more sends batches.
    pub(crate) events_per_call: NonZeroU32,
    pub(crate) customers: Customers,
    /// With a day, events are of ten types and occurred within 90 days before it; without, of one type, now.
    pub(crate) before: Option<Day>,
}

impl Shape {
    /// The request that is sent, before customers and keys are drawn.
    pub(crate) fn template(self, target: &Target) -> Template {
        if let Some(day) = self.before {
            return Template::months(target, self.events_per_call.get() as usize, day);
        }
        match self.events_per_call.get() {
            1 => Template::single_event(target),
            events => Template::batch(target, events as usize),
        }
    }
}

/// What was seen from one cut to the next.
pub(crate) struct Window {
    pub(crate) elapsed: Duration,
    /// Accepted events.
    pub(crate) events: u64,
    /// Nanoseconds of each call.
    pub(crate) latencies: Histogram<u64>,
    /// Time on any core that the watched process took, if one is watched.
    pub(crate) cpu: Option<Duration>,
}

/// A running load.
pub(crate) struct Load {
    shared: Arc<Shared>,
    tasks: JoinSet<Result<()>>,
    watched: Option<Process>,
    cut_at: Instant,
    cpu_at_cut: Option<Duration>,
}

/// What the callers of a load share.
pub(crate) struct Shared {
    is_stopping: AtomicBool,
    tally: Mutex<Tally>,
}

struct Tally {
    totals: Counts,
    events: u64,
    latencies: Histogram<u64>,
}

impl Load {
    /// Connects and begins to send. `seed` decides customers and keys.
    pub(crate) async fn start(
        target: &Target,
        shape: Shape,
        watched: Option<Process>,
        seed: u64,
    ) -> Result<Self> {
        let mut seeds = ChaCha8Rng::seed_from_u64(seed);
        let template = shape.template(target);
        let mut connections = Vec::new();
        for _ in 0..shape.connections {
            connections.push(Connection::open(target.server).await?);
        }
        Self::of(watched, |shared| {
            let mut tasks = JoinSet::new();
            for connection in connections {
                let rng = ChaCha8Rng::seed_from_u64(seeds.random());
                let call = call_until_stopped(connection, template.clone(), rng, shape, Arc::clone(shared));
                tasks.spawn(call);
            }
            tasks
        })
    }

    /// A load of callers of whatever kind, which record what they do and end when [`Shared::is_stopping`].
    pub(crate) fn of(
        watched: Option<Process>,
        callers: impl FnOnce(&Arc<Shared>) -> JoinSet<Result<()>>,
    ) -> Result<Self> {
        let tally = Tally { totals: Counts::default(), events: 0, latencies: empty_histogram()? };
        let shared = Arc::new(Shared { is_stopping: AtomicBool::new(false), tally: Mutex::new(tally) });
        let tasks = callers(&shared);
        let cpu_at_cut = watched.map(Process::cpu).transpose()?;
        Ok(Self { shared, tasks, watched, cut_at: now(), cpu_at_cut })
    }

    /// Lets the load go on for a while.
    ///
    /// # Errors
    /// When a connection fails meanwhile.
    pub(crate) async fn go_on_for(&mut self, duration: Duration) -> Result<()> {
        match timeout(duration, self.tasks.join_next()).await {
            Err(_) => Ok(()),
            Ok(None) => bail!("no connection is left"),
            Ok(Some(ended)) => {
                ended.context("a connection's task")?.context("a connection failed under load")
            }
        }
    }

    /// Lets the load go on until this window has so many accepted events.
    pub(crate) async fn go_on_until(&mut self, events: u64) -> Result<()> {
        /// How often the count is looked at: often enough to be exact to a percent of a second's window.
        const LOOK_EVERY: Duration = Duration::from_millis(10);
        while self.shared.tally().events < events {
            self.go_on_for(LOOK_EVERY).await?;
        }
        Ok(())
    }

    /// Ends this window and begins the next.
    pub(crate) fn cut(&mut self) -> Result<Window> {
        let cpu_now = self.watched.map(Process::cpu).transpose()?;
        let fresh = empty_histogram()?;
        let mut tally = self.shared.tally();
        let cut_at = now();
        let window = Window {
            elapsed: cut_at - self.cut_at,
            events: std::mem::take(&mut tally.events),
            latencies: std::mem::replace(&mut tally.latencies, fresh),
            cpu: cpu_now.zip(self.cpu_at_cut).map(|(now, before)| now.saturating_sub(before)),
        };
        self.cut_at = cut_at;
        self.cpu_at_cut = cpu_now;
        Ok(window)
    }

    /// Sends nothing more, waits for the last answers, and says what became of everything that was sent.
    pub(crate) async fn stop(mut self) -> Result<Counts> {
        self.shared.is_stopping.store(true, Ordering::Relaxed);
        let last_answers = async {
            while let Some(ended) = self.tasks.join_next().await {
                ended.context("a connection's task")?.context("a connection failed under load")?;
            }
            anyhow::Ok(())
        };
        timeout(LAST_ANSWERS_MAX, last_answers)
            .await
            .with_context(|| format!("no answer for {} s", LAST_ANSWERS_MAX.as_secs()))??;
        Ok(self.shared.tally().totals)
    }
}

/// Runs a load for one measured window after a warm-up of the given length.
pub(crate) async fn measure(
    mut load: Load,
    warm_up: Duration,
    measured: Duration,
) -> Result<(Window, Counts)> {
    load.go_on_for(warm_up).await?;
    load.cut()?;
    load.go_on_for(measured).await?;
    let window = load.cut()?;
    Ok((window, load.stop().await?))
}

async fn call_until_stopped(
    mut connection: Connection,
    mut template: Template,
    mut rng: ChaCha8Rng,
    shape: Shape,
    shared: Arc<Shared>,
) -> Result<()> {
    /// How long a caller who was turned away waits, so that it does not spend the cores on asking again.
    const TURNED_AWAY_PAUSE: Duration = Duration::from_millis(5);
    let events = u64::from(shape.events_per_call.get());
    while !shared.is_stopping() {
        template.draw(shape.customers, &mut rng);
        let sent_at = now();
        let answer = connection.exchange(template.bytes()).await?;
        let latency = now() - sent_at;
        let counts = answers::count(&answer, events, template.first_customer().unwrap_or_default());
        shared.record(counts, latency);
        if counts.turned_away > 0 {
            sleep(TURNED_AWAY_PAUSE).await;
        }
    }
    Ok(())
}

impl Shared {
    /// Whether nothing more is to be sent.
    pub(crate) fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Relaxed)
    }

    pub(crate) fn record(&self, counts: Counts, latency: Duration) {
        let nanoseconds = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        let mut tally = self.tally();
        tally.totals.add(counts);
        tally.events += counts.accepted;
        tally.latencies.saturating_record(nanoseconds);
    }

    /// A tally has no state between two of its fields that would need to be kept from others.
    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn empty_histogram() -> Result<Histogram<u64>> {
    Histogram::new_with_bounds(LATENCY_NS_MIN, LATENCY_NS_MAX, LATENCY_DIGITS).context("a histogram")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_exact_to_a_tenth_of_a_percent() {
        let mut latencies = empty_histogram().expect("constant bounds");
        for microseconds in 1..=10_000_u64 {
            latencies.record(microseconds * 1_000).expect("within bounds");
        }
        for (quantile, expected) in [(0.5, 5_000_000_u64), (0.99, 9_900_000), (1.0, 10_000_000)] {
            let found = latencies.value_at_quantile(quantile);
            assert!(found.abs_diff(expected) <= expected / 1_000, "{quantile}: {found}");
        }
    }

    #[test]
    fn latency_beyond_the_bounds_is_counted_at_the_bound() {
        let mut latencies = empty_histogram().expect("constant bounds");
        latencies.saturating_record(u64::MAX);
        assert_eq!(latencies.len(), 1);
        assert!(latencies.max() >= LATENCY_NS_MAX);
    }
}
