//! One environment running: opened from its directory, driven by its writer thread, closed in order.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use arc_swap::ArcSwap;
use chargly_index::{CheckpointError, Checkpoints};
use chargly_journal::{Journal as _, SqliteJournal};
use chargly_ledger::{Catalogue, Currency, Fact, Position, Rest, Wallet};
use chargly_views::Views;
use thiserror::Error;

use crate::clock::Clock;
use crate::facts::Facts;
use crate::fold::{Fold, FoldError};
use crate::outcome::CallError;
use crate::queue::{QUEUE_BYTES_MAX, Queue};
use crate::recorder::{Entropy, SystemEntropy};
use crate::submission::Failure;
use crate::tail::{Committed, Tail};
use crate::writer::{GroupEnd, Writer};

/// Facts after which a checkpoint is handed over: what a restart folds at most, a fraction of a second's work.
const CHECKPOINT_EVERY_FACTS: u64 = 200_000;
/// How long the writer sleeps at most when nothing is asked: the grain at which idle wallets expire.
const IDLE_SLEEP: Duration = Duration::from_millis(500);
/// How often rollups are written, in milliseconds; in between they live in memory.
const VIEWS_FLUSH_EVERY_MS: i64 = 10_000;
/// How long the views' thread rests when there is nothing to fold.
const VIEWS_NAP: Duration = Duration::from_millis(100);
/// Bytes of journal folded at once at start.
const FOLD_BYTES: usize = 4 * 1024 * 1024;

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
}

