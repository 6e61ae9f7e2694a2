//! One environment running: opened from its directory, driven by its writer thread, closed in order.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use arc_swap::ArcSwap;
use chargly_index::{CheckpointError, Checkpoints, RunError, RunLength};
use chargly_journal::{Journal as _, SqliteJournal};
use chargly_ledger::{Catalogue, Currency, Fact, Position};
use chargly_views::Views;
use thiserror::Error;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::derive::derive;
use crate::driver::{Driver, Keeper, Meters};
use crate::erasures::carry_out_pending;
use crate::facts::Facts;
use crate::fold::{Fold, FoldError};
use crate::lookup::Lookup;
use crate::outcome::CallError;
use crate::payments::Payments;
use crate::queue::{QUEUE_BYTES_MAX, Queue};
use crate::recorder::{Entropy, SystemEntropy};
use crate::recover::{fit_views, recover};
use crate::reserve::Reserve;
use crate::submission::Failure;
use crate::tail::{Committed, Tail};
use crate::usecases::figures::{BurnDownCache, DeferredCache, MarginRangesCache};
use crate::usecases::{Looks, RunningCorrections, Simulations};
use crate::writer::{GroupEnd, Writer};

/// The name of the environment to play in: in no total, told of to nobody, and nothing that a project would miss.
pub const PLAYGROUND: &str = "playground";

/// How to open an environment.
pub struct OpenOptions {
    /// Where time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where randomness comes from.
    pub entropy: Box<dyn Entropy>,
    /// Go on although the head witness knows of frames that are gone.
    pub accept_loss: bool,
    /// Believe the wall clock although it is far ahead of the last frame.
    pub accept_clock: bool,
    /// The version of the software, for the epoch's fact.
    pub software: &'static str,
    /// What a new environment counts money in; one that is there keeps its own.
    pub currency: Currency,
    /// Facts of one sealed run. Only tests have them shorter; a directory keeps the length it began with.
    pub run_length: RunLength,
    /// Facts after which a checkpoint is written.
    pub checkpoint_every_facts: u64,
}

/// What a restart folds at most, a third of a second's work. More often costs bytes: each checkpoint writes every
/// wallet that changed.
const CHECKPOINT_EVERY_FACTS: u64 = 500_000;

impl OpenOptions {
    /// The usual: the machine's randomness, nothing accepted.
    pub fn new(clock: Arc<dyn Clock>, software: &'static str) -> Self {
        Self {
            clock,
            entropy: Box::new(SystemEntropy),
            accept_loss: false,
            accept_clock: false,
            software,
            currency: Currency::USD,
            run_length: RunLength::FULL,
            checkpoint_every_facts: CHECKPOINT_EVERY_FACTS,
        }
    }
}

