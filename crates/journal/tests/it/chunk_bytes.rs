//! The encoding of chunks: round trips, and what becomes of bytes that are cut, changed, or made up.

use chargly_journal::memory::MemoryDisk;
use chargly_journal::{
    Chunk, DecodeError, FRAME_BYTES_MAX, FrameBuilder, FrameFull, Journal, MemoryJournal, Payload, Position,
    decode_chunk, encode_chunk,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::support::{append, noise, story_of};

#[test]
fn chunk_cut_at_any_byte_or_with_a_byte_more_is_refused() {
    for (name, bytes) in samples() {
        for len in 0..bytes.len() {
            assert!(decode_chunk(&bytes[..len]).is_err(), "{name} cut at {len}");
        }
        let longer = [&bytes[..], &[0]].concat();
        assert!(matches!(decode_chunk(&longer), Err(DecodeError::Length { .. })), "{name}");
    }
}

#[test]
fn chunk_with_any_bit_changed_is_refused_or_fails_its_hash_unless_its_content_is_the_same() {
    for (name, bytes) in samples() {
        let original = decode_chunk(&bytes).expect("a chunk");
        let mut harmless = 0;
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[at] ^= 1 << bit;
                let Ok(chunk) = decode_chunk(&changed) else { continue };
                if chunk.verify().is_ok() {
                    // zstd has bits that decompression does not look at.
                    assert_eq!(chunk, original, "{name}: bit {bit} of byte {at}");
                    harmless += 1;
                }
            }
        }
        assert!(name.contains("compressed") || harmless == 0, "{name}: {harmless} changes went unnoticed");
    }
}

#[test]
fn headers_beyond_the_limits_are_refused_before_anything_is_allocated() {
    let check = |at: usize, field: &[u8], expected: &dyn Fn(&DecodeError) -> bool| {
        let (_, mut bytes) = samples().swap_remove(0);
        bytes[at..at + field.len()].copy_from_slice(field);
        let error = decode_chunk(&bytes).expect_err("refused");
        assert!(expected(&error), "{error}");
    };
    let over_limit = |error: &DecodeError| matches!(error, DecodeError::OverLimit { .. });
    let out_of_range = |error: &DecodeError| matches!(error, DecodeError::Range { .. });
    check(0, &[2], &|error| *error == DecodeError::Format(2));
    check(1, &[8], &|error| *error == DecodeError::Flags(8));
    check(6, &0_u32.to_le_bytes(), &out_of_range);
    check(6, &8_193_u32.to_le_bytes(), &over_limit);
    for length_at in [10, 38, 42, 46] {
        check(length_at, &u32::MAX.to_le_bytes(), &over_limit);
    }
    check(14, &u64::MAX.to_le_bytes(), &out_of_range);
    check(22, &u64::MAX.to_le_bytes(), &out_of_range);
    check(22, &(i64::MAX - 1).to_le_bytes(), &out_of_range);
    check(30, &(-1_i64).to_le_bytes(), &|error| *error == DecodeError::Time(-1));
}

proptest! {
    #[test]
    fn made_up_bytes_never_panic(bytes in vec(any::<u8>(), 0..400), format in 0..3_u8) {
        let mut bytes = bytes;
        if let Some(first) = bytes.first_mut() {
            *first = format;
        }
        let _ = decode_chunk(&bytes).map(|chunk| chunk.verify());
    }

    #[test]
    fn made_up_changes_of_a_chunk_never_panic_nor_verify(
        sample in 0..4_usize,
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let (_, mut bytes) = samples().swap_remove(sample);
        let original = decode_chunk(&bytes).expect("a chunk");
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(chunk) = decode_chunk(&bytes) && chunk.verify().is_ok() {
            prop_assert_eq!(chunk, original);
        }
    }

    #[test]
    fn entries_come_back_as_they_went_in(
        entries in vec((vec(any::<u8>(), 0..300), option::of(vec(any::<u8>(), 0..300))), 1..300),
        dropped in 0..50_usize,
    ) {
        let mut frame = FrameBuilder::new();
        frame.begin(3, 17, Position(0));
        for (fact, payload) in &entries {
            frame.push(fact, payload.as_deref().map(Payload::new)).expect("fits");
        }
        let kept = entries.len().saturating_sub(dropped).max(1);
        frame.truncate(kept);
        let appended = MemoryJournal::open(&MemoryDisk::new()).append(&frame, Position(0)).expect("appended");
        let mut expected = entries[..kept].iter();
        for chunk in &appended.chunks {
            let decoded = decode_chunk(&encoded(chunk)).expect("a chunk");
            prop_assert_eq!(&decoded, &**chunk);
            prop_assert!(decoded.verify().is_ok());
            for entry in decoded.entries() {
                let (fact, payload) = expected.next().expect("as many entries");
                prop_assert_eq!(entry.fact, &fact[..]);
                let payload = payload.as_deref();
                prop_assert_eq!(matches!(entry.payload, chargly_journal::PayloadRef::None), payload.is_none());
                if let chargly_journal::PayloadRef::Present(bytes) = entry.payload {
                    prop_assert_eq!(Some(bytes), payload);
                }
            }
        }
        prop_assert!(expected.next().is_none());
    }

    #[test]
    fn frame_accepts_exactly_what_its_limits_allow(sizes in vec(0..40_000_usize, 1..60)) {
        let mut frame = FrameBuilder::new();
        frame.begin(1, 1, Position(0));
        let block = vec![0; 40_000];
        let mut bytes = 0;
        for size in sizes {
            let expected = if bytes + size <= FRAME_BYTES_MAX { Ok(()) } else { Err(FrameFull::Bytes) };
            prop_assert_eq!(frame.push(&block[..size], None).map(drop), expected);
            bytes += expected.map_or(0, |()| size);
            prop_assert_eq!(frame.bytes(), bytes);
        }
    }
}

/// Encoded chunks of every kind, by name: compressed or not, with payloads, without, erased.
fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let mut journal = MemoryJournal::open(&MemoryDisk::new());
    let plain = append(&mut journal, &[(b"fact", Some(b"payload")), (b"", None), (b"more", Some(b""))]);
    let noisy = append(&mut journal, &[(&noise(1, 250), Some(&noise(2, 250))), (b"x", Some(b"y"))]);
    let dense = append(&mut journal, &[(&[b'f'; 40][..], Some(&[b'p'; 30][..])); 30]);
    journal.erase_payloads(&[Position(0), Position(2)]).expect("erased");
    let erased = journal.reader().chunk_at(Position(0)).expect("readable").expect("there");
    let samples = vec![
        ("plain", encoded(&plain.chunks[0])),
        ("noise", encoded(&noisy.chunks[0])),
        ("compressed", encoded(&dense.chunks[0])),
        ("erased", encoded(&erased)),
    ];
    assert_eq!(samples[2].1[1] & 6, 6, "both sections of the sample are compressed");
    assert_eq!(samples[1].1[1] & 6, 0, "noise is stored as it is");
    assert_eq!(story_of(&erased)[2].2, crate::support::StoredPayload::Erased);
    samples
}

fn encoded(chunk: &Chunk) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode_chunk(chunk, &mut bytes);
    bytes
}
