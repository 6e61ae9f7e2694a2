//! Trying prices on the past, beside live traffic: on a thread of its own, one simulation at a time, never with the
//! writer's help.

mod run;

use std::collections::VecDeque;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chargly_journal::SqliteJournal;
use compact_str::{CompactString, format_compact};

pub use self::run::{
    ELASTIC_DRAWS_DEFAULT, ELASTIC_DRAWS_MAX, PriceSimulation, SIMULATED_CUSTOMERS_MAX, Simulated,
    SimulationError, simulate,
};
use crate::environment::Environment;
use crate::usecases::past::Watch;

/// Simulations that wait for their turn, at most: more are turned away, since each takes minutes.
pub const SIMULATIONS_QUEUED_MAX: usize = 4;
/// Simulations that are remembered after their end, at most: each may take 16 MB.
pub const SIMULATIONS_KEPT_MAX: usize = 8;
/// How long a result is kept, in milliseconds (an hour).
pub const SIMULATION_KEPT_MS: i64 = 60 * 60 * 1_000;
/// How long a simulation rests after each few milliseconds of work: a request that waits for the core gets it.
const REST: Duration = Duration::from_micros(500);

/// A simulation that was asked for.
#[derive(Debug)]
pub struct SimulationJob {
    /// Its name.
    pub id: CompactString,
    /// What is simulated.
    pub simulation: PriceSimulation,
    /// When it was asked for, in milliseconds since 1970.
    pub asked_at_ms: i64,
    /// How far it is.
    pub watch: Watch,
    status: Mutex<SimulationStatus>,
    /// When it was first seen to be over, in milliseconds since 1970; 0 before that.
    seen_over_ms: AtomicI64,
}

/// Where a simulation stands.
#[derive(Clone, Debug)]
pub enum SimulationStatus {
    /// It waits for its turn.
    Queued,
    /// It is at work.
    Running,
    /// It has a result.
    Done(Arc<Simulated>),
    /// Somebody stopped it.
    Cancelled,
    /// It could not be finished.
    Failed(String),
}

impl SimulationJob {
    /// Where it stands.
    pub fn status(&self) -> SimulationStatus {
        lock(&self.status).clone()
    }

    fn is_over(&self) -> bool {
        !matches!(*lock(&self.status), SimulationStatus::Queued | SimulationStatus::Running)
    }

    /// Since when it is known to be over: now, the first time.
    fn over_since(&self, now_ms: i64) -> i64 {
        let seen = self.seen_over_ms.compare_exchange(0, now_ms, Ordering::Relaxed, Ordering::Relaxed);
        seen.map_or_else(|earlier| earlier, |_| now_ms)
    }

    fn run(&self, dir: &Path) {
        *lock(&self.status) = SimulationStatus::Running;
        let mut reader = SqliteJournal::reader_in(dir);
        let rest = || std::thread::sleep(REST);
        let status = match simulate(reader.as_mut(), &self.simulation, &self.watch, &rest) {
            Ok((simulated, _)) => SimulationStatus::Done(Arc::new(simulated)),
            Err(SimulationError::Cancelled) => SimulationStatus::Cancelled,
            Err(error) => {
                let why = in_full(&error);
                tracing::error!(id = %self.id, why, "a price simulation has failed");
                SimulationStatus::Failed(why)
            }
        };
        *lock(&self.status) = status;
    }
}

/// The simulations of one environment.
#[derive(Debug, Default)]
pub(crate) struct Simulations {
    jobs: Arc<Mutex<Jobs>>,
}

#[derive(Debug, Default)]
struct Jobs {
    /// In the order in which they were asked for.
    list: VecDeque<Arc<SimulationJob>>,
    asked: u64,
    is_working: bool,
    is_closed: bool,
}

impl Simulations {
    /// Stops all of them, for good.
    pub(crate) fn close(&self) {
        let mut jobs = lock(&self.jobs);
        jobs.is_closed = true;
        jobs.list.iter().for_each(|job| job.watch.cancel());
    }
}

impl Environment {
    /// Queues a price simulation; `None` where too many wait already.
    pub fn simulate_prices(&self, simulation: PriceSimulation) -> Option<Arc<SimulationJob>> {
        let now_ms = self.wall_ms();
        let mut jobs = lock(&self.simulations().jobs);
        jobs.forget_old(now_ms);
        let waiting = jobs.list.iter().filter(|job| matches!(job.status(), SimulationStatus::Queued));
        if jobs.is_closed || waiting.count() >= SIMULATIONS_QUEUED_MAX {
            return None;
        }
        jobs.asked += 1;
        let job = Arc::new(SimulationJob {
            // Told apart from those before a restart by the time.
            id: format_compact!("sim_{now_ms:x}{:04x}", jobs.asked & 0xffff),
            simulation,
            asked_at_ms: now_ms,
            watch: Watch::default(),
            status: Mutex::new(SimulationStatus::Queued),
            seen_over_ms: AtomicI64::new(0),
        });
        jobs.list.push_back(Arc::clone(&job));
        if !jobs.is_working {
            let (shared, dir) = (Arc::clone(&self.simulations().jobs), self.dir().to_owned());
            let thread = std::thread::Builder::new().name(format!("{}-simulate", self.name()));
            jobs.is_working = thread.spawn(move || work(&shared, &dir)).is_ok();
        }
        Some(job)
    }

    /// A simulation by its name; `None` once it is forgotten.
    pub fn price_simulation(&self, id: &str) -> Option<Arc<SimulationJob>> {
        let mut jobs = lock(&self.simulations().jobs);
        jobs.forget_old(self.wall_ms());
        jobs.list.iter().find(|job| job.id == id).cloned()
    }
}

impl Jobs {
    fn forget_old(&mut self, now_ms: i64) {
        self.list.retain(|job| !job.is_over() || now_ms - job.over_since(now_ms) < SIMULATION_KEPT_MS);
        while self.list.iter().filter(|job| job.is_over()).count() > SIMULATIONS_KEPT_MAX {
            let oldest = self.list.iter().position(|job| job.is_over());
            oldest.and_then(|at| self.list.remove(at));
        }
    }

    /// The next to work at; nobody works when there is none.
    fn next(&mut self) -> Option<Arc<SimulationJob>> {
        let next = self.list.iter().find(|job| matches!(job.status(), SimulationStatus::Queued)).cloned();
        self.is_working = next.is_some();
        next
    }
}

/// Works at what is queued, until nothing is.
fn work(jobs: &Mutex<Jobs>, dir: &Path) {
    loop {
        let Some(job) = lock(jobs).next() else { return };
        job.run(dir);
    }
}

/// What went wrong, with its causes.
pub(super) fn in_full(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {}", in_full(cause)),
        None => error.to_string(),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
