//! Reading facts back: from the live tail while they are young, else from the journal. Never on the writer.

use std::sync::{Arc, Mutex, PoisonError};

use chargly_journal::{Chunk, EntryRef, JournalReader, PayloadRef};
use chargly_ledger::{EntryId, Fact, Millis, Payload, Position};
use thiserror::Error;

use crate::tail::Tail;

/// Bytes of journal read at once when scanning.
const SCAN_BYTES: usize = 1024 * 1024;
/// Idle readers kept open per environment.
const IDLE_READERS_MAX: usize = 8;

/// A fact as the journal has it.
#[derive(Clone, Debug)]
pub struct StoredFact {
    /// Its name.
    pub id: EntryId,
    /// The epoch it was recorded in.
    pub epoch: u32,
    /// The time of its frame.
    pub at: Millis,
    /// What happened.
    pub fact: Fact,
    /// What may have been forgotten.
    pub payload: StoredPayload,
}

/// A payload as the journal has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoredPayload {
    /// Still there; empty where the fact never had one.
    Present(Payload),
    /// Erased; only its digest is left.
    Erased,
}

impl StoredPayload {
    /// The payload, empty once erased.
    pub fn known(&self) -> Payload {
        match self {
            Self::Present(payload) => payload.clone(),
            Self::Erased => Payload::default(),
        }
    }
}

/// Why a fact could not be read.
#[derive(Debug, Error)]
pub enum ReadFactError {
    /// The journal could not be read.
    #[error("the journal cannot be read")]
    Journal(#[from] chargly_journal::ReadError),
    /// A fact could not be decoded.
    #[error("the fact at position {position} cannot be read")]
    Decode {
        /// Where it stands.
        position: Position,
        /// What is wrong with it.
        source: chargly_ledger::DecodeError,
    },
}

/// Reads an entry of a chunk.
pub fn read_entry(chunk: &Chunk, entry: &EntryRef<'_>) -> Result<StoredFact, ReadFactError> {
    let position = Position(entry.position.0);
    let fail = |source| ReadFactError::Decode { position, source };
    let fact = Fact::decode(entry.fact).map_err(fail)?;
    let payload = match entry.payload {
        PayloadRef::None => StoredPayload::Present(Payload::default()),
        PayloadRef::Present(bytes) => StoredPayload::Present(Payload::decode(bytes).map_err(fail)?),
        PayloadRef::Erased => StoredPayload::Erased,
    };
    Ok(StoredFact {
        id: EntryId::seal(position, Millis(chunk.at_ms), entry.fact),
        epoch: chunk.epoch,
        at: Millis(chunk.at_ms),
        fact,
        payload,
    })
}

type OpenReader = Box<dyn Fn() -> Box<dyn JournalReader> + Send + Sync>;

/// Reads facts of one environment, from any thread.
pub struct Facts {
    tail: Arc<Tail>,
    idle: Mutex<Vec<Box<dyn JournalReader>>>,
    open: OpenReader,
}

impl Facts {
    pub(crate) fn new(tail: Arc<Tail>, open: OpenReader) -> Self {
        Self { tail, idle: Mutex::default(), open }
    }

    /// The fact at a committed position, if it is young enough to be in memory.
    pub fn read_young(&self, position: Position) -> Option<Result<StoredFact, ReadFactError>> {
        let chunk = self.tail.chunk_at(position)?;
        let entry = chunk.entry(chargly_journal::Position(position.0))?;
        Some(read_entry(&chunk, &entry))
    }

    /// The fact at a position; `None` beyond what is committed. May read the disk.
    pub fn read(&self, position: Position) -> Result<Option<StoredFact>, ReadFactError> {
        if position >= self.tail.committed().next {
            return Ok(None);
        }
        if let Some(young) = self.read_young(position) {
            return young.map(Some);
        }
        let at = chargly_journal::Position(position.0);
        let chunk = self.with_reader(|reader| reader.chunk_at(at))?;
        chunk.as_ref().and_then(|chunk| chunk.entry(at).map(|entry| read_entry(chunk, &entry))).transpose()
    }

    /// Chunks from a position on, about a megabyte of them; empty at the head. May read the disk.
    pub fn chunks_from(&self, from: Position) -> Result<Vec<Arc<Chunk>>, ReadFactError> {
        if from >= self.tail.committed().next {
            return Ok(Vec::new());
        }
        if let Some(young) = self.tail.chunk_at(from) {
            return Ok(vec![young]);
        }
        let chunks =
            self.with_reader(|reader| reader.chunks_from(chargly_journal::Position(from.0), SCAN_BYTES))?;
        Ok(chunks.into_iter().map(Arc::new).collect())
    }

    /// The chunk that holds a position. May read the disk.
    pub fn chunk_at(&self, position: Position) -> Result<Option<Arc<Chunk>>, ReadFactError> {
        if let Some(young) = self.tail.chunk_at(position) {
            return Ok(Some(young));
        }
        let at = chargly_journal::Position(position.0);
        Ok(self.with_reader(|reader| reader.chunk_at(at))?.map(Arc::new))
    }

    /// Lends a reader to `read`.
    pub fn with_reader<T>(
        &self,
        read: impl FnOnce(&mut dyn JournalReader) -> Result<T, chargly_journal::ReadError>,
    ) -> Result<T, ReadFactError> {
        let idle = self.lock().pop();
        let mut reader = idle.unwrap_or_else(|| (self.open)());
        let result = read(reader.as_mut())?;
        let mut idle = self.lock();
        if idle.len() < IDLE_READERS_MAX {
            idle.push(reader);
        }
        Ok(result)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Box<dyn JournalReader>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
