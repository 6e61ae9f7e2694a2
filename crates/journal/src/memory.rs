//! A journal in memory, with faults on request: for tests and simulation.
//!
//! [`MemoryDisk`] is what survives a crash; a [`MemoryJournal`] is one process's hold on it. Since an append that
//! answered `Ok` is durable, [`MemoryDisk::crash`] keeps exactly the frames appended, and decides the fate of the
//! one whose flush failed.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::chain::{Fate, check_frame, fate, seal};
use crate::chunk::Chunk;
use crate::frame::FrameBuilder;
use crate::position::{EpochStart, Head, Position};
use crate::store::{
    AppendError, Appended, BoxError, EraseError, Erased, Erasure, Journal, JournalReader, ReadBack, ReadError,
};

/// What is durable. Clones are handles to the same disk.
#[derive(Clone, Debug, Default)]
pub struct MemoryDisk(Arc<Mutex<Disk>>);

/// The writer's side of a journal in memory.
#[derive(Debug)]
pub struct MemoryJournal {
    disk: MemoryDisk,
    head: Head,
    /// Crashes of the disk when this journal was opened; after the next one it is dead.
    crashes: u64,
    is_poisoned: bool,
}

/// What shall go wrong with an append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It fails before anything is written.
    NotApplied,
    /// There is no space.
    StorageFull,
    /// Its outcome is reported as unknown.
    Unknown {
        /// What the outcome is.
        applied: bool,
    },
    /// Its flush fails; the journal is poisoned, and nobody sees the frame before the next crash.
    FlushFailed {
        /// Whether the frame is there after the crash.
        survives: bool,
    },
    /// Another writer appends an entry first.
    Overtaken {
        /// Epoch of the other's frame, not below that of the head.
        epoch: u32,
        /// Fact of the other's entry.
        fact: Vec<u8>,
    },
}

/// The script of what goes wrong on a [`MemoryDisk`]. Clones are handles to the same script.
#[derive(Clone, Debug)]
pub struct Faults(MemoryDisk);

#[derive(Debug, Default)]
struct Disk {
    chunks: Vec<Arc<Chunk>>,
    /// A frame whose flush failed, and that a crash will bring back.
    unflushed: Vec<Arc<Chunk>>,
    /// Position of each chunk rewritten by an erasure, in that order.
    erasures: Vec<Position>,
    crashes: u64,
    script: VecDeque<Option<Fault>>,
    standing: Option<Fault>,
    is_unreadable: bool,
}

impl MemoryDisk {
    /// An empty disk.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The script of what goes wrong here.
    #[must_use]
    pub fn faults(&self) -> Faults {
        Faults(self.clone())
    }

    /// Ends every journal opened so far, as a crash of the machine would. Durable frames stay.
    pub fn crash(&self) {
        let mut disk = self.lock();
        disk.crashes += 1;
        let survivors = std::mem::take(&mut disk.unflushed);
        disk.chunks.extend(survivors);
    }

    fn lock(&self) -> MutexGuard<'_, Disk> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Faults {
    /// The first append for which nothing is scripted yet shall meet `fault`.
    pub fn next(&self, fault: Fault) {
        self.after(0, fault);
    }

    /// After `healthy` further appends for which nothing is scripted yet, one shall meet `fault`.
    pub fn after(&self, healthy: usize, fault: Fault) {
        let mut disk = self.0.lock();
        disk.script.extend(std::iter::repeat_n(None, healthy));
        disk.script.push_back(Some(fault));
    }

    /// Every append for which nothing is scripted shall meet `fault`, until this is called with `None`.
    pub fn stand(&self, fault: Option<Fault>) {
        self.0.lock().standing = fault;
    }

    /// All reads shall fail, until this is called with `false`.
    pub fn set_unreadable(&self, is_unreadable: bool) {
        self.0.lock().is_unreadable = is_unreadable;
    }

    /// True when every scripted append has happened.
    #[must_use]
    pub fn are_spent(&self) -> bool {
        self.0.lock().script.is_empty()
    }
}

impl MemoryJournal {
    /// Opens the journal on `disk`.
    #[must_use]
    pub fn open(disk: &MemoryDisk) -> Self {
        let (head, crashes) = {
            let disk = disk.lock();
            (disk.head(), disk.crashes)
        };
        Self { disk: disk.clone(), head, crashes, is_poisoned: false }
    }

    fn is_dead(&self, disk: &Disk) -> bool {
        self.is_poisoned || self.crashes != disk.crashes
    }
}

impl Journal for MemoryJournal {
    fn head(&self) -> Head {
        self.head
    }

    fn append(&mut self, frame: &FrameBuilder, expected: Position) -> Result<Appended, AppendError> {
        let mut disk = self.disk.lock();
        if self.is_dead(&disk) {
            return Err(AppendError::Poisoned);
        }
        check_frame(frame, &self.head, expected)?;
        let fault = disk.next_fault();
        if let Some(Fault::Overtaken { epoch, fact }) = &fault {
            disk.append_by_another(*epoch, fact, frame.at_ms());
        }
        if disk.head() != self.head {
            return Err(AppendError::Moved { expected, found: disk.head().next });
        }

        let chunks = seal(frame, &self.head);
        match fault {
            None | Some(Fault::Overtaken { .. }) => {}
            Some(Fault::NotApplied) => return Err(AppendError::NotApplied(scripted())),
            Some(Fault::StorageFull) => return Err(AppendError::StorageFull),
            Some(Fault::Unknown { applied }) => {
                if applied {
                    disk.chunks.extend(chunks);
                }
                return Err(AppendError::Unknown(scripted()));
            }
            Some(Fault::FlushFailed { survives }) => {
                if survives {
                    disk.unflushed = chunks;
                }
                drop(disk);
                self.is_poisoned = true;
                return Err(AppendError::Unknown(scripted()));
            }
        }
        disk.chunks.extend(chunks.iter().cloned());
        self.head = disk.head();
        Ok(Appended { head: self.head, chunks })
    }

