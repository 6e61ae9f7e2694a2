//! Format 1 stays readable for ever: `tests/golden/v1.chunks` was written once, and is read by every later build.
//!
//! The file is a run of encoded chunks, each after its length (4 bytes, little-endian). `v1.txt` says in words what
//! they hold.

use std::fmt::Write;
use std::path::PathBuf;

use chargly_journal::memory::MemoryDisk;
use chargly_journal::{
    ChainCheck, Chunk, EntryRef, Head, Journal, MemoryJournal, PayloadRef, Position, decode_chunk,
    encode_chunk,
};

use crate::support::{all_chunks, frame, noise};

#[test]
fn golden_chunks_of_format_1_decode_verify_and_chain() {
    let mut check = ChainCheck::after(Head::EMPTY);
    let mut text = String::new();
    for chunk in golden_chunks() {
        chunk.verify().expect("the hash fits");
        check.continues_with(&chunk).expect("the chain holds");
        describe(&chunk, &mut text);
    }
    assert_eq!(text, std::fs::read_to_string(golden("v1.txt")).expect("readable"));
}

/// Compressed bytes may differ with the version of zstd; what they hold, and their hash, may not.
#[test]
fn golden_chunks_of_format_1_encode_to_the_same_content() {
    for chunk in golden_chunks() {
        let mut bytes = Vec::new();
        encode_chunk(&chunk, &mut bytes);
        assert_eq!(decode_chunk(&bytes).expect("a chunk"), chunk);
    }
    let stored = std::fs::read(golden("v1.chunks")).expect("readable");
    let uncompressed = golden_chunks().swap_remove(0);
    let mut bytes = Vec::new();
    encode_chunk(&uncompressed, &mut bytes);
    assert_eq!(bytes, stored[4..4 + bytes.len()], "what is not compressed is the same to the byte");
}

#[test]
fn the_journal_that_made_the_golden_chunks_makes_them_again() {
    assert_eq!(golden_journal(), golden_chunks());
}

/// Only for a new format, beside the old ones: the files of a released format are never written again.
#[test]
#[ignore = "writes the golden files, if there are none"]
fn write_golden_chunks() {
    let (mut stream, mut text) = (Vec::new(), String::new());
    for chunk in golden_journal() {
        let mut bytes = Vec::new();
        encode_chunk(&chunk, &mut bytes);
        stream.extend_from_slice(&u32::try_from(bytes.len()).expect("small").to_le_bytes());
        stream.extend_from_slice(&bytes);
        describe(&chunk, &mut text);
    }
    assert!(!golden("v1.chunks").exists(), "a golden file is written once");
    std::fs::write(golden("v1.chunks"), stream).expect("written");
    std::fs::write(golden("v1.txt"), text).expect("written");
}

/// Chunks with and without payloads, an erased one, a frame of two chunks, compressed and not, two epochs.
fn golden_journal() -> Vec<Chunk> {
    let mut journal = MemoryJournal::open(&MemoryDisk::new());
    let repetitive = vec![(&b"a fact that looks like the one before it"[..], Some(&b"customer-17"[..])); 40];
    let large = noise(1, 70_000);
    for (epoch, at_ms, entries) in [
        (
            1,
            1_700_000_000_000,
            vec![(&b"one"[..], None), (b"", Some(&b""[..])), (b"three", Some(b"user_42"))],
        ),
        (1, 1_700_000_000_000, repetitive),
        (2, 1_700_000_000_250, vec![(b"small", Some(b"kept")), (&large[..], Some(b"beside a large fact"))]),
        (2, 1_700_000_009_999, vec![(b"last", None)]),
    ] {
        let next = journal.head().next;
        journal.append(&frame(epoch, at_ms, next, &entries), next).expect("appended");
    }
    journal.erase_payloads(&[Position(2), Position(20)]).expect("erased");
    all_chunks(&mut *journal.reader())
}

fn golden_chunks() -> Vec<Chunk> {
    let stream = std::fs::read(golden("v1.chunks")).expect("readable");
    let mut rest = &stream[..];
    let mut chunks = Vec::new();
    while let Some((length, tail)) = rest.split_first_chunk::<4>() {
        let (bytes, tail) = tail.split_at(u32::from_le_bytes(*length) as usize);
        chunks.push(decode_chunk(bytes).expect("a chunk"));
        rest = tail;
    }
    assert_eq!(rest, [0; 0]);
    chunks
}

fn describe(chunk: &Chunk, text: &mut String) {
    let Chunk { epoch, frame, at_ms, last_in_frame, hash, .. } = chunk;
    writeln!(text, "frame {frame} epoch {epoch} at {at_ms} last {last_in_frame} hash {hash}")
        .expect("written");
    for EntryRef { position, fact, payload } in chunk.entries() {
        let payload = match payload {
            PayloadRef::None => "none".to_owned(),
            PayloadRef::Present(bytes) => describe_bytes(bytes),
            PayloadRef::Erased => "erased".to_owned(),
        };
        writeln!(text, "  {position} fact {} payload {payload}", describe_bytes(fact)).expect("written");
    }
}

fn describe_bytes(bytes: &[u8]) -> String {
    if bytes.len() > 100 {
        format!("of {} bytes", bytes.len())
    } else {
        format!("{:?}", String::from_utf8_lossy(bytes))
    }
}

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}
