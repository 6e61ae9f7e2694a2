//! The writer's thread: takes what waits, runs groups, publishes, answers, and hands checkpoints over.

use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use chargly_index::{Checkpoints, Delta};
use chargly_journal::{Chunk, SqliteJournal};
use chargly_ledger::{Catalogue, Cold, Position, WalletNo};
use tokio::sync::watch;

use crate::clock::Clock;
use crate::environment::Readiness;
use crate::lookup::Lookup;
use crate::queue::Queue;
use crate::reserve::Reserve;
use crate::submission::Failure;
use crate::tail::{Committed, Tail};
use crate::writer::{GroupEnd, Writer};

/// How long the writer sleeps at most when nothing is asked: the grain at which idle wallets expire.
const IDLE_SLEEP: Duration = Duration::from_millis(500);
/// How often a full disk is looked at for room, in milliseconds.
const LOOK_FOR_ROOM_EVERY_MS: i64 = 500;

pub(crate) struct Driver {
    pub(crate) writer: Writer<SqliteJournal>,
    pub(crate) queue: Arc<Queue>,
    pub(crate) tail: Arc<Tail>,
    pub(crate) lookup: Arc<Lookup>,
    pub(crate) catalogue: Arc<ArcSwap<Catalogue>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) readiness: Arc<Mutex<Readiness>>,
    pub(crate) keeper: KeeperHandle,
    pub(crate) reserve: Reserve,
    /// Where the journal stood when the last checkpoint was handed over.
    pub(crate) checkpointed: Position,
    pub(crate) checkpoint_every_facts: u64,
    /// When room was looked for last, by the monotonic clock.
    pub(crate) looked_for_room_ms: i64,
    /// Whether one is handed over of which nothing was heard yet.
    pub(crate) is_checkpointing: bool,
    /// Whether the wall clock was not believed when it was last looked at.
    pub(crate) clock_was_suspect: bool,
    pub(crate) meters: Meters,
    pub(crate) name: String,
}

/// Handles of the writer's metrics, looked up once.
pub(crate) struct Meters {
    groups: metrics::Counter,
    facts: metrics::Counter,
    clock_is_suspect: metrics::Gauge,
}

impl Meters {
    pub(crate) fn of(environment: &str) -> Self {
        let environment = environment.to_owned();
        Self {
            groups: metrics::counter!("chargly_groups_total", "environment" => environment.clone()),
            facts: metrics::counter!("chargly_facts_total", "environment" => environment.clone()),
            clock_is_suspect: metrics::gauge!("chargly_clock_is_suspect", "environment" => environment),
        }
    }
}