/// Why an environment could not be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Its journal could not.
    #[error("the journal in {dir} cannot be opened")]
    Journal {
        /// Which directory.
        dir: PathBuf,
        /// Why.
        source: chargly_journal::OpenError,
    },
    /// Its journal could not be read to the end.
    #[error("the journal in {dir} cannot be read")]
    Read {
        /// Which directory.
        dir: PathBuf,
        /// Why.
        source: chargly_journal::ReadError,
    },
    /// A fact could not be folded.
    #[error("the journal in {dir} cannot be folded")]
    Fold {
        /// Which directory.
        dir: PathBuf,
        /// Why.
        source: FoldError,
    },
    /// The checkpoint database could not be opened.
    #[error("the index in {dir} cannot be opened")]
    Checkpoints {
        /// Which directory.
        dir: PathBuf,
        /// Why.
        source: CheckpointError,
    },
    /// The sealed runs could not be opened or made.
    #[error("the runs in {dir} cannot be opened; `chargly rebuild` makes them anew")]
    Runs {
        /// Which directory.
        dir: PathBuf,
        /// Why.
        source: RunError,
    },
    /// The views could not be opened.
    #[error("the views in {dir} cannot be opened; `chargly rebuild` makes them anew")]
    Views {
        /// Which directory.
        dir: PathBuf,
        /// Why.
        source: chargly_views::ViewError,
    },
    /// Something derived is ahead of the journal.
    #[error(
        "in {dir} the {what} stands at position {found}, ahead of the journal at {head}: the journal has lost its \
         newest facts. Restore a backup, or start with --accept-loss to go on without them"
    )]
    Ahead {
        /// Which directory.
        dir: PathBuf,
        /// What is ahead.
        what: &'static str,
        /// Where it stands.
        found: Position,
        /// Where the journal ends.
        head: Position,
    },
    /// The first own fact could not be recorded.
    #[error("the journal in {dir} cannot be written: {why}")]
    Write {
        /// Which directory.
        dir: PathBuf,
        /// Why.
        why: String,
    },
    /// The directory could not be made.
    #[error("{dir} cannot be made")]
    Directory {
        /// Which directory.
        dir: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Begins an environment's journal: its first fact names it and gives its keys their salt.
pub fn create(dir: &Path, name: &str, salt: [u8; 32], options: OpenOptions) -> Result<(), OpenError> {
    std::fs::create_dir_all(dir).map_err(|source| OpenError::Directory { dir: dir.into(), source })?;
    let journal = open_journal(dir, false)?;
    let (clock, currency) = (Arc::clone(&options.clock), options.currency);
    let mut writer = Writer::new(journal, Fold::from_start().into(), clock.as_ref(), true, options.entropy);
    let fact = Fact::EnvironmentCreated { name: name.into(), salt, currency };
    recorded_own(dir, &writer.record_own(1, &fact, clock.as_ref()))
}

/// Whether an environment can take money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// Yes.
    Ready,
    /// The disk was full at the last try; reads are served, and it recovers by itself.
    StorageFull,
    /// The writer has stopped for good; reads are served.
    Stopped(&'static str),
}

/// Why something in the background cannot go on.
pub(crate) type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// A running environment.
pub struct Environment {
    name: String,
    dir: PathBuf,
    queue: Arc<Queue>,
    tail: Arc<Tail>,
    catalogue: Arc<ArcSwap<Catalogue>>,
    facts: Arc<Facts>,
    lookup: Arc<Lookup>,
    views: ArcSwap<Views>,
    clock: Arc<dyn Clock>,
    readiness: Arc<Mutex<Readiness>>,
    closing: Arc<AtomicBool>,
    /// Held while a customer is being erased.
    erasing: tokio::sync::Mutex<()>,
    /// Where the checkpoint stands that was written last.
    checkpointed: watch::Receiver<Position>,
    deferred: DeferredCache,
    margin_ranges: MarginRangesCache,
    burn_down: BurnDownCache,
    threads: Mutex<Vec<JoinHandle<()>>>,
    simulations: Simulations,
    looks: Looks,
    corrections: RunningCorrections,
    payments: Payments,
}

impl Environment {
    /// Opens the environment in `dir`: checkpoint, follow to the head, append an epoch, serve.
    pub fn open(dir: &Path, options: OpenOptions) -> Result<Arc<Self>, OpenError> {
        let journal = open_journal(dir, options.accept_loss)?;
        let mut checkpoints =
            Checkpoints::open(dir).map_err(|source| OpenError::Checkpoints { dir: dir.into(), source })?;
        let (folded, lookup) =
            recover(dir, &journal, &mut checkpoints, options.run_length, options.accept_loss)?;
        let views = Views::open(dir).map_err(|source| OpenError::Views { dir: dir.into(), source })?;
        let views = fit_views(dir, views, journal.head().next, options.accept_loss)?;
        let OpenOptions { clock, entropy, accept_clock, software, checkpoint_every_facts, .. } = options;
        let readers_in = dir.to_owned();
        let readers = Box::new(move || SqliteJournal::reader_in(&readers_in));
        let epoch = journal.next_epoch();
        let standing = folded.evicted_to;
        let mut writer = Writer::new(journal, folded, clock.as_ref(), accept_clock, entropy);
        let fact = Fact::EpochStarted { epoch, software: software.into() };
        recorded_own(dir, &writer.record_own(epoch, &fact, clock.as_ref()))?;
        let standing = carry_out_pending(&mut writer, &lookup, &mut checkpoints)
            .map_err(|error| OpenError::Write { dir: dir.into(), why: error.to_string() })?
            .unwrap_or(standing);
        let (to_tell, checkpointed) = watch::channel(standing);

        let head = writer.head();
        let tail = Arc::new(Tail::new(Committed { epoch: head.epoch, next: Position(head.next.0) }));
        let environment = Arc::new(Self {
            name: writer.state().catalogue().environment.to_string(),
            dir: dir.to_owned(),
            queue: Arc::new(Queue::new(QUEUE_BYTES_MAX)),
            catalogue: Arc::new(ArcSwap::new(Arc::clone(writer.state().catalogue()))),
            facts: Arc::new(Facts::new(Arc::clone(&tail), readers)),
            lookup: Arc::new(lookup),
            tail,
            views: ArcSwap::from_pointee(views),
            clock,
            readiness: Arc::new(Mutex::new(Readiness::Ready)),
            closing: Arc::default(),
            erasing: tokio::sync::Mutex::default(),
            checkpointed,
            deferred: DeferredCache::default(),
            margin_ranges: MarginRangesCache::default(),
            burn_down: BurnDownCache::default(),
            threads: Mutex::default(),
            simulations: Simulations::default(),
            looks: Looks::default(),
            corrections: RunningCorrections::default(),
            payments: Payments::default(),
        });
        environment.start(writer, (checkpoints, to_tell), (standing, checkpoint_every_facts));
        Ok(environment)
    }

    /// `test`, `live` or `playground`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Event types, prices and keys, never behind an answer that was given.
    pub fn catalogue(&self) -> Arc<Catalogue> {
        self.catalogue.load_full()
    }

    /// The live tail.
    pub fn tail(&self) -> &Tail {
        &self.tail
    }

    /// The journal's facts.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Whether it can take money.
    pub fn readiness(&self) -> Readiness {
        self.readiness.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Bytes waiting for the writer.
    pub fn queued_bytes(&self) -> usize {
        self.queue.bytes()
    }

    /// The wall clock, for what is not recorded.
    pub fn wall_ms(&self) -> i64 {
        self.clock.wall_ms()
    }

    /// The rollups, up to their own position. Others take their place when they have been folded anew.
    pub fn views(&self) -> Arc<Views> {
        self.views.load_full()
    }

    /// Puts rollups that were folded anew in the place of the old ones.
    pub(crate) fn replace_views(&self, views: Views) {
        self.views.store(Arc::new(views));
    }

    pub(crate) fn lookup(&self) -> &Lookup {
        &self.lookup
    }

    pub(crate) fn lookup_handle(&self) -> Arc<Lookup> {
        Arc::clone(&self.lookup)
    }

    pub(crate) fn simulations(&self) -> &Simulations {
        &self.simulations
    }

    pub(crate) fn looks(&self) -> &Looks {
        &self.looks
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }

    pub(crate) fn closing(&self) -> &AtomicBool {
        &self.closing
    }

    pub(crate) fn queue(&self) -> &Queue {
        &self.queue
    }

    pub(crate) fn facts_handle(&self) -> Arc<Facts> {
        Arc::clone(&self.facts)
    }

    pub(crate) fn queue_handle(&self) -> Arc<Queue> {
        Arc::clone(&self.queue)
    }

    pub(crate) fn running_corrections(&self) -> &RunningCorrections {
        &self.corrections
    }

    pub(crate) fn payments(&self) -> &Payments {
        &self.payments
    }

    pub(crate) fn erasing(&self) -> &tokio::sync::Mutex<()> {
        &self.erasing
    }

    pub(crate) fn burn_down_cache(&self) -> &BurnDownCache {
        &self.burn_down
    }

    pub(crate) fn margin_ranges_cache(&self) -> &MarginRangesCache {
        &self.margin_ranges
    }

    pub(crate) fn deferred_cache(&self) -> &DeferredCache {
        &self.deferred
    }

    pub(crate) fn checkpointed(&self) -> watch::Receiver<Position> {
        self.checkpointed.clone()
    }

    pub(crate) fn tail_handle(&self) -> Arc<Tail> {
        Arc::clone(&self.tail)
    }

    /// Runs `work` where waiting for the disk holds nobody up.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, CallError> + Send + 'static,
    ) -> Result<T, CallError> {
        tokio::task::spawn_blocking(work).await.unwrap_or(Err(CallError::Failed(Failure::Stopped)))
    }

    /// Stops taking calls, answers those that wait, writes a checkpoint and the rollups. Blocks until it is done.
    pub fn close(&self) {
        self.queue.close();
        self.simulations.close();
        self.looks.close();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!(environment = self.name, "a thread of the environment has panicked");
            }
            // The writer is the first: what it committed last is still folded by the views.
            self.closing.store(true, Ordering::Release);
        }
    }

    fn start(
        self: &Arc<Self>,
        writer: Writer<SqliteJournal>,
        (checkpoints, to_tell): (Checkpoints, watch::Sender<Position>),
        (checkpointed, checkpoint_every_facts): (Position, u64),
    ) {
        let (keeper, handle) = Keeper::new(&self.name, checkpoints, to_tell);
        let driver = Driver {
            writer,
            queue: Arc::clone(&self.queue),
            tail: Arc::clone(&self.tail),
            lookup: Arc::clone(&self.lookup),
            catalogue: Arc::clone(&self.catalogue),
            clock: Arc::clone(&self.clock),
            readiness: Arc::clone(&self.readiness),
            reserve: Reserve::keep_in(&self.dir),
            looked_for_room_ms: 0,
            clock_was_suspect: false,
            keeper: handle,
            checkpointed,
            checkpoint_every_facts,
            is_checkpointing: false,
            meters: Meters::of(&self.name),
            name: self.name.clone(),
        };
        let weak = Arc::downgrade(self);
        let threads = [
            spawn(&self.name, "writer", move || driver.run()),
            spawn(&self.name, "checkpoints", move || keeper.run()),
            spawn(&self.name, "derive", move || derive(&weak)),
        ];
        self.threads.lock().unwrap_or_else(PoisonError::into_inner).extend(threads);
    }
}

