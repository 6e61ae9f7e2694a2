//! Carrying events to their target: a few lanes side by side, each with the events of its own customers in the
//! trace's order, so that who is refused does not depend on chance.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use chargly_traffic::RecordedEvent;
use tokio::runtime::Runtime;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinHandle;

use super::answer::Answer;
use super::price::{GrantText, PriceList};
use super::source::{Read, Source};
use super::target::{Meter, Target};
use super::totals::Totals;

/// Events in one batch: enough that a flush is shared by many, few enough that progress shows.
pub(crate) const BATCH_EVENTS: usize = 1_000;
/// Batches that wait for a lane; more would only fill memory.
const WAITING_BATCHES_MAX: usize = 2;
/// Rows without an event that are named one by one.
const UNREADABLE_SHOWN_MAX: u64 = 20;
/// How often events that were not taken up are sent again before the replay stops.
const TRIES_MAX: u32 = 8;
/// Pause before the first of those tries; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// Reads everything, meters nothing.
///
/// # Errors
/// If a trace cannot be read on.
pub(crate) fn count(mut source: Source) -> Result<Totals> {
    let mut totals = Totals::default();
    while let Some(event) = next_event(&mut source, &mut totals)? {
        totals.read(&event);
    }
    source.finish();
    Ok(totals)
}

/// Meters everything.
///
/// # Errors
/// If a trace cannot be read on, or the target takes no more.
pub(crate) fn replay(
    runtime: &Runtime,
    mut source: Source,
    target: &Target,
    prices: Option<&PriceList>,
    grant: Option<&GrantText>,
) -> Result<Totals> {
    let mut lanes: Vec<Lane> = (0..target.lanes()).map(|_| Lane::start(runtime, target.meter())).collect();
    let mut totals = Totals::default();
    let fed = feed(runtime, &mut source, target, prices, grant, &mut lanes, &mut totals);
    for lane in lanes {
        totals.merge(&lane.end(runtime)?);
    }
    source.finish();
    fed?;
    Ok(totals)
}

fn feed(
    runtime: &Runtime,
    source: &mut Source,
    target: &Target,
    prices: Option<&PriceList>,
    grant: Option<&GrantText>,
    lanes: &mut [Lane],
    totals: &mut Totals,
) -> Result<()> {
    let (mut types, mut customers) = (HashSet::new(), HashSet::new());
    while let Some(event) = next_event(source, totals)? {
        if let Some(prices) = prices
            && !types.contains(&event.event)
        {
            runtime.block_on(target.define_type(&event.event, prices))?;
            types.insert(event.event.clone());
        }
        if let Some(grant) = grant
            && !customers.contains(&event.customer)
        {
            runtime.block_on(target.grant(&event.customer, grant))?;
            customers.insert(event.customer.clone());
        }
        let lane = lane_of(&event.customer, lanes.len());
        if !lanes[lane].push(event) {
            // The lane has stopped; its end says why.
            return Ok(());
        }
    }
    Ok(())
}

/// The next event, naming rows that make none on the way.
fn next_event(source: &mut Source, totals: &mut Totals) -> Result<Option<RecordedEvent>> {
    while let Some(read) = source.next()? {
        match read {
            Read::Event(event) => return Ok(Some(event)),
            Read::Unreadable(problem) => {
                totals.unreadable += 1;
                if totals.unreadable <= UNREADABLE_SHOWN_MAX {
                    source.say(&problem);
                } else if totals.unreadable == UNREADABLE_SHOWN_MAX + 1 {
                    source.say("more such rows are only counted");
                }
            }
        }
    }
    Ok(None)
}

fn lane_of(customer: &str, lanes: usize) -> usize {
    let mut hasher = DefaultHasher::new();
    customer.hash(&mut hasher);
    let lanes = u64::try_from(lanes).unwrap_or(1).max(1);
    usize::try_from(hasher.finish() % lanes).unwrap_or_default()
}

struct Lane {
    batch: Vec<RecordedEvent>,
    to_send: Sender<Vec<RecordedEvent>>,
    task: JoinHandle<Result<Totals>>,
}

impl Lane {
    fn start(runtime: &Runtime, meter: Arc<dyn Meter>) -> Self {
        let (to_send, batches) = channel(WAITING_BATCHES_MAX);
        let task = runtime.spawn(carry(meter, batches));
        Self { batch: Vec::with_capacity(BATCH_EVENTS), to_send, task }
    }

    /// Takes an event; false when the lane has stopped.
    fn push(&mut self, event: RecordedEvent) -> bool {
        self.batch.push(event);
        self.batch.len() < BATCH_EVENTS || self.to_send.blocking_send(std::mem::take(&mut self.batch)).is_ok()
    }

    fn end(self, runtime: &Runtime) -> Result<Totals> {
        let Self { batch, to_send, task } = self;
        if !batch.is_empty() {
            // A lane that has stopped says why below.
            let _ = to_send.blocking_send(batch);
        }
        drop(to_send);
        runtime.block_on(task).context("a lane of the replay has panicked")?
    }
}

async fn carry(meter: Arc<dyn Meter>, mut batches: Receiver<Vec<RecordedEvent>>) -> Result<Totals> {
    let mut totals = Totals::default();
    while let Some(batch) = batches.recv().await {
        batch.iter().for_each(|event| totals.read(event));
        send(meter.as_ref(), batch, &mut totals).await?;
    }
    Ok(totals)
}

/// Sends a batch until each of its events has an answer.
async fn send(meter: &dyn Meter, mut batch: Vec<RecordedEvent>, totals: &mut Totals) -> Result<()> {
    let mut pause = FIRST_PAUSE;
    for _ in 0..TRIES_MAX {
        let answers = meter.meter(&batch).await?;
        let mut later = Vec::new();
        for (event, answer) in batch.into_iter().zip(answers) {
            if answer == Answer::Later {
                later.push(event);
            } else {
                totals.answered(&event, answer);
            }
        }
        if later.is_empty() {
            return Ok(());
        }
        batch = later;
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
    bail!("{} events were not taken up, tried {TRIES_MAX} times", batch.len());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customer_stays_on_its_lane() {
        for customer in ["a", "b", "user_42"] {
            let lane = lane_of(customer, 4);
            assert!(lane < 4);
            assert_eq!(lane, lane_of(customer, 4));
        }
        assert_eq!(lane_of("a", 1), 0);
    }
}