impl Driver {
    pub(crate) fn run(mut self) {
        if !self.reserve.is_kept() {
            self.set_readiness(Readiness::StorageFull);
        }
        loop {
            let idle = self.writer.pending().is_empty();
            self.queue.release(self.writer.take_answered());
            let is_open = self.queue.take(self.writer.pending(), idle.then_some(IDLE_SLEEP));
            self.take_up_checkpoints();
            self.look_for_room();
            self.checkpoint_for_erasures();
            self.note_clock();
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
                    self.checkpoint_if_due();
                    self.checkpoint_for_erasures();
                }
                GroupEnd::Undone(Failure::StorageFull) => {
                    tracing::error!(
                        environment = self.name,
                        "the disk is full: new spending is refused until there is room"
                    );
                    self.reserve.give_up();
                    self.set_readiness(Readiness::StorageFull);
                }
                GroupEnd::Undone(_) => {}
                GroupEnd::Stopped(why) => {
                    tracing::error!(environment = self.name, why, "the writer has stopped for good");
                    self.set_readiness(Readiness::Stopped(why));
                    return self.serve_reads();
                }
            }
        }
        self.last_checkpoint();
    }

    /// On a full disk only what ends what was begun is taken up, in the room of the reserve, until there is room for
    /// the reserve again.
    fn look_for_room(&mut self) {
        if self.reserve.is_kept() {
            return;
        }
        let now_ms = self.clock.monotonic_ms();
        if now_ms - self.looked_for_room_ms >= LOOK_FOR_ROOM_EVERY_MS {
            self.looked_for_room_ms = now_ms;
            if self.reserve.keep() {
                tracing::info!(environment = self.name, "the disk has room again");
                return self.set_readiness(Readiness::Ready);
            }
        }
        self.writer.refuse_unless_urgent(Failure::StorageFull);
    }

    /// Nothing is written any more; what only asks is still answered.
    fn serve_reads(mut self) {
        self.queue.refuse_writes();
        loop {
            let is_open = self.queue.take(self.writer.pending(), Some(IDLE_SLEEP));
            self.writer.answer_reads_only(self.clock.as_ref());
            self.queue.release(self.writer.take_answered());
            if !is_open {
                return;
            }
        }
    }

    fn publish(&mut self, chunks: Vec<Arc<Chunk>>) {
        let head = self.writer.head();
        self.meters.groups.increment(1);
        self.meters.facts.increment(chunks.iter().map(|chunk| chunk.len() as u64).sum());
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
        let facts = self.writer.head().next.0 - self.checkpointed.0;
        if facts >= self.checkpoint_every_facts && !self.is_checkpointing {
            self.checkpoint();
            // Keys of runs sealed meanwhile: whoever was on the way with an older search has arrived by now.
            self.writer.forget_keys_below(self.lookup.runs().sealed_to());
        }
    }

    /// Says so when the wall clock is not believed any more, or again.
    fn note_clock(&mut self) {
        let is_suspect = self.writer.clock_is_suspect();
        if is_suspect == self.clock_was_suspect {
            return;
        }
        self.clock_was_suspect = is_suspect;
        self.meters.clock_is_suspect.set(u8::from(is_suspect));
        if is_suspect {
            tracing::warn!(
                environment = self.name,
                "the wall clock has jumped ahead and is not believed: expiries wait for it to return, or for a start \
                 with --accept-clock"
            );
        } else {
            tracing::info!(environment = self.name, "the wall clock is believed again");
        }
    }

    /// An erased customer's id leaves the checkpoint before the erasure is answered.
    fn checkpoint_for_erasures(&mut self) {
        if !self.is_checkpointing && self.writer.needs_checkpoint() {
            self.checkpoint();
        }
    }

    /// Hands copies of what changed to the thread that writes them. Never while another is on its way: what that one
    /// could not write would be missing from this one.
    fn checkpoint(&mut self) {
        debug_assert!(!self.is_checkpointing, "one after the other");
        let delta = self.writer.checkpoint();
        self.checkpointed = delta.next;
        match self.keeper.to_write.send(delta) {
            Ok(()) => self.is_checkpointing = true,
            // Nobody writes any more: a restart folds from the last one.
            Err(refused) => self.take_up(Written::failed(&refused.0)),
        }
    }

    /// The last checkpoint, once the one before it is known to be written or not.
    fn last_checkpoint(&mut self) {
        while self.is_checkpointing {
            match self.keeper.written.recv() {
                Ok(written) => self.take_up(written),
                Err(_) => return,
            }
        }
        self.checkpoint();
    }

    /// What a written checkpoint holds may leave memory; what one failed to hold goes with the next.
    fn take_up_checkpoints(&mut self) {
        while let Ok(written) = self.keeper.written.try_recv() {
            self.take_up(written);
        }
    }

    fn take_up(&mut self, written: Written) {
        self.is_checkpointing = false;
        match written {
            Written::Done { next, cold } => self.writer.evict(next, &cold),
            Written::Failed { wallets, cold } => self.writer.checkpoint_failed(&wallets, &cold),
        }
    }
}

/// What became of a checkpoint that was handed over.
enum Written {
    Done { next: Position, cold: Vec<Cold> },
    Failed { wallets: Vec<WalletNo>, cold: Vec<Cold> },
}

impl Written {
    fn failed(delta: &Delta) -> Self {
        let wallets = delta.wallets.iter().map(|wallet| wallet.number).collect();
        Self::Failed { wallets, cold: delta.cold.clone() }
    }
}

/// The writer's end of the thread that writes checkpoints.
pub(crate) struct KeeperHandle {
    to_write: SyncSender<Delta>,
    written: Receiver<Written>,
}

/// The thread that writes checkpoints, one at a time.
pub(crate) struct Keeper {
    environment: String,
    checkpoints: Checkpoints,
    to_write: Receiver<Delta>,
    written: Sender<Written>,
    /// The position of the checkpoint that was written last, for who waits for it.
    checkpointed: watch::Sender<Position>,
}

impl Keeper {
    pub(crate) fn new(
        environment: &str,
        checkpoints: Checkpoints,
        checkpointed: watch::Sender<Position>,
    ) -> (Self, KeeperHandle) {
        let (to_write, deltas) = sync_channel(1);
        let (written, done) = channel();
        let environment = environment.to_owned();
        let keeper = Self { environment, checkpoints, to_write: deltas, written, checkpointed };
        (keeper, KeeperHandle { to_write, written: done })
    }

    pub(crate) fn run(mut self) {
        while let Ok(delta) = self.to_write.recv() {
            chargly_journal::crash_point("engine.mid_checkpoint");
            let written = match self.checkpoints.write(&delta) {
                Ok(()) => {
                    self.checkpointed.send_replace(delta.next);
                    Written::Done { next: delta.next, cold: delta.cold }
                }
                Err(error) => {
                    // The last one still stands, in one piece.
                    tracing::error!(environment = self.environment, %error, "a checkpoint could not be written");
                    Written::failed(&delta)
                }
            };
            // The writer has gone: nobody keeps anything in memory any more.
            let _ = self.written.send(written);
        }
    }
}