pub(crate) fn spawn<T: Send + 'static>(
    environment: &str,
    what: &str,
    body: impl FnOnce() -> T + Send + 'static,
) -> JoinHandle<T> {
    std::thread::Builder::new()
        .name(format!("{environment}-{what}"))
        .spawn(body)
        .unwrap_or_else(|error| panic!("a thread can be started: {error}"))
}

fn open_journal(dir: &Path, accept_loss: bool) -> Result<SqliteJournal, OpenError> {
    let fail = |source| OpenError::Journal { dir: dir.into(), source };
    if !accept_loss {
        return SqliteJournal::open(dir).map_err(fail);
    }
    let (journal, loss) = SqliteJournal::open_accepting_loss(dir).map_err(fail)?;
    if let Some(loss) = loss {
        let seen = loss.witness.map(|head| head.next.0);
        tracing::warn!(dir = %dir.display(), seen, found = loss.found.next.0, "going on although facts were lost");
    }
    Ok(journal)
}

fn recorded_own(dir: &Path, end: &GroupEnd) -> Result<(), OpenError> {
    let why = match end {
        GroupEnd::Committed(_) => return Ok(()),
        GroupEnd::Nothing => "nothing was recorded".to_owned(),
        GroupEnd::Undone(failure) => failure.to_string(),
        GroupEnd::Stopped(why) => (*why).to_owned(),
    };
    Err(OpenError::Write { dir: dir.into(), why })
}
