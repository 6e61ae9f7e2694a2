//! A task in the background that meters in batches what does not have to be decided now.
//!
//! What is promised: memory is bounded; every event that was added is delivered under one key, however often that takes,
//! or told of as refused, or handed back by `close`. Nothing is dropped in silence.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::call::{backoff, new_key};
use crate::client::Client;
use crate::error::{Error, Result};
use crate::input::{IfInsufficient, Meter};
use crate::output::{BatchResult, MeterResult};

/// The server takes no more in one request.
const BATCH_MAX: usize = 10_000;
const FAILURES_KEPT_MAX: usize = 1_000;
const PAUSE_FIRST: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(30);

type OnRefused = Arc<dyn Fn(&Meter, &Error) + Send + Sync>;
type OnResult = Arc<dyn Fn(&Meter, &MeterResult) + Send + Sync>;

/// How a [`Batcher`] works.
#[derive(Clone)]
#[must_use = "nothing is made before `Client::batcher`"]
pub struct BatcherOptions {
    batch_size: usize,
    max_pending: usize,
    interval: Duration,
    if_insufficient: IfInsufficient,
    on_refused: Option<OnRefused>,
    on_result: Option<OnResult>,
}

impl Default for BatcherOptions {
    fn default() -> Self {
        Self {
            batch_size: 500,
            max_pending: 10_000,
            interval: Duration::from_millis(500),
            if_insufficient: IfInsufficient::Record,
            on_refused: None,
            on_result: None,
        }
    }
}

impl BatcherOptions {
    /// As it is, unless said otherwise.
    pub fn new() -> Self {
        Self::default()
    }

    /// Events of one request, 1–10,000; 500 if left out.
    pub fn batch_size(mut self, events: usize) -> Self {
        self.batch_size = events.clamp(1, BATCH_MAX);
        self
    }

    /// Events that wait or are on their way; 10,000 if left out.
    pub fn max_pending(mut self, events: usize) -> Self {
        self.max_pending = events.max(1);
        self
    }

    /// How long an event waits for others; half a second if left out.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Of events that do not say it themselves; `Record` if left out, which needs a key with that scope.
    pub fn if_insufficient(mut self, policy: IfInsufficient) -> Self {
        self.if_insufficient = policy;
        self
    }

    /// Told of each event that the server refuses for good. Without it, `flush` and `close` answer them.
    pub fn on_refused(mut self, told: impl Fn(&Meter, &Error) + Send + Sync + 'static) -> Self {
        self.on_refused = Some(Arc::new(told));
        self
    }

    /// Told of each event that was accepted.
    pub fn on_result(mut self, told: impl Fn(&Meter, &MeterResult) + Send + Sync + 'static) -> Self {
        self.on_result = Some(Arc::new(told));
        self
    }
}

impl fmt::Debug for BatcherOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatcherOptions")
            .field("batch_size", &self.batch_size)
            .field("max_pending", &self.max_pending)
            .field("interval", &self.interval)
            .finish_non_exhaustive()
    }
}

/// What became of the events that were added: every one is in exactly one of these.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BatcherStats {
    /// Charged, in the answer that came.
    pub accepted: u64,
    /// Charged, by an attempt whose answer was lost.
    pub replayed: u64,
    /// Refused for good.
    pub refused: u64,
    /// Not decided yet.
    pub pending: usize,
}

/// What [`Batcher::flush`] or [`Batcher::close`] could not bring to a good end.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct BatcherError {
    /// Events that were refused for good, the first thousand of them.
    pub failures: Vec<(Meter, Error)>,
    /// How many more were.
    pub failures_left_out: u64,
    /// Events that are not decided yet. After `close` they are yours; they can be added again as they are, since they have
    /// their keys.
    pub unsent: Vec<Meter>,
}

impl fmt::Display for BatcherError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut gap = "";
        if let Some((_, first)) = self.failures.first() {
            let count = self.failures.len() as u64 + self.failures_left_out;
            write!(f, "{count} events were refused, the first because: {first}")?;
            gap = "; ";
        }
        if !self.unsent.is_empty() {
            write!(f, "{gap}{} events are not delivered yet", self.unsent.len())?;
        }
        Ok(())
    }
}