    fn read_back(&mut self, frame: &FrameBuilder, expected: Position) -> Result<ReadBack, ReadError> {
        let disk = self.disk.lock();
        if self.is_dead(&disk) {
            return Err(ReadError::Poisoned);
        }
        disk.check_readable()?;
        let found = disk.head();
        Ok(match fate(frame, expected, &self.head, &found) {
            Fate::NotApplied => ReadBack::NotApplied,
            Fate::Moved => ReadBack::Moved { found: found.next },
            Fate::Applied(chunks) => {
                self.head = found;
                ReadBack::Applied(Appended { head: found, chunks })
            }
        })
    }

    fn erase_payloads(&mut self, positions: &[Position]) -> Result<Erased, EraseError> {
        let mut disk = self.disk.lock();
        if self.is_dead(&disk) {
            return Err(EraseError::Poisoned);
        }
        disk.check_readable()?;
        let mut positions = positions.to_vec();
        positions.sort_unstable();
        if let Some(&beyond) = positions.last().filter(|&&last| last >= self.head.next) {
            return Err(EraseError::NoSuchEntry(beyond));
        }
        let mut erased = Erased { scrubbed: true, ..Erased::default() };
        let Disk { chunks, erasures, .. } = &mut *disk;
        for chunk in chunks {
            let mut rewritten = Chunk::clone(chunk);
            let payloads = rewritten.erase_payloads(&positions);
            if payloads > 0 {
                erased.payloads += payloads as u64;
                erased.chunks += 1;
                erasures.push(chunk.first);
                *chunk = Arc::new(rewritten);
            }
        }
        Ok(erased)
    }

    fn reader(&self) -> Box<dyn JournalReader> {
        Box::new(MemoryReader(self.disk.clone()))
    }
}

#[derive(Debug)]
struct MemoryReader(MemoryDisk);

impl JournalReader for MemoryReader {
    fn head(&mut self) -> Result<Head, ReadError> {
        let disk = self.0.lock();
        disk.check_readable().map(|()| disk.head())
    }

    fn chunk_at(&mut self, position: Position) -> Result<Option<Chunk>, ReadError> {
        let disk = self.0.lock();
        disk.check_readable()?;
        Ok(disk.chunks.get(disk.index_of(position)).map(|chunk| Chunk::clone(chunk)))
    }

    fn chunks_from(&mut self, from: Position, max_bytes: usize) -> Result<Vec<Chunk>, ReadError> {
        let disk = self.0.lock();
        disk.check_readable()?;
        Ok(up_to(max_bytes, disk.chunks[disk.index_of(from)..].iter()))
    }

    fn chunks_before(&mut self, before: Position, max_bytes: usize) -> Result<Vec<Chunk>, ReadError> {
        let disk = self.0.lock();
        disk.check_readable()?;
        let end = disk.chunks.partition_point(|chunk| chunk.first < before);
        Ok(up_to(max_bytes, disk.chunks[..end].iter().rev()))
    }

    fn epochs(&mut self) -> Result<Vec<EpochStart>, ReadError> {
        let disk = self.0.lock();
        disk.check_readable()?;
        let mut starts: Vec<EpochStart> =
            disk.chunks.iter().map(|chunk| EpochStart { epoch: chunk.epoch, first: chunk.first }).collect();
        starts.dedup_by_key(|start| start.epoch);
        Ok(starts)
    }

    fn erasures(&mut self, after: u64, max: usize) -> Result<Vec<Erasure>, ReadError> {
        let disk = self.0.lock();
        disk.check_readable()?;
        let numbered = (1..).zip(&disk.erasures).map(|(number, &chunk)| Erasure { number, chunk });
        Ok(numbered.filter(|erasure| erasure.number > after).take(max).collect())
    }
}

impl Disk {
    fn head(&self) -> Head {
        self.chunks.last().map_or(Head::EMPTY, |last| last.head_after())
    }

    /// Index of the chunk that holds `position`, or the count of chunks.
    fn index_of(&self, position: Position) -> usize {
        self.chunks.partition_point(|chunk| chunk.end() <= position)
    }

    fn next_fault(&mut self) -> Option<Fault> {
        self.script.pop_front().unwrap_or_else(|| self.standing.clone())
    }

    fn append_by_another(&mut self, epoch: u32, fact: &[u8], at_ms: i64) {
        let head = self.head();
        let mut frame = FrameBuilder::new();
        frame.begin(epoch.max(head.epoch), at_ms.max(head.at_ms), head.next);
        frame.push(fact, None).expect("a scripted fact fits a frame");
        self.chunks.extend(seal(&frame, &head));
    }

    fn check_readable(&self) -> Result<(), ReadError> {
        if self.is_unreadable { Err(ReadError::Storage(scripted())) } else { Ok(()) }
    }
}

fn up_to<'a>(max_bytes: usize, chunks: impl Iterator<Item = &'a Arc<Chunk>>) -> Vec<Chunk> {
    let mut bytes = 0;
    chunks
        .enumerate()
        .take_while(|(index, chunk)| {
            bytes += chunk.bytes();
            *index == 0 || bytes <= max_bytes
        })
        .map(|(_, chunk)| Chunk::clone(chunk))
        .collect()
}

fn scripted() -> BoxError {
    "a scripted fault".into()
}
