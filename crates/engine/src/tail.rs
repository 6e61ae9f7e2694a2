//! The live tail: committed frames, newest in memory, for whoever follows. Readers that fall behind the ring read
//! the journal itself; they never slow the writer.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chargly_journal::Chunk;
use chargly_ledger::Position;
use tokio::sync::watch;

/// Bytes of committed chunks kept in memory for readers: some fifty thousand events.
pub const RING_BYTES_MAX: usize = 8 * 1024 * 1024;

/// How far the journal is committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The epoch of the newest frame.
    pub epoch: u32,
    /// The position that the next fact will get.
    pub next: Position,
}

/// The ring of committed chunks and the position up to which everything is committed.
pub struct Tail {
    ring: Mutex<Ring>,
    committed: watch::Sender<Committed>,
}

#[derive(Default)]
struct Ring {
    chunks: VecDeque<Arc<Chunk>>,
    bytes: usize,
}

impl Tail {
    pub(crate) fn new(committed: Committed) -> Self {
        Self { ring: Mutex::default(), committed: watch::Sender::new(committed) }
    }

    /// Adds the chunks of a committed frame.
    pub(crate) fn publish(&self, chunks: Vec<Arc<Chunk>>, committed: Committed) {
        let mut ring = self.lock();
        for chunk in chunks {
            ring.bytes += chunk.bytes();
            ring.chunks.push_back(chunk);
        }
        while ring.bytes > RING_BYTES_MAX && ring.chunks.len() > 1 {
            if let Some(old) = ring.chunks.pop_front() {
                ring.bytes -= old.bytes();
            }
        }
        drop(ring);
        self.committed.send_replace(committed);
    }

    /// Lets go of the chunks that hold any of these positions, in ascending order: their payloads are erased, and who
    /// asks for them reads the journal again.
    pub(crate) fn forget(&self, positions: &[Position]) {
        let mut ring = self.lock();
        let Ring { chunks, bytes } = &mut *ring;
        chunks.retain(|chunk| {
            let from = positions.partition_point(|position| position.0 < chunk.first.0);
            let is_kept = positions.get(from).is_none_or(|position| position.0 >= chunk.end().0);
            *bytes -= if is_kept { 0 } else { chunk.bytes() };
            is_kept
        });
    }

    /// How far the journal is committed.
    pub fn committed(&self) -> Committed {
        *self.committed.borrow()
    }

    /// Follows how far the journal is committed.
    pub fn follow(&self) -> watch::Receiver<Committed> {
        self.committed.subscribe()
    }

    /// The chunk that holds a position, while it is still in memory.
    pub fn chunk_at(&self, position: Position) -> Option<Arc<Chunk>> {
        let ring = self.lock();
        let at = ring.chunks.partition_point(|chunk| chunk.first.0 <= position.0).checked_sub(1)?;
        let chunk = &ring.chunks[at];
        chunk.entry(chargly_journal::Position(position.0)).is_some().then(|| Arc::clone(chunk))
    }

    fn lock(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
