//! What the tests share: frames in one line, and both backends behind one function.

use std::sync::Arc;

use chargly_journal::memory::MemoryDisk;
use chargly_journal::{
    Appended, Chunk, FrameBuilder, Journal, JournalReader, MemoryJournal, Payload, PayloadRef, Position,
    SqliteJournal,
};
use tempfile::TempDir;

/// An entry for [`frame`]: fact, and payload if it has one.
pub(crate) type Entry<'a> = (&'a [u8], Option<&'a [u8]>);

pub(crate) fn frame(epoch: u32, at_ms: i64, first: Position, entries: &[Entry<'_>]) -> FrameBuilder {
    let mut frame = FrameBuilder::new();
    frame.begin(epoch, at_ms, first);
    for (fact, payload) in entries {
        frame.push(fact, payload.map(Payload::new)).expect("fits the frame");
    }
    frame
}

/// Appends a frame of epoch 1 that follows the head, 10 ms later.
pub(crate) fn append(journal: &mut dyn Journal, entries: &[Entry<'_>]) -> Appended {
    let head = journal.head();
    let frame = frame(head.epoch.max(1), head.at_ms + 10, head.next, entries);
    journal.append(&frame, head.next).expect("appended")
}

/// Appends `count` frames of one entry each.
pub(crate) fn append_singles(journal: &mut dyn Journal, count: usize) {
    for _ in 0..count {
        let fact = format!("fact {}", journal.head().next);
        append(journal, &[(fact.as_bytes(), Some(b"payload"))]);
    }
}

/// Runs `check` on an empty journal of each backend, told by its name.
pub(crate) fn on_each_backend(check: impl Fn(&str, &mut dyn Journal)) {
    check("memory", &mut MemoryJournal::open(&MemoryDisk::new()));
    let (_dir, mut journal) = sqlite();
    check("sqlite", &mut journal);
}

pub(crate) fn sqlite() -> (TempDir, SqliteJournal) {
    let dir = tempfile::tempdir().expect("a directory");
    let journal = SqliteJournal::open(dir.path()).expect("a new journal");
    (dir, journal)
}

/// Entries of one chunk, or of a whole journal, in a form that can be compared.
pub(crate) type Story = Vec<(u64, Vec<u8>, StoredPayload)>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StoredPayload {
    None,
    Present(Vec<u8>),
    Erased,
}

pub(crate) fn story_of(chunk: &Chunk) -> Story {
    chunk
        .entries()
        .map(|entry| {
            let payload = match entry.payload {
                PayloadRef::None => StoredPayload::None,
                PayloadRef::Present(bytes) => StoredPayload::Present(bytes.to_vec()),
                PayloadRef::Erased => StoredPayload::Erased,
            };
            (entry.position.0, entry.fact.to_vec(), payload)
        })
        .collect()
}

pub(crate) fn all_chunks(reader: &mut dyn JournalReader) -> Vec<Chunk> {
    reader.chunks_from(Position(0), usize::MAX).expect("readable")
}

pub(crate) fn story(reader: &mut dyn JournalReader) -> Story {
    all_chunks(reader).iter().flat_map(story_of).collect()
}

pub(crate) fn owned(chunks: &[Arc<Chunk>]) -> Vec<Chunk> {
    chunks.iter().map(|chunk| Chunk::clone(chunk)).collect()
}

/// Bytes that do not compress, the same for the same seed.
pub(crate) fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    blake3_stream(seed, &mut bytes);
    bytes
}

fn blake3_stream(seed: u64, bytes: &mut [u8]) {
    for (index, part) in bytes.chunks_mut(32).enumerate() {
        let block = chargly_journal::payload_digest(format!("{seed} {index}").as_bytes());
        part.copy_from_slice(&block[..part.len()]);
    }
}