impl std::error::Error for BatcherError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.failures.first().map(|(_, error)| error as _)
    }
}

/// Meters in the background, for uses that are recorded whatever the wallet has. Clones are the same batcher.
///
/// It has to be closed before the runtime ends: what waits is in memory. Where the last clone is dropped without that, its
/// task goes on delivering what waits for as long as the runtime lives.
#[derive(Clone)]
pub struct Batcher {
    shared: Arc<Shared>,
    _alive: Arc<Alive>,
}

struct Shared {
    client: Client,
    options: BatcherOptions,
    state: Mutex<State>,
    /// There may be something to send.
    wake: Notify,
    /// Something was decided: there may be room, and a flush may be over.
    decided: Notify,
}

#[derive(Default)]
struct State {
    /// Everything that is not decided, in order. What is on its way stays until it is.
    queue: VecDeque<Entry>,
    added: u64,
    flushes: usize,
    stats: BatcherStats,
    failures: Vec<(Meter, Error)>,
    failures_left_out: u64,
    closed: bool,
    /// Whether what was left was handed back, and is no longer ours to send.
    over: bool,
}

#[derive(Clone)]
struct Entry {
    event: Arc<Meter>,
    number: u64,
    since: Instant,
}

/// Dropped with the last clone.
struct Alive(Arc<Shared>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.state().closed = true;
        self.0.wake.notify_one();
    }
}

impl Client {
    /// Collects events of work already delivered, and sends them in batches from a task of the runtime.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    #[must_use]
    pub fn batcher(&self, options: BatcherOptions) -> Batcher {
        let shared = Arc::new(Shared {
            client: self.clone(),
            options,
            state: Mutex::default(),
            wake: Notify::new(),
            decided: Notify::new(),
        });
        tokio::spawn(work(shared.clone()));
        Batcher { _alive: Arc::new(Alive(shared.clone())), shared }
    }
}

impl Batcher {
    /// Takes an event without waiting.
    ///
    /// # Errors
    /// [`Error::BatcherFull`] where there is no room, or it is closed; [`Error::Configuration`] where its cost cannot be
    /// understood. The event was not taken.
    pub fn add(&self, event: Meter) -> Result<()> {
        let mut state = self.shared.state();
        if !state.closed && !self.shared.has_room(&state) {
            let waiting = state.queue.len();
            return Err(Error::batcher_full(
                "batcher_full",
                format!("{waiting} events wait to be delivered"),
            ));
        }
        self.shared.take(&mut state, event)
    }

    /// Takes an event once there is room.
    ///
    /// # Errors
    /// As of [`Batcher::add`], but that it waits for room.
    pub async fn enqueue(&self, event: Meter) -> Result<()> {
        loop {
            let decided = self.shared.decided.notified();
            tokio::pin!(decided);
            decided.as_mut().enable();
            {
                let mut state = self.shared.state();
                if state.closed || self.shared.has_room(&state) {
                    return self.shared.take(&mut state, event);
                }
            }
            decided.await;
        }
    }

    /// What became of the events so far.
    #[must_use]
    pub fn stats(&self) -> BatcherStats {
        self.shared.stats()
    }

    /// Waits until everything that was added before is decided.
    ///
    /// # Errors
    /// A [`BatcherError`] with what was refused, unless `on_refused` was told of it, and with what is not delivered after
    /// the `timeout`, which goes on waiting.
    pub async fn flush(&self, timeout: Duration) -> Result<BatcherStats, BatcherError> {
        self.shared.settled(timeout).await;
        self.shared.outcome(false)
    }

    /// Takes nothing more, and flushes. What is not delivered in time is handed back in the error.
    ///
    /// # Errors
    /// As of [`Batcher::flush`].
    pub async fn close(&self, timeout: Duration) -> Result<BatcherStats, BatcherError> {
        self.shared.state().closed = true;
        self.shared.decided.notify_waiters();
        self.shared.settled(timeout).await;
        self.shared.outcome(true)
    }
}

