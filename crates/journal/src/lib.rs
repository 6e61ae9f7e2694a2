//! The append-only, hash-chained journal: the only truth of the product.
//!
//! - An **entry** is one *fact* and perhaps a *payload*, both opaque bytes. It stands at a [`Position`].
//! - A **frame** is one group commit: entries that share an epoch and a time, and become durable together.
//! - A **chunk** is the part of a frame that is stored, hashed and read as one.
//!
//! The writer fills a [`FrameBuilder`] and appends it to a [`Journal`]; everybody else follows with a
//! [`JournalReader`]. Two backends: [`SqliteJournal`], and [`memory`] for tests and simulation.
//!
//! **Invariants.** Positions and frames are dense. Epochs and times never go back. Each chunk's hash covers the
//! one before. Nothing stored ever changes, but for payloads, which can be replaced by their digests without
//! breaking a hash. An append that answered `Ok` is on disk.
//!
//! **Not here.** What facts mean, which epoch comes next, what time it is, when to append: the journal is told.

mod backup;
mod chain;
mod chunk;
mod codec;
mod compress;
mod crash_point;
mod dir_lock;
mod frame;
mod head_witness;
mod limits;
pub mod memory;
mod position;
mod restored;
mod section;
mod sqlite;
mod store;
mod verify;

pub use backup::{BackupError, Copied, backup};
pub use chain::payload_digest;
pub use chunk::{Chunk, EntryRef, HashMismatch, PayloadRef};
pub use codec::{DecodeError, FORMAT, decode_chunk, encode_chunk};
pub use crash_point::{CRASH_POINTS, crash_point};
pub use dir_lock::{DirLock, LOCK_FILE, LockError};
pub use frame::{FrameBuilder, FrameFull, Payload};
pub use head_witness::{HeadWitness, WITNESS_FILE, WITNESS_INTERVAL, read_witness, write_witness};
pub use limits::{CHUNK_BYTES_MAX, ENTRY_BYTES_MAX, FRAME_BYTES_MAX, FRAME_ENTRIES_MAX, POSITION_MAX};
pub use memory::MemoryJournal;
pub use position::{ChainHash, EpochStart, Head, Position};
pub use restored::{RESTORED_FILE, Restored, read_restored, write_restored};
pub use sqlite::{JOURNAL_FILE, Loss, OpenError, SqliteJournal};
pub use store::{
    AppendError, Appended, BoxError, ChunkDamage, EraseError, Erased, Erasure, FrameRefused, Journal,
    JournalReader, ReadBack, ReadError,
};
pub use verify::{BrokenLink, ChainCheck, ChainError, ChainReport, verify_chain};
