//! Looking for advice, beside live traffic: on a thread of its own, one look at a time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chargly_advisor::Advice;
use chargly_ledger::{EntryId, Millis, Position};
use compact_str::{CompactString, format_compact};

use super::run::LookError;
use super::tries::Pace;
use crate::environment::Environment;
use crate::usecases::past::{PastError, Watch};
use crate::usecases::simulate_prices::in_full;

/// How long a look rests after each few milliseconds of work: a request that waits for the core gets it.
const REST: Duration = Duration::from_micros(500);

/// What a look is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LookRequest {
    /// Which random numbers.
    pub seed: u64,
    /// Whether nothing is recorded of it.
    pub is_dry: bool,
}

/// A look that was asked for.
#[derive(Debug)]
pub struct LookJob {
    /// Its name.
    pub id: CompactString,
    /// What was asked for by whoever asked first.
    pub request: LookRequest,
    /// When it was asked for, in milliseconds since 1970.
    pub asked_at_ms: i64,
    /// How far it is.
    pub watch: Watch,
    status: Mutex<LookStatus>,
}

/// Where a look stands.
#[derive(Clone, Debug)]
pub enum LookStatus {
    /// Its thread has not begun.
    Queued,
    /// It is at work.
    Running,
    /// It has a result.
    Done(Arc<Looked>),
    /// Somebody stopped it.
    Cancelled,
    /// It could not be finished.
    Failed(String),
}

/// What came of a look.
#[derive(Clone, Debug)]
pub struct Looked {
    /// Only facts below this position were seen.
    pub cut_off: Position,
    /// When the last of them was recorded: what counted as now.
    pub as_of: Millis,
    /// What is recommended, tried on the past where there is a proposal, and what is watched.
    pub advice: Advice,
    /// The recommendations that were recorded; none by a dry look.
    pub made: Vec<EntryId>,
    /// Earlier recommendations that were graded.
    pub graded: u32,
    /// Meter events that the figures were made of.
    pub events: u64,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

impl LookJob {
    /// Where it stands.
    pub fn status(&self) -> LookStatus {
        lock(&self.status).clone()
    }

    fn is_over(&self) -> bool {
        !matches!(*lock(&self.status), LookStatus::Queued | LookStatus::Running)
    }

    fn set(&self, status: LookStatus) {
        *lock(&self.status) = status;
    }

    fn run(&self, environment: &Arc<Environment>) {
        self.set(LookStatus::Running);
        let breathe = || std::thread::sleep(REST);
        let pace = Pace { watch: &self.watch, breathe: &breathe };
        self.set(match environment.look(self.request, pace) {
            Ok(looked) => LookStatus::Done(Arc::new(looked)),
            Err(LookError::Past(PastError::Cancelled)) => LookStatus::Cancelled,
            Err(error) => {
                let why = in_full(&error);
                tracing::error!(id = %self.id, why, "a look for advice has failed");
                LookStatus::Failed(why)
            }
        });
    }
}

/// The looks of one environment: the last one, which may still be at work.
#[derive(Debug, Default)]
pub(crate) struct Looks(Mutex<Asked>);

#[derive(Debug, Default)]
struct Asked {
    last: Option<Arc<LookJob>>,
    count: u64,
    is_closed: bool,
}

impl Looks {
    /// Stops the one at work, and takes up none from here on.
    pub(crate) fn close(&self) {
        let mut asked = lock(&self.0);
        asked.is_closed = true;
        if let Some(job) = &asked.last {
            job.watch.cancel();
        }
    }
}

impl Environment {
    /// Looks for advice. Whoever asks while a look is at work gets that one, whatever was asked for: two would only
    /// read the same journal twice.
    pub fn look_for_advice(self: &Arc<Self>, request: LookRequest) -> Arc<LookJob> {
        let now_ms = self.wall_ms();
        let mut asked = lock(&self.looks().0);
        if let Some(running) = asked.last.as_ref().filter(|job| !job.is_over()) {
            return Arc::clone(running);
        }
        asked.count += 1;
        let job = Arc::new(LookJob {
            // Told apart from those before a restart by the time.
            id: format_compact!("look_{now_ms:x}{:04x}", asked.count & 0xffff),
            request,
            asked_at_ms: now_ms,
            watch: Watch::default(),
            status: Mutex::new(LookStatus::Queued),
        });
        if asked.is_closed {
            job.set(LookStatus::Cancelled);
            return job;
        }
        asked.last = Some(Arc::clone(&job));
        let (environment, own) = (Arc::clone(self), Arc::clone(&job));
        let thread = std::thread::Builder::new().name(format!("{}-advice", self.name()));
        if let Err(error) = thread.spawn(move || own.run(&environment)) {
            job.set(LookStatus::Failed(format!("no thread could be started: {error}")));
        }
        job
    }

    /// The last look since the process began.
    pub fn advice_look(&self) -> Option<Arc<LookJob>> {
        lock(&self.looks().0).last.clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