impl fmt::Debug for Batcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batcher").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has_room(&self, state: &State) -> bool {
        state.queue.len() < self.options.max_pending
    }

    fn stats(&self) -> BatcherStats {
        let state = self.state();
        BatcherStats { pending: state.queue.len(), ..state.stats }
    }

    fn take(&self, state: &mut State, mut event: Meter) -> Result<()> {
        if state.closed {
            return Err(Error::batcher_full("batcher_closed", "the batcher is closed".to_owned()));
        }
        if let Some(mistake) = event.mistake() {
            return Err(Error::configuration(mistake));
        }
        // What happened now is not to be dated by when it is sent. And with its key, sending it again is safe.
        event.begin_waiting(self.options.if_insufficient, new_key);
        state.added += 1;
        state.queue.push_back(Entry { event: Arc::new(event), number: state.added, since: Instant::now() });
        if state.queue.len() == 1 || state.queue.len() == self.options.batch_size {
            self.wake.notify_one();
        }
        Ok(())
    }

    /// Waits until everything added before is decided, or the time is over.
    async fn settled(&self, timeout: Duration) {
        let ends = Instant::now().checked_add(timeout);
        let up_to = {
            let mut state = self.state();
            state.flushes += 1;
            state.added
        };
        let _flushing = Flushing(self);
        self.wake.notify_one();
        loop {
            let decided = self.decided.notified();
            tokio::pin!(decided);
            decided.as_mut().enable();
            if self.state().queue.front().is_none_or(|first| first.number > up_to) {
                return;
            }
            let is_late = match ends {
                Some(ends) => timeout_at(ends, decided).await.is_err(),
                None => {
                    decided.await;
                    false
                }
            };
            if is_late {
                return;
            }
        }
    }

    fn outcome(&self, is_end: bool) -> Result<BatcherStats, BatcherError> {
        let stats = self.stats();
        let mut state = self.state();
        let unsent: Vec<Meter> = state.queue.iter().map(|entry| Meter::clone(&entry.event)).collect();
        let failures = std::mem::take(&mut state.failures);
        let failures_left_out = std::mem::take(&mut state.failures_left_out);
        if is_end {
            state.over = true;
            drop(state);
            self.wake.notify_one();
        }
        if unsent.is_empty() && failures.is_empty() {
            return Ok(stats);
        }
        Err(BatcherError { failures, failures_left_out, unsent })
    }
}

/// A flush that is waited for, also where whoever waits gives up.
struct Flushing<'a>(&'a Shared);

impl Drop for Flushing<'_> {
    fn drop(&mut self) {
        self.0.state().flushes -= 1;
    }
}

enum Next {
    Send(Vec<Entry>),
    WaitUntil(Instant),
    Wait,
    End,
}

/// The task. It ends once the batcher is closed and nothing is left.
async fn work(shared: Arc<Shared>) {
    let mut size = shared.options.batch_size;
    let mut failed = 0;
    loop {
        match next(&shared, size) {
            Next::End => return,
            Next::Wait => shared.wake.notified().await,
            Next::WaitUntil(at) => {
                // Woken or not: what is next is asked again.
                let _elapsed = timeout_at(at, shared.wake.notified()).await;
            }
            Next::Send(batch) => match deliver(&shared, &batch).await {
                Delivery::Done => {
                    failed = 0;
                    size = shared.options.batch_size;
                }
                // One event must not cost the others theirs, so it is found by halving.
                Delivery::Halve => size = batch.len().div_ceil(2),
                Delivery::Again => {
                    pause(&shared, failed).await;
                    failed += 1;
                }
            },
        }
    }
}

fn next(shared: &Shared, size: usize) -> Next {
    let state = shared.state();
    let Some(first) = state.queue.front() else {
        return if state.closed { Next::End } else { Next::Wait };
    };
    if state.over {
        return Next::End;
    }
    let due = first.since + shared.options.interval;
    let is_due = state.closed || state.flushes > 0 || state.queue.len() >= size || Instant::now() >= due;
    if is_due { Next::Send(state.queue.iter().take(size).cloned().collect()) } else { Next::WaitUntil(due) }
}