impl OpenOptions {
    /// The usual: the machine's randomness, nothing accepted.
    pub fn new(clock: Arc<dyn Clock>, software: &'static str) -> Self {
        Self { clock, entropy: Box::new(SystemEntropy), accept_loss: false, accept_clock: false, software }
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
    let clock = Arc::clone(&options.clock);
    let mut writer = Writer::new(
        journal,
        chargly_ledger::State::new(),
        chargly_index::Keys::new(),
        clock.as_ref(),
        true,
        options.entropy,
    );
    let fact = Fact::EnvironmentCreated { name: name.into(), salt, currency: Currency::USD };
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

/// A running environment.
pub struct Environment {
    name: String,
    dir: PathBuf,
    queue: Arc<Queue>,
    tail: Arc<Tail>,
    catalogue: Arc<ArcSwap<Catalogue>>,
    facts: Arc<Facts>,
    views: Arc<Mutex<Views>>,
    clock: Arc<dyn Clock>,
    readiness: Arc<Mutex<Readiness>>,
    closing: Arc<AtomicBool>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Environment {
    /// Opens the environment in `dir`: checkpoint, follow to the head, append an epoch, serve.
    pub fn open(dir: &Path, options: OpenOptions) -> Result<Arc<Self>, OpenError> {
        let journal = open_journal(dir, options.accept_loss)?;
        let mut checkpoints =
            Checkpoints::open(dir).map_err(|source| OpenError::Checkpoints { dir: dir.into(), source })?;
        let fold = recover(dir, &journal, &mut checkpoints, options.accept_loss)?;
        let views = Views::open(dir).map_err(|source| OpenError::Views { dir: dir.into(), source })?;
        let views = fit_views(dir, views, journal.head().next, options.accept_loss)?;
        let OpenOptions { clock, entropy, accept_clock, software, .. } = options;
        let readers_in = dir.to_owned();
        let readers = Box::new(move || SqliteJournal::reader_in(&readers_in));
        let epoch = journal.head().epoch + 1;
        let mut writer = Writer::new(journal, fold.state, fold.keys, clock.as_ref(), accept_clock, entropy);
        let fact = Fact::EpochStarted { epoch, software: software.into() };
        recorded_own(dir, &writer.record_own(epoch, &fact, clock.as_ref()))?;

        let head = writer.head();
        let tail = Arc::new(Tail::new(Committed { epoch: head.epoch, next: Position(head.next.0) }));
        let environment = Arc::new(Self {
            name: writer.state().catalogue().environment.to_string(),
            dir: dir.to_owned(),
            queue: Arc::new(Queue::new(QUEUE_BYTES_MAX)),
            catalogue: Arc::new(ArcSwap::new(Arc::clone(writer.state().catalogue()))),
            facts: Arc::new(Facts::new(Arc::clone(&tail), readers)),
            tail,
            views: Arc::new(Mutex::new(views)),
            clock,
            readiness: Arc::new(Mutex::new(Readiness::Ready)),
            closing: Arc::default(),
            threads: Mutex::default(),
        });
        environment.start(writer, checkpoints);
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

    /// The rollups, up to their own position.
    pub fn views(&self) -> &Mutex<Views> {
        &self.views
    }

    pub(crate) fn queue(&self) -> &Queue {
        &self.queue
    }

    pub(crate) fn facts_handle(&self) -> Arc<Facts> {
        Arc::clone(&self.facts)
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
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!(environment = self.name, "a thread of the environment has panicked");
            }
            // The writer is the first: what it committed last is still folded by the views.
            self.closing.store(true, Ordering::Release);
        }
    }

    fn start(self: &Arc<Self>, writer: Writer<SqliteJournal>, checkpoints: Checkpoints) {
        let (hand_over, to_write) = sync_channel::<CheckpointData>(1);
        let environment = self.name.clone();
        let keeper =
            spawn(&self.name, "checkpoints", move || write_checkpoints(&environment, checkpoints, &to_write));
        let driver = Driver {
            writer,
            queue: Arc::clone(&self.queue),
            tail: Arc::clone(&self.tail),
            catalogue: Arc::clone(&self.catalogue),
            clock: Arc::clone(&self.clock),
            readiness: Arc::clone(&self.readiness),
            hand_over,
            checkpointed: Position(0),
            name: self.name.clone(),
        };
        let writer = spawn(&self.name, "writer", move || driver.run());
        let weak = Arc::downgrade(self);
        let views = spawn(&self.name, "views", move || keep_views(&weak));
        self.threads.lock().unwrap_or_else(PoisonError::into_inner).extend([writer, keeper, views]);
    }

    /// Folds some of what is committed into the rollups; says how much.
    fn fold_views(&self) -> Result<usize, Box<dyn std::error::Error + Send + Sync>> {
        let from = self.lock_views().next();
        let mut folded = 0;
        for chunk in self.facts.chunks_from(from)? {
            let mut views = self.lock_views();
            for entry in chunk.entries() {
                let position = Position(entry.position.0);
                if position >= views.next() {
                    let fact = Fact::decode(entry.fact)?;
                    views.fold(position, chargly_ledger::Millis(chunk.at_ms), &fact)?;
                    folded += 1;
                }
            }
        }
        Ok(folded)
    }

    fn flush_views(&self) {
        if let Err(error) = self.lock_views().flush() {
            tracing::error!(environment = self.name, %error, "the rollups cannot be written");
        }
    }

    fn lock_views(&self) -> std::sync::MutexGuard<'_, Views> {
        self.views.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The views' thread: folds what is committed, and writes it now and then.
fn keep_views(environment: &Weak<Environment>) {
    let mut flushed_ms = None;
    while let Some(environment) = environment.upgrade() {
        let closing = environment.closing.load(Ordering::Acquire);
        let folded = match environment.fold_views() {
            Ok(folded) => folded,
            Err(error) => {
                tracing::error!(environment = environment.name, %error, "the rollups cannot be folded");
                return;
            }
        };
        let now_ms = environment.clock.monotonic_ms();
        let since = *flushed_ms.get_or_insert(now_ms);
        let is_due = now_ms - since >= VIEWS_FLUSH_EVERY_MS || environment.lock_views().should_flush();
        if closing && folded == 0 || is_due {
            environment.flush_views();
            flushed_ms = Some(now_ms);
        }
        if closing && folded == 0 {
            return;
        }
        drop(environment);
        if folded == 0 {
            std::thread::sleep(VIEWS_NAP);
        }
    }
}

/// The writer's thread: takes what waits, runs groups, publishes, answers.
struct Driver {
    writer: Writer<SqliteJournal>,
    queue: Arc<Queue>,
    tail: Arc<Tail>,
    catalogue: Arc<ArcSwap<Catalogue>>,
    clock: Arc<dyn Clock>,
    readiness: Arc<Mutex<Readiness>>,
    hand_over: SyncSender<CheckpointData>,
    checkpointed: Position,
    name: String,
}

impl Driver {
    fn run(mut self) {
        self.checkpointed = Position(self.writer.head().next.0);
        loop {
            let idle = self.writer.pending().is_empty();
            let is_open = self.queue.take(self.writer.pending(), idle.then_some(IDLE_SLEEP));
            if !is_open && self.writer.pending().is_empty() {
                break;
            }
            if self.writer.pending().is_empty() && !self.writer.has_due(self.clock.as_ref()) {
                continue;
            }
            match self.writer.run_group(self.clock.as_ref()) {
                GroupEnd::Nothing => {}
                GroupEnd::Committed(chunks) => {
                    self.publish(chunks);
                    chargly_journal::crash_point("engine.after_flush_before_answer");
                    self.writer.answer_finished();
                    self.set_readiness(Readiness::Ready);
                    self.checkpoint_if_due();
                }
                GroupEnd::Undone(Failure::StorageFull) => self.set_readiness(Readiness::StorageFull),
                GroupEnd::Undone(_) => {}
                GroupEnd::Stopped(why) => {
                    tracing::error!(environment = self.name, why, "the writer has stopped for good");
                    self.set_readiness(Readiness::Stopped(why));
                    self.queue.close();
                    self.queue.take(self.writer.pending(), None);
                    self.writer.fail_all(Failure::Stopped);
                    return;
                }
            }
        }
        self.checkpoint(true);
    }

    fn publish(&mut self, chunks: Vec<Arc<chargly_journal::Chunk>>) {
        let head = self.writer.head();
        metrics::counter!("chargly_groups_total", "environment" => self.name.clone()).increment(1);
        metrics::counter!("chargly_facts_total", "environment" => self.name.clone())
            .increment(chunks.iter().map(|chunk| chunk.len() as u64).sum());
        let committed = Committed { epoch: head.epoch, next: Position(head.next.0) };
        if !Arc::ptr_eq(&self.catalogue.load(), self.writer.state().catalogue()) {
            self.catalogue.store(Arc::clone(self.writer.state().catalogue()));
        }
        self.tail.publish(chunks, committed);
    }

    fn set_readiness(&self, readiness: Readiness) {
        let mut known = self.readiness.lock().unwrap_or_else(PoisonError::into_inner);
        if *known != readiness {
            *known = readiness;
        }
    }

    fn checkpoint_if_due(&mut self) {
        if self.writer.head().next.0 - self.checkpointed.0 >= CHECKPOINT_EVERY_FACTS {
            self.checkpoint(false);
        }
    }

    /// Hands copies of what changed to the thread that writes them. Waits for it only at the end.
    fn checkpoint(&mut self, wait: bool) {
        let head = self.writer.head();
        let state = self.writer.state_mut();
        let dirty = state.take_dirty();
        let data = CheckpointData {
            next: Position(head.next.0),
            hash: head.hash.0,
            rest: state.rest(),
            wallets: dirty.iter().filter_map(|no| state.wallet(*no).cloned()).collect(),
            wallet_count: state.wallet_count(),
        };
        self.checkpointed = data.next;
        let sent =
            if wait { self.hand_over.send(data).is_ok() } else { self.hand_over.try_send(data).is_ok() };
        if !sent {
            // The last one is still being written: these wallets go with the next.
            self.writer.state_mut().mark_dirty(&dirty);
        }
    }
}

struct CheckpointData {
    next: Position,
    hash: [u8; 32],
    rest: Rest,
    wallets: Vec<Wallet>,
    wallet_count: usize,
}

fn write_checkpoints(environment: &str, mut checkpoints: Checkpoints, to_write: &Receiver<CheckpointData>) {
    let mut is_broken = false;
    while let Ok(data) = to_write.recv() {
        if is_broken {
            continue;
        }
        chargly_journal::crash_point("engine.mid_checkpoint");
        let CheckpointData { next, hash, rest, wallets, wallet_count } = data;
        if let Err(error) = checkpoints.write(next, &hash, &rest, &wallets, wallet_count) {
            // Wallets of this one are now missing from the database, so no later one may stand on it.
            tracing::error!(environment, %error, "a checkpoint could not be written; restarts fold from the start");
            is_broken = true;
            let _ = checkpoints.clear();
        }
    }
}

fn spawn(environment: &str, what: &str, body: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
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

/// Folds the journal to its head, from the checkpoint where there is a good one.
fn recover(
    dir: &Path,
    journal: &SqliteJournal,
    checkpoints: &mut Checkpoints,
    accept_loss: bool,
) -> Result<Fold, OpenError> {
    let head = Position(journal.head().next.0);
    let mut reader = journal.reader();
    let read = |source| OpenError::Read { dir: dir.into(), source };
    let mut fold = match checkpoints.read() {
        Ok(Some(found)) if found.next > head => {
            if !accept_loss {
                return Err(OpenError::Ahead {
                    dir: dir.into(),
                    what: "checkpoint",
                    found: found.next,
                    head,
                });
            }
            Fold::from_start()
        }
        Ok(Some(found)) => {
            let before = chargly_journal::Position(found.next.0.saturating_sub(1));
            let chunk = reader.chunk_at(before).map_err(read)?;
            if chunk.is_some_and(|chunk| chunk.hash.0 == found.hash) {
                Fold::from_state(found.state, found.next)
            } else {
                tracing::warn!(dir = %dir.display(), "the checkpoint is of another past; folding from the start");
                Fold::from_start()
            }
        }
        Ok(None) => Fold::from_start(),
        Err(error) => {
            tracing::warn!(dir = %dir.display(), %error, "the checkpoint cannot be used; folding from the start");
            Fold::from_start()
        }
    };
    if fold.next == Position(0) {
        // Every wallet folded from the start counts as changed, so the next checkpoint holds them all.
        checkpoints.clear().map_err(|source| OpenError::Checkpoints { dir: dir.into(), source })?;
    }
    let mut from = chargly_journal::Position(0);
    loop {
        let chunks = reader.chunks_from(from, FOLD_BYTES).map_err(read)?;
        let Some(last) = chunks.last() else { break };
        from = last.end();
        for chunk in &chunks {
            fold.fold(chunk, |_| {}).map_err(|source| OpenError::Fold { dir: dir.into(), source })?;
        }
    }
    if fold.next != head {
        return Err(OpenError::Ahead { dir: dir.into(), what: "head", found: head, head: fold.next });
    }
    Ok(fold)
}

/// Rollups ahead of the journal are of a future that was lost.
fn fit_views(
    dir: &Path,
    views: Views,
    head: chargly_journal::Position,
    accept_loss: bool,
) -> Result<Views, OpenError> {
    let head = Position(head.0);
    if views.next() <= head {
        return Ok(views);
    }
    if !accept_loss {
        return Err(OpenError::Ahead { dir: dir.into(), what: "rollups", found: views.next(), head });
    }
    drop(views);
    let fail = |source| OpenError::Views { dir: dir.into(), source };
    remove_views(dir).map_err(|source| OpenError::Directory { dir: dir.into(), source })?;
    Views::open(dir).map_err(fail)
}

fn remove_views(dir: &Path) -> std::io::Result<()> {
    for name in ["views.db", "views.db-wal", "views.db-shm"] {
        match std::fs::remove_file(dir.join(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}