/// Whoever closes has little time, and is not made to wait for a long pause.
async fn pause(shared: &Shared, failed: u32) {
    let longest = backoff(PAUSE_FIRST, PAUSE_MAX, failed).max(PAUSE_FIRST / 2);
    let ends = Instant::now() + longest;
    loop {
        let is_pressing = {
            let state = shared.state();
            if state.over {
                return;
            }
            state.closed || state.flushes > 0
        };
        if is_pressing {
            return sleep_until(ends.min(Instant::now() + PAUSE_FIRST)).await;
        }
        if timeout_at(ends, shared.wake.notified()).await.is_err() {
            return;
        }
    }
}

enum Delivery {
    Done,
    Again,
    Halve,
}

async fn deliver(shared: &Shared, batch: &[Entry]) -> Delivery {
    match shared.client.meter_keyed(batch.iter().map(|entry| &*entry.event)).await {
        Ok(answer) if answer.results.len() == batch.len() => decide(shared, batch, answer),
        Ok(answer) => {
            let what = "a batch has another number of results than of events";
            refuse_all(shared, batch, &Error::unexpected(200, what, answer.raw.as_str()))
        }
        Err(Error::TooLarge { .. } | Error::InvalidRequest { .. }) if batch.len() > 1 => Delivery::Halve,
        Err(error) if error.is_in_doubt() => Delivery::Again,
        Err(error) => refuse_all(shared, batch, &error),
    }
}

fn decide(shared: &Shared, batch: &[Entry], answer: BatchResult) -> Delivery {
    let mut again = Vec::new();
    let mut refused = Vec::new();
    for (entry, result) in batch.iter().zip(answer.results) {
        match result {
            Ok(mut result) => {
                if let Some(told) = &shared.options.on_result {
                    entry.event.key().unwrap_or_default().clone_into(&mut result.idempotency_key);
                    told(&entry.event, &result);
                }
            }
            Err(error) if error.retryable() => again.push(entry.clone()),
            Err(error) => refused.push((entry.event.clone(), error.with_key(entry.event.key()))),
        }
    }
    tell(shared, &refused);
    let mut state = shared.state();
    state.stats.accepted += answer.accepted;
    state.stats.replayed += answer.replayed;
    let delivery = if again.is_empty() { Delivery::Done } else { Delivery::Again };
    settle(shared, &mut state, batch.len(), again, refused);
    delivery
}

fn refuse_all(shared: &Shared, batch: &[Entry], error: &Error) -> Delivery {
    let refused: Vec<_> =
        batch.iter().map(|entry| (entry.event.clone(), error.clone().with_key(entry.event.key()))).collect();
    tell(shared, &refused);
    settle(shared, &mut shared.state(), batch.len(), Vec::new(), refused);
    Delivery::Done
}

/// Outside of the lock, since whoever is told may add events.
fn tell(shared: &Shared, refused: &[(Arc<Meter>, Error)]) {
    if let Some(told) = &shared.options.on_refused {
        refused.iter().for_each(|(event, error)| told(event, error));
    }
}

/// What was sent is decided, but for what has to be sent again.
fn settle(
    shared: &Shared,
    state: &mut State,
    sent: usize,
    again: Vec<Entry>,
    refused: Vec<(Arc<Meter>, Error)>,
) {
    state.queue.drain(..sent);
    for entry in again.into_iter().rev() {
        state.queue.push_front(entry);
    }
    state.stats.refused += refused.len() as u64;
    if shared.options.on_refused.is_none() {
        for (event, error) in refused {
            if state.failures.len() < FAILURES_KEPT_MAX {
                state.failures.push((Meter::clone(&event), error));
            } else {
                state.failures_left_out += 1;
            }
        }
    }
    shared.decided.notify_waiters();
}
